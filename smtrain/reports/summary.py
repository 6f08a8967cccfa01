"""The five answers of a report in sentences: how good, where wrong, why, whether to trust it, how it is made again."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from smtrain.errors import counted, listed
from smtrain.inspecting.diagnosis import Diagnosis, Severity
from smtrain.inspecting.judging import frequencies_nll
from smtrain.model.model import Model
from smtrain.reports.again import fit_command
from smtrain.reports.fit import outcome
from smtrain.reports.sections import MOST_COMMAND, WARN, Section
from smtrain.reports.tables import TEXT_WIDTH, weight
from smtrain.reports.text import in_quotes, named, show
from smtrain.scoring.evaluate import Evaluation
from smtrain.softmax.ranking import largest_first
from smtrain.version import __version__
from smtrain.wording import in_shell

# Confusions, features and findings that are told in words.
MOST_TOLD = 3
# The recall or precision below which a class is named.
LITTLE = 0.5
LESS_IS_RIGHT = "Less than half is right of what is taken for"
# The relative difference of two NLL up to which rows, as many as those of training, are taken for the same rows.
SAME = 1e-6


def answers(model: Model, evaluation: Evaluation | None, findings: Diagnosis, level: float) -> list[Section]:
    """The five sections of sentences; without an evaluation they say what the model itself knows."""
    good = _unseen_rows(model) if evaluation is None else _how_good(model, evaluation, level)
    none = ["Not known without rows: give the report some with labels."]
    wrong = none if evaluation is None else _wrong(evaluation, level)
    told: list[tuple[str, Sequence[str]]] = [
        ("How good is it?", [*good, *_too_good(findings)]),
        ("Where is it wrong?", list(wrong)),
        ("Why does it say what it says?", list(_why(model))),
        ("Can it be trusted?", list(_trust(model, evaluation, findings))),
        ("How is it made again?", list(_again(model))),
    ]
    return [Section(title, sentences=sentences) for title, sentences in told]


def _how_good(model: Model, evaluation: Evaluation, level: float) -> Iterator[str]:
    metrics, ends, base = evaluation.metrics, evaluation.intervals(level), evaluation.baseline
    share = f"{100 * level:g} % interval"
    names = listed((show(name, TEXT_WIDTH) for name in evaluation.files), MOST_TOLD)
    of = f" of {names}" if names else ""
    low, high = ends["accuracy"]
    around = "" if math.isnan(low) else f" ({share} {low:.1%} – {high:.1%})"
    yield (
        f"{metrics['accuracy']:.1%} of {evaluation.sums.rows:,} rows{of} are predicted right{around}. "
        f"Always {in_quotes(str(base.label))}, the commonest class, is right for {base.accuracy:.1%}."
    )
    low, high = ends["nll"]
    around = "" if math.isnan(low) else f" ({share} {low:.4f} – {high:.4f})"
    yield (
        f"The NLL, the mean surprise in nats, is {metrics['nll']:.4f}{around}. The shares of the classes among "
        f"these rows, the same forecast for every row, have {base.nll:.4f}; on its {model.fit.rows:,} training rows "
        f"the model has {model.fit.nll:.4f}."
    )
    if evaluation.sums.rows == model.fit.rows and math.isclose(metrics["nll"], model.fit.nll, rel_tol=SAME):
        yield "These seem to be the training rows: on others the model is likely to be worse."


def _too_good(findings: Diagnosis) -> Iterator[str]:
    """That the figures are the work of columns which give the label away: who reads no further must know it."""
    leaks = [one for one in findings.findings if one.kind == "leak" and one.column is not None]
    whole = [one for one in leaks if "class" not in one.numbers]
    if whole:
        names = listed((named(one.column or "") for one in whole), MOST_TOLD)
        which = names if len(whole) == 1 else f"each of {names}"
        yield (
            f"But {which} alone tells the label ({whole[0].code}): if it is not known when a prediction is made, these "
            "figures say nothing of how good the model will be."
        )
    for one in [one for one in leaks if "class" in one.numbers][:MOST_TOLD]:
        yield (
            f"But {named(one.column or '')} alone tells {in_quotes(one.numbers['class'])} from all other classes "
            f"({one.code}): if it is not known when a prediction is made, the model will be worse at that class."
        )


def _unseen_rows(model: Model) -> Iterator[str]:
    """What the record of the fit says of other rows."""
    fit = model.fit
    if fit.test is not None:
        known = ((name, fit.test.metrics.get(name)) for name in ("accuracy", "nll", "balanced_accuracy"))
        metrics = ", ".join(f"{name} {value:.4f}" for name, value in known if value is not None)
        yield f"On {fit.test.rows:,} rows that the fit has not seen: {metrics}."
    if fit.validation is not None:
        yield f"On {fit.validation.rows:,} rows set aside for validation the NLL is {fit.validation.nll:.4f}."
    alone = frequencies_nll(model)
    beside = f"; the shares of the classes among them, the same forecast for every row, have {alone:.4f}"
    yield (
        f"On its {fit.rows:,} training rows the NLL, the mean surprise in nats, is {fit.nll:.4f}"
        f"{'' if math.isnan(alone) else beside}."
    )


def _wrong(evaluation: Evaluation, level: float) -> Iterator[str]:
    """The largest confusions, and the class that is found least: a rare one has few of these."""
    errors, support = evaluation.sums.confusion.errors(), evaluation.sums.support
    if not errors:
        yield "Nowhere on these rows: every one is predicted right."
    for i, j, w in errors[:MOST_TOLD]:
        names = in_quotes(evaluation.classes[i]), in_quotes(evaluation.classes[j])
        of = f"{weight(w)} of {weight(support[i])} rows"
        yield f"{of} of {names[0]} are taken for {names[1]} ({w / support[i]:.1%})."
    recall = evaluation.class_metrics["recall"]
    if errors and len(recall) > 2 and not np.isnan(recall).all():
        k = int(np.nanargmin(recall))
        low, high = evaluation.class_intervals(level)["recall"][:, k]
        around = "" if math.isnan(low) else f" ({100 * level:g} % interval {low:.1%} – {high:.1%})"
        of = f"{recall[k]:.1%} of its {weight(support[k])} rows"
        yield f"The class that is found least is {in_quotes(evaluation.classes[k])}: {of}{around}."
        yield from _below_half(evaluation, k)


def _below_half(evaluation: Evaluation, told: int) -> Iterator[str]:
    """The classes, besides one that is `told`, of which less than half is found; and those that are wrong so often."""
    sums, values = evaluation.sums, evaluation.class_metrics
    pairs = (("recall", sums.support, "Less than half is found of"), ("precision", sums.predicted, LESS_IS_RIGHT))
    for metric, rows, what in pairs:
        value = np.nan_to_num(values[metric], nan=1.0)
        low = [k for k in np.argsort(value, kind="stable").tolist() if value[k] < LITTLE]
        shown = [k for k in low if k != told or metric == "precision"]
        names = [f"{in_quotes(evaluation.classes[k])} ({value[k]:.1%} of {weight(rows[k])} rows)" for k in shown]
        if names:
            yield f"{what} {listed(names, MOST_TOLD)}."


def _why(model: Model) -> Iterator[str]:
    """The columns of the largest effect, each by the feature and the classes that it speaks for and against most."""
    effect = np.abs(model.W).max(axis=1)
    numbers = {column.name for column in model.encoder.numeric}
    order, owners = largest_first(effect), model.encoder.owners
    _, firsts = np.unique(owners[order], return_index=True)  # the levels of a column mirror each other
    for j in order[np.sort(firsts)][:MOST_TOLD]:
        line, name = model.W[j], model.features[j]
        best, worst = int(line.argmax()), int(line.argmin())
        unit = " for one standard deviation more" if name in numbers else " where it holds"
        classes = [in_quotes(model.encoder.classes[k]) for k in (best, worst)]
        if effect[j]:
            yield (
                f"{named(name, counted=True)} speaks most for {classes[0]} ({_signed(line[best])}{unit}) and most "
                f"against {classes[1]} ({_signed(line[worst])})."
            )
    yield "These are weights of the logit; columns that go together share their effect as they please."


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _trust(model: Model, evaluation: Evaluation | None, findings: Diagnosis) -> Iterator[str]:
    yield f"The fit {outcome(model)}."
    if evaluation is not None:
        error = evaluation.metrics["calibration_error"]
        most = _most_off(evaluation)
        yield f"Its probabilities are off by {100 * error:.1f} points on average (expected calibration error){most}."
    counts = {severity: findings.count(severity) for severity in Severity}
    told = ", ".join(f"{n} {one.value}{'s' if n > 1 else ''}" for one, n in counts.items() if n)
    yield f"Findings: {told}." if told else "No findings."
    grave = [one for one in findings.findings if one.severity is not Severity.NOTE]
    for one in grave[:MOST_TOLD]:
        column = "" if one.column is None else f"{named(one.column)}: "
        yield f"{WARN}{one.code} {one.kind}: {column}{in_shell(one.what)}."
    if len(grave) > MOST_TOLD:
        yield f"{len(grave) - MOST_TOLD} more below, each with what helps."


def _most_off(evaluation: Evaluation) -> str:
    """The class whose probabilities are off most, and by how much; nothing where it is not known."""
    errors = evaluation.class_metrics["calibration_error"]
    if np.isnan(errors).all():
        return ""
    k = int(largest_first(np.nan_to_num(errors, nan=0.0))[0])
    name, points = in_quotes(evaluation.classes[k]), f"{100 * errors[k]:.1f} points"
    return f"; of the classes one by one most those of {name}, by {points}"


def _again(model: Model) -> Iterator[str]:
    init = "" if model.fit.init is None else " --init INIT"
    command = fit_command(model)
    if len(command) <= MOST_COMMAND:
        yield f"$ {command}"
    else:
        yield "The command of the fit is too long to be told here; MODEL has its options."
    yield f"$ smtrain verify MODEL DATA{init}"
    yield "verify says whether the bytes are the same."
    if model.data is not None:
        yield f"The training data, {counted(model.fit.rows, 'row')}, have the SHA-256 {model.data.sha256}."
    yield f"This report was written by smtrain {__version__}."
