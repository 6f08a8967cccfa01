"""Whether classes can be separated: then, without a penalty, there is no optimum (M11 of docs/maths.md).

A direction D of the weights separates if no row's logit of its own class falls behind another class's along it,

    u_n,y_n − u_nk ≥ 0 for all rows n and classes k,   U = X D,       and is above 0 for some

(Albert & Anderson, 1984). u_n,y_n − u_nk is the *margin* of row n of class y_n against class k along D. If all margins
are above 0 the separation is complete, else quasi-complete. A fit that is near the infimum shows such a direction: its
weights have gone far along it. Each candidate is checked on all rows, so a separation that is reported is true.
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

# The most classes of a table that is searched: the margins are K × K matrices. With more, no separation is reported.
MOST_CLASSES = 1000
# The share of the largest margin below which a margin of the fit itself counts as rounding.
STRICT = 1e-9
# The same share for a direction that conjugate gradients solved for, which are less exact than rounding. A larger one
# would report directions that do not separate.
SOLVED = 1e-5
# The smallest part of θ that is a candidate, by its largest margin, as a share of the largest margin of θ. What is less
# may be the residue of the conjugate gradients.
LEAST = 1e-3
# Probabilities that are tried one after another. A pair of a row and a wrong class that is less probable may be on its
# way to zero. If a fit went on for long, all pairs that a separating direction tells apart are below one of these.
SATURATED = (1e-4, 1e-7, 1e-10, 1e-13)
# The residual, relative to that of no step, at which the conjugate gradients stop.
ACCURACY = 1e-7
# The most passes of a solve. There may be four solves over all rows, so one takes no more than a quarter of the passes
# that the fit took, unless that is less than FEWEST_PASSES, or than CHEAP flops. With fewer passes candidates are less
# exact, and more separations are missed.
MOST_PASSES = 100
FEWEST_PASSES = 10
# Flops of a solve that are not worth saving: some tenths of a second.
CHEAP = 1 << 31
# Rows of the sample: this many for each column …
SAMPLE_ROWS_PER_COLUMN = 20
# … and this many in any table. With fewer, more candidates of the sample do not hold in all rows.
SAMPLE_ROWS_BESIDES = 1000
# The widest matrix whose inverse preconditions the conjugate gradients; in wider tables its diagonal does.
WIDEST = 500
# The share of its diagonal that is added to that matrix, so that it has an inverse where columns are collinear.
RIDGE = 1e-8

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """A direction (p + 1, K) that separates.

    It tells the class of a row from another class where the margin is above `apart`; what is less is rounding. `pairs`
    are the classes (k < l) that it tells apart in some rows.
    """

    complete: bool
    direction: Theta
    apart: float
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Margins:
    """The least and the largest margin z_y − z_k of the rows of class y (line) against class k (column), (K, K) each.

    Their "sum" with those of other rows are the least and the largest of both.
    """

    least: Floats
    largest: Floats

    def __add__(self, other: "Margins") -> "Margins":
        return Margins(np.minimum(self.least, other.least), np.maximum(self.largest, other.largest))


def find_separation(objective: Objective, theta: Theta, epochs: int | None = None) -> Separation | None:
    """Return a direction that separates, if the fit θ (p + 1, K) shows one; else None, which proves nothing.

    θ was fitted without a penalty, by `epochs` passes. Complete separation is reported whenever θ itself separates.
    Quasi-complete separation is reported if θ is so near the infimum that the rows that it concerns hardly count.
    """
    if objective.classes > MOST_CLASSES:
        return None
    # 1. Is θ itself a direction that separates completely? One pass tells.
    margins = objective.rows.sum(partial(_margins, theta=theta))
    size = float(margins.largest.max())
    if size <= 0:
        return None
    if margins.least.min() > STRICT * size:
        return Separation(True, theta, STRICT * size, _pairs(margins, STRICT * size))
    # 2. Else the parts of θ that move no margin which still counts are candidates. One pass checks each on all rows.
    for direction in _candidates(objective, theta, size, epochs):
        margins = objective.rows.sum(partial(_margins, theta=direction))
        top = float(margins.largest.max())
        if top <= LEAST * size:  # nothing is left; with more rows or smaller probabilities, less would be
            return None
        if margins.least.min() >= -SOLVED * top:
            complete = bool(margins.least.min() > SOLVED * top)
            return Separation(complete, direction, SOLVED * top, _pairs(margins, LEAST * top))
    return None


def effects(objective: Objective, direction: Theta) -> Floats:
    """Return how far each feature moves the logits apart along a direction, (p,).

    That is the largest difference of its weights for two classes, times its standard deviation.
    """
    mean = objective.totals.x / objective.n
    deviation = np.sqrt(np.maximum(objective.square_sums[:-1, 0] - mean**2, 0))
    return np.asarray(np.ptp(direction[:-1], axis=1) * deviation)


def _pairs(margins: Margins, least: float) -> tuple[tuple[int, int], ...]:
    """Return the pairs of classes (k < l) that have a margin above `least` in either direction."""
    apart = margins.largest > least
    return tuple((int(k), int(m)) for k, m in np.argwhere(np.triu(apart | apart.T, 1)))


def _margins(partition: Partition, theta: Theta) -> Margins:
    """Return the margins of the rows of a partition along θ. Classes without rows have ∞ and −∞."""
    K = theta.shape[1]
    margins = Margins(np.full((K, K), np.inf), np.full((K, K), -np.inf))
    for rows in _weighty(partition, K):
        Z = logits(rows.X, theta[:-1], theta[-1]).astype(np.float64, copy=False)
        M = Z[rows.y, np.arange(rows.rows)] - Z
        for y in np.unique(rows.y):
            own = M[:, rows.y == y]
            own[y] = np.nan  # a class has no margin against itself
            margins.least[y] = np.fmin(margins.least[y], own.min(axis=1))
            margins.largest[y] = np.fmax(margins.largest[y], own.max(axis=1))
    return margins


def _weighty(partition: Partition, classes: int) -> Iterator[Partition]:
    """Yield the rows of each tile that have a weight."""
    for tile in partition.tiles(classes):
        weighty = tile.v > 0
        if weighty.any():
            yield tile if weighty.all() else tile.take(weighty)


def _most_passes(rows: int, width: int, classes: int, epochs: int | None) -> int:
    """Return how many passes over `rows` rows of `width` cells a solve may take, after a fit of `epochs` passes."""
    if epochs is None:
        return MOST_PASSES
    return min(MOST_PASSES, max(FEWEST_PASSES, epochs // 4, CHEAP // pass_flops(rows, width, classes)))


def _candidates(objective: Objective, theta: Theta, size: float, epochs: int | None) -> Iterator[Theta]:
    """Yield parts of θ that change no margin which still counts. `size` is the largest margin of θ."""
    # A pair of a row and a wrong class is held if the row gives the class at least a certain share of its probability.
    # Near the infimum, the pairs that a separating direction tells apart are not held. So:
    # 1. With A the sum of (e_y − e_k)(e_y − e_k)ᵀ ⊗ x̃ x̃ᵀ over the held pairs, D·A D is the sum of their squared
    #    margins along D. It is 0 for the directions that move none of them.
    # 2. The part of θ in those directions is θ − A⁺ A θ. Conjugate gradients give A⁺ A θ, by products with A.
    # 3. First A is made of a sample of the rows. It holds fewer pairs, so if nothing of θ is left with it, nothing is
    #    left with all rows. Else A is made of all rows.
    # 4. For the next, smaller share, more pairs are held, and less of θ is left.
    n, p = objective.rows.count, objective.rows.features
    count = min(n, SAMPLE_ROWS_PER_COLUMN * (p + 1) + SAMPLE_ROWS_BESIDES)
    sample = evenly_spread(objective.rows, count)
    solve = _preconditioner(objective, sample)
    start = theta - theta.mean(axis=1, keepdims=True)
    for share in SATURATED:
        if np.exp(-size) > share:  # no margin is large enough for so small a probability
            return
        pull = partial(_pull, theta=theta, share=share)
        for whole in (False, True) if count < n else (True,):
            times = partial(_over, objective.rows if whole else sample, pull)
            most = _most_passes(n if whole else count, objective.rows.cells, objective.classes, epochs)
            yield start - conjugate_gradients(times, times(start), solve, accuracy=ACCURACY, most=most)


def _over(rows: Rows | Partition, pull: partial[Theta], direction: Theta) -> Theta:
    """Return A D of a direction D, over all rows or over a sample."""
    term = partial(pull, direction=direction)
    return term(rows) if isinstance(rows, Partition) else rows.sum(term)


def _preconditioner(objective: Objective, sample: Partition) -> Callable[[Floats], Floats]:
    """Return the product with (X̃ᵀX̃)⁻¹ of a sample, or in wide tables with the inverse of the diagonal bound."""
    diagonal = objective.diagonal_bound()
    if len(diagonal) > WIDEST:
        return partial(np.multiply, 1 / diagonal)
    X = np.ones((sample.rows, len(diagonal)))
    X[:, :-1] = sample.X.toarray()
    return partial(np.matmul, np.linalg.inv(X.T @ X / sample.rows + RIDGE * np.diag(diagonal[:, 0])))


def _pull(partition: Partition, *, theta: Theta, share: float, direction: Theta) -> Theta:
    """Return A D of a direction D, over the pairs of one partition whose probability is at least `share`."""
    total = np.zeros_like(theta)
    for rows in _weighty(partition, theta.shape[1]):
        at = rows.y, np.arange(rows.rows)
        S = softmax(logits(rows.X, theta[:-1], theta[-1]))
        U = logits(rows.X, direction[:-1], direction[-1])
        U -= U[at]  # the margins along D, with the sign turned
        U *= share <= S  # of the held pairs
        U[at] = -U.sum(axis=0)  # Σ_k (e_k − e_y)(u_k − u_y): the own class gets minus what the others get
        total[:-1] += rows.X.transpose_times(U)
        total[-1] += U.sum(axis=1, dtype=np.float64)
    return total
