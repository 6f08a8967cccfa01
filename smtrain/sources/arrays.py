"""Arrays and labels beside a table, as one DataFrame: its columns have names, and the labels are one of them."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api import types

from smtrain.errors import DataError, UsageError, quoted
from smtrain.sources.arguments import BYTES, wrong
from smtrain.sources.frame import SOURCE, check_levels
from smtrain.sources.header import NO_COLUMNS


class Beside(NamedTuple):
    """What is given beside a table: `what` it is, the `argument` that it is, and its name as a column without one."""

    what: str
    argument: str
    name: str


LABELS, WEIGHTS = Beside("labels", "y", "y"), Beside("weights", "sample_weight", "weight")
GROUPS = Beside("groups", "groups", "groups")


@dataclass(frozen=True)
class Together:
    """A table with labels and weights among its columns, by the names of these; None for what was not given.

    `unnamed` are those of the two names that are smtrain's own, for values without one. `array` are the names of the
    columns of an array, in order; there are none of other tables.
    """

    frame: pd.DataFrame
    target: str | None
    weight: str | None
    unnamed: tuple[str, ...] = ()
    array: tuple[str, ...] = ()


def is_array(data: Any) -> bool:
    """Whether data is a NumPy array, or a sparse matrix."""
    return isinstance(data, np.ndarray) or hasattr(data, "tocsr")


def is_values(argument: Any) -> bool:
    """Whether an argument has a value for each row, and is not the name of a column, or a list of that name."""
    return types.is_list_like(argument) and hasattr(argument, "__getitem__") and len(argument) != 1


def frame_of(data: Any, names: Sequence[str] | None = None) -> pd.DataFrame:
    """An array (n, p) as a DataFrame whose columns are `names`, or x1 … xp. Raises UsageError for another shape."""
    if hasattr(data, "tocsr"):
        raise UsageError(
            "the data are a sparse matrix, and smtrain takes none", hint="X.toarray(), if it fits in memory"
        )
    if data.dtype.names is not None:
        raise UsageError("the data are an array of records", hint="pandas.DataFrame(array) makes a table of them")
    if data.ndim != 2:
        hint = "X.reshape(-1, 1) is one column, X.reshape(1, -1) one row" if data.ndim == 1 else None
        raise UsageError(f"an array of data must have rows and columns, and has the shape {data.shape}", hint=hint)
    if data.dtype == bool:
        data = data.view(np.uint8)  # in an array booleans are numbers, as they are to NumPy
    columns = [f"x{j}" for j in range(1, data.shape[1] + 1)] if names is None else _names(names)
    if len(columns) != data.shape[1]:
        raise UsageError(f"there are {len(columns)} names for {data.shape[1]} columns")
    return pd.DataFrame(data, columns=columns)


def _names(names: Any) -> list[str]:
    """The names of an array's columns, which may be numbers. Raises UsageError for what is no list of names."""
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise wrong("names", names, "a list of names, one for each column of the array")
    names = list(names)
    for name in names:
        number = isinstance(name, Real) and not isinstance(name, bool) and not math.isnan(name)
        if not number and not isinstance(name, str):
            raise wrong("a name of names", name, "a text")
    return list(map(str, names))


def together(
    data: Any,
    y: Any,
    sample_weight: Any,
    names: Any = None,
    *,
    labels: str | None = None,
    weights: str | None = None,
) -> Together:
    """A DataFrame or an array with labels `y` (n,) and weights (n,) as columns.

    They are called `labels` and `weights`; where these are None, as the Series are, or "y" and "weight". The column
    that is last stays so if no labels are given, for it may be that of the labels.
    Raises UsageError for labels or weights that do not belong to the rows, or that are among the columns already.
    """
    frame = _table(data, names)
    if y is None and is_array(data):
        raise UsageError("an array has no labels", hint="fit(X, y), doctor(X, y), evaluate(model, X, y)")
    if y is None and not len(frame.columns):
        raise DataError(NO_COLUMNS, source=SOURCE)
    target = None if y is None else _column(LABELS, y, frame, labels)
    weight = None if sample_weight is None else _column(WEIGHTS, sample_weight, frame, weights)
    if target is not None and weight is not None and target.name == weight.name:
        weight = weight.rename(_free(str(weight.name), frame.assign(**{str(target.name): 0})))
    array = tuple(map(str, frame.columns)) if is_array(data) else ()
    frame = frame.copy(deep=False)
    unnamed = []
    for column, values, named in ((target, y, labels), (weight, sample_weight, weights)):
        if column is not None:
            last = max(0, len(frame.columns) - (y is None))
            frame.insert(last, str(column.name), column.set_axis(frame.index))
            if str(column.name) != _own_name(values, named):
                unnamed.append(str(column.name))
    target_name, weight_name = (None if column is None else str(column.name) for column in (target, weight))
    return Together(frame, target_name, weight_name, tuple(unnamed), array)


def with_groups(data: Any, groups: Any) -> tuple[Together, str]:
    """A table with the group of each row (n,) as its first column, and the name of that. Raises as `together`."""
    table = data if isinstance(data, Together) else Together(_table(data, None), None, None)
    column = _column(GROUPS, groups, table.frame, None)
    frame = table.frame.copy(deep=False)
    frame.insert(0, str(column.name), column.set_axis(frame.index))
    return replace(table, frame=frame), str(column.name)


