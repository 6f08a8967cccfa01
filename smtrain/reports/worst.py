"""The rows of highest NLL, and what pushed their predictions."""

from collections.abc import Sequence
from typing import Any

from smtrain.errors import located
from smtrain.model.model import Model
from smtrain.reports.mathematics import largest_pushes
from smtrain.reports.sections import Section
from smtrain.reports.text import named
from smtrain.scoring.worst import WorstRow

# Pushes of a row in the JSON document, and in a table.
MOST_PUSHES = 10
MOST_SHOWN = 3
# What the numbers of a table are, which a terminal shows in a line.
OF_PUSHES = "pushed by: the lead over the label, in logits, that a column gave the prediction"


def worst_document(model: Model, rows: Sequence[WorstRow]) -> list[dict[str, Any]]:
    """Each row with its place and the columns that pushed `rival` ahead of the label, the largest pushes first.

    `rival` is the prediction, or where that is right the most probable other class.
    """
    return [
        {
            "source": row.source,
            "line": row.line,
            "row": row.row,
            "label": model.encoder.classes[row.label],
            "prediction": model.encoder.classes[row.prediction],
            "rival": model.encoder.classes[row.rival],
            "nll": row.nll,
            "pushes": largest_pushes(model, row.X.toarray()[0], row.rival, row.label)[:MOST_PUSHES],
            "intercept_push": float(model.b[row.rival] - model.b[row.label]),
        }
        for row in rows
    ]


def worst_section(worst: Sequence[dict[str, Any]]) -> Section:
    """A line a row of `worst_document`."""
    rows = [
        [located(row["source"], row["line"]), row["label"], row["prediction"], _pushed(row), f"{row['nll']:.4f}"]
        for row in worst
    ]
    head = ["line", "label", "prediction", "pushed by", "NLL"]
    return Section("rows of highest NLL", head, rows, texts=4, notes=[OF_PUSHES])


def _pushed(row: dict[str, Any]) -> str:
    """The features that pushed away from the label most."""
    # Pushes that went the right way do not explain why the row is here.
    away = [push for push in row["pushes"] if push["push"] > 0]
    return ", ".join(f"{named(push['feature'])} {push['push']:+.2f}" for push in away[:MOST_SHOWN]) or "–"
