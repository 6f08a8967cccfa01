"""The choice of l2 by cross-validation, along a path from strong to weak penalties.

Each fit of the path starts where the one before ended; each fit of a fold starts from that of all rows, with its memory
and its curvature, for a fifth of the rows changes little. The rows of a fold are those of the fit with other weights:
nothing is read, copied or encoded again, and the NLL of the rows set aside comes with every pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.objective import Objective, Theta
from smtrain.solvers.lbfgs import Lbfgs, LbfgsState

# A factor of ten between neighbours; around the best of them, the geometric means with its neighbours besides.
GRID = tuple(10.0**power for power in range(4, -5, -1))
# A fit ends when its own model of the curvature promises less than this share of the objective: far less than the
# standard error of a mean over folds.
ACCURACY, MOST_EPOCHS = 1e-4, 200
# The path ends when the NLL has risen so many times in a row.
RISES = 2


@dataclass(frozen=True)
class Candidate:
    """A value of l2 with the mean NLL of the rows set aside, over the folds, and its standard error."""

    l2: float
    nll: float
    se: float


@dataclass(frozen=True)
class Selection:
    """All candidates, from the largest l2 to the smallest; the one chosen; its θ on all rows; the passes it took."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate
    theta: Theta
    epochs: int

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)


def select_l2(
    objective: Objective,
    solver: Lbfgs,
    start: Theta,
    fold_of: NDArray[np.intp],
    *,
    one_se: bool,
    on_candidate: Callable[[Candidate], object],
) -> Selection:
    """Choose l2 for `objective` by the folds of its rows, `fold_of` (n,): that of the lowest NLL.

    With `one_se`, the largest l2 whose NLL is within a standard error of the lowest (Breiman et al., 1984).
    """
    path = _Path(objective, solver, fold_of)
    rises, lowest = 0, math.inf
    begin = path.beginning(start)
    for l2 in GRID:
        found = path.add(l2, begin)
        on_candidate(found)
        rises, lowest = rises + 1 if found.nll > lowest else 0, min(lowest, found.nll)
        if rises == RISES:
            break
        begin = path.beside(l2)
    best = path.lowest()
    for l2 in (best.l2 * math.sqrt(10), best.l2 / math.sqrt(10)):
        on_candidate(path.add(l2, path.beside(best.l2)))
    best = path.lowest()
    chosen = max((c for c in path.candidates if c.nll <= best.nll + best.se), key=lambda c: c.l2) if one_se else best
    ordered = sorted(path.candidates, key=lambda candidate: -candidate.l2)
    return Selection(tuple(ordered), chosen, path.states[chosen.l2].point.theta, path.epochs)


class _Path:
    """The candidates so far, and where the fit of all rows ended for each."""

    def __init__(self, objective: Objective, solver: Lbfgs, fold_of: NDArray[np.intp]) -> None:
        self._solver, self._objective = solver, objective
        self._folds = [objective.setting_aside(fold_of == fold) for fold in range(int(fold_of.max()) + 1)]
        self._weights = np.array([fold.totals.aside for fold in self._folds])
        self.candidates: list[Candidate] = []
        self.states: dict[float, LbfgsState] = {}
        self.epochs = 0

    def add(self, l2: float, begin: Callable[[Objective], LbfgsState]) -> Candidate:
        """Fit all rows, then each fold without its own."""
        objective = self._objective.with_penalties(l2=l2, l1=self._objective.l1)
        whole = self.states[l2] = self._minimised(objective, begin(objective))
        nlls = []
        for fold in self._folds:
            other = fold.with_penalties(l2=l2, l1=fold.l1)
            nlls.append(self._minimised(other, self._solver.moved(other, whole)).point.validation_nll)
        self.candidates.append(Candidate(l2, *mean_and_error(np.array(nlls, np.float64), self._weights)))
        return self.candidates[-1]

    def beginning(self, theta: Theta) -> Callable[[Objective], LbfgsState]:
        """A beginning without any knowledge of the curvature."""
        return lambda objective: self._solver.start(objective, objective.value_and_grad(theta))

    def beside(self, l2: float) -> Callable[[Objective], LbfgsState]:
        """A beginning at the optimum of another l2, with the curvature taken anew."""
        return lambda objective: self._solver.moved(objective, self.states[l2], anew=True)

    def _minimised(self, objective: Objective, state: LbfgsState) -> LbfgsState:
        while not state.stalled and state.epoch < MOST_EPOCHS:
            if state.promised is not None and state.promised <= ACCURACY * state.point.objective:
                break
            state = self._solver.step(objective, state, MOST_EPOCHS - state.epoch)
        self.epochs += state.epoch + 1
        return state

    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)


def mean_and_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The weighted mean of the folds' values and its standard error, √(Σ w (x − mean)² / Σ w / (folds − 1))."""
    mean = float(weights @ values / weights.sum())
    return mean, float(np.sqrt(weights @ (values - mean) ** 2 / weights.sum() / (len(values) - 1)))
