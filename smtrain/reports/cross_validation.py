"""A cross-validation: its folds as they end, then as sections or one JSON document; and its predictions as a file."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from smtrain.inspecting.cross_validation import CrossValidation
from smtrain.model.model import Model
from smtrain.model.schema import document_of
from smtrain.reports.checks import checks_document, checks_section
from smtrain.reports.console import errors
from smtrain.reports.diagnosis import findings_document
from smtrain.reports.evaluation import (
    class_document,
    class_section,
    confusion_document,
    decision_document,
    decision_sections,
)
from smtrain.reports.notices import EXPECTED, told, warnings
from smtrain.reports.predictions import PredictionWriter, say_unseen
from smtrain.reports.sections import Section
from smtrain.reports.tables import number, plain
from smtrain.reports.text import in_quotes, message
from smtrain.scoring.evaluate import Evaluation
from smtrain.scoring.fail_if import Outcome
from smtrain.scoring.metrics import shown_metrics
from smtrain.sources.table import Table


class FoldLines:
    """Says of each fold, when it is done, on standard error, how its fit ended and how good it is."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, model: Model, evaluation: Evaluation) -> None:
        """A line; before the first one, the head."""
        if not self._count:
            errors().write(f"{'fold':>4}  {'rows':>9}  {'epochs':>6}  {'NLL':>10}  {'accuracy':>8}\n")
        self._count += 1
        metrics = evaluation.metrics
        numbers = f"{model.fit.epochs:6d}  {metrics['nll']:10.6f}  {metrics['accuracy']:8.4f}"
        errors().write(f"{self._count:4d}  {evaluation.sums.rows:9,}  {numbers}\n")


def cross_validation_document(validated: CrossValidation, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The means by the keys of an evaluation, their errors in `se`; each fold; the classes, of all rows pooled."""
    pooled = validated.pooled
    return {
        "rows": validated.rows,
        "folds": validated.folds,
        "repeats": validated.repeats,
        **{name: plain(value) for name, value in validated.metrics.items()},
        "se": {name: plain(value) for name, value in validated.errors.items()},
        "by_fold": [_fold_document(i, validated) for i in range(len(validated.models))],
        "classes": list(pooled.classes),
        "confusion": confusion_document(pooled),
        "per_class": class_document(pooled),
        "decisions": decision_document(pooled, None),
        "unseen": pooled.unseen,
        "checks": checks_document(outcomes),
        "skipped": document_of(validated.models[0].fit.skipped),
        "single": list(validated.single),
        "tried": [{"l2": one.l2, "nll": one.nll, "se": one.se} for one in validated.tried],
        "findings": findings_document(validated.findings),
    }


def _fold_document(i: int, validated: CrossValidation) -> dict[str, Any]:
    """A fold: of which repeat, its rows, how its fit ended, and the metrics."""
    fit, evaluation = validated.models[i].fit, validated.evaluations[i]
    return {
        "repeat": i // validated.folds,
        "fold": i % validated.folds,
        "rows": evaluation.sums.rows,
        "training_rows": fit.rows,
        "l1": fit.options.l1,
        "l2": fit.options.l2,
        "status": fit.status.name.lower(),
        "epochs": fit.epochs,
        **{name: plain(value) for name, value in evaluation.metrics.items()},
    }


def cross_validation_sections(validated: CrossValidation, outcomes: Sequence[Outcome]) -> list[Section]:
    """The checks, the means with their errors, and a line a class."""
    errors_of = validated.errors
    pooled = validated.pooled
    means = shown_metrics(validated.metrics, len(pooled.classes))
    rows = [[name, number(mean, 6), number(errors_of[name], 6)] for name, mean in means.items()]
    metrics = Section(validated.described, ["metric", "mean", "± error"], rows)
    checks = [checks_section(outcomes)] if outcomes else []
    return [*checks, metrics, *decision_sections(pooled, None), class_section(pooled)]


def say_warnings(validated: CrossValidation) -> None:
    """Say on standard error what makes the figures other than they seem; what several fits have in common once."""
    lines = Counter(line for model in validated.models for line in _fit_warnings(model))
    fits = len(validated.models)
    for line, count in lines.items():
        where = "" if count == fits else f"{count} of {fits} fits: "
        errors().write(message(f"smtrain: warning: {where}{line}") + "\n")
    for line in told(validated.findings):
        errors().write(message(f"smtrain: note: {line}") + "\n")
    for name in validated.single:
        what = f"the class {in_quotes(name)} has one row, which every fit learns from and no evaluation has"
        errors().write(message(f"smtrain: warning: {what}") + "\n")
    say_unseen(validated.pooled.unseen)


def _fit_warnings(model: Model) -> list[str]:
    status = model.fit.status
    return [*([] if status in EXPECTED else [status.value]), *warnings(model)]


def predictions_of(validated: CrossValidation, form: type[PredictionWriter], table: Table) -> bytes:
    """The predictions of all rows in the order of `table`, as a file; empty cells where a row is in no fold."""
    model = validated.models[0]
    writer = form(model, table, proba=True, top=None, explain=None, keep=(), format="csv", csv_safe=False, digits=None)
    S = validated.predictions.iloc[:, 3:].to_numpy(np.float64).T  # behind fold, label and prediction
    return writer.head() + writer.unkept(S) + writer.end()
