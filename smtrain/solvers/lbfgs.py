"""Limited-memory BFGS: gradient descent whose step is scaled by the curvature met in recent epochs.

Objective: J/n of smtrain.softmax.objective. Input: nothing to tune. Output: one accepted step a time, never uphill.
Direction: the two-loop recursion (Nocedal, 1980; Nocedal & Wright, Algorithm 7.4). Its initial matrix is the fixed
diagonal bound of the curvature at first, later the blocks of smtrain.softmax.curvature, taken anew now and then at the
current point; the pairs are kept. Step: bracketing on the Armijo and weak Wolfe conditions, with the approximate Wolfe
conditions of Hager & Zhang (2005) where the objective's decrease drowns in rounding. With many rows the first step from
zero goes to the optimum of a sample of them, whose own first step does the same.
"""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from smtrain.softmax.curvature import Curvature, diagonal_curvature, local_curvature
from smtrain.softmax.curvature_cost import AT_ONCE, CHEAP, Plan, refresh_bytes, refresh_plan
from smtrain.softmax.line import LogitLine, Logits, PassLine, open_line
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.solvers.base import Shape, State
from smtrain.solvers.options import Options

ARMIJO, WOLFE = 1e-4, 0.9
TRIALS = 25
MEMORY, MEMORY_BYTES = 50, 1 << 28
# A relative change of J below these is rounding: in float64, and where X is float32.
ROUNDING = {"float64": 1e-13, "float32": 5e-7}
# When to take the curvature anew: found by experiment on tables of 13,000 to 600,000 rows.
FIRST_STEPS, FIRST_WAIT, WAIT, GROWTH = 3, 3.0, 5.0, 1.3
FLAT, DAMPING, LOOK_BACK = 0.01, 0.3, 5
# The steps before a fit can be said to be near its end.
FEWEST_STEPS = 4
# A penalised fit from zero begins with a fit of one row in so many, to this share of the objective, by so many passes
# at most; if those rows are so many times the parameters, for else a sample's optimum is no nearer than zero is. A fit
# of the sample that took fewer epochs than EASY has all the curvature it takes. By experiment: the passes are halved on
# four tables of five (samples of 6 to 16, shares of 0.003 to 0.03 alike), a fifth fewer on random problems.
SAMPLED, ROWS_PER_PARAMETER, FEWEST_SAMPLED = 8, 5, 256
SAMPLE_ACCURACY, SAMPLE_PASSES, LEAST_PASSES, EASY = 0.01, 40, 10, 16

Pair = tuple[Theta, Theta]
Line = PassLine | LogitLine


