"""The one loop that all solvers run in: when to stop, the history, the best point, and what is called diverged.

One turn of the loop:

    1. The solver makes a step (smtrain.solvers.interface). It costs some passes over the rows, which are its epochs.
    2. If the certificate waits for the intercept only, b is moved alone.
    3. The gap at the new point is computed, and a line of the history is written.
    4. The point is compared with the best one so far.
    5. The first rule that applies ends the loop: see `_status`.

After the loop one point is chosen, and its numbers are computed once more, in float64.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Context
from enum import Enum
from typing import Any

import numpy as np

from smtrain.softmax.bundle import Bundle, is_due
from smtrain.softmax.certificate import gap as proved_gap
from smtrain.softmax.certificate import gap_at_solved_intercept, newton_gap, sharper_gap
from smtrain.softmax.intercept import intercept_passes, step_intercept
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.solvers.interface import Solver, State

# The most significant digits of a number in the history that was computed in float32. More would be rounding.
SINGLE_DIGITS = 6
# A fit that never came below its start has diverged if its last objective is above this many times that of the start.
DIVERGED_TIMES = 2


class Status(Enum):
    """How a fit ended. The value is the sentence that the user reads."""

    CONVERGED = "converged"
    MAX_EPOCHS = "stopped at the largest number of epochs"
    STALLED = "stopped: no step lowers the objective any further in floating point"
    DIVERGED = "diverged"
    EARLY = "stopped early: the validation NLL falls no more"


@dataclass(frozen=True)
class Record:
    """One line of the history, with means over the rows.

    `gap` is a share of the objective, None where it was not computed. `validation_nll` is the mean NLL of the rows set
    aside, None if there are none.
    """

    epoch: int
    nll: float
    objective: float
    gap: float | None
    gradient_norm: float
    validation_nll: float | None = None


@dataclass(frozen=True)
class Solution:
    """The outcome of a fit: a point, its record, how the fit ended, and the history.

    The point is the one of the lowest validation NLL, if that was watched; else the one that met the tolerance; else
    the one of the lowest objective.
    """

    point: Point
    record: Record
    status: Status
    history: tuple[Record, ...]

    def at(self, point: Point, gap: float | None = None) -> "Solution":
        """Return the solution with the numbers of another point, and with another `gap` if one is given."""
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
        """The passes over the rows that were made."""
        return self.history[-1].epoch


@dataclass(frozen=True)
class Progress:
    """Where a run is after a step: all that is needed to go on.

    `best_epoch` is the place of `best` in `history`. `bound` is the largest lower bound of the minimum that was proved
    so far. A bound that was proved at an earlier point stays true. `bundle` is what the last points have left for
    further bounds.
    """

    state: State
    history: tuple[Record, ...]
    best: Point
    best_epoch: int = 0
    bound: float = 0.0
    bundle: Bundle = field(default_factory=Bundle)


@dataclass(frozen=True)
class Rule:
    """When to stop, and by which number points are compared: see `minimise`."""

    epochs: int
    tol: float
    patience: int | None

    def loss(self, point: Point) -> float:
        """Return what is least at the best point: the objective, or the validation NLL if that is watched."""
        if self.patience is None or point.validation_nll is None:
            return point.objective
        return point.validation_nll


def ignore(_: object) -> None:
    """Do nothing: the callback of a caller who needs none."""


@np.errstate(over="ignore", invalid="ignore")  # `Point.finite` tells of numbers that are not finite
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
    """Run `solver` from `start` until the gap is at most `tol` of the objective, or `epochs` passes were made.

    With `patience`, the NLL of the rows set aside is watched, and the run also ends when it did not fall for `patience`
    epochs. A fit that never came below its start and ends far above it has diverged, even if its numbers are finite.
    `begin` makes the first state, in place of the solver's `start`. With `resume` the run goes on from there, and ends
    as it would have ended without the interruption.

    `on_epoch` is called with each line of the history, `on_progress` with the progress before each step and at the end.
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
    """Return the progress with a new state, its line of the history, and the better of the two points."""
    progress, before = _bounded(objective, progress, state.point), state.point
    state = _with_intercept_solved(objective, state, progress.bound, rule)
    if state.point is not before:
        progress = _bounded(objective, progress, state.point)
    gap, bound = _gap(objective, state, progress.bound, rule.tol)
    history = (*progress.history, _record(objective, state, gap))
    progress = replace(progress, state=state, history=history, bound=bound)
    if rule.loss(state.point) < rule.loss(progress.best):
        return replace(progress, best=state.point, best_epoch=len(history) - 1)
    return progress


