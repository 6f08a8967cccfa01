"""Two models compared, as sections or as one JSON document."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from smtrain.inspecting.diagnosis import Finding
from smtrain.reports.checks import checks_document, checks_section
from smtrain.reports.diagnosis import findings_document, told_section
from smtrain.reports.evaluation import skipped_document
from smtrain.reports.inference import odds_ratio
from smtrain.reports.sections import Section
from smtrain.reports.tables import number, plain, weight, whole
from smtrain.reports.text import named
from smtrain.scoring.changes import SchemaChange, SetChange
from smtrain.scoring.compare import Comparison
from smtrain.scoring.fail_if import Outcome
from smtrain.scoring.metrics import HEADLINE
from smtrain.scoring.moments import Mean, weighted_mean
from smtrain.scoring.paired import DIFFERENCES, McNemar

# Lines of a table for people, at most: ways in which predictions changed, and weights that moved.
MOST_FLIPS = 20
MOST_WEIGHTS = 20
# Weights that moved in the JSON document: of very many levels they would be most of it.
MOST_WEIGHTS_JSON = 200
# Levels or classes that a cell lists.
MOST_NAMES = 20


def comparison_document(
    comparison: Comparison, level: float, outcomes: Sequence[Outcome], findings: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Everything with stable keys; null where a number is not defined."""
    nll, errors = weighted_mean(comparison.pairs.nll, level), comparison.pairs.mcnemar(level)
    old, new = comparison.old.metrics, comparison.new.metrics
    return {
        "rows": comparison.new.sums.rows,
        "classes": list(comparison.classes),
        "metrics": {
            name: {"old": plain(old[name]), "new": plain(new[name]), "difference": plain(new[name] - old[name])}
            for name in new
        },
        "per_class": _class_metrics(comparison),
        "tests": {
            "level": level,
            "nll": _test_document(nll),
            "errors": _test_document(errors),
            **{metric: _test_document(comparison.pairs.difference(metric, level)) for metric in DIFFERENCES},
        },
        "flips": _flip_document(comparison),
        "schema": _schema_document(comparison.schema),
        "weights": _weights(comparison, MOST_WEIGHTS_JSON),
        "weights_against": comparison.weights.against,
        "weights_moved": len(comparison.weights.features),
        "findings": findings_document(findings),
        "checks": checks_document(outcomes),
        "unseen": {"old": comparison.old.unseen, "new": comparison.new.unseen},
        "skipped": skipped_document(comparison.new),
    }


def _test_document(test: Mean | McNemar) -> dict[str, float | None]:
    return {name: plain(value) for name, value in vars(test).items()}


def _class_metrics(comparison: Comparison) -> dict[str, dict[str, dict[str, float | None]]]:
    """By class and metric, the old and the new model's; null where not defined, or the model has no such class."""
    sides = {"old": comparison.old, "new": comparison.new}
    values = {side: evaluation.class_metrics for side, evaluation in sides.items()}
    places = {side: {name: k for k, name in enumerate(evaluation.classes)} for side, evaluation in sides.items()}

    def value(side: str, metric: str, name: str) -> float | None:
        k = places[side].get(name)  # a class of the other model alone has no metrics here
        found: float | None = None if k is None else plain(float(values[side][metric][k]))
        return found

    return {
        name: {metric: {side: value(side, metric, name) for side in sides} for metric in values["new"]}
        for name in comparison.classes
    }


def _flip_document(comparison: Comparison) -> list[dict[str, Any]]:
    names = ("rows", "better", "worse")
    return [
        {"old": old, "new": new, **{name: whole(x) for name, x in zip(names, counts, strict=True)}}
        for old, new, *counts in _flips(comparison)
    ]


def _flips(comparison: Comparison) -> list[tuple[str, str, float, float, float]]:
    """(old prediction, new prediction, rows, those for the better, those for the worse), the most frequent first."""
    parts = [
        dict(zip(c.pairs.tolist(), c.weights.tolist(), strict=True))
        for c in (comparison.pairs.better, comparison.pairs.worse)
    ]
    # A pair of predictions is old · K + new, in all three counts.
    K, names = len(comparison.classes), comparison.classes
    return [
        (names[i], names[j], w, *(part.get(i * K + j, 0.0) for part in parts))
        for i, j, w in comparison.pairs.predicted.errors()
    ]


def _schema_document(schema: SchemaChange) -> dict[str, Any]:
    return {
        "columns": _set_document(schema.columns),
        "kinds": {name: {"old": old, "new": new} for name, (old, new) in schema.kinds.items()},
        "levels": {name: _set_document(change) for name, change in schema.levels.items()},
        "classes": _set_document(schema.classes),
    }


def _set_document(change: SetChange[Any]) -> dict[str, list[Any]]:
    return {"added": list(change.added), "removed": list(change.removed)}


def _weights(comparison: Comparison, most: int) -> list[dict[str, Any]]:
    """The weights that moved, those of the largest effect first, at most so many."""
    moved = comparison.weights
    columns = [
        list(column[:most]) for column in (moved.features, moved.classes, moved.old.tolist(), moved.new.tolist())
    ]
    return [
        {"feature": f, "class": c, "old": old, "new": new, "difference": new - old}
        for f, c, old, new in zip(*columns, strict=True)
    ]


def comparison_sections(
    comparison: Comparison, level: float, outcomes: Sequence[Outcome], findings: Sequence[Finding] = ()
) -> list[Section]:
    """The report: outcomes of checks first, if there are any; then the findings on the new model."""
    sections = [
        _metrics(comparison),
        *_tests(comparison, level),
        _classes(comparison),
        _flip_section(comparison),
        _schema_section(comparison.schema),
        _weight_section(comparison),
    ]
    return [*([checks_section(outcomes)] if outcomes else []), *told_section(findings), *sections]


