"""The function that is minimised.

    J(W, b) = Σ_n v_n · NLL_n + l1 · Σ_jk |W_jk| + (l2 / 2) · Σ_jk W_jk²         the intercept b is never penalised

Solvers see the mean J / n with n = Σ v. The parameters are one array θ (p + 1, K): the p lines of W, then b. Gradients
have the shape of θ. X̃ is X with the intercept's column of ones.
"""

import copy
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, Sums, cost_and_gradient, curvature_times, pass_flops
from smtrain.softmax.rows import Handle, Rows, in_double, reweighted, set_aside
from smtrain.softmax.sampling import RowCounts, Sampler, row_counts
from smtrain.softmax.shrinkage import least_subgradient

# The relative error of J that the certificate allows for where J is evaluated in float32. By experiment. If it were too
# small, the gap that is shown could be below the true one; if too large, a small tolerance could not be reached.
SINGLE_ROUNDING = 2e-7
# Half of the last bit of a float32 near 1.
HALF_BIT = 2.0**-24
# The largest weight that a model can have. With larger ones the logits of the largest feature would overflow.
LARGEST_WEIGHT = 1e100
# The most steps of the power iteration for the safe step of gradient descent, a pass each.
POWER_STEPS = 100
# The relative growth of its eigenvalue at which it ends. If it ended too early, the safe step would be too long.
POWER_SETTLED = 1e-4
# The factor that makes up for what is left: the eigenvalue comes from below.
POWER_MARGIN = 1.02

Theta = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One θ with what is known there: the mean NLL, the objective J/n, and the gradient of J/n (p + 1, K).

    With l1 > 0 `gradient` is the subgradient of least norm, which is 0 at the optimum and nowhere else.
    `data_gradient` is the part of the gradient that comes from the rows, without the penalty's part. `validation_nll`
    is the mean NLL of the rows set aside, None if there are none.
    """

    theta: Theta
    nll: float
    objective: float
    gradient: Theta
    data_gradient: Theta
    validation_nll: float | None = None

    @property
    def finite(self) -> bool:
        """Whether all numbers here are finite, and no weight is above LARGEST_WEIGHT."""
        small = np.abs(self.theta) <= LARGEST_WEIGHT  # also false for NaN
        return bool(np.isfinite(self.objective) and np.isfinite(self.gradient).all() and small.all())

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient of J/n."""
        return float(np.linalg.norm(self.gradient))


@dataclass(frozen=True)
class Totals:
    """Sums over the rows: Xᵀv (p,), the weight of each class (K,), and the weight of the rows set aside."""

    x: NDArray[np.float64]
    classes: NDArray[np.float64]
    aside: float

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.x + other.x, self.classes + other.classes, self.aside + other.aside)


