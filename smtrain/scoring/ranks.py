"""How well the probability of each class puts its rows before the others: what is kept of rows, and what follows.

Few rows are kept as they are, so that what follows is exact. Of many there are counts in bins. Which it is hangs on the
number of rows and classes alone: sums have the same bits however the rows were cut.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from smtrain.scoring.curves import ClassRanks, class_ranks
from smtrain.scoring.totals import Array, Codes, totals
from smtrain.softmax.design import Floats

# Probabilities that are kept as they are, 16 MiB, and cells of the bins: of two classes a million rows.
MOST_SCORES = 1 << 21
# Classes beyond which nothing is kept: the bins have the square of their number.
MOST_RANKED_CLASSES = 200
# Bins go down to the probability 2⁻²¹, and up as near to 1: so many times do they halve.
HALVINGS = 20
# Of each halving 2^10 bins at most: their width is a thousandth of the probability. More would take memory for nothing.
MOST_BITS = 10


@dataclass(frozen=True)
class Scores:
    """Probabilities `S` (K, m), class codes `y` and weights `v` (m,) of rows that weigh something.

    Of more than MOST_SCORES probabilities there are `cells` (K, K, B) instead: by class of the probability, true class
    and bin the weight of the rows. Of more than MOST_RANKED_CLASSES classes nothing is kept.
    """

    S: Floats
    y: Codes
    v: Array
    cells: Array | None = None

    @classmethod
    def of(cls, S: Floats, y: Codes, v: Array) -> "Scores":
        """What is kept of rows of any weight."""
        there = (v > 0) & (len(S) <= MOST_RANKED_CLASSES)
        scores = cls(S[:, there], y[there], v[there])
        return scores if scores.S.size <= MOST_SCORES else scores._in_bins(scores._cells())

    def __add__(self, other: "Scores") -> "Scores":
        few = self.cells is None and other.cells is None and self.S.size + other.S.size <= MOST_SCORES
        if not few:
            return self._in_bins(self._cells() + other._cells())
        S, y = np.concatenate([self.S, other.S], axis=1), np.concatenate([self.y, other.y])
        return Scores(S, y, np.concatenate([self.v, other.v]))

    def _in_bins(self, cells: Array) -> "Scores":
        return Scores(self.S[:, :0], self.y[:0], self.v[:0], cells)

    def _cells(self) -> Array:
        if self.cells is not None:
            return self.cells
        K, bits = len(self.S), _bits(len(self.S))
        B = 2 * _bins_of_a_half(bits) + 1
        counts = [totals(self.y * B + bin_of(s, bits), self.v, K * B) for s in self.S]
        return np.stack(counts).reshape(K, K, B)

    @property
    def exact(self) -> bool:
        """Whether the rows are kept as they are."""
        return self.cells is None

    @cached_property
    def ranks(self) -> tuple[ClassRanks, ...]:
        """How well each class is ranked; nothing for very many classes."""
        K = len(self.S)
        return tuple(self._ranked(k) for k in range(K)) if K <= MOST_RANKED_CLASSES else ()

    def _ranked(self, k: int) -> ClassRanks:
        _, place, y, v = self.of_class(k)
        return class_ranks(k, len(self.S), place, y, v)

    def of_class(self, k: int) -> tuple[Floats, Codes, Codes, Array]:
        """The probabilities of class k that occur, ascending, (G,); and of (c,) rows or bins place, class and weight.

        Of bins it is the least probability that each may have.
        """
        if self.cells is None:
            distinct, place = np.unique(self.S[k], return_inverse=True)
            return distinct, place, self.y, self.v
        y, place = np.nonzero(self.cells[k])
        return least_of_bins(_bits(len(self.S))), place, y, self.cells[k][y, place]


def _bits(classes: int) -> int:
    """The number of bits of a probability that its bin tells, after the first."""
    return min(MOST_BITS, (MOST_SCORES // (classes**2 * 2 * HALVINGS)).bit_length() - 1)


def _bins_of_a_half(bits: int) -> int:
    return (HALVINGS << bits) + 1


def least_of_bins(bits: int) -> Array:
    """The least probability of each bin, (B,), ascending."""
    half = _bins_of_a_half(bits)
    # The least distance from 0 and, but for the middle, from 1: the first number of each bin of digits.
    digits = np.arange(1, half + 1) + ((1023 - HALVINGS - 1) << bits) - 1
    edges = (digits << (52 - bits)).view(np.float64)
    # A probability whose distance from 1 is an edge is the greatest of its bin; the next one is the least of another.
    return np.concatenate([[0.0], edges, np.nextafter(1 - edges[::-1], 2)])


def bin_of(probability: Floats, bits: int) -> Codes:
    """The number of the bin of each probability, ascending.

    Below ½ the probability, above it its distance from 1 is cut to its first bits; what is nearer to 0 or 1 than
    2⁻²¹ is in the first or in the last bin.
    """
    # The bits of a positive double are in the order of its size: exponent first, then the digits.
    half, least = _bins_of_a_half(bits), (1023 - HALVINGS - 1) << bits
    near = 1 - probability
    np.minimum(probability, near, out=near)
    # In place: new memory for each of these steps would take longer than the steps.
    place = near.view(np.int64)
    place >>= 52 - bits
    place -= least - 1
    np.maximum(place, 0, out=place)
    np.subtract(2 * half, place, out=place, where=probability > 0.5)
    return np.asarray(place, np.intp)