def verdict(comparison: Comparison, level: float) -> Section:
    """Which model is better, in sentences."""
    nll, errors = weighted_mean(comparison.pairs.nll, level), comparison.pairs.mcnemar(level)
    old, new, rows = comparison.old.metrics, comparison.new.metrics, comparison.new.sums.rows
    surely = "surely worse" if nll.low > 0 else "surely better" if nll.high < 0 else "not surely better or worse"
    return Section(
        "Which one is better?",
        sentences=[
            f"By the NLL the new model is {surely} on these {rows:,} rows: {new['nll']:.4f}, the old one "
            f"{old['nll']:.4f}; the difference is {_signed(nll.mean, 4)} ({100 * level:g} % interval "
            f"{_signed(nll.low, 4)} to {_signed(nll.high, 4)}).",
            f"The new one is right for {new['accuracy']:.1%}, the old one for {old['accuracy']:.1%}: "
            f"{errors.gained:,} rows are right with the new one only, {errors.lost:,} with the old one only.",
        ],
    )


def _metrics(comparison: Comparison) -> Section:
    old, new = comparison.old.metrics, comparison.new.metrics
    rows = [[name, number(old[name], 6), number(new[name], 6), _signed(new[name] - old[name], 6)] for name in HEADLINE]
    more = f"{len(new) - len(HEADLINE)} further metrics: --json"
    return Section(f"{comparison.new.sums.rows:,} rows", ["metric", "old", "new", "difference"], rows, notes=[more])


def _signed(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:+.{digits}f}"


def _tests(comparison: Comparison, level: float) -> list[Section]:
    nll, errors = weighted_mean(comparison.pairs.nll, level), comparison.pairs.mcnemar(level)
    head = ["difference, new − old", "mean", "low", "high", "p"]
    more = {name: comparison.pairs.difference(name, level) for name in DIFFERENCES if name in HEADLINE}
    tests: dict[str, Mean | McNemar] = {"nll": nll, "accuracy": errors, **more}
    rows = [[name, *_difference(test)] for name, test in tests.items()]
    interval = f"{100 * level:g} % interval, paired by row; p of no difference"
    what = f"rows that only the new model has right: {errors.gained:,}; only the old one: {errors.lost:,}"
    return [Section(interval, head, rows), Section(f"{what} (McNemar{', exact' if errors.exact else ''})")]


def _difference(test: Mean | McNemar) -> list[str]:
    mean = test.mean if isinstance(test, Mean) else test.difference
    p = "–" if math.isnan(test.p) else "< 0.0001" if test.p < 1e-4 else f"{test.p:.4f}"
    return [_signed(mean, 6), _signed(test.low, 6), _signed(test.high, 6), p]


def _classes(comparison: Comparison) -> Section:
    head = ["class", "rows", "precision, old", "new", "recall, old", "new"]
    rows = []
    for name, metrics in _class_metrics(comparison).items():
        support = metrics["support"]["new"] or metrics["support"]["old"] or 0.0  # a class is in one of the models
        cells = [metrics[metric][side] for metric in ("precision", "recall") for side in ("old", "new")]
        rows.append([name, weight(support), *("–" if x is None else number(x) for x in cells)])
    return Section("by class", head, rows)


def _flip_section(comparison: Comparison) -> Section:
    flips = _flips(comparison)
    # All ways are counted, though only the most frequent are shown.
    total = sum(flip[2] for flip in flips)
    if not flips:
        return Section("no prediction changed")
    rows = [[old, new, *(weight(x) for x in counts)] for old, new, *counts in flips[:MOST_FLIPS]]
    more = f", the {MOST_FLIPS} most frequent of {len(flips)} ways" if len(flips) > MOST_FLIPS else ""
    title = f"predictions that changed: {weight(total)} rows{more}"
    return Section(title, ["old", "new", "rows", "better", "worse"], rows, texts=2)


def _schema_section(schema: SchemaChange) -> Section:
    if not schema:
        return Section("the same columns, levels and classes")
    rows = [
        *_set_rows("column", schema.columns),
        *([f"kind of {name}", f"{old}, now {new}", ""] for name, (old, new) in schema.kinds.items()),
        *(row for name, change in schema.levels.items() for row in _set_rows(f"level of {name}", change)),
        *_set_rows("class", schema.classes),
    ]
    return Section("what the models read and predict", ["what", "added", "removed"], rows, texts=3)


def _set_rows(what: str, change: SetChange[Any]) -> list[list[str]]:
    return [[what, _listed(change.added), _listed(change.removed)]] if change else []


def _listed(names: Iterable[str | None]) -> str:
    shown = ["(missing)" if name is None else named(name) for name in names]
    return ", ".join(shown[:MOST_NAMES]) + (f", … ({len(shown)})" if len(shown) > MOST_NAMES else "")


def _weight_section(comparison: Comparison) -> Section:
    total = len(comparison.weights.features)
    if not total:
        return Section("no weight moved")
    moved, against = _weights(comparison, MOST_WEIGHTS), comparison.weights.against
    head = ["feature", "class", "old", "new", "difference"]
    rows = [[w["feature"], w["class"], f"{w['old']:.5g}", f"{w['new']:.5g}", f"{w['difference']:+.5g}"] for w in moved]
    if against is not None:
        head += ["odds ratio, old", "new"]
        rows = [[*row, odds_ratio(w["old"]), odds_ratio(w["new"])] for row, w in zip(rows, moved, strict=True)]
    what = "weights" if against is None else f"log-odds against {named(against)}"
    of = f", the {MOST_WEIGHTS} of {total:,} of the largest effect" if total > MOST_WEIGHTS else ""
    return Section(
        f"{what} that moved, in the units of the file{of}",
        head,
        rows,
        texts=2,
    )