@dataclass(frozen=True, kw_only=True)
class LbfgsState(State):
    """The point, and the recent pairs (s, y): steps and the changes of gradient that they made.

    `curvature` was taken at the epoch `refreshed`, for the `refreshes`-th time; at first it is the diagonal bound.
    `logits` are those at the point, if they were kept; `trials` is how many steps the last search tried.
    `steps` counts accepted steps, `recent` holds the objective at the last few of them. `direction` is the next step's.
    """

    pairs: tuple[Pair, ...] = field(default=())
    curvature: Curvature
    logits: Logits | None = None
    trials: int = 1
    refreshed: int = 0
    refreshes: int = 0
    steps: int = 0
    recent: tuple[float, ...] = ()
    direction: Theta | None = None

    def alone(self) -> "LbfgsState":
        """The state without the logits."""
        return replace(self, logits=None)

    @property
    def decrease(self) -> float:
        """The relative decrease of the objective over the last five steps."""
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
        """That of the pairs and the curvature."""
        n, p, theta = shape.rows, shape.features, 8 * (shape.features + 1) * shape.classes
        refresh = refresh_bytes(n, p, shape.cells, shape.classes, shape.threads) if n > p else 0
        return 2 * theta * _most_pairs(theta) + refresh

    def is_near(self, state: LbfgsState, accuracy: float) -> bool:
        """Whether little is left to gain: by the model of the curvature, and by the gain of the last few steps."""
        promised = math.inf if state.promised is None else state.promised
        if state.steps < FEWEST_STEPS or promised > accuracy * state.point.objective:
            return False
        return state.decrease <= accuracy

    def start(self, objective: Objective, point: Point) -> LbfgsState:
        """The state without memory."""
        curvature = diagonal_curvature(objective)
        return self._with_promise(LbfgsState(point=point, curvature=curvature, recent=(point.objective,)))

    def near(self, objective: Objective, point: Point) -> LbfgsState:
        """The state at a point near the optimum: the curvature is taken at once, by two passes."""
        state = self.start(objective, point)
        if objective.row_counts.total <= objective.rows.features:
            return state
        return self._with_promise(self._refreshed(objective, state, 0.0, refresh_plan(objective, AT_ONCE)))

    def moved(self, objective: Objective, state: LbfgsState, theta: Theta) -> LbfgsState:
        """A state at θ for a similar objective, on other rows: what is known of the curvature is kept."""
        point = objective.value_and_grad(theta)
        state = replace(state, point=point, recent=(point.objective,), logits=None, epoch=0, refreshed=0, stalled=False)
        state = replace(state, steps=0)
        return self._with_promise(state)

    def step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """One accepted step. If none is found: once more without the memory, then without blocks, then the end.

        The first one from zero goes to the optimum of a sample of the rows, if there are many.
        """
        if self._begins_with_sample(objective, state, passes):
            return self._from_sample(objective, state, passes)
        return self._step(objective, state, passes)

    def _step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        direction = self._direction(state) if state.direction is None else state.direction
        line = open_line(objective, state.point, direction, state.logits, trials=state.trials)
        t, trials = self._search(line, state.point, direction, passes)
        spent = line.passes(trials)
        state = replace(state, epoch=state.epoch + spent, trials=trials)
        if t is None and spent < passes:
            return self._after_failure(objective, state)
        if t is None:  # the passes ran out in the middle of the search
            return state
        found, logits = line.take(t)
        state = replace(self._accepted(objective, state, found), logits=logits)
        if self._refresh_is_due(objective, state, passes - spent):
            state = self._refreshed(objective, state, state.decrease, refresh_plan(objective))
        return self._with_promise(state)

    def _begins_with_sample(self, objective: Objective, state: LbfgsState, passes: int) -> bool:
        if state.epoch > 0 or state.point.theta.any() or passes < LEAST_PASSES or not objective.certified:
            return False
        parameters = objective.rows.features * (objective.classes - 1)
        return objective.row_counts.total >= SAMPLED * max(FEWEST_SAMPLED, ROWS_PER_PARAMETER * parameters)

    def _from_sample(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """A step to near the optimum of a sample, whose fit begins with a sample of it; another one if that is higher.

        Where the sample was hard, its pairs would carry its noise: the curvature is taken anew.
        """
        few = objective.sampled(SAMPLED)
        share = few.row_counts.total / objective.row_counts.total
        most = min(SAMPLE_PASSES, int((passes - 4) / share) - 1)  # one pass is for the new point, two for its curvature
        found = self.moved(few, state, state.point.theta)
        while not found.stalled and found.epoch < most and not self.is_near(found, SAMPLE_ACCURACY):
            found = self.step(few, found, most - found.epoch)
        epoch = 1 + math.ceil((found.epoch + 1) * share)
        there = replace(self.moved(objective, found, found.point.theta), epoch=epoch, refreshed=epoch)
        if not there.point.objective < state.point.objective:
            return self._step(objective, replace(state, epoch=epoch), passes - epoch)
        if found.epoch < EASY:
            return there
        state = replace(state, point=there.point, recent=there.recent, epoch=epoch)
        return self._with_promise(self._refreshed(objective, state, SAMPLE_ACCURACY, refresh_plan(objective, AT_ONCE)))

    def _after_failure(self, objective: Objective, state: LbfgsState) -> LbfgsState:
        if state.pairs:
            return replace(state, pairs=(), direction=None)
        if len(state.curvature.columns):
            return replace(state, curvature=diagonal_curvature(objective), direction=None)
        return replace(state, stalled=True)

    def _accepted(self, objective: Objective, state: LbfgsState, found: Point) -> LbfgsState:
        s = found.theta - state.point.theta
        y = objective.smooth_gradient(found) - objective.smooth_gradient(state.point)
        pairs = state.pairs
        if (s * y).sum() > 1e-12 * np.linalg.norm(s) * np.linalg.norm(y):
            pairs = (*pairs, (s, y))[-_most_pairs(s.nbytes) :]
        recent = (*state.recent, found.objective)[-LOOK_BACK - 1 :]
        return replace(state, point=found, pairs=pairs, steps=state.steps + 1, recent=recent)

    def _refresh_is_due(self, objective: Objective, state: LbfgsState, passes: int) -> bool:
        """After a while that grows with the refresh's cost; a dear one only once the objective has flattened.

        The first one waits for as many passes as it costs, and none costs more than the `passes` that are left.
        """
        n, p = objective.row_counts.total, objective.rows.features
        plan = refresh_plan(objective)
        first = max(FIRST_WAIT, plan.passes)
        wait = max(WAIT, 1.5 * plan.cost) * GROWTH**state.refreshes if state.refreshes else first
        if n <= p or passes <= plan.passes or state.steps < FIRST_STEPS or state.epoch - state.refreshed < wait:
            return False
        return plan.cost <= CHEAP or state.decrease <= FLAT

    def _refreshed(self, objective: Objective, state: LbfgsState, decrease: float, plan: Plan) -> LbfgsState:
        """Take the curvature at the current point: two passes over the rows. Damped by the recent relative decrease."""
        damping = min(1.0, DAMPING * max(decrease, 0.0))
        curvature = local_curvature(objective, state.point.theta, damping, plan.multiple, plan.widest)
        epoch = state.epoch + 2
        return replace(state, curvature=curvature, epoch=epoch, refreshed=epoch, refreshes=state.refreshes + 1)

    def _with_promise(self, state: LbfgsState) -> LbfgsState:
        """Note the next direction, and the decrease that the quadratic model promises, g·H⁻¹g / 2."""
        direction = self._direction(state)
        promised = -float((state.point.gradient * direction).sum()) / 2
        return replace(state, promised=promised, direction=direction)

    def _direction(self, state: LbfgsState) -> Theta:
        """−H g by the two-loop recursion; the plain preconditioned gradient if that is not downhill."""
        g = state.point.gradient
        q = g.copy()
        used: list[tuple[float, float, Theta, Theta]] = []
        for s, y in reversed(state.pairs):
            rho = 1 / float((s * y).sum())
            a = rho * float((s * q).sum())
            q -= a * y
            used.append((a, rho, s, y))
        q = state.curvature.solve(q)
        for a, rho, s, y in reversed(used):
            q += (a - rho * float((y * q).sum())) * s
        return -q if (q * g).sum() > 0 else -state.curvature.solve(g)

    def _search(self, line: Line, at: Point, d: Theta, passes: int) -> tuple[float | None, int]:
        """A step along d that satisfies the Wolfe conditions, if one is found, and the number of trials."""
        slope = float((at.gradient * d).sum())
        low, high, t = 0.0, np.inf, 1.0
        for trials in range(1, TRIALS + 1):
            found = line.trial(t)
            rise = found.objective - at.objective
            if self._accepts(at, rise, t, slope, found.slope):
                return t, trials
            if line.passes(trials + 1) > passes:
                break
            if rise > ARMIJO * t * slope:
                high = t
            else:
                low = t
            t = _next_trial(low, high, t, slope, rise)
        return None, trials

    def _accepts(self, at: Point, rise: float, t: float, slope: float, there: float) -> bool:
        if not np.isfinite(rise):
            return False
        if rise <= ARMIJO * t * slope and there >= WOLFE * slope:
            return True
        return rise <= self.rounding * abs(at.objective) and WOLFE * slope <= there <= -0.8 * slope


def _most_pairs(bytes_of_theta: int) -> int:
    return max(3, min(MEMORY, MEMORY_BYTES // (2 * bytes_of_theta)))


def _next_trial(low: float, high: float, t: float, slope: float, rise: float) -> float:
    """Double while nothing was too high; then the parabola's minimum for the first cut, bisection later."""
    if high == np.inf:
        return 2 * t
    width = high - low
    cut = low + width / 2
    if low == 0 and np.isfinite(rise) and rise > t * slope:
        cut = -slope * t * t / (2 * (rise - t * slope))
    return float(np.clip(cut, low + 0.1 * width, high - 0.1 * width))


def from_config(config: Options) -> Lbfgs:
    """Return the solver for this precision, float64 where it is not settled."""
    return Lbfgs(ROUNDING.get(config.precision, ROUNDING["float64"]))
