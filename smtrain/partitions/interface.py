"""What a home for rows is: it keeps things made of arrays, has threads, and serves the rows to the mathematics."""

from collections.abc import Callable, Iterator
from typing import Protocol, Self, TypeVar

from smtrain.softmax.loss import Partition
from smtrain.softmax.rows import Rows
from smtrain.softmax.tree import Additive

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Additive)
Item_co = TypeVar("Item_co", covariant=True)


class Options(Protocol):
    """What a home may ask the options of a fit for."""

    @property
    def threads(self) -> int | None:
        """The number of threads; None is one for each processor."""

    @property
    def memory(self) -> int | None:
        """The most memory that the process may take, in bytes; None is no limit."""


class Items(Protocol[Item_co]):
    """What can be counted and asked for by its place: a list, or something that fetches each when it is asked."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Item_co: ...


class Shelf(Items[S], Protocol[S]):
    """A list of things made of arrays, which a home keeps. It is let go with its last reference."""

    def append(self, thing: S, /) -> None:
        """Keep one more."""
        ...

    def release(self, index: int, /) -> S:
        """Return the thing at a place, which it leaves, for the caller to change: nothing may ask for it any more."""
        ...


class Home(Protocol):
    """Where the rows of a fit live as long as it lasts: first as they are read, then encoded."""

    threads: int

    @property
    def on_disk(self) -> int:
        """The bytes that are in a temporary file."""
        ...

    def partition_rows(self, columns: int) -> int:
        """The rows of a partition of a table with so many columns: a function of the header alone."""
        ...

    def reserve(self, size: int) -> None:
        """Leave at least so many bytes for the rest of the process. Raises UsageError if there are not so many."""
        ...

    def shelf(self) -> Shelf[S]:
        """An empty list."""
        ...

    def listed(self, make: Callable[[int], S], count: int) -> Shelf[S]:
        """What `make` returns of 0 … count − 1, each kept as soon as a thread has made it."""
        ...

    def rows(self, partitions: Items[Partition]) -> Rows:
        """The rows of some partitions that this home keeps; what is appended later is not among them."""
        ...

    def map(self, function: Callable[[S], R], things: Items[S]) -> Iterator[R]:
        """`function` of each thing, by the threads, in order; a thread fetches its thing when it comes to it."""
        ...

    def sum(self, term: Callable[[S], T], things: Items[S]) -> T:
        """Σ term(thing), computed by the threads, added in the fixed tree."""
        ...

    def __enter__(self) -> Self:
        """The rows can live here from now on."""
        ...

    def __exit__(self, *exc: object) -> None:
        """The rows are let go."""
        ...
