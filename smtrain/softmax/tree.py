"""Additive sums over partitions, added in one fixed pairwise tree.

Floating-point addition is not associative. The tree depends on the number of terms alone, so the bits of a sum
do not depend on how many threads computed the terms, nor on which term was ready first. The rounding error of a
pairwise sum grows with log₂ of the number of terms (Higham, "The accuracy of floating point summation", 1993).
"""

from collections.abc import Iterable
from typing import Protocol, Self, TypeVar


class Additive(Protocol):
    """Something that can be added to its like: a float, an array, a record of sums."""

    def __add__(self, other: Self, /) -> Self:
        """Return the sum."""
        ...


T = TypeVar("T", bound=Additive)


def pairwise_sum(terms: Iterable[T]) -> T:
    """Add `terms` (at least one) in a fixed pairwise tree, holding about log₂ of their number at a time.

    Works like a binary counter: two sums of equally many terms are merged as soon as both are there.
    """
    sums: list[tuple[int, T]] = []
    for term in terms:
        size, total = 1, term
        while sums and sums[-1][0] == size:
            left_size, left = sums.pop()
            size, total = left_size + size, left + total
        sums.append((size, total))
    if not sums:
        raise ValueError("a sum needs at least one term")
    _, total = sums.pop()
    while sums:
        total = sums.pop()[1] + total
    return total
