"""JSON documents kept as arrays of bytes, and the checks of what is read from one that may be hostile.

numpy could keep text only as pickles, which cannot be trusted, or padded to its longest. Every check returns the value
or raises ValueError; a document that is not even of the expected shape raises KeyError, TypeError or AttributeError.
"""

import json
import math
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray


def write(document: object) -> NDArray[np.uint8]:
    """UTF-8 JSON as bytes (uint8), with the same bytes for equal documents."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return np.frombuffer(text.encode(errors="backslashreplace"), np.uint8)  # of a surrogate, JSON's escape


def read(array: NDArray[np.generic]) -> Any:
    """The document in an array of bytes."""
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ValueError("not a document")
    return json.loads(array.tobytes().decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} in a document")


def text(value: Any, *, empty: bool = False) -> str:
    """A text that is Unicode throughout, and not empty unless that is allowed."""
    if not isinstance(value, str) or not (value or empty):
        raise ValueError("not a text")
    value.encode()  # a half of a surrogate pair is a UnicodeEncodeError, which is a ValueError
    return value


def path(value: Any) -> str:
    """A path, not empty, in which surrogates stand for bytes that are not UTF-8."""
    if not isinstance(value, str) or not value:
        raise ValueError("not a path")
    value.encode("utf-8", "surrogateescape")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Some different texts."""
    if not isinstance(value, list) or len(set(map(text, value))) != len(value):
        raise ValueError("not a list of different texts")
    return tuple(value)


def number(value: Any, *, positive: bool = False, most: float = math.inf) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise ValueError("not a number that can be used")
    if positive and value <= 0:
        raise ValueError("not a positive number")
    return float(value)


def whole(value: Any, least: int) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError("not a whole number")
    return value


def truth(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value
