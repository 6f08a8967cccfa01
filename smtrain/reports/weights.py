"""A model as tables, or as one JSON document."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtrain.model.encoder import NumericColumn
from smtrain.model.features import intercept_name
from smtrain.model.model import Model
from smtrain.reports.fit import outcome, settings, sparsity, test_lines, unused
from smtrain.reports.inference import inference_document, print_inference
from smtrain.reports.notices import notices, warnings
from smtrain.reports.tables import print_table
from smtrain.reports.text import named, show
from smtrain.scoring.inference import Inference
from smtrain.softmax.ranking import largest_first

if TYPE_CHECKING:
    from rich.console import Console

# Lines and columns of the table of weights, at most; --json has all.
MOST_FEATURES = 200
MOST_CLASSES = 30
# Levels of a column that are named.
MOST_LEVELS = 20
# What stands for a weight that is exactly zero.
ZERO = "·"


def model_document(model: Model, base: int | None = None, inference: Inference | None = None) -> dict[str, Any]:
    """Everything in the model, with the weights both as fitted (per deviation) and in the units of the file.

    Those in the units of the file are counted from the class at `base`, if there is one.
    """
    W, b = _from_base(model, base)
    return {
        "classes": list(model.encoder.classes),
        "features": list(model.features),
        "schema": model.encoder.schema(),
        "weights": model.W.tolist(),
        "intercept": model.b.tolist(),
        "raw_weights": W.tolist(),
        "raw_intercept": b.tolist(),
        "nonzero": int(model.nonzero.sum()),
        "unused": unused(model),
        "fit": model.fit.document(),
        "reference": None if base is None else model.encoder.classes[base],
        "inference": None if inference is None else inference_document(inference),
    }


def _from_base(model: Model, base: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    W, b = model.raw_weights
    return (W, b) if base is None else (W - W[:, [base]], b - b[base])


def print_model(console: "Console", model: Model, base: int | None = None, inference: Inference | None = None) -> None:
    """Print the record of the fit, the columns, and the weights by column and class, or what is inferred of them."""
    fit, encoder = model.fit, model.encoder
    console.print(f"target {show(encoder.target)}, {len(model.encoder.classes)} classes, {fit.rows:,} rows")
    console.print(outcome(model))
    options = fit.options
    console.print(f"{settings(options)}, {options.precision}")
    for line in test_lines(model):
        console.print(line)
    if options.l1:
        console.print(sparsity(model))
    # The record says once more what the fit said: a model may be looked at by somebody who did not see it.
    for line in [*notices(model), *warnings(model)]:
        console.print(line)
    console.print()
    _print_classes(console, model)
    console.print()
    rows = [_column_row(column, used) for column, used in zip(encoder.columns, model.used.tolist(), strict=True)]
    print_table(console, ["column", "kind", "what"], rows, texts=3)
    for name, reason in encoder.ignored:
        console.print(f"ignored {show(name) or '(no name)'}: {reason}")
    if model.data is not None:
        console.print(f"digest of the data {model.data.sha256}")
    console.print()
    if inference is None:
        _print_weights(console, model, base)
    else:
        print_inference(console, inference)


def _print_classes(console: "Console", model: Model) -> None:
    """The rows of each class; and with l1 how many of its weights are not zero."""
    columns = [list(model.encoder.classes), [f"{n:,}" for n in model.fit.class_counts]]
    if model.fit.options.l1:
        columns.append([f"{n:,}" for n in model.nonzero.sum(axis=0).tolist()])
    names = ["class", "rows", "weights not zero"][: len(columns)]
    print_table(console, names, [list(row) for row in zip(*columns, strict=True)])


def _column_row(column: Any, used: bool) -> list[str]:
    unused = "" if used else "not used: "
    if isinstance(column, NumericColumn):
        gaps = ", with an indicator of missing cells" if column.missing else ""
        return [column.name, "numeric", f"{unused}mean {column.mean:.4g}, deviation {column.scale:.4g}{gaps}"]
    rare = f"; {len(column.rare):,} rare ones as one: {_some(column.rare)}" if column.rare else ""
    return [column.name, "categorical", f"{unused}{len(column.levels)} levels: {_some(column.levels)}{rare}"]


def _some(levels: Sequence[str | None]) -> str:
    return ", ".join("(missing)" if level is None else named(level) for level in levels[:MOST_LEVELS])


def _print_weights(console: "Console", model: Model, base: int | None) -> None:
    """The weights in the units of the file, those that are zero as dots; of too many those of the largest effect."""
    W, b = _from_base(model, base)
    K = min(len(model.encoder.classes), MOST_CLASSES)
    effect = np.abs(model.W).max(axis=1)
    # By the weights of standardised columns, which can be compared; what is printed is in the units of the file.
    some = np.flatnonzero(effect)
    order = some[largest_first(effect[some])[:MOST_FEATURES]]
    against = "" if base is None else f", against the class {show(model.encoder.classes[base])}"
    cut = "" if len(some) <= MOST_FEATURES else _cut(len(some))
    console.print(f"weights, in the units of the file{against}{cut}")
    rows = [[intercept_name(model.features), *(f"{x:.5g}" for x in b[:K])]]
    rows += [[model.features[j], *(f"{x:.5g}" if x else ZERO for x in W[j, :K])] for j in sorted(order.tolist())]
    print_table(console, ["feature", *model.encoder.classes[:K]], rows)
    if len(some) < len(effect):
        console.print(f"further features, with all weights zero: {len(effect) - len(some):,}")
    if len(model.encoder.classes) > K:
        console.print(f"{len(model.encoder.classes) - K} more classes: --json has them")


def _cut(count: int) -> str:
    return f": the {MOST_FEATURES} of {count:,} features with the largest effect; --json has all"
