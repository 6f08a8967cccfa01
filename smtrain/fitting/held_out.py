"""Rows that a fit never sees, put aside before anything is learned or of another file, and how good its model is there.

They are read and encoded before the training, so that what is wrong in them is said before hours of work, and measured
when the model is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.draws import Draw
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.parting import parted
from smtrain.fitting.strata import strata_drawn, strata_of
from smtrain.fitting.validation import labelled_partitions
from smtrain.fitting.weights import check_classes
from smtrain.model.labels import nothing_to_measure
from smtrain.model.model import Model
from smtrain.model.record import HeldOutRecord, SkippedRecord
from smtrain.partitions.cutter import cut
from smtrain.partitions.interface import Home, Shelf
from smtrain.partitions.memory import available_threads, joined
from smtrain.scoring.blocks import block_rows, sums_of
from smtrain.scoring.metrics import METRICS
from smtrain.softmax.loss import Partition
from smtrain.sources.interface import Batch
from smtrain.sources.opening import Data, check_read_again, open_table
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped, is_no_label


@dataclass(frozen=True)
class HeldOut:
    """Rows of a table that are never seen, encoded, in blocks on a shelf of the home of the fit; and their number."""

    blocks: Shelf[Partition]
    rows: int
    skipped: Skipped


def tables(data: Data, config: FitConfig) -> tuple[Table, Table | None]:
    """The table to learn from, and the one to test with, if the options ask for that.

    With a share the data are read here, to draw the rows that are put aside. Raises UsageError for a pipe then.
    """
    if isinstance(config.test, float | int):
        check_read_again(data, "--test with a share")
    table = open_table(data, config.dialect, fitting=True)
    if config.test is None:
        return table, None
    if isinstance(config.test, str):
        return table, open_table(config.test, config.dialect)
    draw, threads = _drawn(table, config, config.test), config.threads or available_threads()
    train, test = (open_table(data, config.dialect, fitting=True) for _ in range(2))
    return train.of(_part(train, draw, threads, test=False)), test.of(_part(test, draw, threads, test=True))


def _drawn(table: Table, config: FitConfig, share: float) -> Draw:
    """The draw of a share of each class: that of `smtrain split`. Raises DataError for labels that are no classes."""
    strata = strata_of(table, stratify=True, target=config.target, weight=config.weight)
    draw = strata_drawn(table, strata, share, config.seed, config.threads or available_threads())
    classes = [text for text in draw.known.ordered() if not is_no_label(text)]
    with table.advising():
        check_classes(classes, table, strata.column, int(draw.known.counts[draw.known.codes(classes)].sum()))
    draw.check()
    return draw


def _part(table: Table, draw: Draw, threads: int, *, test: bool) -> Iterator[Batch]:
    """The rows that are put aside, or the others."""
    for rows, aside in parted(table, draw, threads):
        gone = aside != test
        batch = rows.batch.without(gone) if gone.any() else rows.batch
        if batch is not None:
            yield batch


def held_out(table: Table, learned: Learned) -> HeldOut:
    """The labelled rows of a table, encoded and kept. Raises DataError if they cannot be used, or weigh nothing."""
    encoder, home = learned.encoder, learned.home
    shelf: Shelf[Partition] = home.shelf()
    rows, weight = 0, 0.0
    parts = labelled_partitions(table, encoder, home.threads, skip=learned.config.unlabelled == "skip")
    for block in cut(parts, block_rows(len(encoder.classes)), joined):
        shelf.append(block)
        rows, weight = rows + block.rows, weight + float(block.v.sum())
    if not weight:
        raise nothing_to_measure(table, rows=rows > 0)
    return HeldOut(shelf, rows, table.skipped)


def tested(model: Model, held: HeldOut, home: Home) -> Model:
    """The model with every metric of the rows that were held out in its record."""
    sums = home.sum(partial(sums_of, model=model), held.blocks)
    unseen = home.sum(unseen_cells, held.blocks)
    names = [column.name for column in model.encoder.categorical]
    values = {name: float(metric(sums)) for name, metric in METRICS.items()}
    record = HeldOutRecord(
        rows=held.rows,
        metrics={name: value if np.isfinite(value) else None for name, value in values.items()},
        unseen={name: cells for name, cells in zip(names, unseen.tolist(), strict=True) if cells},
        skipped=SkippedRecord(held.skipped.unlabelled, held.skipped.unknown),
    )
    return replace(model, fit=replace(model.fit, test=record))


def unseen_cells(block: Partition) -> NDArray[np.intp]:
    """How many cells of each column of words have a level that training did not have, (q,)."""
    return np.array([np.count_nonzero(codes == 0) for codes in block.X.codes], np.intp)
