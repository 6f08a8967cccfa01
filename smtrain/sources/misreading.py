"""What pandas reads as numbers and docs/data.md does not: how to see it in a piece of text at little cost."""

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from smtrain.softmax.design import Floats
from smtrain.sources.dialect import BLANKS, LARGEST
from smtrain.sources.piece import line_ends

BOOLEANS = (b"rue", b"RUE", b"alse", b"ALSE")


@np.errstate(over="ignore")  # what is too large for float32 becomes infinite, and so differs
def compact(numbers: NDArray[np.float64]) -> Floats:
    """The same numbers, row-major, in float32 if each of them has the same value there."""
    for rows in (slice(1), slice(None)):  # one row usually tells, and a copy of all of them takes fresh memory
        half = numbers[rows].astype(np.float32)
        if not ((half == numbers[rows]) | np.isnan(half)).all():
            return np.ascontiguousarray(numbers)
    return np.ascontiguousarray(half)


def too_large(numbers: Floats) -> bool:
    """Whether some number is infinite or beyond LARGEST."""
    return bool((np.abs(numbers) > min(LARGEST, float(np.finfo(numbers.dtype).max))).any())


def odd_blanks(text: bytes, rows: int, delimiter: str) -> bool:
    """Whether a cell may begin or end with what pandas passes over beside a number, and docs/data.md does not.

    That is a form feed, a vertical tab, or, in quotes, a line end: then there are more line ends than rows.
    """
    if b"\f" in text or b"\v" in text:
        return True
    return b'"' in text and line_ends(text) != rows and _line_end_in_quotes(delimiter).search(text) is not None


@lru_cache
def _line_end_in_quotes(delimiter: str) -> re.Pattern[bytes]:
    """A line end right behind the quote that opens a cell, or right before the one that closes it."""
    d = re.escape(delimiter.encode())
    return re.compile(rb'(?:\A|(?<=[%s\r\n]))"[ \t]*[\r\n]|[\r\n][ \t]*"(?=[%s\r\n])' % (d, d))


def padded_plus(text: bytes, delimiter: str) -> bool:
    """Whether a number may have a plus sign and blanks: of these pandas 3.1 rounds one in a hundred wrongly."""
    delimiter = "" if b'"' in text else delimiter  # in quotes a delimiter that is a blank may stand beside a number
    return b"+" in text and _plus_and_blank(delimiter).search(text) is not None


@lru_cache
def _plus_and_blank(delimiter: str) -> re.Pattern[bytes]:
    blank = b"[%s]" % "".join(c for c in BLANKS if c != delimiter).encode()
    return re.compile(rb"%s\+[\d.,]|\+[\d.,]+(?:[eE][+-]?\d+)?%s" % (blank, blank))


def hides_booleans(text: bytes, numbers: Floats) -> bool:
    """Whether a number column may be words: pandas reads a piece of nothing but True and False as ones and zeros."""
    # A single letter is looked for ten times faster than a word, and most files of numbers have none.
    if not (b"e" in text or b"E" in text):
        return False
    binary = (np.isnan(numbers) | (numbers == 0) | (numbers == 1)).all(axis=0)
    return bool(binary.any()) and any(word in text for word in BOOLEANS)
