"""The distinct texts of a column, with how often each is there: they add up, and are put in order at the end."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress, islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smtrain.sources.cells import TextCells

WHOLE = re.compile(r"[+-]?[0-9]+")
# Python refuses to make a number of more than 4,300 digits; so long a text has no value to be put in order by.
LONGEST_WHOLE = 1000


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Distinct texts in the order of their first sight, their codes, and the `counts` (V,) of the cells of each.

    It never changes. Adding to the right keeps the codes of what is on the left. The dictionary of codes is shared with
    the vocabularies that this one grows into: they have more texts in it, so that a sum from left to right looks up
    what is added only. The counts are copied each time: 8 bytes for each text so far. One thread at a time may add to
    the same one.
    """

    counts: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    _codes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, cells: TextCells) -> Self:
        """The texts of some cells, missing ones left out."""
        counts = np.bincount(cells.codes[cells.codes >= 0], minlength=len(cells.levels))
        return cls(counts, {level: code for code, level in enumerate(cells.levels)})

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def texts(self) -> list[str]:
        """The texts in the order of their codes."""
        return list(islice(self._codes, len(self)))

    def codes(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """The codes of some of these texts."""
        return np.array([self._codes[text] for text in texts], np.int32)

    def __add__(self, right: "Vocabulary") -> "Vocabulary":
        """The texts and counts of both, first those of the left."""
        if not len(self) or not len(right):
            return self if len(self) else right
        # Only what has all texts of the shared dictionary may add to it; where another sum grew from it, it copies.
        longest = len(self._codes) == len(self)
        known = self._codes if longest else {text: code for code, text in enumerate(self.texts)}
        codes = [known.setdefault(text, len(known)) for text in right.texts]
        # A new array: the counts of the left stay what they are.
        counts = np.zeros(len(known), np.intp)
        counts[: len(self)] = self.counts
        counts[codes] += right.counts
        return Vocabulary(counts, known)

    def __getstate__(self) -> dict[str, Any]:
        """The texts that are in this one alone, for another process."""
        return {"counts": self.counts, "_codes": {text: code for code, text in enumerate(self.texts)}}

    def ordered(self) -> list[str]:
        """The texts in their final order: whole numbers by value, other texts by their characters."""
        return sorted(self.texts, key=_text_order)

    def parted(self, least: int) -> tuple[list[str], list[str]]:
        """The texts of at least so many cells, and those of fewer, both in their final order."""
        texts = self.ordered()
        enough = (self.counts >= least)[self.codes(texts)].tolist()
        return list(compress(texts, enough)), list(compress(texts, (not one for one in enough)))

    def numbered(self, texts: list[str]) -> NDArray[np.intp]:
        """The place of each text (V,), in the order of the codes, in a list of all of them."""
        table = np.zeros(len(self), np.intp)
        table[self.codes(texts)] = np.arange(len(texts))
        return table


def _text_order(text: str) -> tuple[int, int, str]:
    whole = len(text) <= LONGEST_WHOLE and WHOLE.fullmatch(text)
    return (0, int(text), text) if whole else (1, 0, text)
