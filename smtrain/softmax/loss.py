"""Softmax and negative log-likelihood: M1–M8 of docs/maths.md in code, for the rows of one partition.

Shapes: m rows, p features, K classes. X is a Design (m, p), W (p, K), b (K,), y (m,) class codes, v (m,) row weights.
Logits Z, probabilities S and residual R = S − Y are class-major, (K, m). The one-hot Y is never made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Design, Floats

# Rows are taken so many at a time that Z (K, rows) stays in the processor's cache, whatever K is.
CACHE_LOGITS = 1 << 17
# But with words so many, and so many a level: their products go class by class and write K numbers a level, however few
# the rows. Measured with 1,030 levels and 701 classes, a pass takes 0.40 s in tiles of 187 rows, 0.07 s in one of all.
FEWEST_ROWS, ROWS_OF_WORDS, ROWS_PER_LEVEL = 64, 1024, 4
# So many flops, some hundredths of a second, are not saved on: a pass over few rows counts as so dear.
TRIFLE = 1 << 25


def pass_flops(rows: int, width: int, classes: int) -> int:
    """About what a pass over rows of so many cells costs, in flops."""
    return rows * classes * (4 * width + 20)


@dataclass(frozen=True)
class Partition:
    """Some rows of the training data: X, y (class codes, (m,)) and v (row weights, (m,)).

    `start` is the position of its first row among all rows, by which random draws differ; its home knows it. `u` (m,)
    are the weights of rows that are set aside, which count in no sum but that of their own NLL; their v is 0. None if
    there are none.
    """

    X: Design
    y: NDArray[np.intp]
    v: NDArray[np.float64]
    start: int = 0
    u: NDArray[np.float64] | None = None

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return self.X.rows

    def take(self, rows: Any) -> "Partition":
        """Return the partition of some of these rows."""
        return Partition(self.X.take(rows), self.y[rows], self.v[rows], u=None if self.u is None else self.u[rows])

    def set_aside(self, rows: NDArray[np.bool_]) -> "Partition":
        """The same rows, of which some, (m,), are set aside; those that are so already are left out altogether."""
        return replace(self, v=np.where(rows, 0.0, self.v), u=np.where(rows, self.v, 0.0))

    def weighing(self, v: NDArray[np.float64]) -> "Partition":
        """The same rows with other weights, (m,)."""
        return replace(self, v=v)

    def in_double(self) -> "Partition":
        """The same rows with X in float64, with all its digits."""
        return replace(self, X=self.X.in_double())

    def scaled_weights(self, dtype: Any) -> tuple[Floats, float]:
        """The weights v in the precision of the logits, and what they are to be multiplied by.

        In float32 they are shares of the largest, so that weights up to 1e152 do not overflow.
        """
        if dtype != np.float32:
            return self.v, 1.0
        top = float(self.v.max()) or 1.0
        return (self.v / top).astype(np.float32), top

    def weigh(self, cost: Floats) -> NDArray[np.float64]:
        """Σ v·cost and Σ u·cost, (2,), of a cost (m,) of every row."""
        aside = 0.0 if self.u is None else float((self.u * cost).sum())
        return np.array([(self.v * cost).sum(), aside])

    def tiles(self, classes: int) -> Iterator["Partition"]:
        """Split into runs of rows whose logits fit the cache; the runs depend on the data alone."""
        levels = sum(self.X.levels)
        fewest = max(ROWS_OF_WORDS, ROWS_PER_LEVEL * levels) if levels else FEWEST_ROWS
        size = max(fewest, CACHE_LOGITS // classes)
        if size >= self.rows:
            yield self
            return
        for start in range(0, self.rows, size):
            yield self.take(slice(start, start + size))


@dataclass(frozen=True)
class Sums:
    """What a partition adds to the cost and its gradient: Σ v·NLL, Xᵀ V R (p, K) and Σ v·R (K,).

    `aside` is Σ u·NLL, that of the rows that are set aside.
    """

    nll: float
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    aside: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.nll + other.nll, self.W + other.W, self.b + other.b, self.aside + other.aside)


def logits(X: Design, W: Floats, b: Floats) -> Floats:
    """Z = X W + b, class-major (K, m)."""
    Z = X.times(W)
    Z += b[:, None].astype(Z.dtype, copy=False)
    return Z


def softmax(Z: Floats) -> Floats:
    """M1: s_k = exp z_k / Σ_j exp z_j, class-major (K, m).

    Adding a constant to every z of a row changes nothing, so the row's maximum is taken off first: exp cannot overflow.
    """
    S = np.exp(Z - Z.max(axis=0))
    S /= _over_classes(S)
    return np.asarray(S)


def _over_classes(E: Floats) -> Floats:
    """Σ_k of each column of E (K, m), one class after another: numpy would add a single column in another order."""
    return np.asarray(E.sum(axis=0) if E.shape[1] > 1 else np.add.accumulate(E, axis=0)[-1])


def nll(Z: Floats, y: NDArray[np.intp]) -> Floats:
    """M3: log Σ_j exp z_nj − z_n,y_n of every row, (m,): from the logits, never as log(softmax)."""
    top = Z.max(axis=0)
    return np.asarray(np.log(_over_classes(np.exp(Z - top))) + top - Z[y, np.arange(len(y))])


def nll_and_residual(Z: Floats, y: NDArray[np.intp], v: Floats) -> Floats:
    """M3 and M6 in one pass over Z, row-major, which is overwritten: returns the NLL (m,), leaves R = v (S − Y) in Z.

    The same formulas as `nll` and `softmax`, sharing the one exponential that both need. In float32, where the sum of
    the exponentials is often 1 but for less than the last bit, it is made in float64: then log1p of what it is above 1,
    and what it is above exp z_y, have all digits of the logits however small the NLL is.
    """
    own = y * len(y) + np.arange(len(y))  # the places of z_n,y_n in Z row by row: half the time of Z[y, rows]
    flat = Z.reshape(-1)
    Z -= Z.max(axis=0)
    z_y = flat.take(own)
    np.exp(Z, out=Z)
    total = Z.sum(axis=0, dtype=np.float64)
    if Z.dtype == np.float32:
        cost, others = np.log1p(total - 1) - z_y, total - flat.take(own)
        Z *= (v / total).astype(np.float32)
        flat[own] = -v * (others / total)
        return np.asarray(cost)
    cost = np.log(total) - z_y
    Z *= v / total
    flat[own] = flat.take(own) - v
    return np.asarray(cost)


@np.errstate(over="ignore", invalid="ignore")  # a step too far gives numbers that are not finite; the solver sees them
def cost_and_gradient(partition: Partition, W: Floats, b: Floats) -> Sums:
    """M8: Σ_n v_n NLL_n, and Σ_n v_n x_n ⊗ (s_n − y_n) = Xᵀ V (S − Y), of one partition."""
    cost, G, g = np.zeros(2), np.zeros((W.shape[0], len(b))), np.zeros(len(b))
    for tile in partition.tiles(len(b)):
        Z = logits(tile.X, W, b)
        v, scale = tile.scaled_weights(Z.dtype)
        cost += tile.weigh(nll_and_residual(Z, tile.y, v))
        G += scale * tile.X.transpose_times(Z)
        g += scale * Z.sum(axis=1, dtype=np.float64)
    return Sums(float(cost[0]), G, g, float(cost[1]))


def curvature_times(partition: Partition, W: Floats, b: Floats, D: Floats, d: Floats) -> Sums:
    """The Hessian's product with a direction (D, d): Xᵀ V (S ∘ (U − Σ_k s_k u_k)) with U = X D + d, by M5.

    The `nll` of the result is not used and is zero.
    """
    G, g = np.zeros(D.shape), np.zeros(d.shape)
    for tile in partition.tiles(len(b)):
        S = softmax(logits(tile.X, W, b))
        U = logits(tile.X, D, d)
        U -= (S * U).sum(axis=0)
        U *= S
        v, scale = tile.scaled_weights(U.dtype)
        U *= v
        G += scale * tile.X.transpose_times(U)
        g += scale * U.sum(axis=1, dtype=np.float64)
    return Sums(0.0, G, g)


@dataclass(frozen=True)
class InterceptSums:
    """The gradient Σ v (s − y), (K,), and the curvature Σ v (diag s − s sᵀ) of the intercept alone.

    `H` is that matrix (K, K), or its diagonal (K,).
    """

    g: NDArray[np.float64]
    H: NDArray[np.float64]

    def __add__(self, other: "InterceptSums") -> "InterceptSums":
        return InterceptSums(self.g + other.g, self.H + other.H)


def intercept_curvature(partition: Partition, W: Floats, b: Floats, *, diagonal: bool = False) -> InterceptSums:
    """M5 and M6 for b alone: the forward half of a pass, and the K × K sums, or their `diagonal` only."""
    K = len(b)
    g = -np.bincount(partition.y, weights=partition.v, minlength=K).astype(np.float64)
    H = np.zeros(K if diagonal else (K, K))
    for tile in partition.tiles(K):
        S = softmax(logits(tile.X, W, b)).astype(np.float64, copy=False)
        VS = S * tile.v
        totals = VS.sum(axis=1)
        g += totals
        H += totals - np.einsum("km,km->k", VS, S) if diagonal else np.diag(totals) - VS @ S.T
    return InterceptSums(g, H)


def intercept_curvature_times(partition: Partition, W: Floats, b: Floats, d: Floats) -> NDArray[np.float64]:
    """Σ v (diag s − s sᵀ) d of a direction d (K,) of the intercept: the forward half of a pass, and no K × K matrix."""
    product = np.zeros(len(d))
    for tile in partition.tiles(len(b)):
        S = softmax(logits(tile.X, W, b))
        product += (S * tile.v) @ np.ones(tile.rows) * d - S @ (tile.v * (d @ S))
    return product
