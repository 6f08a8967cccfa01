"""What the cells of some rows come to, column by column, beside what training had: counts that add up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, Place, listed, quoted
from smtrain.model.contract import EDGES, HIGH, LOW, Contract, bin_counts
from smtrain.model.encoder import CategoricalColumn
from smtrain.model.model import Model
from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Batch, Reading, Rows, Span, columns_of
from smtrain.sources.meaning import Meaning
from smtrain.sources.reading import read_leniently
from smtrain.sources.table import Table
from smtrain.sources.usable import missing_label

# Distinct new texts of a column that are counted one by one; of a column of other texts there may be millions.
MOST_TEXTS = 1000
# New texts that a sentence names: one less than elsewhere, for their cells stand beside them.
NAMED = 3

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NewTexts:
    """Texts that should not be in a column: their cells, the place of the first, and the cells of each text.

    Sums are those of rows and of the rows behind them.
    """

    cells: int = 0
    first: Place | None = None
    counts: Mapping[str, int] = field(default_factory=Counter)

    @classmethod
    def of(cls, rows: Rows, cells: TextCells, new: set[str]) -> "NewTexts":
        """The cells of a column of some rows whose text is among `new`."""
        if not new:
            return cls()
        numbers = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels)).tolist()
        counts = Counter({text: n for text, n in zip(cells.levels, numbers, strict=True) if text in new and n})
        if not counts:
            return cls()
        codes = [code for code, text in enumerate(cells.levels) if text in counts]
        return cls(counts.total(), rows.place(int(np.isin(cells.codes, codes).argmax())), counts)

    def __add__(self, other: "NewTexts") -> "NewTexts":
        counts = Counter(self.counts)
        counts.update(other.counts)
        return NewTexts(self.cells + other.cells, other.first if self.first is None else self.first, counts)

    @property
    def bounded(self) -> "NewTexts":
        """The same with the first texts alone: their number has a bound, and the cells of each stay exact."""
        if len(self.counts) <= MOST_TEXTS:
            return self
        return replace(self, counts=Counter(dict(list(self.counts.items())[:MOST_TEXTS])))

    @property
    def most(self) -> dict[str, int]:
        """The texts and their cells, the most frequent first."""
        return dict(sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0])))

    def named(self) -> str:
        """The most frequent ones, with their cells."""
        return listed((f"{quoted(text)} {count:,}" for text, count in self.most.items()), NAMED)

    @property
    def where(self) -> tuple[str | None, int | None]:
        """Source and line of the first."""
        return (None, None) if self.first is None else self.first


@dataclass(frozen=True)
class NumericCounts:
    """The cells of a numeric column, beside its line of the contract: in its bins, outside its range, no numbers.

    `outside` (2,) are the numbers below the range, and above it.
    """

    missing: int
    wrong: NewTexts
    bins: NDArray[np.intp]
    low: float
    high: float
    outside: NDArray[np.intp]
    first_outside: Place | None

    @classmethod
    def of(cls, rows: Rows, i: int, meaning: Meaning, line: Array) -> "NumericCounts":
        """Count the cells of a column of some rows; those that are no numbers apart."""
        wrong = NewTexts()
        if rows.is_text(i):
            cells = rows.texts(i)
            wrong = NewTexts.of(rows, cells, {level for level in cells.levels if not meaning.can_read(level)})
            x, gaps = meaning.numbers(cells), cells.codes < 0
        else:
            x = rows.number(i)
            gaps = np.isnan(x)
        # A word among the numbers is counted as wrong, and is no missing cell.
        low, high = float(line[LOW]), float(line[HIGH])
        below, above = x < low, x > high
        # The two sides apart: chance may put the largest of all rows among the new ones, but not many of one side.
        outside = np.array([below.sum(), above.sum()], np.intp)
        first = rows.place(int((below | above).argmax())) if outside.any() else None
        x = x[~np.isnan(x)]
        least, largest = float(x.min(initial=np.inf)), float(x.max(initial=-np.inf))
        return cls(int(gaps.sum()), wrong, bin_counts(x, line[EDGES]), least, largest, outside, first)

    def __add__(self, other: "NumericCounts") -> "NumericCounts":
        return NumericCounts(
            self.missing + other.missing,
            self.wrong + other.wrong,
            self.bins + other.bins,
            min(self.low, other.low),
            max(self.high, other.high),
            self.outside + other.outside,
            other.first_outside if self.first_outside is None else self.first_outside,
        )

    @property
    def bounded(self) -> "NumericCounts":
        """The same with a bound on its texts."""
        return replace(self, wrong=self.wrong.bounded)

    @property
    def numbers(self) -> int:
        """The cells that are numbers."""
        return int(self.bins.sum())


@dataclass(frozen=True)
class LevelCounts:
    """The cells of each level of a column of words, or the rows of each class; and other texts, which are `unseen`."""

    counts: NDArray[np.intp]
    missing: int
    unseen: NewTexts

    @classmethod
    def of(cls, rows: Rows, cells: TextCells, levels: Mapping[str | None, int]) -> "LevelCounts":
        """Count the cells of a column of some rows, whose `levels` have their places."""
        total = np.zeros(max(levels.values()) + 1, np.intp)
        counts = np.bincount(cells.codes[cells.codes >= 0], None, len(cells.levels))
        # By the texts of these rows, which are few, not by their cells.
        known = [k for k, level in enumerate(cells.levels) if level in levels]
        np.add.at(total, [levels[cells.levels[k]] for k in known], counts[known])  # rare levels have one place
        unseen = NewTexts.of(rows, cells, {level for level in cells.levels if level not in levels})
        return cls(total, int((cells.codes < 0).sum()), unseen)

    def __add__(self, other: "LevelCounts") -> "LevelCounts":
        return LevelCounts(self.counts + other.counts, self.missing + other.missing, self.unseen + other.unseen)

    @property
    def bounded(self) -> "LevelCounts":
        """The same with a bound on its texts."""
        return replace(self, unseen=self.unseen.bounded)


@dataclass(frozen=True)
class TableCounts:
    """All columns of some rows that a model knows, by name; `classes` is None without labels.

    Counts are added from the first rows to the last, and the sum is associative: rows may be cut anywhere.
    """

    rows: int
    numeric: Mapping[str, NumericCounts]
    levels: Mapping[str, LevelCounts]
    classes: LevelCounts | None

    def __add__(self, other: "TableCounts") -> "TableCounts":
        classes = None
        if self.classes is not None and other.classes is not None:
            classes = self.classes + other.classes
        return TableCounts(
            self.rows + other.rows,
            {name: counts + other.numeric[name] for name, counts in self.numeric.items()},
            {name: counts + other.levels[name] for name, counts in self.levels.items()},
            classes,
        )

    @property
    def bounded(self) -> "TableCounts":
        """The same with a bound on the texts of each column, whatever the number of rows."""
        numeric = {name: counts.bounded for name, counts in self.numeric.items()}
        levels = {name: counts.bounded for name, counts in self.levels.items()}
        return TableCounts(self.rows, numeric, levels, self.classes and self.classes.bounded)


class Counting:
    """Counts tables beside a contract; called with a span of one, it returns the counts of that, None for no rows."""

    def __init__(self, model: Model, contract: Contract) -> None:
        encoder = self._encoder = model.encoder
        self._lines = {column.name: line for column, line in zip(encoder.numeric, contract.numbers, strict=True)}
        self._levels = {column.name: _codes(column) for column in encoder.categorical}
        self._classes = _places(encoder.classes)
        self._missing_label = missing_label({*encoder.dialect.na_values} - {*encoder.classes})

    def readings(self, table: Table) -> tuple[Reading, ...]:
        """How the columns of a table are read. Raises ModelError if the model knows none of them."""
        readings = self._encoder.readings_there(table)
        if all(reading is Reading.SKIP for reading in readings):
            raise ModelError(f"{table.source}: not one of the model's columns is there")
        return readings

    def pieces(self, table: Table, threads: int = 1) -> Iterator[TableCounts]:
        """The counts of some rows after another. Raises DataError at rows that cannot be told from each other."""
        readings, meaning = self.readings(table), table.meaning

        def read(batch: Batch) -> Rows:
            return read_leniently(batch.lenient_in(columns_of(readings)), readings, meaning)

        return (self._of(rows, table) for rows in table.map(read, threads, columns_of(readings)))

    def __call__(self, span: Span) -> TableCounts | None:
        """The counts of a span, of which no text is left out: the bound is for the sum of all."""
        pieces = [*self.pieces(Table.of_span(span))]
        return reduce(add, pieces) if pieces else None

    def _of(self, rows: Rows, table: Table) -> TableCounts:
        at, meaning, target = table.places, table.meaning, self._encoder.named_target
        return TableCounts(
            rows.count,
            {name: NumericCounts.of(rows, at[name], meaning, line) for name, line in self._lines.items() if name in at},
            {
                name: LevelCounts.of(rows, rows.texts(at[name]), levels)
                for name, levels in self._levels.items()
                if name in at
            },
            LevelCounts.of(rows, rows.texts(at[target]).without(self._missing_label), self._classes)
            if target is not None and target in at
            else None,
        )


def total(pieces: Iterable[TableCounts | None], table: Table) -> TableCounts:
    """The sum of counts of the rows of a table, in order. Raises DataError if there is none."""
    found: TableCounts | None = None
    for piece in pieces:
        if piece is not None:
            found = (piece if found is None else found + piece).bounded
    if found is None:
        raise table.no_rows()
    return found


def _places(levels: tuple[str, ...]) -> dict[str | None, int]:
    return {level: k for k, level in enumerate(levels)}


def _codes(column: CategoricalColumn) -> dict[str | None, int]:
    """The place of each level among the columns of X of its column; the rare ones have one together."""
    return {level: min(place, column.size - 1) for level, place in column.places.items()}
