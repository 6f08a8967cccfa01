"""The initial matrix of L-BFGS: a curvature block for each class, from a weighted sample of rows.

The Hessian of J/n has a (p + 1) × (p + 1) block for each pair of classes. Its diagonal blocks,

    A_k = Σ_n v_n s_nk (1 − s_nk) x̃_n x̃_nᵀ / n + penalty,      x̃ with the intercept's 1

hold what makes the problem badly scaled: correlated columns, and classes of different sizes. Each is estimated from a
few rows per column, drawn in proportion to their weight by systematic sampling (Madow, 1949), which needs no random
numbers: the same rows on any number of threads. The exact diagonal of A_k is computed from all rows, so that a column
that is too rare for the sample keeps its curvature.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.objective import Objective, Partitions, Theta
from smtrain.softmax import Partition, logits, softmax

# Wider blocks cost more than they save; the columns of the largest curvature get the block.
WIDEST_BLOCK = 1000
# As many rows for a column as are cheap, in passes; their products run several times as fast, by the flop, as a pass.
ROWS_PER_COLUMN, CHEAP = (40, 20, 10), 5.0
JITTER = 1e-10


@dataclass(frozen=True)
class Curvature:
    """M ≈ Hessian of J/n: `diagonal` (p + 1, K), and the inverses A_k⁻¹ of the blocks of some columns, (K, c, c)."""

    diagonal: Theta
    columns: NDArray[np.intp]
    inverses: NDArray[np.float64]

    def solve(self, G: Theta) -> Theta:
        """M⁻¹ G, on the quotient where adding a constant to a row over the classes changes nothing."""
        G = G - G.mean(axis=1, keepdims=True)
        D = G / self.diagonal
        if len(self.columns):
            D[self.columns] = np.matmul(self.inverses, G[self.columns].T[:, :, None])[:, :, 0].T
        return np.asarray(D - D.mean(axis=1, keepdims=True))

    @cached_property
    def blocks(self) -> NDArray[np.float64]:
        """A_k of the columns, (K, c, c)."""
        return np.asarray(np.linalg.inv(self.inverses))

    def times(self, D: Theta) -> Theta:
        """M D for M on the same quotient, K/(K − 1) times as large: exact where all classes are equally likely.

        `D` is (…, p + 1, K): one direction or several.
        """
        D = D - D.mean(axis=-1, keepdims=True)
        G = self.diagonal * D
        if len(self.columns):
            block = np.matmul(self.blocks, np.moveaxis(D[..., self.columns, :], -1, -2)[..., None])
            G[..., self.columns, :] = np.moveaxis(block[..., 0], -2, -1)
        K = G.shape[-1]
        return np.asarray((G - G.mean(axis=-1, keepdims=True)) * (K / (K - 1)))


def diagonal_curvature(objective: Objective) -> Curvature:
    """The fixed diagonal bound, without blocks: where L-BFGS starts."""
    diagonal = np.repeat(objective.diagonal_bound(), objective.classes, axis=1)
    return Curvature(diagonal, np.arange(0), np.empty((objective.classes, 0, 0)))


def refresh_cost(objective: Objective) -> tuple[float, int]:
    """The cost of `local_curvature` in passes over the rows, and the rows per column to use."""
    rows = objective.partitions
    return _cost(objective.row_counts.total, rows.features, rows.width, objective.classes)


def _cost(n: int, p: int, width: int, K: int) -> tuple[float, int]:
    """See `refresh_cost`: by counting flops, for n rows of so many cells and p features."""
    c = min(p, WIDEST_BLOCK) + 1
    one_pass = n * K * (4 * width + 20)
    costs = [
        (1.5 + K * (multiple * c * c * c + 4 / 3 * c * c * c) / one_pass, multiple) for multiple in ROWS_PER_COLUMN
    ]
    return next((found for found in costs if found[0] <= CHEAP), costs[-1])


def refresh_bytes(n: int, p: int, width: int, classes: int, threads: int) -> int:
    """The most memory that `local_curvature` takes, and what it gives back; the arguments are those of `_cost`."""
    c = min(p, WIDEST_BLOCK) + 1
    inverses = 3 * 8 * classes * c * c  # the last ones, a list of new ones, and their stack
    sample = min(n, _cost(n, p, width, classes)[1] * c) * (3 * 8 * width + 2 * 4 * c)
    return inverses + threads * (sample + 4 * 8 * c * c)


def local_curvature(objective: Objective, theta: Theta, damping: float, multiple: int) -> Curvature:
    """The curvature at θ, its weights s (1 − s) raised by damping / K; from `multiple` rows for each column.

    `damping` keeps curvature where the fit is still confident of the wrong classes; it goes to zero at the optimum.
    """
    partitions, n, penalty = objective.partitions, objective.n, objective.penalty
    weigh = partial(_weights, theta=theta, damping=damping)
    sums = partitions.sum(partial(_exact_diagonal, weigh=weigh))
    diagonal = sums.diagonal / n
    diagonal[:-1] += penalty
    diagonal[diagonal <= 0] = 1
    p = partitions.features
    columns = np.sort(np.argsort(-diagonal[:-1].sum(axis=1), kind="stable")[:WIDEST_BLOCK])
    totals = np.cumsum(sums.weights, axis=0)
    step = totals[-1] / (multiple * (len(columns) + 1))  # the weight that one drawn row stands for, (K,)
    before = dict(zip(sums.starts.tolist(), totals - sums.weights, strict=True))
    drawn = partitions.sum(partial(_drawn, weigh=weigh, step=np.maximum(step, 1e-300), before=before))
    block = np.append(columns, p)
    inverse = partial(_inverse, partitions, columns, scale=step / n, penalty=penalty, diagonal=diagonal[block])
    inverses = np.stack(list(partitions.map(inverse, list(enumerate(drawn.by_class)))))
    return Curvature(diagonal, block, inverses)


def _weights(partition: Partition, theta: Theta, damping: float) -> NDArray[np.float64]:
    """V (s (1 − s) + damping / K), class-major (K, m)."""
    S = softmax(logits(partition.X, theta[:-1], theta[-1])).astype(np.float64, copy=False)
    return np.asarray(partition.v * (S * (1 - S) + damping / len(S)))


@dataclass(frozen=True)
class _Diagonal:
    """Sums for the diagonal (p + 1, K); and of each partition, in order, its start and its weights (K,)."""

    diagonal: Theta
    starts: NDArray[np.intp]
    weights: NDArray[np.float64]

    def __add__(self, other: "_Diagonal") -> "_Diagonal":
        starts = np.concatenate([self.starts, other.starts])
        return _Diagonal(self.diagonal + other.diagonal, starts, np.concatenate([self.weights, other.weights]))


def _exact_diagonal(partition: Partition, weigh: partial[NDArray[np.float64]]) -> _Diagonal:
    w = weigh(partition)
    totals = w.sum(axis=1)
    diagonal = np.vstack([partition.X.square_transpose_times(w), totals])
    return _Diagonal(diagonal, np.array([partition.start]), totals[None])


@dataclass(frozen=True)
class _Drawn:
    """For each class the positions of the drawn rows, and how often each was drawn."""

    by_class: tuple[tuple[NDArray[np.intp], NDArray[np.float64]], ...]

    def __add__(self, other: "_Drawn") -> "_Drawn":
        pairs = zip(self.by_class, other.by_class, strict=True)
        return _Drawn(tuple((np.append(a, c), np.append(b, d)) for (a, b), (c, d) in pairs))


def _drawn(
    partition: Partition,
    weigh: partial[NDArray[np.float64]],
    step: NDArray[np.float64],
    before: dict[int, NDArray[np.float64]],
) -> _Drawn:
    """Systematic sampling: a row is drawn as often as the running total of the weights crosses k + ½ steps."""
    running = np.cumsum(weigh(partition), axis=1) + before[partition.start][:, None]
    crossed = np.floor(running / step[:, None] + 0.5)
    first = np.floor(before[partition.start] / step + 0.5)
    times = np.diff(crossed, axis=1, prepend=first[:, None])
    rows = [np.flatnonzero(row > 0) for row in times]
    return _Drawn(tuple((r + partition.start, row[r]) for r, row in zip(rows, times, strict=True)))


def _inverse(
    partitions: Partitions,
    columns: NDArray[np.intp],
    drawn: tuple[int, tuple[NDArray[np.intp], NDArray[np.float64]]],
    *,
    scale: NDArray[np.float64],
    penalty: float,
    diagonal: Theta,
) -> NDArray[np.float64]:
    """A_k⁻¹ for one class, (c, c); the diagonal of A_k is at least the exact one.

    By way of L⁻¹ of A_k = L Lᵀ, so that it is positive definite however badly scaled A_k is.
    """
    k, (rows, times) = drawn
    c = len(columns) + 1
    A = np.zeros((c, c))
    if len(rows):
        X = np.ones((len(rows), c), np.float32)
        X[:, :-1] = partitions.take(rows).X.dense(columns)
        X *= np.sqrt(times * scale[k], dtype=np.float64)[:, None].astype(np.float32)
        A = (X.T @ X).astype(np.float64)
    A[np.arange(c - 1), np.arange(c - 1)] += penalty
    np.fill_diagonal(A, np.maximum(np.diag(A), diagonal[:, k]))
    root = np.sqrt(np.diag(A))
    unit = A / root / root[:, None]
    L_inverse = np.linalg.inv(_cholesky(unit)) / root
    return np.asarray(L_inverse.T @ L_inverse)


def _cholesky(A: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Cholesky factor of a matrix of unit diagonal, with as much added to it as it takes."""
    jitter = JITTER
    while True:
        try:
            return np.asarray(np.linalg.cholesky(A + jitter * np.eye(len(A))), np.float64)
        except np.linalg.LinAlgError:
            jitter *= 100
