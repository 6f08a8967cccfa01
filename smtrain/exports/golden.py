"""Golden rows: rows of every kind with what the model says of them, which an export is held against."""

from collections.abc import Iterator, Sequence

import pandas as pd

from smtrain.exports.interface import Golden, Numbers, Portable, Row, Words
from smtrain.model.contract import HIGH, LOW
from smtrain.scoring.predict import predict_proba
from smtrain.sources.dialect import LARGEST

# How many deviations from the mean the numbers of the row that is far out are: its probabilities are nearly 0 and 1.
FAR = 100.0
# How many levels of each column of words have a row of their own, and how many columns.
MOST_LEVELS, MOST_COLUMNS = 4, 20
UNSEEN = "no such level"


def golden_of(portable: Portable) -> Golden:
    """Rows that are ordinary, all missing, of unseen levels, at the ends of the ranges and beyond them."""
    values = portable.meaning.values
    rows = [{name: None if cell in values else cell for name, cell in row.items()} for row in _rows(portable)]
    return Golden(rows, probabilities(portable, rows))


def _rows(portable: Portable) -> Iterator[Row]:
    mean: Row = {one.name: one.mean if isinstance(one, Numbers) else _level(one, 0) for one in portable.columns}
    yield mean
    yield dict.fromkeys(mean)
    yield mean | {one.name: _unseen(one) for one in portable.words}
    for side, place in ((LOW, 0), (HIGH, -1)):
        yield _ends(portable, side) | {one.name: _level(one, place) for one in portable.words}
    yield mean | {one.name: _beside(one, FAR * (-1) ** i) for i, one in enumerate(portable.numbers)}
    for one in portable.numbers[:MOST_COLUMNS]:
        yield mean | {one.name: None}
    for column in portable.words[:MOST_COLUMNS]:
        yield from (mean | {column.name: level} for level in [*column.levels][1:MOST_LEVELS])


def _ends(portable: Portable, side: int) -> Row:
    """The least or the largest numbers of training; of a model without a contract a deviation from the mean."""
    contract, numbers = portable.model.contract, portable.numbers
    if contract is None:
        return {one.name: _beside(one, 1 if side == HIGH else -1) for one in numbers}
    ends = contract.numbers[:, side].tolist()
    return {one.name: end for one, end in zip(numbers, ends, strict=True)}


def _beside(column: Numbers, deviations: float) -> float:
    """A number so many deviations from the mean, or the last that predict takes."""
    return min(max(column.mean + deviations * column.scale, -LARGEST), LARGEST)


def _level(column: Words, place: int) -> str | None:
    levels = [*column.levels]
    return levels[place] if levels else None


def _unseen(column: Words) -> str:
    name = UNSEEN
    while name in column.levels:
        name += "!"
    return name


def probabilities(portable: Portable, rows: Sequence[Row]) -> list[list[float]]:
    """What `predict_proba` says of rows, (n, K)."""
    types = {one.name: "float64" if isinstance(one, Numbers) else "str" for one in portable.columns}
    columns = {name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in types.items()}
    found: list[list[float]] = predict_proba(portable.model, pd.DataFrame(columns), on_unknown="ignore").tolist()
    return found
