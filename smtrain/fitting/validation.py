"""Rows set aside: for validation, a share of the table or another file; and in the folds of a cross-validation."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, quoted
from smtrain.fitting.dealing import MORE_GROUPS, check_folds
from smtrain.fitting.digest import sha256_beside
from smtrain.fitting.draws import groups_aside, no_group_fits
from smtrain.fitting.learn import Learned
from smtrain.model.encoder import Encoder
from smtrain.model.labels import SKIP, labelled, nothing_to_measure
from smtrain.partitions.cutter import cut
from smtrain.partitions.interface import Spread
from smtrain.partitions.memory import joined
from smtrain.softmax.holdout import (
    Counts,
    Folds,
    GroupFolds,
    GroupShare,
    Share,
    fold_tally,
    folds_of_groups,
    group_sizes,
)
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.softmax.rows import Handle, Rows, set_aside
from smtrain.softmax.sampling import row_counts
from smtrain.sources.interface import Span
from smtrain.sources.opening import open_table
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped
from smtrain.wording import given

NONE_ASIDE = "no row can be set aside, for every class needs one to learn from"


def with_validation(learned: Learned) -> Learned:
    """The same, with the rows set aside that the options ask for. Raises DataError if there are none."""
    asked = learned.config.validation
    if asked is None:
        return learned
    return _with_file(asked, learned) if isinstance(asked, str) else _with_share(asked, learned)


def fold_objectives(objective: Objective, learned: Learned) -> list[Objective]:
    """For each fold of the cross-validation the objective without its rows.

    Raises DataError if there is no fold; with groups, too, if all rows of a class are in one.
    """
    config = learned.config
    if learned.groups:
        numbers, count = _groups_dealt(objective, learned)
        return [objective.setting_aside(numbers, fold) for fold in range(count)]
    folds = Folds(objective.row_counts, config.folds, config.seed)
    if not folds.number:
        penalty = config.chosen or "l2"
        hint = f"a number for --{penalty} sets the penalty"
        raise DataError(f"{given(penalty, 'auto')}: {NONE_ASIDE}", hint=hint)
    numbers = objective.rows.keep(folds)
    return [objective.setting_aside(numbers, fold) for fold in range(folds.number)]


def _groups_dealt(objective: Objective, learned: Learned) -> tuple[Handle, int]:
    """The fold of each row, that of its group, and the number of the folds."""
    rows, config, classes = objective.rows, learned.config, learned.encoder.classes
    fold_of = folds_of_groups(_sizes(rows, learned), config.folds, config.seed)
    count = int(fold_of.max()) + 1
    numbers = rows.keep(GroupFolds(fold_of))
    check_folds(rows.sum(partial(fold_tally, classes=len(classes), folds=count), numbers), classes)
    return numbers, count


def _sizes(rows: Rows, learned: Learned) -> Counts:
    """The rows of each group that have a weight (G,)."""
    sizes: Counts = rows.sum(partial(group_sizes, groups=len(learned.groups)))
    return sizes


def _with_share(fraction: float, learned: Learned) -> Learned:
    if learned.groups:
        return _with_groups(fraction, learned)
    counts = learned.encoded.sum(partial(row_counts, classes=len(learned.encoder.classes)))
    share = Share(counts, fraction, learned.config.seed)
    if not share.quota.any():
        raise DataError(
            f"{given('validation', fraction)}: {NONE_ASIDE}", hint="a larger share, or a file of other rows"
        )
    rows = set_aside(learned.encoded, learned.encoded.keep(share))
    return replace(learned, encoded=rows, validation_rows=int(share.quota.sum()))


def _with_groups(fraction: float, learned: Learned) -> Learned:
    """With about a share of the rows set aside, whole groups, as `smtrain split --by` draws them."""
    config, classes = learned.config, learned.encoder.classes
    sizes = _sizes(learned.encoded, learned)
    chosen = groups_aside(learned.groups, sizes, fraction, config.seed)
    aside = np.array([text in chosen for text in learned.groups]) & (sizes > 0)
    if not aside.any():
        raise no_group_fits(sizes[sizes > 0], "validation", fraction, column=str(config.groups), source=None)
    rows = set_aside(learned.encoded, learned.encoded.keep(GroupShare(aside)))
    left = rows.sum(partial(row_counts, classes=len(classes))).of_class
    if not left.all():
        what = f"{given('validation', fraction)}: all rows of the class {quoted(classes[left.argmin()])} are set aside"
        raise DataError(what, hint=MORE_GROUPS)
    return replace(learned, encoded=rows, validation_rows=int(sizes[aside].sum()))


@dataclass(frozen=True)
class Further:
    """How the rows of a further table become rows of a fit, all of them set aside.

    `factors` are the class weights (K,), `single` says that X is in float32, `skip` that rows without a label that can
    be used are left out.
    """

    encoder: Encoder
    factors: NDArray[np.float64]
    single: bool
    skip: bool

    def partitions(self, table: Table, threads: int = 1) -> Iterator[Partition]:
        """The rows of a labelled table, encoded like those of the fit, as they are parsed."""
        dtype = np.float32 if self.single else np.float64
        for partition in labelled_partitions(table, self.encoder, threads, skip=self.skip, dtype=dtype):
            weighed = partition.weighing(partition.v * self.factors[partition.y])
            yield weighed.set_aside(np.ones(partition.rows, np.bool_))


def labelled_partitions(
    table: Table, encoder: Encoder, threads: int, *, skip: bool, dtype: Any = np.float64
) -> Iterator[Partition]:
    """The labelled rows of a further table, encoded like those of the fit, as they are parsed, with their own weights.

    `skip` leaves out rows without a label that can be used. Raises ModelError where columns are not there.
    """
    readings = encoder.readings(table, labels=True, model="the training data")
    if skip:
        table.skip_unlabelled(table.names.index(encoder.target), encoder.classes)
    for rows in table.rows(readings, threads):
        y, v = labelled(encoder, table.names, rows, hint=SKIP)
        yield Partition(encoder.encode(rows, table.names, dtype), y, v)


class FurtherRows(NamedTuple):
    """The rows of a span of a further table, None for none, and those that were left out."""

    rows: Partition | None
    skipped: Skipped


def _with_file(path: str, learned: Learned) -> Learned:
    """With the rows of a file set aside, behind those of the fit. Raises DataError if they weigh nothing."""
    table, config = open_table(path, learned.encoder.dialect), learned.config
    skip = config.unlabelled == "skip"
    further = Further(learned.encoder, learned.factors, config.precision == "float32", skip)
    if isinstance(learned.home, Spread):
        count = _add_spans(table, further, learned, learned.home)
    else:
        count = _add(table, further, learned)
    rows = learned.home.rows(learned.shelf)
    if not count or rows.sum(weight_aside) <= 0:
        raise nothing_to_measure(table, rows=count > 0)
    sha256 = sha256_beside(rows, aside=True)
    return replace(learned, encoded=rows, validation_rows=count, validation_sha256=sha256)


def _add(table: Table, further: Further, learned: Learned) -> int:
    """Keep the rows of a further table, and return their number."""
    count, blocks = 0, further.partitions(table, learned.home.threads)
    for partition in cut(blocks, learned.partition_rows, joined):
        learned.shelf.append(partition)
        count += partition.rows
    learned.skipped.include(table.skipped)
    return count


def _add_spans(table: Table, further: Further, learned: Learned, home: Spread) -> int:
    """Have workers keep the rows of a further table, and return their number."""
    parts, counts, skipped = read_spans(table, learned.encoder, home, further.partitions)
    learned.shelf = home.partitioned(parts, counts, learned.partition_rows, joined, behind=learned.shelf)
    learned.skipped.include(skipped)
    return sum(counts)


def read_spans(
    table: Table, encoder: Encoder, home: Spread, partitions: Callable[[Table], Iterable[Partition]]
) -> tuple[Sequence[Any], list[int], Skipped]:
    """The rows of a further table, read by workers as `partitions`: a task for each span, and its number of rows.

    Then those that were left out. Raises ModelError where columns are not there, before any row is read.
    """
    encoder.readings(table, labels=True, model="the training data")
    tasks = home.spread(
        partial(read_further, partitions=partitions), table.spans(home.span_size(table.total_bytes), home.told)
    )
    told, skipped = list(home.told(count_further, tasks)), Skipped()
    for _, some in told:
        skipped.include(some)
    return home.spread(attrgetter("rows"), tasks), [count for count, _ in told], skipped


def read_further(span: Span, partitions: Callable[[Table], Iterable[Partition]]) -> FurtherRows:
    """The rows of a span of a further table."""
    table = Table.of_span(span)
    parts = list(partitions(table))
    return FurtherRows(joined(parts) if parts else None, table.skipped)


def count_further(read: FurtherRows) -> tuple[int, Skipped]:
    """The number of the rows of a span, and those that were left out."""
    return 0 if read.rows is None else read.rows.rows, read.skipped


def weight_aside(partition: Partition) -> float:
    """What the rows that are set aside weigh."""
    return 0.0 if partition.u is None else float(partition.u.sum())
