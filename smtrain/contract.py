"""The data contract: what the columns of the training rows were like, to hold other rows against.

The numbers of a column are told by their range and by ten bins between their deciles, so that a bin has a tenth of them
unless values repeat. Words are told by the share of each level. Rows count alike, whatever their weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.config import LARGEST
from smtrain.design import Floats
from smtrain.encoding import Encoder

Array = NDArray[np.float64]
BINS = 10
# The columns of the array of numbers: the missing share, least and largest number, deciles, shares of the bins.
MISSING, LOW, HIGH, EDGES, SHARES = 0, 1, 2, slice(3, 2 + BINS), slice(2 + BINS, 2 + 2 * BINS)
WIDTH = 2 + 2 * BINS
ROUNDING = 1e-9
# Deciles of so many rows are known to half a per cent of the rows, for a small part of the time of a fit.
MOST_ROWS, FEWEST_ROWS, MOST_CELLS = 10_000, 1_000, 1 << 21


@dataclass(frozen=True)
class Contract:
    """`numbers` (q, 22), a line for each numeric column of the encoder; `levels`, of all categorical columns in order.

    A line of `numbers` holds the share of missing cells, the least and the largest number, nine deciles, and the shares
    of the numbers in the ten bins (−∞, e1], (e1, e2], …, (e9, ∞). A column without numbers has zeros for them.
    `levels` holds the share of the rows with each level, that of missing cells among them.
    """

    numbers: Array
    levels: Array

    @property
    def edges(self) -> Array:
        """The deciles (q, 9) of the numeric columns."""
        return self.numbers[:, EDGES]

    def of_levels(self, encoder: Encoder) -> list[Array]:
        """The shares of the levels of each categorical column."""
        ends = np.cumsum([len(column.levels) for column in encoder.categorical])
        return np.split(self.levels, ends[:-1]) if len(ends) else []

    def check(self, encoder: Encoder) -> None:
        """Raise ValueError if this cannot be the contract of a model with this encoder."""
        numbers, levels = self.numbers, sum(len(column.levels) for column in encoder.categorical)
        if numbers.shape != (len(encoder.numeric), WIDTH) or self.levels.shape != (levels,):
            raise ValueError("not the contract of these columns")
        ordered = np.diff(numbers[:, [LOW, *range(*EDGES.indices(WIDTH)), HIGH]], axis=1) >= 0
        shares = [numbers[:, SHARES].sum(axis=1), *(found.sum(keepdims=True) for found in self.of_levels(encoder))]
        sums = np.concatenate(shares)
        fits = (
            ordered.all()
            and (np.abs(numbers) <= LARGEST).all()
            and all(
                ((part >= 0) & (part <= 1)).all() for part in (numbers[:, MISSING], numbers[:, SHARES], self.levels)
            )
            and ((np.abs(sums - 1) <= ROUNDING) | (sums == 0)).all()
        )
        if not fits:
            raise ValueError("not a contract")


def sample_rows(rows: int, columns: int) -> int:
    """How many rows the deciles of a table are taken from."""
    return min(rows, max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, columns))))


def numbers_line(sample: Floats, low: float, high: float, missing: float) -> Array:
    """The line (22,) of a column: a sample of its cells, NaN where missing; its range; its missing share."""
    line = np.zeros(WIDTH)
    line[MISSING] = missing
    if low <= high:  # else there is no number at all
        line[LOW], line[HIGH] = low, high
        line[EDGES], line[SHARES] = deciles(np.sort(sample[~np.isnan(sample)]), low)
    return line


def deciles(cells: Floats, low: float) -> tuple[Array, Array]:
    """Nine deciles of sorted numbers, and the share of the numbers in each bin; all at `low` for no numbers."""
    n = len(cells)
    if n == 0:
        return np.full(BINS - 1, low), np.eye(1, BINS)[0]
    places = -(-np.arange(1, BINS) * n // BINS) - 1  # the least number that so large a share is not above
    edges = cells[places].astype(np.float64)
    ends = np.searchsorted(cells, cells[places], side="right")
    return edges, np.diff(np.concatenate([[0], ends, [n]])) / n


def bin_counts(cells: Array, edges: Array) -> NDArray[np.intp]:
    """How many of the numbers are in each bin (10,)."""
    return np.bincount(np.searchsorted(edges, cells, side="left"), minlength=BINS)
