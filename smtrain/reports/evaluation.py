"""An evaluation as tables, as one JSON document, or as Markdown."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtrain.inspecting.diagnosis import Finding
from smtrain.model.encoder import name_of_p
from smtrain.reports.bars import MARK, Bars, bar, bar_with_mark, shade
from smtrain.reports.checks import checks_document, checks_section
from smtrain.reports.diagnosis import findings_document, told_section
from smtrain.reports.figures import (
    MOST_DRAWN,
    MOST_NUMBERED,
    Dot,
    Figure,
    confusion_matrix,
    dot_plot,
    histogram,
    near_the_diagonal,
    reliability,
)
from smtrain.reports.sections import Section, files, markdown, print_sections
from smtrain.reports.svg import middle_cut
from smtrain.reports.tables import GAP, number, plain, weight, whole
from smtrain.reports.text import WIDTH, width_of
from smtrain.reports.worst import worst_section
from smtrain.scoring.evaluate import Evaluation
from smtrain.scoring.fail_if import Outcome
from smtrain.scoring.intervals import bin_intervals
from smtrain.scoring.metrics import CLASS_HEADLINE, HEADLINE, shown_metrics
from smtrain.scoring.sums import CALIBRATION_BINS
from smtrain.softmax.distributions import LEVEL

if TYPE_CHECKING:
    from rich.console import Console

# Confusions that are listed where the matrix does not fit.
MOST_CONFUSIONS = 20
# Classes whose precision and recall are drawn.
MOST_PLOTTED = 20
# Characters up to which a terminal is taken for one. A pipe is wider; a pager at its end may be as wide as most are.
WIDEST = 1000
# Characters of a class beside and above a confusion matrix; of the commonest one above the numbers that it has.
MATRIX_NAME = 12
BASELINE_NAME = 14
# Classes up to which it is tried whether the matrix fits the width.
MOST_COLUMNS = 60
# Classes up to which the JSON document has the whole matrix: a million numbers. Of more it has the errors.
MOST_DENSE = 1000
# The metrics of a class that are made of the order of the rows.
RANKED = ("auc", "average_precision", "ks", "lift")
# How people are told of ways to decide; the class is one that a way has.
WAYS = {
    "predicted": "its most probable class",
    "least_cost": "by expected cost",
    "always": "always {}",
    "threshold": "{}, by these rows",
}
Worst = Sequence[dict[str, Any]]


def evaluation_document(
    evaluation: Evaluation,
    level: float,
    outcomes: Sequence[Outcome] = (),
    worst: Worst = (),
    findings: Sequence[Finding] = (),
) -> dict[str, Any]:
    """The evaluation for JSON, with stable keys; metrics that are not defined are null."""
    per_class = class_document(evaluation)
    for name, ends in _class_interval_document(evaluation, level).items():
        per_class[name]["intervals"] = ends
    return {
        "rows": evaluation.sums.rows,
        **{name: plain(value) for name, value in evaluation.metrics.items()},
        "baseline": _baseline_document(evaluation),
        "ranking": _ranking_document(evaluation),
        "decisions": decision_document(evaluation, level),
        "intervals": _interval_document(evaluation, level),
        "classes": list(evaluation.classes),
        "confusion": confusion_document(evaluation),
        "per_class": per_class,
        "reliability": _reliability_document(evaluation, level),
        "unseen": evaluation.unseen,
        "skipped": skipped_document(evaluation),
        "findings": findings_document(findings),
        "checks": checks_document(outcomes),
        "worst": list(worst),
    }


def class_document(evaluation: Evaluation) -> dict[str, dict[str, Any]]:
    """The metrics of each class."""
    by_metric = evaluation.class_metrics
    return {
        name: {metric: plain(float(values[k])) for metric, values in by_metric.items()}
        for k, name in enumerate(evaluation.classes)
    }


def _interval_document(evaluation: Evaluation, level: float) -> dict[str, Any]:
    """The level, the effective number of rows, and the ends of each interval."""
    intervals = {name: _ends(*ends) for name, ends in evaluation.intervals(level).items()}
    return {"level": level, "effective_rows": plain(evaluation.sums.nll.effective_rows), **intervals}


def _class_interval_document(evaluation: Evaluation, level: float) -> dict[str, dict[str, Any]]:
    by_metric = evaluation.class_intervals(level)
    return {
        name: {metric: _ends(*ends[:, k].tolist()) for metric, ends in by_metric.items()}
        for k, name in enumerate(evaluation.classes)
    }


def _ends(low: float, high: float) -> dict[str, Any]:
    return {"low": plain(low), "high": plain(high)}


def _baseline_document(evaluation: Evaluation) -> dict[str, Any]:
    baseline = evaluation.baseline
    return {"class": str(baseline.label), "accuracy": baseline.accuracy, "nll": baseline.nll}


def decision_document(evaluation: Evaluation, level: float | None) -> dict[str, Any]:
    """What a row costs by ways to decide, with intervals of a level, if one is given; nothing without costs."""
    return {
        way: {
            "cost": one.cost,
            **({} if level is None else _ends(one.low, one.high)),
            "class": None if one.label is None else str(one.label),
            "least": plain(one.least),
        }
        for way, one in evaluation.decisions(level or LEVEL).items()
    }


def _ranking_document(evaluation: Evaluation) -> dict[str, Any]:
    """Whether what is made of the order of rows is exact; if not, by how much a figure of a class can be off."""
    scores = evaluation.sums.scores
    if scores.exact:
        return {"exact": True, "error": dict.fromkeys(RANKED, 0.0)}
    errors = {name: [getattr(one, name).error for one in scores.ranks] for name in RANKED}
    return {"exact": False, "error": {name: plain(float(np.nanmax(of))) for name, of in errors.items()}}


def skipped_document(evaluation: Evaluation) -> dict[str, Any]:
    """Rows without a label, rows with one that is no class, and some of those labels."""
    skipped = evaluation.skipped
    return {"unlabelled": skipped.unlabelled, "unknown": skipped.unknown, "labels": dict(skipped.names)}


def _reliability_document(evaluation: Evaluation, level: float) -> dict[str, Any]:
    """The bins that have rows: of the highest probability, and of the probability of each class."""
    names, by_class = evaluation.classes, np.moveaxis(evaluation.sums.class_bins, 1, 0)
    per_class = {name: _bins(sums, "frequency", level) for name, sums in zip(names, by_class, strict=False)}
    return {"predicted": _bins(evaluation.sums.bins, "accuracy", level), "per_class": per_class}


def _bins(sums: NDArray[np.float64], observed: str, level: float) -> list[dict[str, Any]]:
    """A document for each bin (4, 15) with rows: borders, rows, mean probability, what came true and its interval."""
    edges, ends = np.linspace(0, 1, CALIBRATION_BINS + 1), bin_intervals(sums, level).T.tolist()
    return [
        {
            "from": float(edges[i]),
            "to": float(edges[i + 1]),
            "rows": whole(weight),
            "probability": probability / weight,
            observed: right / weight,
            **_ends(*ends[i]),
        }
        for i, (weight, probability, right, _) in enumerate(sums.T.tolist())
        if weight > 0  # an empty bin has no mean
    ]


def confusion_document(evaluation: Evaluation) -> list[list[float | int]] | list[dict[str, Any]]:
    """The matrix, true class by predicted class; for very many classes the errors alone."""
    # Of a thousand classes most of the million cells are 0.
    if len(evaluation.classes) <= MOST_DENSE:
        return [[whole(cell) for cell in row] for row in evaluation.sums.confusion.dense().tolist()]
    names = evaluation.classes
    errors = evaluation.sums.confusion.errors()
    return [{"true": names[i], "predicted": names[j], "rows": whole(w)} for i, j, w in errors]


def print_evaluation(console: "Console", evaluation: Evaluation, level: float, more: Sequence[Section] = ()) -> None:
    """Print the metrics, a line a class, the confusion matrix, and more sections."""
    matrix = _matrix(evaluation)
    shaded = matrix and _shaded(matrix, evaluation)
    width = WIDTH if console.width > WIDEST else console.width
    few = shaded is not None and _fits(shaded, width)
    confusion = [shaded] if shaded and few else [*_picture(evaluation, width), _most_frequent(evaluation)]
    told = [*_figures(evaluation, level), _reliability(evaluation, level), *_true_class(evaluation)]
    print_sections(console, [*told, *confusion, *more])


def evaluation_sections(evaluation: Evaluation, level: float) -> list[Section]:
    """The same for a page, with figures."""
    matrix = _matrix(evaluation)
    few = len(evaluation.classes) <= MOST_NUMBERED
    metrics, *more, classes = _figures(evaluation, level)
    return [
        replace(metrics, title=f"metrics on {metrics.title}"),
        *more,
        replace(classes, title="classes", notes=()),  # of a page nobody can ask --json
        *([matrix] if matrix and few else []),
        *([] if matrix and few else [_most_frequent_drawn(evaluation)]),
        _reliability(evaluation, level),
        *_true_class(evaluation),
    ]


def summary(evaluation: Evaluation, level: float, more: Sequence[Section], **about: str) -> str:
    """The evaluation of a model on files, `about`, as Markdown: what was asked for first, and no matrix."""
    return markdown(
        "smtrain evaluate", [files(**about), *more, *_figures(evaluation, level), _most_frequent(evaluation)]
    )


def _figures(evaluation: Evaluation, level: float) -> list[Section]:
    return [_metrics(evaluation, level), *decision_sections(evaluation, level), class_section(evaluation, level)]


def further_sections(outcomes: Sequence[Outcome], worst: Worst, findings: Sequence[Finding]) -> list[Section]:
    """What there is besides the metrics: findings, and what was asked for."""
    checks = [checks_section(outcomes)] if outcomes else []
    return [*checks, *told_section(findings), *([worst_section(worst)] if worst else [])]


def _metrics(evaluation: Evaluation, level: float) -> Section:
    metrics, intervals, baseline = evaluation.metrics, evaluation.intervals(level), evaluation.baseline
    beaten = {"nll": baseline.nll, "accuracy": baseline.accuracy}
    rows = [
        [
            name,
            number(metrics[name], 6),
            _between(*intervals[name]) if name in intervals else "",
            number(beaten[name], 6) if name in beaten else "",
        ]
        for name in HEADLINE
    ]
    shown = shown_metrics(metrics, len(evaluation.classes))
    more = [f"{name} {number(value)}" for name, value in shown.items() if name not in HEADLINE]
    if not evaluation.sums.scores.exact:
        more.append(f"auc off by {_ranking_document(evaluation)['error']['auc']:.1g} at most")
    head = ["metric", "value", _at(level), f"always {middle_cut(str(baseline.label), BASELINE_NAME)}"]
    return Section(_rows_of(evaluation), head, rows, notes=more)


def decision_sections(evaluation: Evaluation, level: float | None) -> list[Section]:
    """What a row costs by ways to decide, with intervals of a level, if one is given; nothing without costs."""
    ways = evaluation.decisions(level or LEVEL)
    head = ["a row is called", "cost", _at(level or LEVEL), f"from {name_of_p(evaluation.classes[1])}"]
    kept = [True, True, level is not None, "threshold" in ways]
    rows = [
        [
            WAYS[way].format(one.label),
            number(one.cost, 6),
            _between(one.low, one.high),
            "" if np.isnan(one.least) else number(one.least),
        ]
        for way, one in ways.items()
    ]
    title = "what a row costs on average"
    return [Section(title, list(compress(head, kept)), [list(compress(row, kept)) for row in rows])] if rows else []


def _rows_of(evaluation: Evaluation) -> str:
    """How many rows there are; and where they have weights, how many the intervals take them for."""
    moments = evaluation.sums.nll
    effective = "" if moments.equal_weights else f", weighted: as sure as {moments.effective_rows:,.1f} of one weight"
    return f"{evaluation.sums.rows:,} rows{effective}"


def _at(level: float) -> str:
    return f"{100 * level:g} % interval"


def _between(low: float | None, high: float | None, digits: int = 4) -> str:
    """An interval for people; nothing where it is not defined."""
    return "" if low is None or np.isnan(low) else f"{low:.{digits}f} – {high:.{digits}f}"


def class_section(evaluation: Evaluation, level: float | None = None) -> Section:
    """A line a class, with the intervals of a level, if one is given."""
    values = evaluation.class_metrics
    ends = {} if level is None else {name: evaluation.class_intervals(level)[name] for name in ("precision", "recall")}

    def cells(metric: str, k: int) -> list[str]:
        shown = [number(values[metric][k])]
        return [*shown, _between(ends[metric][0, k], ends[metric][1, k], 2)] if metric in ends else shown

    of = "" if level is None else f"{100 * level:g} %"
    head = [name for metric in CLASS_HEADLINE for name in ([metric, of] if metric in ends else [metric])]
    rows = [
        [name, weight(values["support"][k]), *(cell for metric in CLASS_HEADLINE for cell in cells(metric, k))]
        for k, name in enumerate(evaluation.classes)
    ]
    further = ", ".join(name for name in values if name not in {"support", *CLASS_HEADLINE})
    figure = None if level is None else _class_figure(evaluation, level)
    return Section("", ["class", "rows", *head], rows, notes=[f"{further}: --json"], figure=figure)


def _class_figure(evaluation: Evaluation, level: float) -> Figure:
    """Precision and recall of each class with their intervals; of many classes those of the least recall."""
    values, ends = evaluation.class_metrics, evaluation.class_intervals(level)
    order = np.argsort(np.nan_to_num(values["recall"], nan=2.0), kind="stable")[:MOST_PLOTTED]
    lines = [
        (
            evaluation.classes[k],
            [
                Dot(float(values[metric][k]), float(ends[metric][0, k]), float(ends[metric][1, k]), colour)
                for metric, colour in (("precision", "blue"), ("recall", "orange"))
            ],
        )
        for k in sorted(order.tolist())
    ]
    told = "Blue, the upper dot of a class, is its precision; orange, the lower one, its recall; lines are intervals."
    more = f", of the {MOST_PLOTTED} classes of the least recall" if len(evaluation.classes) > MOST_PLOTTED else ""
    return dot_plot(f"Precision and recall{more}", told, lines, (0.0, 1.0), "%")


def _reliability(evaluation: Evaluation, level: float) -> Section:
    """How often the predicted class is right, by how probable it was said to be."""
    bins = _bins(evaluation.sums.bins, "accuracy", level)
    rows = [
        [
            f"{100 * bin_['from']:3.0f} – {100 * bin_['to']:.0f} %",
            weight(bin_["rows"]),
            number(bin_["probability"]),
            number(bin_["accuracy"]),
            _between(bin_["low"], bin_["high"]),
        ]
        for bin_ in bins
    ]
    title = "reliability: of rows whose prediction was so probable, how many are right"
    mean, right, low, high = (np.array([b[name] for b in bins]) for name in ("probability", "accuracy", "low", "high"))
    figure = reliability(mean, right, np.stack([low, high]).astype(np.float64))
    bars = Bars(f"right, {MARK} as said", [bar_with_mark(b["accuracy"], b["probability"]) for b in bins])
    return Section(title, ["probability", "rows", "mean", "right", _at(level)], rows, figure=figure, bars=bars)


def _true_class(evaluation: Evaluation) -> list[Section]:
    """How probable the true class was said to be; nothing of very many classes, whose bins are not kept."""
    weights, _, own, _ = evaluation.sums.class_bins
    total = float(own.sum())
    if not (len(weights) and total > 0):
        return []
    shares, edges = own.sum(axis=0) / total, np.linspace(0, 100, CALIBRATION_BINS + 1).tolist()
    chosen = [i for i in range(CALIBRATION_BINS) if shares[i] > 0]
    rows = [
        [f"{edges[i]:3.0f} – {edges[i + 1]:.0f} %", weight(float(own[:, i].sum())), f"{shares[i]:.1%}"] for i in chosen
    ]
    told = f"{shares[CALIBRATION_BINS // 2 + 1 :].sum():.1%} of the rows are of a class that was said to be more than "
    told += f"{edges[CALIBRATION_BINS // 2 + 1]:.0f} % probable, {shares[: CALIBRATION_BINS // 2].sum():.1%} of one "
    told += f"that was said to be less than {edges[CALIBRATION_BINS // 2]:.0f} %."
    figure = histogram("Probability of the true class", told, shares, "said of the true class")
    bars = Bars("", [bar(float(shares[i]), float(shares.max())) for i in chosen])
    title = "probability of the true class: how much the rows surprise"
    return [Section(title, ["probability", "rows", "share"], rows, figure=figure, bars=bars)]


def _matrix(evaluation: Evaluation) -> Section | None:
    """The whole confusion matrix, None if there are too many classes."""
    if len(evaluation.classes) > MOST_COLUMNS:
        return None
    classes, matrix = [middle_cut(name, MATRIX_NAME) for name in evaluation.classes], evaluation.sums.confusion.dense()
    rows = [[name, *(weight(cell) if cell else "·" for cell in row)] for name, row in zip(classes, matrix, strict=True)]
    title = "confusion: true class by predicted class"
    return Section(title, ["true \\ predicted", *classes], rows, figure=_confusion_figure(evaluation))


def _fits(matrix: Section, width: int) -> bool:
    """Whether the table of a confusion matrix fits the width."""
    columns = list(zip(matrix.head, *matrix.rows, strict=True))
    widths = [max(map(width_of, column)) for column in columns[1:]]
    # With two blanks after each column, and room for the column of the true classes and its head.
    return sum(widths) + 2 * len(widths) + max(map(width_of, matrix.head[1:])) + 14 <= width


def _shaded(matrix: Section, evaluation: Evaluation) -> Section:
    """The matrix with a shade behind each cell, by its share of the rows of the true class."""
    shares = _shares(evaluation.sums.confusion.dense())
    rows = [
        [name, *(f"{cell} {shade(share)}" if share else cell for cell, share in zip(cells, line, strict=True))]
        for (name, *cells), line in zip(matrix.rows, shares.tolist(), strict=True)
    ]
    return replace(matrix, rows=rows, notes=["shaded by the share of the true class"])


def _shares(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each cell's share of the rows of its true class (K, K); 0 of a class without rows."""
    shares: NDArray[np.float64] = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return shares


