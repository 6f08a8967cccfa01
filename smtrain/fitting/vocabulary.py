"""The distinct texts of a column, collected while it is read, put in their final order at the end."""

import re

import numpy as np
from numpy.typing import NDArray

from smtrain.model.encoder import MISSING_LEVEL
from smtrain.sources.cells import TextCells

WHOLE = re.compile(r"[+-]?[0-9]+")
# Python refuses to make a number of more than 4,300 digits; so long a text has no value to be put in order by.
LONGEST_WHOLE = 1000


class Vocabulary:
    """Texts in the order of their first sight, each with its code; and how many cells were missing."""

    def __init__(self) -> None:
        self.codes: dict[str | None, int] = {}
        self.missing = 0

    def new(self, cells: TextCells) -> list[str]:
        """The levels of `cells` that are not known yet."""
        return [level for level in cells.levels if level not in self.codes]

    def add(self, cells: TextCells) -> NDArray[np.int32]:
        """Codes (n,) of the cells; new texts are added."""
        known = self.codes
        table = [known.setdefault(level, len(known)) for level in cells.levels]
        missing = int((cells.codes < 0).sum())
        if missing:
            self.missing += missing
            table.append(known.setdefault(MISSING_LEVEL, len(known)))
        return np.take(np.array(table, np.int32), cells.codes)

    def texts(self) -> list[str]:
        """The texts in the order of their first sight."""
        return [text for text in self.codes if text is not None]

    def ordered(self) -> list[str | None]:
        """The texts in their final order: whole numbers by value, other texts by their characters, missing last."""
        texts = [text for text in self.codes if text is not None]
        return [*sorted(texts, key=_text_order), *([MISSING_LEVEL] if MISSING_LEVEL in self.codes else [])]

    def recoding(self, ordered: list[str | None], first: int) -> NDArray[np.intp]:
        """The table from codes of first sight to places in `ordered`, counted from `first`."""
        table = np.zeros(len(self.codes), np.intp)
        table[[self.codes[text] for text in ordered]] = np.arange(first, first + len(ordered))
        return table


def _text_order(text: str) -> tuple[int, int, str]:
    whole = len(text) <= LONGEST_WHOLE and WHOLE.fullmatch(text)
    return (0, int(text), text) if whole else (1, 0, text)
