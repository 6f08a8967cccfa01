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

# The most lines of a matrix: 32 MB each, and seconds for its eigenvalues. For more parameters there are no standard
# errors.
MOST_PARAMETERS = 2000
# An eigenvalue below this share of the largest, of a matrix with a diagonal of ones, is rounding: the rows do not
# identify that direction. A smaller limit would give huge standard errors for it in place of none.
FLAT = 1e-11
# The share of a combination c that may lie in directions that the rows do not identify, before c·θ counts as not
# identified: what rounding leaves there is less.
LOOSE = 1e-5
# The largest probability that a class may still have in a row where it loses all of it in the limit.
MOST_GONE = 1e-3
# How far the logits of a row may move when the row is left out. Beyond this, the row alone decides its prediction, and
# the number is a division by rounding.
FARTHEST = 1e9
# The numbers that the rows need together that are made dense at a time: 16 MiB. A few rows are always taken together. A
# larger number takes memory, a smaller one time.
DENSE = 1 << 21

Floats = NDArray[np.float64]


def free_parameters(features: int, classes: int) -> int:
    """Return the number of free parameters, d = (K − 1)(p + 1)."""
    return (classes - 1) * (features + 1)


@dataclass(frozen=True)
class Limit:
    """The model that θ + t D becomes for t → ∞. D is a direction (p + 1, K) along which no margin u_y − u_k shrinks.

    In each row the classes whose margin is above `apart` lose all their probability.
    """

    direction: Theta
    apart: float


def observed_information(objective: Objective, theta: Theta, limit: Limit | None = None) -> Floats:
    """Return the information of the rows at θ (p + 1, K), or in the limit, without the penalty: (d, d), symmetric.

    It is the Hessian of Σ v·NLL, whose blocks are X̃ᵀ V (diag s_k [k = l] − s_k s_l) X̃ by M5. The labels are not in it,
    so the observed information is also the expected one.
    """
    return objective.rows.sum(partial(_information, theta=theta, limit=limit))


def _information(partition: Partition, theta: Theta, limit: Limit | None) -> Floats:
    """Return the information of the rows of one partition, (d, d)."""
    # 1. The blocks of two different classes are −Qᵀ V Q, with the rows' Q = s ⊗ x̃ (m, d).
    # 2. The blocks of one class, X̃ᵀ V (s_k (1 − s_k)) X̃, are computed by themselves. The difference of X̃ᵀ V s_k X̃
    #    and the block of Qᵀ V Q would be only rounding where all probabilities are 0 or 1. So would 1 − s_k: it is the
    #    sum of the other probabilities. A row may weigh so much that this rounding counts.
    P, K = theta.shape
    H, within = np.zeros(((K - 1) * P,) * 2), np.zeros((K - 1, P, P))
    for X, rows in _dense(partition, (K - 1) * P):
        S = _probabilities(X, rows.y, theta, limit)
        others = [np.delete(S, k, axis=0).sum(axis=0) for k in range(1, K)]
        S = S[1:]
        Q = (S.T[:, :, None] * X[:, None, :]).reshape(len(X), -1)
        H -= Q.T @ (Q * rows.v[:, None])
        for k, (s, other) in enumerate(zip(S, others, strict=True)):
            within[k] += (X * (rows.v * s * other)[:, None]).T @ X
    for k, block in enumerate(within):
        H[k * P : (k + 1) * P, k * P : (k + 1) * P] = block
    return np.asarray((H + H.T) / 2)


def _probabilities(X: Floats, y: NDArray[np.intp], theta: Theta, limit: Limit | None) -> Floats:
    """Return the probabilities S (K, m) of rows X̃ (m, p + 1) with the labels y, or their limit."""
    Z = (X @ theta).T
    if limit is not None:
        U = (X @ limit.direction).T
        gone = (U[y, np.arange(len(y))] - U > limit.apart) & (softmax(Z) < MOST_GONE)
        Z = np.where(gone, -np.inf, Z)
    return np.asarray(softmax(Z), np.float64)


