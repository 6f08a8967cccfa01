"""The objective along a line, W + t D. Logits are linear in t, so a step can be tried without a pass over X.

    Z(t) = Z + t U        Z = X W + b,  U = X D + d        both (K, n), kept where the rows are

Opening a line costs the product X D, and X W if Z is not known. Each trial costs a softmax of Z(t). Where the step is
taken b is solved, W fixed, by Newton's method, whose first step follows from the trial; then the certificate has
nothing to repair. The gradient there costs one product Xᵀ R. Together that is about one pass over the rows, however
many steps are tried.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.intercept import MOST_DIRECT_CLASSES, clipped, newton_step
from smtrain.softmax.loss import InterceptSums, Partition, Sums, intercept_sums, logits, nll_and_residual
from smtrain.softmax.objective import Objective, Point, Theta
from smtrain.softmax.rows import Handle

Floats = NDArray[np.float64]

# The most numbers, K n, of an array of logits that is kept: 256 MiB. Z and U are kept, and for a moment the logits of
# the step that is taken. With more numbers, steps are tried by whole passes. A larger limit could fill the memory.
MOST_LOGITS = 1 << 25
# The fewest cells of a row for which logits are always kept. To multiply narrow rows costs little more than to read and
# write their logits. Measured: a step takes a tenth more time than a pass with 717 columns, half as much with 120.
WIDE = 256
# The fewest cells for which they are kept if a step may take several trials.
WORTHWHILE = 64
# The most steps of Newton's method on b where a step is taken. By experiment: a third one changes nothing.
INTERCEPT_STEPS = 2
# The size of such a step that is the last one: the next would be about its square.
SETTLED = 3e-4
# The most classes for each cell of a row for which b is solved: with more, its curvature costs as much as the products.
CLASSES_PER_CELL = 0.5
# How much higher, relatively, J may be with b solved than on the line, besides `Objective.rounding`: that is rounding.
NOISE = 1e-13
# The least weight whose inverse is a number. Rows of less count for nothing in the curvature of b.
LEAST_WEIGHT = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Logits:
    """The logits Z (K, n) of all rows at θ, kept beside the rows.

    They are in float64 even where X is float32: each step adds to them, and so would the rounding errors. So is their
    softmax: J is smooth along a line, however close two steps are.
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
        self._tried: dict[float, tuple[float, LineSums]] = {}

    def _products(self, theta: Theta) -> Handle:
        """Keep X̃ θ of all rows."""
        return self._objective.rows.keep(partial(_products, theta=theta))

    def trial(self, t: float) -> Trial:
        """Return the objective and the slope at the step t, by a softmax of the logits of all rows."""
        n, penalty = self._objective.n, self._objective.penalty
        sums = self._sums(t, np.zeros(self._objective.classes))
        ww, wd, dd = self._squares
        value = sums.nll / n + penalty / 2 * (ww + 2 * t * wd + t * t * dd)
        slope = sums.slope / n + penalty * (wd + t * dd)
        self._tried = {t: (value, sums)}
        return Trial(value if np.isfinite(value) and np.isfinite(slope) else np.inf, slope)

    def take(self, t: float) -> tuple[Point, Logits]:
        """Return the point at the step t, which must be the one that was tried last, with b solved; and its logits.

        Its gradient takes the product Xᵀ R. If b has moved uphill, which no proof forbids, it is put back.
        """
        on_the_line, sums = self._tried[t]
        noise = (NOISE + self._objective.rounding) * abs(on_the_line)
        shift = self._shift(t, sums)
        arrived = self._arrive(t, shift)
        if not shift.any() or arrived[0].objective <= on_the_line + noise:
            return arrived
        del arrived  # its logits are freed before those without the shift are made
        return self._arrive(t, np.zeros(self._objective.classes))

    def _arrive(self, t: float, shift: Floats) -> tuple[Point, Logits]:
        """Return the point and the logits at the step t, with b moved by a shift (K,)."""
        rows, theta = self._objective.rows, self._at.theta + t * self._direction
        theta[-1] += shift
        arrived = Logits(theta, rows.keep(partial(_moved, t=t, shift=shift), self._Z, self._U))
        return self._objective.point(theta, rows.sum(_from_logits, arrived.Z)), arrived

    def _shift(self, t: float, sums: "LineSums") -> Floats:
        """Return how far b moves, (K,), to where its gradient is 0 at the step t, whose sums are known."""
        n, shift = self._objective.n, np.zeros(self._objective.classes)
        for steps in range(INTERCEPT_STEPS if self._solving else 0):
            sums = self._sums(t, shift) if steps else sums
            step = clipped(newton_step(sums.intercept.g / n, sums.intercept.H / n))
            shift = shift - step
            if np.abs(step).max() < SETTLED:
                break
        return shift

    def _sums(self, t: float, shift: Floats) -> "LineSums":
        """Return the sums over all rows at the step t, with b moved by a shift (K,)."""
        return self._objective.rows.sum(partial(_along, t=t, shift=shift, solving=self._solving), self._Z, self._U)

    @property
    def _solving(self) -> bool:
        """Whether b is solved. Without a penalty it may have no optimum."""
        most = min(MOST_DIRECT_CLASSES, CLASSES_PER_CELL * self._objective.rows.cells)
        return self._objective.certified and self._objective.classes <= most

    def passes(self, trials: int) -> int:  # noqa: ARG002 - they cost a softmax each
        """Return 1: the products X D and Xᵀ R cost about a pass, whatever the number of trials."""
        return 1


