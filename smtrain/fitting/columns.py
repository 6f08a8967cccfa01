"""Which columns of a table a fit keeps, and as what; which it leaves out, and why."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place
from smtrain.fitting.moments import ColumnMoments, moments
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable
from smtrain.fitting.refusals import (
    COUNTED_ROWS,
    EMPTY,
    ColumnFacts,
    constant,
    named_as_an_index,
    no_name,
    other_notation,
)
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn, Column, NumericColumn
from smtrain.partitions.interface import Home, Items
from smtrain.sources.interface import Reading
from smtrain.sources.notation import in_other_notation, looks_like_other_notation


@dataclass(frozen=True)
class Columns:
    """The columns that are `kept`, with their positions in the table, and the reasons for those that are left out.

    `moments` are those of all columns of numbers, by position; `counting` are the names of those that are kept and go
    up by one from row to row, `nameless` the names of those that are kept, unasked, and are called as an index is.
    """

    kept: tuple[tuple[int, Column], ...]
    left_out: dict[int, str]
    moments: dict[int, ColumnMoments]
    counting: tuple[str, ...]
    nameless: tuple[str, ...]

    @property
    def numeric(self) -> list[int]:
        """The positions of the columns of numbers that are kept."""
        return [i for i, column in self.kept if isinstance(column, NumericColumn)]

    @property
    def categorical(self) -> dict[int, CategoricalColumn]:
        """The columns of words that are kept, by position."""
        return {i: column for i, column in self.kept if isinstance(column, CategoricalColumn)}


def columns_of(table: RawTable, raws: Items[RawPartition], home: Home) -> Columns:
    """The columns of a table, whose rows are `raws` with their weights. Raises DataError for one that is refused."""
    slots = [table.slots[i] for i in table.numeric]
    all_moments = dict(zip(table.numeric, moments(raws, slots, home), strict=True))
    firsts = _counting(table.raws, slots, home)  # what a row weighs says nothing of its number
    rising = _rising(table, home)
    columns: dict[int, Column | str] = {}
    for i, kind in table.summary.kinds.items():
        if kind is None:
            columns[i] = EMPTY
        else:
            numeric = kind is Reading.NUMBER
            columns[i] = _numeric(table, i, all_moments[i], firsts, rising) if numeric else _categorical(table, i)
    kept = tuple((i, column) for i, column in columns.items() if not isinstance(column, str))
    counting = [i for i, _ in kept if i in all_moments and table.slots[i] in firsts and table.rows >= COUNTED_ROWS]
    left_out = {i: reason for i, reason in columns.items() if isinstance(reason, str)}
    nameless = [c.name for i, c in kept if named_as_an_index(c.name) and i not in table.roles.forced]
    return Columns(kept, left_out, all_moments, tuple(table.names[i] for i in counting), tuple(nameless))


def _numeric(
    table: RawTable, i: int, spread: ColumnMoments, firsts: dict[int, float], rising: set[int]
) -> NumericColumn | str:
    """A column of numbers, or the reason to leave it out."""
    missing = table.summary.columns[i].missing > 0
    facts = ColumnFacts(
        name=table.names[i],
        asked=i in table.roles.forced,
        filled=spread.low <= spread.high,
        missing=missing,
        first=firsts.get(table.slots[i]),
        rising=table.slots[i] in rising,
        deviation=spread.deviation,
        largest=spread.largest,
    )
    _check_named(table, facts)
    if facts.left_out is not None:
        return facts.left_out
    # A constant column that was asked for, or has missing cells, is kept; there is nothing to divide by.
    scale = spread.deviation if constant(spread.deviation, spread.largest) is None else 1.0
    return NumericColumn(facts.name, spread.mean, scale, missing=missing)


def _categorical(table: RawTable, i: int) -> CategoricalColumn | str:
    """A column of words, or the reason to leave it out. Raises DataError if these are numbers in another notation."""
    summary = table.summary.columns[i]
    levels = len(summary.vocabulary) + (summary.missing > 0)
    kept, rare = summary.vocabulary.parted(table.config.min_count)
    facts = ColumnFacts(
        name=table.names[i],
        asked=i in table.roles.forced,
        filled=len(summary.vocabulary) > 0,
        missing=summary.missing > 0,
        levels=levels,
        rows=table.rows,
        together=len(rare),
        number_texts=all(map(table.opened.meaning.can_read, summary.vocabulary.texts)),
    )
    _check_named(table, facts)
    if summary.given is None:  # whoever says that texts are words means it, whatever they look like
        _check_notation(table, i)
    if facts.left_out is not None:
        return facts.left_out
    return CategoricalColumn(facts.name, (*kept, *[MISSING_LEVEL] * (summary.missing > 0)), tuple(rare))


def _check_named(table: RawTable, facts: ColumnFacts) -> None:
    """Raise DataError for a column that must have a name and has none."""
    if not facts.name and facts.must_have_a_name:
        raise no_name(table.opened.source, table.opened.header_line).error()


def _check_notation(table: RawTable, i: int) -> None:
    """Raise DataError if the words of a column are numbers in another notation."""
    decimal, texts = table.opened.dialect.decimal, table.summary.columns[i].vocabulary.texts
    if in_other_notation(texts, decimal):
        raise _notation(table, i, next(text for text in texts if looks_like_other_notation(text, decimal)))


def _notation(table: RawTable, i: int, text: str) -> DataError:
    """The error for a column whose first number in another notation is `text`; with its line, if that is known."""
    odd, word = table.summary.columns[i].odd, table.summary.columns[i].word
    assert word is not None
    return other_notation(table.names[i], text, Place(word.place.source) if odd is None else odd.place).error()


def _counting(raws: Items[RawPartition], slots: list[int], home: Home) -> dict[int, float]:
    """The first number of each column that goes up by one from row to row, by slot. Reads on while there is one."""
    first = next(iter(home.map(partial(first_row, slots=slots), raws)))
    counting = np.ones(len(slots), np.bool_)
    for here in home.map(partial(counts_on, slots=slots, first=first), raws):
        counting &= here
        if not counting.any():
            break
    return {slot: float(number) for slot, number, one in zip(slots, first, counting, strict=True) if one}


def _rising(table: RawTable, home: Home) -> set[int]:
    """The slots of the columns that may be the index of a longer table: so named, their whole numbers go up."""
    slots = [table.slots[i] for i in table.numeric if named_as_an_index(table.names[i])]
    if not slots or table.rows < COUNTED_ROWS:
        return set()
    rising, last = np.ones(len(slots), np.bool_), np.full(len(slots), -1.0)
    for ends, here in home.map(partial(rises, slots=slots), table.raws):
        rising &= here & (ends[0] > last)
        last = ends[1]
    return {slot for slot, one in zip(slots, rising, strict=True) if one}


def rises(raw: RawPartition, slots: list[int]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The first and last numbers (2, q) of some columns of a partition, and whether all are whole and go up (q,)."""
    numbers = raw.numbers[:, slots].astype(np.float64)
    return numbers[[0, -1]], (numbers == np.floor(numbers)).all(axis=0) & (np.diff(numbers, axis=0) > 0).all(axis=0)


def first_row(raw: RawPartition, slots: list[int]) -> NDArray[np.float64]:
    """The numbers (q,) of the first row of a partition."""
    return raw.numbers[0, slots].astype(np.float64)


def counts_on(raw: RawPartition, slots: list[int], first: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the numbers of each column of a partition (q,) go on with `first` plus the number of the row."""
    rows = np.arange(raw.start, raw.start + raw.rows)
    counting = (raw.numbers[[0, -1]][:, slots] == first + rows[[0, -1], None]).all(axis=0)  # mostly enough to tell
    for j in np.flatnonzero(counting):
        counting[j] = np.array_equal(raw.numbers[:, slots[j]], first[j] + rows)
    return np.asarray(counting, np.bool_)
