"""Arguments that every Python function may take: told what they are, where they are wrong. Light: read before NumPy."""

import os
import sys
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, TypeVar

from smtrain.errors import UsageError, cut, quoted

N = TypeVar("N", bound=float)
BYTES = "os.fsdecode gives the path as text"
# A larger number is infinite …
LARGEST_FLOAT = sys.float_info.max
# … and a larger whole number is none that NumPy can hold.
LARGEST_COUNT = 2**63 - 1


@dataclass(frozen=True)
class Range:
    """The numbers from `low` to `high`; `above` and `below` say that these ends are not among them."""

    low: float
    high: float = LARGEST_FLOAT
    above: bool = False
    below: bool = False

    def __call__(self, value: float) -> bool:
        """Whether a number is in the range."""
        return self.missed(value) is None

    def missed(self, value: float) -> str | None:
        """What a number would have to be, by the end of the range that it misses; None if it is in the range."""
        if not (value > self.low or (value == self.low and not self.above)):  # also true for NaN
            return f"{'more than' if self.above else 'at least'} {self.low:,}"
        if value < self.high or (value == self.high and not self.below):
            return None
        if self.high == LARGEST_FLOAT:
            return "a finite number"
        return f"{'less than' if self.below else 'at most'} {self.high:,}"


NOT_NEGATIVE, COUNTS, POSITIVE = Range(0), Range(0, LARGEST_COUNT), Range(1, LARGEST_COUNT)


def whole(name: str, value: Any) -> int:
    """A whole number. Raises UsageError for anything else."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise wrong(name, value, "a whole number")


def threads_of(threads: Any) -> int | None:
    """A number of threads, or None."""
    return None if threads is None else check_range("threads", whole("threads", threads), POSITIVE)


def check_range(name: str, value: N, numbers: Range) -> N:
    """The value, which must be in a range. Raises UsageError, which names the end that is missed."""
    missed = numbers.missed(value)
    if missed is not None:
        raise out_of_range(name, value, missed)
    return value


def check_level(level: Any) -> float:
    """The level of an interval. Raises UsageError for what is none."""
    if not isinstance(level, Real) or not 0 < float(level) < 1:
        raise UsageError(f"level is out of range: {cut(written(level))} is not between 0 and 1", hint="such as 0.95")
    return float(level)


def out_of_range(name: str, value: object, wanted: str) -> UsageError:
    """The error for a number that is not one of those that are wanted."""
    return UsageError(f"{name} is out of range: {cut(written(value))} is not {wanted}")


def written(value: object) -> str:
    """A value as a text; Python writes no whole number of more than 4,300 digits, of which that is said."""
    try:
        return str(value)
    except ValueError:
        return "a number of very many digits"


def path_of(name: str, value: Any, wanted: str = "a path") -> str | None:
    """A path, or None. Raises UsageError for anything else, which is not what is wanted."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if path is None or isinstance(path, str):
        return path
    raise wrong(name, value, wanted, BYTES if isinstance(path, bytes) else None)


def wrong(name: str, value: Any, wanted: str, hint: str | None = None) -> UsageError:
    """The error for an argument that is not what is wanted."""
    shown = f": {quoted(written(value))}" if isinstance(value, str | bool | Real) else ""
    given = "None" if value is None else f"of type {type(value).__name__}{shown}"
    return UsageError(f"{name} must be {wanted}, and is {given}", hint=hint)
