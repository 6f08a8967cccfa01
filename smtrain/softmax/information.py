"""The observed information of a fit, its inverse, and the leave-one-out NLL that follows from them.

Adding a constant to a feature's weights of all classes changes no probability, so K − 1 classes are free: the weights
are counted from those of the first class, θ_k − θ_0. The matrices here are d × d, d = (K − 1)(p + 1): a block of
p + 1 lines (the features, then the intercept) for each class but the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition, nll, softmax
from smtrain.softmax.objective import Objective, Theta

# The matrices have so many lines at most: 32 MB each, and seconds for their eigenvalues.
MOST_PARAMETERS = 2000
# An eigenvalue below this, of a matrix with a diagonal of ones, is rounding: that direction is not identified.
FLAT = 1e-11
# A class that loses its probability in the limit has less than this by then.
MOST_GONE = 1e-3
# A row without which its own logits would move so far decides them alone: what moves them is one over rounding.
FARTHEST = 1e9
# Rows of this many numbers together are made dense at a time, and a few at least.
DENSE = 1 << 21

Floats = NDArray[np.float64]


def free_parameters(features: int, classes: int) -> int:
    """The number of free parameters, d = (K − 1)(p + 1)."""
    return (classes - 1) * (features + 1)


@dataclass(frozen=True)
class Limit:
    """Where θ + t D goes for t → ∞, D a direction (p + 1, K) along which no margin u_y − u_k of a row shrinks.

    The classes whose margin is above `apart` lose their probability in that row.
    """

    direction: Theta
    apart: float


def observed_information(objective: Objective, theta: Theta, limit: Limit | None = None) -> Floats:
    """The information of the rows at θ (p + 1, K), without the penalty, or in the limit: (d, d), symmetric.

    The Hessian of Σ v·NLL, with blocks X̃ᵀ V (diag s_k [k = l] − s_k s_l) X̃ by M5. For softmax it does not depend on
    the labels, so the observed and the expected information are the same.
    """
    return objective.rows.sum(partial(_information, theta=theta, limit=limit))


def _information(partition: Partition, theta: Theta, limit: Limit | None) -> Floats:
    """The blocks of two classes are −Qᵀ V Q of the rows' Q = s ⊗ x̃ (m, d); those of one, X̃ᵀ V (s_k (1 − s_k)) X̃.

    The latter by themselves: a difference would leave rounding where all probabilities are 0 or 1.
    """
    P, K = theta.shape
    H, within = np.zeros(((K - 1) * P,) * 2), np.zeros((K - 1, P, P))
    for X, rows in _dense(partition, (K - 1) * P):
        S = _probabilities(X, rows.y, theta, limit)[1:]
        Q = (S.T[:, :, None] * X[:, None, :]).reshape(len(X), -1)
        H -= Q.T @ (Q * rows.v[:, None])
        for k, s in enumerate(S):
            within[k] += (X * (rows.v * s * (1 - s))[:, None]).T @ X
    for k, block in enumerate(within):
        H[k * P : (k + 1) * P, k * P : (k + 1) * P] = block
    return np.asarray((H + H.T) / 2)


def _probabilities(X: Floats, y: NDArray[np.intp], theta: Theta, limit: Limit | None) -> Floats:
    """S (K, m) of rows X̃ (m, p + 1) with the labels y, or what it goes to."""
    Z = (X @ theta).T
    if limit is not None:
        U = (X @ limit.direction).T
        gone = (U[y, np.arange(len(y))] - U > limit.apart) & (softmax(Z) < MOST_GONE)
        Z = np.where(gone, -np.inf, Z)
    return np.asarray(softmax(Z), np.float64)


def _dense(partition: Partition, numbers: int, fewest: int = 64) -> Iterator[tuple[Floats, Partition]]:
    """X̃ (m, p + 1) with the intercept's ones, and those rows, some at a time; a row needs `numbers` numbers."""
    size = max(fewest, DENSE // numbers)
    for start in range(0, partition.rows, size):
        rows = partition.take(slice(start, start + size))
        X = np.ones((rows.rows, partition.X.columns + 1))
        X[:, :-1] = rows.X.toarray()
        yield X, rows


def penalty_information(l2: float, features: int, classes: int) -> Floats:
    """What the penalty l2/2 Σ W² adds, (d, d): l2 (I − 11ᵀ/K) over the classes, for the features and not the intercept.

    Counted from the first class the weights are θ_k; the optimum has Σ_k W_jk = 0, so W_jk = θ_jk − Σ_m θ_jm / K.
    """
    over_classes = np.eye(classes - 1) - 1 / classes
    return np.asarray(l2 * np.kron(over_classes, np.diag(np.append(np.ones(features), 0.0))), np.float64)


@dataclass(frozen=True)
class Inverse:
    """A⁺ = F Fᵀ of a positive semidefinite A (d, d), and the directions in which A is flat.

    `factor` (d, r) is F; `flat` (d, d − r) a basis of A's null space in the units of `scale` (d,): a sum of weights c·θ
    is identified if (c / scale) · flat is zero.
    """

    factor: Floats
    flat: Floats
    scale: Floats

    def variance(self, C: Floats) -> Floats:
        """cᵀ A⁺ c of each line c of C (…, d); NaN where the rows do not identify c·θ."""
        units = C / self.scale
        lengths = np.linalg.norm(units, axis=-1)
        loose = np.linalg.norm(units @ self.flat, axis=-1) > 1e-5 * lengths
        return np.where(loose, np.nan, ((C @ self.factor) ** 2).sum(axis=-1))


def inverse(A: Floats) -> Inverse:
    """The inverse of an information matrix, by the eigenvalues of A with its diagonal scaled to ones.

    Along flat directions it is not the inverse but a generalised one; what the rows identify does not depend on which.
    """
    scale = np.sqrt(np.maximum(np.diag(A), 0.0))
    usable = scale > np.finfo(float).tiny
    scale = np.where(usable, scale, 1.0)
    values, vectors = np.linalg.eigh(A / scale / scale[:, None])
    steep = values > FLAT * max(float(values[-1]), 0.0)
    factor = vectors[:, steep] / np.sqrt(values[steep]) / scale[:, None]
    return Inverse(factor, vectors[:, ~steep], scale)


def leave_one_out(objective: Objective, theta: Theta, found: Inverse) -> float:
    """An approximation of the mean NLL of each row under the fit to all the others; NaN where it is not defined.

    One Newton step from θ for each row, in closed form (Rad & Maleki, 2020): with r = s − y and A = diag s − s sᵀ over
    the free classes, and G = J H⁻¹ Jᵀ of a row, the logits without it are z + v (I − v G A)⁻¹ G r. `found` is the
    inverse of the information and penalty at θ. It is not defined where a row alone decides its own prediction.
    """
    inverse = found.factor @ found.factor.T
    total = objective.rows.sum(partial(_left_out, theta=theta, inverse=inverse))
    return total / objective.n if np.isfinite(total) else np.nan


@np.errstate(all="ignore")  # what is not finite is not defined, and seen in the sum
def _left_out(partition: Partition, theta: Theta, inverse: Floats) -> float:
    total, K = 0.0, theta.shape[1]
    for X, rows in _dense(partition, max(len(inverse), (K - 1) ** 2), fewest=4):
        Z = (X @ theta).T
        S = softmax(Z)[1:].T
        G = _quadratic_forms(X, inverse)
        R = S - (rows.y[:, None] == np.arange(1, K))
        v = rows.v[:, None, None]
        GA = (G - np.matmul(G, S[:, :, None])) * S[:, None, :]
        try:
            moved = np.linalg.solve(np.eye(K - 1) - v * GA, v * np.matmul(G, R[:, :, None]))[:, :, 0]
        except np.linalg.LinAlgError:
            return np.nan
        if not np.abs(moved).max() < FARTHEST:
            return np.nan
        Z[1:] += moved.T
        total += float(rows.v @ nll(Z, rows.y))
    return total


def _quadratic_forms(X: Floats, inverse: Floats) -> Floats:
    """G = J H⁻¹ Jᵀ of each row, (m, K − 1, K − 1): xᵀ Q x of every P × P block Q of the inverse (d, d)."""
    m, P = X.shape
    free = len(inverse) // P
    G = np.empty((m, free, free))
    for k in range(free):
        products = (X @ inverse[k * P : (k + 1) * P]).reshape(m, free, P)
        G[:, k] = np.matmul(products, X[:, :, None])[:, :, 0]
    return G
