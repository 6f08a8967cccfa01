"""An evaluation as tables, or as one JSON document."""

from typing import TYPE_CHECKING, Any

import numpy as np

from smtrain.api import Evaluation
from smtrain.reports.tables import number, print_table, weight
from smtrain.reports.text import show, width_of

if TYPE_CHECKING:
    from rich.console import Console

MOST_CONFUSIONS, MOST_COLUMNS, MOST_DENSE = 20, 60, 1000


def document(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation with stable keys; undefined metrics of a class are null."""
    classes, found = evaluation.classes, evaluation.class_metrics
    per_class = {
        name: {metric: None if np.isnan(values[k]) else float(values[k]) for metric, values in found.items()}
        for k, name in enumerate(classes)
    }
    return {
        "rows": evaluation.sums.rows,
        **evaluation.metrics,
        "classes": list(classes),
        "confusion": _confusion_document(evaluation),
        "per_class": per_class,
        "unseen": evaluation.unseen,
    }


def _confusion_document(evaluation: Evaluation) -> list[list[float | int]] | list[dict[str, Any]]:
    """The matrix, true class by predicted class; for very many classes the errors alone."""
    if len(evaluation.classes) <= MOST_DENSE:
        return [[_plain(cell) for cell in row] for row in evaluation.sums.confusion.dense().tolist()]
    names = evaluation.classes
    errors = evaluation.sums.confusion.errors()
    return [{"true": names[i], "predicted": names[j], "rows": _plain(w)} for i, j, w in errors]


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else value


def print_evaluation(console: "Console", evaluation: Evaluation) -> None:
    """Print the metrics, a line a class, and the confusion matrix."""
    console.print(f"{evaluation.sums.rows:,} rows")
    print_table(console, ["metric", "value"], [[name, number(value, 6)] for name, value in evaluation.metrics.items()])
    console.print()
    found = evaluation.class_metrics
    rows = [
        [name, weight(found["support"][k]), *(number(found[m][k]) for m in ("precision", "recall", "f1"))]
        for k, name in enumerate(evaluation.classes)
    ]
    print_table(console, ["class", "rows", "precision", "recall", "f1"], rows)
    console.print()
    _print_confusion(console, evaluation)


def _print_confusion(console: "Console", evaluation: Evaluation) -> None:
    """The whole matrix if it fits the width, else the most frequent confusions."""
    if len(evaluation.classes) > MOST_COLUMNS:
        return _print_most_frequent(console, evaluation)
    classes, matrix = [show(name, 12) for name in evaluation.classes], evaluation.sums.confusion.dense()
    cells = [[weight(cell) if cell else "·" for cell in row] for row in matrix]
    widths = [max(width_of(name), *(len(row[k]) for row in cells)) for k, name in enumerate(classes)]
    if sum(widths) + 2 * len(widths) + max(map(width_of, classes)) + 14 <= min(console.width, 200):
        console.print("confusion: true class by predicted class")
        print_table(
            console, ["true \\ predicted", *classes], [[n, *row] for n, row in zip(classes, cells, strict=True)]
        )
        return None
    return _print_most_frequent(console, evaluation)


def _print_most_frequent(console: "Console", evaluation: Evaluation) -> None:
    names, support = evaluation.classes, evaluation.sums.support
    errors = evaluation.sums.confusion.errors()[:MOST_CONFUSIONS]
    rows = [[names[i], names[j], weight(w), f"{w / support[i]:.1%}"] for i, j, w in errors]
    console.print(f"most frequent confusions ({len(names)} classes; --json has all)")
    print_table(console, ["true", "predicted", "rows", "of its class"], rows, texts=2)
