"""What the cells of a table come to, column by column, beside what training had: counts, in one pass."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, Place, listed, quoted
from smtrain.model.contract import BINS, HIGH, LOW, Contract, bin_counts
from smtrain.model.model import Model
from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Batch, Reading, Rows, columns_of
from smtrain.sources.reading import read_leniently
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label

# Distinct new texts of a column that are counted one by one; of a column of other texts there may be millions.
MOST_TEXTS = 1000
# New texts that a sentence names: one less than elsewhere, for their cells stand beside them.
NAMED = 3

Array = NDArray[np.float64]


@dataclass
class NewTexts:
    """Texts that should not be in a column: their cells, the place of the first, and the cells of each text."""

    cells: int = 0
    first: Place | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Rows, column: int, cells: TextCells, new: set[str]) -> None:
        """Count the cells whose text is among `new`."""
        if not new:
            return
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        for level, count in zip(cells.levels, counts.tolist(), strict=True):
            if level in new:
                self.cells += count
                if level in self.counts or len(self.counts) < MOST_TEXTS:
                    self.counts[level] += count
        if self.first is None:
            self.first, _ = rows.find(column, lambda cell: cell in new)

    def named(self) -> str:
        """The most frequent ones, with their cells."""
        most = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return listed((f"{quoted(text)} {count:,}" for text, count in most), NAMED)

    @property
    def where(self) -> tuple[str | None, int | None]:
        """Source and line of the first."""
        return (None, None) if self.first is None else self.first


class NumericCounts:
    """The cells of a numeric column, beside its line of the contract: in its bins, outside its range, no numbers."""

    def __init__(self, line: Array, edges: Array) -> None:
        self._line, self._edges = line, edges
        self.bins = np.zeros(BINS, np.intp)
        self.missing, self.outside = 0, np.zeros(2, np.intp)
        self.low, self.high = np.inf, -np.inf
        self.wrong = NewTexts()
        self.first_outside: Place | None = None

    def add(self, table: Table, rows: Rows, i: int) -> None:
        """Count the cells of some rows; those that are no numbers apart."""
        if rows.is_text(i):
            cells = rows.texts(i)
            self.wrong.add(rows, i, cells, {level for level in cells.levels if not table.meaning.can_read(level)})
            x, gaps = table.meaning.numbers(cells), cells.codes < 0
        else:
            x = rows.number(i)
            gaps = np.isnan(x)
        self.missing += int(gaps.sum())
        # A word among the numbers is counted as wrong, and is no missing cell.
        x = x[~np.isnan(x)]
        if len(x):
            self._count(table, rows, i, x)

    def _count(self, table: Table, rows: Rows, i: int, x: Array) -> None:
        self.bins += bin_counts(x, self._edges)
        self.low, self.high = min(self.low, float(x.min())), max(self.high, float(x.max()))
        low, high = float(self._line[LOW]), float(self._line[HIGH])
        # The two sides apart: chance may put the largest of all rows among the new ones, but not many of one side.
        self.outside += (x < low).sum(), (x > high).sum()
        if self.first_outside is None and self.outside.any():
            number = table.meaning.number
            self.first_outside = first_place(rows, i, lambda cell: number(cell) < low or number(cell) > high)

    @property
    def numbers(self) -> int:
        """The cells that are numbers."""
        return int(self.bins.sum())


def first_place(rows: Rows, i: int, wanted: Callable[[str], bool]) -> Place | None:
    """The place of the first cell of a column that is wanted; None if no cell is, read one by one."""
    try:
        return rows.find(i, wanted)[0]
    except LookupError:  # pandas and Python may read the last bit of a number at the border differently
        return None


class LevelCounts:
    """The cells of each level of a column of words, or the rows of each class; and other texts, which are `unseen`."""

    def __init__(self, levels: tuple[str | None, ...]) -> None:
        self._place = {level: k for k, level in enumerate(levels)}
        self.counts, self.missing = np.zeros(len(levels), np.intp), 0
        self.unseen = NewTexts()

    def add(self, rows: Rows, i: int, cells: TextCells) -> None:
        """Count the cells of a column of some rows."""
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        # By the texts of this piece, which are few, not by its cells.
        known = [k for k, level in enumerate(cells.levels) if level in self._place]
        self.counts[[self._place[cells.levels[k]] for k in known]] += counts[known]
        self.missing += int((cells.codes < 0).sum())
        self.unseen.add(rows, i, cells, {level for level in cells.levels if level not in self._place})


class TableCounts:
    """All columns of a table that a model knows. `at` is where each column of the table is, by name."""

    def __init__(self, model: Model, contract: Contract, table: Table) -> None:
        encoder, self.rows = model.encoder, 0
        self._encoder, self._table = encoder, table
        self.at = {name: i for i, name in enumerate(table.names)}
        lines = zip(encoder.numeric, contract.numbers, contract.edges, strict=True)
        known = [(column, line, edges) for column, line, edges in lines if column.name in self.at]
        self.numeric = {column.name: NumericCounts(line, edges) for column, line, edges in known}
        words = [column for column in encoder.categorical if column.name in self.at]
        self.levels = {column.name: LevelCounts(column.levels) for column in words}
        self.classes = LevelCounts(model.encoder.classes) if encoder.target in self.at else None

    def read(self, threads: int) -> None:
        """Count everything, piece by piece. Raises ModelError if no column is known, DataError if there is no row."""
        readings = self._encoder.readings_there(self._table)
        if all(reading is Reading.SKIP for reading in readings):
            raise ModelError(f"{self._table.source}: not one of the model's columns is there")

        def read(batch: Batch) -> Rows:
            return read_leniently(batch, readings, self._table.meaning)

        for rows in self._table.map(read, threads, columns_of(readings)):
            self._add(rows)
        if self.rows == 0:
            raise self._table.no_rows()

    def _add(self, rows: Rows) -> None:
        self.rows += rows.count
        for name, numbers in self.numeric.items():
            numbers.add(self._table, rows, self.at[name])
        for name, words in self.levels.items():
            words.add(rows, self.at[name], rows.texts(self.at[name]))
        if self.classes is not None:
            target = self.at[self._encoder.target]
            self.classes.add(rows, target, rows.texts(target).without(is_no_label))
