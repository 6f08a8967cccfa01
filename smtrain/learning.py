"""From a table to an encoder and encoded partitions, in one parse of the file.

A feature column starts open. Its first value that is not missing makes it numeric or categorical; a value of the other
kind is an error from then on (a mixture is never guessed about). Numbers go straight into arrays of partition size,
words into a growing vocabulary whose final order is settled at the end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.config import SMALLEST_SCALE, FitConfig
from smtrain.encoding import MISSING_LEVEL, CategoricalColumn, Column, Encoder, NumericColumn
from smtrain.errors import DataError, UsageError, quoted
from smtrain.partitions.memory import MemoryPartitions, Workers
from smtrain.raw import ColumnMoments, RawPartition, moments
from smtrain.softmax import Partition
from smtrain.sources.table import (
    Reading,
    Readings,
    Rows,
    Table,
    is_number,
    looks_like_other_notation,
    not_a_number,
    notation_hint,
    positions,
    shell_word,
)
from smtrain.vocabulary import Vocabulary

# Rows of a partition, fewer for wide tables: a function of the header alone, so how the file is read changes no sum.
PARTITION_ROWS, PARTITION_CELLS = 8192, 1 << 22
IDENTIFIER_SHARE, IDENTIFIER_ROWS = 0.9, 20
REGRESSION_SHARE, REGRESSION_VALUES = 0.5, 100
CONSTANT = 1e-12


@dataclass
class Learned:
    """What reading a table for a fit gives: the encoder, the encoded rows, and counts for the report."""

    encoder: Encoder
    partitions: MemoryPartitions
    rows: int
    class_counts: dict[str, int]
    missing: dict[str, int]
    delimiter: str


class Learner:
    """Reads a table for a fit. `readings` is how each column is to be read, as far as is known by now."""

    def __init__(self, table: Table, config: FitConfig) -> None:
        self.table, self.config = table, config
        names = table.names
        self.target = table.column(config.target, "--target") if config.target is not None else len(names) - 1
        self.weight = table.column(config.weight, "--weight") if config.weight is not None else None
        self._forced = self._forced_kinds()
        dropped = {table.column(name, "--drop") for name in config.drop}
        features = [i for i in range(len(names)) if i not in {self.target, self.weight} | dropped]
        self._kinds: dict[int, Reading | None] = {i: self._forced.get(i) for i in features}
        self._vocabularies = {i: Vocabulary() for i in (*features, self.target)}
        self._first_seen: dict[int, tuple[str, int, str]] = {}
        self._slots: dict[int, int] | None = None  # where each number column is in a raw partition
        self._partition_rows = max(256, min(PARTITION_ROWS, PARTITION_CELLS // len(names)))
        self._raw: list[RawPartition] = []
        self._room = 0
        self.rows = 0

    def _forced_kinds(self) -> dict[int, Reading]:
        forced = {self.table.column(name, "--categorical"): Reading.TEXT for name in self.config.categorical}
        for name in self.config.numeric:
            i = self.table.column(name, "--numeric")
            if i in forced:
                raise UsageError(f"column {quoted(name)} is both in --categorical and in --numeric")
            forced[i] = Reading.NUMBER
        dropped = {self.table.column(name, "--drop"): Reading.SKIP for name in self.config.drop}
        for option, position, taken in (("target", self.target, forced | dropped), ("weight", self.weight, forced)):
            if position is not None and position in taken:
                raise UsageError(f"column {quoted(self.table.names[position])} is the {option}, not a feature")
        if self.weight == self.target:
            raise UsageError(f"column {quoted(self.table.names[self.target])} is both the target and the weight")
        return forced

    def readings(self) -> Readings:
        """How each column is to be read; an open column as text, until its first value."""
        found = [Reading.SKIP] * len(self.table.names)
        for i, kind in self._kinds.items():
            found[i] = kind or Reading.TEXT
        found[self.target] = Reading.LABEL
        if self.weight is not None:
            found[self.weight] = Reading.NUMBER
        return tuple(found)

    def read(self, threads: int, on_piece: Callable[[int, int], None]) -> None:
        """Read the whole table; `on_piece` is told the bytes and the rows that were read so far."""
        for rows in self.table.rows(self.readings, threads):
            self._settle(rows)
            if rows.readings != self.readings():  # a first value has settled a column: parse the piece again
                rows = self.table.parse(rows.piece, self.readings())  # noqa: PLW2901
            self._check_labels(rows)
            self._check_weights(rows)
            self._append(rows)
            on_piece(self.table.bytes_read, self.rows)

    def _settle(self, rows: Rows) -> None:
        """Decide the kind of the open columns that have a value by now; find words' columns that meet a number."""
        for i, kind in self._kinds.items():
            if rows.readings[i] is not Reading.TEXT or i in self._forced or kind is Reading.NUMBER:
                continue
            cells = rows.texts[i]
            new = self._vocabularies[i].new(cells)
            numbers = [level for level in new if is_number(level, self.table.dialect.decimal)]
            if kind is None and new and len(numbers) == len(new):
                self._kinds[i] = Reading.NUMBER
            elif numbers:
                raise self._mixture(rows, i, set(numbers), known_words=kind is not None)
            elif kind is None and new:
                self._kinds[i] = Reading.TEXT
                line, text = rows.find(i, lambda cell: cell not in self.table.dialect.missing)
                self._first_seen[i] = (rows.piece.source, line, text)
                self._backfill(i)

    def _mixture(self, rows: Rows, i: int, numbers: set[str], *, known_words: bool) -> DataError:
        """The error for a column of numbers and words: it names the first cell of the rarer sort."""
        cells = rows.texts[i]
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        many = sum(int(count) for level, count in zip(cells.levels, counts, strict=True) if level in numbers)
        words = int(counts.sum()) - many
        name, source = self.table.names[i], rows.piece.source
        if known_words or words >= many:
            line, text = rows.find(i, lambda cell: cell in numbers)
            message = f"words, but here the number {quoted(text)}"
            hint = f"--categorical {shell_word(name)} takes its cells as names"
            return DataError(message, source=source, line=line, column=name, hint=hint)
        missing = self.table.dialect.missing
        line, text = rows.find(i, lambda cell: cell not in numbers and cell not in missing)
        return not_a_number(text, name, source, line)

    def _check_labels(self, rows: Rows) -> None:
        """Labels are any text, but not the empty one."""
        if "" in rows.texts[self.target].levels:
            line, _ = rows.find(self.target, lambda cell: cell == "")
            name = self.table.names[self.target]
            hint = "a row without a label cannot be learned from: remove it"
            raise DataError("an empty label", source=rows.piece.source, line=line, column=name, hint=hint)

    def _check_weights(self, rows: Rows) -> None:
        if self.weight is None:
            return
        weights = rows.number(self.weight)
        wrong = np.flatnonzero(~((weights == 0) | (weights >= SMALLEST_SCALE)))
        if len(wrong):
            line, name = rows.lines()[wrong[0]], self.table.names[self.weight]
            raise DataError("a weight must be 0 or a positive number", source=rows.piece.source, line=line, column=name)

    def _append(self, rows: Rows) -> None:
        """Copy the rows into the partitions."""
        if self._slots is None:
            self._slots = {i: s for s, i in enumerate(i for i, k in self._kinds.items() if k is not Reading.TEXT)}
        codes = {i: self._vocabularies[i].add(rows.texts[i]) for i in self._texts()}
        labels = self._vocabularies[self.target].add(rows.texts[self.target])
        numbers = positions(rows.readings, Reading.NUMBER)
        features = [j for j, i in enumerate(numbers) if i in self._slots]
        slots, columns = _span([self._slots[numbers[j]] for j in features]), _span(features)
        weights = np.ones(rows.count) if self.weight is None else rows.number(self.weight)
        start = 0
        while start < rows.count:
            if self._room == 0:
                self._raw.append(self._new_partition())
                self._room = self._partition_rows
            size = min(self._room, rows.count - start)
            at = slice(self._partition_rows - self._room, self._partition_rows - self._room + size)
            piece, raw = slice(start, start + size), self._raw[-1]
            raw.numbers[at] = np.nan  # columns that are open still
            raw.numbers[at, slots] = rows.numbers[piece, columns]
            for i, column in codes.items():
                raw.codes[i][at] = column[piece]
            raw.labels[at] = labels[piece]
            raw.weights[at] = weights[piece]
            start, self._room = start + size, self._room - size
        self.rows += rows.count

    def _texts(self) -> list[int]:
        return [i for i, kind in self._kinds.items() if kind is Reading.TEXT]

    def _new_partition(self) -> RawPartition:
        m = self._partition_rows
        codes = {i: np.zeros(m, np.int32) for i in self._texts()}
        return RawPartition(np.empty((m, len(self._slots or ()))), codes, np.empty(m, np.intp), np.empty(m))

    def _backfill(self, i: int) -> None:
        """A column that was missing in every row so far turns out to be words: its earlier rows get that level."""
        if self.rows:
            self._vocabularies[i].codes[MISSING_LEVEL] = 0
        for raw in self._raw:
            raw.codes[i] = np.zeros(self._partition_rows, np.int32)

    def finish(self, workers: Workers) -> Learned:
        """Settle what only the whole table can tell, and encode."""
        if self.rows == 0:
            raise DataError("no rows below the header", source=self.table.source)
        self._trim()
        classes = self._classes()
        self._weigh(classes)
        columns = self._columns(workers)
        encoder = Encoder(
            columns=tuple(column for _, column in columns),
            target=self.table.names[self.target],
            classes=tuple(classes),
            dialect=self.config.dialect,
            weight=self.config.weight,
            ignored=tuple((self.table.names[i], reason) for i, reason in sorted(self._ignored.items())),
        )
        if not columns:
            raise DataError("no column is left to learn from", source=self.table.source, hint=self._ignored_hint())
        partitions = self._encode(encoder, [i for i, _ in columns], workers)
        encoded = MemoryPartitions(partitions, workers)
        return Learned(encoder, encoded, self.rows, self._class_counts, self._missing, self.table.delimiter)

    def _trim(self) -> None:
        """Cut the last partition to its rows."""
        used = self._partition_rows - self._room
        last = self._raw[-1]
        codes = {i: column[:used] for i, column in last.codes.items()}
        self._raw[-1] = RawPartition(last.numbers[:used], codes, last.labels[:used], last.weights[:used])

    def _classes(self) -> list[str]:
        """The classes in their final order; recodes the labels. Raises DataError if they are no classes."""
        vocabulary, name = self._vocabularies[self.target], self.table.names[self.target]
        classes = [text for text in vocabulary.ordered() if text is not None]
        source = self.table.source
        if len(classes) == 1:
            raise DataError(
                f"only one class, {quoted(classes[0])}: there is nothing to tell apart", source=source, column=name
            )
        numbers = sum(map(is_number, classes))
        if numbers > max(REGRESSION_VALUES, REGRESSION_SHARE * self.rows):
            what = f"{numbers} different numbers in {self.rows} rows: this looks like a regression target"
            hint = "--target names the column with the classes"
            raise DataError(what, source=source, column=name, hint=hint)
        table = vocabulary.recoding(list(classes), 0)
        for raw in self._raw:
            raw.labels = table[raw.labels]
        return classes

    def _weigh(self, classes: list[str]) -> None:
        """Multiply each row's weight by its class's weight: v_n."""
        K = len(classes)
        rows = np.sum([np.bincount(raw.labels, minlength=K) for raw in self._raw], axis=0)
        self._class_counts = dict(zip(classes, map(int, rows), strict=True))
        total = np.sum([np.bincount(raw.labels, weights=raw.weights, minlength=K) for raw in self._raw], axis=0)
        factors = class_weights(self.config.class_weight, classes, total)
        for name, weight in zip(classes, total * factors, strict=True):
            if weight <= 0:
                what = f"the rows of class {quoted(name)} weigh nothing together"
                raise DataError(what, source=self.table.source, hint="remove them, or give the class a weight")
        for raw in self._raw:
            raw.weights = raw.weights * factors[raw.labels]

    def _columns(self, workers: Workers) -> list[tuple[int, Column]]:
        """The columns that are kept, by position; the others go to `_ignored` with the reason."""
        self._ignored: dict[int, str] = {}
        self._missing: dict[str, int] = {}
        moments = self._moments(workers)
        found = []
        for i, kind in self._kinds.items():
            if kind is None:
                column: Column | str = "every cell is missing"
            elif kind is Reading.NUMBER:
                column = self._numeric(i, moments[i])
            else:
                column = self._categorical(i)
            if isinstance(column, str):
                self._ignored[i] = column
            else:
                found.append((i, column))
        return found

    def _moments(self, workers: Workers) -> dict[int, ColumnMoments]:
        numbers = [i for i, kind in self._kinds.items() if kind is Reading.NUMBER]
        slots = [(self._slots or {})[i] for i in numbers]
        return dict(zip(numbers, moments(self._raw, slots, workers), strict=True))

    def _numeric(self, i: int, found: ColumnMoments) -> NumericColumn | str:
        name = self.table.names[i]
        if not name and self._counts_rows(i):
            return "it has no name and counts the rows"
        self._check_named(i)
        if found.missing:
            self._missing[name] = found.missing
        if found.deviation <= max(CONSTANT * found.largest, SMALLEST_SCALE):
            if i not in self._forced and not found.missing:
                return "it is constant" if found.deviation == 0 else "it is constant but for rounding"
            return NumericColumn(name, found.mean, 1.0, missing=found.missing > 0)
        return NumericColumn(name, found.mean, found.deviation, missing=found.missing > 0)

    def _check_named(self, i: int) -> None:
        """Only a first column that counts the rows, or one that was asked for, may have no name."""
        if not self.table.names[i] and i not in self._forced:
            source, line = self.table.source, self.table.header_line
            raise DataError("column 1 has no name", source=source, line=line, hint="name it in the header")

    def _counts_rows(self, i: int) -> bool:
        """Whether a column's numbers are 0, 1, 2, … or 1, 2, 3, …."""
        if i in self._forced:
            return False
        values = np.concatenate([raw.numbers[:, (self._slots or {})[i]] for raw in self._raw])
        return bool(np.array_equal(values - values[0], np.arange(len(values))) and values[0] in (0, 1))

    def _categorical(self, i: int) -> CategoricalColumn | str:
        name, levels = self.table.names[i], self._vocabularies[i].ordered()
        self._check_named(i)
        if i in self._forced:
            return CategoricalColumn(name, tuple(levels))
        texts = [level for level in levels if level is not None]
        if 2 * sum(map(looks_like_other_notation, texts)) > len(texts):
            source, line, text = self._first_seen[i]
            what = f"numbers in another notation: {quoted(text)}"
            raise DataError(what, source=source, line=line, column=name, hint=notation_hint(text, name))
        if len(levels) == 1:
            return "it is constant"
        if len(levels) > max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * self.rows):
            return "nearly every row has another text: it names the rows"
        if MISSING_LEVEL in levels:
            code = self._vocabularies[i].codes[MISSING_LEVEL]
            self._missing[name] = sum(int((raw.codes[i] == code).sum()) for raw in self._raw)
        return CategoricalColumn(name, tuple(levels))

    def _ignored_hint(self) -> str | None:
        if not self._ignored:
            return "the file has no column besides the target"
        i, reason = next(iter(sorted(self._ignored.items())))
        return f"column {quoted(self.table.names[i])} was ignored: {reason}; --numeric or --categorical keeps it"

    def _encode(self, encoder: Encoder, order: list[int], workers: Workers) -> list[Partition]:
        """Encode partition by partition, letting go of the raw ones."""
        slots = [(self._slots or {})[i] for i in order if self._kinds[i] is Reading.NUMBER]
        texts = [i for i in order if self._kinds[i] is Reading.TEXT]
        tables = [
            self._vocabularies[i].recoding(list(column.levels), 1)
            for i, column in zip(texts, encoder.categorical, strict=True)
        ]
        dtype = np.float32 if self.config.precision == "float32" else np.float64
        every = len(slots) == (self._raw[0].numbers.shape[1])

        def encode(k: int) -> Partition:
            raw, self._raw[k] = self._raw[k], None  # type: ignore[call-overload]  # its memory is needed for the next
            codes = tuple(table[raw.codes[i]] for table, i in zip(tables, texts, strict=True))
            numbers = raw.numbers if every else np.ascontiguousarray(raw.numbers[:, slots])
            return Partition(encoder.design(numbers, codes, dtype), raw.labels, raw.weights)

        return list(workers.map(encode, range(len(self._raw))))


def _span(indices: list[int]) -> slice | list[int]:
    """A run of indices as a slice, which numpy copies faster."""
    if indices and indices == list(range(indices[0], indices[0] + len(indices))):
        return slice(indices[0], indices[0] + len(indices))
    return indices


def class_weights(
    asked: str | Mapping[str, float] | None, classes: list[str], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The factor of each class, (K,): 1; or n / (K · n_k) for "balanced"; or as named, 1 for the rest."""
    if asked is None:
        return np.ones(len(classes))
    if isinstance(asked, str):
        if asked != "balanced":
            raise UsageError(f"--class-weight {asked}: neither balanced nor NAME=WEIGHT")
        return np.asarray(total.sum() / (len(classes) * np.where(total > 0, total, 1)))
    unknown = [name for name in asked if name not in classes]
    if unknown:
        raise UsageError(f"--class-weight: there is no class {quoted(unknown[0])}")
    return np.array([asked.get(name, 1.0) for name in classes])


def learn(table: Table, config: FitConfig, workers: Workers, on_piece: Callable[[int, int], None]) -> Learned:
    """Read `table` once and give back the encoder and the encoded rows."""
    learner = Learner(table, config)
    learner.read(workers.threads, on_piece)
    return learner.finish(workers)
