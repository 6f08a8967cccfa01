"""Rows in memory, and the threads that work over them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np

from smtrain.partitions import sizes
from smtrain.partitions.interface import Home, Items, Options, Shelf
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Positions, Rows
from smtrain.softmax.threads import in_order
from smtrain.softmax.tree import Additive, pairwise_sum

# The most results for each thread that wait for the sum to take them. With fewer, threads wait for the sum; with more,
# there is more memory in use.
AHEAD = 8
S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)


def each(things: Items[S]) -> Iterator[S]:
    """Yield the things one after another. None is held longer than the caller holds it."""
    return (things[i] for i in range(len(things)))


class Seen(Items[R]):
    """Items whose i-th is `function` of the i-th of other things, computed each time that it is asked for."""

    def __init__(self, function: Callable[[Any], R], things: Items[Any]) -> None:
        self._function, self._things = function, things

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, index: int) -> R:
        return self._function(self._things[index])


class Released(Items[S]):
    """The things of a shelf, each of which can be asked for once: then it leaves the shelf."""

    def __init__(self, shelf: Shelf[S]) -> None:
        self._shelf = shelf

    def __len__(self) -> int:
        return len(self._shelf)

    def __getitem__(self, index: int) -> S:
        return self._shelf.release(index)


def available_threads() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class MemoryShelf(Generic[S]):
    """A list in memory."""

    def __init__(self, things: Iterable[S] = ()) -> None:
        self._things: list[S | None] = list(things)

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, index: int) -> S:
        thing = self._things[index]
        assert thing is not None, "it was released"
        return thing

    def append(self, thing: S) -> None:
        """Keep one more."""
        self._things.append(thing)

    def release(self, index: int) -> S:
        """Return the thing at a place, which it leaves."""
        thing, self._things[index] = self[index], None
        return thing


class MemoryHome:
    """A home without limits: what it keeps is in lists. `threads` None is one for each processor.

    A partition has at most `most_rows` rows.
    """

    def __init__(self, threads: int | None = 1, *, most_rows: int = sizes.PARTITION_ROWS) -> None:
        self.threads, self._most_rows = threads or available_threads(), most_rows
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    @property
    def whereabouts(self) -> str | None:
        """None: in memory."""
        return None

    def partition_rows(self, columns: int) -> int:
        """Return the rows of a partition of a table with so many columns."""
        return sizes.partition_rows(columns, self._most_rows)

    def reserve(self, size: int) -> None:
        """Do nothing: there is no limit."""

    def shelf(self) -> Shelf[Any]:
        """Return an empty list."""
        return MemoryShelf()

    def listed(self, function: Callable[[S], R], things: Items[S]) -> Shelf[R]:
        """Return the list of `function` of each thing, computed by the threads."""
        return MemoryShelf(self.map(function, things))

    def replaced(self, function: Callable[[S], R], shelf: Shelf[S]) -> Shelf[R]:
        """Return the list of `function` of each thing of a shelf, which it leaves."""
        return self.listed(function, Released(shelf))

    def seen(self, function: Callable[[S], R], things: Items[S]) -> Items[R]:
        """Return things that are `function` of other things."""
        return Seen(function, things)

    def rows(self, partitions: Items[Partition]) -> Rows:
        """Return the rows of some partitions."""
        return LocalRows(partitions, self)

    def map(self, function: Callable[[S], R], things: Items[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order. The threads compute it, and fetch each thing when they need it."""

        def at(index: int) -> R:
            """Return the result for the thing at a place."""
            return function(things[index])

        # A single thing needs no thread of the pool.
        return in_order(at, range(len(things)), self._pool if len(things) > 1 else None, ahead=AHEAD * self.threads)

    def sum(self, term: Callable[[S], T], things: Items[S]) -> T:
        """Return Σ term(thing), computed by the threads, added in the fixed tree."""
        return pairwise_sum(self.map(term, things))

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class LocalRows:
    """Rows in partitions that the threads of this process reach. A handle to what is kept of them is a shelf."""

    def __init__(self, partitions: Items[Partition], home: Home) -> None:
        self._partitions, self._home = partitions, home
        counts = np.array([partition.rows for partition in each(partitions)], np.intp)
        # A sample may leave a partition empty. Such partitions are left out: no function has to allow for them.
        self._places = np.flatnonzero(counts)
        # The position of the first row of each partition that is left, and the number of all rows behind.
        self._starts = np.cumsum([0, *counts[self._places]])

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        return facts_of(self._partitions[0]).features

    @property
    def count(self) -> int:
        """The number of rows, n."""
        return int(self._starts[-1])

    @property
    def cells(self) -> int:
        """The cells that are kept of a row: its numbers, and one code for each categorical part."""
        return facts_of(self._partitions[0]).cells

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        return facts_of(self._partitions[0]).single

    def sum(self, term: Callable[..., T], *kept: Any) -> T:
        """Return Σ term(partition, its piece of each kept thing), added in the fixed tree."""
        return self._home.sum(partial(self.apply, term, kept), range(len(self._places)))

    def keep(self, function: Callable[..., S], *kept: Any) -> Shelf[S]:
        """Keep function(partition, its piece of each kept thing) for each partition; return the shelf."""
        return self._home.listed(partial(self.apply, function, kept), range(len(self._places)))

    def gather(self, pick: Callable[..., Partition], *kept: Any, at: Positions | None = None) -> Partition:
        """Return the rows pick(partition, …), of the partitions that have a position of `at`, as one partition.

        The calling thread alone does it.
        """
        # It may be a thread of `map`. If all of these waited for others, none would work.
        asked = range(len(self._places)) if at is None else np.unique(self._starts.searchsorted(at, "right") - 1)
        return joined([self.apply(pick, kept, k) for k in asked])

    def sampled(self, pick: Callable[..., Partition], every: int, *kept: Any) -> Rows:
        """Return the rows pick(partition, …) as rows of their own. `every` neighbours become one partition."""
        count = len(self._places)

        def pick_neighbours(group: int) -> Partition:
            """Return the rows that are picked from a group of neighbours, as one partition."""
            neighbours = range(group * every, min((group + 1) * every, count))
            return joined([self.apply(pick, kept, k) for k in neighbours])

        return self._home.rows(self._home.listed(pick_neighbours, range(-(-count // every))))

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order, computed by the threads of the home."""
        return self._home.map(function, things)

    def apply(self, function: Callable[..., R], kept: Sequence[Items[Any]], k: int) -> R:
        """Return function(partition, its piece of each kept thing) for the k-th partition that has rows.

        Whatever is computed of a partition goes through this method.
        """
        partition = replace(self._partitions[int(self._places[k])], start=int(self._starts[k]))
        return function(partition, *(one[k] for one in kept))


class Facts(NamedTuple):
    """What is asked of a partition: its `rows`, columns of X, cells of a row, and whether X is in float32."""

    rows: int
    features: int
    cells: int
    single: bool


def facts_of(partition: Partition) -> Facts:
    """Return the facts of a partition."""
    numeric = partition.X.numeric
    cells = int(numeric.shape[1]) + len(partition.X.codes)
    return Facts(partition.rows, partition.X.columns, cells, bool(numeric.dtype == np.float32))


def joined(pieces: Sequence[Partition]) -> Partition:
    """Return the rows of some partitions of the same columns as one partition. There must be at least one."""
    # A single piece needs no copy.
    pieces = [piece for piece in pieces if piece.rows] or pieces[:1]
    if len(pieces) == 1:
        return pieces[0]
    X = [piece.X for piece in pieces]
    codes = tuple(np.concatenate([one.codes[j] for one in X]) for j in range(len(X[0].codes)))
    rests = [one.rest for one in X if one.rest is not None]
    rest = np.concatenate(rests) if len(rests) == len(X) else None
    design = Design(np.concatenate([one.numeric for one in X]), codes, X[0].levels, rest)
    y, v = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("y", "v"))
    # If rows of one piece are set aside, the rows of the others get the weight 0 in u.
    some = any(piece.u is not None for piece in pieces)
    u = np.concatenate([np.zeros(piece.rows) if piece.u is None else piece.u for piece in pieces]) if some else None
    grouped = [piece.groups for piece in pieces if piece.groups is not None]
    return Partition(design, y, v, u=u, groups=np.concatenate(grouped) if len(grouped) == len(pieces) else None)


def open_home(options: Options) -> MemoryHome:
    """Return the home for a fit without a limit of memory."""
    return MemoryHome(options.threads)
