"""The rows of a table that workers read, parted where they live: masks and folds stay with the spans of the rows.

They are those that one process draws: rows are shuffled as many at a time, numbered alike, and drawn by the same
functions (smtrain.softmax.holdout).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, quoted
from smtrain.fitting.strata import SHUFFLED, Coded, Strata, StrataCounts
from smtrain.partitions.interface import Spread
from smtrain.partitions.memory import joined
from smtrain.softmax.loss import Partition
from smtrain.softmax.sampling import RowCounts, row_counts
from smtrain.sources.interface import Rows, Span
from smtrain.sources.part import LabelledSpan, PartOfSpan
from smtrain.sources.table import Table

FEW = "--folds: there are no two folds to deal the rows to"
MORE_GROUPS = "every class needs several groups; another --seed deals them anew"
# What is drawn of the rows of a partition, (m,), when the rows of all are counted.
Drawing = Callable[[RowCounts], Callable[[Partition], NDArray[Any]]]


@dataclass(frozen=True)
class SpreadStrata:
    """The rows of the `spans` of a table by their strata: a task each of what it has, and its `counts`."""

    home: Spread
    spans: Sequence[Any]
    coded: Sequence[Any]
    counts: Sequence[StrataCounts]

    @classmethod
    def of(cls, home: Spread, spans: Sequence[Any], read: Callable[[Any], Coded]) -> "SpreadStrata":
        """What workers `read` of spans. Raises DataError at the first row that cannot be read."""
        coded = home.spread(read, spans)
        return cls(home, spans, coded, list(home.told(attrgetter("counts"), coded)))

    @cached_property
    def total(self) -> StrataCounts:
        """The counts of all rows."""
        return sum(self.counts, StrataCounts())

    @cached_property
    def orders(self) -> list[NDArray[np.intp]]:
        """For each span the place of each of its texts (V,), by its own codes, in the order of all texts."""
        known = self.total.known
        order = known.numbered(known.ordered())
        return [order[known.codes(one.known.texts)] for one in self.counts]

    def drawn(self, draw: Drawing) -> Sequence[Any]:
        """A task for each span: what is drawn of its rows, (n,), the strata taken as classes in their order."""
        rows = [one.rows for one in self.counts]
        parts = self.home.spread(Coded.partition, self.coded, self.orders)
        all_rows = self.home.rows(self.home.partitioned(parts, rows, SHUFFLED, joined))
        counts = all_rows.sum(partial(row_counts, classes=len(self.total.known)))
        return self.home.pieces(all_rows.keep(draw(counts)), SHUFFLED, rows)


def check_folds(tally: NDArray[np.intp], classes: Sequence[str], source: str | None = None) -> None:
    """Raise DataError for less than two folds, and for a class whose rows are all in one: groups can bring that about.

    `tally` (K, folds + 1) are the rows of each class in no fold, and in each.
    """
    if np.count_nonzero(tally[:, 1:].any(axis=0)) < 2:
        raise DataError(FEW, source=source)
    lonely = np.flatnonzero(np.count_nonzero(tally[:, 1:], axis=1) == 1)
    if len(lonely):
        what = f"all rows of the class {quoted(classes[lonely[0]])} are in one fold: without it the class is unknown"
        raise DataError(what, source=source, hint=MORE_GROUPS)


def spans_of(table: Table, home: Spread) -> Sequence[Span]:
    """The spans of a table that suit a home. Raises UsageError for a table that other processes cannot read."""
    return table.spans(home.span_size(table.total_bytes), home.told)


def read_strata(
    span: Span, strata: Strata, check: Callable[[Rows], object] | None = None, *, skip: int | None = None
) -> Coded:
    """The rows of a span by their strata; `check` is shown them and may raise an error.

    `skip` is a column of labels: rows without one are left out.
    """
    table = Table.of_span(span)
    table.weigh_by(strata.weight)
    if skip is not None:
        table.skip_unlabelled(skip)
    parts = list(table.rows(strata.readings(len(table.names))))
    if check is not None:
        for rows in parts:
            check(rows)
    return Coded.of(strata, parts, table.skipped.unlabelled)


def parts_of(
    table: Table,
    home: Spread,
    spans: Sequence[Span],
    drawn: Sequence[Any],
    *,
    chosen: Callable[[NDArray[Any]], NDArray[np.bool_]],
    column: int,
    skip: bool = False,
) -> Table:
    """The table of the rows that are `chosen` by what was drawn of them. All can be read as labels in a `column`.

    `skip` says that rows without a label there were left out before.
    """
    return table.of_spans(home.spread(partial(part_of, chosen=chosen, column=column, skip=skip), spans, drawn))


def part_of(
    span: Span, drawn: NDArray[Any], chosen: Callable[[NDArray[Any]], NDArray[np.bool_]], column: int, *, skip: bool
) -> PartOfSpan:
    """The rows of a span that are chosen."""
    return PartOfSpan(LabelledSpan(span, column) if skip else span, chosen(drawn), column)
