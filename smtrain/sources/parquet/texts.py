"""The texts of Arrow's values: the same that a DataFrame's have, whose values are pandas' or Python's."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import types

from smtrain.sources.typed import NoTextError, text_of

# Nanoseconds of a day; a time of the day is less.
DAY = 86_400 * 10**9


def texts_of(values: pa.Array) -> list[str | None]:
    """The text of each value (m,), None for a null and for NaN.

    Raises NoTextError where a value has none, as a time of more than a day and a year in which its time zone is not
    known; UnicodeDecodeError for bytes that are not UTF-8.
    """
    return [None if value is None or value is pd.NaT or _is_nan(value) else text_of(value) for value in _values(values)]


def _is_nan(value: Any) -> bool:
    return bool(value != value)  # noqa: PLR0124 - this is what NaN alone does


def _values(values: pa.Array) -> list[Any]:
    """Values whose texts say all of them. Arrow makes Python's, which hold no nanosecond and end in the year 9999."""
    kind = values.type
    if types.is_floating(kind):  # in their own width, whose shortest text is that of a file
        return list(values.to_numpy(zero_copy_only=False))
    if types.is_date(kind):
        days = values.to_numpy(zero_copy_only=False).astype("M8[D]")
        return [None if np.isnat(day) else str(day) for day in days]
    if types.is_timestamp(kind):
        return _moments(values)
    if types.is_time(kind):
        return [None if time is None else _time(time) for time in _nanoseconds(values)]
    return list(values.to_pylist())


def _moments(values: pa.Array) -> list[Any]:
    """Moments, as pandas has them. Raises NoTextError for one beyond the years of its time zone."""
    zone = values.type.tz
    index = pd.DatetimeIndex(values.view(pa.timestamp(values.type.unit)).to_numpy(zero_copy_only=False))
    try:
        return list(index if zone is None else index.tz_localize("UTC").tz_convert(zone))
    except (NotImplementedError, OverflowError) as error:
        raise NoTextError(f"a year that is not known in {zone}") from error


@lru_cache(maxsize=16)
def knows_zone(zone: str | None) -> bool:
    """Whether the time zone of a column is known here."""
    try:
        pd.Timestamp(0, tz=zone)
    except (LookupError, ValueError, TypeError, OSError):
        return False
    return True


def _nanoseconds(values: pa.Array) -> list[int | None]:
    """Times of the day as nanoseconds, None for a null."""
    unit = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[values.type.unit]
    whole = values.view(pa.int32() if types.is_time32(values.type) else pa.int64())
    return [None if number is None else number * unit for number in whole.to_pylist()]


def _time(nanoseconds: int) -> str:
    """A time of the day: as Python writes it, and with nine digits behind the point where six do not tell all."""
    if not 0 <= nanoseconds < DAY:
        raise NoTextError("a time that is none of the day")
    return str(pd.Timestamp(nanoseconds)).partition(" ")[2]
