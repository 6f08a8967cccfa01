"""What a solver is, and the one loop that all of them run in: stopping, history, the non-finite check.

A solver knows the objective and nothing else: no data, no printing, no clock. It is a small value with two methods;
what it remembers between steps is its `State`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from smtrain.softmax.certificate import gap as proved_gap
from smtrain.softmax.certificate import gap_at_solved_intercept, newton_gap, sharper_gap
from smtrain.softmax.intercept import intercept_passes, step_intercept
from smtrain.softmax.objective import Objective, Point, Theta

# What is computed in float32 is said to so many digits at most.
SINGLE_DIGITS = 6


class Status(Enum):
    """How a fit ended; the value is the sentence that the user reads."""

    CONVERGED = "converged"
    MAX_EPOCHS = "stopped at the largest number of epochs"
    STALLED = "stopped: no step lowers the objective any further in floating point"
    DIVERGED = "diverged"
    EARLY = "stopped early: the validation NLL falls no more"


@dataclass(frozen=True)
class Record:
    """One line of the history: means per row; `gap` is relative to the objective, None when it was not computed.

    `validation_nll` is that of the rows set aside, None if there are none.
    """

    epoch: int
    nll: float
    objective: float
    gap: float | None
    gradient_norm: float
    validation_nll: float | None = None


@dataclass(frozen=True)
class Solution:
    """The outcome: a point, its record, and the history.

    It is the point of the lowest validation NLL, if that was to be watched; else the one that met the tolerance; else
    the one of the lowest objective.
    """

    point: Point
    record: Record
    status: Status
    history: tuple[Record, ...]

    def at(self, point: Point, gap: float | None = None) -> "Solution":
        """The solution with the numbers of another point, and its `gap` where it is not the same."""
        record = replace(
            self.record,
            nll=point.nll,
            objective=point.objective,
            gap=self.record.gap if gap is None else gap,
            gradient_norm=point.gradient_norm,
            validation_nll=point.validation_nll,
        )
        return replace(self, point=point, record=record)

    @property
    def epochs(self) -> int:
        """Passes over the rows that were made."""
        return self.history[-1].epoch


@dataclass(frozen=True)
class State:
    """What every solver remembers: where it is and after how many passes.

    `promised` is the decrease of the objective that the solver's own model of the curvature promises, if it has one.
    """

    point: Point
    epoch: int = 0
    promised: float | None = None
    stalled: bool = False

    def alone(self) -> Self:
        """The state without what is kept beside the rows for it."""
        return self


@dataclass(frozen=True)
class Shape:
    """The size of a fit: rows n, features p, cells of a row, classes K, and the threads that work on it."""

    rows: int
    features: int
    cells: int
    classes: int
    threads: int


class Solver(Protocol):
    """A method of minimisation. `state` is the class of what it remembers, so that a checkpoint can be read back.

    It says what it can: minimise with `l1`, learn from mini-`batches`, start `warm` from where another fit ended.
    """

    state: ClassVar[type[State]]
    l1: ClassVar[bool]
    batches: ClassVar[bool]
    warm: ClassVar[bool]

    def most_bytes(self, shape: Shape) -> int:
        """The most memory that it takes for a fit of this size, besides a few arrays like the weights."""
        ...

    def start(self, objective: Objective, point: Point) -> Any:
        """Return the state at the first point."""
        ...

    def step(self, objective: Objective, state: Any, passes: int) -> Any:
        """Return the state after one step, made with at most `passes` passes over the rows."""
        ...


class WarmSolver(Solver, Protocol):
    """A solver that starts well from where another fit ended."""

    def near(self, objective: Objective, point: Point) -> Any:
        """Return the state at a point near the optimum."""
        ...

    def moved(self, objective: Objective, state: Any, theta: Theta) -> Any:
        """Return a state at θ for a similar objective, on other rows, that knows what `state` knows."""
        ...

    def is_near(self, state: Any, accuracy: float) -> bool:
        """Return whether little is left to gain, as a share of the objective."""
        ...


@dataclass(frozen=True)
class Progress:
    """Where a run is after an epoch: all that is needed to go on.

    `best_epoch` is the place of `best` in `history`. `bound` is the largest lower bound of the objective proved
    so far: one that was proved at an earlier point holds for ever.
    """

    state: State
    history: tuple[Record, ...]
    best: Point
    best_epoch: int = 0
    bound: float = 0.0


@dataclass(frozen=True)
class Rule:
    """When to stop, and by what to compare points: see `minimise`."""

    epochs: int
    tol: float
    patience: int | None

    def loss(self, point: Point) -> float:
        """What the best point has least of: the objective, or the validation NLL if that is watched."""
        if self.patience is None or point.validation_nll is None:
            return point.objective
        return point.validation_nll


def ignore(_: object) -> None:
    """The callback of those who do not want to know."""


@np.errstate(over="ignore", invalid="ignore")  # numbers that are not finite are looked for, in the point itself
def minimise(
    objective: Objective,
    solver: Solver,
    start: Theta,
    *,
    epochs: int,
    tol: float,
    patience: int | None = None,
    on_epoch: Callable[[Record], object] = ignore,
    on_progress: Callable[[Progress], object] = ignore,
    resume: Progress | None = None,
    begin: Callable[[Objective, Point], Any] | None = None,
) -> Solution:
    """Run `solver` from `start` until the relative gap is at most `tol`, or `epochs` passes were made.

    With `patience`, the NLL of the rows set aside is watched: the run also ends when it was not lowered for so many
    epochs. A fit that never came below its start and ends at twice its objective has diverged, even if its numbers are
    still finite. With `resume`, goes on from there to the same end. `begin` makes the first state, in place of the
    solver's `start`.
    """
    rule = Rule(epochs, tol, patience)
    progress = resume
    if progress is None:
        state = (begin or solver.start)(objective, objective.value_and_grad(start))
        progress = Progress(state, (), state.point)
        progress = _noted(objective, progress, state, rule)
        on_epoch(progress.history[-1])
    while (status := _status(progress, rule)) is None:
        on_progress(progress)
        state = solver.step(objective, progress.state, epochs - progress.state.epoch)
        progress = _noted(objective, progress, state, rule)
        on_epoch(progress.history[-1])
    on_progress(progress)
    return _solution(objective, progress, status, rule)


def _noted(objective: Objective, progress: Progress, state: Any, rule: Rule) -> Progress:
    """The progress with a new state, its record, and the better of the best point and the state's."""
    state = _with_intercept_solved(objective, state, progress.bound, rule)
    gap, bound = _gap(objective, state, progress.bound, rule.tol)
    history = (*progress.history, _record(objective, state, gap))
    progress = replace(progress, state=state, history=history, bound=bound)
    if rule.loss(state.point) < rule.loss(progress.best):
        return replace(progress, best=state.point, best_epoch=len(history) - 1)
    return progress