def _table(data: Any, names: Any) -> pd.DataFrame:
    """The table that labels or weights are given beside. Raises UsageError with the way out for other things."""
    if is_array(data):
        return frame_of(data, names)
    if names is not None:
        own = "a DataFrame has its own" if isinstance(data, pd.DataFrame) else "other tables have their own"
        raise UsageError(f"names are for arrays: {own}")
    if isinstance(data, pd.DataFrame):
        check_levels(data)
        return data
    if _is_paths(data):
        hint = "of a file, name the columns: target=, weight=, groups="
        raise UsageError("labels, weights and groups go with a DataFrame or an array", hint=hint)
    raise no_table(data, "a DataFrame or an array where labels or weights are given beside them")


def _is_paths(data: Any) -> bool:
    """Whether data are the path of a file, or those of several."""
    several = data if isinstance(data, list | tuple) and data else [data]
    return all(isinstance(path, str | os.PathLike) for path in several)


def no_table(data: Any, wanted: str) -> UsageError:
    """The error for data that are not what is wanted, with the way out for things that people have tables in."""
    if data is None:
        return UsageError(f"the data must be {wanted}, and are None")
    kind = f"of type {type(data).__name__}"
    if isinstance(data, list | tuple):
        odd = next((one for one in data if not isinstance(one, str | os.PathLike)), None)
        kind += "" if odd is None else f", with {type(odd).__name__} in it"
    return UsageError(f"the data must be {wanted}, and are {kind}", hint=_way_out(data))


def _way_out(data: Any) -> str | None:
    """How something becomes a table, if that is known."""
    if hasattr(data, "to_pandas"):
        return ".to_pandas() makes a DataFrame of it"
    if hasattr(data, "read"):
        return "give the path of the file, - for standard input"
    if isinstance(data, list | tuple) and any(isinstance(one, pd.DataFrame) for one in data):
        return "pandas.concat(…) makes one DataFrame of several"
    hints = {
        pd.Series: "series.to_frame().T is a table of one row, series.to_frame() one of one column",
        np.ndarray: "fit(X, y), doctor(X, y); or pandas.DataFrame(array, columns=[…]) gives the columns names",
        Mapping: "pandas.DataFrame(…) makes a table of columns",
        bytes: BYTES,
        list | tuple: "numpy.asarray(X) makes an array of rows of numbers, pandas.DataFrame(X) a table of any",
    }
    return next((hint for kind, hint in hints.items() if isinstance(data, kind)), None)


def _column(beside: Beside, values: Any, frame: pd.DataFrame, named: str | None) -> "pd.Series[Any]":
    """The values as a column with a name of its own."""
    what, argument, usual = beside
    no_array = isinstance(values, str | bytes | pd.DataFrame | Mapping | Set) or not hasattr(values, "__getitem__")
    if no_array or not hasattr(values, "__len__"):
        hint = 'target="name" and weight="name" name columns of the data'
        if isinstance(values, pd.DataFrame) and len(values.columns) == 1:
            hint = f"{argument}.iloc[:, 0] is its column"
        raise wrong(argument, values, "an array or a Series", hint)
    if np.ndim(values) != 1:
        ravel = f"{argument}.ravel()" if np.size(values) == len(frame) else None
        raise UsageError(f"the {what} have the shape {np.shape(values)}, and must have one dimension", hint=ravel)
    if len(values) != len(frame):
        raise UsageError(f"there are {len(values):,} {what} for {len(frame):,} rows")
    if isinstance(values, pd.Series) and not values.index.equals(frame.index):
        hint = (
            f"{argument}.loc[X.index] puts them in the order of the rows; {argument}.to_numpy() takes them as they are"
        )
        raise UsageError(f"the {what} have another index than the rows", hint=hint)
    own = _own_name(values, named)
    if own is not None and own in set(map(str, frame.columns)):
        hint = f"X.drop(columns={own!r}), or name the column in place of the {what}"
        raise UsageError(f"the {what} are called {quoted(own)}, and so is a column of the data", hint=hint)
    name = own if own is not None else _free(usual, frame)
    try:
        column = pd.Series(values, name=name, copy=False)
    except UnicodeEncodeError:  # texts that no file can hold are told when they are read, with their row
        column = pd.Series(values, name=name, dtype=object)
    if beside is WEIGHTS:
        _check_weights(column)
    return column


def _own_name(values: Any, named: str | None) -> str | None:
    """What values are called: `named`, or as they call themselves; None if they have no name."""
    own = getattr(values, "name", None) if named is None else named
    return None if own is None or (isinstance(own, float) and math.isnan(own)) else str(own)


def _check_weights(weights: "pd.Series[Any]") -> None:
    """Raise an error for weights that are no numbers by their type, or infinite."""
    if types.is_bool_dtype(weights.dtype):
        hint = "sample_weight.astype(float) makes numbers of them"
        raise UsageError("the weights must be numbers, and are True and False", hint=hint)
    if types.is_complex_dtype(weights.dtype) or types.is_datetime64_any_dtype(weights.dtype):
        raise UsageError(f"the weights must be numbers, and are of type {weights.dtype}")
    if types.is_float_dtype(weights.dtype):
        infinite = np.flatnonzero(np.isinf(weights.to_numpy(np.float64, na_value=np.nan)))
        if len(infinite):
            what = "a weight must be 0 or a positive number, and is infinite"
            raise DataError(what, source=SOURCE, line=int(infinite[0]), column=str(weights.name))


def _free(name: str, frame: pd.DataFrame) -> str:
    """A name that no column has."""
    taken = set(map(str, frame.columns))
    while name in taken:
        name += "_"
    return name
