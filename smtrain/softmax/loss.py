"""Softmax and negative log-likelihood: M1–M8 of docs/maths.md in code, for the rows of one partition.

Shapes: m rows, p features, K classes. X is a Design (m, p), W (p, K), b (K,), y (m,) class codes, v (m,) row weights.
The logits Z, the probabilities S and the residual R = S − Y are class-major, (K, m). The one-hot Y is never made.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Design, Floats

# Logits of a tile of rows: 1 MiB of float64, which stays in a processor's cache. Another number costs time, and changes
# the last bits of sums.
CACHE_LOGITS = 1 << 17
# The fewest rows of a tile, however many classes there are: with fewer, the calls cost more than the work.
FEWEST_ROWS = 64
# The fewest rows of a tile in a table with categorical parts …
ROWS_OF_WORDS = 1024
# … and the fewest for each level. The products with levels go class by class and write K numbers for each level,
# however few the rows are. Measured with 1,030 levels and 701 classes: a pass takes 0.40 s in tiles of 187 rows, and
# 0.07 s in one tile of all rows.
ROWS_PER_LEVEL = 4
# Flops that are not worth saving: some hundredths of a second. A pass over few rows is counted as this dear, so that
# small tables may spend more passes' worth of work on a good step.
TRIFLE = 1 << 25


def pass_flops(rows: int, width: int, classes: int) -> int:
    """Return about how many flops a pass over `rows` rows of `width` cells costs.

    The two products with X take 4 flops for each cell and class, softmax and its cost about 20 for each row and class.
    """
    return rows * classes * (4 * width + 20)


@dataclass(frozen=True)
class Partition:
    """Some rows of the training data: X, the class codes y (m,) and the row weights v (m,).

    `start` is the position of the first row among all rows. The home of the rows fills it in; random draws depend on
    it. `u` (m,) holds the weights of the rows that are set aside, and None if no row is. Such a row has the weight 0 in
    v, so that it counts in no sum but the NLL of the rows set aside. `groups` (m,) are the numbers of groups whose rows
    are dealt out together, None if the rows have none.
    """

    X: Design
    y: NDArray[np.intp]
    v: NDArray[np.float64]
    start: int = 0
    u: NDArray[np.float64] | None = None
    groups: NDArray[np.int32] | None = None

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        return self.X.rows

    def take(self, rows: Any) -> "Partition":
        """Return the partition of some of these rows: a slice, or an array of indices or booleans."""
        u, groups = (None if one is None else one[rows] for one in (self.u, self.groups))
        return Partition(self.X.take(rows), self.y[rows], self.v[rows], u=u, groups=groups)

    def places(self, positions: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return where in this partition those of some ascending positions among all rows are that it has."""
        first, last = np.searchsorted(positions, [self.start, self.start + self.rows])
        return positions[first:last] - self.start

    def copy(self, rows: slice) -> "Partition":
        """Return some of these rows, in arrays of their own."""
        return deepcopy(self.take(rows))

    def set_aside(self, rows: NDArray[np.bool_]) -> "Partition":
        """Return these rows with those of a mask (m,) set aside. Rows set aside before get no weight at all."""
        return replace(self, v=np.where(rows, 0.0, self.v), u=np.where(rows, self.v, 0.0))

    def weighing(self, v: NDArray[np.float64]) -> "Partition":
        """Return these rows with other weights, (m,)."""
        return replace(self, v=v)

    def without(self, columns: NDArray[np.bool_]) -> "Partition":
        """Return these rows with 0 in the columns of X of a mask (p,)."""
        return replace(self, X=self.X.without(columns))

    def in_double(self) -> "Partition":
        """Return these rows with X in float64, with all its digits."""
        return replace(self, X=self.X.in_double())

    def scaled_weights(self, dtype: Any) -> tuple[Floats, float]:
        """Return weights in the precision of the logits, and the factor that makes them v.

        In float32 the weights are shares of the largest one, so that weights up to 1e152 do not overflow.
        """
        if dtype != np.float32:
            return self.v, 1.0
        top = float(self.v.max()) or 1.0
        return (self.v / top).astype(np.float32), top

    def weigh(self, cost: Floats) -> NDArray[np.float64]:
        """Return Σ v·cost and Σ u·cost, (2,), for the cost (m,) of every row."""
        aside = 0.0 if self.u is None else float((self.u * cost).sum())
        return np.array([(self.v * cost).sum(), aside])

    def tiles(self, classes: int) -> Iterator["Partition"]:
        """Split the rows into runs whose logits fit the cache. The runs depend on the data alone; so do the bits."""
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
    """What a partition adds to the cost and to its gradient.

    `nll` is Σ v·NLL, `W` is Xᵀ V R (p, K), `b` is Σ v·R (K,); `aside` is Σ u·NLL, the cost of the rows set aside.
    """

    nll: float
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    aside: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.nll + other.nll, self.W + other.W, self.b + other.b, self.aside + other.aside)


def logits(X: Design, W: Floats, b: Floats) -> Floats:
    """Return Z = X W + b, class-major (K, m)."""
    Z = X.times(W)
    Z += b[:, None].astype(Z.dtype, copy=False)
    return Z


def softmax(Z: Floats) -> Floats:
    """Return the probabilities of M1, s_k = exp z_k / Σ_j exp z_j, class-major (K, m).

    Adding a constant to every z of a row changes nothing. So the row's maximum is taken off first: exp cannot overflow.
    """
    S = np.exp(Z - Z.max(axis=0))
    S /= _over_classes(S)
    return np.asarray(S)


