"""The objective along a line, W + t D. Logits are linear in t, so a step can be tried without a pass over X.

    Z(t) = Z + t U        Z = X W + b,  U = X D + d        both (K, n), kept where the rows are

Opening a line costs the product X D, and X W if Z is not known. Each trial costs a softmax of Z(t). The step that is
taken costs one product Xᵀ R, for its gradient. Together that is about one pass over the rows, however many steps are
tried.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, Sums, logits, nll_and_residual
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.softmax.rows import Handle

# The most numbers, K n, of an array of logits that is kept: 256 MiB. Z and U are kept, and for a moment the logits of
# the step that is taken. With more numbers, steps are tried by whole passes. A larger limit could fill the memory.
MOST_LOGITS = 1 << 25
# The fewest cells of a row for which logits are kept. To multiply narrow rows costs little more than to read and write
# their logits. Measured: 784 columns gain a third of the time, 13 columns lose a tenth.
WORTHWHILE = 64


@dataclass(frozen=True)
class Logits:
    """The logits Z (K, n) of all rows at θ, kept beside the rows.

    They are in float64 even where X is float32: each step adds to them, and so would the rounding errors.
    """

    theta: Theta
    Z: Handle


@dataclass(frozen=True)
class Trial:
    """The objective J/n at a step, and its derivative by t. The objective is infinite where a number is not finite."""

    objective: float
    slope: float


class PassLine:
    """A line on which every trial is a pass over the rows."""

    def __init__(self, objective: Objective, at: Point, direction: Theta) -> None:
        self._objective, self._at, self._direction = objective, at, direction
        self._tried: dict[float, Point] = {}

    def trial(self, t: float) -> Trial:
        """Return the objective and the slope at the step t, by a pass over the rows."""
        point = self._objective.value_and_grad(self._at.theta + t * self._direction)
        self._tried = {t: point}
        slope = float((point.gradient * self._direction).sum())
        return Trial(point.objective if point.finite else np.inf, slope)

    def take(self, t: float) -> tuple[Point, Logits | None]:
        """Return the point at the step t, which must be the one that was tried last. No logits are kept."""
        return self._tried[t], None

    def passes(self, trials: int) -> int:
        """Return how many passes over the rows this number of trials costs."""
        return trials


class LogitLine:
    """A line on which a trial costs a softmax. `known` holds the logits at its start, if they were kept."""

    def __init__(self, objective: Objective, at: Point, direction: Theta, known: Logits | None) -> None:
        self._objective, self._at, self._direction = objective, at, direction
        carried = known is not None and np.array_equal(known.theta, at.theta)
        self._Z = known.Z if carried and known is not None else self._products(at.theta)
        self._U = self._products(direction)
        # ‖W + t D‖² = W·W + 2 t W·D + t² D·D, so the l2 penalty of a trial needs three numbers.
        W, D = at.theta[:-1], direction[:-1]
        self._squares = float((W * W).sum()), float((W * D).sum()), float((D * D).sum())

    def _products(self, theta: Theta) -> Handle:
        """Keep X̃ θ of all rows."""
        return self._objective.rows.keep(partial(_products, theta=theta))

    def trial(self, t: float) -> Trial:
        """Return the objective and the slope at the step t, by a softmax of the logits of all rows."""
        n, penalty = self._objective.n, self._objective.penalty
        sums = self._objective.rows.sum(partial(_along, t=t), self._Z, self._U)
        ww, wd, dd = self._squares
        value = sums.nll / n + penalty / 2 * (ww + 2 * t * wd + t * t * dd)
        slope = float(sums.b[0]) / n + penalty * (wd + t * dd)
        return Trial(value if np.isfinite(value) and np.isfinite(slope) else np.inf, slope)

    def take(self, t: float) -> tuple[Point, Logits]:
        """Return the point at the step t, with its gradient by the product Xᵀ R, and its logits, which are kept."""
        rows, theta = self._objective.rows, self._at.theta + t * self._direction
        arrived = Logits(theta, rows.keep(partial(_moved, t=t), self._Z, self._U))
        return self._objective.point(theta, rows.sum(_from_logits, arrived.Z)), arrived

    def passes(self, trials: int) -> int:  # noqa: ARG002 - they cost a softmax each
        """Return 1: the products X D and Xᵀ R cost about a pass, whatever the number of trials."""
        return 1


def open_line(
    objective: Objective, at: Point, direction: Theta, known: Logits | None, *, trials: int
) -> PassLine | LogitLine:
    """Return the line from a point in a direction. `trials` is the number of trials that are expected.

    Trials go by logits if two or more are expected, the rows are wide, and the logits have room. A single trial is
    cheaper as a pass: a pass reads X once, and a line of logits reads it twice.
    """
    rows = objective.rows
    if trials < 2 or rows.cells < WORTHWHILE or objective.classes * rows.count > MOST_LOGITS:
        return PassLine(objective, at, direction)
    return LogitLine(objective, at, direction, known)


def _products(partition: Partition, theta: Theta) -> NDArray[np.float64]:
    """Return X W + b of a partition, (K, m); or X D + d, if θ is a direction."""
    return logits(partition.X, theta[:-1], theta[-1]).astype(np.float64, copy=False)


def _moved(_: Partition, Z: NDArray[np.float64], U: NDArray[np.float64], t: float) -> NDArray[np.float64]:
    """Return Z + t U, (K, m)."""
    moved = U * t
    moved += Z
    return moved


@np.errstate(over="ignore", invalid="ignore")  # a step too far gives a value that is not finite
def _along(partition: Partition, Z: NDArray[np.float64], U: NDArray[np.float64], t: float) -> Sums:
    """Return Σ v·NLL at the step t, and the slope Σ v (s − y)·u, which takes the place of the intercept's gradient."""
    S = _moved(partition, Z, U, t).astype(partition.X.numeric.dtype, copy=False)
    v, scale = partition.scaled_weights(S.dtype)
    cost = partition.weigh(nll_and_residual(S, partition.y, v))
    return Sums(float(cost[0]), np.zeros((0, 0)), np.array([scale * np.einsum("km,km->", S, U, dtype=np.float64)]))


def _from_logits(partition: Partition, Z: NDArray[np.float64]) -> Sums:
    """Return the sums of M8 from the logits Z (K, m)."""
    R = Z.astype(partition.X.numeric.dtype)
    v, scale = partition.scaled_weights(R.dtype)
    nll, aside = partition.weigh(nll_and_residual(R, partition.y, v)).tolist()
    return Sums(nll, scale * partition.X.transpose_times(R), scale * R.sum(axis=1, dtype=np.float64), aside)
