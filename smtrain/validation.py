"""Rows set aside for validation: a share of the table, or another file."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from smtrain.config import FitConfig
from smtrain.errors import DataError
from smtrain.holdout import validation_rows
from smtrain.learning import Learned
from smtrain.predicting import labelled
from smtrain.softmax import Partition
from smtrain.sources import open_table


def with_validation(learned: Learned, threads: int) -> Learned:
    """The same, with the rows set aside that the options ask for. Raises DataError if there are none."""
    config, partitions = learned.config, learned.partitions
    if config.validation is None:
        return learned
    if isinstance(config.validation, str):
        training = partitions.rows
        for partition in _partitions(config.validation, learned, threads):
            partitions.append(partition)
        aside = np.arange(partitions.rows) >= training
    else:
        aside = validation_rows(partitions.labels, config.validation, config.seed)
    if not aside.any():
        raise DataError(
            "no row can be set aside for validation: every class needs one for training", source=_source(config)
        )
    return replace(learned, partitions=partitions.set_aside(aside), validation_rows=int(aside.sum()))


def _source(config: FitConfig) -> str:
    return config.validation if isinstance(config.validation, str) else f"--validation {config.validation}"


def _partitions(path: str, learned: Learned, threads: int) -> Iterator[Partition]:
    """The rows of a labelled file, encoded like those of the fit."""
    encoder, table = learned.encoder, open_table(path, learned.encoder.dialect)
    readings = encoder.readings(table, labels=True, model="the training data")
    dtype = np.float32 if learned.config.precision == "float32" else np.float64
    start = learned.partitions.rows
    for rows in table.rows(lambda: readings, threads):
        y, v = labelled(encoder, table.names, rows)
        yield Partition(encoder.encode(rows, table.names, dtype), y, v * learned.factors[y], start)
        start += rows.count
