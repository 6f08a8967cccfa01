"""A table read once, piece by piece: the kinds of its columns, its numbers and codes in partitions, its vocabularies.

A feature column starts open. Its first value that is not missing makes it numeric or categorical; a value of the other
kind is an error from then on (a mixture is never guessed about). Numbers go straight into arrays of partition size,
words into a growing vocabulary whose final order is settled at the end, in smtrain.fitting.learning.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from smtrain.errors import DataError, Place
from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.refusals import empty_label, number_among_words
from smtrain.fitting.roles import roles_of
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.model.encoder import MISSING_LEVEL
from smtrain.model.labels import check_weights
from smtrain.partitions.interface import Home, Shelf
from smtrain.partitions.sizes import Sizes
from smtrain.softmax.design import Floats
from smtrain.sources.dialect import SMALLEST_SCALE
from smtrain.sources.interface import Batch, Reading, Readings, Rows, positions
from smtrain.sources.notation import is_number, looks_like_other_notation, not_a_number
from smtrain.sources.reading import until_fault
from smtrain.sources.records import piece_bytes
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label


class Gatherer:
    """Reads a table for a fit, and keeps what was read until the encoder is settled.

    By column position: `kinds`, how each feature is read, None while it is open; `forced`, the kinds asked for;
    `vocabularies` of texts; `first_seen`, the place and text of the first word; `slots`, where each number column is in
    the raw partitions, `raw`.
    """

    def __init__(self, table: Table, config: FitConfig, home: Home) -> None:
        self.table, self.config, self._threads = table, config, home.threads
        names, roles = table.names, roles_of(table, config)
        self.target, self.weight, self.forced = roles.target, roles.weight, roles.forced
        table.weigh_by(self.weight)
        if config.unlabelled == "skip":
            table.skip_unlabelled(self.target)
        self.kinds: dict[int, Reading | None] = {i: self.forced.get(i) or table.kind(i) for i in roles.features}
        self.vocabularies = {i: Vocabulary() for i in (*roles.features, self.target)}
        self.first_seen: dict[int, tuple[Place, str]] = {}
        self.slots: dict[int, int] = {}
        self.partition_rows = home.partition_rows(len(names))
        self.sizes = Sizes(len(names), self.partition_rows, home.threads)
        home.reserve(self.sizes.reading(piece_bytes(len(names))))
        self.raw: Shelf[RawPartition] = home.shelf()
        self._open: RawPartition | None = None
        self._filled = 0
        self.rows = 0

    def readings(self) -> Readings:
        """How each column is to be read; an open column as text, until its first value."""
        found = [Reading.SKIP] * len(self.table.names)
        for i, kind in self.kinds.items():
            found[i] = kind or Reading.TEXT
        found[self.target] = Reading.LABEL
        if self.weight is not None:
            found[self.weight] = Reading.NUMBER
        return tuple(found)

    def read(self, on_piece: Callable[[int, int], None]) -> None:
        """Read the whole table; `on_piece` is told the bytes and the rows that were read so far."""
        for rows in self._batches():
            self._settle(rows)
            if rows.readings != self.readings():  # a first value has settled a column: parse the piece again
                rows = rows.batch.read(self.readings())  # noqa: PLW2901
            self._check_labels(rows)
            if self.weight is not None:
                check_weights(rows, rows.number(self.weight), self.table.names[self.weight], least=SMALLEST_SCALE)
            self._append(rows)
            on_piece(self.table.bytes_read, self.rows)

    def _batches(self) -> Iterator[Rows]:
        def read(batch: Batch) -> tuple[Rows | None, DataError | None]:
            return until_fault(lambda some: some.read(self.readings()), batch)

        for rows, error in self.table.map(read, self._threads):
            if rows is not None:
                yield rows
            if error is not None:
                raise error

    def _settle(self, rows: Rows) -> None:
        """Decide the kind of the open columns that have a value by now; find words' columns that meet a number."""
        for i, kind in self.kinds.items():
            if rows.readings[i] is not Reading.TEXT or kind is Reading.NUMBER:
                continue
            if i in self.forced or self.table.kind(i) is not None:
                continue
            cells = rows.texts(i)
            new = self.vocabularies[i].new(cells)
            numbers = [level for level in new if is_number(level, self.table.dialect.decimal)]
            if kind is None and new and len(numbers) == len(new):
                self.kinds[i] = Reading.NUMBER
            elif numbers:
                raise self._mixture(rows, i, set(numbers), known_words=kind is not None)
            elif kind is None and new:
                self.kinds[i] = Reading.TEXT
                self.first_seen[i] = rows.find(i, self._telling(new))
                self._backfill(i)

    def _telling(self, new: list[str]) -> Callable[[str], bool]:
        """Which cell to show of a column of words: the first number in another notation among them, or the first."""
        decimal, missing = self.table.dialect.decimal, self.table.meaning.is_missing
        odd = any(looks_like_other_notation(level, decimal) for level in new)
        return lambda cell: not missing(cell) and (not odd or looks_like_other_notation(cell, decimal))

    def _mixture(self, rows: Rows, i: int, numbers: set[str], *, known_words: bool) -> DataError:
        """The error for a column of numbers and words: it names the first cell of the rarer sort."""
        cells = rows.texts(i)
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        many = sum(int(count) for level, count in zip(cells.levels, counts, strict=True) if level in numbers)
        words = int(counts.sum()) - many
        name = self.table.names[i]
        if known_words or words >= many:
            place, text = rows.find(i, lambda cell: cell in numbers)
            return number_among_words(name, text, place).error()
        missing = self.table.meaning.is_missing
        place, text = rows.find(i, lambda cell: cell not in numbers and not missing(cell))
        return not_a_number(text, name, place, self.table.dialect.decimal)

    def _check_labels(self, rows: Rows) -> None:
        """Labels are any text, but blanks alone are none; and the target is not called like one of them."""
        self.table.check_target(rows, self.target)
        if any(map(is_no_label, rows.texts(self.target).levels)):
            place, _ = rows.find(self.target, is_no_label)
            raise empty_label(self.table.names[self.target], place).error()

    def _append(self, rows: Rows) -> None:
        """Copy the rows into the partitions."""
        if not self.rows:
            self.slots = {i: s for s, i in enumerate(i for i, k in self.kinds.items() if k is not Reading.TEXT)}
        codes = {i: self.vocabularies[i].add(rows.texts(i)) for i in self._texts()}
        labels = self.vocabularies[self.target].add(rows.texts(self.target))
        numbers = positions(rows.readings, Reading.NUMBER)
        features = [j for j, i in enumerate(numbers) if i in self.slots]
        slots, columns = _span([self.slots[numbers[j]] for j in features]), _span(features)
        weights = np.ones(rows.count) if self.weight is None else rows.number(self.weight)
        start = 0
        while start < rows.count:
            raw = self._open = self._open or self._new_partition(rows.matrix.dtype)
            size = min(self.partition_rows - self._filled, rows.count - start)
            at, piece = slice(self._filled, self._filled + size), slice(start, start + size)
            if raw.numbers.dtype == np.float32 != rows.matrix.dtype:
                raw.numbers = _in_float64(raw.numbers, self._filled)
            if len(features) < len(self.slots):
                raw.numbers[at] = np.nan  # columns that are open still
            raw.numbers[at, slots] = rows.matrix[piece, columns]
            for i, column in codes.items():
                raw.codes[i][at] = column[piece]
            raw.labels[at] = labels[piece]
            raw.weights[at] = weights[piece]
            start, self._filled = start + size, self._filled + size
            if self._filled == self.partition_rows:
                self.close_partition()
        self.rows += rows.count

    def _texts(self) -> list[int]:
        return [i for i, kind in self.kinds.items() if kind is Reading.TEXT]

    def _new_partition(self, dtype: np.dtype[Any]) -> RawPartition:
        m = self.partition_rows
        codes = {i: np.zeros(m, np.int32) for i in self._texts()}
        return RawPartition(np.empty((m, len(self.slots)), dtype), codes, np.empty(m, np.intp), np.empty(m))

    def _backfill(self, i: int) -> None:
        """A column that was missing in every row so far turns out to be words: its earlier rows get that level."""
        if self.rows:
            self.vocabularies[i].codes[MISSING_LEVEL] = 0
            self.vocabularies[i].missing = self.rows
        if self._open is not None:
            self._open.codes[i] = self._open.words(i)

    def close_partition(self) -> None:
        """Keep the partition that is being filled, cut to its rows."""
        if self._open is not None:
            raw, used = self._open, self._filled
            codes = {i: column[:used] for i, column in raw.codes.items()}
            self.raw.append(RawPartition(raw.numbers[:used], codes, raw.labels[:used], raw.weights[:used]))
        self._open, self._filled = None, 0


def _in_float64(numbers: Floats, filled: int) -> Floats:
    """The rows that are filled in float64; those that are not hold whatever was in memory, which may not convert."""
    wide = np.empty(numbers.shape, np.float64)
    wide[:filled] = numbers[:filled]
    return wide


def _span(indices: list[int]) -> slice | list[int]:
    """A run of indices as a slice, which numpy copies faster."""
    if indices and indices == list(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[0] + len(indices))
    return indices
