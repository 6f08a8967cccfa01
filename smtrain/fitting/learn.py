"""What only the whole table can tell: classes, weights, the columns that are kept, their moments; then X itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.columns import Columns, columns_of
from smtrain.fitting.contract import contract_of
from smtrain.fitting.digest import digest_of
from smtrain.fitting.encode import Encoding, recoding
from smtrain.fitting.options import FitConfig
from smtrain.fitting.raw import RawPartition
from smtrain.fitting.read import RawTable, read_table
from smtrain.fitting.refusals import no_column
from smtrain.fitting.roles import roles_of
from smtrain.fitting.spans import read_spans
from smtrain.fitting.weights import settled, weighed
from smtrain.model.contract import Contract
from smtrain.model.digest import DataDigest
from smtrain.model.encoder import Encoder
from smtrain.partitions.interface import Home, Shelf, Spread
from smtrain.softmax.bundle import most_points
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows
from smtrain.solvers import make_solver
from smtrain.solvers.interface import Shape
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped

# Values of a penalty that a cross-validation tries at most: from 1e-4 to 1e4.
MOST_CANDIDATES = 9


@dataclass
class Learned:
    """What reading a table for a fit gives: the encoder, the encoded rows, and counts for the report.

    `config` are the options of the fit, settled where they depend on the table. `factors` are the class weights (K,),
    `contract` is what later files are held against, `data` the digest of what was read, `counting` the columns that
    count the rows, and `validation_rows` how many of the `encoded` rows are set aside; their partitions are on `shelf`,
    at `home`. `test_rows` are held out, and are none of those; a digest tells them, and those of a file for validation,
    from others. `rows` are those of the table, without those that were `skipped`; a partition has at most
    `partition_rows`. `doubt` says what else the text of the table may be. `groups` are the texts of those whose rows
    stay together, by their numbers.
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
    nameless: tuple[str, ...] = ()
    validation_rows: int = 0
    validation_sha256: str | None = None
    test_rows: int = 0
    test_sha256: str | None = None
    skipped: Skipped = field(default_factory=Skipped)
    doubt: str | None = None
    groups: tuple[str, ...] = ()


def learn(table: Table, config: FitConfig, home: Home, on_piece: Callable[[int, int], None]) -> Learned:
    """Read `table` once and give back the encoder and the encoded rows, which live as long as `home` is open.

    Raises DataError for rows, columns or labels that nothing can be learned from.
    """
    with table.advising():
        return _learned(_read(table, config, home, on_piece), home)


def _read(table: Table, config: FitConfig, home: Home, on_piece: Callable[[int, int], None]) -> RawTable:
    """The rows of a table, read here, or where they are to live."""
    roles = roles_of(table, config)
    table.weigh_by(roles.weight)
    if config.unlabelled == "skip":
        table.skip_unlabelled(roles.target)
    if isinstance(home, Spread):
        return read_spans(table, roles, config, home, on_piece)
    return read_table(table, roles, config, home, on_piece)


def _learned(table: RawTable, home: Home) -> Learned:
    """Settle what only the whole table can tell, and encode."""
    weights = weighed(table, home)
    columns = columns_of(table, weights.settled(table.raws, home), home)
    encoder = _encoder(table, columns, weights.classes)
    config = table.config.settled(table.rows * len(encoder.numeric), weights.mean, weights.heaviest)
    contract = contract_of(table, columns, home)
    slots = tuple(table.slots[i] for i in columns.numeric)
    groups = table.summary.groups.ordered()
    number_of = table.summary.groups.numbered(groups).astype(np.int32) if groups else None
    encoding = Encoding(encoder, slots, recoding(table, columns), config.precision == "float32", number_of)
    data = digest_of(table, columns, encoding, weights.number_of, home)
    # Encoded rows take the places of raw ones; what training needs besides is known only now.
    home.reserve(_training_bytes(table, encoder, config))
    shelf = home.replaced(
        partial(_encoded, number_of=weights.number_of, factors=weights.factors, encoding=encoding), table.raws
    )
    return Learned(
        encoder=encoder,
        home=home,
        shelf=shelf,
        encoded=home.rows(shelf),
        rows=table.rows,
        class_counts=_class_counts(table, weights.classes),
        missing=_missing(table, columns),
        delimiter=table.opened.delimiter,
        config=config,
        factors=weights.factors,
        contract=contract,
        counting=columns.counting,
        nameless=columns.nameless,
        partition_rows=table.sizes.rows,
        data=data,
        skipped=table.opened.skipped,
        doubt=table.opened.doubt,
        groups=tuple(groups),
    )


def _encoder(table: RawTable, columns: Columns, classes: tuple[str, ...]) -> Encoder:
    """The encoder of the columns that are kept. Raises DataError if there is none."""
    left_out = tuple((table.names[i], reason) for i, reason in sorted(columns.left_out.items()))
    if not columns.kept:
        raise no_column(table.opened.source, left_out).error()
    labels = table.opened.label_type(table.roles.target)
    return Encoder(
        columns=tuple(column for _, column in columns.kept),
        target=table.names[table.roles.target],
        classes=classes,
        dialect=table.config.dialect,
        weight=table.config.weight,
        ignored=left_out,
        integers=labels is int,
        booleans=labels is bool,
        array=table.opened.array,
        unnamed=table.opened.unnamed,
    )


def _class_counts(table: RawTable, classes: tuple[str, ...]) -> dict[str, int]:
    """The rows of each class."""
    labels = table.summary.labels
    return dict(zip(classes, labels.counts[labels.codes(classes)].tolist(), strict=True))


def _missing(table: RawTable, columns: Columns) -> dict[str, int]:
    """The missing cells of each column that is kept and has any."""
    cells = {column.name: table.summary.columns[i].missing for i, column in columns.kept}
    return {name: count for name, count in cells.items() if count}


def _encoded(
    raw: RawPartition, number_of: NDArray[np.intp], factors: NDArray[np.float64], encoding: Encoding
) -> Partition:
    """A partition encoded. The numbers of the raw one may become those of X."""
    return encoding(settled(raw, number_of, factors))


def _training_bytes(table: RawTable, encoder: Encoder, config: FitConfig) -> int:
    """What training takes besides the rows, at most."""
    p, K = len(encoder.features), len(encoder.classes)
    shape = Shape(table.rows, p, len(encoder.columns) + len(encoder.gappy), K, table.sizes.threads)
    auto = config.chosen is not None  # the fit of all rows waits while a fold is fitted; and where all of them ended
    kept = MOST_CANDIDATES * (config.folds + 1) if auto else 0
    solver = make_solver(config).most_bytes(shape)
    kept += most_points(8 * (p + 1) * K)
    return table.sizes.training(p, K, solver, fits=2 if auto else 1, kept=kept)