def _picture(evaluation: Evaluation, width: int) -> list[Section]:
    """The matrix as shades alone, in the order of the figure, where that fits the width."""
    K = len(evaluation.classes)
    if min(MOST_DRAWN, width - MATRIX_NAME - GAP) < K:
        return []
    order, matrix = _ordered(evaluation)
    apart = " " if width - MATRIX_NAME - GAP >= 2 * K else ""
    lines = [apart.join(map(shade, line)) for line in _shares(matrix).tolist()]
    rows = [[middle_cut(evaluation.classes[k], MATRIX_NAME)] for k in order]
    title = "confusion: true class by predicted class, both in this order, shaded by the share of the true class"
    return [Section(title, ["class"], rows, bars=Bars("", lines))]


def _ordered(evaluation: Evaluation) -> tuple[list[int], NDArray[np.float64]]:
    """An order of the classes, and the matrix in it: of many classes confusions are near the diagonal."""
    K, matrix = len(evaluation.classes), evaluation.sums.confusion.dense()
    order = list(range(K)) if K <= MOST_NUMBERED else near_the_diagonal(matrix)
    return order, matrix[np.ix_(order, order)]


def _confusion_figure(evaluation: Evaluation) -> Figure | None:
    """The matrix as a picture; of many classes in an order in which confusions are near the diagonal."""
    if len(evaluation.classes) > MOST_DRAWN:
        return None
    order, matrix = _ordered(evaluation)
    return confusion_matrix([evaluation.classes[k] for k in order], matrix)


def _most_frequent(evaluation: Evaluation) -> Section:
    names, support = evaluation.classes, evaluation.sums.support
    errors = evaluation.sums.confusion.errors()[:MOST_CONFUSIONS]
    rows = [[names[i], names[j], weight(w), f"{w / support[i]:.1%}"] for i, j, w in errors]
    title = f"most frequent confusions ({len(names)} classes; --json has all)"
    return Section(title, ["true", "predicted", "rows", "of its class"], rows, texts=2)


def _most_frequent_drawn(evaluation: Evaluation) -> Section:
    title = f"most frequent confusions of {len(evaluation.classes)} classes"
    return replace(_most_frequent(evaluation), title=title, figure=_confusion_figure(evaluation))
