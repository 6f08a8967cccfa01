"""The initial matrix of L-BFGS: a curvature block for each class, from a weighted sample of rows.

The Hessian of J/n has a (p + 1) × (p + 1) block for each pair of classes. Its diagonal blocks,

    A_k = Σ_n v_n s_nk (1 − s_nk) x̃_n x̃_nᵀ / n + penalty,      x̃ with the intercept's 1

hold what makes the problem badly scaled: correlated columns, and classes of different sizes. Each is estimated from a
few rows per column, drawn in proportion to their weight by systematic sampling (Madow, 1949), which needs no random
numbers: the same rows on any number of threads. The exact diagonal of A_k is computed from all rows, so that a column
that is too rare for the sample keeps its curvature.
"""

import math
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import TRIFLE, Partition, logits, pass_flops, softmax
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.rows import Handle, Rows

# Wider blocks cost more than they save; the columns of the largest curvature get the block. All blocks together take at
# most so many bytes: each step reads them.
WIDEST_BLOCK, BLOCK_BYTES = 1000, 1 << 28
# As many rows for a column as are cheap, in passes by their flops; in time it is less, for the products of blocks run
# FASTER times as fast, by the flop, as a pass. Blocks that cost more than DEAREST passes, or more than AT_ONCE before
# any passes were made, are made of so few columns that they are cheap.
ROWS_PER_COLUMN, CHEAP, AT_ONCE, DEAREST, FASTER = (40, 20, 10), 5.0, 40.0, 600.0, 8.0
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


@dataclass(frozen=True)
class Plan:
    """How `local_curvature` is to be taken: the `flops` of its blocks, beside those of `one_pass` over the rows.

    `multiple` are the rows for each column of a block, `widest` the most columns that get one.
    """

    one_pass: int
    flops: float
    multiple: int
    widest: int

    @property
    def cost(self) -> float:
        """The cost in passes by their flops; two forward halves of a pass with sums are part of it."""
        return 1.5 + self.flops / self.one_pass

    @property
    def passes(self) -> float:
        """How many passes take about as long."""
        return 2 + self.flops / FASTER / max(self.one_pass, TRIFLE)


def refresh_plan(objective: Objective, dearest: float = DEAREST) -> Plan:
    """The widest blocks that are worth what they cost, `dearest` passes at most."""
    rows = objective.rows
    return _plan(objective.row_counts.total, rows.features, rows.cells, objective.classes, dearest)


