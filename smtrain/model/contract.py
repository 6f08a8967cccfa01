"""The data contract: what the columns of the training rows were like, to hold other rows against.

The numbers of a column are told by their range and by ten bins. A number that a tenth of the cells have, a *spike*, has
a bin of its own; the others are parted into bins of about equal shares, between deciles where there is no spike. Words
are told by the share of each level. Rows count alike, whatever their weights.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.model.encoder import Encoder
from smtrain.softmax.design import Floats
from smtrain.sources.dialect import LARGEST

Array = NDArray[np.float64]
# Bins of a column, as is usual for the population stability index. Part of the format of a model.
BINS = 10
# The columns of the array of numbers: missing share, least and largest number, edges of the bins, shares of the bins.
MISSING = 0
LOW = 1
HIGH = 2
EDGES = slice(3, 2 + BINS)
SHARES = slice(2 + BINS, 2 + 2 * BINS)
WIDTH = 2 + 2 * BINS
# By how much shares may miss their sum of 1: more than rounding does, less than a row in a billion.
ROUNDING = 1e-9
# Rows that bins are made from: the edges of so many are known to half a per cent of the rows (√(p (1 − p) / m) is at
# most that), for a small part of the time of a fit. Of fewer, drift by chance would hide what is there.
MOST_ROWS = 10_000
# In wide tables they are fewer, for 16 MiB of cells at most, but not below the first number.
FEWEST_ROWS = 1_000
MOST_CELLS = 1 << 21
# Columns whose bins are made together: as many as stay in a processor's cache.
TOGETHER = 64


@dataclass(frozen=True)
class Contract:
    """`numbers` (q, 22), a line for each numeric column of the encoder; `levels`, of all categorical columns in order.

    A line of `numbers` holds the share of missing cells, the least and the largest number, nine edges, and the shares
    of the numbers in the ten bins (−∞, e1], (e1, e2], …, (e9, ∞). A column without numbers has zeros for them.
    `levels` holds the share of the rows with each level, that of missing cells among them, and of rare ones together.
    """

    numbers: Array
    levels: Array

    @property
    def edges(self) -> Array:
        """The edges (q, 9) of the bins of the numeric columns."""
        return self.numbers[:, EDGES]

    def of_levels(self, encoder: Encoder) -> list[Array]:
        """The shares of the levels of each categorical column."""
        ends = np.cumsum([column.size for column in encoder.categorical])
        return np.split(self.levels, ends[:-1]) if len(ends) else []

    def check(self, encoder: Encoder) -> None:
        """Raise ValueError if this cannot be the contract of a model with this encoder."""
        numbers, levels = self.numbers, sum(column.size for column in encoder.categorical)
        if numbers.shape != (len(encoder.numeric), WIDTH) or self.levels.shape != (levels,):
            raise ValueError("not the contract of these columns")
        # A file may hold any numbers. Those of a contract are in order and within their range, and shares sum to 1, or
        # to 0 where there was no cell.
        ordered = np.diff(numbers[:, [LOW, *range(*EDGES.indices(WIDTH)), HIGH]], axis=1) >= 0
        shares = [numbers[:, SHARES].sum(axis=1), *(part.sum(keepdims=True) for part in self.of_levels(encoder))]
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
    """How many rows the bins of a table are made from."""
    return min(rows, max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(1, columns))))


def numbers_lines(sample: Floats, low: Array, high: Array, missing: Array) -> Array:
    """The lines (q, 22) of columns: a sample (q, m) of their cells, NaN where missing; their ranges; missing shares."""
    few = [slice(start, start + TOGETHER) for start in range(0, len(sample), TOGETHER)]
    lines = [_lines_of_few(sample[j], low[j], high[j], missing[j]) for j in few]
    return np.concatenate([np.empty((0, WIDTH)), *lines])


def _lines_of_few(sample: Floats, low: Array, high: Array, missing: Array) -> Array:
    """The lines of some columns. Those without gaps and spikes are cut together, as `bins_of` cuts one."""
    cells = np.sort(sample, axis=1).astype(np.float64)  # NaN comes last
    plain, m = ~np.isnan(cells[:, -1]) & ~_have_spikes(cells), cells.shape[1]
    edges = cells[:, -(-np.arange(1, BINS) * m // BINS) - 1]
    up_to = np.stack([(cells <= edge[:, None]).sum(axis=1) for edge in edges.T], axis=1)
    shares = np.diff(up_to, axis=1, prepend=0, append=m) / m
    lines = np.column_stack([missing, low, high, edges, shares])
    for j in np.flatnonzero(~plain):
        lines[j] = numbers_line(sample[j], low[j], high[j], missing[j])
    return lines


def _have_spikes(cells: Array) -> NDArray[np.bool_]:
    """Which lines of sorted numbers (q, m) have a number so often that it is a spike."""
    often = max(2, -(-cells.shape[1] // BINS))
    return np.asarray((cells[:, often - 1 :] == cells[:, : cells.shape[1] - often + 1]).any(axis=1))


def numbers_line(sample: Floats, low: float, high: float, missing: float) -> Array:
    """The line (22,) of a column: see `numbers_lines`."""
    line = np.zeros(WIDTH)
    line[MISSING] = missing
    if low <= high:  # else there is no number at all
        line[LOW], line[HIGH] = low, high
        line[EDGES], line[SHARES] = bins_of(np.sort(sample[~np.isnan(sample)]).astype(np.float64), low)
    return line


def bins_of(cells: Array, low: float) -> tuple[Array, Array]:
    """Nine edges of sorted numbers, and the share of the numbers in each bin; all at `low` for no numbers.

    1. Each spike gets a bin of its own, by an edge at it and one just below it, as far as the edges go.
    2. The runs of numbers between spikes are cut by the edges that are left, the one with the largest parts first, as
       long as a part is more than a tenth of the numbers.
    3. Then come edges at the sides of spikes where training had no number: they are for new ones.
    4. What is left cuts the runs further.
    """
    if not len(cells):
        return np.full(BINS - 1, low), np.eye(1, BINS)[0]
    runs, cuts, spare = _around_spikes(cells)
    cuts = cuts[: BINS - 1]
    parts = _dealt(runs, [1] * len(runs), BINS - 1 - len(cuts), len(cells) / BINS)
    cuts += spare[: BINS - 1 - len(cuts) - sum(a - 1 for a in parts)]
    parts = _dealt(runs, parts, BINS - 1 - len(cuts) - sum(a - 1 for a in parts), 0)
    for run, a in zip(runs, parts, strict=True):
        cuts += run[-(-np.arange(1, a) * len(run) // a) - 1].tolist()  # the least that so large a share is not above
    edges = np.sort(np.array(cuts + [max(cuts)] * (BINS - 1 - len(cuts))))
    return edges, bin_counts(cells, edges) / len(cells)


def _around_spikes(cells: Array) -> tuple[list[Array], list[float], list[float]]:
    """The runs of numbers between the spikes of sorted numbers, the edges that part them, and those that can be spared.

    First come the edges between two spikes, then those with most numbers on the other side. An edge with none there
    is for numbers that training did not have.
    """
    values, starts, counts = np.unique(cells, return_index=True, return_counts=True)
    spikes = np.flatnonzero((BINS * counts >= len(cells)) & (counts > 1))
    begins, ends = np.append(0, starts[spikes] + counts[spikes]), np.append(starts[spikes], len(cells))
    runs = [cells[begin:end] for begin, end in zip(begins, ends, strict=True)]
    edges = []
    for k, v in enumerate(values[spikes]):
        edges.append((len(cells) if k < len(spikes) - 1 else len(runs[-1]), float(v)))
        if v > cells[0]:
            edges.append((len(runs[k]), float(np.nextafter(v, -np.inf))))
    edges.sort(key=lambda pair: -pair[0])
    needed, spare = ([v for size, v in edges if (size > 0) is wanted] for wanted in (True, False))
    return [run for run in runs if len(run)], needed, spare


def _dealt(runs: list[Array], parts: list[int], edges: int, most: float) -> list[int]:
    """Into how many parts each run is cut, if `edges` more are put where parts are largest and above `most` numbers."""
    parts = [*parts]
    for _ in range(edges if runs else 0):
        r = max(range(len(runs)), key=lambda r: len(runs[r]) / parts[r])
        if len(runs[r]) / parts[r] > most:
            parts[r] += 1
    return parts


def bin_counts(cells: Array, edges: Array) -> NDArray[np.intp]:
    """How many of the numbers are in each bin (10,)."""
    return np.bincount(np.searchsorted(edges, cells, side="left"), minlength=BINS)
