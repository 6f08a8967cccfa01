"""The rows of a table dealt out to folds, and the tables of the rows without a fold and of the fold alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress, filterfalse
from typing import Any

import numpy as np

from smtrain.fitting.dealing import SpreadStrata, check_folds, parts_of, read_strata, spans_of
from smtrain.fitting.draws import Mask, check_groups
from smtrain.fitting.options import FitConfig
from smtrain.fitting.roles import Roles, roles_of
from smtrain.fitting.strata import Coded, Strata, StrataCounts
from smtrain.fitting.weights import check_classes
from smtrain.partitions.here import home_here
from smtrain.partitions.interface import Spread
from smtrain.partitions.memory import available_threads
from smtrain.softmax.holdout import NEVER, Counts, FoldOf, Folds, fold_tally, folds_of_groups
from smtrain.sources.interface import Reading, Rows
from smtrain.sources.table import Table
from smtrain.sources.usable import missing_label


@dataclass(frozen=True)
class Place:
    """Where the rows of a table can be read again: in `spans`, by tasks of a home.

    `coded` tells the strata of a span, `parted` makes a table of the rows that a function of what was drawn chooses.
    """

    home: Spread
    spans: Sequence[Any]
    coded: Callable[..., Coded]
    parted: Callable[..., Table]

    def strata(self, strata: Strata, check: Callable[[Rows], object] | None = None) -> SpreadStrata:
        """The rows by their strata; `check` is shown them and may raise an error."""
        return SpreadStrata.of(self.home, self.spans, partial(self.coded, strata=strata, check=check))


@dataclass(frozen=True)
class Dealt:
    """A table whose rows can be read again, and the `drawn` folds of the rows of each span: tasks.

    A row that is in no fold has NEVER: one of no weight or without a label, and the row of a class of one; `single` are
    the names of such classes. `classes` are the labels, `folds` is the number of the folds that have rows.
    """

    table: Table
    place: Place
    drawn: Sequence[Any]
    classes: tuple[str, ...]
    folds: int
    single: tuple[str, ...] = ()

    @property
    def fold(self) -> FoldOf:
        """The fold of each row (n,)."""
        return np.concatenate([np.asarray(one, np.int32) for one in self.place.home.results(self.drawn)])

    def without(self, fold: int) -> Table:
        """All rows but those of a fold."""
        return self._parted(partial(np.not_equal, fold))

    def alone(self, fold: int) -> Table:
        """The rows of a fold."""
        return self._parted(partial(np.equal, fold))

    def _parted(self, chosen: Callable[[FoldOf], Mask]) -> Table:
        place = self.place
        return place.parted(self.table, place.home, place.spans, self.drawn, chosen=chosen)


def deal(
    table: Table,
    config: FitConfig,
    folds: int,
    *,
    repeats: int = 1,
    home: Spread | None = None,
) -> list[Dealt]:
    """Deal the rows of `table` out to at most so many `folds`; again with the next seed for each repeat.

    The rows of each class are dealt in turn; or, where the options name groups, whole groups of rows: those of the same
    text in that column. The table is read once and kept here; or workers of a `home` read it, and each time that rows
    of it are used again. Raises DataError where less than two folds get rows, or all rows of a class are in one.
    """
    roles = roles_of(table, config)
    group = roles.groups
    missing = missing_label(table.dialect.na_values if config.unlabelled == "skip" else ())
    place = _here(table, roles, config) if home is None else _there(table, roles, home)
    labels = place.strata(Strata(roles.target, roles.weight, missing=missing))
    _check_labels(labels.total, missing, table, roles.target)
    if group is None:
        draws = [labels.drawn(partial(Folds, most=folds, seed=config.seed + repeat)) for repeat in range(repeats)]
    else:
        grouped = place.strata(Strata(group), partial(check_groups, column=group, name=table.names[group]))
        draws = [_by_group(labels, grouped, folds, config.seed + repeat) for repeat in range(repeats)]
    return [_dealt(table, place, labels, drawn, folds=folds, missing=missing) for drawn in draws]


def _dealt(
    table: Table,
    place: Place,
    labels: SpreadStrata,
    drawn: Sequence[Any],
    *,
    folds: int,
    missing: Callable[[str], bool],
) -> Dealt:
    """The table with what was drawn. Raises DataError as `deal`."""
    texts, tally = labels.total.known.ordered(), _tally(labels, drawn, folds)
    check_folds(tally, texts, table.source)
    there, single = np.flatnonzero(tally[:, 1:].any(axis=0)), tuple(compress(texts, tally[:, 0] > 0))
    return Dealt(table, place, drawn, tuple(filterfalse(missing, texts)), int(there[-1]) + 1, single)


def _check_labels(counts: StrataCounts, missing: Callable[[str], bool], table: Table, target: int) -> None:
    """Raise DataError for no rows, and if their labels are no classes."""
    if not counts.rows:
        raise table.no_rows()
    labels = list(filterfalse(missing, counts.known.ordered()))
    with table.advising():  # of all rows: those without a fold may look otherwise
        check_classes(labels, table, target, int(counts.known.counts[counts.known.codes(labels)].sum()))


def _by_group(labels: SpreadStrata, groups: SpreadStrata, folds: int, seed: int) -> Sequence[Any]:
    """A task for each span: the fold of each of its rows, that of its group."""
    home = labels.home
    sizes = sum(home.results(home.spread(sizes_of_groups, labels.coded, groups.coded)), StrataCounts())
    texts = sizes.known.ordered()
    fold_of = folds_of_groups(sizes.totals[sizes.known.codes(texts)], folds, seed)
    own = [fold_of[order] for order in groups.orders]
    return home.spread(folds_of_rows, labels.coded, groups.coded, own)


def _tally(labels: SpreadStrata, drawn: Sequence[Any], folds: int) -> Counts:
    """The rows of each class that have a weight, in no fold, and in each: (K, folds + 1)."""
    classes = len(labels.total.known)
    term = partial(tally_of, classes=classes, folds=folds)
    tallies = labels.home.results(labels.home.spread(term, labels.coded, drawn, labels.orders))
    return sum(tallies, np.zeros((classes, folds + 1), np.intp))


# ---- rows that are kept in this process ----


def _here(table: Table, roles: Roles, config: FitConfig) -> Place:
    """All rows, of which those columns are read that decide about the folds."""
    table.weigh_by(roles.weight)
    table.carry(range(len(table.names)))  # the batches are kept, and all of their columns will be read from them
    wanted = {roles.groups: Reading.LABEL, roles.weight: Reading.NUMBER, roles.target: Reading.LABEL}
    readings = tuple(wanted.get(i, Reading.SKIP) for i in range(len(table.names)))
    return Place(home_here(), list(table.rows(readings, config.threads or available_threads())), _coded, _kept)


def _coded(rows: Rows, strata: Strata, check: Callable[[Rows], object] | None = None) -> Coded:
    """Some rows by their strata."""
    if check is not None:
        check(rows)
    return Coded.of(strata, [rows])


def _kept(
    table: Table, home: Spread, spans: Sequence[Rows], drawn: Sequence[Any], *, chosen: Callable[[FoldOf], Mask]
) -> Table:
    """The table of the rows that are chosen by their folds."""
    gone = [~chosen(one) for one in home.results(drawn)]
    left = [rows.batch.without(out) if out.any() else rows.batch for rows, out in zip(spans, gone, strict=True)]
    return table.of([batch for batch in left if batch is not None])


# ---- rows that workers read ----


def _there(table: Table, roles: Roles, home: Spread) -> Place:
    """The spans of a table."""
    return Place(home, spans_of(table, home), read_strata, partial(parts_of, column=roles.target))


# ---- what workers compute ----


def sizes_of_groups(labels: Coded, groups: Coded) -> StrataCounts:
    """The groups, and how many rows of each can be dealt."""
    return Coded(groups.known, groups.y, labels.v).counts


def folds_of_rows(labels: Coded, groups: Coded, fold_of: FoldOf) -> FoldOf:
    """The fold of each row (n,): that of its group, by the codes of the groups."""
    return np.where(labels.v > 0, fold_of[groups.y], NEVER).astype(np.int32)


def tally_of(labels: Coded, fold: FoldOf, order: Counts, classes: int, folds: int) -> Counts:
    """The rows that have a weight, of each class, whose place is in an `order`, in no fold and in each."""
    return fold_tally(labels.partition(order), fold, classes, folds)
