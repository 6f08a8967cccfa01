"""The data contract of the rows of a fit, from what was gathered of them: a small part of the work of reading them."""

import numpy as np

from smtrain.fitting.gathering import Gatherer
from smtrain.fitting.raw import ColumnMoments, code_counts, sampled
from smtrain.model.contract import WIDTH, Contract, numbers_line, sample_rows
from smtrain.model.encoder import CategoricalColumn, Column
from smtrain.partitions.interface import Home


def contract_of(
    got: Gatherer, columns: list[tuple[int, Column]], moments: dict[int, ColumnMoments], home: Home
) -> Contract:
    """The contract of the `columns` of an encoder, with their positions in the table, whose numbers have `moments`."""
    words = {i: column for i, column in columns if isinstance(column, CategoricalColumn)}
    numbers = [i for i, _ in columns if i not in words]
    sample = sampled(got.raw, [got.slots[i] for i in numbers], sample_rows(got.rows, len(numbers)))
    found = [(moments[i].low, moments[i].high, moments[i].missing / got.rows) for i in numbers]
    lines = [numbers_line(cells, *column) for cells, column in zip(sample, found, strict=True)]
    counts = code_counts(got.raw, {i: len(got.vocabularies[i].codes) for i in words}, home)
    shares = [
        counts[i][[got.vocabularies[i].codes[level] for level in column.levels]] / got.rows
        for i, column in words.items()
    ]
    return Contract(np.array(lines).reshape(-1, WIDTH), np.concatenate([np.empty(0), *shares]))
