"""Additive sums over partitions, added in one fixed pairwise tree.

Floating-point addition is not associative. The tree depends on the number of terms alone, so the bits of a sum
do not depend on how many threads computed the terms, nor on which term was ready first. The rounding error of a
pairwise sum grows with log₂ of the number of terms (Higham, "The accuracy of floating point summation", 1993).

The tree works like a binary counter: two sums of 2^k neighbouring terms are added as soon as both are there, if the
first one begins at a multiple of 2^(k + 1). So any run of terms can be summed by itself, elsewhere, to a few subtotals
that are nodes of the tree of all terms; where the runs are cut changes no bit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar


class Additive(Protocol):
    """Something that can be added to its like: a float, an array, a record of sums."""

    def __add__(self, other: Self, /) -> Self:
        """Return the sum."""
        ...


T = TypeVar("T", bound=Additive)


@dataclass(frozen=True)
class Subtotal(Generic[T]):
    """The sum of the terms `first` … `first` + `size` − 1, a node of the tree: `size` is 2^k, `first` a multiple."""

    first: int
    size: int
    total: T


def subtotals(first: int, terms: Iterable[T]) -> list[Subtotal[T]]:
    """The sums of a run of terms, of which the one before all others has the number `first`, as nodes of the tree.

    There are about 2 log₂ of the number of terms, in their order; so many are held at a time.
    """
    nodes: list[Subtotal[T]] = []
    for number, term in enumerate(terms, first):
        _append(nodes, Subtotal(number, 1, term))
    return nodes


def joined(runs: Iterable[list[Subtotal[T]]]) -> T:
    """The sum of all terms, of the subtotals of neighbouring runs from the first term to the last, at least one."""
    nodes: list[Subtotal[T]] = []
    for run in runs:
        for node in run:
            _append(nodes, node)
    if not nodes:
        raise ValueError("a sum needs at least one term")
    total = nodes.pop().total
    while nodes:
        total = nodes.pop().total + total
    return total


def pairwise_sum(terms: Iterable[T]) -> T:
    """Add `terms` (at least one) in the fixed tree, holding about log₂ of their number at a time."""
    return joined([subtotals(0, terms)])


def _append(nodes: list[Subtotal[T]], node: Subtotal[T]) -> None:
    """Put a node behind its neighbours, and add up those that make the next larger node of the tree."""
    while nodes and nodes[-1].size == node.size and nodes[-1].first % (2 * node.size) == 0:
        left = nodes.pop()
        node = Subtotal(left.first, 2 * node.size, left.total + node.total)
    nodes.append(node)
