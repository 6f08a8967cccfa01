"""Limited-memory BFGS: gradient descent whose step is scaled by the curvature met in recent epochs.

Objective: J/n of smtrain.objective. Input: nothing to tune. Output: one accepted step a time, never uphill.
Direction: the two-loop recursion (Nocedal, 1980; Nocedal & Wright, Algorithm 7.4) with the fixed diagonal bound of the
curvature as its initial matrix. Step: bracketing on the Armijo and weak Wolfe conditions, with the approximate Wolfe
conditions of Hager & Zhang (2005) where the objective's decrease drowns in rounding.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from smtrain.config import FitConfig
from smtrain.objective import Objective, Point, Theta
from smtrain.solvers.base import State

ARMIJO, WOLFE = 1e-4, 0.9
TRIALS = 25
MEMORY, MEMORY_BYTES = 50, 1 << 28
# A relative change of J below these is rounding: in float64, and where X is float32.
ROUNDING = {"float64": 1e-13, "float32": 5e-7}

Pair = tuple[Theta, Theta]


@dataclass(frozen=True, kw_only=True)
class LbfgsState(State):
    """The point, and the recent pairs (s, y): steps and the changes of gradient that they made."""

    pairs: tuple[Pair, ...] = field(default=())


@dataclass(frozen=True)
class Lbfgs:
    """See the module. `rounding` is the relative error of one evaluation of J."""

    state: ClassVar[type[State]] = LbfgsState
    rounding: float = ROUNDING["float64"]

    def start(self, objective: Objective, point: Point) -> LbfgsState:
        """The state without memory."""
        return self._with_promise(objective, LbfgsState(point=point))

    def step(self, objective: Objective, state: LbfgsState, passes: int) -> LbfgsState:
        """One accepted step; if none is found, one more try without the memory, then the end."""
        direction = self._direction(objective, state)
        found, trials = self._search(objective, state.point, direction, min(passes, TRIALS))
        epoch = state.epoch + trials
        if found is None:
            return replace(state, epoch=epoch, pairs=(), stalled=not state.pairs)
        s, y = found.theta - state.point.theta, found.gradient - state.point.gradient
        pairs = state.pairs
        if (s * y).sum() > 1e-12 * np.linalg.norm(s) * np.linalg.norm(y):
            most = max(3, min(MEMORY, MEMORY_BYTES // (2 * s.nbytes)))
            pairs = (*pairs, (s, y))[-most:]
        return self._with_promise(objective, LbfgsState(point=found, epoch=epoch, pairs=pairs))

    def _with_promise(self, objective: Objective, state: LbfgsState) -> LbfgsState:
        """Note the decrease that the quadratic model promises, g·H⁻¹g / 2."""
        promised = -float((state.point.gradient * self._direction(objective, state)).sum()) / 2
        return replace(state, promised=promised)

    def _direction(self, objective: Objective, state: LbfgsState) -> Theta:
        """−H g by the two-loop recursion; the plain preconditioned gradient if that is not downhill."""
        g = state.point.gradient
        q = g.copy()
        used: list[tuple[float, float, Theta, Theta]] = []
        for s, y in reversed(state.pairs):
            rho = 1 / float((s * y).sum())
            a = rho * float((s * q).sum())
            q -= a * y
            used.append((a, rho, s, y))
        q /= objective.diagonal_bound()
        for a, rho, s, y in reversed(used):
            q += (a - rho * float((y * q).sum())) * s
        return -q if (q * g).sum() > 0 else -g / objective.diagonal_bound()

    def _search(self, objective: Objective, at: Point, d: Theta, most: int) -> tuple[Point | None, int]:
        """A point along d that satisfies the Wolfe conditions, and the number of passes spent."""
        slope = float((at.gradient * d).sum())
        low, high, t = 0.0, np.inf, 1.0
        for trial in range(1, most + 1):
            point = objective.value_and_grad(at.theta + t * d)
            rise = point.objective - at.objective
            there = float((point.gradient * d).sum())
            if not point.finite:
                high = t
            elif self._accepts(at, rise, t, slope, there):
                return point, trial
            elif rise > ARMIJO * t * slope:
                high = t
            else:
                low = t
            t = _next_trial(low, high, t, slope, rise)
        return None, most

    def _accepts(self, at: Point, rise: float, t: float, slope: float, there: float) -> bool:
        if rise <= ARMIJO * t * slope and there >= WOLFE * slope:
            return True
        return rise <= self.rounding * abs(at.objective) and WOLFE * slope <= there <= -0.8 * slope


def _next_trial(low: float, high: float, t: float, slope: float, rise: float) -> float:
    """Double while nothing was too high; then the parabola's minimum for the first cut, bisection later."""
    if high == np.inf:
        return 2 * t
    width = high - low
    cut = low + width / 2
    if low == 0 and np.isfinite(rise) and rise > t * slope:
        cut = -slope * t * t / (2 * (rise - t * slope))
    return float(np.clip(cut, low + 0.1 * width, high - 0.1 * width))


def from_config(config: FitConfig) -> Lbfgs:
    """Return the solver for this precision."""
    return Lbfgs(ROUNDING[config.precision])
