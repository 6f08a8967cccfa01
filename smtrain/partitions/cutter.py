"""Rows that arrive in blocks of any size are cut into partitions of one size.

So the partitions, and the bits of a fit, do not depend on how the rows arrived.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar


class Cuttable(Protocol):
    """Some rows that can be cut, encoded or not: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        ...

    @property
    def start(self) -> int:
        """The position of the first row among all; set by who knows it."""
        ...

    def copy(self, rows: slice, /) -> Self:
        """Return some of the rows, in arrays of their own."""
        ...


C = TypeVar("C", bound=Cuttable)
# A function that joins the rows of several parts.
Join = Callable[[Sequence[C]], C]


class Cutter(Generic[C]):
    """Cuts blocks into partitions of `size` rows. `joined` is a function that joins the rows of several parts."""

    def __init__(self, size: int, joined: Join[C]) -> None:
        self._size, self._joined = size, joined
        # The parts of the next partition that are there already.
        self._parts: list[C] = []

    def add(self, block: C) -> Iterator[C]:
        """Yield the partitions that are whole with this block.

        What is left is kept as a copy, so that the block can be freed. All partitions must be taken from the iterator.
        """
        begin = 0
        while begin < block.rows:
            end = begin + self._size - sum(part.rows for part in self._parts)
            self._parts.append(block.copy(slice(begin, end)))
            if end <= block.rows:
                yield from self.rest()
            begin = end

    def rest(self) -> Iterator[C]:
        """Yield what is left as a partition, if anything is."""
        if self._parts:
            parts, self._parts = self._parts, []
            yield self._joined(parts)
