"""A batch of a table read for a fit: its rows, with the kinds that their own cells tell, and the summary of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.draws import NO_GROUP
from smtrain.fitting.refusals import empty_label
from smtrain.fitting.roles import Roles
from smtrain.fitting.summary import (
    FIRST_WORDS,
    MISSING,
    NUMBER,
    VOTING_ROWS,
    WORD,
    ColumnSummary,
    Sight,
    Summary,
    Votes,
    Wrong,
)
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.model.labels import unusable_weights, wrong_weight
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import SMALLEST_SCALE
from smtrain.sources.interface import Batch, Reading, Rows
from smtrain.sources.notation import are_numbers, looks_like_other_notation
from smtrain.sources.reading import read_leniently, until_fault
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label

Sights = dict[int, Sight]


@dataclass(frozen=True)
class Block:
    """Rows that were read, None if there are none, and what they tell."""

    rows: Rows | None
    summary: Summary


def read_block(batch: Batch, table: Table, roles: Roles, before: Summary) -> Block:
    """The rows of a batch of `table` up to the first that cannot be read, and their summary.

    `before` is a summary of earlier rows, of none where nothing is known of them: it spares work. What it tells is not
    looked for again, and the block's summary may only be added to the right of it.
    """
    read, fault = until_fault(partial(_read, table=table, roles=roles, before=before), batch)
    if read is None:
        return Block(None, Summary.of_nothing(roles.kinds, fault))
    rows, firsts = read
    return Block(rows, replace(_summary(rows, firsts, table, roles, before), fault=fault))


def _read(batch: Batch, table: Table, roles: Roles, before: Summary) -> tuple[Rows, Sights]:
    """The rows, the open columns as numbers if all of their cells are; and the first cells of these.

    Raises DataError at a row that cannot be read.
    """
    width, strict = len(table.names), [i for i, kind in roles.kinds.items() if kind is not None]
    if roles.weight is not None:
        strict.append(roles.weight)
    kinds, firsts = before.kinds, {}
    # 1. What is known to be numbers is read so, in one pass of the fast parser; what is open as text.
    rows = read_leniently(batch, roles.readings(width, kinds), table.meaning, strict)
    # 2. Of the open columns, those are numbers whose cells here all are: words in other rows are for the sum to see.
    numeric = [i for i, kind in kinds.items() if kind is None and _all_numbers(rows.texts(i), table.dialect.decimal)]
    # 3. These are read again, which happens to the first block of most tables, and to no other.
    if numeric:
        firsts = {i: _sight(rows, rows.texts(i)) for i in numeric}
        kinds |= dict.fromkeys(numeric, Reading.NUMBER)
        rows = read_leniently(batch, roles.readings(width, kinds), table.meaning, strict)
    return rows, {i: first for i, first in firsts.items() if first is not None}


def _all_numbers(cells: TextCells, decimal: str) -> bool:
    """Whether a column has cells that are not missing, and these are numbers."""
    return bool(cells.levels) and all(are_numbers(cells.levels, decimal))


def _wrong_label(rows: Rows, table: Table, target: int) -> Wrong | None:
    """The first row whose label is empty, or the name of its column."""
    cells = rows.texts(target)
    wrong = [is_no_label(level) or table.is_own_name(level, target) for level in cells.levels]
    sight = _sight_of(rows, cells, np.array(wrong, bool))
    if sight is None:
        return None
    if is_no_label(sight.text):
        return Wrong(sight.row, empty_label(table.names[target], sight.place).error())
    return Wrong(sight.row, table.own_name(sight.text, target, sight.place))


def _wrong_weight(rows: Rows, table: Table, column: int) -> Wrong | None:
    """The first row whose weight cannot be used."""
    weights = rows.number(column)
    wrong = unusable_weights(weights, SMALLEST_SCALE)
    if not len(wrong):
        return None
    row = int(wrong[0])
    return Wrong(row, wrong_weight(float(weights[row]), table.names[column], rows.place(row), least=SMALLEST_SCALE))


def _wrong_group(rows: Rows, table: Table, column: int) -> Wrong | None:
    """The first row without a group."""
    cells = rows.texts(column)
    sight = _sight_of(rows, cells, np.array([is_no_label(level) for level in cells.levels], bool))
    return None if sight is None else Wrong(sight.row, sight.place.error(NO_GROUP, column=table.names[column]))


def _summary(rows: Rows, firsts: Sights, table: Table, roles: Roles, before: Summary) -> Summary:
    """What rows tell; `firsts` are the first cells of columns whose kind they settled as numbers."""
    gaps = _gaps(rows, roles)
    columns = {
        i: _of_texts(rows, i, earlier, firsts.get(i), table)
        if rows.is_text(i)
        else ColumnSummary(rows.count, earlier.given, gaps[i], number=firsts.get(i))
        for i, earlier in before.columns.items()
    }
    return Summary(
        rows=rows.count,
        columns=columns,
        labels=Vocabulary.of(rows.texts(roles.target)),
        votes=_votes(rows, columns, table) if before.voting else np.zeros((0, len(columns)), np.int8),
        label=_wrong_label(rows, table, roles.target),
        weight=None if roles.weight is None else _wrong_weight(rows, table, roles.weight),
        groups=Vocabulary() if roles.groups is None else Vocabulary.of(rows.texts(roles.groups)),
        group=None if roles.groups is None else _wrong_group(rows, table, roles.groups),
    )


def _gaps(rows: Rows, roles: Roles) -> dict[int, int]:
    """How many cells are missing of each feature that was read as numbers."""
    numeric = [i for i in roles.features if not rows.is_text(i)]
    gaps = np.isnan(rows.numbers(numeric))
    return dict(zip(numeric, gaps.sum(axis=0).tolist() if gaps.any() else [0] * len(numeric), strict=True))


def _of_texts(rows: Rows, i: int, earlier: ColumnSummary, first: Sight | None, table: Table) -> ColumnSummary:
    """The summary of a column that was read as text; `first` is its first cell, if all are numbers, some too large."""
    cells, decimal = rows.texts(i), table.dialect.decimal
    plain = ColumnSummary(rows.count, earlier.given, int((cells.codes < 0).sum()), Vocabulary.of(cells))
    if earlier.given is not None:
        return plain
    numbers = np.array(are_numbers(cells.levels, decimal), bool)
    large = _marked(cells, numbers, lambda text: not table.meaning.can_read(text))
    look = earlier.odd is None and len(earlier.vocabulary) < FIRST_WORDS
    return replace(
        plain,
        number=None if earlier.number else first or _sight_of(rows, cells, numbers),
        word=None if earlier.word else _sight_of(rows, cells, ~numbers),
        large=None if earlier.large else _sight_of(rows, cells, large),
        odd=_sight_of(rows, cells, _first_odd(cells, ~numbers, decimal)) if look else None,
    )


def _marked(cells: TextCells, among: NDArray[np.bool_], wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Which levels (L,) `among` some are wanted."""
    return np.array([one and wanted(level) for one, level in zip(among.tolist(), cells.levels, strict=True)], bool)


