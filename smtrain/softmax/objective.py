"""The function that is minimised, and the proof of how far from its minimum a point is.

    J(W, b) = Σ_n v_n · NLL_n + l1 · Σ_jk |W_jk| + (l2 / 2) · Σ_jk W_jk²         the intercept b is never penalised

Solvers see means, J / n with n = Σ v: this module holds the only division by n.
Parameters are one array θ (p + 1, K): W over b. Gradients have the same shape.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.dual import Dual, dual_point, entropy_sum
from smtrain.softmax.loss import (
    Partition,
    Sums,
    cost_and_gradient,
    curvature_times,
    intercept_curvature,
    intercept_curvature_times,
    pass_flops,
)
from smtrain.softmax.sampling import RowCounts, Sampler, row_counts
from smtrain.softmax.tree import Additive

# The intercept's curvature is made as a K × K matrix for so many classes; beyond, that and solving with it would cost
# many passes, and at most so many products with it, half a pass each, take its place.
MOST_DIRECT_CLASSES, MOST_PRODUCTS = 200, 6
# The relative error that the certificate allows for where J is evaluated in float32, and half of its last bit.
SINGLE_ROUNDING, HALF_BIT = 2e-7, 2.0**-24
# Weights beyond this are as good as infinite: with the largest feature their logits would overflow.
LARGEST_WEIGHT = 1e100

Theta = NDArray[np.float64]
S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)


class Partitions(Protocol):
    """Where the encoded rows live. All that the mathematics asks of a home for rows."""

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        ...

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        ...

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        ...

    def in_double(self) -> Self:
        """The same rows with X in float64, with all its digits, made each time that it is asked for."""
        ...

    def sum(self, term: Callable[[Partition], T]) -> T:
        """Σ term(partition) over all partitions, in the fixed tree of smtrain.softmax.tree."""
        ...

    @property
    def width(self) -> int:
        """The cells of a row as they are kept: numbers, and one for each categorical part."""
        ...

    def take(self, rows: NDArray[np.intp]) -> Partition:
        """Gather some rows, by their position, as one partition."""
        ...

    def room(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array of any values, to be written to: for what is kept of each row."""
        ...

    def set_aside(self, rows: NDArray[np.bool_]) -> Self:
        """The same rows, of which some, (n,), are set aside; those that are so already are left out altogether."""
        ...

    def reweighted(self, factors: NDArray[np.float64]) -> Self:
        """The same rows, their weights times the factor of their class, (K,)."""
        ...

    def sampled(
        self, pick: Callable[[Partition], NDArray[np.intp]], every: int
    ) -> AbstractContextManager["Partitions"]:
        """About one row in `every`: those that `pick` finds in each partition. Let go at the end of the context."""
        ...

    def lending(self) -> AbstractContextManager[None]:
        """A while at whose end the arrays of `room` that it asked for are given back."""
        ...

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterable[R]:
        """`function` of each thing, by the same threads, in order."""
        ...


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
    """J/n over some partitions: K `classes`, penalties `l2` and `l1`."""

    def __init__(self, partitions: Partitions, classes: int, l2: float, l1: float = 0.0) -> None:
        self.partitions, self.classes, self.l2, self.l1 = partitions, classes, l2, l1

    def with_penalties(self, *, l2: float, l1: float = 0.0) -> "Objective":
        """The same rows under other penalties; what is known of the rows is kept, so that it costs no pass."""
        other = copy.copy(self)
        other.l2, other.l1 = l2, l1
        return other

    @cached_property
    def rounding(self) -> float:
        """The relative error of J and its bound, beside each other: 0 in float64, where it shows in no digit."""
        return SINGLE_ROUNDING if self.partitions.single else 0.0

    def error(self, theta: Theta) -> float:
        """The relative error of J itself at θ: in float32 that of a logit, for features of the usual size; else 0."""
        size = float(np.abs(theta).sum(axis=0).max())
        return HALF_BIT * (4 + size) if self.rounding and np.isfinite(size) else 0.0

    def in_double(self) -> "Objective":
        """The same, computed in float64: for the numbers that are kept."""
        if not self.rounding:
            return self
        other = copy.copy(self)
        other.partitions = self.partitions.in_double()
        other.rounding = 0.0
        return other

    def setting_aside(self, rows: NDArray[np.bool_]) -> "Objective":
        """The same penalties, with some of the rows of the fit, (n,), set aside."""
        return Objective(self.partitions.set_aside(rows), self.classes, self.l2, self.l1)

    @contextmanager
    def sampled(self, every: int) -> Iterator["Objective"]:
        """The objective of about one row in `every`, weighted so that each class weighs as much as in all rows."""
        with self.partitions.sampled(Sampler(self.row_counts, every).rows, every) as rows:
            of_rows = Objective(rows, self.classes, self.l2, self.l1).totals.classes
            factors = np.divide(self.totals.classes, of_rows, out=np.zeros(self.classes), where=of_rows > 0)
            yield Objective(rows.reweighted(factors), self.classes, self.l2, self.l1)

    @property
    def certified(self) -> bool:
        """Whether `gap` is a proof: with a penalty it is."""
        return self.l1 > 0 or self.l2 > 0

    @cached_property
    def totals(self) -> Totals:
        """Xᵀv and the classes' weights, over all rows."""
        return self.partitions.sum(partial(_totals, classes=self.classes))

    @cached_property
    def n(self) -> float:
        """The weight of all rows, Σ v: their number when no weights were given."""
        return float(self.totals.classes.sum())

    @cached_property
    def row_counts(self) -> RowCounts:
        """How many rows of each class weigh anything: those of the fit."""
        return self.partitions.sum(partial(row_counts, classes=self.classes))

    @cached_property
    def pass_flops(self) -> int:
        """About what `value_and_grad` costs, in flops."""
        return pass_flops(self.row_counts.total, self.partitions.width, self.classes)

    @property
    def penalty(self) -> float:
        """The penalty's share in the mean objective, l2 / n."""
        return self.l2 / self.n

    @property
    def threshold(self) -> Theta:
        """The penalty's share of each parameter, l1 / n, and 0 for the intercept, (p + 1, 1)."""
        share = np.full((self.partitions.features + 1, 1), self.l1 / self.n)
        share[-1] = 0
        return share

    @cached_property
    def logit_room(self) -> tuple[NDArray[np.float64], ...]:
        """Room for three arrays of logits of all rows, (K, n) each: memory that is used again is ten times faster."""
        return tuple(self.partitions.room((self.classes, self.partitions.rows)) for _ in range(3))

    def zeros(self) -> Theta:
        """The start: W = 0, b = 0, where every class is equally likely and the NLL is ln K."""
        return np.zeros((self.partitions.features + 1, self.classes))

    def value_and_grad(self, theta: Theta) -> Point:
        """J/n and its gradient by one pass over all rows."""
        W, b = theta[:-1], theta[-1]
        sums = self.partitions.sum(partial(cost_and_gradient, W=W, b=b))
        return self.point(theta, sums)

    def batch_value_and_grad(self, theta: Theta, rows: NDArray[np.intp]) -> Point:
        """The same for a mini-batch: the mean over `rows` stands for the mean over all; the penalty's share stays."""
        batch = self.partitions.take(rows)
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
        sums = self.partitions.sum(term)
        product = np.vstack([sums.W, sums.b]) / self.n
        product[:-1] += self.penalty * direction[:-1]
        return product

    @cached_property
    def _class_features(self) -> NDArray[np.float64]:
        """Xᵀ V Y / n (p, K), read off the gradient at zero, where S = 1/K: no one-hot is made."""
        at_zero = self.value_and_grad(self.zeros())
        return np.asarray(self.totals.x[:, None] / (self.n * self.classes) - at_zero.data_gradient[:-1])

    def gap(self, point: Point) -> float:
        """A proved bound on J(θ)/n − min J/n, with a penalty; see dual.py and docs/maths.md, "Certificate".

        With l1 = 0 and the intercept's gradient zero it is ‖∂J/∂W‖² / (2 l2) over n.
        """
        return self._above(point, self._dual(point).bound)

    def sharper_gap(self, point: Point, enough: float) -> float:
        """`gap`; or for l1 > 0 a smaller bound, by half a pass, if that is likely to be `enough` where `gap` is not."""
        dual = self._dual(point)
        gap = self._above(point, dual.bound)
        if self.l1 == 0 or gap <= enough or self._above(point, dual.forecast(point.nll)) > enough:
            return gap
        entropy = self.partitions.sum(partial(entropy_sum, W=point.theta[:-1], b=point.theta[-1], dual=dual)) / self.n
        return min(gap, self._above(point, entropy - dual.cost))

    def _above(self, point: Point, bound: float) -> float:
        """The objective above a bound, of which either may be off by their rounding. The optimum is not below zero."""
        return max(point.objective - max(bound, 0.0), 0.0) + 2 * self.rounding * point.objective

    def _dual(self, point: Point) -> Dual:
        W, b = point.theta[:-1], point.theta[-1]
        G, g = point.data_gradient[:-1], point.data_gradient[-1]
        entropy = point.nll - float((G * W).sum()) - float(g @ b)  # mean of −Σ_k s log s
        c = self.totals.classes / self.n
        return dual_point(entropy, G, g, c, G + self._class_features, l1=self.l1 / self.n, l2=self.penalty)

    def gap_at_solved_intercept(self, point: Point) -> float:
        """What `gap` would be for l1 = 0, to first order, if b were re-solved: ‖∂J/∂W‖² / (2 l2) over n. No proof."""
        gap = float((point.gradient[:-1] ** 2).sum()) / (2 * self.penalty)
        return gap + 2 * self.rounding * point.objective

    @property
    def intercept_passes(self) -> int:
        """What `step_intercept` costs at most, in passes over the rows."""
        return 2 if self.classes <= MOST_DIRECT_CLASSES else 2 + MOST_PRODUCTS // 2

    def step_intercept(self, point: Point) -> Point:
        """The point after one step of Newton's method on b alone; `point` if it is no lower."""
        W, b = point.theta[:-1], point.theta[-1]
        step = self._intercept_step(W, b)
        b = b - step * min(1.0, 2 / max(float(np.abs(step).max()), 1e-300))
        found = self.value_and_grad(np.vstack([W, b]))
        return found if found.objective <= point.objective else point

    def _intercept_step(self, W: Theta, b: Theta) -> Theta:
        """H⁻¹ g of the intercept, (K,): solved, or for many classes nearly so by conjugate gradients."""
        few = self.classes <= MOST_DIRECT_CLASSES
        sums = self.partitions.sum(partial(intercept_curvature, W=W, b=b, diagonal=not few))
        g, H = sums.g / self.n, sums.H / self.n
        if few:
            return np.asarray(np.linalg.lstsq(H, g, rcond=1e-12)[0])  # H is singular: Σ_k g_k = 0
        scale = 1 / np.maximum(H, 1e-12 * H.max() + 1e-300)
        term = partial(intercept_curvature_times, W=W, b=b)
        times = lambda d: self.partitions.sum(partial(term, d=d)) / self.n  # noqa: E731
        step = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=1e-3, most=MOST_PRODUCTS)
        return np.asarray(step - step.mean())

    def newton_gap(self, point: Point, *, accuracy: float = 0.1, most: int = 50) -> float:
        """An estimate, g·H⁻¹g / 2, of J(θ)/n − min J/n: what a Newton step promises. Used at l2 = 0; no proof.

        H⁻¹g by at most `most` conjugate-gradient steps, preconditioned by H's diagonal bound, to a relative residual
        of `accuracy`; each step costs one pass over the rows. Stopping early errs on the low side.
        """
        g = point.gradient - point.gradient.mean(axis=1, keepdims=True)
        times = partial(self.hessian_times, point.theta)
        scale = 1 / self.diagonal_bound()
        x = conjugate_gradients(times, g, partial(np.multiply, scale), accuracy=accuracy, most=most)
        return float((g * x).sum()) / 2

    @cached_property
    def square_sums(self) -> NDArray[np.float64]:
        """Σ v x_j² / n of every column, and 1 for the intercept, (p + 1, 1)."""
        return np.append(self.partitions.sum(_square_sums) / self.n, 1.0)[:, None]

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
            u, before = self.partitions.sum(partial(_gram_times, u=u)) / self.n, top
            top = float(np.linalg.norm(u))
            if top - before <= 1e-4 * top:
                break
        return 1.02 * top / 2 + self.penalty

    def row_smoothness(self) -> float:
        """The same bound for the single worst row: ½ max_n (‖x_n‖² + 1) + l2/n."""
        return self.partitions.sum(_largest_norm).value / 2 + self.penalty


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
