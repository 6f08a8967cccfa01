"""Rows of a pandas DataFrame. The type of a column says what it is, never the looks of its texts.

Numbers are columns of numbers: NumPy's, nullable ones, those of Arrow, decimals. Words are strings, whatever they look
like, categories and booleans. Missing is what pandas says is missing, and an empty text. Dates are words where that is
asked for; they, durations and whatever else are refused, with a way out. Only in a column of objects of several sorts
the texts decide, as in a file.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from smtrain.errors import DataError, Numbered, UsageError
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import BLANKS, Dialect
from smtrain.sources.header import check_names
from smtrain.sources.interface import LabelType, Places, Reading, Source
from smtrain.sources.meaning import Meaning
from smtrain.sources.typed import (
    HALF,
    LARGEST_WHOLE,
    NOT_UNICODE,
    TypedBatch,
    coded,
    is_broken,
    text_of,
    typed_meaning,
)
from smtrain.wording import given

# A message calls a row by its place from 0, as pandas takes it.
SOURCE = Numbered("DataFrame", "{}.iloc[{}]", is_file=False)
# Cells of a batch: few enough to stay small beside the frame, many enough that a call for each column costs little.
BATCH_CELLS, FEWEST_ROWS = 1 << 21, 1 << 10
# What pandas.api.types.infer_dtype says of objects that are numbers, and of objects that are words.
NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal"})
WORDS = frozenset({"string", "boolean", "categorical"})
# What is neither, by what infer_dtype calls it.
REFUSED = {
    "datetime64": "dates",
    "datetime": "dates",
    "date": "dates",
    "time": "times of the day",
    "timedelta64": "durations",
    "timedelta": "durations",
    "period": "periods",
    "interval": "intervals",
    "complex": "complex numbers",
    "bytes": "bytes",
}
# Of these the ones that labels, and columns that are asked for as words, may be: their texts say all of them.
TEXTS = frozenset({"dates", "times of the day", "periods"})
# Objects whose text says all of them.
PLAIN = (str, bool, int, float, Decimal, np.bool_, np.integer, np.floating)


@dataclass(frozen=True)
class FrameBatch(TypedBatch):
    """The rows (m,) of a frame at some places."""

    source: "Frame"
    rows: NDArray[np.intp]

    @property
    def origin(self) -> "Frame":
        """The frame."""
        return self.source

    def before(self, error: DataError) -> "FrameBatch | None":
        """The rows before that of an error."""
        before = self.rows[: self.rows_before(error)]
        return replace(self, rows=before) if len(before) else None

    def without(self, gone: NDArray[np.bool_]) -> "FrameBatch | None":
        """The other rows."""
        return None if gone.all() else replace(self, rows=self.rows[~gone])

    def places(self, count: int) -> Places:  # noqa: ARG002 - they are known
        """The places of the rows in the frame, from 0."""
        return Places(SOURCE, 0, self.rows)

    def holds_numbers(self, i: int) -> bool:
        """Whether a column is one of numbers."""
        return sort_of(self._column(i)) is Reading.NUMBER

    def floats(self, i: int) -> NDArray[np.float64]:
        """A column of numbers, in float64."""
        return _as_floats(self._column(i))

    def text_cells_of(self, i: int, some: slice) -> TextCells:
        """Some rows of a column as texts; missing is what pandas says is missing."""
        column = self._column(i).iloc[some]
        sort = sort_of(column)
        if not has_text(sort):
            raise refused(str(sort), self.source.names[i])
        return text_cells(column)

    def _column(self, i: int) -> "pd.Series[Any]":
        """A column of these rows; without a copy if they are neighbours, as they are unless some were left out."""
        column: pd.Series[Any] = self.source.frame.iloc[:, i]
        first, last = self.rows[[0, -1]]
        return column.iloc[first : last + 1] if last - first + 1 == len(self.rows) else column.iloc[self.rows]


class Frame(Source):
    """A DataFrame. Its index is no column of it. `fitting` says that the options of a fit are at hand.

    `hint` is for those who look for a column that is not there. `array` and `unnamed` are as in `Source`.

    Raises UsageError for column names of several levels, DataError for names that are not there, or there twice.
    """

    name = SOURCE

    def __init__(
        self,
        frame: pd.DataFrame,
        dialect: Dialect,
        hint: str | None = None,
        *,
        fitting: bool = False,
        array: tuple[str, ...] = (),
        unnamed: tuple[str, ...] = (),
    ) -> None:
        check_levels(frame)
        self.frame, self.dialect, self._hint, self.fitting = frame, dialect, hint, fitting
        self.array, self.unnamed = array, unnamed
        self.names = [name_of(name, i) for i, name in enumerate(frame.columns, 1)]
        check_names(self.names, SOURCE)

    def batches(self) -> Iterator[FrameBatch]:
        """The rows, as many at a time as are a good number of cells."""
        size = max(FEWEST_ROWS, BATCH_CELLS // max(1, len(self.names)))
        for start in range(0, len(self.frame), size):
            yield FrameBatch(self, np.arange(start, min(start + size, len(self.frame))))

    def meaning(self, dialect: Dialect | None = None) -> Meaning:
        """Missing are an empty text and those of na_values, for pandas knows of the others."""
        return typed_meaning(dialect or self.dialect, ".")

    def advice(self, line: int | None = None) -> str | None:  # noqa: ARG002 - a frame has no lines
        """What may help where a column is not there."""
        return self._hint

    def elsewhere(self, name: str) -> str | None:
        """The index may have the name."""
        named = name in map(str, self.frame.index.names)
        return "the index has this name, and is no column: .reset_index() makes one of it" if named else None

    def label_type(self, column: int) -> LabelType:
        """The type of its cells, or of its categories: NumPy's, nullable ones, or Python's objects of one type."""
        cells = self.frame.iloc[:, column]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            cells = cells.cat.categories.to_series()
        if types.is_float_dtype(cells.dtype):  # as a column of integers becomes where a cell is missing
            values = cells.to_numpy(np.float64, na_value=0.0)
            return int if (np.abs(values) <= LARGEST_WHOLE).all() and (values == np.trunc(values)).all() else str
        if types.is_object_dtype(cells.dtype):
            return {"integer": int, "boolean": bool}.get(types.infer_dtype(cells, skipna=True), str)
        return bool if types.is_bool_dtype(cells.dtype) else int if types.is_integer_dtype(cells.dtype) else str

    def check_texts(self, columns: Sequence[int], hint: str | None = None) -> None:
        """Raise DataError at a column whose type has no texts."""
        for i in columns:
            sort = sort_of(self.frame.iloc[:, i])
            if not has_text(sort):
                raise refused(str(sort), self.names[i], hint)

    def kind(self, column: int) -> Reading | None:
        """NUMBER or TEXT by the type of a column; None for objects of several sorts, and for none at all.

        Raises DataError for a column that is neither.
        """
        sort = sort_of(self.frame.iloc[:, column])
        if isinstance(sort, str):
            raise refused(sort, self.names[column])
        return sort


def check_levels(frame: pd.DataFrame) -> None:
    """Raise UsageError for column names of several levels."""
    if frame.columns.nlevels > 1:
        hint = 'one name a column: frame.columns = ["_".join(map(str, names)) for names in frame.columns]'
        raise UsageError("the columns of the DataFrame have names of several levels", hint=hint)


def name_of(name: Any, position: int) -> str:
    """The name of a column, at a position from 1. Raises DataError for one that is not Unicode text."""
    text = "" if name is None or name is pd.NA or name != name else str(name).strip(BLANKS)  # noqa: PLR0124 - NaN
    if is_broken(text):
        raise DataError(f"the name of column {position} is {NOT_UNICODE}", source=SOURCE, hint=HALF)
    return text


def sort_of(column: "pd.Series[Any]") -> Reading | str | None:
    """NUMBER, TEXT, None where the texts of objects decide or there is no value; or what it is that is neither."""
    dtype = column.dtype
    if isinstance(dtype, pd.ArrowDtype):
        sort: Reading | str | None = _arrow().sort_of(dtype.pyarrow_dtype)
        return sort
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype) or types.is_bool_dtype(dtype):
        return Reading.TEXT
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return Reading.NUMBER
    inferred = types.infer_dtype(column, skipna=True)  # of objects a look at every cell
    if inferred in NUMBERS:
        return Reading.NUMBER
    if inferred in WORDS:
        return Reading.TEXT
    if inferred == "empty":
        return None
    return REFUSED.get(inferred) or _odd_object(column)


def has_text(sort: Reading | str | None) -> bool:
    """Whether the cells of a column of this sort have texts that say all of them."""
    return not isinstance(sort, str) or sort in TEXTS


def _arrow() -> ModuleType:
    """What is known of Arrow's types, which are the same in a frame and in a Parquet file; pyarrow is there then."""
    return import_module("smtrain.sources.parquet.columns")


