"""Standard errors and what follows from them, as tables or JSON."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtrain.errors import listed
from smtrain.reports.notices import MOST_NAMES
from smtrain.reports.tables import print_table
from smtrain.reports.text import named, show
from smtrain.scoring.coefficients import Choice
from smtrain.scoring.inference import Inference

if TYPE_CHECKING:
    from rich.console import Console

# Terms of a table, and tables, that are printed; --json has all.
MOST_TERMS = 200
MOST_CLASSES = 30
# What a table has of each term, by the names of Inference.
COLUMNS = ("estimate", "error", "z", "p", "low", "high", "odds")


def inference_document(inference: Inference) -> dict[str, Any]:
    """All of it; null where a number is not defined, or too large for floating point; all null if not identified."""
    identified = ~np.isnan(inference.error)
    columns = {name: np.where(identified, getattr(inference, name), np.nan).T.tolist() for name in COLUMNS}
    return {
        "reference": inference.reference,
        "bases": list(inference.bases),
        "level": inference.level,
        "penalised": inference.penalised,
        "classes": {
            label: {
                term: {name: _finite(columns[name][k][t]) for name in COLUMNS} for t, term in enumerate(inference.terms)
            }
            for k, label in enumerate(inference.classes)
        },
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def print_inference(console: "Console", inference: Inference, choice: Choice, names: Sequence[str]) -> None:
    """Print a table for each class of a choice, of those of the model."""
    console.print(f"against the class {show(inference.reference)}, in the units of the file")
    if inference.bases:
        console.print(f"levels against {listed(map(named, inference.bases), MOST_NAMES)}")
    if inference.penalised:
        console.print("penalised: the penalty pulls the estimates towards zero, and makes the errors smaller")
    span = f"{100 * inference.level:g} % interval"
    for label in [names[k] for k in choice.classes[:MOST_CLASSES]]:
        k = inference.classes.index(label)
        rows = [_row(inference, t, k) for t in choice.terms(inference, k, MOST_TERMS)]
        console.print()
        head = [label, "estimate", "std. error", "z", "p", span, "", "odds ratio"]
        print_table(console, head, rows)
    if (choice.top is None and len(inference.terms) > MOST_TERMS + 1) or len(choice.classes) > MOST_CLASSES:
        console.print("there are more terms or classes: --json has all")


def _row(inference: Inference, t: int, k: int) -> list[str]:
    values = {name: float(getattr(inference, name)[t, k]) for name in COLUMNS}
    # Not identified: any value gives the same predictions, so the estimate says nothing either.
    if math.isnan(values["error"]):
        return [inference.terms[t], "not identified", *[""] * 6]
    shown = {name: f"{value:.5g}" if math.isfinite(value) else "–" for name, value in values.items()}
    shown |= {"z": f"{values['z']:.2f}" if math.isfinite(values["z"]) else "–", "p": probability(values["p"])}
    return [inference.terms[t], *(shown[name] for name in COLUMNS)]


def probability(p: float) -> str:
    """A p for people."""
    if math.isnan(p):
        return "–"
    return f"{p:.4f}" if p >= 1e-4 else "< 0.0001"


def odds_ratio(log_odds: float) -> str:
    """The e to some log-odds, for people; a dash where it is too large for a number."""
    with np.errstate(over="ignore"):
        ratio = float(np.exp(log_odds))
    return f"{ratio:.5g}" if np.isfinite(ratio) else "–"
