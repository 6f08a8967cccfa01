"""The rows from which the curvature blocks are made: drawn from all rows, for each class its own.

The block of class k is Σ_n w_nk x̃_n x̃_nᵀ / n, x̃ with the intercept's 1. Few rows stand for it if those are drawn that
it rests on, in proportion to their leverage (Drineas, Mahoney & Muthukrishnan, 2006). Here the leverage is that of the
block's diagonal d_k, which is known before a row is drawn:

    lev_nk = w_nk Σ_j x̃_nj² / (n d_jk)

It is mixed in halves with the weight alone, so that no row stands for more than twice its share. The draw is systematic
(Madow, 1949): it needs no random numbers, and each partition draws for itself, so that the same rows are drawn on any
number of threads and on any workers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Theta
from smtrain.softmax.weighing import Weigh, short_tiles

# The offsets of the draws of neighbouring partitions go round by the golden section, so that they are spread evenly.
GOLDEN = 0.6180339887498949
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """The draws of a partition, (d,) each, class by class: the class, the position of the row, and its weight.

    The weight is that of the row in the block, in the units of w.
    """

    classes: NDArray[np.intp]
    rows: NDArray[np.intp]
    weights: Floats

    @staticmethod
    def joined(pieces: "Sequence[Drawn]") -> "Drawn":
        """Return the draws of some tiles as one."""
        classes, rows = (np.concatenate([getattr(one, name) for one in pieces]) for name in ("classes", "rows"))
        return Drawn(classes, rows, np.concatenate([one.weights for one in pieces]))


@dataclass(frozen=True)
class Draw:
    """Draws about `count` rows for each class.

    `weigh` gives the weights, whose sums over all rows are `totals` (K,); `lever` (p + 1, K) is that of `lever_of`;
    `starts` (P,) are the positions of the partitions' first rows.
    """

    weigh: Weigh
    totals: Floats
    lever: Theta
    starts: NDArray[np.intp]
    count: int

    def __call__(self, partition: Partition) -> Drawn:
        """Return the draws of a partition."""
        # The expected draws of a class are added up, row after row. A row is drawn if its part carries the sum over a
        # whole number. A part of 1 or more does so always: the row has its own weight w then. One of e < 1 does so in
        # one case of 1 / e: the row stands for as many.
        place = int(np.searchsorted(self.starts, partition.start))
        before, start = np.full(len(self.totals), (place + 1) * GOLDEN % 1.0), 0
        pieces = []
        for tile in short_tiles(partition, len(self.totals)):
            w, expected = self._expected(tile)
            running = np.cumsum(expected, axis=1)
            running += before[:, None]
            classes, rows = np.nonzero(np.diff(np.floor(running), axis=1, prepend=np.floor(before)[:, None]))
            pieces.append(Drawn(classes, rows + start, w[classes, rows] / np.minimum(expected[classes, rows], 1)))
            before, start = running[:, -1], start + tile.rows
        return Drawn.joined(pieces)

    def _expected(self, rows: Partition) -> tuple[Floats, Floats]:
        """Return the weights, and how often each row is expected to be drawn for each class, both (K, m)."""
        # count · (lev_nk / Σ lev + w_nk / Σ w) / 2, where lev_nk / Σ lev = w_nk / Σ w · Σ_j lever_jk x̃_nj².
        squares = rows.X.squared()
        w = self.weigh(rows, squares)
        expected = np.asarray(squares.times(self.lever[:-1]), np.float64)
        expected += 1 + self.lever[-1][:, None]
        expected *= w
        expected *= self.count / 2 / np.maximum(self.totals, 1e-300)[:, None]
        return w, expected


@dataclass(frozen=True)
class Sample:
    """Drawn rows, once each, on the driver: of each partition the X of its rows, and the draws, which count in it."""

    pieces: tuple[tuple[Design, Drawn], ...]

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(self.pieces + other.pieces)

    def of_class(self, k: int, columns: NDArray[np.intp]) -> tuple[Floats, NDArray[np.float32]]:
        """Return the weights (d,) of the rows drawn for a class, and X̃ (d, c) of the columns and the intercept."""
        chosen = [(X, drawn, np.flatnonzero(drawn.classes == k)) for X, drawn in self.pieces]
        weights = np.concatenate([drawn.weights[draws] for _, drawn, draws in chosen])
        dense = np.ones((len(weights), len(columns) + 1), np.float32)
        end = 0
        for X, drawn, draws in chosen:
            start, end = end, end + len(draws)
            dense[start:end, :-1] = X.take(drawn.rows[draws]).dense(columns)
        return weights, dense


def picked(partition: Partition, drawn: Drawn, classes: range) -> Sample:
    """Return the rows of a partition that were drawn for one of the classes."""
    these = (drawn.classes >= classes.start) & (drawn.classes < classes.stop)
    rows, place = np.unique(drawn.rows[these], return_inverse=True)
    return Sample(((partition.X.take(rows), Drawn(drawn.classes[these], place, drawn.weights[these])),))