def _first_odd(cells: TextCells, words: NDArray[np.bool_], decimal: str) -> NDArray[np.bool_]:
    """A mark at the first level that is a number in another notation, if it is among the first FIRST_WORDS levels."""
    marks = np.zeros(len(cells.levels), bool)
    for k in np.flatnonzero(words[:FIRST_WORDS]):
        if looks_like_other_notation(cells.levels[k], decimal):
            marks[k] = True
            break
    return marks


def _sight(rows: Rows, cells: TextCells) -> Sight | None:
    """The first cell that is not missing."""
    if len(cells.codes) and cells.codes[0] >= 0:  # the usual case, of many columns
        return Sight(0, rows.place(0), cells.levels[cells.codes[0]])
    return _sight_of(rows, cells, np.ones(len(cells.levels), bool))


def _sight_of(rows: Rows, cells: TextCells, levels: NDArray[np.bool_]) -> Sight | None:
    """The first cell whose level is marked."""
    if not levels.any():
        return None
    row = int(np.append(levels, False)[cells.codes].argmax())  # a missing cell's −1 takes the last
    return Sight(row, rows.place(row), cells.levels[cells.codes[row]])


def _votes(rows: Rows, columns: Mapping[int, ColumnSummary], table: Table) -> Votes:
    """The sorts of the cells of the first rows, (m, columns); of columns whose kind is given there are none."""
    # Numbers that were parsed vote without their texts: that is why a missing number needs a look at the text below.
    votes = np.full((min(rows.count, VOTING_ROWS), len(columns)), MISSING, np.int8)
    voting = {i: j for j, (i, column) in enumerate(columns.items()) if column.given is None}
    if table.meaning.values:  # in a column of words, what would be a missing number is a number
        rows = rows.batch.read(tuple(Reading.TEXT if i in voting else Reading.SKIP for i, _ in enumerate(table.names)))
    texts, numeric = ([i for i in voting if rows.is_text(i) is text] for text in (True, False))
    for i in texts:
        votes[:, voting[i]] = _sorts(rows.texts(i), table.dialect.decimal)[: len(votes)]
    if numeric:
        gaps = np.isnan(rows.numbers(numeric)[: len(votes)])
        votes[:, [voting[i] for i in numeric]] = np.where(gaps, MISSING, NUMBER)
    return votes


def _sorts(cells: TextCells, decimal: str) -> Votes:
    """The sort of each cell (n,) of text."""
    levels = [NUMBER if number else WORD for number in are_numbers(cells.levels, decimal)]
    return np.take(np.array([*levels, MISSING], np.int8), cells.codes)  # a missing cell's −1 takes the last