def _dense(partition: Partition, numbers: int, fewest: int = 64) -> Iterator[tuple[Floats, Partition]]:
    """Yield some rows at a time, as X̃ (m, p + 1) with the intercept's ones and as a partition.

    `numbers` is how many numbers the caller makes for each row, `fewest` the fewest rows at a time.
    """
    size = max(fewest, DENSE // numbers)
    for start in range(0, partition.rows, size):
        rows = partition.take(slice(start, start + size))
        X = np.ones((rows.rows, partition.X.columns + 1))
        X[:, :-1] = rows.X.toarray()
        yield X, rows


def penalty_information(l2: float, features: int, classes: int) -> Floats:
    """Return what the penalty l2/2 Σ W² adds to the information, (d, d), for the features and not for the intercept."""
    # θ_jk are the weights counted from the first class. At the optimum Σ_k W_jk = 0, so W_jk = θ_jk − Σ_m θ_jm / K. Put
    # into the penalty, this gives the second derivative l2 (I − 11ᵀ/K) over the free classes.
    over_classes = np.eye(classes - 1) - 1 / classes
    return np.asarray(l2 * np.kron(over_classes, np.diag(np.append(np.ones(features), 0.0))), np.float64)


@dataclass(frozen=True)
class Inverse:
    """A generalised inverse A⁺ = F Fᵀ of a positive semidefinite A (d, d), and the directions in which A is flat.

    `factor` (d, r) is F. `flat` (d, d − r) is a basis of the null space of A in the units of `scale` (d,). The rows
    identify a sum of weights c·θ if (c / scale) · flat is zero.
    """

    factor: Floats
    flat: Floats
    scale: Floats

    def variance(self, C: Floats) -> Floats:
        """Return cᵀ A⁺ c, the variance of c·θ, for each line c of C (…, d); NaN where the rows do not identify c·θ."""
        units = C / self.scale
        lengths = np.linalg.norm(units, axis=-1)
        loose = np.linalg.norm(units @ self.flat, axis=-1) > LOOSE * lengths
        return np.where(loose, np.nan, ((C @ self.factor) ** 2).sum(axis=-1))


def inverse(A: Floats) -> Inverse:
    """Return the inverse of an information matrix A (d, d).

    If A has flat directions it is a generalised inverse; each c·θ that the rows identify has the right variance.
    """
    # 1. The diagonal of A is scaled to ones, so that units of columns do not matter: A = D U D.
    # 2. U = V Λ Vᵀ. Eigenvalues that are rounding are left out; their vectors are the flat directions.
    # 3. F = D⁻¹ V Λ^(−½), so F Fᵀ = A⁺.
    scale = np.sqrt(np.maximum(np.diag(A), 0.0))
    usable = scale > np.finfo(float).tiny
    scale = np.where(usable, scale, 1.0)
    values, vectors = np.linalg.eigh(A / scale / scale[:, None])
    steep = values > FLAT * max(float(values[-1]), 0.0)
    factor = vectors[:, steep] / np.sqrt(values[steep]) / scale[:, None]
    return Inverse(factor, vectors[:, ~steep], scale)


def leave_one_out(objective: Objective, theta: Theta, information: Inverse) -> float:
    """Return about the mean NLL that each row has under the fit to all other rows (Rad & Maleki, 2020).

    `information` is the inverse of the information and the penalty at θ. The result is NaN if a row alone decides its
    own prediction: then it is not defined.
    """
    # For each row one Newton step is made from θ to the fit without it, in closed form. With r = s − y (K − 1,) and
    # A = diag s − s sᵀ over the free classes, and with the row's G = J H⁻¹ Jᵀ (K − 1, K − 1), J = I ⊗ x̃ᵀ:
    # 1. H without the row is H − v Jᵀ A J, and the gradient without it is −v Jᵀ r.
    # 2. By the Woodbury identity the step moves the row's own logits by v (I − v G A)⁻¹ G r.
    # 3. The NLL of the row at the moved logits is added up.
    inverse = information.factor @ information.factor.T
    total = objective.rows.sum(partial(_left_out, theta=theta, inverse=inverse))
    return total / objective.n if np.isfinite(total) else np.nan


@np.errstate(all="ignore")  # a number that is not finite is not defined, and makes the sum so
def _left_out(partition: Partition, theta: Theta, inverse: Floats) -> float:
    """Return Σ v·NLL over the rows of a partition, each under the fit without it; NaN if that is not defined."""
    total, K = 0.0, theta.shape[1]
    for X, rows in _dense(partition, max(len(inverse), (K - 1) ** 2), fewest=4):
        Z = (X @ theta).T
        S = softmax(Z)[1:].T
        G = _quadratic_forms(X, inverse)
        R = S - (rows.y[:, None] == np.arange(1, K))
        v = rows.v[:, None, None]
        # G A = (G − (G s) 1ᵀ) diag s, without the matrices A.
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
    """Return G = J H⁻¹ Jᵀ of each row, (m, K − 1, K − 1): x̃ᵀ Q x̃ for every P × P block Q of the inverse (d, d)."""
    m, P = X.shape
    free = len(inverse) // P
    G = np.empty((m, free, free))
    for k in range(free):
        products = (X @ inverse[k * P : (k + 1) * P]).reshape(m, free, P)
        G[:, k] = np.matmul(products, X[:, :, None])[:, :, 0]
    return G
