"""A home for rows: all that the mathematics asks of the place where the encoded rows live.

A home has the rows in partitions and computes sums over them. What it is given to compute is a pure function: the
function gets a partition, and its own piece of each thing that is kept, and returns a value; it writes to nothing. So
it may run in a thread, in another process or on another machine, and it may run twice. No array with a number for each
row ever leaves the home. What is kept of each row stays where the row is; the driver, which runs the solver, has a
handle to it.

Example. To try a step along a line, the logits Z and U of all rows are kept, and a sum gets the pieces of each
partition:

    Z, U = rows.keep(products_at_the_point), rows.keep(products_of_the_direction)
    rows.sum(cost_at_a_step, Z, U)                                calls cost_at_a_step(partition, its Z, its U)
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
Positions = NDArray[np.intp]


class Handle(Protocol):
    """Something that a home keeps of each partition, beside it. It is freed with the last reference to the handle."""


class Rows(Protocol):
    """The rows of a fit, in partitions. The functions that it is given are pure, and can be pickled."""

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
        """The cells that are kept of a row: its numbers, and one code for each categorical part."""
        ...

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        ...

    def sum(self, term: Callable[..., T], *kept: Handle) -> T:
        """Return Σ term(partition, its piece of each kept thing), added in the fixed tree of smtrain.softmax.tree."""
        ...

    def keep(self, function: Callable[..., Any], *kept: Handle) -> Handle:
        """Keep function(partition, its piece of each kept thing) beside each partition; return the handle."""
        ...

    def gather(self, pick: Callable[..., Partition], *kept: Handle, at: Positions | None = None) -> Partition:
        """Return the rows pick(partition, …), in the order of the partitions, as one small partition on the driver.

        With `at`, ascending positions among all rows, only the partitions that have one of them are asked.
        """
        ...

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Handle) -> "Rows":
        """Return the rows pick(partition, …), about one in `every`, as rows of their own in the same home.

        Their partitions have about the usual size.
        """
        ...

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterable[R]:
        """Return `function` of each thing, in order, computed on the driver by as many threads as the home has."""
        ...


@dataclass(frozen=True)
class Through:
    """A function of a changed partition: function(change(partition, own …), kept …).

    `own` is the number of kept things that the change takes.
    """

    change: Callable[..., Partition]
    function: Callable[..., Any]
    own: int

    def __call__(self, partition: Partition, *kept: Any) -> Any:
        """The change takes the first `own` of the kept things, the function takes the others."""
        return self.function(self.change(partition, *kept[: self.own]), *kept[self.own :])


class View:
    """The rows of a home with a change: other weights, or other digits. It stores no rows of its own.

    `change` is a pure function of a partition, and of its piece of each of the handles `own`. It is applied each time
    that a partition is used. `single` says whether X is in float32 after the change, None that it is as it was.
    """

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
        """The cells that are kept of a row."""
        return self._base.cells

    @property
    def single(self) -> bool:
        """Whether X is in float32 after the change."""
        return self._single

    def _through(self, function: Callable[..., Any]) -> Through:
        """Return the function of an unchanged partition that applies the change first."""
        return Through(self._change, function, len(self._own))

    def sum(self, term: Callable[..., T], *kept: Handle) -> T:
        """Return Σ term(changed partition, its piece of each kept thing)."""
        total: T = self._base.sum(self._through(term), *self._own, *kept)
        return total

    def keep(self, function: Callable[..., Any], *kept: Handle) -> Handle:
        """Keep function(changed partition, …) beside each partition."""
        return self._base.keep(self._through(function), *self._own, *kept)

    def gather(self, pick: Callable[..., Partition], *kept: Handle, at: Positions | None = None) -> Partition:
        """Return the rows pick(changed partition, …) as one partition on the driver."""
        return self._base.gather(self._through(pick), *self._own, *kept, at=at)

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Handle) -> Rows:
        """Return the rows pick(changed partition, …) as rows of their own in the home of these."""
        return self._base.sampled(self._through(pick), every, *self._own, *kept)

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterable[R]:
        """Return `function` of each thing, in order, computed on the driver."""
        return self._base.map(function, things)


def set_aside(rows: Rows, aside: Handle, fold: int | None = None) -> Rows:
    """Return these rows with some of them set aside. Rows that are set aside already get no weight at all.

    `aside` is the handle to a mask (m,) of each partition; or, if `fold` is given, to the number of the fold (m,) that
    each row is in.
    """
    return View(rows, partial(_aside, fold=fold), aside)


def reweighted(rows: Rows, factors: NDArray[np.float64]) -> Rows:
    """Return these rows with the weight of each multiplied by the factor of its class; `factors` is (K,)."""
    return View(rows, partial(_reweighted, factors=factors))


def without(rows: Rows, columns: NDArray[np.bool_]) -> Rows:
    """Return these rows with 0 in the columns of X of a mask (p,), which has all or none of a categorical part."""
    return View(rows, partial(Partition.without, columns=columns))


def in_double(rows: Rows) -> Rows:
    """Return these rows with X in float64, with all its digits, made each time that a partition is used."""
    return View(rows, Partition.in_double, single=False)


def evenly_spread(rows: Rows, count: int) -> Partition:
    """Return `count` rows on the driver, at even distances through all rows, the first row among them."""
    positions = np.arange(count) * rows.count // count
    return rows.gather(partial(_at, positions=positions), at=positions)


def _aside(partition: Partition, aside: NDArray[Any], fold: int | None) -> Partition:
    """Return the partition with the rows of a mask, or those of a fold, set aside."""
    return partition.set_aside(aside if fold is None else aside == fold)


def _reweighted(partition: Partition, factors: NDArray[np.float64]) -> Partition:
    """Return the partition with its weights multiplied by the factors of the classes."""
    return partition.weighing(partition.v * factors[partition.y])


def _at(partition: Partition, positions: Positions) -> Partition:
    """Return the rows of a partition that are at some ascending positions among all rows."""
    return partition.take(partition.places(positions))
