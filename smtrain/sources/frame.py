"""Rows from a pandas DataFrame, as the CSV text that it would be saved as: one contract for both."""

from collections.abc import Iterator

import pandas as pd

ROWS_AT_A_TIME = 10_000


def read_frame(frame: pd.DataFrame) -> Iterator[bytes]:
    """The bytes of `frame` as CSV, without its index. Floats are written so that they read back exactly."""
    # Lines end in CRLF, because before Python 3.11.9 a CR in a cell gets quotes only if the line end has one.
    yield frame.iloc[:0].to_csv(index=False, lineterminator="\r\n").encode()
    for start in range(0, len(frame), ROWS_AT_A_TIME):
        yield (
            frame.iloc[start : start + ROWS_AT_A_TIME].to_csv(index=False, header=False, lineterminator="\r\n").encode()
        )
