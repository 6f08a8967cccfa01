"""Ways to read a batch of rows: as far as it can be read, and with words in columns of numbers."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TypeVar

from smtrain.errors import DataError
from smtrain.sources.interface import Batch, Reading, Readings, Rows, positions
from smtrain.sources.meaning import Meaning

T = TypeVar("T")


def until_fault(read: Callable[[Batch], T], batch: Batch) -> tuple[T | None, DataError | None]:
    """What `read` makes of the rows before the first that cannot be read, None for no rows; and the error of that."""
    rows: Batch | None = batch
    fault: DataError | None = None
    while rows is not None:
        try:
            return read(rows), fault
        except DataError as error:  # an earlier row may have another one
            rows, fault = rows.before(error), error
    return None, fault


def read_leniently(batch: Batch, readings: Readings, meaning: Meaning, strict: Collection[int] = ()) -> Rows:
    """Like `batch.read`, but a number column with a cell that is neither a number nor missing is read as text.

    Columns that are `strict` are not: such a cell is a DataError there. In a column that is read as text for this
    reason those cells are missing that are so in a column of numbers.
    """
    try:
        return batch.read(readings)
    except DataError as error:
        if error.column is None:
            raise
    # Which columns it is only their texts tell: all are read as text, then those alone that have a word.
    lenient = [i for i in positions(readings, Reading.NUMBER) if i not in strict]
    rows = batch.read(_as_text(readings, lenient))
    wrong = [i for i in lenient if not all(map(meaning.can_read, rows.texts(i).levels))]
    rows = batch.read(_as_text(readings, wrong))
    texts = {i: rows.texts(i).without(meaning.is_missing_number) for i in wrong}
    return replace(rows, columns=rows.columns | texts)


def _as_text(readings: Readings, columns: Collection[int]) -> Readings:
    """The same readings, with text in some columns."""
    return tuple(Reading.TEXT if i in columns else reading for i, reading in enumerate(readings))
