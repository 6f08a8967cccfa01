"""Proximal L-BFGS: the solver for penalties with l1, whose derivative jumps at zero.

Objective: J/n of smtrain.softmax.objective. Input: nothing to tune. Output: one accepted step at a time, never uphill
by more than rounding. One step (Lee, Sun & Saunders, 2014):

1. The model is a quadratic of the smooth part of J/n, from the pairs and the curvature blocks of L-BFGS, plus l1 as it
   is. Its minimum is computed (smtrain.solvers.quadratic); there some weights are exactly zero.
2. The step goes to that minimum, or some of the way if J is not low enough there.
3. The pairs, the blocks and the start on a sample are as in L-BFGS.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from smtrain.softmax.loss import TRIFLE
from smtrain.softmax.objective import Objective, Point
from smtrain.solvers import lbfgs
from smtrain.solvers.interface import Shape
from smtrain.solvers.lbfgs import Lbfgs, LbfgsState
from smtrain.solvers.options import Options
from smtrain.solvers.quadratic import Bfgs, Model
from smtrain.solvers.wolfe import APPROXIMATE, ARMIJO, TRIALS

# The length of the last proximal step on the model, as a share of the first one. By experiment: a tenth of it saves few
# passes and costs more than they do.
ACCURACY = 0.05
# A step that is not low enough is shortened to between this share of itself …
SHORTEST_CUT = 0.1
# … and this one.
LONGEST_CUT = 0.5


@dataclass(frozen=True)
class Proximal(Lbfgs):
    """See the module. `rounding` is the relative error of one evaluation of J."""

    l1: ClassVar[bool] = True

    def most_bytes(self, shape: Shape) -> int:
        """Return twice what L-BFGS takes: the model keeps as much again as the pairs, and the blocks themselves."""
        return 2 * super().most_bytes(shape)

    def _step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """Return the state after one search on the way to the model's minimum."""
        state, passes = self._up_to_date(objective, state, passes)
        B = Bfgs(state.curvature, objective.penalty, state.pairs)
        model = Model(B, state.point.theta, objective.smooth_gradient(state.point), objective.threshold)
        arrived, trials = self._towards(objective, state.point, model, passes)
        state = replace(state, epoch=state.epoch + trials, trials=trials)
        if arrived is None:
            # Either the passes ran out in the middle of the search, or no step was accepted.
            return state if trials >= passes else self._after_failure(objective, state)
        return self._with_promise(self._accepted(objective, state, arrived))

    def _towards(self, objective: Objective, at: Point, model: Model, passes: int) -> tuple[Point | None, int]:
        """Return the first point tried that is low enough, None if there is none, and the number of trials.

        Each trial costs a pass over the rows.
        """
        # 1. The minimum of the model, and how much J falls towards it to first order. Without a fall there is no step.
        # 2. Try the minimum itself, t = 1.
        # 3. While the point is not low enough, shorten t to the minimum of the parabola through what is known.
        end = model.minimum(ACCURACY, max(objective.pass_flops, TRIFLE))
        fall, t = model.fall(end), 1.0
        if not fall < 0:  # also true for NaN
            return None, 0
        for trials in range(1, min(TRIALS, passes) + 1):
            theta = end if t == 1 else at.theta + t * (end - at.theta)
            trial = objective.value_and_grad(theta)
            rise = trial.objective - at.objective if trial.finite else np.inf
            if self._low_enough(objective, at, trial, rise, t * fall):
                return trial, trials
            cut = -fall * t * t / (2 * (rise - t * fall)) if t * fall < rise < np.inf else 0.0
            t = float(np.clip(cut, SHORTEST_CUT * t, LONGEST_CUT * t))
        return None, min(TRIALS, passes)

    def _low_enough(self, objective: Objective, at: Point, trial: Point, rise: float, fall: float) -> bool:
        """Return whether a trial is accepted, for the `fall` that the step promises to first order.

        It is by Armijo's condition; or, where the fall drowns in rounding, by Hager and Zhang's condition on the slope
        at the new point.
        """
        if rise <= ARMIJO * fall:
            return True
        if rise > self.rounding * abs(at.objective):
            return False
        d = trial.theta - at.theta
        # The slope of |θ| on arriving at the trial, along d. A weight that arrives at 0 comes down.
        arriving = np.where(trial.theta == 0, -np.abs(d), np.sign(trial.theta) * d)
        there = (objective.smooth_gradient(trial) * d + objective.threshold * arriving).sum()
        return bool(there <= -APPROXIMATE * fall)


def from_config(config: Options) -> Proximal:
    """Return the solver for the precision of X, or for float64 where that is not settled yet."""
    return Proximal(lbfgs.from_config(config).rounding)
