"""The cells of one column of any table, counted by what they look like: nothing is refused."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.fitting.refusals import COUNTED_ROWS, LARGEST_WHOLE, ColumnFacts, constant
from smtrain.inspecting.rows import Lines
from smtrain.inspecting.spread import Spread
from smtrain.sources.absent import means_missing
from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Reading
from smtrain.sources.notation import is_number, looks_like_other_notation
from smtrain.sources.table import Table

# Distinct texts or numbers of a column that are kept: a few megabytes, and more than a column of categories has.
MOST_DISTINCT = 20_000
# A time, or a date that may have one behind it, as it is mostly written; other orders of year, month and day are not.
TIME = r"\d{1,2}:\d{2}(?::\d{2})?.{0,12}"
DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}})(?:[T ]{TIME})?|{TIME}", re.ASCII
)
# Whole numbers of 16 digits and more: a float64 keeps 15 of every number. It can hold numbers of up to 152 digits.
LONG_WHOLE = re.compile(r"[ \t]*[-+]?\d{16,150}[ \t]*", re.ASCII)
SINGLE_QUOTED = re.compile(r"'.*'", re.DOTALL)
LEADING_ZERO = re.compile(r"0\d+", re.ASCII)
Tally = dict[str, tuple[int, int]]  # cells of each text, and the first row that has it


def tally(cells: TextCells, start: int) -> Tally:
    """The distinct texts of the rows from `start` on."""
    here = np.flatnonzero(cells.codes >= 0)
    codes = cells.codes[here]
    counts, firsts = np.bincount(codes, minlength=len(cells.levels)), np.zeros(len(cells.levels), np.intp)
    firsts[codes[::-1]] = start + here[::-1]
    return dict(zip(cells.levels, zip(counts.tolist(), firsts.tolist(), strict=True), strict=True))


def loses_digits(text: str) -> bool:
    """Whether a text is a whole number that floating point rounds to another."""
    return LONG_WHOLE.fullmatch(text) is not None and int(text) != int(float(text))


class Met:
    """Cells of one sort: how many of each text, and where the first is of each, as far as texts are kept."""

    def __init__(self, wanted: Callable[[str], bool], lines: Lines) -> None:
        self.wanted, self._lines, self.cells = wanted, lines, 0
        self.texts: Counter[str] = Counter()
        self._firsts: dict[str, int] = {}

    def add(self, tallied: Tally) -> None:
        """Count those among some texts."""
        for text, (cells, row) in tallied.items():
            if self.wanted(text):
                self.cells += cells
                # Cells are counted to the last, texts are kept as long as there is room.
                if text in self.texts or len(self.texts) < MOST_DISTINCT:
                    self.texts[text] += cells
                    self._firsts.setdefault(text, row)

    def where(self, texts: Iterable[str] | None = None) -> tuple[str | None, int | None]:
        """Source and line of the first cell; of the first of some texts."""
        rows = [self._firsts[text] for text in (self._firsts if texts is None else texts)]
        return self._lines.of(min(rows)) if rows else (None, None)

    @property
    def first(self) -> str:
        """The text of the first cell."""
        return min(self._firsts, key=self._firsts.__getitem__, default="")


class Distinct:
    """Distinct values and the cells of each, up to MOST_DISTINCT of them."""

    def __init__(self) -> None:
        self.counts: Counter[str | float] = Counter()
        self.cells, self.full = 0, False

    def add(self, counts: dict[str, int] | dict[float, int]) -> None:
        """Count values, until there are too many."""
        # From then on the share of different values is that of the cells so far: a column of names stays one of names.
        if not self.full:
            self.counts.update(counts)
            self.cells += sum(counts.values())
            self.full = len(self.counts) > MOST_DISTINCT

    @property
    def share(self) -> float:
        """Distinct values as a share of the cells, as far as they were counted."""
        return len(self.counts) / max(1, self.cells)


class Profile:
    """One column. `numbers` and `words` are counts of cells that are no missing ones.

    `typed_words` says that by its type it is one of words, whatever its texts look like; texts of fewer cells than
    `min_count` become one.
    """

    def __init__(self, name: str, table: Table, lines: Lines, *, typed_words: bool = False, min_count: int = 1) -> None:
        self.name, self.typed_words, self._table, self._min_count = name, typed_words, table, min_count
        self.missing, self.numbers = 0, 0
        self.distinct = Distinct()
        decimal, can_read = table.dialect.decimal, table.meaning.can_read
        self.word = Met(lambda text: not can_read(text), lines)
        self.number = Met(can_read, lines)
        self.na_like = Met(means_missing, lines)
        self.large = Met(lambda text: is_number(text, decimal) and not can_read(text), lines)
        self.notation = Met(lambda text: looks_like_other_notation(text, decimal), lines)
        self.single_quoted = Met(lambda text: SINGLE_QUOTED.fullmatch(text) is not None, lines)
        self.date = Met(lambda text: DATE.fullmatch(text.strip()) is not None, lines)
        self.padded = Met(lambda text: LEADING_ZERO.fullmatch(text) is not None, lines)
        self.long = Met(loses_digits, lines)
        self.spread = Spread()
        # True until a cell says otherwise.
        self.whole, self.steps, self.rises, self.maybe_long = True, True, True, True
        self._first: float | None = None
        self._last: float | None = None
        self._digest = hashlib.blake2b(digest_size=16)

    @property
    def words(self) -> int:
        """The cells that are text."""
        return self.word.cells

    @property
    def filled(self) -> int:
        """The cells that are not missing."""
        return self.numbers + self.words

    @property
    def constant(self) -> str | None:
        """Why nothing can be learned from the cells that are filled: one value, or numbers equal but for rounding."""
        if self.words:
            one = not self.distinct.full and len(self.distinct.counts) <= 1
            return "it is constant" if one else None
        return constant(self.spread.deviation, self.spread.largest) if self.numbers else None

    def facts(self, kind: Reading | None, rows: int) -> ColumnFacts:
        """What decides whether a fit keeps the column, in a table of `rows` rows; None if no kind was asked for."""
        levels, cells = len(self.distinct.counts) + (self.missing > 0), rows
        if self.distinct.full:  # as far as they were counted
            levels, cells = len(self.distinct.counts), self.distinct.cells
        counting = self.steps and not self.words and not self.missing
        return ColumnFacts(
            name=self.name,
            asked=kind is not None and not self.typed_words,
            filled=self.filled > 0,
            missing=self.missing > 0,
            first=self._first if counting else None,
            rising=self._numbers_the_rows,
            deviation=self.spread.deviation,
            largest=self.spread.largest,
            levels=levels if self.words or self.typed_words else None,
            rows=cells,
            together=sum(count < self._min_count for count in self.distinct.counts.values()),
            number_texts=not self.words,
        )

    @property
    def consecutive(self) -> bool:
        """Whether the cells are whole numbers, each one more than the one before."""
        return self.steps and self.whole and not self.words and not self.missing and self.numbers >= COUNTED_ROWS

    @property
    def _numbers_the_rows(self) -> bool:
        """Whether the cells are whole numbers from 0 on, each larger than the one before."""
        whole = self.whole and not self.words and not self.missing and self.numbers >= COUNTED_ROWS
        return whole and self.rises and self._first is not None and self._first >= 0

    @property
    def digest(self) -> bytes:
        """Equal for columns of equal cells."""
        return self._digest.digest()

    def add_texts(self, cells: TextCells, start: int, v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Count cells of text, from a row on, of weights v. Returns them as numbers (n,), NaN for words and gaps."""
        tallied = tally(cells, start)
        for met in (
            self.word,
            self.number,
            self.na_like,
            self.large,
            self.notation,
            self.single_quoted,
            self.date,
            self.padded,
            self.long,
        ):
            met.add(tallied)
        self.missing += int((cells.codes < 0).sum())
        x = self._table.meaning.numbers(cells)
        self.numbers += int((~np.isnan(x)).sum())
        self.rises = self.rises and not self.words
        self.steps = self.steps and self.rises
        self._step(x)
        self.spread.add(x, v)
        self.distinct.add({text: cells for text, (cells, _) in tallied.items() if self._is_word(text)})
        self._distinct_numbers(x)
        return x

    def _is_word(self, text: str) -> bool:
        return self.typed_words or self.word.wanted(text)

    def add_numbers(self, x: NDArray[np.float64], v: NDArray[np.float64]) -> None:
        """Count cells that are numbers or missing, of rows of weights v."""
        self.spread.add(x, v)
        gaps = int(np.isnan(x).sum())
        self.missing += gaps
        self.numbers += len(x) - gaps
        self._step(x)
        self._distinct_numbers(x)

    def _distinct_numbers(self, x: NDArray[np.float64]) -> None:
        x = x[~np.isnan(x)]
        if len(x):
            self.whole = self.whole and bool((x == np.floor(x)).all())
            if not self.distinct.full and not self.typed_words:
                values, counts = np.unique(x, return_counts=True)
                self.distinct.add(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def _step(self, x: NDArray[np.float64]) -> None:
        """Follow whether each number is more than the one before, and whether by one."""
        if self.rises and len(x):
            before = x[:0] if self._last is None else [self._last]
            self._first = float(x[0]) if self._first is None else self._first
            steps = np.diff(np.concatenate([before, x]))
            self.rises, self.steps = bool((steps > 0).all()), self.steps and bool((steps == 1).all())
            self._last = float(x[-1])

    def look_for_long(self, x: NDArray[np.float64]) -> bool:
        """Whether the texts of these numbers are worth a look for digits that are lost: once, if they may be long."""
        whole = self.maybe_long and bool((np.abs(x[~np.isnan(x)]) >= LARGEST_WHOLE).any())
        self.maybe_long = self.maybe_long and not whole
        return whole

    def keep(self, hashes: NDArray[np.uint64]) -> None:
        """Remember the cells (n,), by their hashes, to know an equal column."""
        self._digest.update(np.ascontiguousarray(hashes).view(np.uint8).data)


def hashed_numbers(x: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A hash of each number; all NaN alike, and both zeros."""
    x = x + 0.0  # −0 becomes 0
    x[np.isnan(x)] = np.nan
    return np.asarray(pd.util.hash_array(x), np.uint64)


def hashed_texts(cells: TextCells) -> NDArray[np.uint64]:
    """A hash of each cell of text; missing ones like a missing number."""
    levels = pd.util.hash_array(np.array([*cells.levels, ""], object), categorize=False)
    levels[-1] = hashed_numbers(np.array([np.nan]))[0]
    return np.asarray(levels[cells.codes], np.uint64)
