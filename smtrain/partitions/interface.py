"""What a home for rows is: it keeps things made of arrays, has threads, and serves the rows to the mathematics.

In the course of a fit: raw partitions go to a shelf as they are read; each is released, encoded, and kept in the list
of encoded partitions; `rows` makes of that list what the mathematics asks for (smtrain.softmax.rows).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from smtrain.partitions import PATIENCE
from smtrain.partitions.cutter import Cuttable, Join
from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows
from smtrain.softmax.tree import Additive

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)
C = TypeVar("C", bound=Cuttable)
Item_co = TypeVar("Item_co", covariant=True)


class Options(Protocol):
    """What a home may ask the options of a fit, or of other work, for."""

    @property
    def threads(self) -> int | None:
        """The number of threads; None is one for each processor."""

    @property
    def memory(self) -> int | None:
        """The most memory that the process may take, in bytes; None is no limit."""

    @property
    def cluster(self) -> str | None:
        """Where the workers are: the address or the file of a scheduler, or local:N; None is this process."""

    @property
    def cluster_wait(self) -> int:
        """The seconds that a cluster may be without a worker."""


@dataclass(frozen=True)
class Where:
    """The options of work that keeps its rows without a limit, or reads them once: by threads, or on a cluster."""

    threads: int | None = None
    cluster: str | None = None
    cluster_wait: int = PATIENCE
    memory: int | None = None


class Items(Protocol[Item_co]):
    """Things that are counted and asked for by their place: a list, or something that fetches each one when asked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Item_co: ...


class Shelf(Items[S], Protocol[S]):
    """A list of things made of arrays, which a home keeps. It is freed with the last reference to it."""

    def append(self, thing: S, /) -> None:
        """Keep one more."""
        ...

    def release(self, index: int, /) -> S:
        """Return the thing at a place for the caller to change. It leaves the list: nobody may ask for it any more."""
        ...


class Home(Protocol):
    """Where the rows of a fit live as long as the fit lasts: first as they are read, then encoded."""

    threads: int

    @property
    def whereabouts(self) -> str | None:
        """Where the rows are, in a line for people; None if they are where everybody expects them."""
        ...

    def partition_rows(self, columns: int) -> int:
        """Return the rows of a partition of a table with so many columns: a function of the header alone."""
        ...

    def reserve(self, size: int) -> None:
        """Leave at least `size` bytes for the rest of the process. Raises UsageError if the limit is smaller."""
        ...

    def shelf(self) -> Shelf[S]:
        """Return an empty list."""
        ...

    def listed(self, function: Callable[[S], R], things: Items[S]) -> Shelf[R]:
        """Return the list of `function` of each thing, kept as soon as a thread has computed it."""
        ...

    def replaced(self, function: Callable[[S], R], shelf: Shelf[S]) -> Shelf[R]:
        """Return the list of `function` of each thing of a shelf. The things are let go: `function` may change them."""
        ...

    def seen(self, function: Callable[[S], R], things: Items[S]) -> Items[R]:
        """Return things that are `function` of other things, computed each time that one is used."""
        ...

    def rows(self, partitions: Items[Partition]) -> Rows:
        """Return the rows of some partitions that this home keeps, without those that are appended later."""
        ...

    def map(self, function: Callable[[S], R], things: Items[S]) -> Iterator[R]:
        """Yield `function` of each thing, in order. The threads compute it, and fetch each thing when they need it."""
        ...

    def sum(self, term: Callable[[S], T], things: Items[S]) -> T:
        """Return Σ term(thing), computed by the threads, added in the fixed tree of smtrain.softmax.tree."""
        ...

    def __enter__(self) -> Self:
        """Open the home, and return it."""
        ...

    def __exit__(self, *exc: object) -> None:
        """Close the home. The rows are gone."""
        ...


@runtime_checkable
class Spread(Home, Protocol):
    """A home whose rows are read where they are to live, by tasks: they never pass through this process."""

    def span_size(self, total: int) -> int:
        """Return about how many bytes a span of a table has, of `total` bytes in all."""
        ...

    def spread(self, function: Callable[..., Any], *things: Sequence[Any]) -> Sequence[Any]:
        """Return a task for each thing: of `function` of it, and of its like in other sequences of things or tasks."""
        ...

    def results(self, tasks: Sequence[Any]) -> Iterator[Any]:
        """Yield the results of tasks, in order."""
        ...

    def told(self, function: Callable[..., R], things: Sequence[Any]) -> Iterator[R]:
        """Yield `function` of each thing or task, in order, computed by tasks."""
        ...

    def partitioned(
        self, parts: Sequence[Any], counts: Sequence[int], rows: int, join: Join[C], *, behind: Shelf[C] | None = None
    ) -> Shelf[C]:
        """Return partitions of so many rows, cut from parts: results of tasks with `counts` rows each.

        Those of the shelf `behind` come first. `join` joins the rows of several parts.
        """
        ...

    def pieces(self, arrays: Any, rows: int, counts: Sequence[int]) -> Sequence[Any]:
        """Return tasks of arrays with `counts` rows each, cut from a handle of arrays of so many rows: their joints."""
        ...
