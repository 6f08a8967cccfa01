"""Encoded rows in memory, and the threads that work over them."""

import copy
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.threads import in_order
from smtrain.softmax.tree import Additive, pairwise_sum

# Results that are computed before they are asked for, for each thread: with fewer, threads wait for the sum.
AHEAD = 8
S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)
Item_co = TypeVar("Item_co", covariant=True)


class Items(Protocol[Item_co]):
    """What can be counted and asked for by its place: a list, or something that fetches each when it is asked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Item_co: ...


def each(things: Items[S]) -> Iterator[S]:
    """The things one after another; none is held longer than the caller holds it."""
    return (things[i] for i in range(len(things)))


class Seen(Items[R]):
    """A function of each of some things, computed when it is asked for."""

    def __init__(self, function: Callable[[Any], R], things: Items[Any]) -> None:
        self._function, self._things = function, things

    def __len__(self) -> int:
        return len(self._things)

    def __getitem__(self, index: int) -> R:
        return self._function(self._things[index])


def available_threads() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Threads that work over a list of things, with results that do not depend on their number."""

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or available_threads()
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None

    def map(self, function: Callable[[S], R], things: Items[S]) -> Iterator[R]:
        """`function` of each thing, in their order; a thread fetches its thing when it comes to it."""

        def at(index: int) -> R:
            return function(things[index])

        return in_order(at, range(len(things)), self._pool if len(things) > 1 else None, ahead=AHEAD * self.threads)

    def sum(self, term: Callable[[S], T], things: Items[S]) -> T:
        """Σ term(thing), computed by the threads, added in the fixed tree."""
        return pairwise_sum(self.map(term, things))

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class MemoryPartitions:
    """Partitions in the order of their `start`, and the threads that work over them."""

    def __init__(self, partitions: Items[Partition], workers: Workers) -> None:
        self._starts = np.cumsum([0, *(partition.rows for partition in each(partitions))])
        self._partitions, self._workers = partitions, workers

    @property
    def features(self) -> int:
        """The number of columns of X, p."""
        return self._partitions[0].X.columns

    @property
    def rows(self) -> int:
        """The number of rows, n."""
        return int(self._starts[-1])

    def __iter__(self) -> Iterator[Partition]:
        return each(self._partitions)

    @property
    def width(self) -> int:
        """The cells of a row as they are kept: numbers, and one for each categorical part."""
        X = self._partitions[0].X
        return int(X.numeric.shape[1]) + len(X.codes)

    def sum(self, term: Callable[[Partition], T]) -> T:
        """Σ term(partition), added in the fixed tree."""
        return self._workers.sum(term, self._partitions)

    def room(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array of any values, to be written to: for what is kept of each row."""
        return np.empty(shape)

    def map(self, function: Callable[[S], R], things: Sequence[S]) -> Iterator[R]:
        """`function` of each thing, by the same threads, in order."""
        return self._workers.map(function, things)

    @property
    def single(self) -> bool:
        """Whether X is in float32."""
        return bool(self._partitions[0].X.numeric.dtype == np.float32)

    def in_double(self) -> Self:
        """The same rows with X in float64, with all its digits, made each time that it is asked for."""
        other = copy.copy(self)
        other._partitions = Seen(_in_double, self._partitions)
        return other

    @property
    def labels(self) -> NDArray[np.intp]:
        """The class codes of all rows, (n,)."""
        return np.concatenate(list(self._workers.map(lambda partition: partition.y, self._partitions)))

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weights of all rows, v (n,): 0 for those that are set aside."""
        return np.concatenate(list(self._workers.map(lambda partition: partition.v, self._partitions)))

    def set_aside(self, rows: NDArray[np.bool_]) -> Self:
        """The same rows, of which some, (n,), are set aside; those that are so already are left out altogether."""
        other = copy.copy(self)
        other._partitions = Seen(partial(_set_aside, rows=rows), self._partitions)
        return other

    def reweighted(self, factors: NDArray[np.float64]) -> Self:
        """The same rows, their weights times the factor of their class, (K,)."""
        other = copy.copy(self)
        other._partitions = Seen(partial(_reweighted, factors=factors), self._partitions)
        return other

    @contextmanager
    def sampled(self, pick: Callable[[Partition], NDArray[np.intp]], every: int) -> Iterator["MemoryPartitions"]:
        """About one row in `every`: those that `pick` finds in each partition, in new ones of about the usual size."""
        picked = list(self._workers.map(pick, self._partitions))
        groups = [range(i, min(i + every, len(picked))) for i in range(0, len(picked), every)]
        groups = [group for group in groups if any(len(picked[i]) for i in group)]
        starts = np.cumsum([0, *(sum(len(picked[i]) for i in group) for group in groups)])

        def gather(k: int) -> Partition:
            found = joined([self._partitions[i].take(picked[i]) for i in groups[k]])
            return replace(found, start=int(starts[k]), u=None)

        with self._housed(gather, len(groups)) as partitions:
            yield partitions

    def lending(self) -> AbstractContextManager[None]:
        """A while at whose end the arrays of `room` that it asked for are given back: here by themselves."""
        return nullcontext()

    @contextmanager
    def _housed(self, make: Callable[[int], Partition], count: int) -> Iterator["MemoryPartitions"]:
        """Further partitions that live as these do, for a while."""
        yield MemoryPartitions(list(self._workers.map(make, range(count))), self._workers)

    def take(self, rows: NDArray[np.intp]) -> Partition:
        """Gather the rows at these positions, in the order of `rows`."""
        home = np.searchsorted(self._starts, rows, side="right") - 1
        found = [(np.flatnonzero(home == i), i) for i in np.unique(home)]
        pieces = [self._partitions[i].take(rows[where] - self._starts[i]) for where, i in found]
        back = np.argsort(np.concatenate([where for where, _ in found]))
        return joined(pieces).take(back)


def _in_double(partition: Partition) -> Partition:
    return replace(partition, X=partition.X.in_double())


def _set_aside(partition: Partition, rows: NDArray[np.bool_]) -> Partition:
    chosen = rows[partition.start : partition.start + partition.rows]
    return replace(partition, v=np.where(chosen, 0.0, partition.v), u=np.where(chosen, partition.v, 0.0))


def _reweighted(partition: Partition, factors: NDArray[np.float64]) -> Partition:
    return replace(partition, v=partition.v * factors[partition.y])


def joined(pieces: Sequence[Partition]) -> Partition:
    """The rows of some partitions of the same columns as one."""
    if len(pieces) == 1:
        return pieces[0]
    X = [piece.X for piece in pieces]
    codes = tuple(np.concatenate([one.codes[j] for one in X]) for j in range(len(X[0].codes)))
    rests = [one.rest for one in X if one.rest is not None]
    rest = np.concatenate(rests) if len(rests) == len(X) else None
    design = Design(np.concatenate([one.numeric for one in X]), codes, X[0].levels, rest)
    y, v = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("y", "v"))
    some = any(piece.u is not None for piece in pieces)
    u = np.concatenate([np.zeros(piece.rows) if piece.u is None else piece.u for piece in pieces]) if some else None
    return Partition(design, y, v, u=u)
