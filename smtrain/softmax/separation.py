"""Whether classes can be separated: then, without a penalty, there is no optimum (M11 of docs/maths.md).

A direction D of the weights separates if no row's logit of its own class falls behind another class's along it,

    u_n,y_n − u_nk ≥ 0 for all rows n and classes k,   U = X D,       and is above 0 for some

(Albert & Anderson, 1984). If all are above 0 the separation is complete, else quasi-complete. A fit that is near the
infimum shows such a direction: the weights have gone far along it. Each finding is checked on all rows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.conjugate import conjugate_gradients
from smtrain.softmax.loss import Partition, logits, pass_flops, softmax
from smtrain.softmax.objective import Objective, Theta
from smtrain.softmax.rows import Rows, evenly_spread

MOST_CLASSES = 1000
# Margins beyond this share of the largest are not rounding.
STRICT = 1e-9
# A direction that was solved for is held to less.
SOLVED = 1e-5
# What is left of the weights must be more than the residue of solving for it: as a share of the largest margin.
LEAST = 1e-3
# Pairs of a row and a wrong class that are less probable than this may be on their way to zero.
SATURATED = (1e-4, 1e-7, 1e-10, 1e-13)
# Each solve takes so many passes at most; and no more than a quarter of those that the fit took, for there may be four
# over all rows, or than make so many flops, some tenths of a second.
MOST_PASSES, FEWEST_PASSES, CHEAP = 100, 10, 1 << 31
# Rows of the sample for each column, and besides.
SAMPLE = (20, 1000)
# The conjugate gradients are preconditioned by the inverse of a matrix so wide at most, made regular by a ridge.
WIDEST, RIDGE = 500, 1e-8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """A direction (p + 1, K) that separates; `pairs` are the classes (k < l) that it tells apart in some rows.

    It tells a row's class from another where its margin is above `apart`; what is less is rounding.
    """

    complete: bool
    direction: Theta
    apart: float
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Margins:
    """The least and the largest margin z_y − z_k of the rows of class y against class k, (K, K) each."""

    least: Floats
    largest: Floats

    def __add__(self, other: "Margins") -> "Margins":
        return Margins(np.minimum(self.least, other.least), np.maximum(self.largest, other.largest))


def find_separation(objective: Objective, theta: Theta, epochs: int | None = None) -> Separation | None:
    """A direction that separates, if the fit θ (p + 1, K), made without a penalty in so many epochs, shows one.

    Complete separation is found whenever θ itself separates. Quasi-complete separation is found where θ is so near the
    infimum that the rows that it concerns have stopped to count. None proves nothing.
    """
    if objective.classes > MOST_CLASSES:
        return None
    margins = objective.rows.sum(partial(_margins, theta=theta))
    size = float(margins.largest.max())
    if size <= 0:
        return None
    if margins.least.min() > STRICT * size:
        return Separation(True, theta, STRICT * size, _pairs(margins, STRICT * size))
    for direction in _unheld(objective, theta, size, epochs):
        found = objective.rows.sum(partial(_margins, theta=direction))
        top = float(found.largest.max())
        if top <= LEAST * size:  # nothing is left, and less would be with more rows or smaller probabilities
            return None
        if found.least.min() >= -SOLVED * top:
            complete = bool(found.least.min() > SOLVED * top)
            return Separation(complete, direction, SOLVED * top, _pairs(found, LEAST * top))
    return None


def effects(objective: Objective, direction: Theta) -> Floats:
    """How far each feature moves the logits apart along a direction, (p,): largest difference × standard deviation."""
    mean = objective.totals.x / objective.n
    deviation = np.sqrt(np.maximum(objective.square_sums[:-1, 0] - mean**2, 0))
    return np.asarray(np.ptp(direction[:-1], axis=1) * deviation)


def _pairs(margins: Margins, least: float) -> tuple[tuple[int, int], ...]:
    apart = margins.largest > least
    return tuple((int(k), int(m)) for k, m in np.argwhere(np.triu(apart | apart.T, 1)))


def _margins(partition: Partition, theta: Theta) -> Margins:
    K = theta.shape[1]
    found = Margins(np.full((K, K), np.inf), np.full((K, K), -np.inf))
    for rows in _weighty(partition, K):
        Z = logits(rows.X, theta[:-1], theta[-1]).astype(np.float64, copy=False)
        M = Z[rows.y, np.arange(rows.rows)] - Z
        for y in np.unique(rows.y):
            own = M[:, rows.y == y]
            own[y] = np.nan  # a class has no margin against itself
            found.least[y] = np.fmin(found.least[y], own.min(axis=1))
            found.largest[y] = np.fmax(found.largest[y], own.max(axis=1))
    return found


def _weighty(partition: Partition, classes: int) -> Iterator[Partition]:
    """The rows that weigh something, by tiles."""
    for tile in partition.tiles(classes):
        weighty = tile.v > 0
        if weighty.any():
            yield tile if weighty.all() else tile.take(weighty)


def _most_passes(rows: int, width: int, classes: int, epochs: int | None) -> int:
    """How many passes over so many rows a solve may take after a fit of so many `epochs`."""
    if epochs is None:
        return MOST_PASSES
    return min(MOST_PASSES, max(FEWEST_PASSES, epochs // 4, CHEAP // pass_flops(rows, width, classes)))


def _unheld(objective: Objective, theta: Theta, size: float, epochs: int | None) -> Iterator[Theta]:
    """The part of θ that changes no margin which still counts: where a row gives a wrong class at least some share.

    With A the sum of (e_y − e_k)(e_y − e_k)ᵀ ⊗ x xᵀ over those rows and classes, it is θ − A⁺ A θ. First by a sample of
    the rows, whose A holds less: if nothing is left then, nothing is.
    """
    n, p = objective.rows.count, objective.rows.features
    count = min(n, SAMPLE[0] * (p + 1) + SAMPLE[1])
    sample = evenly_spread(objective.rows, count)
    solve = _preconditioner(objective, sample)
    start = theta - theta.mean(axis=1, keepdims=True)
    for share in SATURATED:
        if np.exp(-size) > share:  # no row is so sure
            return
        pull = partial(_pull, theta=theta, share=share)
        for whole in (False, True) if count < n else (True,):
            times = partial(_over, objective.rows if whole else sample, pull)
            most = _most_passes(n if whole else count, objective.rows.cells, objective.classes, epochs)
            yield start - conjugate_gradients(times, times(start), solve, accuracy=1e-7, most=most)


def _over(rows: Rows | Partition, pull: partial[Theta], direction: Theta) -> Theta:
    """A D of a direction D, over all rows or over a sample."""
    term = partial(pull, direction=direction)
    return term(rows) if isinstance(rows, Partition) else rows.sum(term)


def _preconditioner(objective: Objective, sample: Partition) -> Callable[[Floats], Floats]:
    """The product with (X̃ᵀX̃)⁻¹ of a sample, or of its diagonal in wide tables."""
    diagonal = objective.diagonal_bound()
    if len(diagonal) > WIDEST:
        return partial(np.multiply, 1 / diagonal)
    X = np.ones((sample.rows, len(diagonal)))
    X[:, :-1] = sample.X.toarray()
    return partial(np.matmul, np.linalg.inv(X.T @ X / sample.rows + RIDGE * np.diag(diagonal[:, 0])))


def _pull(partition: Partition, *, theta: Theta, share: float, direction: Theta) -> Theta:
    """A D of a direction D, of one partition."""
    total = np.zeros_like(theta)
    for rows in _weighty(partition, theta.shape[1]):
        at = rows.y, np.arange(rows.rows)
        S = softmax(logits(rows.X, theta[:-1], theta[-1]))
        U = logits(rows.X, direction[:-1], direction[-1])
        U -= U[at]
        U *= share <= S
        U[at] = -U.sum(axis=0)
        total[:-1] += rows.X.transpose_times(U)
        total[-1] += U.sum(axis=1, dtype=np.float64)
    return total
