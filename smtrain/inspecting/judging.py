"""Findings on the predictions of a model for labelled rows."""

import math
from collections.abc import Iterator

import numpy as np

from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity, diagnosis
from smtrain.inspecting.shift import class_shift
from smtrain.model.model import Model
from smtrain.scoring.evaluate import Evaluation
from smtrain.scoring.intervals import INTERVALS, bin_intervals
from smtrain.scoring.metrics import class_calibration_error
from smtrain.scoring.predict import unseen_cells
from smtrain.softmax.distributions import LEVEL

# The share of what a model gains over the frequencies of the classes that may be lost on other rows: some always is,
# for the weights are those that suit the training rows best; a tenth is what a person would call as good.
LOST = 0.1
# The calibration error of a class up to which nothing is said: probabilities that are off by so little mislead nobody,
# and many rows would prove that smaller ones are real.
MISCALIBRATED = 0.05
# What helps probabilities where the shares of the classes have moved.
OF_THE_NEW_MIX = "fit again, or calibrate, with rows of the new mix of classes; --calibrate with the old one is no help"


def judged(model: Model, evaluation: Evaluation) -> Diagnosis:
    """The findings on an evaluation of the model."""
    shift = _shifted(model, evaluation)
    found = [
        # First what explains the others.
        *([] if shift is None else [shift]),
        *_overfitting(model, evaluation),
        *_no_better(evaluation),
        *_miscalibrated(evaluation, "fit --calibrate" if shift is None else OF_THE_NEW_MIX),
        *_unseen(evaluation),
    ]
    return diagnosis(evaluation.sums.rows, found)


def _shifted(model: Model, evaluation: Evaluation) -> Finding | None:
    """The shares of the classes are not those of training; not told of weighted rows, which are not counted."""
    sums = evaluation.sums
    if not sums.nll.equal_weights:
        return None
    counts = np.rint(sums.support / sums.weight * sums.rows).astype(np.intp)
    return class_shift(model.encoder.target, evaluation.classes, model.fit.class_counts, counts)


def _overfitting(model: Model, evaluation: Evaluation) -> Iterator[Finding]:
    """The training rows are predicted far better than these."""
    trained, here, (low, _) = model.fit.nll, evaluation.sums.nll.mean, INTERVALS["nll"](evaluation.sums, LEVEL)
    gain = frequencies_nll(model) - trained  # NaN of a fit with weights, and then nothing is told
    if low > trained and here - trained > LOST * gain:
        what = f"the NLL is {here:.4f} here (at least {low:.4f} for sure), and {trained:.4f} on the training rows"
        hint = "a larger --l2, or --l2 auto, which chooses it; fewer columns; or more rows"
        numbers = {"nll": here, "low": low, "trained": trained, "threshold": trained + LOST * gain}
        yield Finding(Severity.WARNING, "overfitting", what, hint=hint, numbers=numbers)


def frequencies_nll(model: Model) -> float:
    """The NLL of the frequencies of the classes on the training rows; NaN of a fit whose NLL is of weighted rows."""
    if model.encoder.weight is not None or model.fit.options.class_weight is not None:
        return math.nan
    shares = np.array(model.fit.class_counts) / max(1, sum(model.fit.class_counts))
    there = shares[shares > 0]
    return float(-(there * np.log(there)).sum())


def _no_better(evaluation: Evaluation) -> Iterator[Finding]:
    """The columns of the rows tell nothing that the frequencies of the classes do not."""
    baseline, (_, high) = evaluation.baseline.nll, INTERVALS["nll"](evaluation.sums, LEVEL)
    # Of rows of a single class the frequencies know everything.
    if high >= baseline > 0:
        here = evaluation.sums.nll.mean
        what = f"not surely better than the frequencies of the classes: NLL {here:.4f}, {high:.4f} at most for sure, "
        numbers = {"nll": here, "high": high, "baseline": baseline}
        yield Finding(Severity.WARNING, "no better", f"{what}and theirs is {baseline:.4f}", numbers=numbers)


def _miscalibrated(evaluation: Evaluation, hint: str) -> Iterator[Finding]:
    """Classes whose probabilities do not come true, with what helps."""
    sums, errors = evaluation.sums, class_calibration_error(evaluation.sums)
    by_class = np.moveaxis(sums.class_bins, 1, 0)
    bins = by_class[:, 0]
    # So that chance makes a finding of one evaluation in twenty, however many bins there are.
    level = 1 - (1 - LEVEL) / max(1, int((bins > 0).sum()))
    for name, error, one in zip(evaluation.classes, errors.tolist(), by_class, strict=False):
        there = one[:, one[0] > 0]
        low, high = bin_intervals(there, level)
        mean = there[1] / there[0]
        off = (mean < low) | (mean > high)
        if error > MISCALIBRATED and off.any():
            i = int(np.flatnonzero(off)[np.argmax(there[0][off])])
            said, came = 100 * mean[i], 100 * there[2][i] / there[0][i]
            what = f'the probabilities of "{name}" are off by {100 * error:.1f} points on average: where they are '
            what += f'{said:.0f} % on average, {came:.0f} % of {there[0][i]:,.0f} rows are "{name}"'
            numbers = {"class": name, "error": error, "threshold": MISCALIBRATED}
            yield Finding(Severity.WARNING, "miscalibration", what, hint=hint, numbers=numbers)


def _unseen(evaluation: Evaluation) -> Iterator[Finding]:
    """Cells that count as none."""
    for column, cells in evaluation.unseen.items():
        yield Finding(Severity.WARNING, "unseen level", unseen_cells(cells), column, numbers={"cells": cells})
