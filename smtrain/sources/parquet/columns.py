"""What the columns of Arrow are, by their types, and their cells as numbers or texts."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import types

from smtrain.sources.cells import TextCells
from smtrain.sources.interface import Reading
from smtrain.sources.parquet.texts import knows_zone, texts_of
from smtrain.sources.typed import coded

# The quotient of an integer up to EXACT and of a power of ten up to EXACT_POWER is the float64 nearest to a decimal,
# for both are exact in float64. A larger bound would give other last bits than the same decimal in a text.
EXACT, EXACT_POWER = 1 << 53, 22
STRINGS = (types.is_string, types.is_large_string, types.is_string_view)
# What is neither of numbers nor of words. Of dates and times a text says all.
DATES, TIMES = "dates", "times of the day"
NEITHER = (
    (lambda kind: types.is_timestamp(kind) and not knows_zone(kind.tz), "dates in a time zone that is not known here"),
    (types.is_date, DATES),
    (types.is_timestamp, DATES),
    (types.is_time, TIMES),
    (types.is_duration, "durations"),
    (types.is_binary, "bytes"),
    (types.is_large_binary, "bytes"),
    (types.is_fixed_size_binary, "bytes"),
    (types.is_binary_view, "bytes"),
    (types.is_nested, "nested values"),
)


def sort_of(kind: pa.DataType) -> Reading | str | None:
    """NUMBER, TEXT, None where there is no value; or what a column of a type is that is neither."""
    if types.is_dictionary(kind):
        inner = sort_of(kind.value_type)
        return inner if isinstance(inner, str) else Reading.TEXT
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return Reading.NUMBER
    if types.is_boolean(kind) or is_string(kind):
        return Reading.TEXT
    if types.is_null(kind):
        return None
    return next((name for test, name in NEITHER if test(kind)), f"values of type {kind}")


def is_string(kind: pa.DataType) -> bool:
    """Whether a type is one of texts."""
    return any(test(kind) for test in STRINGS)


def has_text(kind: pa.DataType) -> bool:
    """Whether the values of a type have a text that says all of them."""
    return not isinstance(sort_of(kind), str) or sort_of(kind) in {DATES, TIMES}


def joined(values: pa.ChunkedArray) -> pa.Array:
    """The values of several chunks as one array; codes into one list of texts."""
    if values.num_chunks == 1:
        return values.chunk(0)
    whole = values.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def array_of(column: "pd.Series[Any]") -> pa.Array:
    """The values of a column of pandas that has one of Arrow's types."""
    values = column.array.__arrow_array__()
    return joined(values) if isinstance(values, pa.ChunkedArray) else values


def floats(column: pa.Array) -> NDArray[np.float64]:
    """A column of numbers (m,): for each the nearest in float64, NaN where missing."""
    if types.is_decimal(column.type):
        return _decimals(_wide(column))
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.float64)


def _decimals(column: pa.Array) -> NDArray[np.float64]:
    """Decimals as the nearest numbers, as from a text; Arrow's own conversion misses some last bits."""
    if types.is_decimal128(column.type) and 0 <= column.type.scale <= EXACT_POWER:
        first, last = 2 * column.offset, 2 * (column.offset + len(column))
        low, high = np.frombuffer(column.buffers()[1], "<i8")[first:last].reshape(-1, 2).T
        gaps = column.is_null().to_numpy(zero_copy_only=False)
        exact = (high == low >> 63) & (low >= -EXACT) & (low <= EXACT)
        if (exact | gaps).all():
            return np.where(gaps, np.nan, low / 10.0**column.type.scale)
    encoded = column.dictionary_encode()
    values = [np.nan if value is None else float(value) for value in encoded.dictionary.to_pylist()]
    codes: NDArray[np.integer[Any]] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.take(np.array([*values, np.nan], np.float64), codes)  # a null's −1 takes the last


def _wide(column: pa.Array) -> pa.Array:
    """A column that Arrow can look for the distinct values of: it cannot in decimals of 32 and 64 bits."""
    narrow = types.is_decimal32(column.type) or types.is_decimal64(column.type)
    return column.cast(pa.decimal128(column.type.precision, column.type.scale)) if narrow else column


def text_cells(column: pa.Array) -> TextCells:
    """A column as codes (m,) and texts, in the order of their first sight; −1 where it is null, or a float is NaN.

    Raises NoTextError or UnicodeDecodeError where a value has no text.
    """
    encoded, codes, used = _distinct(_wide(column))
    texts = iter(texts_of(encoded.dictionary.take(pa.array(used[used >= 0], pa.int64()))))
    return coded(codes, [next(texts) if one >= 0 else None for one in used])


def _encoded(column: pa.Array) -> pa.DictionaryArray:
    """A column by its distinct values."""
    if not types.is_float16(column.type):
        return column.dictionary_encode()
    bits = column.view(pa.uint16()).dictionary_encode()  # Arrow up to 24 cannot look for distinct numbers of 16 bits
    return pa.DictionaryArray.from_arrays(bits.indices, bits.dictionary.view(pa.float16()))


def _distinct(column: pa.Array) -> tuple[pa.DictionaryArray, NDArray[np.intp], NDArray[np.intp]]:
    """A column by its distinct values; codes (m,) of the values in the order of their first sight; and their places.

    A place of −1 is that of a null.
    """
    encoded = column if types.is_dictionary(column.type) else _encoded(column)
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    codes, used = pd.factorize(indices)
    return encoded, codes, used
