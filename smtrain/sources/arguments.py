"""Arguments that every Python function may take: told what they are, where they are wrong."""

import os
from numbers import Integral, Real
from typing import Any

from smtrain.errors import UsageError, quoted


def whole(name: str, value: Any) -> int:
    """A whole number. Raises UsageError for anything else."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise wrong(name, value, "a whole number")


def threads_of(threads: Any) -> int | None:
    """A number of threads, or None."""
    number = None if threads is None else whole("threads", threads)
    if number is not None:
        check_range("threads", number, valid=number >= 1, wanted="at least 1")
    return number


def check_range(name: str, value: object, *, valid: bool, wanted: str) -> None:
    """Raise UsageError, which says the range, for a value that is not a valid one."""
    if not valid:
        raise UsageError(f"{name} is out of range: {value} is not {wanted}")


def path_of(name: str, value: Any) -> str | None:
    """A path, or None."""
    if value is None or isinstance(value, str | os.PathLike):
        return None if value is None else os.fspath(value)
    raise wrong(name, value, "a path")


def wrong(name: str, value: Any, wanted: str, hint: str | None = None) -> UsageError:
    """The error for an argument that is not what is wanted."""
    shown = f": {quoted(str(value))}" if isinstance(value, str | bool | Real) else ""
    given = "None" if value is None else f"of type {type(value).__name__}{shown}"
    return UsageError(f"{name} must be {wanted}, and is {given}", hint=hint)
