"""The function that is minimised.

    J(W, b) = Σ_n v_n · NLL_n + l1 · Σ_jk |W_jk| + (l2 / 2) · Σ_jk W_jk²         the intercept b is never penalised

Solvers see means, J / n with n = Σ v: this module holds the only division by n.
Parameters are one array θ (p + 1, K): W over b. Gradients have the same shape.
"""

import copy
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, Sums, cost_and_gradient, curvature_times, pass_flops
from smtrain.softmax.rows import Handle, Rows, in_double, reweighted, set_aside
from smtrain.softmax.sampling import RowCounts, Sampler, row_counts

# The relative error of J that the certificate allows for where it is evaluated in float32: by experiment. If it were
# too small, a gap could be proved that is not there.
SINGLE_ROUNDING = 2e-7
# Half of the last bit of a float32 near 1.
HALF_BIT = 2.0**-24
# Weights beyond this are as good as infinite: with the largest feature their logits would overflow.
LARGEST_WEIGHT = 1e100

Theta = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One θ with what is known there: mean NLL, mean objective J/n, and the gradient of J/n (p + 1, K).

    With l1 > 0 `gradient` is the subgradient of least norm: 0 at the optimum, and there only.
    `data_gradient` is the part of the gradient that comes from the rows, without the penalty's. `validation_nll` is the
    mean NLL of the rows that are set aside, if there are any.
    """

    theta: Theta
    nll: float
    objective: float
    gradient: Theta
    data_gradient: Theta
    validation_nll: float | None = None

    @property
    def finite(self) -> bool:
        """Whether every number of it is finite, and every weight one that a model can have."""
        small = np.abs(self.theta) <= LARGEST_WEIGHT  # false for NaN
        return bool(np.isfinite(self.objective) and np.isfinite(self.gradient).all() and small.all())

    @property
    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient of J/n."""
        return float(np.linalg.norm(self.gradient))


@dataclass(frozen=True)
class Totals:
    """Sums over the rows: Xᵀv (p,) and the weight of each class (K,), and the weight of the rows that are set aside."""

    x: NDArray[np.float64]
    classes: NDArray[np.float64]
    aside: float

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.x + other.x, self.classes + other.classes, self.aside + other.aside)


