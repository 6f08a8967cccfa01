"""The initial matrix of L-BFGS: a curvature block for each class, from a weighted sample of rows.

The Hessian of J/n has a (p + 1) × (p + 1) block for each pair of classes. Its diagonal blocks are

    A_k = Σ_n v_n s_nk (1 − s_nk) x̃_n x̃_nᵀ / n + penalty,      x̃ with the intercept's 1

They hold what makes the problem badly scaled: correlated columns, and classes of different sizes. Each block is
estimated from a few rows for each column, drawn in proportion to v s (1 − s) by systematic sampling (Madow, 1949). That
needs no random numbers, so the same rows are drawn on any number of threads. The diagonal of A_k is computed from all
rows: a column that is too rare for the sample keeps its curvature. smtrain.softmax.curvature_cost says how many columns
get a block, and from how many rows.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, logits, softmax
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.rows import Handle, Rows

# What is first added to the ones on a block's diagonal before it is factored: far above the rounding of float64, far
# below 1. If it is too small, it is raised, which costs another factorisation. Larger, it would damp flat directions.
JITTER = 1e-10
# The factor by which it is raised where the block is not positive definite.
MORE_JITTER = 100

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """M ≈ the Hessian of J/n.

    `diagonal` is (p + 1, K). `columns` (c,) are the columns with a block, the intercept last, and `inverses` (K, c, c)
    the inverses A_k⁻¹ of their blocks. Without blocks M is its diagonal.
    """

    diagonal: Theta
    columns: NDArray[np.intp]
    inverses: Floats

    def solve(self, G: Theta) -> Theta:
        """Return M⁻¹ G for a gradient G (p + 1, K).

        Adding a constant to a line of θ, over the classes, changes nothing. So the means over the classes are taken off
        G and off the result.
        """
        G = G - G.mean(axis=1, keepdims=True)
        D = G / self.diagonal
        if len(self.columns):
            D[self.columns] = np.matmul(self.inverses, G[self.columns].T[:, :, None])[:, :, 0].T
        return np.asarray(D - D.mean(axis=1, keepdims=True))

    @cached_property
    def blocks(self) -> Floats:
        """The blocks A_k themselves, (K, c, c)."""
        return np.asarray(np.linalg.inv(self.inverses))

    def times(self, D: Theta) -> Theta:
        """Return M D for one direction or several, D (…, p + 1, K).

        The means over the classes are taken off, as in `solve`. The factor K / (K − 1) makes the product that of the
        Hessian where all classes are equally likely: the blocks between classes, which M leaves out, add that much.
        """
        D = D - D.mean(axis=-1, keepdims=True)
        G = self.diagonal * D
        if len(self.columns):
            block = np.matmul(self.blocks, np.moveaxis(D[..., self.columns, :], -1, -2)[..., None])
            G[..., self.columns, :] = np.moveaxis(block[..., 0], -2, -1)
        K = G.shape[-1]
        return np.asarray((G - G.mean(axis=-1, keepdims=True)) * (K / (K - 1)))


def diagonal_curvature(objective: Objective) -> Curvature:
    """Return the curvature that L-BFGS starts from: the fixed diagonal bound, without blocks."""
    diagonal = np.repeat(objective.diagonal_bound(), objective.classes, axis=1)
    return Curvature(diagonal, np.arange(0), np.empty((objective.classes, 0, 0)))


def local_curvature(objective: Objective, theta: Theta, damping: float, multiple: int, widest: int) -> Curvature:
    """Return the curvature at θ, from `multiple` rows for each column. At most `widest` columns get a block.

    `damping` / K is added to s (1 − s). It keeps curvature where the fit is still confident of wrong classes, and goes
    to zero at the optimum. It costs one and a half passes over the rows, and the blocks.
    """
    # 1. The weights w_nk = v_n (s_nk (1 − s_nk) + damping / K), and from all rows the diagonal Σ_n w_nk x̃_nj² / n.
    rows, n, penalty = objective.rows, objective.n, objective.penalty
    weigh = partial(_weights, theta=theta, damping=damping)
    sums = rows.sum(partial(_exact_diagonal, weigh=weigh, classes=objective.classes))
    diagonal = sums.diagonal / n
    diagonal[:-1] += penalty
    diagonal[diagonal <= 0] = 1
    # 2. The columns of the largest curvature, summed over the classes, get a block.
    p = rows.features
    columns = np.sort(np.argsort(-diagonal[:-1].sum(axis=1), kind="stable")[:widest])
    # 3. Rows are drawn for each class. `step` is the weight that one drawn row stands for, (K,).
    drawn, step = _draw(rows, weigh, sums, multiple * (len(columns) + 1))
    # 4. From its rows the block of each class is made and inverted, the classes by several threads.
    block = np.append(columns, p)
    inverses = np.empty((objective.classes, len(block), len(block)))
    invert = partial(_inverse, rows, drawn, columns, scale=step / n, penalty=penalty, diagonal=diagonal[block])
    for k, inverse in enumerate(rows.map(invert, range(objective.classes))):
        inverses[k] = inverse
    return Curvature(diagonal, block, inverses)


def _weights(partition: Partition, theta: Theta, damping: float) -> Floats:
    """Return the weights V (s (1 − s) + damping / K), class-major (K, m)."""
    S = softmax(logits(partition.X, theta[:-1], theta[-1])).astype(np.float64, copy=False)
    return np.asarray(partition.v * (S * (1 - S) + damping / len(S)))


@dataclass(frozen=True)
class _Diagonal:
    """The sums for the diagonal (p + 1, K); the starts of the partitions (P,), in order, and their weights (P, K)."""

    diagonal: Theta
    starts: NDArray[np.intp]
    weights: Floats

    def __add__(self, other: "_Diagonal") -> "_Diagonal":
        starts = np.concatenate([self.starts, other.starts])
        return _Diagonal(self.diagonal + other.diagonal, starts, np.concatenate([self.weights, other.weights]))


def _exact_diagonal(partition: Partition, weigh: partial[Floats], classes: int) -> _Diagonal:
    """Return Σ_n w_nk x̃_nj² over one partition, and Σ_n w_nk."""
    diagonal = np.zeros((partition.X.columns + 1, classes))
    for tile in partition.tiles(classes):
        w = weigh(tile)
        diagonal[:-1] += tile.X.square_transpose_times(w)
        diagonal[-1] += w.sum(axis=1)
    return _Diagonal(diagonal, np.array([partition.start]), diagonal[None, -1].copy())


def _draw(rows: Rows, weigh: partial[Floats], sums: _Diagonal, count: int) -> tuple[Handle, Floats]:
    """Draw about `count` rows for each class, kept beside the rows; return the handle, and the step between draws (K,).

    The step is the weight that one drawn row stands for.
    """
    totals = np.cumsum(sums.weights, axis=0)
    step = totals[-1] / count
    # The weight of all rows before a partition, by the partition's start.
    before = dict(zip(sums.starts.tolist(), totals - sums.weights, strict=True))
    return rows.keep(partial(_drawn, weigh=weigh, step=np.maximum(step, 1e-300), before=before)), step


@dataclass(frozen=True)
class _Drawn:
    """The rows drawn from a partition, (d,) each: for which class, at which position, and how often."""

    classes: NDArray[np.intp]
    rows: NDArray[np.intp]
    times: Floats


def _drawn(partition: Partition, weigh: partial[Floats], step: Floats, before: dict[int, Floats]) -> _Drawn:
    """Return the rows of a partition that systematic sampling draws, for every class."""
    # The weights of a class are added up, row after row, through all partitions. Marks stand at ½, 1½, 2½, … steps of
    # this running total. A row is drawn as often as its weight carries the total over a mark: in proportion to its
    # weight, up to rounding to whole numbers. ⌊total / step + ½⌋ is the number of marks that were passed.
    total, start = before[partition.start], 0
    classes, rows, times = [], [], []
    for tile in partition.tiles(len(step)):
        running = np.cumsum(weigh(tile), axis=1) + total[:, None]
        passed = np.floor(running / step[:, None] + 0.5)
        often = np.diff(passed, axis=1, prepend=np.floor(total / step + 0.5)[:, None])
        which, here = np.nonzero(often > 0)
        classes.append(which)
        rows.append(here + start)
        times.append(often[which, here])
        total, start = running[:, -1], start + tile.rows
    return _Drawn(np.concatenate(classes), np.concatenate(rows), np.concatenate(times))


def _of_class(partition: Partition, drawn: _Drawn, k: int) -> Partition:
    """Return the rows drawn for a class, in their order; their weights are how often each was drawn."""
    chosen = drawn.classes == k
    return partition.take(drawn.rows[chosen]).weighing(drawn.times[chosen])


def _inverse(
    rows: Rows, drawn: Handle, columns: NDArray[np.intp], k: int, *, scale: Floats, penalty: float, diagonal: Theta
) -> Floats:
    """Return A_k⁻¹ of class k, (c, c), for the columns and the intercept. It is positive definite.

    `scale` (K,) is what one drawn row stands for, as a share of n; `diagonal` (c, K) the exact diagonal.
    """
    # 1. A_k from the drawn rows: the scaled sum of their x̃ x̃ᵀ, in float32, which is exact enough and half the size.
    sample, c = rows.gather(partial(_of_class, k=k), drawn), len(columns) + 1
    A = np.zeros((c, c))
    if sample.rows:
        X = np.ones((sample.rows, c), np.float32)
        X[:, :-1] = sample.X.dense(columns)
        X *= np.sqrt(sample.v * scale[k], dtype=np.float64)[:, None].astype(np.float32)
        A = (X.T @ X).astype(np.float64)
    A[np.arange(c - 1), np.arange(c - 1)] += penalty
    # 2. The diagonal is raised to the exact one where the sample missed a rare column.
    np.fill_diagonal(A, np.maximum(np.diag(A), diagonal[:, k]))
    # 3. With its diagonal scaled to ones, A_k = L Lᵀ. By way of L⁻¹ the inverse L⁻ᵀ L⁻¹ is positive definite, however
    #    different the sizes of the columns are.
    root = np.sqrt(np.diag(A))
    unit = A / root / root[:, None]
    L_inverse = np.linalg.inv(_cholesky(unit)) / root
    return np.asarray(L_inverse.T @ L_inverse)


def _cholesky(A: Floats) -> Floats:
    """Return the Cholesky factor of a matrix of unit diagonal, with as much added to the diagonal as that takes."""
    jitter = JITTER
    while True:
        try:
            return np.asarray(np.linalg.cholesky(A + jitter * np.eye(len(A))), np.float64)
        except np.linalg.LinAlgError:
            jitter *= MORE_JITTER
