"""Limited-memory BFGS: gradient descent whose step is scaled by the curvature met in recent steps.

Objective: J/n of smtrain.softmax.objective. Input: nothing to tune. Output: one accepted step at a time, never uphill
by more than rounding. The parts of a step have their own modules:

- the direction, by the two-loop recursion over recent pairs: smtrain.solvers.pairs;
- the step along it, by the conditions of Armijo and Wolfe: smtrain.solvers.wolfe;
- the first guess of the Hessian: smtrain.softmax.curvature. At first it is a fixed diagonal bound. Later it has a block
  for each class, made anew now and then at the current point.

With many rows the first step from zero goes to the optimum of a sample of the rows. The fit of the sample begins with a
sample of the sample.
"""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from smtrain.softmax.curvature import Curvature, curvature_at_zero, diagonal_curvature, local_curvature
from smtrain.softmax.curvature_cost import AT_ONCE, CHEAP, Plan, plan_at_zero, refresh_bytes, refresh_plan
from smtrain.softmax.line import Logits, open_line
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.solvers.interface import Shape, State
from smtrain.solvers.options import Options
from smtrain.solvers.pairs import Pair, descent_direction, most_pairs, with_pair
from smtrain.solvers.wolfe import wolfe_step

# The relative change of J that counts as rounding, by the precision of X. If it is too small, a fit stalls near the
# optimum; if too large, it may accept steps that go uphill.
ROUNDING = {"float64": 1e-13, "float32": 5e-7}

# When to make the curvature blocks anew. All of these were chosen by experiment on tables of 13,000 to 600,000 rows.
# A fit with blocks too early makes them where it does not stay; with blocks too late it takes more steps.
# Accepted steps before the first blocks.
FIRST_STEPS = 3
# Passes before the first blocks, at least.
FIRST_WAIT = 3.0
# Passes from one time to the next, at least.
WAIT = 5.0
# The factor by which that wait grows each time.
GROWTH = 1.3
# The passes that making them counts as.
REFRESH = 2
# Steps over which the decrease of the objective is measured.
LOOK_BACK = 5

# The fewest steps after which a fit can be said to be near its end: before, the decrease says little.
FEWEST_STEPS = 4

# How a penalised fit begins on a sample. By experiment: the passes are halved on four tables of five (samples of one
# row in 6 to 16 and accuracies of 0.003 to 0.03 do alike), and a fifth fewer on random problems.
# The sample has one row in this many.
SAMPLED = 8
# The fewest rows of the sample for each parameter. With fewer, its optimum is no nearer to that of all rows than zero
# is.
ROWS_PER_PARAMETER = 5
# The fewest rows of the sample in any table.
FEWEST_SAMPLED = 256
# The relative decrease at which the fit of the sample ends.
SAMPLE_ACCURACY = 0.01
# The most passes over the sample.
SAMPLE_PASSES = 40
# The fewest passes that must be left for a fit to begin on a sample.
LEAST_PASSES = 10
# The passes over all rows that the sample leaves: one for the objective at its optimum, two for the curvature there,
# and one besides.
PASSES_AFTER_SAMPLE = 4


@dataclass(frozen=True, kw_only=True)
class LbfgsState(State):
    """The point, and what L-BFGS remembers.

    `pairs` are the recent steps and the changes of gradient that they made, the newest last. `curvature` was made at
    the epoch `refreshed`, for the `refreshes`-th time; at first it is the diagonal bound. It is `stale` if it is that
    of a sample of the rows: then the next step makes it anew. `logits` are those at the point, None if they were not
    kept; `trials` is the number of trials of the last search. `steps` counts the accepted steps, `recent` holds the
    objective at the last few of them. `direction` is that of the next step, None if it is not computed yet.
    """

    pairs: tuple[Pair, ...] = field(default=())
    curvature: Curvature
    logits: Logits | None = None
    trials: int = 1
    refreshed: int = 0
    refreshes: int = 0
    stale: bool = False
    steps: int = 0
    recent: tuple[float, ...] = ()
    direction: Theta | None = None

    def alone(self) -> "LbfgsState":
        """Return the state without the logits."""
        return replace(self, logits=None)

    @property
    def decrease(self) -> float:
        """The relative decrease of the objective over the last LOOK_BACK steps."""
        return (self.recent[0] - self.point.objective) / max(self.point.objective, 1e-300)


