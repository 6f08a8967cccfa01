"""A model as tables, or as one JSON document."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtrain.encoding import NumericColumn
from smtrain.model import Model
from smtrain.reports.fit import outcome
from smtrain.reports.inference import inference_document, print_inference
from smtrain.reports.notices import notices, warnings
from smtrain.reports.tables import print_table
from smtrain.reports.text import show
from smtrain.standard_errors import Inference

if TYPE_CHECKING:
    from rich.console import Console

MOST_FEATURES, MOST_CLASSES = 200, 30


def document(model: Model, base: int | None = None, found: Inference | None = None) -> dict[str, Any]:
    """Everything in the model, with the weights both as fitted (per deviation) and in the units of the file.

    Those in the units of the file are counted from the class at `base`, if there is one.
    """
    W, b = _from_base(model, base)
    return {
        "classes": list(model.classes),
        "features": list(model.features),
        "schema": model.encoder.schema(),
        "weights": model.W.tolist(),
        "intercept": model.b.tolist(),
        "raw_weights": W.tolist(),
        "raw_intercept": b.tolist(),
        "fit": model.fit,
        "reference": None if base is None else model.classes[base],
        "inference": None if found is None else inference_document(found),
    }


def _from_base(model: Model, base: int | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    W, b = model.raw_weights
    return (W, b) if base is None else (W - W[:, [base]], b - b[base])


def print_model(console: "Console", model: Model, base: int | None = None, found: Inference | None = None) -> None:
    """Print the record of the fit, the columns, and the weights by column and class, or what is inferred of them."""
    fit, encoder = model.fit, model.encoder
    console.print(f"target {show(encoder.target)}, {len(model.classes)} classes, {fit['rows']:,} rows")
    console.print(outcome(model))
    options = fit["options"]
    console.print(f"{options['solver']}, l2 = {options['l2']:g}, tolerance {options['tol']:g}, {options['precision']}")
    for line in [*notices(model), *warnings(model)]:
        console.print(line)
    console.print()
    counts = fit["class_counts"]
    print_table(console, ["class", "rows"], [[c, f"{n:,}"] for c, n in zip(model.classes, counts, strict=True)])
    console.print()
    print_table(console, ["column", "kind", "what"], [_column_row(column) for column in encoder.columns], texts=3)
    for name, reason in encoder.ignored:
        console.print(f"ignored {show(name) or '(no name)'}: {reason}")
    console.print()
    if found is None:
        _print_weights(console, model, base)
    else:
        print_inference(console, found)


def _column_row(column: Any) -> list[str]:
    if isinstance(column, NumericColumn):
        gaps = ", with an indicator of missing cells" if column.missing else ""
        return [column.name, "numeric", f"mean {column.mean:.4g}, deviation {column.scale:.4g}{gaps}"]
    levels = ", ".join("(missing)" if level is None else level for level in column.levels[:20])
    return [column.name, "categorical", f"{len(column.levels)} levels: {levels}"]


def _print_weights(console: "Console", model: Model, base: int | None) -> None:
    """The weights in the units of the file; those of the largest effect first where there are too many."""
    W, b = _from_base(model, base)
    K = min(len(model.classes), MOST_CLASSES)
    effect = np.abs(model.W).max(axis=1)
    order = np.argsort(-effect, kind="stable")[:MOST_FEATURES]
    chosen = range(len(effect)) if len(effect) <= MOST_FEATURES else sorted(order.tolist())
    against = "" if base is None else f", against the class {show(model.classes[base])}"
    console.print(
        f"weights, in the units of the file{against}" + ("" if len(effect) <= MOST_FEATURES else _cut(len(effect)))
    )
    rows = [["(intercept)", *(f"{x:.5g}" for x in b[:K])]]
    rows += [[model.features[j], *(f"{x:.5g}" for x in W[j, :K])] for j in chosen]
    print_table(console, ["feature", *model.classes[:K]], rows)
    if len(model.classes) > K:
        console.print(f"{len(model.classes) - K} more classes: --json has them")


def _cut(count: int) -> str:
    return f": the {MOST_FEATURES} of {count:,} features with the largest effect; --json has all"
