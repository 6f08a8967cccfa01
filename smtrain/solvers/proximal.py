"""Proximal L-BFGS: the solver for penalties with l1, whose derivative jumps at zero.

Objective: J/n of smtrain.softmax.objective. Input: nothing to tune. Output: one accepted step a time, never uphill.
A step goes to the minimum of the quadratic model of the smooth part and l1 together (smtrain.solvers.quadratic), which
puts weights at exactly zero; a search along the way there takes care of a poor model (Lee, Sun & Saunders, 2014). The
pairs and the curvature blocks that the model is made of are those of L-BFGS.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from smtrain.softmax.curvature_cost import refresh_plan
from smtrain.softmax.loss import TRIFLE
from smtrain.softmax.objective import Objective, Point
from smtrain.solvers import lbfgs
from smtrain.solvers.base import Shape
from smtrain.solvers.lbfgs import ARMIJO, TRIALS, Lbfgs, LbfgsState
from smtrain.solvers.options import Options
from smtrain.solvers.quadratic import Bfgs, Model

# How well the model is minimised: by experiment; ten times better saves few passes and costs more than they do.
ACCURACY = 0.05


@dataclass(frozen=True)
class Proximal(Lbfgs):
    """See the module. `rounding` is the relative error of one evaluation of J."""

    l1: ClassVar[bool] = True

    def most_bytes(self, shape: Shape) -> int:
        """The quadratic model has as much again as the pairs, and the blocks besides their inverses."""
        return 2 * super().most_bytes(shape)

    def _step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        B = Bfgs(state.curvature, objective.penalty, state.pairs)
        model = Model(B, state.point.theta, objective.smooth_gradient(state.point), objective.threshold)
        found, trials = self._towards(objective, state.point, model, passes)
        state = replace(state, epoch=state.epoch + trials, trials=trials)
        if found is None and trials < passes:
            return self._after_failure(objective, state)
        if found is None:  # the passes ran out in the middle of the search
            return state
        state = self._accepted(objective, state, found)
        if self._refresh_is_due(objective, state, passes - trials):
            state = self._refreshed(objective, state, state.decrease, refresh_plan(objective))
        return self._with_promise(state)

    def _towards(self, objective: Objective, at: Point, model: Model, passes: int) -> tuple[Point | None, int]:
        """The first point that is low enough on the way to the model's minimum, and the number of trials."""
        end = model.minimum(ACCURACY, max(objective.pass_flops, TRIFLE))
        fall, t = model.fall(end), 1.0
        if not fall < 0:  # nor is NaN
            return None, 0
        for trials in range(1, min(TRIALS, passes) + 1):
            theta = end if t == 1 else at.theta + t * (end - at.theta)
            found = objective.value_and_grad(theta)
            rise = found.objective - at.objective if found.finite else np.inf
            if self._low_enough(objective, at, found, rise, t * fall):
                return found, trials
            cut = -fall * t * t / (2 * (rise - t * fall)) if t * fall < rise < np.inf else 0.0
            t = float(np.clip(cut, 0.1 * t, 0.5 * t))
        return None, min(TRIALS, passes)

    def _low_enough(self, objective: Objective, at: Point, found: Point, rise: float, fall: float) -> bool:
        """Armijo's condition; where the fall drowns in rounding, Hager and Zhang's on the slope at the new point."""
        if rise <= ARMIJO * fall:
            return True
        if rise > self.rounding * abs(at.objective):
            return False
        d = found.theta - at.theta
        arriving = np.where(found.theta == 0, -np.abs(d), np.sign(found.theta) * d)  # |θ| changes so on the way
        there = (objective.smooth_gradient(found) * d + objective.threshold * arriving).sum()
        return bool(there <= -0.8 * fall)


def from_config(config: Options) -> Proximal:
    """Return the solver for this precision."""
    return Proximal(lbfgs.from_config(config).rounding)
