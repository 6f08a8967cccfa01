"""The choice of l2 by cross-validation, along a path: stronger penalties as long as they are as good, then weaker ones.

A fit of all rows starts where the one before ended; that of a fold, as far from where the fit of all rows ended as it
was at the value before, for a fifth of the rows matters much the same at both. It takes the curvature from there too.
The rows of a fold are those of the fit with other weights: nothing is read, copied or encoded again, and the NLL of the
rows set aside comes with every pass.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.objective import Objective, Theta
from smtrain.solvers.lbfgs import Lbfgs, LbfgsState, is_near

# The path starts at the default and goes by factors of ten: near its minimum the NLL changes by less than its error
# within a factor of three.
START, LARGEST_L2, SMALLEST_L2 = 1.0, 1e4, 1e-4
# A fit ends when its own model of the curvature promises less than this share of the objective, and the last steps
# gained no more: less than the standard error of a mean over folds. Under a weak penalty that can take very long; a fit
# that is cut off is nearer to the stronger penalty before it, which makes the weak one look no better than it is.
ACCURACY, MOST_EPOCHS, FIRST_EPOCHS = 1e-4, 40, 200


@dataclass(frozen=True)
class Candidate:
    """A value of l2 with the mean NLL of the rows set aside, over the folds, and its standard error."""

    l2: float
    nll: float
    se: float


@dataclass(frozen=True)
class Selection:
    """All candidates, from the largest l2 down; the one chosen; its θ on all rows; the passes that it took."""

    candidates: tuple[Candidate, ...]
    chosen: Candidate
    theta: Theta
    epochs: int

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)


@np.errstate(over="ignore", invalid="ignore")  # as in a fit: a step too far gives numbers that are not finite
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
    path = _Path(objective, solver, start, fold_of, on_candidate)
    origin = path.add(START, None)
    found = origin
    while found.l2 < LARGEST_L2 and found.nll <= path.lowest.nll + path.lowest.se:
        found = path.add(10 * found.l2, found.l2)
    found, before = origin, np.inf
    while found.l2 > SMALLEST_L2 and found.nll < before:
        before = found.nll - found.se
        found = path.add(found.l2 / 10, found.l2)
    candidates = tuple(sorted(path.candidates, key=lambda candidate: -candidate.l2))
    best = path.lowest
    chosen = next(c for c in candidates if c.nll <= best.nll + best.se) if one_se else best
    return Selection(candidates, chosen, path.ends[chosen.l2][0], path.epochs)


class _Path:
    """The candidates so far; for each where the fits ended: θ (p + 1, K) of all rows, then of each fold."""

    def __init__(
        self,
        objective: Objective,
        solver: Lbfgs,
        start: Theta,
        fold_of: NDArray[np.intp],
        on_candidate: Callable[[Candidate], object],
    ) -> None:
        self._solver, self._objective, self._start, self._tell = solver, objective, start, on_candidate
        self._folds = [objective.setting_aside(fold_of == fold) for fold in range(int(fold_of.max()) + 1)]
        self._weights = np.array([fold.totals.aside for fold in self._folds])
        self.candidates: list[Candidate] = []
        self.ends: dict[float, list[Theta]] = {}
        self.epochs = 0

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)

    def add(self, l2: float, origin: float | None) -> Candidate:
        """Fit all rows, then each fold without its own; from where the fits of the candidate `origin` ended."""
        whole = self._objective.with_penalties(l2=l2, l1=self._objective.l1)
        if origin is None:
            state = self._minimised(whole, self._solver.start(whole, whole.value_and_grad(self._start)), FIRST_EPOCHS)
            starts = [state.point.theta] * len(self._folds)
        else:
            before, *folds = self.ends[origin]
            state = self._minimised(whole, self._solver.near(whole, whole.value_and_grad(before)))
            starts = [state.point.theta + (fold - before) for fold in folds]
        self.ends[l2], nlls = [state.point.theta], []
        for fold, start in zip(self._folds, starts, strict=True):
            other = fold.with_penalties(l2=l2, l1=fold.l1)
            end = self._minimised(other, self._solver.moved(other, state, start)).point
            self.ends[l2].append(end.theta)
            exact = other.in_double()
            nlls.append((end if exact is other else exact.value_and_grad(end.theta)).validation_nll)
        found = Candidate(l2, *mean_and_error(np.array(nlls, np.float64), self._weights))
        self.candidates.append(found)
        self._tell(found)
        return found

    def _minimised(self, objective: Objective, state: LbfgsState, most: int = MOST_EPOCHS) -> LbfgsState:
        with objective.partitions.lending():
            while not state.stalled and state.epoch < most and not is_near(state, ACCURACY):
                state = self._solver.step(objective, state, most - state.epoch)
        self.epochs += state.epoch + 1
        return state


def mean_and_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The weighted mean of the folds' values and its standard error, √(Σ w (x − mean)² / Σ w / (folds − 1))."""
    mean = float(weights @ values / weights.sum())
    return mean, float(np.sqrt(weights @ (values - mean) ** 2 / weights.sum() / (len(values) - 1)))
