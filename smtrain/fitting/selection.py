"""The choice of l2 or l1 by cross-validation, along a path: stronger ones while they are as good, then weaker ones.

A fit of all rows starts where the one before ended; that of a fold, as far from where the fit of all rows ended as it
was at the value before, for a fifth of the rows matters much the same at both. It takes the curvature from there too.
The rows of a fold are those of the fit with other weights: nothing is read, copied or encoded again, and the NLL of the
rows set aside comes with every pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from smtrain.model.options import RIDGE
from smtrain.model.record import Candidate
from smtrain.softmax.objective import Objective, Theta
from smtrain.solvers.interface import State, WarmSolver

Penalty = Literal["l1", "l2"]
# The path starts at the default and goes by factors of ten: near its minimum the NLL changes by less than its error
# within a factor of three.
START, LARGEST, SMALLEST = RIDGE, 1e4, 1e-4
# A fit ends when its own model of the curvature promises less than this share of the objective, and the last steps
# gained no more: less than the standard error of a mean over folds. Under a weak penalty that can take very long; a fit
# that is cut off is nearer to the stronger penalty before it, which makes the weak one look no better than it is.
ACCURACY, MOST_EPOCHS, FIRST_EPOCHS = 1e-4, 40, 200


@dataclass(frozen=True)
class Part:
    """How far the fits for a value of the penalty are.

    `whole` is the end of that of all rows, `ends` are the θ where it and those of the folds ended, `nlls` theirs, and
    `running` is the state of the fit that is being made, if it has begun.
    """

    value: float
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
    """All candidates, from the largest value of the `penalty` down; the one chosen; its θ on all rows; the passes."""

    penalty: Penalty
    candidates: tuple[Candidate, ...]
    chosen: Candidate
    theta: Theta
    epochs: int

    def value(self, candidate: Candidate) -> float:
        """The value of the penalty that a candidate has."""
        return value_of(candidate, self.penalty)

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)


@np.errstate(over="ignore", invalid="ignore")  # as in a fit: a step too far gives numbers that are not finite
def select(
    objective: Objective,
    solver: WarmSolver,
    start: Theta,
    folds: Sequence[Objective],
    *,
    penalty: Penalty,
    one_se: bool,
    on_candidate: Callable[[Candidate], object],
    on_walk: Callable[[Walk], object] = ignore,
    resume: Walk | None = None,
) -> Selection:
    """Choose a penalty of `objective` by its `folds`, each without the rows set aside: the value of the lowest NLL.

    The other penalty is that of `objective`. With `one_se`, the largest value whose NLL is within a standard error of
    the lowest (Breiman et al., 1984). `on_walk` is told before every step where the selection is. With `resume`, goes
    on from there to the same end.
    """
    path = _Path(objective, solver, start, folds, penalty, on_candidate=on_candidate, on_walk=on_walk)
    path.resume(resume)
    value, found = START, path.add(START, None)
    origin = found
    while value < LARGEST and found.nll <= path.lowest.nll + path.lowest.se:
        value, found = 10 * value, path.add(10 * value, value)
    value, found, before = START, origin, np.inf
    while value > SMALLEST and found.nll < before:
        before = found.nll - found.se
        value, found = value / 10, path.add(value / 10, value)
    on_walk(path.walk)
    candidates = tuple(sorted(path.candidates, key=lambda candidate: -path.value(candidate)))
    best = path.lowest
    chosen = next(c for c in candidates if c.nll <= best.nll + best.se) if one_se else best
    return Selection(penalty, candidates, chosen, path.ends[path.value(chosen)][0], path.epochs)


def value_of(candidate: Candidate, penalty: Penalty) -> float:
    """The value of a penalty that a candidate has."""
    return candidate.l1 if penalty == "l1" else candidate.l2


class _Path:
    """The candidates so far; for each where the fits ended: θ (p + 1, K) of all rows, then of each fold."""

    def __init__(
        self,
        objective: Objective,
        solver: WarmSolver,
        start: Theta,
        folds: Sequence[Objective],
        penalty: Penalty,
        *,
        on_candidate: Callable[[Candidate], object],
        on_walk: Callable[[Walk], object],
    ) -> None:
        self._solver, self._objective, self._start = solver, objective, start
        self._penalty, self._tell, self._tell_walk = penalty, on_candidate, on_walk
        self._folds, self._weights = folds, np.array([fold.totals.aside for fold in folds])
        self.candidates: list[Candidate] = []
        self.ends: dict[float, tuple[Theta, ...]] = {}
        self.epochs = 0
        self._known: dict[float, Candidate] = {}
        self._part: Part | None = None

    def resume(self, walk: Walk | None) -> None:
        """Know what an earlier walk found."""
        if walk is not None:
            self._known = {self.value(candidate): candidate for candidate in walk.candidates}
            self.ends = dict(zip(self._known, walk.ends, strict=True))
            self._part, self.epochs = walk.part, walk.epochs

    @property
    def lowest(self) -> Candidate:
        """The candidate of the lowest NLL."""
        return min(self.candidates, key=lambda candidate: candidate.nll)

    def value(self, candidate: Candidate) -> float:
        """The value of the penalty that a candidate has."""
        return value_of(candidate, self._penalty)

    def add(self, value: float, origin: float | None) -> Candidate:
        """The candidate of a value, known or fitted from where the fits of the candidate `origin` ended."""
        found = self._known.get(value) or self._fitted(value, origin)
        self._known[value] = found
        self.candidates.append(found)
        self._tell(found)
        return found

    def _fitted(self, value: float, origin: float | None) -> Candidate:
        """Fit all rows, then each fold without its own."""
        part = self._part if self._part is not None and self._part.value == value else Part(value)
        if part.whole is None:
            part = self._whole_fitted(part, origin)
        while len(part.nlls) < len(self._folds):
            part = self._fold_fitted(part, origin)
        self.ends[value], self._part = part.ends, None
        nll, se = mean_and_error(np.array(part.nlls, np.float64), self._weights)
        objective = self._with(self._objective, value)
        return Candidate(objective.l2, nll, se, objective.l1)

    def _with(self, objective: Objective, value: float) -> Objective:
        """An objective with a value of the penalty, and the other penalty that it has."""
        if self._penalty == "l1":
            return objective.with_penalties(l2=objective.l2, l1=value)
        return objective.with_penalties(l2=value, l1=objective.l1)

    def _whole_fitted(self, part: Part, origin: float | None) -> Part:
        whole = self._with(self._objective, part.value)
        theta = self._start if origin is None else self.ends[origin][0]
        begin = self._solver.start if origin is None else self._solver.near
        most = FIRST_EPOCHS if origin is None else MOST_EPOCHS
        state = self._minimised(whole, part, lambda: begin(whole, whole.value_and_grad(theta)), most)
        return Part(part.value, state.alone(), (state.point.theta,))

    def _fold_fitted(self, part: Part, origin: float | None) -> Part:
        """One more fold; it starts as far from where all rows ended as it was at `origin`."""
        assert part.whole is not None
        number, whole = len(part.nlls), part.whole
        fold = self._with(self._folds[number], part.value)
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
        return Walk(known, tuple(self.ends[self.value(candidate)] for candidate in known), part, self.epochs)

    @property
    def walk(self) -> Walk:
        """The whole of it, when all candidates are known."""
        return Walk(tuple(self.candidates), tuple(self.ends[self.value(c)] for c in self.candidates), None, self.epochs)


def mean_and_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The weighted mean of the folds' values and its standard error, √(Σ w (x − mean)² / Σ w / (folds − 1))."""
    mean = float(weights @ values / weights.sum())
    return mean, float(np.sqrt(weights @ (values - mean) ** 2 / weights.sum() / (len(values) - 1)))
