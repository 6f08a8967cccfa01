"""The initial matrix of L-BFGS: a curvature block for each class, from a weighted sample of rows.

The Hessian of J/n has a (p + 1) × (p + 1) block for each pair of classes. Its diagonal blocks are

    A_k = Σ_n v_n s_nk (1 − s_nk) x̃_n x̃_nᵀ / n + penalty,      x̃ with the intercept's 1

They hold what makes the problem badly scaled: correlated columns, and classes of different sizes. Far from the optimum
their weights v s (1 − s) are damped (smtrain.softmax.weighing). Each block is estimated from a few rows for each column
(smtrain.softmax.drawing). The diagonal of A_k is computed from all rows: a column that is too rare for the sample keeps
its curvature. smtrain.softmax.curvature_cost says how many columns get a block, and from how many rows.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.curvature_cost import Plan
from smtrain.softmax.drawing import Draw, Sample, picked
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.weighing import EqualWeights, Weigh, Weights, diagonal_sums, distance_scale, lever_of

# What is first added to the ones on a block's diagonal before it is factored: far above the rounding of float64, far
# below 1. If it is too small, it is raised, which costs another factorisation. Larger, it would damp flat directions.
JITTER = 1e-10
# The factor by which it is raised where the block is not positive definite.
MORE_JITTER = 100
# The most lines of a triangular matrix that is inverted at once. Another number costs time.
SMALL = 64

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curvature:
    """M ≈ the Hessian of J/n.

    `diagonal` is (p + 1, K). `columns` (c,) are the columns with a block, the intercept last, and `inverses` (K, c, c)
    the inverses A_k⁻¹ of their blocks; or (1, c, c), one for all classes. Without blocks M is its diagonal.
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


def local_curvature(objective: Objective, theta: Theta, decrease: float, plan: Plan) -> Curvature:
    """Return the curvature at θ, from as many rows and with as many columns in a block as the plan says.

    It is damped by the recent relative `decrease` of the objective. It costs two passes over the rows, and the blocks.
    """
    weigh = Weights(theta, max(decrease, 0.0), distance_scale(objective))
    sums = objective.rows.sum(partial(diagonal_sums, weigh=weigh, classes=objective.classes))
    return _curvature(objective, weigh, sums / objective.n, plan)


def curvature_at_zero(objective: Objective, plan: Plan) -> Curvature:
    """Return the curvature at θ = 0, with one block for all classes, for which it is the same. It costs a pass."""
    K = objective.classes
    one = _curvature(objective, EqualWeights(K), objective.square_sums * (K - 1) / K**2, plan)
    return replace(one, diagonal=np.repeat(one.diagonal, K, axis=1))


def _curvature(objective: Objective, weigh: Weigh, data: Theta, plan: Plan) -> Curvature:
    """Return the curvature Σ_n w_nk x̃_n x̃_nᵀ / n + penalty, whose diagonal without the penalty is `data` (p + 1, K)."""
    # 1. The exact diagonal.
    rows, n = objective.rows, objective.n
    penalty = np.full(rows.features + 1, objective.penalty)
    penalty[-1] = 0
    diagonal = data + penalty[:, None]
    diagonal[diagonal <= 0] = 1
    # 2. The columns of the largest curvature, summed over the classes, get a block, and so does the intercept.
    columns = np.sort(np.argsort(-diagonal[:-1].sum(axis=1), kind="stable")[: plan.widest])
    block = np.append(columns, rows.features)
    # 3. Rows are drawn for each class.
    inside = np.isin(np.arange(rows.features + 1), block)
    lever = lever_of(np.where(inside[:, None], data, 0), diagonal)
    draw = Draw(weigh, data[-1] * n, lever, objective.row_counts.starts, plan.multiple * len(block))
    drawn = rows.keep(draw)
    # 4. They come to the driver for some classes at a time; there the blocks are made and inverted, by several threads.
    inverses = np.empty((data.shape[1], len(block), len(block)))
    for classes in plan.rounds(len(inverses)):
        sample = rows.sum(partial(picked, classes=classes), drawn)
        invert = partial(_inverse, sample, columns, n=n, penalty=penalty[block], diagonal=diagonal[block])
        for k, inverse in zip(classes, rows.map(invert, classes), strict=True):
            inverses[k] = inverse
    return Curvature(diagonal, block, inverses)


def _inverse(
    sample: Sample, columns: NDArray[np.intp], k: int, *, n: float, penalty: Floats, diagonal: Theta
) -> Floats:
    """Return A_k⁻¹ of class k, (c, c), for the columns and the intercept. It is positive definite.

    `penalty` (c,) is added to the diagonal; `diagonal` (c, K) is the exact one.
    """
    # 1. A_k from the drawn rows: the sum of their weighted x̃ x̃ᵀ, in float32, which is exact enough and half the size.
    weights, X = sample.of_class(k, columns)
    X *= np.sqrt(weights / n).astype(np.float32)[:, None]
    A = (X.T @ X).astype(np.float64) + np.diag(penalty)
    # 2. The diagonal is raised to the exact one where the sample missed a rare column.
    np.fill_diagonal(A, np.maximum(np.diag(A), diagonal[:, k]))
    # 3. With its diagonal scaled to ones, A_k = L Lᵀ. By way of L⁻¹ the inverse L⁻ᵀ L⁻¹ is positive definite, however
    #    different the sizes of the columns are.
    root = np.sqrt(np.diag(A))
    unit = A / root / root[:, None]
    L_inverse = _triangular_inverse(_cholesky(unit)) / root
    return np.asarray(L_inverse.T @ L_inverse)


def _cholesky(A: Floats) -> Floats:
    """Return the Cholesky factor of a matrix of unit diagonal, with as much added to the diagonal as that takes."""
    jitter = JITTER
    while True:
        try:
            return np.asarray(np.linalg.cholesky(A + jitter * np.eye(len(A))), np.float64)
        except np.linalg.LinAlgError:
            jitter *= MORE_JITTER


def _triangular_inverse(L: Floats) -> Floats:
    """Return the inverse of a lower triangular matrix, by matrix products: a fifth of the time of a general inverse."""
    # With L = [[A, 0], [B, C]] it is [[A⁻¹, 0], [−C⁻¹ B A⁻¹, C⁻¹]].
    if len(L) <= SMALL:
        return np.asarray(np.linalg.inv(L))
    half, inverse = len(L) // 2, np.zeros_like(L)
    A, C = _triangular_inverse(L[:half, :half]), _triangular_inverse(L[half:, half:])
    inverse[:half, :half], inverse[half:, half:] = A, C
    inverse[half:, :half] = -C @ (L[half:, :half] @ A)
    return inverse
