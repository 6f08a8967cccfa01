"""A table from what a caller names: files of text or Parquet, standard input, a DataFrame."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from smtrain.errors import UsageError, quoted
from smtrain.sources.arrays import Together, no_table
from smtrain.sources.dates import DatedSource
from smtrain.sources.delimited import Delimited
from smtrain.sources.dialect import Dialect
from smtrain.sources.files import File, display_name, is_parquet, is_stream
from smtrain.sources.frame import Frame
from smtrain.sources.interface import Source
from smtrain.sources.pyarrow_later import needing
from smtrain.sources.table import Table

WANTED = "paths of CSV or Parquet files, or a pandas DataFrame"
T = TypeVar("T")
PathLike = str | os.PathLike[str]
Data = PathLike | Sequence[PathLike] | pd.DataFrame | np.ndarray[Any, Any] | Together | Table


def open_table(
    data: Data,
    dialect: Dialect,
    *,
    fitting: bool = False,
    piece: int | None = None,
    hint: str | None = None,
    called: str | None = None,
) -> Table:
    """Open a CSV or Parquet file, several with the same columns, standard input ("-"), or a DataFrame, or a table.

    `fitting` says that the options of a fit are at hand: messages then name the one that helps. `piece` is the size of
    the pieces that are parsed at once, in bytes; None takes what is fast, and changes nothing else. `hint` is for those
    who look for a column of a DataFrame that is not there. `called` is what messages call a single file, None its path.
    """
    if isinstance(data, Table):
        return data
    source = _source(data, dialect, hint, fitting=fitting, piece=piece, called=called)
    return Table(DatedSource(source) if dialect.dates else source)


def _source(
    data: Any, dialect: Dialect, hint: str | None, *, fitting: bool, piece: int | None, called: str | None
) -> Source:
    """The source of what a caller names."""
    in_frame = replace(dialect, header=True, delimiter=",", decimal=".")
    if isinstance(data, pd.DataFrame):
        return Frame(data, in_frame, hint, fitting=fitting)
    if isinstance(data, Together):
        return Frame(data.frame, in_frame, hint, fitting=fitting, array=data.array, unnamed=data.unnamed)
    names = _paths(data)
    if not names:
        raise UsageError("no data was given")
    parquet = [is_parquet(name) for name in names]
    if any(parquet):
        return _parquet(names, parquet, dialect, fitting=fitting, piece=piece, called=called)
    files = [(shown, File(name, shown)) for name in names for shown in [called or display_name(name)]]
    return Delimited(files, dialect, fitting=fitting, piece=piece)


def read_again(data: T, who: str) -> T | list[Any]:
    """The data, to be opened more than once by `who`: an iterator, which ends once, as a list.

    Raises UsageError for a pipe among them.
    """
    several = list(data) if isinstance(data, Iterator) else data
    for path in filter(is_stream, _among(several)):
        what = f"{display_name(path)}: {who} reads the data twice, and a pipe can be read once"
        raise UsageError(what, hint="write it to a file, and give its path")
    return several


def paths_of(data: object) -> list[str]:
    """The names of the files among data that can be opened more than once; none of frames and arrays."""
    return [display_name(path) for path in _among(data)]


def _among(data: object) -> list[str]:
    things: Sequence[Any] = data if isinstance(data, list | tuple) else [data]
    return [_path(thing) for thing in things if _is_path(thing)]


def _parquet(
    names: list[str],
    parquet: list[bool],
    dialect: Dialect,
    *,
    fitting: bool,
    piece: int | None,
    called: str | None,
) -> Source:
    """Parquet files, of which pyarrow is loaded for. Raises UsageError without it, and for other files among them."""
    if not all(parquet):
        one, other = names[parquet.index(True)], names[parquet.index(False)]
        what = f"{quoted(one)} is a Parquet file, and {quoted(display_name(other))} is not"
        raise UsageError(f"{what}: files that are read one after another are of one kind", hint="convert one of them")
    with needing(f"{quoted(names[0])} is a Parquet file, which is read"):
        from smtrain.sources.parquet.source import Parquet
    return Parquet(names, dialect, fitting=fitting, batch=piece, called=called)


def _paths(data: Any) -> list[str]:
    """The paths of files. Raises UsageError with the way out for other things that people have tables in."""
    if _is_path(data):
        return [_path(data)]
    if (
        not isinstance(data, Iterable)
        or isinstance(data, bytes | Mapping | pd.Series | np.ndarray)
        or hasattr(data, "read")
    ):
        raise no_table(data, WANTED)
    paths = list(data)
    if not all(map(_is_path, paths)):
        raise no_table(data if isinstance(data, list | tuple) or hasattr(data, "to_pandas") else paths, WANTED)
    return [_path(path) for path in paths]


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _path(path: PathLike) -> str:
    """A path as text. Raises UsageError for one of bytes."""
    text = os.fspath(path)
    if isinstance(text, bytes):
        raise no_table(text, WANTED)
    return text
