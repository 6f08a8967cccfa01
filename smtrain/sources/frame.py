"""Rows from a pandas DataFrame, as the CSV text that it would be saved as: one contract for both."""

from collections.abc import Iterator

import pandas as pd

from smtrain.errors import DataError, UsageError

SOURCE = "DataFrame"
ROWS_AT_A_TIME = 10_000


def read_frame(frame: pd.DataFrame) -> Iterator[bytes]:
    """The bytes of `frame` as CSV, without its index. Floats are written so that they read back exactly.

    Raises DataError for a cell or a name that is not Unicode text, UsageError for names of several levels.
    """
    if frame.columns.nlevels > 1:
        hint = 'one name a column: frame.columns = ["_".join(map(str, names)) for names in frame.columns]'
        raise UsageError("the columns of the DataFrame have names of several levels", hint=hint)
    yield _written(frame.iloc[:0], 0, header=True)
    for start in range(0, len(frame), ROWS_AT_A_TIME):
        yield _written(frame.iloc[start : start + ROWS_AT_A_TIME], start, header=False)


def _written(frame: pd.DataFrame, start: int, *, header: bool) -> bytes:
    # Lines end in CRLF, because before Python 3.11.9 a CR in a cell gets quotes only if the line end has one.
    try:
        return frame.to_csv(index=False, header=header, lineterminator="\r\n").encode()
    except UnicodeEncodeError as error:
        raise _no_text(frame, start) from error


def _no_text(frame: pd.DataFrame, start: int) -> DataError:
    """The error for the first name or cell with half of a surrogate pair, which no file can hold."""
    what, hint = "not Unicode text", "replace half surrogates, for example: .encode(errors='replace').decode()"
    for i, name in enumerate(frame.columns):
        if _broken(str(name)):
            return DataError(f"the name of column {i + 1} is {what}", source=SOURCE, line=1, hint=hint)
        for row, cell in enumerate(frame.iloc[:, i]):
            if isinstance(cell, str) and _broken(cell):
                return DataError(what, source=SOURCE, line=start + row + 2, column=str(name), hint=hint)
    return DataError(what, source=SOURCE, hint=hint)


def _broken(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
