"""How numbers are written: what pandas' parser takes for one, and the hint for what it does not."""

import math
import re
from collections.abc import Iterable
from itertools import islice

from smtrain.errors import DataError, Place, is_file, quoted
from smtrain.sources.absent import means_missing
from smtrain.sources.dialect import LARGEST
from smtrain.sources.quantities import Sort, quantities, sort_of
from smtrain.wording import given

# So many texts of a column, those seen first, say whether they are numbers in another notation.
MOST_TEXTS = 20_000

# Possessive: a text of very many digits that is no number would be tried in as many ways.
NUMBER = re.compile(r"[ \t]*+[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?[ \t]*+", re.ASCII)
OTHER_UNIT = "give the column in another unit"
PLAIN_NUMBERS = "write plain numbers, such as 1234.5"


def is_number(text: str, decimal: str = ".") -> bool:
    """Whether a cell is a decimal number, as pandas' C parser reads them."""
    return NUMBER.fullmatch(with_point(text, decimal)) is not None


def are_numbers(texts: Iterable[str], decimal: str = ".") -> list[bool]:
    """Whether each of some cells is a decimal number. Most words are known by their first character."""
    starts = frozenset("0123456789+-. \t" + decimal)
    return [text[:1] in starts and is_number(text, decimal) for text in texts]


def number(text: str, decimal: str = ".") -> float:
    """A cell as a number that a column of numbers may hold, or NaN."""
    text = with_point(text, decimal)
    return float(text) if NUMBER.fullmatch(text) and abs(float(text)) <= LARGEST else math.nan


def with_point(text: str, decimal: str) -> str:
    """A cell with a decimal point; the empty text if it already has one where a comma is the decimal mark."""
    return text if decimal == "." else text.replace(decimal, ".") if "." not in text else ""


def not_a_number(
    text: str,
    column: str,
    place: Place,
    decimal: str = ".",
    *,
    fitting: bool = True,
    weight: bool = False,
    large: bool = False,
) -> DataError:
    """The error for a cell of a number column that is no finite number, with what mends it.

    `fitting` says that the options of a fit are at hand, `weight` that the column is that of the weights, `large` that
    it is a number all the same, too large for one: the text of an infinite one does not say so.
    """
    large = large or is_number(text, decimal)
    what = f"not a finite number below {LARGEST:g}" if large else "not a number"
    if not fitting:
        hint = "the model was fitted on numbers in this column"
    elif weight:
        hint = _weight_hint(text, decimal, place.source)
    else:
        hint = large_hint(text) if large else _word_hint(text, column, place.source)
    return place.error(f"{what}: {quoted(text)}", column=column, hint=hint)


def _word_hint(text: str, column: str, source: str) -> str:
    """The hint for a word in a column of numbers."""
    if is_number(text) or looks_like_other_notation(text):
        return notation_hint(text, column, source)
    missing, names = given("na-values", text), given("categorical", column)
    return f"{missing} if it means missing; {names} if the column's numbers are names"


def large_hint(text: str) -> str:
    """The hint for a number that is too large for a column of numbers."""
    return f"{OTHER_UNIT}; {given('na-values', text)} if it means missing"


def looks_like_other_notation(text: str, decimal: str = ".") -> bool:
    """Whether a text is a number in another notation, as far as it alone can tell."""
    if is_number(text, decimal):
        return False
    sort = sort_of(text)
    return sort is not None and sort[0] is not Sort.COUNT


def in_other_notation(texts: Iterable[str], decimal: str = ".") -> bool:
    """Whether most of the texts of a column are, nearly for certain, numbers in another notation."""
    values = _values(texts, decimal)
    return 2 * quantities(values)[0] > len(values)


def may_be_in_other_notation(texts: Iterable[str], decimal: str = ".") -> bool:
    """Whether most of the texts of a column may be."""
    values = _values(texts, decimal)
    return 2 * quantities(values)[1] > len(values)


def _values(texts: Iterable[str], decimal: str) -> list[str]:
    """The first texts of a column that are no numbers, and no words for a missing value."""
    return [text for text in islice(texts, MOST_TEXTS) if not is_number(text, decimal) and not means_missing(text)]


def notation_hint(text: str, column: str, source: str | None) -> str:
    """The hint for a number in another notation: for a decimal point, that of a table with decimal commas."""
    names = f"{given('categorical', column)} takes the cells as names"
    option = _decimal_hint(text, source)
    return f"{option}; {names}" if option else f"{PLAIN_NUMBERS}; or {names}"


def _weight_hint(text: str, decimal: str, source: str) -> str:
    """The hint for a cell of the column of weights that is no number, and cannot be taken for a name or missing."""
    if is_number(text, decimal):
        return OTHER_UNIT
    if is_number(text) or looks_like_other_notation(text, decimal):
        return _decimal_hint(text, source) or PLAIN_NUMBERS
    return "a weight is 0 or a positive number"


def _decimal_hint(text: str, source: str | None) -> str:
    """How the decimal mark of a file has a text be a number, or nothing."""
    if not is_file(source):
        return ""
    if is_number(text):
        return f"leave out {given('decimal', ',')} for decimal points"
    return f"{given('decimal', ',')} reads a decimal comma" if re.fullmatch(r"\s*[-+]?\d*,\d+\s*", text) else ""
