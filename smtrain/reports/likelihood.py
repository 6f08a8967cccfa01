"""The statistics of a fit without penalty, as tables or JSON."""

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from smtrain.reports.inference import probability
from smtrain.reports.tables import print_table, weight
from smtrain.scoring.likelihood import Likelihood, RatioTest

if TYPE_CHECKING:
    from rich.console import Console

NUMBERS = ("rows", "parameters", "log_likelihood", "null_log_likelihood", "deviance", "degrees", "null_deviance")
MORE_NUMBERS = ("null_degrees", "mcfadden", "nagelkerke", "aic", "bic")


def likelihood_document(found: Likelihood) -> dict[str, Any]:
    """All of it; a p of null where a column has no degree of freedom."""
    numbers = {name: getattr(found, name) for name in (*NUMBERS, *MORE_NUMBERS)}
    columns = {name: _test_document(test) for name, test in found.columns.items()}
    return numbers | {"test": _test_document(found.test), "columns": columns}


def _test_document(test: RatioTest) -> dict[str, Any]:
    return asdict(test) | {"p": None if math.isnan(test.p) else test.p}


def print_likelihood(console: "Console", found: Likelihood) -> None:
    """Print the deviances, what they come to, and the test of each column."""
    rows = [
        [
            "intercepts alone",
            f"{found.null_log_likelihood:.4f}",
            f"{found.null_deviance:.4f}",
            weight(found.null_degrees),
        ],
        ["this model", f"{found.log_likelihood:.4f}", f"{found.deviance:.4f}", weight(found.degrees)],
    ]
    print_table(console, ["likelihood", "log", "deviance", "degrees of freedom"], rows)
    console.print(f"McFadden's R² {found.mcfadden:.4f}, Nagelkerke's R² {found.nagelkerke:.4f}")
    console.print(
        f"AIC {found.aic:.4f}, BIC {found.bic:.4f}: {found.parameters:,} parameters, {weight(found.rows)} rows"
    )
    console.print()
    tests = [_row(name, test) for name, test in {**found.columns, "all columns": found.test}.items()]
    print_table(console, ["without", "χ²", "degrees", "p"], tests)
    if not all(test.settled for test in found.columns.values()):
        console.print("a fit has not come to its end: the tests marked * are too large or too small")


def _row(name: str, test: RatioTest) -> list[str]:
    mark = "" if test.settled else "*"
    return [name, f"{test.chi2:.4f}{mark}", f"{test.degrees:,}", probability(test.p) if test.degrees else "determined"]
