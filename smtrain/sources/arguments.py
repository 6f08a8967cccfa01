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
    if number is not None and number < 1:
        raise UsageError("the threads are out of range")
    return number


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
