"""Rows set aside: for validation, a share of the table or another file; and in the folds of a cross-validation."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError
from smtrain.fitting.learning import Learned
from smtrain.model.labels import SKIP, labelled, nothing_to_measure
from smtrain.partitions.memory import joined
from smtrain.softmax.holdout import NEVER, folds, validation_rows
from smtrain.softmax.loss import Partition
from smtrain.sources.opening import open_table
from smtrain.sources.table import Table

NONE_ASIDE = "no row can be set aside, for every class needs one to learn from"


def with_validation(learned: Learned, threads: int) -> Learned:
    """The same, with the rows set aside that the options ask for. Raises DataError if there are none."""
    asked = learned.config.validation
    if asked is None:
        return learned
    if isinstance(asked, str):
        return replace(learned, validation_rows=_append_file(asked, learned, threads))
    aside = _share(asked, learned)
    return replace(learned, partitions=learned.partitions.set_aside(aside), validation_rows=int(aside.sum()))


def dealt_folds(learned: Learned) -> NDArray[np.intp]:
    """The fold of each row, (n,), for the cross-validation. Raises DataError if every class has a single row."""
    rows, config = learned.partitions, learned.config
    fold_of = folds(rows.labels, rows.weights, config.folds, config.seed)
    if (fold_of == NEVER).all():
        raise DataError(f"--l2 auto: {NONE_ASIDE}", hint="--l2 NUMBER sets the penalty")
    return fold_of


def _share(share: float, learned: Learned) -> NDArray[np.bool_]:
    rows = learned.partitions
    aside = validation_rows(rows.labels, rows.weights, share, learned.config.seed)
    if not aside.any():
        raise DataError(f"--validation {share}: {NONE_ASIDE}", hint="a larger share, or a file of other rows")
    return aside


def _append_file(path: str, learned: Learned, threads: int) -> int:
    """Set the rows of a file aside, after those of the fit; their number. Raises DataError if they weigh nothing."""
    rows, table = learned.partitions, open_table(path, learned.encoder.dialect)
    training, weight = rows.rows, 0.0
    for partition in recut(_pieces(table, learned, threads), learned.partition_rows):
        rows.append(replace(partition, v=np.zeros(partition.rows), u=partition.v, start=rows.rows))
        weight += float(partition.v.sum())
    learned.skipped.include(table.skipped)
    if weight <= 0:
        raise nothing_to_measure(table, rows=rows.rows > training)
    return rows.rows - training


def recut(pieces: Iterable[Partition], size: int) -> Iterator[Partition]:
    """The same rows in partitions of so many, the last one of what is left: however long the pieces are."""
    kept: list[Partition] = []
    for piece in pieces:
        start = 0
        while start < piece.rows:
            part = piece.take(slice(start, start + size - sum(one.rows for one in kept)))
            kept.append(part)
            start += part.rows
            if sum(one.rows for one in kept) == size:
                yield joined(kept)
                kept = []
    if kept:
        yield joined(kept)


def _pieces(table: Table, learned: Learned, threads: int) -> Iterator[Partition]:
    """The rows of a labelled table, encoded like those of the fit, as they are parsed."""
    encoder = learned.encoder
    readings = encoder.readings(table, labels=True, model="the training data")
    if learned.config.unlabelled == "skip":
        table.skip_unlabelled(table.names.index(encoder.target), encoder.classes)
    dtype = np.float32 if learned.config.precision == "float32" else np.float64
    for rows in table.rows(readings, threads):
        y, v = labelled(encoder, table.names, rows, hint=SKIP)
        yield Partition(encoder.encode(rows, table.names, dtype), y, v * learned.factors[y])
