"""The weights of rows in the curvature blocks, and the leverage of rows that follows from them.

The block of class k is Σ_n w_nk x̃_n x̃_nᵀ / n + penalty, x̃ with the intercept's 1. At θ the Hessian has the weights
w_nk = v_n s_nk (1 − s_nk). They are damped here:

    w_nk = v_n (s_nk (1 − s_nk) + α_n / K)        α_n = min(1, decrease · (NEAR + FAR · min(h_n, FARTHEST)))

`decrease` is the recent relative decrease of the objective, which goes to zero at the optimum. h_n is the distance of a
row, 1 on average:

    h_n = Σ_j x̃_nj² / d_j  /  mean        d the curvature at θ = 0

Damping keeps curvature where the fit is still confident of wrong classes. It falls on the rows that are far out: their
logits move most in a step, so their curvature at θ says little of that on the way.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition, logits, softmax
from smtrain.softmax.objective import Objective, Theta

# The damping of all rows, as a share of the decrease. These three by experiment; with less damping, fits of tables with
# rows far out take steps that are too long, and with more, the blocks say less.
NEAR = 0.1
# What each unit of distance adds to it.
FAR = 0.06
# The largest distance that counts. Without an end, a few rows would hide what the others say of a column.
FARTHEST = 100.0
# The largest number of a lever. Farther ones could overflow in float32.
LARGEST_LEVER = 1e25

Floats = NDArray[np.float64]
# A function of some rows and of the squares of their X. It returns the weights w, class-major (K, m).
Weigh = Callable[[Partition, Design], Floats]


@dataclass(frozen=True)
class Weights:
    """The damped weights at θ: see the module. `scale` (p + 1,) is that of `distances`."""

    theta: Theta
    decrease: float
    scale: Floats

    def __call__(self, rows: Partition, squares: Design) -> Floats:
        """Return the weights of some rows, from the squares of their X."""
        S: Floats = np.asarray(softmax(logits(rows.X, self.theta[:-1], self.theta[-1])), np.float64)
        h = distances(squares, self.scale)
        damping = np.minimum(1.0, self.decrease * (NEAR + FAR * np.minimum(h, FARTHEST)))
        S -= S * S
        S += damping / len(S)
        S *= rows.v
        return S


@dataclass(frozen=True)
class EqualWeights:
    """The weights where all classes are equally likely, as at θ = 0: v_n (K − 1)/K², the same for each of K classes."""

    classes: int

    def __call__(self, rows: Partition, _: Design) -> Floats:
        """Return the weights of some rows as one line for all classes, (1, m)."""
        return rows.v[None] * ((self.classes - 1) / self.classes**2)


def distance_scale(objective: Objective) -> Floats:
    """Return the scale of `distances`, (p + 1,): 1 / d_j, so that h is 1 on average; d is the curvature at θ = 0."""
    d = objective.diagonal_bound()
    return np.minimum(1 / d / float((objective.square_sums / d).sum()), LARGEST_LEVER)[:, 0]


def distances(squares: Design, scale: Floats) -> Floats:
    """Return the distance h_n = Σ_j scale_j x̃_nj² of every row, (m,), from the squares of X."""
    return np.asarray(squares.times(scale[:-1, None])[0] + scale[-1], np.float64)


def diagonal_sums(partition: Partition, weigh: Weigh, classes: int) -> Theta:
    """Return Σ_n w_nk x̃_nj² over one partition, (p + 1, K), for weights of so many classes."""
    diagonal, precision = np.zeros((partition.X.columns + 1, classes)), partition.X.numeric.dtype
    for tile in short_tiles(partition, classes):
        squares = tile.X.squared()
        w = weigh(tile, squares)
        # As shares of the largest, weights up to 1e152 fit in float32.
        top = float(w.max()) or 1.0
        diagonal[:-1] += top * squares.transpose_times((w / top).astype(precision, copy=False))
        diagonal[-1] += w.sum(axis=1)
    return diagonal


def short_tiles(partition: Partition, classes: int) -> Iterator[Partition]:
    """Split the rows into runs for which the squares of X fit the cache, or four arrays like the logits."""
    return partition.tiles(max(4 * classes, partition.X.numeric.shape[1]))


def lever_of(data: Theta, diagonal: Theta) -> Theta:
    """Return the lever (p + 1, K): Σ_j lever_jk x̃_nj² is a row's leverage over its weight, as a share of their mean.

    The leverage is lev_nk = w_nk Σ_j x̃_nj² / (n d_jk), that of the block's diagonal d. `data` (p + 1, K) is the part of
    the `diagonal` (p + 1, K) that comes from the rows; 0 for columns that have no part in the block.
    """
    total = (data / diagonal).sum(axis=0)
    lever = data[-1] / diagonal / np.maximum(total, 1e-300)
    return np.where(data > 0, np.minimum(lever, LARGEST_LEVER), 0)
