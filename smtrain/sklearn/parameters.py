"""The estimator's own parameters: checked by their names, and failures told without the options that it has not."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from smtrain.errors import DataError, SmtrainError, UsageError
from smtrain.fitting.arguments import CHECKS
from smtrain.fitting.contradictions import check_ranges
from smtrain.fitting.options import FitConfig
from smtrain.solvers import SOLVERS
from smtrain.sources.arguments import COUNTS, check_range, out_of_range, whole, wrong

# The options of a fit behind the parameters of the same kind.
OPTIONS = {
    "l2": "l2",
    "l1": "l1",
    "tol": "tol",
    "max_iter": "epochs",
    "solver": "solver",
    "class_weight": "class_weight",
}
# The options of a fit that a hint may name.
OWN = frozenset({"l2", "l1", "tol", "class-weight", "class_weight", "solver"})
# An option in a hint, as on the command line or as an argument.
NAMED = re.compile(r"(?<![\w-])(?:--([a-z][a-z0-9-]*)|([a-z]\w*)=)")


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Raise UsageError for a parameter that cannot be, by its name."""
    for name, option in OPTIONS.items():
        CHECKS[option](name, parameters[name])
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
    """The ValueError of a failure; its hint says nothing of options that the estimator has not, nor of files."""
    parts = [] if error.hint is None else error.hint.split("; ")
    kept = [part for part in parts if _is_own(part)]
    if fitting and len(kept) < len(parts) and isinstance(error, DataError) and "not a number" in error.what:
        kept.append("X[column].astype(str) makes words of a column of a DataFrame")
    return ValueError(str(UsageError(error.message, hint="; ".join(kept) or None)))


def _is_own(part: str) -> bool:
    """Whether a part of a hint can be followed by those who use the estimator."""
    options = {option for pair in NAMED.findall(part) for option in pair if option}
    return options <= OWN and "file" not in part
