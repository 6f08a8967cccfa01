"""Cells of text as codes, and a way to read those of an outer column without parsing the rows."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LONGEST_EDGE = 8  # a label of so many bytes is a single number to the machine


@dataclass(frozen=True)
class TextCells:
    """Cells of text: `codes` (n,) into `levels`, the distinct texts; −1 where missing."""

    codes: NDArray[np.integer[Any]]
    levels: list[str]

    def without(self, missing: Callable[[str], bool]) -> "TextCells":
        """The same cells, those missing whose text is."""
        gone = [missing(level) for level in self.levels]
        if not any(gone):
            return self
        places = np.cumsum(~np.array(gone)) - 1
        table = np.append(np.where(gone, -1, places), -1)  # a missing cell's −1 takes the last
        return TextCells(table[self.codes], [level for level, out in zip(self.levels, gone, strict=True) if not out])

    def labels(self) -> "TextCells":
        """The same cells as labels: one that is missing is the empty text."""
        gaps = self.codes < 0
        return TextCells(np.where(gaps, len(self.levels), self.codes), [*self.levels, ""]) if gaps.any() else self


def edge_cells(text: bytes, delimiter: str, *, last: bool) -> TextCells | None:
    """The cells of the first or last of several columns, as they stand, where no quotes are and all cells are short.

    Every line of `text` must end in LF alone: a cell's place is told by its distance from there.

    A column of text costs pandas more than many columns of numbers, and next to them the time for a copy of each; most
    tables of numbers have one, the label, at their edge. Its cells are found by their distance from the line ends.
    """
    if b'"' in text:
        return None
    characters = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    if last:
        places = (ends - 1)[:, None] - np.arange(LONGEST_EDGE + 1)
    else:
        places = np.append(0, ends[:-1] + 1)[:, None] + np.arange(LONGEST_EDGE + 1)
    near = characters[np.clip(places, 0, len(characters) - 1)]
    borders = near == ord(delimiter)
    if not borders.any(axis=1).all():
        return None
    inside = np.arange(LONGEST_EDGE) < borders.argmax(axis=1)[:, None]
    codes, levels = pd.factorize(np.where(inside, near[:, :-1], np.uint8(0)).view(np.uint64)[:, 0])
    texts = [level.tobytes().rstrip(b"\0") for level in levels]
    return TextCells(codes, [(cell[::-1] if last else cell).decode() for cell in texts])


def quoted_cell(text: str, delimiter: str) -> str:
    """A text as a CSV cell."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow([text])  # quotes CR and LF for being its own
    return out.getvalue().removesuffix("\r\n")


def unquoted_cell(cell: str) -> str:
    """The text of a CSV cell."""
    return next(csv.reader([cell], delimiter="\0"))[0] if cell.startswith('"') else cell
