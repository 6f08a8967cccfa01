"""The objective along a line, W + t D: logits are linear in t, so trying a step costs a softmax and no pass over X.

    Z(t) = Z + t U        Z = X W + b,  U = X D + d        both (K, n), kept where the rows are

A line costs one product X D to open and one product Xᵀ R for the gradient at the step that is taken: as much as one
pass over the rows, however many steps are tried.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, Sums, logits, nll_and_residual
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.softmax.rows import Handle

# Two arrays of logits are kept; beyond so many numbers in each, steps are tried by whole passes instead.
MOST_LOGITS = 1 << 25
# Narrow rows cost little more to multiply than their logits cost to read and write: measured, 784 columns gain a third
# of the time, 13 columns lose a tenth.
WORTHWHILE = 64


@dataclass(frozen=True)
class Logits:
    """Z (K, n) of all rows at θ, kept beside the rows, in float64 even where X is float32: rounding would add up."""

    theta: Theta
    Z: Handle


@dataclass(frozen=True)
class Trial:
    """The objective J/n at a step, and its slope along the line."""

    objective: float
    slope: float


class PassLine:
    """A line on which every trial is a pass over the rows."""

    def __init__(self, objective: Objective, at: Point, direction: Theta) -> None:
        self._objective, self._at, self._direction = objective, at, direction
        self._tried: dict[float, Point] = {}

    def trial(self, t: float) -> Trial:
        """Try the step t."""
        point = self._objective.value_and_grad(self._at.theta + t * self._direction)
        self._tried = {t: point}
        slope = float((point.gradient * self._direction).sum())
        return Trial(point.objective if point.finite else np.inf, slope)

    def take(self, t: float) -> tuple[Point, Logits | None]:
        """The point at the step that was tried last."""
        return self._tried[t], None

    def passes(self, trials: int) -> int:
        """What the trials cost."""
        return trials


class LogitLine:
    """A line on which a trial is a softmax; `known` are the logits at its start, if they were kept."""

    def __init__(self, objective: Objective, at: Point, direction: Theta, known: Logits | None) -> None:
        self._objective, self._at, self._direction = objective, at, direction
        carried = known is not None and np.array_equal(known.theta, at.theta)
        self._Z = known.Z if carried and known is not None else self._products(at.theta)
        self._U = self._products(direction)
        W, D = at.theta[:-1], direction[:-1]
        self._squares = float((W * W).sum()), float((W * D).sum()), float((D * D).sum())

    def _products(self, theta: Theta) -> Handle:
        return self._objective.rows.keep(partial(_products, theta=theta))

    def trial(self, t: float) -> Trial:
        """Try the step t."""
        n, penalty = self._objective.n, self._objective.penalty
        sums = self._objective.rows.sum(partial(_along, t=t), self._Z, self._U)
        ww, wd, dd = self._squares
        value = sums.nll / n + penalty / 2 * (ww + 2 * t * wd + t * t * dd)
        slope = float(sums.b[0]) / n + penalty * (wd + t * dd)
        return Trial(value if np.isfinite(value) and np.isfinite(slope) else np.inf, slope)

    def take(self, t: float) -> tuple[Point, Logits]:
        """The point at a step, with its gradient, and its logits."""
        rows, theta = self._objective.rows, self._at.theta + t * self._direction
        arrived = Logits(theta, rows.keep(partial(_moved, t=t), self._Z, self._U))
        return self._objective.point(theta, rows.sum(_from_logits, arrived.Z)), arrived

    def passes(self, trials: int) -> int:  # noqa: ARG002 - they cost a softmax each
        """What the trials cost: the products X D and Xᵀ R."""
        return 1


def open_line(
    objective: Objective, at: Point, direction: Theta, known: Logits | None, *, trials: int
) -> PassLine | LogitLine:
    """The line from a point in a direction: by logits, if some `trials` are to be expected and there is room.

    A single trial is cheaper as a pass: it reads X once where a line reads it twice, and keeps no logits. So it is for
    narrow rows.
    """
    rows = objective.rows
    if trials < 2 or rows.cells < WORTHWHILE or objective.classes * rows.count > MOST_LOGITS:
        return PassLine(objective, at, direction)
    return LogitLine(objective, at, direction, known)


def _products(partition: Partition, theta: Theta) -> NDArray[np.float64]:
    """X W + b, or X D + d, of a partition, (K, m)."""
    return logits(partition.X, theta[:-1], theta[-1]).astype(np.float64, copy=False)


def _moved(_: Partition, Z: NDArray[np.float64], U: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """Z + t U, (K, m)."""
    moved = U * t
    moved += Z
    return moved


@np.errstate(over="ignore", invalid="ignore")  # a step too far is seen by its value
def _along(partition: Partition, Z: NDArray[np.float64], U: NDArray[np.float64], t: float) -> Sums:
    """Σ v·NLL at the step t, and the slope Σ v (s − y)·u in the place of the intercept's gradient."""
    S = _moved(partition, Z, U, t).astype(partition.X.numeric.dtype, copy=False)
    v, scale = partition.scaled_weights(S.dtype)
    cost = partition.weigh(nll_and_residual(S, partition.y, v))
    return Sums(float(cost[0]), np.zeros((0, 0)), np.array([scale * np.einsum("km,km->", S, U, dtype=np.float64)]))


def _from_logits(partition: Partition, Z: NDArray[np.float64]) -> Sums:
    """M8 at the logits Z."""
    R = Z.astype(partition.X.numeric.dtype)
    v, scale = partition.scaled_weights(R.dtype)
    nll, aside = partition.weigh(nll_and_residual(R, partition.y, v)).tolist()
    return Sums(nll, scale * partition.X.transpose_times(R), scale * R.sum(axis=1, dtype=np.float64), aside)