def _odd_object(column: "pd.Series[Any]") -> str | None:
    """What the first object of a column is whose text does not say all of it, None if there is none."""
    odd = next((cell for cell in column.dropna() if not isinstance(cell, PLAIN)), None)
    return None if odd is None else f"objects of type {type(odd).__name__}"


def refused(sort: str, name: str, hint: str | None = None) -> DataError:
    """The error for a column that is neither of numbers nor of words; its hint is that of a fit, or another."""
    return DataError(f"a column of {sort}", source=SOURCE, column=name, hint=hint or _way_out(sort, name))


def _way_out(sort: str, name: str) -> str:
    """What helps a fit with a column of this sort."""
    column = f"frame[{json.dumps(name, ensure_ascii=False)}]"  # in quotes that part no hint
    by_hand = f"{column}.dt.year, .dt.dayofweek or ({column} - {column}.min()).dt.days make numbers of it"
    ways = {"dates": f"{given('dates', name)} makes numbers of its year, month, day, weekday, hour, days; {by_hand}"}
    way = ways.get(sort, f"{column}.astype(str) makes words of it, float(…) of each cell numbers")
    words = f"; {given('categorical', name)} takes it as words" if has_text(sort) else ""
    return f"{way}{words}; {given('drop', name)} leaves it out"


