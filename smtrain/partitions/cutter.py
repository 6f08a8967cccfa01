"""Rows that arrive in blocks of any size, cut into partitions of one size."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar


class Cuttable(Protocol):
    """Some rows that can be cut: encoded or not."""

    @property
    def rows(self) -> int:
        """The number of rows, m."""
        ...

    def copy(self, rows: slice, /) -> Self:
        """Some of the rows, in arrays of their own."""
        ...


C = TypeVar("C", bound=Cuttable)


class Cutter(Generic[C]):
    """Cuts blocks into partitions of `size` rows; `joined` puts the rows of several one behind the other."""

    def __init__(self, size: int, joined: Callable[[Sequence[C]], C]) -> None:
        self._size, self._joined = size, joined
        self._parts: list[C] = []

    def add(self, block: C) -> Iterator[C]:
        """The partitions that are whole now. What is left is kept as a copy, so that the block can be let go."""
        begin = 0
        while begin < block.rows:
            end = begin + self._size - sum(part.rows for part in self._parts)
            self._parts.append(block.copy(slice(begin, end)))
            if end <= block.rows:
                yield from self.rest()
            begin = end

    def rest(self) -> Iterator[C]:
        """What is left, if there is any, as a partition."""
        if self._parts:
            parts, self._parts = self._parts, []
            yield self._joined(parts)