def _solution(objective: Objective, progress: Progress, status: Status, rule: Rule) -> Solution:
    best, last = progress.best, progress.state.point
    if status is Status.CONVERGED and rule.patience is None:
        # The point that met the tolerance; one that is lower by rounding may not have.
        return _recomputed(objective, Solution(last, progress.history[-1], status, progress.history))
    if progress.best_epoch == 0 and last.objective > 2 * best.objective:
        status = Status.DIVERGED
    record = progress.history[progress.best_epoch]
    if objective.certified and status is not Status.DIVERGED:  # what was proved later holds for it too
        record = replace(record, gap=_relative(max(best.objective - progress.bound, 0.0), best))
    elif record.gap is None and status is not Status.DIVERGED:
        record = replace(record, gap=_relative(newton_gap(objective, best), best))
    return _recomputed(objective, Solution(best, record, status, progress.history))


def _recomputed(objective: Objective, solution: Solution) -> Solution:
    """The solution with its numbers computed in float64, by a pass over the rows; the gap allows for rounding."""
    if not objective.rounding or solution.status is Status.DIVERGED:
        return solution
    return solution.at(objective.in_double().value_and_grad(solution.point.theta))


def _with_intercept_solved(objective: Objective, state: Any, bound: float, rule: Rule) -> Any:
    """Move b alone when the certificate only waits for it: near the end W's gradient is small enough, b's is not yet.

    A step of Newton's method squares the error, so one is usually enough. With l1 the certificate asks for each entry
    of W's gradient, and those move with b.
    """
    if objective.l1 > 0 or objective.penalty == 0:
        return state
    passes = intercept_passes(objective.classes)
    while _waits_for_intercept(objective, state.point, bound, rule.tol) and rule.epochs - state.epoch >= passes:
        point = step_intercept(objective, state.point)
        moved = point is not state.point
        state = replace(state, point=point, epoch=state.epoch + passes)
        if not moved:
            break
    return state


def _waits_for_intercept(objective: Objective, point: Point, bound: float, tol: float) -> bool:
    goal = tol * point.objective
    if not point.finite or point.objective - bound <= goal:
        return False
    return gap_at_solved_intercept(objective, point) <= goal < proved_gap(objective, point)


def _status(progress: Progress, rule: Rule) -> Status | None:
    state, record = progress.state, progress.history[-1]
    if not state.point.finite:
        return Status.DIVERGED
    if record.gap is not None and record.gap <= rule.tol:
        return Status.CONVERGED
    since_best = state.epoch - progress.history[progress.best_epoch].epoch
    if rule.patience is not None and since_best >= rule.patience:
        return Status.EARLY
    if state.stalled or record.gradient_norm == 0:
        return Status.STALLED
    return Status.MAX_EPOCHS if state.epoch >= rule.epochs else None


def _record(objective: Objective, state: State, gap: float | None) -> Record:
    """The record of a state: in float32 to the digits that there are, the objective rounded up."""
    point, relative = state.point, _relative(gap, state.point)
    nll, value, aside = point.nll, point.objective, point.validation_nll
    if error := objective.error(point.theta):
        digits = min(max(int(-math.log10(error)), 1), SINGLE_DIGITS)
        nearest, up = Context(digits, ROUND_HALF_EVEN), Context(digits, ROUND_CEILING)
        nll, aside = _rounded(nll, nearest), None if aside is None else _rounded(aside, nearest)
        value = _rounded(value * (1 + error), up)
    return Record(state.epoch, nll, value, relative, point.gradient_norm, aside)


def _rounded(value: float, context: Context) -> float:
    return float(context.create_decimal_from_float(value))


def _gap(objective: Objective, state: State, bound: float, tol: float) -> tuple[float | None, float]:
    """The gap at the state's point, and the largest lower bound known now.

    It is the certificate where there is one; else the estimate, which costs passes and so is made only when it may
    count: when the solver's own promise is within the tolerance; or, for a solver that promises nothing, at the epochs
    1, 2, 4, 8, …
    """
    point = state.point
    if not point.finite:
        return None, bound
    if objective.certified:
        bound = max(bound, point.objective - sharper_gap(objective, point, tol * point.objective))
        return max(point.objective - bound, 0.0), bound
    power_of_two = state.epoch & (state.epoch - 1) == 0
    due = power_of_two if state.promised is None else state.promised <= tol * point.objective
    return (newton_gap(objective, point) if due else None), bound


def _relative(gap: float | None, point: Point) -> float | None:
    """The gap as a share of the objective; None at an objective of zero, of which there is no share."""
    return None if gap is None or point.objective <= 0 else gap / point.objective
