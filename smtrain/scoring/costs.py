"""What decisions cost: a matrix with a line for each class of a row, and a column for each that it may be called."""

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from smtrain.errors import DataError, UsageError, listed, quoted
from smtrain.scoring.totals import Array
from smtrain.sources.arguments import path_of
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.notation import is_number, number
from smtrain.sources.paths import native_path

# Classes that a hint names.
MOST_CLASSES = 8


def cost_matrix(name: str, costs: Any, classes: Sequence[str]) -> Array:
    """The cost (K, K) of calling a row of one class another, from a CSV file or a DataFrame with the classes' names.

    `name` is that of the argument. Raises UsageError for a file that cannot be opened, DataError for what is no such
    matrix of finite numbers, or has other classes.
    """
    if isinstance(costs, pd.DataFrame):
        return _in_order(name, costs.rename(index=str, columns=str), classes)
    path = path_of(name, costs, "a path or a DataFrame") or ""
    return _in_order(path, _read(path), classes)


def _read(path: str) -> pd.DataFrame:
    """The cells of a file as texts, with the names of its lines and columns. Raises UsageError and DataError."""
    try:
        text = Path(native_path(path)).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8 text", source=path) from error
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise UsageError(f"cannot read {quoted(path)}: {getattr(error, 'strerror', None) or error}") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[list[str]] = []
    try:
        for line in filter(None, reader):
            lines.append(line)
            if len(line) != len(lines[0]):
                what = f"{len(line)} cells where the header has {len(lines[0])}"
                raise DataError(what, source=path, line=reader.line_num)
    except csv.Error as error:
        raise DataError(f"not CSV: {error}", source=path, line=reader.line_num) from error
    if not lines:
        raise DataError("no costs: the file is empty", source=path)
    return pd.DataFrame([line[1:] for line in lines[1:]], [line[0] for line in lines[1:]], lines[0][1:], dtype=object)


def _in_order(source: str, frame: pd.DataFrame, classes: Sequence[str]) -> Array:
    """The matrix in the order of the classes. Raises DataError for other classes, or what is no finite number."""
    _check_classes(source, "line", list(frame.index), classes)
    _check_classes(source, "column", list(frame.columns), classes)
    ordered = frame.loc[list(classes), list(classes)].to_numpy(object).tolist()
    return np.array(
        [
            [_cost(source, true, called, cell) for called, cell in zip(classes, line, strict=True)]
            for true, line in zip(classes, ordered, strict=True)
        ]
    )


def _check_classes(source: str, what: str, names: Sequence[str], classes: Sequence[str]) -> None:
    """Raise DataError if the names of the lines or columns are not those of the classes, each once."""
    form = f"there is one {what} for each class: {listed(map(quoted, classes), MOST_CLASSES)}"
    for name in names:
        if name not in classes:
            error = f"the model has no class {quoted(name)}"
            raise DataError(error, source=source, hint=did_you_mean(name, classes) or form)
    for name in classes:
        if names.count(name) != 1:
            found = "no" if name not in names else "more than one"
            raise DataError(f"there is {found} {what} for the class {quoted(name)}", source=source, hint=form)


def _cost(source: str, true: str, called: str, cell: Any) -> float:
    """A cell as a number. Raises DataError if it is no finite one."""
    text = str(cell)
    if not is_number(text) or not math.isfinite(number(text)):
        what = f"the cost of calling {quoted(true)} {quoted(called)} is no finite number below 1e152: {quoted(text)}"
        raise DataError(what, source=source)
    return number(text)
