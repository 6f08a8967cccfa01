"""A home for rows: all that the mathematics asks of the place where the encoded rows live.

A home has the rows in partitions and computes sums over them. What is asked of it is a pure function: it gets a
partition, and its own piece of each thing that is kept, and returns a value; it writes to nothing. So it may run in a
thread, in another process or on another machine, and twice. No array with a number for each row ever leaves the home:
what is kept of each row stays where the row is, and the driver holds a handle to it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.loss import Partition
from smtrain.softmax.tree import Additive

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)


class Handle(Protocol):
    """What was kept of each partition, where the partitions are. It is let go with its last reference."""


class Rows(Protocol):
    """The rows of a fit, in partitions. Functions of a partition are pure, and can be pickled."""

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        ...

    @property
    def count(self) -> int:
        """The number of rows, n."""
        ...

    @property
    def cells(self) -> int:
        """The cells of a row as they are kept: numbers, and one for each categorical part."""
        ...

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        ...

    def sum(self, term: Callable[..., T], *kept: Handle) -> T:
        """Σ term(partition, its piece of each kept thing), added in the fixed tree of smtrain.softmax.tree."""
        ...

    def keep(self, function: Callable[..., Any], *kept: Handle) -> Handle:
        """Keep function(partition, …) of each partition, arrays for the most part, beside the partition."""
        ...

    def gather(self, pick: Callable[..., Partition], *kept: Handle) -> Partition:
        """Bring the rows pick(partition, …) to the driver, in the order of the partitions: a small partition."""
        ...

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Handle) -> "Rows":
        """About one row in `every`, those of pick(partition, …), at home in partitions of about the usual size."""
        ...

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterable[R]:
        """`function` of each thing, on the driver, by as many threads as the home has, in order."""
        ...


@dataclass(frozen=True)
class Through:
    """A function of partitions that are seen changed: function(change(partition, own …), kept …)."""

    change: Callable[..., Partition]
    function: Callable[..., Any]
    own: int

    def __call__(self, partition: Partition, *kept: Any) -> Any:
        """The change takes the first `own` kept things, the function those behind them."""
        return self.function(self.change(partition, *kept[: self.own]), *kept[self.own :])


class View:
    """The rows of a home as a pure function shows them: with other weights, or with other digits. It keeps none."""

    def __init__(self, base: Rows, change: Callable[..., Partition], *own: Handle, single: bool | None = None) -> None:
        self._base, self._change, self._own = base, change, own
        self._single = base.single if single is None else single

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        return self._base.features

    @property
    def count(self) -> int:
        """The number of rows, n."""
        return self._base.count

    @property
    def cells(self) -> int:
        """The cells of a row as they are kept."""
        return self._base.cells

    @property
    def single(self) -> bool:
        """Whether X is in float32 as it is seen."""
        return self._single

    def _through(self, function: Callable[..., Any]) -> Through:
        return Through(self._change, function, len(self._own))

    def sum(self, term: Callable[..., T], *kept: Handle) -> T:
        """Σ term(partition as it is seen, …)."""
        total: T = self._base.sum(self._through(term), *self._own, *kept)
        return total

    def keep(self, function: Callable[..., Any], *kept: Handle) -> Handle:
        """Keep function(partition as it is seen, …) beside each partition."""
        return self._base.keep(self._through(function), *self._own, *kept)

    def gather(self, pick: Callable[..., Partition], *kept: Handle) -> Partition:
        """Bring rows to the driver, as they are seen."""
        return self._base.gather(self._through(pick), *self._own, *kept)

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Handle) -> Rows:
        """A sample of the rows as they are seen, which is at home where they are."""
        return self._base.sampled(self._through(pick), every, *self._own, *kept)

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterable[R]:
        """`function` of each thing, on the driver, in order."""
        return self._base.map(function, things)


def set_aside(rows: Rows, aside: Handle, fold: int | None = None) -> Rows:
    """The same rows, of which some are set aside; those that are so already are left out altogether.

    `aside` keeps a mask (m,) of each partition; or, with `fold`, the number (m,) of the fold that each row is in.
    """
    return View(rows, partial(_aside, fold=fold), aside)


def reweighted(rows: Rows, factors: NDArray[np.float64]) -> Rows:
    """The same rows, their weights times the factor of their class, (K,)."""
    return View(rows, partial(_reweighted, factors=factors))


def in_double(rows: Rows) -> Rows:
    """The same rows with X in float64, with all its digits, made each time that it is asked for."""
    return View(rows, Partition.in_double, single=False)


def evenly_spread(rows: Rows, count: int) -> Partition:
    """So many rows on the driver, at even distances through all of them, the first row among them."""
    return rows.gather(partial(_spread, count=count, of=rows.count))


def _aside(partition: Partition, aside: NDArray[Any], fold: int | None) -> Partition:
    return partition.set_aside(aside if fold is None else aside == fold)


def _reweighted(partition: Partition, factors: NDArray[np.float64]) -> Partition:
    return partition.weighing(partition.v * factors[partition.y])


def _spread(partition: Partition, count: int, of: int) -> Partition:
    """The rows at the places ⌊i · of / count⌋ among all, i = 0 … count − 1, that are in this partition."""
    start, stop = partition.start, partition.start + partition.rows
    first, last = -(-start * count // of), -(-stop * count // of)  # the least i whose place is not before them
    return partition.take(np.arange(first, last) * of // count - start)
