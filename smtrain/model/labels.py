"""The labels and weights of rows that a model is held against, and of rows without a label."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place, UsageError, quoted
from smtrain.model.encoder import Encoder, label_codes
from smtrain.sources.dialect import UNLABELLED
from smtrain.sources.interface import Rows
from smtrain.sources.likeness import did_you_mean
from smtrain.sources.table import Table
from smtrain.sources.usable import is_no_label
from smtrain.wording import given


def skips(unlabelled: str) -> bool:
    """Whether rows without a label are to be left out. Raises UsageError for a word that does not say so, or not."""
    if unlabelled not in UNLABELLED:
        raise UsageError(f"unlabelled is {quoted(unlabelled)}", hint=f"there are {', '.join(UNLABELLED)}")
    return unlabelled == "skip"


def settle_unlabelled(table: Table, unlabelled: str, target: str, classes: Collection[str]) -> None:
    """Have a table leave out the rows whose label is none of `classes`, if that is asked for."""
    if skips(unlabelled) and target in table.names:
        table.skip_unlabelled(table.names.index(target), classes)


# What helps where a label does not.
SKIP = given("unlabelled", "skip") + " leaves out rows without a label that can be used"


def labelled(
    encoder: Encoder, names: Sequence[str], rows: Rows, model: str = "the model", *, hint: str | None = None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Class codes and weights. Raises DataError at the first label that training did not have, or wrong weight."""
    at = names.index(encoder.target)
    y, v = label_codes(rows.texts(at), encoder.classes), np.ones(rows.count)
    # A row of an unknown class has no NLL: the model gives its class no probability at all.
    unknown = np.flatnonzero(y < 0)
    weight = encoder.named_weight
    if weight is not None and weight in names:
        v = rows.number(names.index(weight))
        # What is not learned from may weigh anything. Which error comes first must not hang on where rows are cut.
        check_weights(rows, v[: unknown[0]] if len(unknown) else v, weight, least=0)
    if len(unknown):
        place, text = rows.find(at, lambda cell: cell not in encoder.classes)
        raise _unusable(encoder, place, text, model, hint)
    return y, v


def label_of_row(encoder: Encoder, names: Sequence[str], rows: Rows, i: int) -> int | None:
    """The class code of row i, None if it has no label. Raises DataError for a label that training did not have."""
    cells = rows.texts(names.index(encoder.target))
    text = cells.levels[cells.codes[i]]
    if is_no_label(text):
        return None
    if text not in encoder.classes:
        raise _unusable(encoder, rows.place(i), text, "the model", None)
    return encoder.classes.index(text)


def _unusable(encoder: Encoder, place: Place, text: str, model: str, hint: str | None) -> DataError:
    what = "an empty label" if is_no_label(text) else f"{model} has no class {quoted(text)}"
    near = None if is_no_label(text) else did_you_mean(text, encoder.classes)
    return place.error(what, column=encoder.target, hint="; ".join(filter(None, (near, hint))) or None)


def unusable_weights(weights: NDArray[np.float64], least: float) -> NDArray[np.intp]:
    """The places of the weights that are neither 0 nor positive, from `least` on; those that are NaN among them."""
    return np.flatnonzero(~((weights == 0) | ((weights > 0) & (weights >= least))))


def check_weights(rows: Rows, weights: NDArray[np.float64], name: str, *, least: float) -> None:
    """Raise DataError at the first of the weights (n,) of some rows that is neither 0 nor positive, from `least` on."""
    wrong = unusable_weights(weights, least)
    if len(wrong):
        raise wrong_weight(float(weights[wrong[0]]), name, rows.place(wrong[0]), least=least)


def wrong_weight(weight: float, name: str, place: Place, *, least: float) -> DataError:
    """The error for a weight that is neither 0 nor positive, from `least` on."""
    other = f"at least {least:g}" if weight > 0 else "a positive number"
    return place.error(f"a weight must be 0 or {other}", column=name)


def nothing_to_measure(table: Table, *, rows: bool) -> DataError:
    """The error for a table without rows, or whose rows all have a weight of zero."""
    return DataError("the rows weigh nothing together", source=table.source) if rows else table.no_rows()
