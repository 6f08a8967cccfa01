"""The rows of a table dealt out to folds, and the tables of the rows without a fold and of the fold alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import filterfalse

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, UsageError, quoted
from smtrain.fitting.draws import check_groups
from smtrain.fitting.options import FitConfig
from smtrain.fitting.roles import Roles, roles_of
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.fitting.weights import check_classes
from smtrain.partitions.memory import available_threads
from smtrain.softmax.design import Design
from smtrain.softmax.holdout import NEVER, Folds
from smtrain.softmax.loss import Partition
from smtrain.softmax.sampling import row_counts
from smtrain.sources.interface import Reading, Rows
from smtrain.sources.table import Table
from smtrain.sources.usable import missing_label

FEW = "--folds: there are no two folds to deal the rows to"


@dataclass(frozen=True)
class Dealt:
    """A table whose rows are kept, in `parts`, so that they can be read again; the `fold` (n,) of each row.

    A row that is in no fold has NEVER: one of no weight or without a label, and the row of a class of one; `single` are
    the names of such classes.
    """

    table: Table
    parts: Sequence[Rows]
    fold: NDArray[np.int32]
    single: tuple[str, ...] = ()

    @property
    def folds(self) -> int:
        """The number of folds that have rows."""
        return int(self.fold.max()) + 1

    def without(self, fold: int) -> Table:
        """All rows but those of a fold."""
        return self._left(self.fold == fold)

    def alone(self, fold: int) -> Table:
        """The rows of a fold."""
        return self._left(self.fold != fold)

    def _left(self, gone: NDArray[np.bool_]) -> Table:
        ends = np.cumsum([rows.count for rows in self.parts])
        pairs = zip(self.parts, np.split(gone, ends[:-1]), strict=True)
        left = [rows.batch.without(out) if out.any() else rows.batch for rows, out in pairs]
        return self.table.of([batch for batch in left if batch is not None])


def deal(table: Table, config: FitConfig, folds: int, groups: str | None = None, repeats: int = 1) -> list[Dealt]:
    """Read `table` once, and deal its rows out to at most so many `folds`; again with the next seed for each repeat.

    The rows of each class are dealt in turn; or, with `groups`, whole groups of rows: those of the same text in that
    column. Raises DataError where less than two folds get rows, or all rows of a class are in one.
    """
    group = None if groups is None else table.column(groups, "--groups")
    roles = roles_of(table, config)
    if group is not None and group == roles.weight:
        raise UsageError(f"column {quoted(table.names[group])} is the weight, and cannot be the groups")
    rows = _read(table, roles, group, config.threads or available_threads())
    y, classes = _codes(rows, roles.target)
    missing = missing_label(table.dialect.na_values if config.unlabelled == "skip" else ())
    labelled = ~np.array(list(map(missing, classes)))[y]
    with table.advising():  # of all rows: those without a fold may look otherwise
        check_classes(list(filterfalse(missing, classes)), table, roles.target, int(labelled.sum()))
    v = np.where(labelled, _weights(rows, roles), 0.0)
    grouped = None if group is None else _codes(rows, group)[0]
    dealt = []
    for seed in range(config.seed, config.seed + repeats):
        fold = _by_class(y, v, folds, seed) if grouped is None else _by_group(grouped, v, folds, seed)
        if fold.max() < 1:
            raise DataError(FEW, source=table.source)
        _check_spread(fold, y, classes, table.source)
        single = tuple(classes[k] for k in np.unique(y[(fold == NEVER) & (v > 0)]))
        dealt.append(Dealt(table, rows, fold, single))
    return dealt


def _read(table: Table, roles: Roles, group: int | None, threads: int) -> list[Rows]:
    """All rows, of which those columns are read that decide about the folds. Raises DataError for no rows."""
    table.weigh_by(roles.weight)
    table.carry(range(len(table.names)))  # the batches are kept, and all of their columns will be read from them
    rows = list(table.rows(_readings(table, roles, group), threads))
    if not rows:
        raise table.no_rows()
    if group is not None:
        for some in rows:
            check_groups(some, group, table.names[group])
    return rows


def _readings(table: Table, roles: Roles, group: int | None) -> tuple[Reading, ...]:
    """How the columns are read that decide about the folds, all others skipped."""
    wanted = {group: Reading.LABEL, roles.weight: Reading.NUMBER, roles.target: Reading.LABEL}
    return tuple(wanted.get(i, Reading.SKIP) for i in range(len(table.names)))


def _weights(rows: Sequence[Rows], roles: Roles) -> NDArray[np.float64]:
    """The weight of each row (n,), 1 where none are given."""
    return np.concatenate([np.ones(part.count) if roles.weight is None else part.number(roles.weight) for part in rows])


def _codes(rows: Sequence[Rows], column: int) -> tuple[NDArray[np.intp], list[str]]:
    """The code of each cell (n,) of a column of labels, and the texts in their final order."""
    cells = [part.texts(column) for part in rows]
    total = sum(map(Vocabulary.of, cells), Vocabulary())
    texts = total.ordered()
    number_of = total.numbered(texts)
    return np.concatenate([number_of[total.codes(one.levels)][one.codes] for one in cells]), texts


def _by_class(y: NDArray[np.intp], v: NDArray[np.float64], folds: int, seed: int) -> NDArray[np.int32]:
    """The fold of each row (n,), by class, as `--l2 auto` deals the rows of a partition."""
    rows = Partition(Design(np.empty((len(y), 0))), y, v)
    return Folds(row_counts(rows, int(y.max()) + 1), folds, seed)(rows)


def _by_group(group: NDArray[np.intp], v: NDArray[np.float64], folds: int, seed: int) -> NDArray[np.int32]:
    """The fold of each row (n,): the largest group first, each goes where the fewest rows are."""
    sizes = np.bincount(group[v > 0], minlength=int(group.max()) + 1)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    fold_of, filled = np.full(len(sizes), NEVER, np.int32), np.zeros(min(folds, int((sizes > 0).sum())), np.intp)
    for one in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        if sizes[one]:
            fold_of[one] = filled.argmin()
            filled[fold_of[one]] += sizes[one]
    return np.where(v > 0, fold_of[group], NEVER).astype(np.int32)


def _check_spread(fold: NDArray[np.int32], y: NDArray[np.intp], classes: list[str], source: str) -> None:
    """Raise DataError for a class whose rows are all in one fold: groups can bring that about."""
    pairs = np.unique(np.stack([y, fold])[:, fold != NEVER], axis=1)
    lonely = np.flatnonzero(np.bincount(pairs[0], minlength=len(classes)) == 1)
    if len(lonely):
        what = f"all rows of the class {quoted(classes[lonely[0]])} are in one fold: without it the class is unknown"
        raise DataError(what, source=source, hint="every class needs several groups; another --seed deals them anew")