def open_line(
    objective: Objective, at: Point, direction: Theta, known: Logits | None, *, trials: int
) -> PassLine | LogitLine:
    """Return the line from a point in a direction. `trials` is the number of trials that are expected.

    Trials go by logits if the rows are wide enough for so many, and the logits have room.
    """
    rows = objective.rows
    wide = rows.cells >= (WIDE if trials < 2 else WORTHWHILE)
    if not wide or objective.classes * rows.count > MOST_LOGITS:
        return PassLine(objective, at, direction)
    return LogitLine(objective, at, direction, known)


def _products(partition: Partition, theta: Theta) -> Floats:
    """Return X W + b of a partition, (K, m); or X D + d, if θ is a direction."""
    return np.asarray(logits(partition.X, theta[:-1], theta[-1]), np.float64)


@dataclass(frozen=True)
class LineSums:
    """Σ v·NLL at a step; its slope Σ v (s − y)·u; and the gradient and the curvature of b, 0 if b is not solved."""

    nll: float
    slope: float
    intercept: InterceptSums

    def __add__(self, other: "LineSums") -> "LineSums":
        return LineSums(self.nll + other.nll, self.slope + other.slope, self.intercept + other.intercept)


def _moved(_: Partition, Z: Floats, U: Floats, t: float, shift: Floats) -> Floats:
    """Return Z + t U, (K, m), with b moved by a shift (K,)."""
    moved = np.multiply(U, t)
    moved += Z
    moved += shift[:, None]
    return moved


@np.errstate(over="ignore", invalid="ignore")  # a step too far gives a value that is not finite
def _along(partition: Partition, Z: Floats, U: Floats, *, t: float, shift: Floats, solving: bool) -> LineSums:
    """Return the sums at the step t, with b moved by a shift (K,); with those of b if it is to be solved."""
    R, y, v = _moved(partition, Z, U, t, shift), partition.y, partition.v
    nll = float(partition.weigh(nll_and_residual(R, y, v))[0])
    slope, K = float(np.einsum("km,km->", R, U)), len(R)
    if not solving:
        return LineSums(nll, slope, InterceptSums(np.zeros(K), np.zeros((K, K))))
    # R = v (S − Y), so S = R / v + Y. The rows of no weight count in no sum.
    R *= np.divide(1, v, out=np.zeros_like(v), where=v >= LEAST_WEIGHT)
    R.reshape(-1)[y * len(y) + np.arange(len(y))] += 1
    return LineSums(nll, slope, intercept_sums(partition, R))


def _from_logits(partition: Partition, Z: Floats) -> Sums:
    """Return the sums of M8 from the logits Z (K, m)."""
    R, precision = Z.copy(), partition.X.numeric.dtype
    v, scale = partition.scaled_weights(precision)
    nll, aside = partition.weigh(nll_and_residual(R, partition.y, v)).tolist()
    return Sums(nll, scale * partition.X.transpose_times(R.astype(precision, copy=False)), scale * R.sum(axis=1), aside)