def _as_floats(column: "pd.Series[Any]") -> NDArray[np.float64]:
    """A column of numbers (m,) in float64, NaN where missing."""
    if isinstance(column.dtype, pd.ArrowDtype):
        return np.asarray(_arrow().floats(_arrow().array_of(column)))
    if types.is_object_dtype(column.dtype):
        return np.array([np.nan if _is_missing(cell) else _as_float(cell) for cell in column], np.float64)
    return np.asarray(column.to_numpy(np.float64, na_value=np.nan), np.float64)


def _as_float(cell: Any) -> float:
    """A number as a float; one that is too large for that as an infinite one."""
    try:
        return float(cell)
    except OverflowError:
        return np.inf if cell > 0 else -np.inf


def _is_missing(cell: Any) -> bool:
    """Whether pandas says that an object is missing; of a NaN that signals it would raise."""
    return cell.is_nan() if isinstance(cell, Decimal) else bool(pd.isna(cell))


def text_cells(column: "pd.Series[Any]") -> TextCells:
    """A column as codes (m,) and texts, in the order of their first sight; −1 where pandas says that it is missing."""
    if types.is_object_dtype(column.dtype) and types.infer_dtype(column, skipna=True) != "string":
        # Objects that are equal may have other texts, as 1, True and Decimal("1.0") have.
        return coded(np.arange(len(column)), [None if _is_missing(cell) else text_of(cell) for cell in column])
    if isinstance(column.dtype, pd.ArrowDtype):
        cells: TextCells = _arrow().text_cells(_arrow().array_of(column))
        return cells
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _of_categories(column)
    codes, values = pd.factorize(column)
    return coded(codes, [text_of(value) for value in _in_own_width(values, column.dtype)])


def _of_categories(column: "pd.Series[Any]") -> TextCells:
    """The cells of a column of categories."""
    codes, used = pd.factorize(column.cat.codes.to_numpy())
    cells = text_cells(pd.Series(column.cat.categories.take(used[used >= 0])))
    texts = (cells.levels[code] for code in cells.codes)
    return coded(codes, [next(texts) if code >= 0 else None for code in used])


def _in_own_width(values: Any, dtype: Any) -> Any:
    """The values of a column of this type, of which pandas gives floats in 64 bits, with more digits than they have."""
    return np.asarray(values, dtype) if isinstance(dtype, np.dtype) and dtype.kind == "f" else values
