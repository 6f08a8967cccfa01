"""Whether an l2 is far from good: cross-validation says that another one gains more than the error of its NLL."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import MOST_EPOCHS, mean_and_error
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.model.model import Model
from smtrain.model.options import RIDGE
from smtrain.model.record import Candidate, SelectionRecord
from smtrain.solvers.base import Status
from smtrain.wording import given

# What else is tried in a fold: the steps of `--l2 auto`, within which the NLL changes by less than its error.
STEPS = (0.1, 10.0)
# Rows times features times classes up to which it is: a cross-validation then takes some tenths of a second more.
# In larger tables there are mostly so many rows that an l2 of 1 hardly matters; for others there is `--l2 auto`.
MOST_NUMBERS = 500_000
# The relative gap at which such a fit ends: its NLL is off by less than the error of a mean over folds.
TOLERANCE = 1e-3


def of_selection(record: SelectionRecord | None, groups: str | None) -> Iterator[Finding]:
    """The finding on the default, if an l2 was chosen by cross-validation, with these groups."""
    if record is not None and record.penalty == "l2":
        yield from far_from_good(record.candidates, RIDGE, groups)


def far_from_good(candidates: Sequence[Candidate], l2: float, groups: str | None) -> Iterator[Finding]:
    """The finding on an l2, which is among some candidates, if there is any; `groups` is their column, if they had one.

    Without it the way out would lead to rows that tell on each other.
    """
    best = min(candidates, key=lambda one: one.nll, default=None)
    gain = max((one.nll - best.nll for one in candidates if best is not None and one.l2 == l2), default=0.0)
    if best is not None and gain > best.se:
        default = "the default l2, 1," if l2 == RIDGE else f"an l2 of {l2:g}"
        what = (
            f"{default} is far from good: with {best.l2:g} the NLL of cross-validation is {gain:.4f} ± {best.se:.4f} "
        )
        numbers = {"l2": l2, "better": best.l2, "gain": gain, "error": best.se}
        hint = given("l2", "auto") + (f" {given('groups', groups)}" if groups is not None else "")
        yield Finding(Severity.NOTE, "penalty", f"{what}lower", hint=hint, numbers=numbers)


def others(config: FitConfig, model: Model) -> tuple[float, ...]:
    """The values of l2 that are tried beside that of a model; none where that would take long, or say nothing."""
    fit = model.fit
    small = fit.rows * len(model.features) * len(model.encoder.classes) <= MOST_NUMBERS
    plain = config.chosen is None and config.validation is None
    comparable = plain and config.ridge > 0 and fit.status is Status.CONVERGED
    return tuple(config.ridge * step for step in STEPS) if small and comparable else ()


def trial(config: FitConfig, l2: float) -> FitConfig:
    """The options of a fit that is to tell how good an l2 is, with fewer passes than one that is kept."""
    epochs, tol = min(config.epochs, MOST_EPOCHS), max(config.tolerance, TOLERANCE)
    return replace(config, l2=l2, epochs=epochs, tol=tol, se=False, loo=False, require_convergence=False)


def tried(models: Sequence[Model], nlls: Sequence[dict[float, float]], weights: NDArray[np.float64]) -> list[Candidate]:
    """The NLL with its error of each l2 that was tried in all folds: by `nlls` of a fold, or by the choice in each fit.

    `weights` (folds,) are those of the rows of the folds.
    """
    paths = [{one.l2: one for one in model.fit.selection.candidates} for model in models if model.fit.selection]
    if paths:
        common = [value for value in paths[0] if all(value in path for path in paths)]
        means = {l2: np.mean([[path[l2].nll, path[l2].se] for path in paths], axis=0).tolist() for l2 in common}
        return [Candidate(l2, *means[l2]) for l2 in common]
    values = [l2 for l2 in sorted(nlls[0], reverse=True) if all(l2 in one for one in nlls)]
    return [Candidate(l2, *mean_and_error(np.array([one[l2] for one in nlls]), weights)) for l2 in values]
