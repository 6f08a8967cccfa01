"""What a draw of rows is, and those that look at one column of a row alone: whole groups, and later values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, UsageError, quoted
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.sources.dates import with_dashes
from smtrain.sources.interface import Reading, Readings, Rows
from smtrain.sources.notation import number
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label
from smtrain.wording import given

NO_GROUP = "a row without a group"
DATES = "a date is written 2024-06-30, or with its time 2024-06-30 12:00"
Mask = NDArray[np.bool_]


class Draw(Protocol):
    """Which rows of a table are put aside."""

    def readings(self, columns: int) -> Readings:
        """How each of so many columns is to be read."""
        ...

    def masks(self, rows: Iterable[Rows]) -> Iterator[tuple[Rows, Mask]]:
        """All rows, which come some at a time and in order, with the mask (n,) of those that are put aside."""
        ...


def reading_of(columns: int, ways: dict[int, Reading]) -> Readings:
    """How each of so many columns is read, those without a way skipped."""
    return tuple(ways.get(i, Reading.SKIP) for i in range(columns))


@dataclass(frozen=True)
class ByCell(Draw):
    """Each row by its text in a `column`: `chosen` gives the mask (n,) of some rows."""

    column: int
    chosen: Callable[[Rows], Mask]

    def readings(self, columns: int) -> Readings:
        """The column alone."""
        return reading_of(columns, {self.column: Reading.LABEL})

    def masks(self, rows: Iterable[Rows]) -> Iterator[tuple[Rows, Mask]]:
        """As `chosen` says."""
        for some in rows:
            yield some, self.chosen(some)


def _with_texts(rows: Rows, column: int, wanted: Callable[[str], bool]) -> Mask:
    """Which rows have a text that is wanted."""
    cells = rows.texts(column)
    return np.take(np.array(list(map(wanted, cells.levels)), np.bool_), cells.codes)


# Whole groups


def groups_drawn(table: Table, name: str, share: float, seed: int, threads: int, *, option: str = "--by") -> Draw:
    """A draw of whole groups, the texts of a column that an option names: about a share of the rows. Reads the table.

    Raises DataError at a row without a group, and if no group fits.
    """
    column, known = table.column(name, option), Vocabulary()
    for rows in table.rows(reading_of(len(table.names), {column: Reading.LABEL}), threads):
        check_groups(rows, column, name)
        known += Vocabulary.of(rows.texts(column))
    if not len(known):
        raise table.no_rows()
    aside = groups_aside(known.texts, known.counts, share, seed)
    if not aside:
        raise no_group_fits(known.counts, "test", share, column=name, source=table.source)
    return ByCell(column, lambda rows: _with_texts(rows, column, aside.__contains__))


def no_group_fits(counts: NDArray[np.intp], option: str, share: float, *, column: str, source: str | None) -> DataError:
    """The error for groups of so many rows, none of which is as small as the share that an option asks for."""
    smallest, total = int(counts.min()), int(counts.sum())
    what = f"{given(option, share)}: no group is so small: the smallest has {smallest:,} of {total:,} rows"
    return DataError(what, source=source, column=column, hint="a larger share; one group must be left")


def check_groups(rows: Rows, column: int, name: str) -> None:
    """Raise DataError at the first row that has no group."""
    if any(map(is_no_label, rows.texts(column).levels)):
        raise rows.find(column, is_no_label)[0].error(NO_GROUP, column=name)


def groups_aside(texts: Sequence[str], counts: NDArray[np.intp], share: float, seed: int) -> set[str]:
    """Groups that together have at most a share of the rows, rounded; one is always left.

    They are taken in an order that follows from the text of each and the seed, as long as they fit.
    """
    sizes = dict(zip(texts, counts.tolist(), strict=True))
    most, taken, aside = int(share * sum(sizes.values()) + 0.5), 0, set[str]()
    for text in sorted(sizes, key=lambda text: (_rank(text, seed), text)):
        if taken + sizes[text] <= most and len(aside) < len(sizes) - 1:
            taken += sizes[text]
            aside.add(text)
    return aside


def _rank(text: str, seed: int) -> bytes:
    """Where a text comes in the order of a seed, whatever the other texts are."""
    return blake2b(f"{seed} {text}".encode(), digest_size=16).digest()


# Later values


def later(table: Table, after: str, name: str) -> Draw:
    """A draw of the rows with a larger number, or a later moment, in a column. Does not read the table.

    A date is its midnight. The draw raises DataError at a row with neither. Raises UsageError for such a value.
    """
    column, least, moment = table.column(name, "--on"), table.meaning.number(after), _moment(after)
    if not np.isnan(least):
        read = partial(_number, decimal="." if _is_typed_number(table, column) else table.meaning.decimal)
        return ByCell(column, lambda rows: _larger(rows, column, name, read, least))
    if moment is None:
        raise UsageError(f"--after: {quoted(after)} is neither a number nor a date", hint=DATES)
    alike = partial(_moment, zoned=moment.tzinfo is not None)
    return ByCell(column, lambda rows: _larger(rows, column, name, alike, moment))


def _larger(rows: Rows, column: int, name: str, read: Callable[[str], Any], after: Any) -> Mask:
    """Which rows have more than `after`, as cells are `read`. Raises DataError at the first that cannot be read so."""
    values = {text: read(text) for text in rows.texts(column).levels}
    if None in values.values():
        place, text = rows.find(column, lambda text: read(text) is None)
        what = "a date in a time zone" if isinstance(after, datetime) and after.tzinfo else "a date without a time zone"
        wanted = what if isinstance(after, datetime) else "a number"
        hint = f"--after is {wanted}" + (f"; {DATES}" if isinstance(after, datetime) else "")
        raise place.error(f"cannot be compared: {quoted(text)}", column=name, hint=hint)
    return _with_texts(rows, column, lambda text: values[text] > after)


def _is_typed_number(table: Table, column: int) -> bool:
    """Whether a column is of numbers by its type: their texts have a point, whatever the decimal mark of texts is."""
    try:
        return table.kind(column) is Reading.NUMBER
    except DataError:  # it is neither of numbers nor of words
        return False


def _number(text: str, decimal: str) -> float | None:
    value = number(text, decimal)
    return None if np.isnan(value) else value


def _moment(text: str, *, zoned: bool | None = None) -> datetime | None:
    """The moment that a text is by ISO 8601, that of a date its midnight; None if it is none.

    `zoned` says whether it must be one in a time zone, or must not; None that it may.
    """
    try:
        moment = datetime.fromisoformat(with_dashes(text.strip()))
    except ValueError:
        return None
    return moment if zoned is None or zoned == (moment.tzinfo is not None) else None
