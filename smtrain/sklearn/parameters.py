"""The estimator's own parameters: checked by their names, and failures told without the options that it has not."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from smtrain.errors import DataError, SmtrainError
from smtrain.fitting.arguments import CHECKS
from smtrain.fitting.contradictions import check_ranges
from smtrain.fitting.options import FitConfig
from smtrain.solvers import SOLVERS
from smtrain.sources.arguments import COUNTS, check_range, out_of_range, whole, wrong
from smtrain.wording import in_python, options_in, pieces_of

# The parameters, by the options of a fit that they set.
PARAMETERS = {
    "l2": "l2",
    "l1": "l1",
    "tol": "tol",
    "epochs": "max_iter",
    "solver": "solver",
    "class-weight": "class_weight",
    "seed": "random_state",
    "threads": "n_jobs",
}


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise UsageError for a parameter that cannot be, by its name."""
    for name in ("l2", "l1", "tol", "solver", "class_weight"):
        CHECKS[name](name, parameters[name])
    CHECKS["epochs"]("max_iter", parameters["max_iter"])
    solver, seed, jobs = (parameters[name] for name in ("solver", "random_state", "n_jobs"))
    if solver is not None and solver not in SOLVERS:
        raise wrong("solver", solver, f"None or one of {', '.join(SOLVERS)}")
    if jobs is not None and whole("n_jobs", jobs) == 0:
        raise out_of_range("n_jobs", jobs, "1 or more, or −1 for all processors")
    if not isinstance(seed, np.random.RandomState | None):
        check_range("random_state", whole("random_state", seed), COUNTS)
    numbers: dict[str, Any] = {name: parameters[name] for name in ("l2", "l1", "tol")}
    check_ranges(FitConfig(**numbers, epochs=parameters["max_iter"]), called={"epochs": "max_iter"})


def value_error(error: SmtrainError, *, fitting: bool) -> ValueError:
    """The ValueError of a failure, with parameters for options, and no advice on options that the estimator has not."""
    pieces = pieces_of(error.hint)
    kept = [piece for piece in pieces if options_in(piece) <= PARAMETERS.keys()]
    if fitting and len(kept) < len(pieces) and isinstance(error, DataError) and "not a number" in error.what:
        kept.append("X[column].astype(str) makes words of a column of a DataFrame")
    parts = [error.said, *filter(None, ["; ".join(kept)])]
    return ValueError("\nhint: ".join(in_python(part, PARAMETERS) for part in parts))
