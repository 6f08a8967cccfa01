"""Columns of dates and times as columns of numbers: a source beside which its dates are told by their parts.

A column NAME of dates gets the columns NAME.year, NAME.month, NAME.day, NAME.weekday (1 is Monday), NAME.hour and
NAME.days, the days since 1970-01-01 with the time as a fraction. They stand behind the columns of the source, and are
made of the texts of its cells, whatever its type: those of ISO 8601. A date is told by its clock as it is written: an
offset from UTC behind it does not count.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, UsageError, quoted
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.interface import (
    Batch,
    Copier,
    LabelType,
    Places,
    Reading,
    Readings,
    Rows,
    Run,
    Source,
    Span,
    positions,
)
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.meaning import Meaning
from smtrain.sources.misreading import compact
from smtrain.sources.typed import coded, text_of

PARTS = ("year", "month", "day", "weekday", "hour", "days")
# An offset from UTC, as it was before time zones to the second: with colons throughout, or without any.
OFFSET = r"Z|[+-](?:[01]\d|2[0-3])(?::[0-5]\d(?::[0-5]\d)?|[0-5]\d(?:[0-5]\d)?)?"
ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    rf"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{{1,12}}))?)?(?:{OFFSET})?)?",
    re.ASCII,
)
# A date whose year is first, with other signs between: there is one way only to read it.
YEAR_FIRST = re.compile(r"(\d{4})([/.])(\d{2})\2(\d{2})(?!\d)", re.ASCII)
# A day and a month of which either may be first, before or behind a year.
EITHER_WAY = re.compile(r"\d{1,2}([-/. ])\d{1,2}\1\d{2}(?:\d{2})?(?:\D.*)?", re.ASCII | re.DOTALL)
SECONDS = 86_400
EPOCH = date(1970, 1, 1).toordinal()
Numbers = NDArray[np.float64]


def with_dashes(text: str) -> str:
    """A text that begins with a date such as 2024/03/31 or 2024.03.31 as ISO 8601 writes it; any other as it is."""
    return YEAR_FIRST.sub(r"\1-\3-\4", text, count=1) if YEAR_FIRST.match(text) else text


@lru_cache(maxsize=1 << 16)
def parts_of(text: str) -> tuple[float, ...] | None:
    """The numbers of PARTS of a date or a date with a time, None for another text."""
    found = ISO.fullmatch(with_dashes(text.strip(BLANKS)))
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    try:
        day = date(*map(int, found.group(1, 2, 3)))
    except ValueError:
        return None
    seconds = 3600 * hour + 60 * minute + second + float(f"0.{found[7] or 0}")
    return day.year, day.month, day.day, day.isoweekday(), hour, day.toordinal() - EPOCH + seconds / SECONDS


def no_date(text: str) -> tuple[str, str]:
    """What is wrong with a text that is no date, and what helps."""
    if EITHER_WAY.fullmatch(text.strip(BLANKS)):
        what = f"a date whose day and month could be either way round: {quoted(text)}"
        return what, "write the year, the month and the day, as in 2024-03-31"
    what = f"not a date as ISO 8601 writes it: {quoted(text)}"
    return what, f"write 2024-03-31, or 2024-03-31 17:45:00; --na-values {quoted(text)} if it means missing"


class Made(NamedTuple):
    """A column that is made: of which column of the source, by its position, and which of PARTS it is."""

    base: int
    part: int


class DatedSource(Source):
    """A source whose columns of dates, `dialect.dates`, have columns of numbers beside them.

    Raises UsageError for a name that no column has, where a fit asks for it, or that would be there twice.
    """

    def __init__(self, inner: Source) -> None:
        self.inner, places = inner, {name: i for i, name in enumerate(inner.names)}
        missing = [name for name in inner.dialect.dates if name not in places]
        if missing and inner.fitting:
            hint = did_you_mean(missing[0], inner.names)
            raise UsageError(f"{inner.name}: --dates: there is no column {quoted(missing[0])}", hint=hint)
        dated = [name for name in dict.fromkeys(inner.dialect.dates) if name in places]
        made = [f"{name}.{part}" for name in dated for part in PARTS]
        twice = next((name for name in made if name in places), None)
        if twice is not None:
            hint = "rename it: a column of dates has numbers of this name beside it"
            raise UsageError(f"{inner.name}: --dates: there is a column {quoted(twice)} already", hint=hint)
        self.name, self.dialect, self.delimiter, self.header_line = (
            inner.name,
            inner.dialect,
            inner.delimiter,
            inner.header_line,
        )
        self.names, self.made = (
            [*inner.names, *made],
            [Made(places[name], part) for name in dated for part in range(len(PARTS))],
        )
        self.names_are_a_row, self.fitting, self.array = inner.names_are_a_row, inner.fitting, inner.array
        self.batch_bytes, self.first_bytes, self.unnamed = inner.batch_bytes, inner.own_bytes, inner.unnamed
        self.own = self.first = len(inner.names)  # of the columns that are made

    def batches(self) -> Iterator[Batch]:
        """The rows."""
        if self.weight is not None:
            self.inner.weight = self.weight
        self.inner.wanted = None if self.wanted is None else frozenset(map(self.base, self.wanted))
        return (DatedBatch(batch, self) for batch in self.inner.batches())

    def base(self, column: int) -> int:
        """The column of the inner source that a column is, or is made of."""
        return column if column < self.first else self.made[column - self.first].base

    @property
    def bytes_read(self) -> int:  # type: ignore[override]  # Source declares an attribute
        """How much was read so far."""
        return self.inner.bytes_read

    def total_bytes(self) -> int:
        """The bytes of all files."""
        return self.inner.total_bytes()

    def spans(self, size: int, run: Run) -> Sequence[Span]:
        """The spans of the source, with dates."""
        return [DatedSpan(span) for span in self.inner.spans(size, run)]

    def copier(self) -> Copier:
        """What writes the rows of the source."""
        return DatedCopier(self.inner.copier())

    def kind(self, column: int) -> Reading | None:
        """What is made of dates are numbers."""
        return self.inner.kind(column) if column < self.first else Reading.NUMBER

    def label_type(self, column: int) -> LabelType:
        """That of the source; of what is made, whole numbers, but for days with fractions."""
        if column < self.first:
            return self.inner.label_type(column)
        return str if PARTS[self.made[column - self.first].part] == "days" else int

    def elsewhere(self, name: str) -> str | None:
        """A name may be of a column that is made of one that is not there."""
        base = next((one for one in self.dialect.dates if name in {f"{one}.{part}" for part in PARTS}), None)
        return self.inner.elsewhere(name) if base is None else f"it is made of the column {quoted(base)}"

    def check_texts(self, columns: Sequence[int], hint: str | None = None) -> None:
        """Of what is made of them, dates have texts."""
        self.inner.check_texts(sorted({self.base(column) for column in columns}), hint)

    @property
    def doubt(self) -> str | None:
        """That of the source."""
        return self.inner.doubt

    def advice(self, line: int | None = None) -> str | None:
        """That of the source."""
        return self.inner.advice(line)

    def advise(self, error: DataError) -> None:
        """That of the source."""
        self.inner.advise(error)

    def meaning(self, dialect: Dialect | None = None) -> Meaning:
        """That of the source."""
        return self.inner.meaning(dialect)


@dataclass(frozen=True)
class DatedSpan(Span):
    """A span of a source with dates."""

    inner: Span

    def open(self) -> Source:
        """The source of the rows of the span."""
        return DatedSource(self.inner.open())


class DatedCopier(Copier):
    """Writes rows as they stand in the files, without what is made of them."""

    def __init__(self, inner: Copier) -> None:
        self._inner = inner

    def head(self) -> bytes:
        """What stands before the rows."""
        return self._inner.head()

    def rows(self, batch: Batch, some: NDArray[np.bool_]) -> bytes:
        """Some of the rows of a batch."""
        return self._inner.rows(plain_batch(batch), some)

    def end(self) -> bytes:
        """What stands behind the rows."""
        return self._inner.end()


def plain_batch(batch: Batch) -> Batch:
    """The batch of a source whose dates have numbers beside them as the source itself has it."""
    return batch.inner if isinstance(batch, DatedBatch) else batch


@dataclass(frozen=True, eq=False)
class DatedBatch(Batch):
    """Rows of a source with dates. In the columns `lenient`, read as text, a text that is no date stays as it is."""

    inner: Batch
    origin: DatedSource
    lenient: frozenset[int] = frozenset()

    def read(self, readings: Readings, dialect: Dialect | None = None) -> Rows:
        """Read the cells. Raises DataError at the first row with a text that is no date."""
        own, made = list(readings[: self.origin.first]), readings[self.origin.first :]
        wanted = [(one, reading) for one, reading in zip(self.origin.made, made, strict=True) if reading is not SKIP]
        added = {one.base for one, _ in wanted if own[one.base] is SKIP}
        for base in added:
            own[base] = Reading.TEXT
        rows, missing = self.inner.read(tuple(own), dialect), self.origin.meaning(dialect).is_missing
        # A base that is read as labels, beside what is made of it, has its missing cells as texts.
        dates = {one.base: Dates(rows.texts(one.base).without(missing)) for one, _ in wanted}
        numbers = [one for one, reading in wanted if reading is Reading.NUMBER]
        lenient = [i for i in positions(readings, Reading.TEXT, Reading.LABEL) if i in self.lenient]
        strict = {self.origin.base(i) for i in range(self.origin.first, len(readings)) if i not in lenient}
        self._check(rows, {base: one for base, one in dates.items() if base in strict})
        matrix = rows.matrix
        if numbers:
            more = np.stack([dates[one.base].numbers(one.part) for one in numbers], axis=1)
            matrix = np.hstack([matrix, compact(more)])
        columns = {i: cells for i, cells in rows.columns.items() if i not in added}
        for i in positions(readings, Reading.TEXT, Reading.LABEL):
            if i >= self.origin.first:
                one = self.origin.made[i - self.origin.first]
                texts = dates[one.base].texts(one.part)
                columns[i] = texts.labels() if readings[i] is Reading.LABEL else texts
        return Rows(self, readings, rows.count, matrix, columns)

    def _check(self, rows: Rows, dates: "dict[int, Dates]") -> None:
        """Raise DataError at the first row with a text that is no date; of several columns, in the first of them."""
        wrong = [(row, base) for base, one in dates.items() if (row := one.first_wrong) is not None]
        if wrong:
            row, base = min(wrong)
            cells = rows.texts(base)
            what, hint = no_date(cells.levels[cells.codes[row]])
            raise rows.place(row).error(what, column=self.origin.names[base], hint=hint)

    def before(self, error: DataError) -> "Batch | None":
        """The rows before that of an error."""
        return self._of(self.inner.before(error))

    def without(self, gone: NDArray[np.bool_]) -> "Batch | None":
        """The rows but for some."""
        return self._of(self.inner.without(gone))

    def lenient_in(self, columns: Collection[int]) -> "DatedBatch":
        """The same rows, in which texts that are no dates stay as they are in some columns, where they are texts."""
        return replace(self, lenient=frozenset(columns))

    def _of(self, inner: Batch | None) -> "DatedBatch | None":
        return None if inner is None else replace(self, inner=inner)

    def places(self, count: int) -> Places:
        """The places of the rows."""
        return self.inner.places(count)

    def cells(self, column: int) -> Iterator[str]:
        """The texts of a column: of one that is made, those of its numbers."""
        if column < self.origin.first:
            return self.inner.cells(column)
        base, part = self.origin.made[column - self.origin.first]
        return (_text(cell, part) for cell in self.inner.cells(base))

    def written(self, columns: Sequence[int], delimiter: str) -> list[list[str]]:
        """The cells of some columns, row by row, as a CSV file has them."""
        if all(column < self.origin.first for column in columns):
            return self.inner.written(columns, delimiter)
        return super().written(columns, delimiter)


SKIP = Reading.SKIP


class Dates:
    """Cells of text as dates: each text is looked at once."""

    def __init__(self, cells: TextCells) -> None:
        self._cells, nothing = cells, (np.nan,) * len(PARTS)
        found = [parts_of(level) for level in cells.levels]
        self._wrong = np.array([*(one is None for one in found), False])
        self._table = np.array([*(one or nothing for one in found), nothing], np.float64)

    @property
    def first_wrong(self) -> int | None:
        """The first row whose text is no date, None if there is none."""
        wrong = self._wrong[self._cells.codes]  # a missing cell's −1 takes the last
        return int(wrong.argmax()) if wrong.any() else None

    def numbers(self, part: int) -> Numbers:
        """A part of each date (n,), NaN where it is missing."""
        return np.asarray(self._table[self._cells.codes, part])

    def texts(self, part: int) -> TextCells:
        """A part of each date as text; of a text that is no date that itself."""
        return coded(self._cells.codes, [_text(level, part) for level in self._cells.levels])


def _text(cell: str, part: int) -> str:
    found = parts_of(cell)
    return cell if found is None else text_of(float(found[part]))
