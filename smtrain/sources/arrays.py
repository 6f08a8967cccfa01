"""Arrays and labels beside a table, as one DataFrame: its columns have names, and the labels are one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from smtrain.errors import UsageError, quoted
from smtrain.sources.arguments import wrong

# The names of labels and weights that have none.
LABELS, WEIGHTS = "y", "weight"


@dataclass(frozen=True)
class Together:
    """A table with labels and weights among its columns, by the names of these; None for what was not given."""

    frame: pd.DataFrame
    target: str | None
    weight: str | None


def is_array(data: Any) -> bool:
    """Whether data is a NumPy array, or a sparse matrix."""
    return isinstance(data, np.ndarray) or hasattr(data, "tocsr")


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
    columns = [f"x{j}" for j in range(1, data.shape[1] + 1)] if names is None else list(names)
    if len(columns) != data.shape[1]:
        raise UsageError(f"there are {len(columns)} names for {data.shape[1]} columns")
    return pd.DataFrame(data, columns=columns)


def together(data: Any, y: Any, sample_weight: Any, names: Sequence[str] | None) -> Together:
    """A DataFrame or an array with labels `y` (n,) and weights (n,) as columns behind its own.

    Raises UsageError for labels or weights that do not belong to the rows, or that are among the columns already.
    """
    if is_array(data):
        frame = frame_of(data, names)
        if y is None:
            raise UsageError("an array has no labels", hint="fit(X, y)")
    elif isinstance(data, pd.DataFrame) and names is None:
        frame = data
    elif isinstance(data, pd.DataFrame):
        raise UsageError("names are for arrays: a DataFrame has its own")
    else:
        raise UsageError(
            "labels and weights go with a DataFrame or an array", hint="of a file, name the columns: target=, weight="
        )
    added = {}
    for what, values, name in (("labels", y, LABELS), ("weights", sample_weight, WEIGHTS)):
        if values is not None:
            added[what] = _column(what, values, frame, name)
    frame = frame.assign(**{str(column.name): column.set_axis(frame.index) for column in added.values()})
    found = {what: str(column.name) for what, column in added.items()}
    return Together(frame, found.get("labels"), found.get("weights"))


def _column(what: str, values: Any, frame: pd.DataFrame, usual: str) -> "pd.Series[Any]":
    """The values as a column with a name of its own."""
    if isinstance(values, str | pd.DataFrame) or not hasattr(values, "__len__"):
        raise wrong(what, values, "an array or a Series", 'target="name" and weight="name" name columns of the data')
    if np.ndim(values) != 1:
        raise UsageError(f"the {what} have the shape {np.shape(values)}, and must have one dimension", hint="y.ravel()")
    if len(values) != len(frame):
        raise UsageError(f"there are {len(values):,} {what} for {len(frame):,} rows")
    if isinstance(values, pd.Series) and not values.index.equals(frame.index):
        hint = "y.loc[X.index] puts them in the order of the rows; y.to_numpy() takes them as they are"
        raise UsageError(f"the {what} have another index than the rows", hint=hint)
    own = getattr(values, "name", None)
    if own is not None and str(own) in set(map(str, frame.columns)):
        hint = f"X.drop(columns={str(own)!r}), or name the column in place of the {what}"
        raise UsageError(f"the {what} are called {quoted(str(own))}, and so is a column of the data", hint=hint)
    name = str(own) if own is not None else _free(usual, frame)
    try:
        return pd.Series(values, name=name, copy=False)
    except UnicodeEncodeError:  # texts that no file can hold are told when they are read, with their row
        return pd.Series(values, name=name, dtype=object)


def _free(name: str, frame: pd.DataFrame) -> str:
    """A name that no column has."""
    taken = set(map(str, frame.columns))
    while name in taken:
        name += "_"
    return name
