"""What only the whole table can tell: classes, weights, the columns that are kept, their moments; then X itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place, UsageError, quoted
from smtrain.fitting.contracting import contract_of
from smtrain.fitting.digesting import digest_of
from smtrain.fitting.gathering import Gatherer
from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import ColumnMoments, RawPartition, counting, moments
from smtrain.fitting.refusals import (
    COUNTED_ROWS,
    EMPTY,
    ColumnFacts,
    constant,
    no_classes,
    no_column,
    no_name,
    other_notation,
    weightless_class,
)
from smtrain.model.contract import Contract
from smtrain.model.digest import DataDigest
from smtrain.model.encoder import MISSING_LEVEL, CategoricalColumn, Column, Encoder, NumericColumn
from smtrain.partitions.interface import Home, Items, Shelf
from smtrain.partitions.memory import Seen, each
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows
from smtrain.solvers import make_solver
from smtrain.solvers.base import Shape
from smtrain.sources.interface import Reading
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.notation import in_other_notation, is_number, looks_like_other_notation
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped

# Values of l2 that a cross-validation tries at most: from 1e-4 to 1e4.
MOST_CANDIDATES = 9


@dataclass
class Learned:
    """What reading a table for a fit gives: the encoder, the encoded rows, and counts for the report.

    `config` are the options of the fit, settled where they depend on the table. `factors` are the class weights (K,),
    `contract` is what later files are held against, `data` the digest of what was read, `counting` the columns that
    count the rows, and `validation_rows` how many of the `encoded` rows are set aside; their partitions are on `shelf`,
    at `home`. `rows` are those of the table, without those that were `skipped`; a partition has at most
    `partition_rows`. `doubt` says what else the text of the table may be.
    """

    encoder: Encoder
    home: Home
    shelf: Shelf[Partition]
    encoded: Rows
    rows: int
    class_counts: dict[str, int]
    missing: dict[str, int]
    delimiter: str
    config: FitConfig
    factors: NDArray[np.float64]
    contract: Contract
    data: DataDigest
    partition_rows: int
    counting: tuple[str, ...] = ()
    validation_rows: int = 0
    skipped: Skipped = field(default_factory=Skipped)
    doubt: str | None = None

    @property
    def on_disk(self) -> int:
        """The bytes of rows in the temporary file."""
        return self.home.on_disk


class Learner:
    """Settles the encoder of what was gathered, and encodes it."""

    def __init__(self, gathered: Gatherer, home: Home) -> None:
        self._got, self._home = gathered, home
        self._raws: Items[RawPartition] = gathered.raw
        self._settled: Callable[[RawPartition], RawPartition] = lambda raw: raw
        self._ignored: dict[int, str] = {}
        self._missing: dict[str, int] = {}

    def finish(self) -> Learned:
        """Settle what only the whole table can tell, and encode."""
        if self._got.rows == 0:
            raise self._got.table.no_rows()
        self._got.close_partition()
        classes = self._classes()
        self._weigh(classes)
        columns = self._columns()
        encoder = Encoder(
            columns=tuple(column for _, column in columns),
            target=self._got.table.names[self._got.target],
            classes=tuple(classes),
            dialect=self._got.config.dialect,
            weight=self._got.config.weight,
            ignored=tuple((self._got.table.names[i], reason) for i, reason in sorted(self._ignored.items())),
        )
        if not columns:
            raise no_column(self._got.table.source, encoder.ignored).error()
        config = self._got.config.settled(self._got.rows * len(encoder.numeric), self._mean, self._heaviest)
        contract = contract_of(self._got, columns, self._found, self._home)
        data = digest_of(self._got, columns, encoder, self._home)
        self._home.reserve(self._training_bytes(encoder, config))
        shelf = self._encode(encoder, [i for i, _ in columns], config.precision)
        return Learned(
            encoder=encoder,
            home=self._home,
            shelf=shelf,
            encoded=self._home.rows(shelf),
            rows=self._got.rows,
            class_counts=self._class_counts,
            missing=self._missing,
            delimiter=self._got.table.delimiter,
            config=config,
            factors=self._factors,
            contract=contract,
            counting=self._named_counting([i for i, _ in columns]),
            partition_rows=self._got.partition_rows,
            data=data,
            skipped=self._got.table.skipped,
            doubt=self._got.table.doubt,
        )

    def _training_bytes(self, encoder: Encoder, config: FitConfig) -> int:
        """What training takes besides the rows, at most."""
        p, K = len(encoder.features), len(encoder.classes)
        shape = Shape(self._got.rows, p, len(encoder.columns) + len(encoder.gappy), K, self._home.threads)
        auto = config.l2 == "auto"  # the fit of all rows waits while a fold is fitted; and where all of them ended
        kept = MOST_CANDIDATES * (config.folds + 1) if auto else 0
        solver = make_solver(config).most_bytes(shape)
        return self._got.sizes.training(p, K, solver, fits=2 if auto else 1, kept=kept)

    def _classes(self) -> list[str]:
        """The classes in their final order, and the labels recoded. Raises DataError if they are no classes."""
        vocabulary, name = self._got.vocabularies[self._got.target], self._got.table.names[self._got.target]
        classes = [text for text in vocabulary.ordered() if text is not None]
        source = self._got.table.source
        numbers = sum(is_number(text, self._got.config.dialect.decimal) for text in classes)
        refusal = no_classes(name, source, classes, numbers, self._got.rows)
        if refusal is not None:
            raise refusal.error()
        table = vocabulary.recoding(list(classes), 0)
        self._settle(lambda raw: replace(raw, labels=table[raw.labels]))
        return classes

    def _settle(self, function: Callable[[RawPartition], RawPartition]) -> None:
        """From now on the raw partitions are seen so: those on disk are not written again."""
        before = self._settled
        self._settled = lambda raw: function(before(raw))
        self._raws = Seen(self._settled, self._got.raw)

    def _weigh(self, classes: list[str]) -> None:
        """Multiply each row's weight by its class's weight: v_n."""
        K = len(classes)
        counts = [(np.bincount(raw.labels, minlength=K), _weight_of_classes(raw, K)) for raw in each(self._raws)]
        rows, total = (np.sum(found, axis=0) for found in zip(*counts, strict=True))
        self._class_counts = dict(zip(classes, map(int, rows), strict=True))
        self._factors = factors = class_weights(self._got.config.class_weight, classes, total)
        for name, weight in zip(classes, total * factors, strict=True):
            if weight <= 0:
                raise weightless_class(name, self._got.config.weight, self._got.table.source).error()
        self._settle(lambda raw: replace(raw, weights=raw.weights * factors[raw.labels]))
        self._mean = float((total * factors).sum()) / self._got.rows
        self._heaviest = max(float(raw.weights.max()) for raw in each(self._raws))

    def _columns(self) -> list[tuple[int, Column]]:
        """The columns that are kept, by position; the others go to `_ignored` with the reason."""
        self._found = self._moments()
        self._counting = counting(self._raws, [self._got.slots[i] for i in self._found])
        found = []
        for i, kind in self._got.kinds.items():
            if kind is None:
                column: Column | str = EMPTY
            elif kind is Reading.NUMBER:
                column = self._numeric(i, self._found[i])
            else:
                column = self._categorical(i)
            if isinstance(column, str):
                self._ignored[i] = column
            else:
                found.append((i, column))
        return found

    def _moments(self) -> dict[int, ColumnMoments]:
        numbers = [i for i, kind in self._got.kinds.items() if kind is Reading.NUMBER]
        slots = [self._got.slots[i] for i in numbers]
        return dict(zip(numbers, moments(self._raws, slots, self._home), strict=True))

    def _numeric(self, i: int, found: ColumnMoments) -> NumericColumn | str:
        name = self._got.table.names[i]
        facts = ColumnFacts(
            name=name,
            asked=i in self._got.forced,
            filled=found.low <= found.high,
            missing=found.missing > 0,
            first=self._counting.get(self._got.slots[i]),
            deviation=found.deviation,
            largest=found.largest,
        )
        self._check_named(facts)
        if facts.left_out is not None:
            return facts.left_out
        if found.missing:
            self._missing[name] = found.missing
        scale = found.deviation if constant(found.deviation, found.largest) is None else 1.0
        return NumericColumn(name, found.mean, scale, missing=found.missing > 0)

    def _named_counting(self, kept: list[int]) -> tuple[str, ...]:
        """Of the columns that are kept, those that count the rows and are worth a word."""
        found = [i for i in kept if self._got.slots.get(i) in self._counting and self._got.rows >= COUNTED_ROWS]
        return tuple(self._got.table.names[i] for i in found)

    def _check_named(self, facts: ColumnFacts) -> None:
        if not facts.name and facts.must_have_a_name:
            raise no_name(self._got.table.source, self._got.table.header_line).error()

    def _categorical(self, i: int) -> CategoricalColumn | str:
        name, levels = self._got.table.names[i], self._got.vocabularies[i].ordered()
        missing = MISSING_LEVEL in levels
        facts = ColumnFacts(
            name=name,
            asked=i in self._got.forced,
            filled=len(levels) > missing,
            missing=missing,
            levels=len(levels),
            rows=self._got.rows,
        )
        self._check_named(facts)
        if not facts.asked:
            self._check_notation(i)
        if facts.left_out is not None:
            return facts.left_out
        if missing:
            self._missing[name] = self._got.vocabularies[i].missing
        return CategoricalColumn(name, tuple(levels))

    def _check_notation(self, i: int) -> None:
        """Raise DataError if the words of a column are numbers in another notation."""
        texts, decimal = self._got.vocabularies[i].texts(), self._got.table.dialect.decimal
        if in_other_notation(texts, decimal):
            raise self._notation(i, next(text for text in texts if looks_like_other_notation(text, decimal)))

    def _notation(self, i: int, text: str) -> DataError:
        """The error for a column of such texts; with its line, if the text is the first of the column."""
        place, first = self._got.first_seen[i]
        place = place if text == first else Place(place.source)
        return other_notation(self._got.table.names[i], text, place).error()

    def _encode(self, encoder: Encoder, order: list[int], precision: str) -> Shelf[Partition]:
        """Encode partition by partition, letting go of the raw ones."""
        slots = [self._got.slots[i] for i in order if self._got.kinds[i] is Reading.NUMBER]
        texts = [i for i in order if self._got.kinds[i] is Reading.TEXT]
        tables = [
            self._got.vocabularies[i].recoding(list(column.levels), 1)
            for i, column in zip(texts, encoder.categorical, strict=True)
        ]
        dtype = np.float32 if precision == "float32" else np.float64
        every = len(slots) == len(self._got.slots)

        def encode(k: int) -> Partition:
            raw = self._settled(self._got.raw.release(k))
            codes = tuple(table[raw.words(i)] for table, i in zip(tables, texts, strict=True))
            numbers = raw.numbers if every else np.ascontiguousarray(raw.numbers[:, slots])
            return Partition(encoder.design(numbers, codes, dtype), raw.labels, raw.weights)

        return self._home.listed(encode, len(self._got.raw))


def _weight_of_classes(raw: RawPartition, classes: int) -> NDArray[np.float64]:
    """Σ v of the rows of each class (K,)."""
    return np.asarray(np.bincount(raw.labels, weights=raw.weights, minlength=classes), np.float64)


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
        what = f"--class-weight: there is no class {quoted(unknown[0])}"
        raise UsageError(what, hint=did_you_mean(unknown[0], classes))
    return np.array([asked.get(name, 1.0) for name in classes])


def learn(table: Table, config: FitConfig, home: Home, on_piece: Callable[[int, int], None]) -> Learned:
    """Read `table` once and give back the encoder and the encoded rows, which live as long as `home` is open."""
    with table.advising():
        gathered = Gatherer(table, config, home)
        gathered.read(on_piece)
        return Learner(gathered, home).finish()
