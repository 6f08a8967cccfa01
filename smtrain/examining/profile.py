"""What the cells of one column of any table come to: nothing is refused, everything is counted."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smtrain.config import SMALLEST_SCALE
from smtrain.examining.rows import Lines
from smtrain.learning import CONSTANT
from smtrain.sources.cells import TextCells
from smtrain.sources.notation import is_number, looks_like_other_notation
from smtrain.sources.table import Table

# A column of numbers that counts the rows is believed to do so from so many rows on.
COUNTED_ROWS = 5
# So many distinct texts or numbers of a column are kept.
MOST_DISTINCT = 20_000
# Texts that people write for a missing value, in small letters, beside those that are always taken for one.
NA_WORDS = r"""
? ?? ??? - -- --- . * # n.a. n/a na nan -nan null nil none (none) (null) <na> <null> \n unknown unk unkn. missing
undefined unspecified tbd n.d. nd n/d #n/a! #ref! #value! #div/0! #name? #null! #num! k.a.
"""
NA_LIKE = {*NA_WORDS.split(), "not available", "not applicable", "not known", "no data", "not specified"}
TIME = r"\d{1,2}:\d{2}(?::\d{2})?.{0,12}"
DATE = re.compile(
    rf"(?:\d{{4}}([-/.])\d{{1,2}}\1\d{{1,2}}|\d{{1,2}}([-/.])\d{{1,2}}\2\d{{4}})(?:[T ]{TIME})?|{TIME}", re.ASCII
)
LEADING_ZERO = re.compile(r"0\d+", re.ASCII)
Tally = dict[str, tuple[int, int]]  # cells of each text, and the first row that has it


def tally(cells: TextCells, start: int) -> Tally:
    """The distinct texts of the rows from `start` on."""
    here = np.flatnonzero(cells.codes >= 0)
    codes = cells.codes[here]
    counts, firsts = np.bincount(codes, minlength=len(cells.levels)), np.zeros(len(cells.levels), np.intp)
    firsts[codes[::-1]] = start + here[::-1]
    return dict(zip(cells.levels, zip(counts.tolist(), firsts.tolist(), strict=True), strict=True))


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
    """Distinct values, up to a number of them."""

    def __init__(self) -> None:
        self.counts: Counter[str | float] = Counter()
        self.cells, self.full = 0, False

    def add(self, counts: dict[str, int] | dict[float, int]) -> None:
        """Count values, until there are too many."""
        if not self.full:
            self.counts.update(counts)
            self.cells += sum(counts.values())
            self.full = len(self.counts) > MOST_DISTINCT

    @property
    def share(self) -> float:
        """Distinct values as a share of the cells, as far as they were counted."""
        return len(self.counts) / max(1, self.cells)


class Profile:
    """One column. `numbers` and `words` are counts of cells that are no missing ones."""

    def __init__(self, name: str, table: Table, lines: Lines) -> None:
        self.name, self._table = name, table
        self.missing, self.numbers = 0, 0
        self.distinct = Distinct()
        self.word = Met(lambda text: not table.can_read(text), lines)
        self.number = Met(table.can_read, lines)
        self.na_like = Met(lambda text: text.strip().casefold() in NA_LIKE, lines)
        self.large = Met(lambda text: is_number(text, table.dialect.decimal) and not table.can_read(text), lines)
        self.notation = Met(lambda text: looks_like_other_notation(text) and not table.can_read(text), lines)
        self.date = Met(lambda text: DATE.fullmatch(text.strip()) is not None, lines)
        self.padded = Met(lambda text: LEADING_ZERO.fullmatch(text) is not None, lines)
        self.whole, self.steps = True, True
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
    def constant(self) -> bool:
        """Whether there is one value at most, or numbers that differ by rounding only."""
        if self.distinct.full or self.words:
            return not self.distinct.full and len(self.distinct.counts) <= 1
        values = [float(value) for value in self.distinct.counts] or [0.0]
        largest = max(map(abs, values))
        return max(values) / 2 - min(values) / 2 <= max(CONSTANT * largest, SMALLEST_SCALE)

    @property
    def counts_rows(self) -> bool:
        """Whether the cells are 0, 1, 2, … or 1, 2, 3, …."""
        return self.steps and not self.words and not self.missing and self._first in {0, 1}

    @property
    def consecutive(self) -> bool:
        """Whether the cells are whole numbers, each one more than the one before."""
        return self.steps and self.whole and not self.words and not self.missing and self.numbers >= COUNTED_ROWS

    @property
    def digest(self) -> bytes:
        """Equal for columns of equal cells."""
        return self._digest.digest()

    def add_texts(self, cells: TextCells, start: int) -> NDArray[np.float64]:
        """Count cells of text, from a row on; gives them as numbers (n,), NaN for those that are none."""
        tallied = tally(cells, start)
        for met in (self.word, self.number, self.na_like, self.large, self.notation, self.date, self.padded):
            met.add(tallied)
        self.missing += int((cells.codes < 0).sum())
        x = self._table.numbers(cells)
        self.numbers += int((~np.isnan(x)).sum())
        self.steps = self.steps and not self.words
        self._step(x)
        self.distinct.add({text: cells for text, (cells, _) in tallied.items() if self.word.wanted(text)})
        self._distinct_numbers(x)
        return x

    def add_numbers(self, x: NDArray[np.float64]) -> None:
        """Count cells that are numbers or missing."""
        gaps = int(np.isnan(x).sum())
        self.missing += gaps
        self.numbers += len(x) - gaps
        self._step(x)
        self._distinct_numbers(x)

    def _distinct_numbers(self, x: NDArray[np.float64]) -> None:
        x = x[~np.isnan(x)]
        if len(x):
            self.whole = self.whole and bool((x == np.floor(x)).all())
            if not self.distinct.full:
                values, counts = np.unique(x, return_counts=True)
                self.distinct.add(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def _step(self, x: NDArray[np.float64]) -> None:
        """Follow whether each number is one more than the one before."""
        if self.steps and len(x):
            before = x[:0] if self._last is None else [self._last]
            self._first = float(x[0]) if self._first is None else self._first
            self.steps = bool((np.diff(np.concatenate([before, x])) == 1).all())
            self._last = float(x[-1])

    def keep(self, hashes: NDArray[np.uint64]) -> None:
        """Remember the cells (n,), by their hashes, to know an equal column."""
        self._digest.update(np.ascontiguousarray(hashes).view(np.uint8).data)


def hashed_numbers(x: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A hash of each number; all NaN alike, and both zeros."""
    x = x + 0.0
    x[np.isnan(x)] = np.nan
    return np.asarray(pd.util.hash_array(x), np.uint64)


def hashed_texts(cells: TextCells) -> NDArray[np.uint64]:
    """A hash of each cell of text; missing ones like a missing number."""
    levels = pd.util.hash_array(np.array([*cells.levels, ""], object), categorize=False)
    levels[-1] = hashed_numbers(np.array([np.nan]))[0]
    return np.asarray(levels[cells.codes], np.uint64)
