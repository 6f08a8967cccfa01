"""Sums over partitions, added in one fixed pairwise tree.

Floating-point addition is not associative. The tree depends on the number of terms alone, so the bits of a sum do not
depend on how many threads computed the terms, nor on which term was ready first. The rounding error of a pairwise sum
grows with log₂ of the number of terms (Higham, "The accuracy of floating point summation", 1993).

The tree works like a binary counter. A node is the sum of 2^k neighbouring terms whose first number is a multiple of
2^k. Two nodes of 2^k terms are added as soon as both are there, if the first one begins at a multiple of 2^(k + 1).
After the last term the nodes that are left are added from right to left. For seven terms:

    ((t0 + t1) + (t2 + t3)) + ((t4 + t5) + t6)

So any run of terms can be summed by itself, elsewhere, to a few nodes of the tree of all terms. Where the runs are cut
changes no bit.
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
    """A node of the tree: the sum of the terms `first` … `first` + `size` − 1.

    `size` is 2^k for some k, and `first` a multiple of it.
    """

    first: int
    size: int
    total: T


def subtotals(first: int, terms: Iterable[T]) -> list[Subtotal[T]]:
    """Return the nodes of the tree that a run of terms sums to, in order. `first` is the number of the first term.

    At most about 2 log₂ of the number of terms are held at a time, and returned.
    """
    nodes: list[Subtotal[T]] = []
    for number, term in enumerate(terms, first):
        _append(nodes, Subtotal(number, 1, term))
    return nodes


def joined(runs: Iterable[list[Subtotal[T]]]) -> T:
    """Return the sum of all terms from the nodes of neighbouring runs, which begin with the term 0.

    Raises ValueError if there is no term.
    """
    nodes: list[Subtotal[T]] = []
    for run in runs:
        for node in run:
            _append(nodes, node)
    if not nodes:
        raise ValueError("a sum needs at least one term")
    # The nodes that are left have different sizes, the smallest last. It is added first.
    total = nodes.pop().total
    while nodes:
        total = nodes.pop().total + total
    return total


def pairwise_sum(terms: Iterable[T]) -> T:
    """Return the sum of `terms` in the fixed tree, holding about log₂ of their number at a time.

    Raises ValueError if there is no term.
    """
    return joined([subtotals(0, terms)])


def _append(nodes: list[Subtotal[T]], node: Subtotal[T]) -> None:
    """Put a node behind its left neighbours, and join those that make a larger node of the tree."""
    while nodes and nodes[-1].size == node.size and nodes[-1].first % (2 * node.size) == 0:
        left = nodes.pop()
        node = Subtotal(left.first, 2 * node.size, left.total + node.total)
    nodes.append(node)