class Objective:
    """J/n over some rows, with K `classes` and the penalties `l2` and `l1`."""

    def __init__(self, rows: Rows, classes: int, l2: float, l1: float = 0.0) -> None:
        self.rows, self.classes, self.l2, self.l1 = rows, classes, l2, l1

    def with_penalties(self, *, l2: float, l1: float = 0.0) -> "Objective":
        """Return the objective with other penalties. What is known of the rows is kept, so it costs no pass."""
        other = copy.copy(self)
        other.l2, other.l1 = l2, l1
        return other

    @cached_property
    def rounding(self) -> float:
        """The relative error of the difference of J and its bound: 0 in float64, where no digit shows it."""
        return SINGLE_ROUNDING if self.rows.single else 0.0

    def error(self, theta: Theta) -> float:
        """Return the relative error of J at θ: in float32 that of a logit, for features of the usual size; else 0."""
        size = float(np.abs(theta).sum(axis=0).max())
        return HALF_BIT * (4 + size) if self.rounding and np.isfinite(size) else 0.0

    def in_double(self) -> "Objective":
        """Return this objective computed in float64, for the numbers that a model records."""
        if not self.rounding:
            return self
        other = copy.copy(self)
        other.rows = in_double(self.rows)
        other.rounding = 0.0
        return other

    def setting_aside(self, aside: Handle, fold: int | None = None) -> "Objective":
        """Return the objective without the rows of a mask, or of a fold, which are set aside: see `rows.set_aside`."""
        return Objective(set_aside(self.rows, aside, fold), self.classes, self.l2, self.l1)

    def sampled(self, every: int) -> "Objective":
        """Return the objective of about one row in `every`, with each class weighing as much as in all rows."""
        rows = self.rows.sampled(Sampler(self.row_counts, every).pick, every)
        of_rows = Objective(rows, self.classes, self.l2, self.l1).totals.classes
        factors = np.divide(self.totals.classes, of_rows, out=np.zeros(self.classes), where=of_rows > 0)
        return Objective(reweighted(rows, factors), self.classes, self.l2, self.l1)

    @property
    def certified(self) -> bool:
        """Whether the gap at a point can be proved: with a penalty it can."""
        return self.l1 > 0 or self.l2 > 0

    @cached_property
    def totals(self) -> Totals:
        """The sums over all rows that do not depend on θ, by one pass over the rows, once."""
        return self.rows.sum(partial(_totals, classes=self.classes))

    @cached_property
    def n(self) -> float:
        """The weight of all rows, Σ v: the number of rows if no weights were given."""
        return float(self.totals.classes.sum())

    @cached_property
    def row_counts(self) -> RowCounts:
        """The number of rows of each class that have a weight, partition by partition."""
        return self.rows.sum(partial(row_counts, classes=self.classes))

    @cached_property
    def pass_flops(self) -> int:
        """About how many flops `value_and_grad` costs."""
        return pass_flops(self.row_counts.total, self.rows.cells, self.classes)

    @property
    def penalty(self) -> float:
        """The share of the l2 penalty in the mean objective, l2 / n."""
        return self.l2 / self.n

    @property
    def threshold(self) -> Theta:
        """The l1 / n of each parameter's line, and 0 for the intercept's, (p + 1, 1)."""
        share = np.full((self.rows.features + 1, 1), self.l1 / self.n)
        share[-1] = 0
        return share

    def zeros(self) -> Theta:
        """Return W = 0, b = 0, the start: every class is equally likely there, and the NLL is ln K."""
        return np.zeros((self.rows.features + 1, self.classes))

    def value_and_grad(self, theta: Theta) -> Point:
        """Return J/n and its gradient at θ (M3, M8), by one pass over all rows."""
        W, b = theta[:-1], theta[-1]
        sums = self.rows.sum(partial(cost_and_gradient, W=W, b=b))
        return self.point(theta, sums)

    def batch_value_and_grad(self, theta: Theta, batch: Partition) -> Point:
        """Return J/n and its gradient at θ, with the mean over a mini-batch in place of the mean over all rows.

        The shares of the penalties, l1 / n and l2 / n, are those of all rows.
        """
        weight = float(batch.v.sum()) or 1.0  # if no row has a weight, only the penalty is left
        return self.point(theta, cost_and_gradient(batch, theta[:-1], theta[-1]), weight)

    def point(self, theta: Theta, sums: Sums, weight: float | None = None) -> Point:
        """Return the point at θ, from the sums over rows whose weights add up to `weight`, n by default."""
        # 1. The means over the rows.
        n = weight or self.n
        W, nll = theta[:-1], sums.nll / n
        data_gradient = np.vstack([sums.W, sums.b]) / n
        # 2. The penalty l2 and its derivative, for W and not for b.
        objective = nll + self.penalty / 2 * float((W * W).sum())
        gradient = data_gradient.copy()
        gradient[:-1] += self.penalty * W
        aside = sums.aside / self.totals.aside if weight is None and self.totals.aside else None
        # 3. The penalty l1. |w| has no derivative at 0, so the subgradient of least norm is taken.
        if self.l1:
            objective += self.l1 / self.n * float(np.abs(W).sum())
            gradient = least_subgradient(gradient, theta, self.threshold)
        return Point(theta, nll, objective, gradient, data_gradient, aside)

    def smooth_gradient(self, point: Point) -> Theta:
        """Return the gradient of J/n without the part of l1 (p + 1, K)."""
        if not self.l1:
            return point.gradient
        gradient = point.data_gradient.copy()
        gradient[:-1] += self.penalty * point.theta[:-1]
        return gradient

    def hessian_times(self, theta: Theta, direction: Theta) -> Theta:
        """Return the Hessian of J/n at θ times a direction (p + 1, K), by one pass over the rows. It takes no l1."""
        term = partial(curvature_times, W=theta[:-1], b=theta[-1], D=direction[:-1], d=direction[-1])
        sums = self.rows.sum(term)
        product = np.vstack([sums.W, sums.b]) / self.n
        product[:-1] += self.penalty * direction[:-1]
        return product

    @cached_property
    def class_features(self) -> NDArray[np.float64]:
        """Xᵀ V Y / n (p, K), by a pass over the rows, once."""
        # At θ = 0 every probability is 1/K, so the gradient is Xᵀ V (1/K − Y) / n. No one-hot Y has to be made.
        at_zero = self.value_and_grad(self.zeros())
        return np.asarray(self.totals.x[:, None] / (self.n * self.classes) - at_zero.data_gradient[:-1])

    @cached_property
    def square_sums(self) -> NDArray[np.float64]:
        """Σ v x_j² / n of every column, and 1 for the intercept, (p + 1, 1), by a pass over the rows, once."""
        return np.append(self.rows.sum(_square_sums) / self.n, 1.0)[:, None]

    def diagonal_bound(self) -> Theta:
        """Return the curvature of each parameter at θ = 0, Σ v x_j² (K − 1)/K² / n + l2 / n, (p + 1, 1).

        (K − 1)/K² is s (1 − s) at s = 1/K. It stands for the unknown s of other points.
        """
        bound = self.square_sums * (self.classes - 1) / self.classes**2
        bound[:-1] += self.penalty
        bound[bound <= 0] = 1  # a column of zeros without a penalty: any positive number will do
        return np.asarray(bound)

    def smoothness(self) -> float:
        """Return a bound of the largest eigenvalue of the Hessian of J/n at any θ: ½ λ_max(X̃ᵀVX̃/n) + l2/n.

        It costs at most POWER_STEPS passes over the rows. See docs/maths.md, "The safe step".
        """
        # Power iteration for λ_max, the largest eigenvalue of A = X̃ᵀVX̃/n:
        # 1. Start from a fixed vector u. A large column has a large share in the leading eigenvector, and in u.
        # 2. Repeat u ← A u / ‖u‖. ‖A u‖ for ‖u‖ = 1 grows towards λ_max.
        # 3. Stop when it hardly grows any more. It comes from below, so some per cent are added.
        u = np.sqrt(self.square_sums)
        top = 0.0
        for _ in range(POWER_STEPS):
            u /= np.linalg.norm(u)
            u, before = self.rows.sum(partial(_gram_times, u=u)) / self.n, top
            top = float(np.linalg.norm(u))
            if top - before <= POWER_SETTLED * top:
                break
        return POWER_MARGIN * top / 2 + self.penalty

    def row_smoothness(self) -> float:
        """Return the bound of `smoothness` for the objective of the worst single row: ½ max_n (‖x_n‖² + 1) + l2/n."""
        return self.rows.sum(_largest_norm).value / 2 + self.penalty