def _bounded(objective: Objective, progress: Progress, point: Point) -> Progress:
    """Return the progress with the bound that a point proves together with those before it, if it is due."""
    if objective.l1 > 0 or objective.penalty == 0 or not point.finite or not is_due(objective, len(progress.history)):
        return progress
    bundle = progress.bundle.with_point(objective, point)
    return replace(progress, bundle=bundle, bound=max(progress.bound, bundle.bound(objective)))


def _solution(objective: Objective, progress: Progress, status: Status, rule: Rule) -> Solution:
    """Return the point that the fit ends with, and its numbers."""
    # 1. The last point, if it met the tolerance. Another may be lower by rounding, and not have met it.
    best, last = progress.best, progress.state.point
    if status is Status.CONVERGED and rule.patience is None:
        return _recomputed(objective, Solution(last, progress.history[-1], status, progress.history))
    # 2. Else the best point. Its gap is to the largest bound, which may have been proved later. Without a penalty the
    #    gap is estimated if it was not: that costs passes, which are not counted.
    if progress.best_epoch == 0 and last.objective > DIVERGED_TIMES * best.objective:
        status = Status.DIVERGED
    record = progress.history[progress.best_epoch]
    if objective.certified and status is not Status.DIVERGED:
        record = replace(record, gap=_relative(max(best.objective - progress.bound, 0.0), best))
    elif record.gap is None and status is not Status.DIVERGED:
        record = replace(record, gap=_relative(newton_gap(objective, best), best))
    return _recomputed(objective, Solution(best, record, status, progress.history))


def _recomputed(objective: Objective, solution: Solution) -> Solution:
    """Return the solution with its numbers computed in float64, by a pass over the rows that is not counted.

    The gap stays: it allows for the rounding of float32.
    """
    if not objective.rounding or solution.status is Status.DIVERGED:
        return solution
    return solution.at(objective.in_double().value_and_grad(solution.point.theta))


def _with_intercept_solved(objective: Objective, state: Any, bound: float, rule: Rule) -> Any:
    """Return the state with b moved alone, if the certificate waits for nothing else; else the state as it is.

    Near the end the gradient of W is often small enough while that of b is not. A step of Newton's method squares the
    error of b, so one step is usually enough. With l1 b is not moved: the certificate depends on the largest entry of
    W's gradient, which moves with b.
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
    """Return whether the gap is above the tolerance, and would be below it if b were solved."""
    goal = tol * point.objective
    if not point.finite or point.objective - bound <= goal:
        return False
    return gap_at_solved_intercept(objective, point) <= goal < proved_gap(objective, point)


def _status(progress: Progress, rule: Rule) -> Status | None:
    """Return how the fit has ended, by the first rule that applies, or None if it goes on."""
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
    """Return the line of the history for a state. In float32, numbers have only the digits that rounding leaves."""
    # The objective is rounded up, so that what is shown is not below the true one. The other numbers go to the nearest.
    point, relative = state.point, _relative(gap, state.point)
    nll, value, aside = point.nll, point.objective, point.validation_nll
    if error := objective.error(point.theta):
        digits = min(max(int(-math.log10(error)), 1), SINGLE_DIGITS)
        nearest, up = Context(digits, ROUND_HALF_EVEN), Context(digits, ROUND_CEILING)
        nll, aside = _rounded(nll, nearest), None if aside is None else _rounded(aside, nearest)
        value = _rounded(value * (1 + error), up)
    return Record(state.epoch, nll, value, relative, point.gradient_norm, aside)


def _rounded(value: float, context: Context) -> float:
    """Return the number to the digits of the context."""
    return float(context.create_decimal_from_float(value))


def _gap(objective: Objective, state: State, bound: float, tol: float) -> tuple[float | None, float]:
    """Return the gap at the state's point, None if it is not computed, and the largest lower bound of the minimum.

    With a penalty the gap is proved. Without one it is estimated. The estimate costs passes, which are not counted, so
    it is made only when it may end the fit: when the solver's own promise is within the tolerance; or, for a solver
    that promises nothing, at the epochs 1, 2, 4, 8, …
    """
    point = state.point
    if not point.finite:
        return None, bound
    if objective.certified:
        bound = max(bound, point.objective - sharper_gap(objective, point, tol * point.objective))
        return max(point.objective - bound, 0.0), bound
    power_of_two = state.epoch & (state.epoch - 1) == 0  # also true for 0
    due = power_of_two if state.promised is None else state.promised <= tol * point.objective
    return (newton_gap(objective, point) if due else None), bound


def _relative(gap: float | None, point: Point) -> float | None:
    """Return the gap as a share of the objective; None if there is no gap, or the objective is zero."""
    return None if gap is None or point.objective <= 0 else gap / point.objective
