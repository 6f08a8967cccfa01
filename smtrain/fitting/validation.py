"""Rows set aside: for validation, a share of the table or another file; and in the folds of a cross-validation."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain

import numpy as np

from smtrain.errors import DataError
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.model.labels import SKIP, labelled, nothing_to_measure
from smtrain.partitions.cutter import Cutter
from smtrain.partitions.memory import joined
from smtrain.softmax.holdout import Folds, Share
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.softmax.rows import set_aside
from smtrain.softmax.sampling import row_counts
from smtrain.sources.opening import open_table
from smtrain.sources.table import Table
from smtrain.wording import given

NONE_ASIDE = "no row can be set aside, for every class needs one to learn from"


def with_validation(learned: Learned) -> Learned:
    """The same, with the rows set aside that the options ask for. Raises DataError if there are none."""
    asked = learned.config.validation
    if asked is None:
        return learned
    return _with_file(asked, learned) if isinstance(asked, str) else _with_share(asked, learned)


def fold_objectives(objective: Objective, config: FitConfig) -> list[Objective]:
    """For each fold of the cross-validation the objective without its rows. Raises DataError if there is no fold."""
    folds = Folds(objective.row_counts, config.folds, config.seed)
    if not folds.number:
        raise DataError(f"{given('l2', 'auto')}: {NONE_ASIDE}", hint="a number for --l2 sets the penalty")
    numbers = objective.rows.keep(folds)
    return [objective.setting_aside(numbers, fold) for fold in range(folds.number)]


def _with_share(fraction: float, learned: Learned) -> Learned:
    counts = learned.encoded.sum(partial(row_counts, classes=len(learned.encoder.classes)))
    share = Share(counts, fraction, learned.config.seed)
    if not share.quota.any():
        raise DataError(
            f"{given('validation', fraction)}: {NONE_ASIDE}", hint="a larger share, or a file of other rows"
        )
    rows = set_aside(learned.encoded, learned.encoded.keep(share))
    return replace(learned, encoded=rows, validation_rows=int(share.quota.sum()))


def _with_file(path: str, learned: Learned) -> Learned:
    """With the rows of a file set aside, behind those of the fit. Raises DataError if they weigh nothing."""
    table, cutter = open_table(path, learned.encoder.dialect), Cutter(learned.partition_rows, joined)
    blocks = _blocks(table, learned, learned.home.threads)
    count, weight = 0, 0.0
    for partition in chain(chain.from_iterable(map(cutter.add, blocks)), cutter.rest()):
        learned.shelf.append(partition.set_aside(np.ones(partition.rows, np.bool_)))
        count += partition.rows
        weight += float(partition.v.sum())
    learned.skipped.include(table.skipped)
    if weight <= 0:
        raise nothing_to_measure(table, rows=count > 0)
    return replace(learned, encoded=learned.home.rows(learned.shelf), validation_rows=count)


def _blocks(table: Table, learned: Learned, threads: int) -> Iterator[Partition]:
    """The rows of a labelled table, encoded like those of the fit, as they are parsed."""
    encoder = learned.encoder
    readings = encoder.readings(table, labels=True, model="the training data")
    if learned.config.unlabelled == "skip":
        table.skip_unlabelled(table.names.index(encoder.target), encoder.classes)
    dtype = np.float32 if learned.config.precision == "float32" else np.float64
    for rows in table.rows(readings, threads):
        y, v = labelled(encoder, table.names, rows, hint=SKIP)
        yield Partition(encoder.encode(rows, table.names, dtype), y, v * learned.factors[y])
