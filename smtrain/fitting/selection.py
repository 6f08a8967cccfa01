"""The choice of l2 by cross-validation, along a path: stronger penalties as long as they are as good, then weaker ones.

A fit of all rows starts where the one before ended; that of a fold, as far from where the fit of all rows ended as it
was at the value before, for a fifth of the rows matters much the same at both. It takes the curvature from there too.
The rows of a fold are those of the fit with other weights: nothing is read, copied or encoded again, and the NLL of the
rows set aside comes with every pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smtrain.model.record import Candidate
from smtrain.softmax.objective import Objective, Theta
from smtrain.solvers.interface import State, WarmSolver

# The path starts at the default and goes by factors of ten: near its minimum the NLL changes by less than its error
# within a factor of three.
START, LARGEST_L2, SMALLEST_L2 = 1.0, 1e4, 1e-4
# A fit ends when its own model of the curvature promises less than this share of the objective, and the last steps
# gained no more: less than the standard error of a mean over folds. Under a weak penalty that can take very long; a fit
# that is cut off is nearer to the stronger penalty before it, which makes the weak one look no better than it is.
ACCURACY, MOST_EPOCHS, FIRST_EPOCHS = 1e-4, 40, 200


@dataclass(frozen=True)
class Part:
    """How far the fits for a value of l2 are.

    `whole` is the end of that of all rows, `ends` are the θ where it and those of the folds ended, `nlls` theirs, and
    `running` is the state of the fit that is being made, if it has begun.
    """

    l2: float
    whole: State | None = None
    ends: tuple[Theta, ...] = ()
    nlls: tuple[float, ...] = ()
    running: State | None = None


@dataclass(frozen=True)
class Walk:
    """Where a selection is: all that is needed to go on.

    `ends` has, for each candidate, where its fits ended; `epochs` are the passes of the fits that have ended.
    """

    candidates: tuple[Candidate, ...]
    ends: tuple[tuple[Theta, ...], ...]
    part: Part | None
    epochs: int


def ignore(_: object) -> None:
    """The callback of those who do not want to know."""


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
    solver: WarmSolver,
    start: Theta,
    folds: Sequence[Objective],
    *,
    one_se: bool,
    on_candidate: Callable[[Candidate], object],
    on_walk: Callable[[Walk], object] = ignore,
    resume: Walk | None = None,
) -> Selection:
    """Choose l2 for `objective` by its `folds`, each the objective without the rows set aside: that of the lowest NLL.

    With `one_se`, the largest l2 whose NLL is within a standard error of the lowest (Breiman et al., 1984). `on_walk`
    is told before every step where the selection is. With `resume`, goes on from there to the same end.
    """
    path = _Path(objective, solver, start, folds, on_candidate=on_candidate, on_walk=on_walk)
    path.resume(resume)
    origin = path.add(START, None)
    found = origin
    while found.l2 < LARGEST_L2 and found.nll <= path.lowest.nll + path.lowest.se:
        found = path.add(10 * found.l2, found.l2)
    found, before = origin, np.inf
    while found.l2 > SMALLEST_L2 and found.nll < before:
        before = found.nll - found.se
        found = path.add(found.l2 / 10, found.l2)
    on_walk(path.walk)
    candidates = tuple(sorted(path.candidates, key=lambda candidate: -candidate.l2))
    best = path.lowest
    chosen = next(c for c in candidates if c.nll <= best.nll + best.se) if one_se else best
    return Selection(candidates, chosen, path.ends[chosen.l2][0], path.epochs)


class _Path:
    """The candidates so far; for each where the fits ended: θ (p + 1, K) of all rows, then of each fold."""

    def __init__(
        self,
        objective: Objective,
        solver: WarmSolver,
        start: Theta,
        folds: Sequence[Objective],
        *,
        on_candidate: Callable[[Candidate], object],
        on_walk: Callable[[Walk], object],
    ) -> None:
        self._solver, self._objective, self._start = solver, objective, start
        self._tell, self._tell_walk = on_candidate, on_walk
        self._folds, self._weights = folds, np.array([fold.totals.aside for fold in folds])
        self.candidates: list[Candidate] = []
        self.ends: dict[float, tuple[Theta, ...]] = {}
        self.epochs = 0
        self._known: dict[float, Candidate] = {}
        self._part: Part | None = None

    def resume(self, walk: Walk | None) -> None:
        """Know what an earlier walk found."""
        if walk is not None:
            self._known = {candidate.l2: candidate for candidate in walk.candidates}
            self.ends = dict(zip(self._known, walk.ends, strict=True))
            self._part, self.epochs = walk.part, walk.epochs

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)

    def add(self, l2: float, origin: float | None) -> Candidate:
        """The candidate of a value, known or fitted from where the fits of the candidate `origin` ended."""
        found = self._known.get(l2) or self._fitted(l2, origin)
        self._known[l2] = found
        self.candidates.append(found)
        self._tell(found)
        return found

    def _fitted(self, l2: float, origin: float | None) -> Candidate:
        """Fit all rows, then each fold without its own."""
        part = self._part if self._part is not None and self._part.l2 == l2 else Part(l2)
        if part.whole is None:
            part = self._whole_fitted(part, origin)
        while len(part.nlls) < len(self._folds):
            part = self._fold_fitted(part, origin)
        self.ends[l2], self._part = part.ends, None
        return Candidate(l2, *mean_and_error(np.array(part.nlls, np.float64), self._weights))

    def _whole_fitted(self, part: Part, origin: float | None) -> Part:
        whole = self._objective.with_penalties(l2=part.l2, l1=self._objective.l1)
        theta = self._start if origin is None else self.ends[origin][0]
        begin = self._solver.start if origin is None else self._solver.near
        most = FIRST_EPOCHS if origin is None else MOST_EPOCHS
        state = self._minimised(whole, part, lambda: begin(whole, whole.value_and_grad(theta)), most)
        return Part(part.l2, state.alone(), (state.point.theta,))

    def _fold_fitted(self, part: Part, origin: float | None) -> Part:
        """One more fold; it starts as far from where all rows ended as it was at `origin`."""
        assert part.whole is not None
        number, whole = len(part.nlls), part.whole
        fold = self._folds[number].with_penalties(l2=part.l2, l1=self._objective.l1)
        start = whole.point.theta
        if origin is not None:
            start = start + (self.ends[origin][number + 1] - self.ends[origin][0])
        end = self._minimised(fold, part, lambda: self._solver.moved(fold, whole, start), MOST_EPOCHS).point
        exact = fold.in_double()
        nll = (end if exact is fold else exact.value_and_grad(end.theta)).validation_nll
        assert nll is not None
        return replace(part, ends=(*part.ends, end.theta), nlls=(*part.nlls, nll), running=None)

    def _minimised(self, objective: Objective, part: Part, begin: Callable[[], State], most: int) -> State:
        state = part.running or begin()
        while not state.stalled and state.epoch < most and not self._solver.is_near(state, ACCURACY):
            self._tell_walk(self._walk(replace(part, running=state)))
            state = self._solver.step(objective, state, most - state.epoch)
        self.epochs += state.epoch + 1
        return state

    def _walk(self, part: Part) -> Walk:
        known = tuple(self._known.values())
        return Walk(known, tuple(self.ends[candidate.l2] for candidate in known), part, self.epochs)

    @property
    def walk(self) -> Walk:
        """The whole of it, when all candidates are known."""
        return Walk(tuple(self.candidates), tuple(self.ends[c.l2] for c in self.candidates), None, self.epochs)


def mean_and_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The weighted mean of the folds' values and its standard error, √(Σ w (x − mean)² / Σ w / (folds − 1))."""
    mean = float(weights @ values / weights.sum())
    return mean, float(np.sqrt(weights @ (values - mean) ** 2 / weights.sum() / (len(values) - 1)))
