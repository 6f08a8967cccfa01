"""The data contract of the rows of a fit, from what was read of them: a small part of the work of reading them."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.columns import Columns
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.fitting.summary import ColumnSummary
from smtrain.model.contract import Contract, numbers_lines, sample_rows
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn
from smtrain.partitions.interface import Home
from smtrain.softmax.design import Floats


def contract_of(table: RawTable, columns: Columns, home: Home) -> Contract:
    """The contract of the columns that are kept."""
    numeric, summary = columns.numeric, table.summary.columns
    sample = _sample(table, [table.slots[i] for i in numeric], sample_rows(table.rows, len(numeric)), home)
    low, high = ([getattr(columns.moments[i], side) for i in numeric] for side in ("low", "high"))
    missing = [summary[i].missing / table.rows for i in numeric]
    lines = numbers_lines(sample, *(np.array(one, np.float64) for one in (low, high, missing)))
    shares = [_cells_of_levels(column, summary[i]) / table.rows for i, column in columns.categorical.items()]
    return Contract(lines, np.concatenate([np.empty(0), *shares]))


def _cells_of_levels(column: CategoricalColumn, of_words: ColumnSummary) -> NDArray[np.intp]:
    """The cells of each level (L,); behind the texts those that are missing, and those of the rare levels together."""
    cells = np.append(of_words.vocabulary.counts, of_words.missing)
    named = of_words.vocabulary.codes(level for level in column.levels if level is not MISSING_LEVEL)
    gaps, rare = [-1] * (MISSING_LEVEL in column.levels), of_words.vocabulary.codes(column.rare)
    return np.append(cells[[*named, *gaps]], [cells[rare].sum()] * bool(column.rare)).astype(np.intp)


def _sample(table: RawTable, slots: list[int], most: int, home: Home) -> Floats:
    """At most `most` rows of some number columns, as columns (q, m): one row, at random, of each stretch of the rows.

    Which rows is a function of their number alone.
    """
    n = table.rows
    stretch = -(-n // most)
    starts = np.arange(0, n, stretch)
    # not every stretch-th row: rows may come in a rhythm
    rows = np.minimum(starts + np.random.default_rng(0).integers(0, stretch, len(starts)), n - 1)
    return np.concatenate(list(home.map(partial(numbers_at, rows=rows, slots=slots), table.raws)), axis=1)


def numbers_at(raw: RawPartition, rows: NDArray[np.intp], slots: list[int]) -> Floats:
    """The numbers (q, m) of a partition in those of some rows, counted through the table, that are in it."""
    first, last = np.searchsorted(rows, [raw.start, raw.start + raw.rows])
    return raw.numbers[rows[first:last] - raw.start][:, slots].T