def _plan(n: int, p: int, width: int, K: int, dearest: float = DEAREST) -> Plan:
    """See `refresh_plan`: by counting flops, for n rows of so many cells and p features."""
    one_pass = pass_flops(n, width, K)
    widest = min(p, WIDEST_BLOCK, max(0, math.isqrt(BLOCK_BYTES // (8 * K)) - 1))
    plans = [Plan(one_pass, _block_flops(K, multiple, widest), multiple, widest) for multiple in ROWS_PER_COLUMN]
    found = next((plan for plan in plans if plan.cost <= CHEAP), plans[-1])
    if found.flops <= dearest * max(one_pass, TRIFLE):
        return found
    c = (CHEAP * max(one_pass, TRIFLE) / _block_flops(K, found.multiple, 0)) ** (1 / 3)
    widest = max(0, int(c) - 1)
    return Plan(one_pass, _block_flops(K, found.multiple, widest), found.multiple, widest)


def _block_flops(K: int, multiple: int, columns: int) -> float:
    """For each class the products of the drawn rows, and the inverse."""
    return K * (multiple + 4 / 3) * (columns + 1) ** 3


def refresh_bytes(n: int, p: int, width: int, classes: int, threads: int) -> int:
    """The most memory that `local_curvature` takes, and what it gives back; the arguments are those of `_plan`."""
    plan = _plan(n, p, width, classes)
    c = plan.widest + 1
    inverses = 2 * 8 * classes * c * c  # the last ones and the new ones
    sample = min(n, plan.multiple * c) * (3 * 8 * width + 12 * c)
    return inverses + threads * (sample + 8 * 8 * c * c)


def local_curvature(objective: Objective, theta: Theta, damping: float, multiple: int, widest: int) -> Curvature:
    """The curvature at θ, its weights s (1 − s) raised by damping / K; from `multiple` rows for each column.

    `damping` keeps curvature where the fit is still confident of the wrong classes; it goes to zero at the optimum.
    At most `widest` columns get a block.
    """
    rows, n, penalty = objective.rows, objective.n, objective.penalty
    weigh = partial(_weights, theta=theta, damping=damping)
    sums = rows.sum(partial(_exact_diagonal, weigh=weigh, classes=objective.classes))
    diagonal = sums.diagonal / n
    diagonal[:-1] += penalty
    diagonal[diagonal <= 0] = 1
    p = rows.features
    columns = np.sort(np.argsort(-diagonal[:-1].sum(axis=1), kind="stable")[:widest])
    totals = np.cumsum(sums.weights, axis=0)
    step = totals[-1] / (multiple * (len(columns) + 1))  # the weight that one drawn row stands for, (K,)
    before = dict(zip(sums.starts.tolist(), totals - sums.weights, strict=True))
    drawn = rows.keep(partial(_drawn, weigh=weigh, step=np.maximum(step, 1e-300), before=before))
    block = np.append(columns, p)
    inverses = np.empty((objective.classes, len(block), len(block)))
    invert = partial(_inverse, rows, drawn, columns, scale=step / n, penalty=penalty, diagonal=diagonal[block])
    for k, one in enumerate(rows.map(invert, range(objective.classes))):
        inverses[k] = one
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


def _exact_diagonal(partition: Partition, weigh: partial[NDArray[np.float64]], classes: int) -> _Diagonal:
    diagonal = np.zeros((partition.X.columns + 1, classes))
    for tile in partition.tiles(classes):
        w = weigh(tile)
        diagonal[:-1] += tile.X.square_transpose_times(w)
        diagonal[-1] += w.sum(axis=1)
    return _Diagonal(diagonal, np.array([partition.start]), diagonal[None, -1].copy())


@dataclass(frozen=True)
class _Drawn:
    """The drawn rows of a partition, each as its class, its position, and how often it was drawn: (d,) each."""

    classes: NDArray[np.intp]
    rows: NDArray[np.intp]
    times: NDArray[np.float64]


def _drawn(
    partition: Partition,
    weigh: partial[NDArray[np.float64]],
    step: NDArray[np.float64],
    before: dict[int, NDArray[np.float64]],
) -> _Drawn:
    """Systematic sampling: a row is drawn as often as the running total of the weights crosses k + ½ steps."""
    total, start = before[partition.start], 0
    classes, rows, times = [], [], []
    for tile in partition.tiles(len(step)):
        running = np.cumsum(weigh(tile), axis=1) + total[:, None]
        crossed = np.floor(running / step[:, None] + 0.5)
        often = np.diff(crossed, axis=1, prepend=np.floor(total / step + 0.5)[:, None])
        which, here = np.nonzero(often > 0)
        classes.append(which)
        rows.append(here + start)
        times.append(often[which, here])
        total, start = running[:, -1], start + tile.rows
    return _Drawn(np.concatenate(classes), np.concatenate(rows), np.concatenate(times))


def _of_class(partition: Partition, drawn: _Drawn, k: int) -> Partition:
    """The rows drawn for a class, ascending; their weights are how often each was drawn."""
    chosen = drawn.classes == k
    return partition.take(drawn.rows[chosen]).weighing(drawn.times[chosen])


def _inverse(
    rows: Rows,
    drawn: Handle,
    columns: NDArray[np.intp],
    k: int,
    *,
    scale: NDArray[np.float64],
    penalty: float,
    diagonal: Theta,
) -> NDArray[np.float64]:
    """A_k⁻¹ of a class, (c, c); the diagonal of A_k is at least the exact one.

    By way of L⁻¹ of A_k = L Lᵀ, so that it is positive definite however badly scaled A_k is.
    """
    sample, c = rows.gather(partial(_of_class, k=k), drawn), len(columns) + 1
    A = np.zeros((c, c))
    if sample.rows:
        X = np.ones((sample.rows, c), np.float32)
        X[:, :-1] = sample.X.dense(columns)
        X *= np.sqrt(sample.v * scale[k], dtype=np.float64)[:, None].astype(np.float32)
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
