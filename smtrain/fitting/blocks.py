"""A batch of a table read for a fit: its rows, with the kinds that their own cells tell, and the summary of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.refusals import empty_label
from smtrain.fitting.roles import Roles
from smtrain.fitting.summary import FIRST_WORDS, NUMBER, VOTING_ROWS, WORD, ColumnSummary, Sight, Summary, Votes, Wrong
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
    found, fault = until_fault(partial(_read, table=table, roles=roles, before=before), batch)
    if found is None:
        return Block(None, Summary.of_nothing(roles.kinds, fault))
    rows, firsts = found
    return Block(rows, replace(_summary(rows, firsts, table, roles, before), fault=fault))


def _read(batch: Batch, table: Table, roles: Roles, before: Summary) -> tuple[Rows, Sights]:
    """The rows, the open columns as numbers if all of their cells are; and the first cells of these.

    Raises DataError at a row that cannot be read.
    """
    width, strict = len(table.names), [i for i, kind in roles.kinds.items() if kind is not None]
    if roles.weight is not None:
        strict.append(roles.weight)
    kinds, firsts = before.kinds, {}
    rows = read_leniently(batch, roles.readings(width, kinds), table.meaning, strict)
    numeric = [i for i, kind in kinds.items() if kind is None and _all_numbers(rows.texts(i), table.dialect.decimal)]
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


def _summary(rows: Rows, firsts: Sights, table: Table, roles: Roles, before: Summary) -> Summary:
    """What rows tell; `firsts` are the first cells of columns whose kind they settled as numbers."""
    gaps = dict(zip(*_gaps(rows, roles), strict=True))
    columns, sorts = {}, {}
    for i, earlier in before.columns.items():
        if rows.is_text(i):
            columns[i], sorts[i] = _of_texts(rows, i, earlier, table)
        else:
            columns[i] = ColumnSummary(rows.count, earlier.given, gaps[i], number=firsts.get(i))
    votes = _votes(rows, sorts, list(columns)) if before.voting else np.zeros((0, len(columns)), np.int8)
    return Summary(
        rows=rows.count,
        columns=columns,
        labels=Vocabulary.of(rows.texts(roles.target)),
        votes=votes,
        label=_wrong_label(rows, table, roles.target),
        weight=None if roles.weight is None else _wrong_weight(rows, table, roles.weight),
    )


def _gaps(rows: Rows, roles: Roles) -> tuple[list[int], list[int]]:
    """The features that were read as numbers, and how many cells of each are missing."""
    numeric = [i for i in roles.features if not rows.is_text(i)]
    return numeric, np.isnan(rows.numbers(numeric)).sum(axis=0).tolist()


def _of_texts(rows: Rows, i: int, earlier: ColumnSummary, table: Table) -> tuple[ColumnSummary, NDArray[np.int8]]:
    """The summary of a column that was read as text, and the sort of each level, as a vote."""
    cells, decimal, given = rows.texts(i), table.dialect.decimal, earlier.given
    missing, vocabulary = int((cells.codes < 0).sum()), Vocabulary.of(cells)
    if given is not None:
        return ColumnSummary(rows.count, given, missing, vocabulary), np.zeros(len(cells.levels), np.int8)
    numbers = np.array(are_numbers(cells.levels, decimal), bool)
    sorts = np.where(numbers, NUMBER, WORD).astype(np.int8)
    sight = partial(_sight_of, rows, cells)
    look = earlier.odd is None and len(earlier.vocabulary) < FIRST_WORDS
    return ColumnSummary(
        rows=rows.count,
        missing=missing,
        vocabulary=vocabulary,
        number=earlier.number or sight(numbers),
        word=earlier.word or sight(~numbers),
        large=sight(_marked(cells, numbers, lambda text: not table.meaning.can_read(text))),
        odd=sight(_first_odd(cells, ~numbers, decimal)) if look else None,
    ), np.where(_marked(cells, numbers, table.meaning.is_missing_number), np.int8(0), sorts)


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
    return _sight_of(rows, cells, np.ones(len(cells.levels), bool))


def _sight_of(rows: Rows, cells: TextCells, levels: NDArray[np.bool_]) -> Sight | None:
    """The first cell whose level is marked."""
    if not levels.any():
        return None
    row = int(np.append(levels, False)[cells.codes].argmax())  # a missing cell's −1 takes the last
    return Sight(row, rows.place(row), cells.levels[cells.codes[row]])


def _votes(rows: Rows, sorts: dict[int, NDArray[np.int8]], columns: list[int]) -> Votes:
    """The sorts of the cells of the first rows, (m, columns)."""
    count = min(rows.count, VOTING_ROWS)
    votes = np.zeros((count, len(columns)), np.int8)
    numeric = [i for i in columns if i not in sorts]
    at = [j for j, i in enumerate(columns) if i not in sorts]
    votes[:, at] = np.where(np.isnan(rows.numbers(numeric)[:count]), 0, NUMBER)
    for j, i in enumerate(columns):
        if i in sorts:
            votes[:, j] = np.append(sorts[i], np.int8(0))[rows.texts(i).codes[:count]]
    return votes
