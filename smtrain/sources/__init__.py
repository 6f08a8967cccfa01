"""Where rows come from. Each source yields the bytes of a CSV table; `smtrain.sources.table` reads them all alike.

To add a source: a module with a function that yields bytes, and its line in `open_table`.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from smtrain.config import Dialect
from smtrain.errors import UsageError
from smtrain.sources.files import display_name, read_file
from smtrain.sources.frame import read_frame
from smtrain.sources.table import Table

PathLike = str | os.PathLike[str]
Data = PathLike | Sequence[PathLike] | pd.DataFrame | Table


def open_table(data: Data, dialect: Dialect, *, fitting: bool = False, piece: int | None = None) -> Table:
    """Open a CSV file, several with the same header, standard input ("-"), or a DataFrame. A table is open already.

    `fitting` says that the options of a fit are at hand: messages then name the one that helps. `piece` is the size of
    the pieces of text that are parsed at once, in bytes; None takes what is fast, and changes nothing else.
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, pd.DataFrame):
        dialect = replace(dialect, header=True, delimiter=",", decimal=".")
        return Table([("DataFrame", read_frame(data))], dialect, fitting=fitting, frame=True, piece=piece)
    paths = [data] if isinstance(data, str | os.PathLike) else list(data)
    if not paths:
        raise UsageError("no data was given")
    names = [os.fspath(path) for path in paths]
    streams = [(display_name(name), read_file(name)) for name in names]
    return Table(streams, dialect, fitting=fitting, piece=piece)