@dataclass(frozen=True)
class Lbfgs:
    """See the module. `rounding` is the relative error of one evaluation of J."""

    state: ClassVar[type[State]] = LbfgsState
    l1: ClassVar[bool] = False
    batches: ClassVar[bool] = False
    warm: ClassVar[bool] = True
    rounding: float = ROUNDING["float64"]

    def most_bytes(self, shape: Shape) -> int:
        """Return the most memory of the pairs and of the curvature, in bytes."""
        n, p, theta = shape.rows, shape.features, 8 * (shape.features + 1) * shape.classes
        refresh = refresh_bytes(n, p, shape.cells, shape.classes, shape.threads) if n > p else 0
        return 2 * theta * most_pairs(theta) + refresh

    def is_near(self, state: LbfgsState, accuracy: float) -> bool:
        """Return whether little is left to gain: by the quadratic model, and by the decrease of the last few steps."""
        promised = math.inf if state.promised is None else state.promised
        if state.steps < FEWEST_STEPS or promised > accuracy * state.point.objective:
            return False
        return state.decrease <= accuracy

    def start(self, objective: Objective, point: Point) -> LbfgsState:
        """Return the state at a point, with the diagonal bound for a curvature and no pairs."""
        curvature = diagonal_curvature(objective)
        return self._with_promise(LbfgsState(point=point, curvature=curvature, recent=(point.objective,)))

    def near(self, objective: Objective, point: Point) -> LbfgsState:
        """Return the state at a point near the optimum. The blocks are made at once, unless there are too few rows."""
        state = self.start(objective, point)
        if objective.row_counts.total <= objective.rows.features:
            return state
        return self._with_promise(self._refreshed(objective, state, 0.0, refresh_plan(objective, AT_ONCE)))

    def moved(self, objective: Objective, state: LbfgsState, theta: Theta) -> LbfgsState:
        """Return a state at θ for a similar objective, on other rows. The pairs and the curvature are kept."""
        point = objective.value_and_grad(theta)
        state = replace(state, point=point, recent=(point.objective,), logits=None, epoch=0, refreshed=0, stalled=False)
        state = replace(state, steps=0)
        return self._with_promise(state)

    def step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """Return the state after one accepted step, or after a search without one.

        After such a search the state has no pairs; after another one it has no blocks; after a third it has stalled.
        """
        if self._begins_with_sample(objective, state, passes):
            return self._from_sample(objective, state, passes)
        if self._begins_with_block(objective, state, passes):
            curvature = curvature_at_zero(objective, plan_at_zero(objective))
            state, passes = replace(state, curvature=curvature, epoch=1, direction=None), passes - 1
        return self._step(objective, state, passes)

    def _step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """Return the state after one search along the quasi-Newton direction."""
        # 1. New curvature blocks, if it is time for them.
        state, passes = self._up_to_date(objective, state, passes)
        # 2. The direction −H⁻¹g. It is usually known: `_with_promise` has computed it.
        direction = self._direction(state) if state.direction is None else state.direction
        # 3. A step along it. One trial is expected, or as many as the last search needed.
        line = open_line(objective, state.point, direction, state.logits, trials=state.trials)
        slope = float((state.point.gradient * direction).sum())
        t, trials = wolfe_step(line, state.point, slope, passes, self.rounding)
        spent = line.passes(trials)
        state = replace(state, epoch=state.epoch + spent, trials=trials)
        if t is None:
            # Either the passes ran out in the middle of the search, or no step was accepted.
            return state if spent >= passes else self._after_failure(objective, state)
        # 4. The new point, its pair, and the logits there if the line has them.
        arrived, logits = line.take(t)
        state = replace(self._accepted(objective, state, arrived), logits=logits)
        # 5. The next direction, and what it promises.
        return self._with_promise(state)

    def _begins_with_sample(self, objective: Objective, state: LbfgsState, passes: int) -> bool:
        """Return whether a fit is at its start, at zero, and has rows and passes enough to begin on a sample."""
        if state.epoch > 0 or state.point.theta.any() or passes < LEAST_PASSES or not objective.certified:
            return False
        parameters = objective.rows.features * (objective.classes - 1)
        return objective.row_counts.total >= SAMPLED * max(FEWEST_SAMPLED, ROWS_PER_PARAMETER * parameters)

    def _begins_with_block(self, objective: Objective, state: LbfgsState, passes: int) -> bool:
        """Return whether a fit is at its start, at zero, and its blocks are so dear that one for all classes pays."""
        if state.epoch > 0 or state.point.theta.any() or passes < LEAST_PASSES:
            return False
        return objective.row_counts.total > objective.rows.features and refresh_plan(objective).cost > CHEAP

    def _from_sample(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """Return the state near the optimum of a sample, or after another step if the objective is not lower there.

        A pass over the sample counts as its share of a pass, and so does the evaluation at its start. Drawing the
        sample is not counted.
        """
        # 1. The objective of the sample. Passes over it are limited so that all passes together are at most `passes`.
        few = objective.sampled(SAMPLED)
        share = few.row_counts.total / objective.row_counts.total
        most = min(SAMPLE_PASSES, int((passes - PASSES_AFTER_SAMPLE) / share) - 1)
        # 2. Its fit, with the curvature that is known. Its first step may begin with a sample of the sample.
        sample = self.moved(few, state, state.point.theta)
        while not sample.stalled and sample.epoch < most and not self.is_near(sample, SAMPLE_ACCURACY):
            sample = self.step(few, sample, most - sample.epoch)
        # 3. The objective of all rows at the sample's optimum, by a pass. If it is not lower there, an ordinary step.
        epoch = 1 + math.ceil((sample.epoch + 1) * share)
        there = replace(self.moved(objective, sample, sample.point.theta), epoch=epoch, refreshed=epoch)
        if not there.point.objective < state.point.objective:
            return self._step(objective, replace(state, epoch=epoch), passes - epoch)
        # 4. The pairs and the curvature carry the noise of the sample. The next step makes the curvature of all rows,
        #    not this one, for the fit may be at its end.
        return replace(there, pairs=(), refreshes=0, stale=True)

    def _after_failure(self, objective: Objective, state: LbfgsState) -> LbfgsState:
        """Return the state after a search without a step: without pairs, else without blocks, else stalled."""
        if state.pairs:
            return replace(state, pairs=(), direction=None)
        if len(state.curvature.columns):
            return replace(state, curvature=diagonal_curvature(objective), direction=None)
        return replace(state, stalled=True)

    def _accepted(self, objective: Objective, state: LbfgsState, arrived: Point) -> LbfgsState:
        """Return the state at the new point, with the pair of the step."""
        s = arrived.theta - state.point.theta
        y = objective.smooth_gradient(arrived) - objective.smooth_gradient(state.point)
        recent = (*state.recent, arrived.objective)[-LOOK_BACK - 1 :]
        pairs = with_pair(state.pairs, s, y)
        return replace(state, point=arrived, pairs=pairs, steps=state.steps + 1, recent=recent)

    def _up_to_date(self, objective: Objective, state: LbfgsState, passes: int) -> tuple[LbfgsState, int]:
        """Return the state, with new blocks if they are due, and how many of the `passes` are left.

        They are made where a step begins, not where one ends: the fit may end there.
        """
        if state.stale and passes > REFRESH:
            refreshed = self._refreshed(objective, state, SAMPLE_ACCURACY, refresh_plan(objective, AT_ONCE))
        elif self._refresh_is_due(objective, state, passes):
            refreshed = self._refreshed(objective, state, state.decrease, refresh_plan(objective))
        else:
            return state, passes
        return refreshed, passes - REFRESH

    def _refresh_is_due(self, objective: Objective, state: LbfgsState, passes: int) -> bool:
        """Return whether to make the blocks anew, with `passes` passes left.

        They wait for as many passes as they cost, by their flops, and longer the more often they were made. Blocks that
        take more passes than are left are not made, nor are any after a search without a step, which drops the pairs.
        """
        n, p = objective.row_counts.total, objective.rows.features
        plan = refresh_plan(objective)
        wait = max(WAIT, plan.cost) * GROWTH**state.refreshes if state.refreshes else max(FIRST_WAIT, plan.cost)
        if n <= p or passes <= plan.passes or state.steps < FIRST_STEPS or not state.pairs:
            return False
        return state.epoch - state.refreshed >= wait

    def _refreshed(self, objective: Objective, state: LbfgsState, decrease: float, plan: Plan) -> LbfgsState:
        """Return the state with curvature blocks made at its point, damped by the recent relative `decrease`.

        It counts as REFRESH passes over the rows; the blocks themselves are not counted.
        """
        curvature = local_curvature(objective, state.point.theta, decrease, plan)
        epoch, count = state.epoch + REFRESH, state.refreshes + 1
        state = replace(state, curvature=curvature, stale=False, direction=None)
        return replace(state, epoch=epoch, refreshed=epoch, refreshes=count)

    def _with_promise(self, state: LbfgsState) -> LbfgsState:
        """Return the state with its next direction, and the decrease g·H⁻¹g / 2 that the quadratic model promises."""
        direction = self._direction(state)
        promised = -float((state.point.gradient * direction).sum()) / 2
        return replace(state, promised=promised, direction=direction)

    def _direction(self, state: LbfgsState) -> Theta:
        """Return the quasi-Newton direction at the state's point."""
        return descent_direction(state.point.gradient, state.pairs, state.curvature)


def from_config(config: Options) -> Lbfgs:
    """Return the solver for the precision of X, or for float64 where that is not settled yet."""
    return Lbfgs(ROUNDING.get(config.precision, ROUNDING["float64"]))