def log_softmax(Z: Floats) -> Floats:
    """Return log softmax(Z), class-major (K, m), which is finite where a probability is too small for a number."""
    shifted = Z - Z.max(axis=0)
    return np.asarray(shifted - np.log(_over_classes(np.exp(shifted))))


def _over_classes(E: Floats) -> Floats:
    """Return Σ_k of each column of E (K, m), (m,), adding one class after another."""
    # numpy adds a single column pairwise, but several columns class by class. A row alone must get the bits that it
    # gets among others, so a single column is added class by class too.
    return np.asarray(E.sum(axis=0) if E.shape[1] > 1 else np.add.accumulate(E, axis=0)[-1])


def nll(Z: Floats, y: NDArray[np.intp]) -> Floats:
    """Return the NLL of M3, log Σ_j exp z_nj − z_n,y_n of every row, (m,): from the logits, never as log(softmax)."""
    top = Z.max(axis=0)
    return np.asarray(np.log(_over_classes(np.exp(Z - top))) + top - Z[y, np.arange(len(y))])


def nll_and_residual(Z: Floats, y: NDArray[np.intp], v: Floats) -> Floats:
    """Return the NLL (m,) of M3, and turn Z (K, m) into R = v (S − Y) of M6, in place. Z must be row-major in memory.

    These are the formulas of `nll` and `softmax`; both need the exponentials, which are computed once here.
    """
    # 1. Take the largest logit z_top of each row off, so that exp cannot overflow (M1).
    # 2. E = exp Z, and D = Σ_k e_k in float64. E is at most 1, and 1 for the largest logit.
    # 3. NLL = log D − z_y (M3). In float32 D is often 1 up to less than the last bit of a float32. log1p(D − 1), with D
    #    in float64, has all digits that the logits have, however small the NLL is.
    # 4. R = v (E / D − Y) (M6). For the row's own class it is v (e_y − D) / D. In float32 D − e_y is computed first, in
    #    float64: the difference 1 − s_y of rounded numbers would have no digits left where s_y is near 1.
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


@np.errstate(over="ignore", invalid="ignore")  # a step too far gives numbers that are not finite; the solver checks
def cost_and_gradient(partition: Partition, W: Floats, b: Floats) -> Sums:
    """Return the sums of M8 over one partition: Σ_n v_n NLL_n, and Σ_n v_n x_n ⊗ (s_n − y_n) = Xᵀ V (S − Y).

    This is the work of a pass over the rows: the product X W forward, the product Xᵀ R backward.
    """
    cost, G, g = np.zeros(2), np.zeros((W.shape[0], len(b))), np.zeros(len(b))
    for tile in partition.tiles(len(b)):
        Z = logits(tile.X, W, b)
        v, scale = tile.scaled_weights(Z.dtype)
        cost += tile.weigh(nll_and_residual(Z, tile.y, v))  # from here on Z holds the residual
        G += scale * tile.X.transpose_times(Z)
        g += scale * Z.sum(axis=1, dtype=np.float64)
    return Sums(float(cost[0]), G, g, float(cost[1]))


def curvature_times(partition: Partition, W: Floats, b: Floats, D: Floats, d: Floats) -> Sums:
    """Return the product of the Hessian of Σ v·NLL with a direction D (p, K), d (K,); the `nll` of the result is 0.

    A step along the direction moves the logits by U = X D + d. By M5 it moves the probabilities by S ∘ (U − Σ_k s_k
    u_k), and so the gradient by Xᵀ V of that.
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
    """The gradient g = Σ v (s − y), (K,), and the curvature H = Σ v (diag s − s sᵀ) of the intercept alone.

    `H` is the matrix (K, K), or its diagonal (K,).
    """

    g: NDArray[np.float64]
    H: NDArray[np.float64]

    def __add__(self, other: "InterceptSums") -> "InterceptSums":
        return InterceptSums(self.g + other.g, self.H + other.H)


def intercept_curvature(partition: Partition, W: Floats, b: Floats, *, diagonal: bool = False) -> InterceptSums:
    """Return the sums of M6 and M5 for the intercept alone; with `diagonal`, only the diagonal of H.

    It costs the forward half of a pass, and for H K² operations a row, or K for its diagonal.
    """
    K = len(b)
    tiles = (intercept_sums(tile, softmax(logits(tile.X, W, b)), diagonal=diagonal) for tile in partition.tiles(K))
    return sum(tiles, InterceptSums(np.zeros(K), np.zeros(K if diagonal else (K, K))))


def intercept_sums(rows: Partition, S: Floats, *, diagonal: bool = False) -> InterceptSums:
    """Return what `intercept_curvature` does, from the probabilities S (K, m)."""
    S = S.astype(np.float64, copy=False)
    VS = S * rows.v
    totals = VS.sum(axis=1)
    g = totals - np.bincount(rows.y, weights=rows.v, minlength=len(S))
    return InterceptSums(g, totals - np.einsum("km,km->k", VS, S) if diagonal else np.diag(totals) - VS @ S.T)


def intercept_curvature_times(partition: Partition, W: Floats, b: Floats, d: Floats) -> NDArray[np.float64]:
    """Return Σ v (diag s − s sᵀ) d, (K,), for a direction d (K,) of the intercept, without the K × K matrix.

    It costs the forward half of a pass.
    """
    product = np.zeros(len(d))
    for tile in partition.tiles(len(b)):
        S = softmax(logits(tile.X, W, b))
        product += (S * tile.v) @ np.ones(tile.rows) * d - S @ (tile.v * (d @ S))
    return product
