"""A share of each stratum of a table put aside, before anything is learned: drawn as rows for validation are.

So many rows at a time are shuffled, by the seed and the number of the first, and each stratum gives its share. How
large that is hangs on all rows: they are counted first, and drawn when the table is read once more. Between the two no
more is kept than the texts of the strata and their counts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, UsageError, quoted
from smtrain.fitting.draws import Draw, Mask, reading_of
from smtrain.fitting.roles import target_of
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.partitions.cutter import cut
from smtrain.partitions.memory import joined
from smtrain.softmax.design import Design
from smtrain.softmax.holdout import Share
from smtrain.softmax.loss import Partition
from smtrain.softmax.sampling import RowCounts
from smtrain.sources.interface import Reading, Readings, Rows
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label
from smtrain.wording import given

# Rows that are shuffled together. So many are looked at before the first of them is given on.
SHUFFLED = 1 << 10
CHANGED = "the table has changed since it was read first"


@dataclass(frozen=True)
class Strata:
    """Where the strata of a row are: the texts of a `column`; or there is one, if all rows are `alike`.

    Rows of no `weight` cannot be put aside, nor, where the strata are labels, those whose text is a `missing` one.
    """

    column: int
    weight: int | None = None
    alike: bool = False
    missing: Callable[[str], bool] | None = None

    def readings(self, columns: int) -> Readings:
        """How each of so many columns is read."""
        ways = {} if self.weight is None else {self.weight: Reading.NUMBER}
        return reading_of(columns, {**ways, self.column: Reading.LABEL})

    def weights(self, rows: Rows) -> NDArray[np.float64]:
        """The weight (n,) of each row, 0 where it cannot be put aside."""
        v = np.ones(rows.count) if self.weight is None else rows.number(self.weight)
        if self.missing is None:
            return v
        cells = rows.texts(self.column)
        return np.where(np.array(list(map(self.missing, cells.levels)))[cells.codes], 0.0, v)

    def known(self, rows: Rows) -> Vocabulary:
        """The texts of some rows; none where all are alike: they might be as many as the rows."""
        return Vocabulary() if self.alike else Vocabulary.of(rows.texts(self.column))

    def codes(self, rows: Rows, known: Vocabulary) -> NDArray[np.intp]:
        """The stratum (n,) of each row, by the codes of a vocabulary. Raises DataError for a text that is not in it."""
        if self.alike:
            return np.zeros(rows.count, np.intp)
        cells = rows.texts(self.column)
        try:
            return np.take(known.codes(cells.levels).astype(np.intp), cells.codes)
        except KeyError as error:
            raise DataError(CHANGED, source=rows.batch.places(rows.count).source) from error


@dataclass(frozen=True)
class StrataCounts:
    """The `known` texts of the strata of so many `rows`, and how many rows of each can be put aside, (V,).

    Further rows were `skipped` for want of a label.
    """

    known: Vocabulary = field(default_factory=Vocabulary)
    totals: NDArray[np.intp] = field(default_factory=lambda: np.zeros(1, np.intp))
    rows: int = 0
    skipped: int = 0

    def __add__(self, right: "StrataCounts") -> "StrataCounts":
        known = self.known + right.known
        totals = np.zeros(max(1, len(known)), np.intp)
        totals[: len(self.totals)] += self.totals
        totals[known.codes(right.known.texts) if len(right.known) else [0]] += right.totals
        return StrataCounts(known, totals, self.rows + right.rows, self.skipped + right.skipped)


@dataclass(frozen=True)
class Coded:
    """Some rows by their strata: the codes `y` (n,) of texts that are `known`, and weights `v` (n,).

    Further rows were `skipped` for want of a label.
    """

    known: Vocabulary
    y: NDArray[np.intp]
    v: NDArray[np.float64]
    skipped: int = 0

    @classmethod
    def of(cls, strata: Strata, parts: Iterable[Rows], skipped: int = 0) -> "Coded":
        """Rows that come some at a time."""
        known, y, v = Vocabulary(), [np.zeros(0, np.intp)], [np.zeros(0)]
        for rows in parts:
            known = known + strata.known(rows)
            y.append(strata.codes(rows, known))
            v.append(strata.weights(rows))
        return cls(known, np.concatenate(y), np.concatenate(v), skipped)

    @property
    def counts(self) -> StrataCounts:
        """The rows of each stratum."""
        totals = np.bincount(self.y[self.v > 0], minlength=max(1, len(self.known)))
        return StrataCounts(self.known, totals, len(self.y), self.skipped)

    def partition(self, order: NDArray[np.intp]) -> Partition:
        """The rows as a partition without columns, the places of their strata in an `order` (V,) as classes."""
        return Partition(Design(np.empty((len(self.y), 0))), order[self.y], self.v)


def numbered(blocks: Iterable[Partition]) -> Iterator[Partition]:
    """All rows in partitions of those that are shuffled together, each with the position of its first row."""
    for start, partition in zip(count(0, SHUFFLED), cut(blocks, SHUFFLED, joined), strict=False):
        yield replace(partition, start=start)


@dataclass(frozen=True)
class ShareOfStrata(Draw):
    """A share of each of some strata: `known` are their texts, `order` (V,) their places in the order of the texts.

    `totals` (V,) are the rows of each, in that order, that can be put aside.
    """

    strata: Strata
    known: Vocabulary
    order: NDArray[np.intp]
    totals: NDArray[np.intp]
    share: float
    seed: int
    source: str

    def check(self, hint: str = "a larger share, or more rows") -> None:
        """Raise DataError if no row would be put aside."""
        if not self._share(0, np.zeros_like(self.totals)).quota.any():
            why = "one must be left" if self.strata.alike else "one of each class must be left"
            what = f"{given('test', self.share)}: of {int(self.totals.sum()):,} rows none can be put aside: {why}"
            raise DataError(what, source=self.source, hint=hint)

    def readings(self, columns: int) -> Readings:
        """The strata and the weights."""
        return self.strata.readings(columns)

    def masks(self, rows: Iterable[Rows]) -> Iterator[tuple[Rows, Mask]]:
        """As `Share` draws. Raises DataError if the rows are not those that were counted."""
        waiting, mask = deque[Rows](), np.zeros(0, np.bool_)
        for more in self._drawn(self._blocks(rows, waiting)):
            mask = np.append(mask, more)
            while waiting and waiting[0].count <= len(mask):
                ready = waiting.popleft()
                yield ready, mask[: ready.count]
                mask = mask[ready.count :]

    def _blocks(self, rows: Iterable[Rows], waiting: deque[Rows]) -> Iterator[Partition]:
        """Rows as partitions without columns; they wait until their mask is known."""
        for some in rows:
            waiting.append(some)
            coded = Coded(self.known, self.strata.codes(some, self.known), self.strata.weights(some))
            yield coded.partition(self.order)

    def _drawn(self, blocks: Iterable[Partition]) -> Iterator[Mask]:
        before = np.zeros_like(self.totals)
        for partition in numbered(blocks):
            here = np.bincount(partition.y[partition.v > 0], minlength=len(before))
            if (before + here > self.totals).any():
                raise DataError(CHANGED, source=self.source)
            yield self._share(partition.start, before)(partition)
            before = before + here
        if (before < self.totals).any():
            raise DataError(CHANGED, source=self.source)

    def _share(self, start: int, before: NDArray[np.intp]) -> Share:
        """The draw among the rows from `start` on, before which there are so many of each stratum."""
        counts = RowCounts(np.array([-1, start]), np.stack([before, self.totals - before]))
        return Share(counts, self.share, self.seed)


def strata_of(table: Table, stratify: str | bool, target: str | None, weight: str | None) -> Strata:
    """The columns of the strata. Raises UsageError for one that is not there."""
    weights = None if weight is None else table.column(weight, "--weight")
    table.weigh_by(weights)
    if stratify is False:
        return Strata(_with_texts(table, weights), weights, alike=True)
    labels = target_of(table, target)
    column = table.column(stratify, "--stratify") if isinstance(stratify, str) else labels
    if column == weights:
        raise UsageError(f"column {quoted(table.names[column])} is the weight, and cannot be the strata")
    return Strata(column, weights, missing=is_no_label if column == labels else None)


def _with_texts(table: Table, weights: int | None) -> int:
    """A column by which rows can be counted: one that has texts. Raises an error if there is none."""
    free = [i for i in range(len(table.names)) if i != weights]
    for i in free:
        try:
            table.check_texts([i])
        except DataError:
            continue
        return i
    table.check_texts(free)
    raise UsageError(f"{table.source}: there is no column but the weight")


def strata_drawn(table: Table, strata: Strata, share: float, seed: int, threads: int) -> ShareOfStrata:
    """A draw of a share of each stratum. Reads the table. Raises DataError for one without rows."""
    parts = table.rows(strata.readings(len(table.names)), threads)
    counts = sum((Coded.of(strata, [rows]).counts for rows in parts), StrataCounts())
    return share_drawn(table, strata, counts, share, seed)


def share_drawn(table: Table, strata: Strata, counts: StrataCounts, share: float, seed: int) -> ShareOfStrata:
    """A draw of a share of each of some strata, of which all rows were counted. Raises DataError for no rows."""
    if not counts.rows:
        raise table.no_rows()
    known, totals = counts.known, counts.totals
    texts = known.ordered()
    order = np.zeros(1, np.intp) if strata.alike else known.numbered(texts)
    totals = totals if strata.alike else totals[known.codes(texts)]
    return ShareOfStrata(strata, known, order, totals, share, seed, table.source)
