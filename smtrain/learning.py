"""What only the whole table can tell: classes, weights, the columns that are kept, their moments; then X itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.config import SMALLEST_SCALE, FitConfig
from smtrain.encoding import MISSING_LEVEL, CategoricalColumn, Column, Encoder, NumericColumn
from smtrain.errors import DataError, UsageError, quoted
from smtrain.gathering import Gatherer
from smtrain.partitions.memory import MemoryPartitions, Workers
from smtrain.raw import ColumnMoments, moments
from smtrain.softmax import Partition
from smtrain.sources.notation import is_number, looks_like_other_notation, notation_hint
from smtrain.sources.table import Reading, Table

IDENTIFIER_SHARE, IDENTIFIER_ROWS = 0.9, 20
REGRESSION_SHARE, REGRESSION_VALUES = 0.5, 100
CONSTANT = 1e-12


@dataclass
class Learned:
    """What reading a table for a fit gives: the encoder, the encoded rows, and counts for the report.

    `config` are the options of the fit, settled where they depend on the table.
    """

    encoder: Encoder
    partitions: MemoryPartitions
    rows: int
    class_counts: dict[str, int]
    missing: dict[str, int]
    delimiter: str
    config: FitConfig


class Learner:
    """Settles the encoder of what was gathered, and encodes it."""

    def __init__(self, gathered: Gatherer) -> None:
        self._got = gathered
        self._ignored: dict[int, str] = {}
        self._missing: dict[str, int] = {}

    def finish(self, workers: Workers) -> Learned:
        """Settle what only the whole table can tell, and encode."""
        if self._got.rows == 0:
            raise DataError("no rows below the header", source=self._got.table.source)
        self._got.trim()
        classes = self._classes()
        self._weigh(classes)
        columns = self._columns(workers)
        encoder = Encoder(
            columns=tuple(column for _, column in columns),
            target=self._got.table.names[self._got.target],
            classes=tuple(classes),
            dialect=self._got.config.dialect,
            weight=self._got.config.weight,
            ignored=tuple((self._got.table.names[i], reason) for i, reason in sorted(self._ignored.items())),
        )
        if not columns:
            raise DataError("no column is left to learn from", source=self._got.table.source, hint=self._ignored_hint())
        config = self._got.config.settled(self._got.rows * len(encoder.numeric))
        partitions = self._encode(encoder, [i for i, _ in columns], config.precision, workers)
        return Learned(
            encoder,
            MemoryPartitions(partitions, workers),
            self._got.rows,
            self._class_counts,
            self._missing,
            self._got.table.delimiter,
            config,
        )

    def _classes(self) -> list[str]:
        """The classes in their final order; recodes the labels. Raises DataError if they are no classes."""
        vocabulary, name = self._got.vocabularies[self._got.target], self._got.table.names[self._got.target]
        classes = [text for text in vocabulary.ordered() if text is not None]
        source = self._got.table.source
        if len(classes) == 1:
            raise DataError(
                f"only one class, {quoted(classes[0])}: there is nothing to tell apart", source=source, column=name
            )
        numbers = sum(map(is_number, classes))
        if numbers > max(REGRESSION_VALUES, REGRESSION_SHARE * self._got.rows):
            what = f"{numbers} different numbers in {self._got.rows} rows: this looks like a regression target"
            hint = "--target names the column with the classes"
            raise DataError(what, source=source, column=name, hint=hint)
        table = vocabulary.recoding(list(classes), 0)
        for raw in self._got.raw:
            raw.labels = table[raw.labels]
        return classes

    def _weigh(self, classes: list[str]) -> None:
        """Multiply each row's weight by its class's weight: v_n."""
        K = len(classes)
        rows = np.sum([np.bincount(raw.labels, minlength=K) for raw in self._got.raw], axis=0)
        self._class_counts = dict(zip(classes, map(int, rows), strict=True))
        total = np.sum([np.bincount(raw.labels, weights=raw.weights, minlength=K) for raw in self._got.raw], axis=0)
        factors = class_weights(self._got.config.class_weight, classes, total)
        for name, weight in zip(classes, total * factors, strict=True):
            if weight <= 0:
                what = f"the rows of class {quoted(name)} weigh nothing together"
                raise DataError(what, source=self._got.table.source, hint="remove them, or give the class a weight")
        for raw in self._got.raw:
            raw.weights = raw.weights * factors[raw.labels]

    def _columns(self, workers: Workers) -> list[tuple[int, Column]]:
        """The columns that are kept, by position; the others go to `_ignored` with the reason."""
        moments = self._moments(workers)
        found = []
        for i, kind in self._got.kinds.items():
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
        numbers = [i for i, kind in self._got.kinds.items() if kind is Reading.NUMBER]
        slots = [self._got.slots[i] for i in numbers]
        return dict(zip(numbers, moments(self._got.raw, slots, workers), strict=True))

    def _numeric(self, i: int, found: ColumnMoments) -> NumericColumn | str:
        name = self._got.table.names[i]
        if not name and self._counts_rows(i):
            return "it has no name and counts the rows"
        self._check_named(i)
        if found.missing:
            self._missing[name] = found.missing
        if found.deviation <= max(CONSTANT * found.largest, SMALLEST_SCALE):
            if i not in self._got.forced and not found.missing:
                return "it is constant" if found.deviation == 0 else "it is constant but for rounding"
            return NumericColumn(name, found.mean, 1.0, missing=found.missing > 0)
        return NumericColumn(name, found.mean, found.deviation, missing=found.missing > 0)

    def _check_named(self, i: int) -> None:
        """Only a first column that counts the rows, or one that was asked for, may have no name."""
        if not self._got.table.names[i] and i not in self._got.forced:
            source, line = self._got.table.source, self._got.table.header_line
            raise DataError("column 1 has no name", source=source, line=line, hint="name it in the header")

    def _counts_rows(self, i: int) -> bool:
        """Whether a column's numbers are 0, 1, 2, … or 1, 2, 3, …."""
        if i in self._got.forced:
            return False
        values = np.concatenate([raw.numbers[:, self._got.slots[i]] for raw in self._got.raw])
        return bool(np.array_equal(values - values[0], np.arange(len(values))) and values[0] in (0, 1))

    def _categorical(self, i: int) -> CategoricalColumn | str:
        name, levels = self._got.table.names[i], self._got.vocabularies[i].ordered()
        self._check_named(i)
        if i in self._got.forced:
            return CategoricalColumn(name, tuple(levels))
        texts = [level for level in levels if level is not None]
        if 2 * sum(map(looks_like_other_notation, texts)) > len(texts):
            source, line, text = self._got.first_seen[i]
            what = f"numbers in another notation: {quoted(text)}"
            raise DataError(what, source=source, line=line, column=name, hint=notation_hint(text, name))
        if len(levels) == 1:
            return "it is constant"
        if len(levels) > max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * self._got.rows):
            return "nearly every row has another text: it names the rows"
        if MISSING_LEVEL in levels:
            code = self._got.vocabularies[i].codes[MISSING_LEVEL]
            self._missing[name] = sum(int((raw.codes[i] == code).sum()) for raw in self._got.raw)
        return CategoricalColumn(name, tuple(levels))

    def _ignored_hint(self) -> str | None:
        if not self._ignored:
            return "the file has no column besides the target"
        i, reason = next(iter(sorted(self._ignored.items())))
        return f"column {quoted(self._got.table.names[i])} was ignored: {reason}; --numeric or --categorical keeps it"

    def _encode(self, encoder: Encoder, order: list[int], precision: str, workers: Workers) -> list[Partition]:
        """Encode partition by partition, letting go of the raw ones."""
        slots = [self._got.slots[i] for i in order if self._got.kinds[i] is Reading.NUMBER]
        texts = [i for i in order if self._got.kinds[i] is Reading.TEXT]
        tables = [
            self._got.vocabularies[i].recoding(list(column.levels), 1)
            for i, column in zip(texts, encoder.categorical, strict=True)
        ]
        dtype = np.float32 if precision == "float32" else np.float64
        every = len(slots) == (self._got.raw[0].numbers.shape[1])

        def encode(k: int) -> Partition:
            raw, self._got.raw[k] = self._got.raw[k], None  # type: ignore[call-overload]  # its memory is needed for the next
            codes = tuple(table[raw.codes[i]] for table, i in zip(tables, texts, strict=True))
            numbers = raw.numbers if every else np.ascontiguousarray(raw.numbers[:, slots])
            return Partition(encoder.design(numbers, codes, dtype), raw.labels, raw.weights)

        return list(workers.map(encode, range(len(self._got.raw))))


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
    gathered = Gatherer(table, config)
    gathered.read(workers.threads, on_piece)
    return Learner(gathered).finish(workers)