def _totals(partition: Partition, classes: int) -> Totals:
    """Return the totals of one partition."""
    x = partition.X.transpose_times(partition.v[None])[:, 0]
    counts = np.bincount(partition.y, weights=partition.v, minlength=classes).astype(np.float64)
    return Totals(x, counts, 0.0 if partition.u is None else float(partition.u.sum()))


def _square_sums(partition: Partition) -> NDArray[np.float64]:
    """Return Σ v x_j² of every column, (p,)."""
    # A column of a level has ones and zeros: its Σ v x_j² is its Σ v x_j.
    X = partition.X
    squares = X.transpose_times(partition.v[None])[:, 0]
    squares[: X.numeric.shape[1]] = np.einsum("i,ij,ij->j", partition.v, X.numeric, X.numeric, dtype=np.float64)
    return squares


def _gram_times(partition: Partition, u: Theta) -> NDArray[np.float64]:
    """Return X̃ᵀ V X̃ u, (p + 1, 1), for u (p + 1, 1)."""
    z = (partition.X.times(u[:-1]) + u[-1]) * partition.v
    return np.vstack([partition.X.transpose_times(z), z.sum(dtype=np.float64)[None, None]])


@dataclass(frozen=True)
class _Largest:
    """A number whose "sum" with another is the larger of the two: so a home's sum gives a maximum."""

    value: float

    def __add__(self, other: "_Largest") -> "_Largest":
        return _Largest(max(self.value, other.value))


def _largest_norm(partition: Partition) -> _Largest:
    """Return the largest ‖x_n‖² + 1 of the rows of a partition."""
    return _Largest(float(partition.X.squared_norms().max()) + 1)