class Objective:
    """J/n over some rows: K `classes`, penalties `l2` and `l1`."""

    def __init__(self, rows: Rows, classes: int, l2: float, l1: float = 0.0) -> None:
        self.rows, self.classes, self.l2, self.l1 = rows, classes, l2, l1

    def with_penalties(self, *, l2: float, l1: float = 0.0) -> "Objective":
        """The same rows under other penalties; what is known of the rows is kept, so that it costs no pass."""
        other = copy.copy(self)
        other.l2, other.l1 = l2, l1
        return other

    @cached_property
    def rounding(self) -> float:
        """The relative error of J and its bound, beside each other: 0 in float64, where it shows in no digit."""
        return SINGLE_ROUNDING if self.rows.single else 0.0

    def error(self, theta: Theta) -> float:
        """The relative error of J itself at θ: in float32 that of a logit, for features of the usual size; else 0."""
        size = float(np.abs(theta).sum(axis=0).max())
        return HALF_BIT * (4 + size) if self.rounding and np.isfinite(size) else 0.0

    def in_double(self) -> "Objective":
        """The same, computed in float64: for the numbers that are kept."""
        if not self.rounding:
            return self
        other = copy.copy(self)
        other.rows = in_double(self.rows)
        other.rounding = 0.0
        return other

    def setting_aside(self, aside: Handle, fold: int | None = None) -> "Objective":
        """The same penalties, with the rows set aside that a mask says, or those of a fold: see `rows.set_aside`."""
        return Objective(set_aside(self.rows, aside, fold), self.classes, self.l2, self.l1)

    def sampled(self, every: int) -> "Objective":
        """The objective of about one row in `every`, weighted so that each class weighs as much as in all rows."""
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
        """Xᵀv and the classes' weights, over all rows."""
        return self.rows.sum(partial(_totals, classes=self.classes))

    @cached_property
    def n(self) -> float:
        """The weight of all rows, Σ v: their number when no weights were given."""
        return float(self.totals.classes.sum())

    @cached_property
    def row_counts(self) -> RowCounts:
        """How many rows of each class weigh anything: those of the fit."""
        return self.rows.sum(partial(row_counts, classes=self.classes))

    @cached_property
    def pass_flops(self) -> int:
        """About what `value_and_grad` costs, in flops."""
        return pass_flops(self.row_counts.total, self.rows.cells, self.classes)

    @property
    def penalty(self) -> float:
        """The penalty's share in the mean objective, l2 / n."""
        return self.l2 / self.n

    @property
    def threshold(self) -> Theta:
        """The penalty's share of each parameter, l1 / n, and 0 for the intercept, (p + 1, 1)."""
        share = np.full((self.rows.features + 1, 1), self.l1 / self.n)
        share[-1] = 0
        return share

    def zeros(self) -> Theta:
        """The start: W = 0, b = 0, where every class is equally likely and the NLL is ln K."""
        return np.zeros((self.rows.features + 1, self.classes))

    def value_and_grad(self, theta: Theta) -> Point:
        """J/n and its gradient by one pass over all rows."""
        W, b = theta[:-1], theta[-1]
        sums = self.rows.sum(partial(cost_and_gradient, W=W, b=b))
        return self.point(theta, sums)

    def batch_value_and_grad(self, theta: Theta, batch: Partition) -> Point:
        """The same for a mini-batch: the mean over its rows stands for the mean over all; the penalty's share stays."""
        weight = float(batch.v.sum()) or 1.0  # rows of no weight say nothing: only the penalty is left
        return self.point(theta, cost_and_gradient(batch, theta[:-1], theta[-1]), weight)

    def point(self, theta: Theta, sums: Sums, weight: float | None = None) -> Point:
        """The point at θ from its sums over rows of this weight, n by default."""
        n = weight or self.n
        W, nll = theta[:-1], sums.nll / n
        data_gradient = np.vstack([sums.W, sums.b]) / n
        objective = nll + self.penalty / 2 * float((W * W).sum())
        gradient = data_gradient.copy()
        gradient[:-1] += self.penalty * W
        aside = sums.aside / self.totals.aside if weight is None and self.totals.aside else None
        if self.l1:
            objective += self.l1 / self.n * float(np.abs(W).sum())
            gradient = least_subgradient(gradient, theta, self.threshold)
        return Point(theta, nll, objective, gradient, data_gradient, aside)

    def smooth_gradient(self, point: Point) -> Theta:
        """The gradient of J/n without l1's part (p + 1, K)."""
        if not self.l1:
            return point.gradient
        gradient = point.data_gradient.copy()
        gradient[:-1] += self.penalty * point.theta[:-1]
        return gradient

    def hessian_times(self, theta: Theta, direction: Theta) -> Theta:
        """The Hessian of J/n at θ times a direction (p + 1, K)."""
        term = partial(curvature_times, W=theta[:-1], b=theta[-1], D=direction[:-1], d=direction[-1])
        sums = self.rows.sum(term)
        product = np.vstack([sums.W, sums.b]) / self.n
        product[:-1] += self.penalty * direction[:-1]
        return product

    @cached_property
    def class_features(self) -> NDArray[np.float64]:
        """Xᵀ V Y / n (p, K), read off the gradient at zero, where S = 1/K: no one-hot is made."""
        at_zero = self.value_and_grad(self.zeros())
        return np.asarray(self.totals.x[:, None] / (self.n * self.classes) - at_zero.data_gradient[:-1])

    @cached_property
    def square_sums(self) -> NDArray[np.float64]:
        """Σ v x_j² / n of every column, and 1 for the intercept, (p + 1, 1)."""
        return np.append(self.rows.sum(_square_sums) / self.n, 1.0)[:, None]

    def diagonal_bound(self) -> Theta:
        """A fixed curvature of each parameter, Σ v x_j² (K − 1)/K² / n + penalty, (p + 1, 1): s (1 − s) at s = 1/K."""
        bound = self.square_sums * (self.classes - 1) / self.classes**2
        bound[:-1] += self.penalty
        bound[bound <= 0] = 1  # a column of zeros, unpenalised: any curvature will do
        return np.asarray(bound)

    def smoothness(self, *, steps: int = 100) -> float:
        """L: the largest eigenvalue of the Hessian of J/n is at most ½ λ_max(X̃ᵀVX̃/n) + l2/n, X̃ with the intercept's 1s.

        λ_max by power iteration from a fixed start, with 2 % added because it is approached from below.
        """
        u = np.sqrt(self.square_sums)  # the larger a column, the larger its share in the leading eigenvector
        top = 0.0
        for _ in range(steps):
            u /= np.linalg.norm(u)
            u, before = self.rows.sum(partial(_gram_times, u=u)) / self.n, top
            top = float(np.linalg.norm(u))
            if top - before <= 1e-4 * top:
                break
        return 1.02 * top / 2 + self.penalty

    def row_smoothness(self) -> float:
        """The same bound for the single worst row: ½ max_n (‖x_n‖² + 1) + l2/n."""
        return self.rows.sum(_largest_norm).value / 2 + self.penalty


def shrunk(theta: Theta, threshold: Theta) -> Theta:
    """The proximal operator of Σ threshold |θ|: each number moved towards 0 by its threshold, at most to 0 itself."""
    return np.asarray(theta - np.clip(theta, -threshold, threshold))


def least_subgradient(gradient: Theta, theta: Theta, threshold: Theta) -> Theta:
    """The smallest of the subgradients of a smooth function plus Σ threshold |θ|."""
    return np.where(theta == 0, shrunk(gradient, threshold), gradient + threshold * np.sign(theta))


def _totals(partition: Partition, classes: int) -> Totals:
    x = partition.X.transpose_times(partition.v[None])[:, 0]
    counts = np.bincount(partition.y, weights=partition.v, minlength=classes).astype(np.float64)
    return Totals(x, counts, 0.0 if partition.u is None else float(partition.u.sum()))


def _square_sums(partition: Partition) -> NDArray[np.float64]:
    """Σ v x_j² (p,): of a 0/1 column it is Σ v x_j."""
    X = partition.X
    squares = X.transpose_times(partition.v[None])[:, 0]
    squares[: X.numeric.shape[1]] = np.einsum("i,ij,ij->j", partition.v, X.numeric, X.numeric, dtype=np.float64)
    return squares


def _gram_times(partition: Partition, u: Theta) -> NDArray[np.float64]:
    """X̃ᵀ V X̃ u of u (p + 1, 1)."""
    z = (partition.X.times(u[:-1]) + u[-1]) * partition.v
    return np.vstack([partition.X.transpose_times(z), z.sum(dtype=np.float64)[None, None]])


@dataclass(frozen=True)
class _Largest:
    """A maximum, as a sum that can be added."""

    value: float

    def __add__(self, other: "_Largest") -> "_Largest":
        return _Largest(max(self.value, other.value))


def _largest_norm(partition: Partition) -> _Largest:
    return _Largest(float(partition.X.squared_norms().max()) + 1)
