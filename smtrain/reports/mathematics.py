"""The mathematics of one row, and of the gradient, where it can be seen."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtrain.model.features import intercept_name
from smtrain.model.model import Model
from smtrain.reports.bars import Bars, bar_length, signed_bar
from smtrain.reports.inference import odds_ratio
from smtrain.reports.sections import Section, print_sections
from smtrain.reports.tables import print_table
from smtrain.reports.text import in_quotes
from smtrain.scoring.explanation import Explanation, pushes
from smtrain.softmax.differences import GradientCheck
from smtrain.softmax.ranking import largest_first

if TYPE_CHECKING:
    from rich.console import Console

# Columns of X, pushes, and entries of the gradient that are shown, those of the largest size; --json has all of them.
MOST_COLUMNS = 10
MOST_PUSHES = 10
MOST_DISAGREEMENTS = 10


def explanation_document(found: Explanation, number: int, base: int | None = None) -> dict[str, Any]:
    """One row as a document: x, z, s, and with a label y, s − y and x ⊗ (s − y), (K, p).

    `pushes` are those of the first class over the second. Of two classes there are the log-odds against that at `base`.
    """
    model, first, second = found.model, found.first, found.second
    explained: dict[str, Any] = {
        "row": number,
        "line": found.place.line,
        "classes": list(model.encoder.classes),
        "features": list(model.features),
        "x": found.x.tolist(),
        "z": found.z.tolist(),
        "s": found.s.tolist(),
        "prediction": model.encoder.classes[first],
        "second": model.encoder.classes[second],
        "columns": _columns(found),
        "pushes": largest_pushes(model, found.x, first, second),
        "intercept_push": float(model.b[first] - model.b[second]),
    }
    if base is not None and len(model.encoder.classes) == 2:
        explained["log_odds"] = _log_odds(found, base)
    if found.y is not None and found.residual is not None and found.gradient is not None:
        explained |= {
            "label": model.encoder.classes[found.y],
            "nll": found.nll,
            "y": np.eye(len(found.s))[found.y].tolist(),
            "s_minus_y": found.residual.tolist(),
            "gradient": found.gradient.tolist(),
        }
    return explained


def _columns(found: Explanation) -> list[dict[str, Any]]:
    """What stands in each column, what is usual there, and what it adds to the lead of the prediction; in their order.

    Usual are the mean of numbers in training, and nothing, None, of words.
    """
    return [
        {"column": one.name, "cell": cell, "mean": getattr(one, "mean", None), "push": float(push)}
        for one, cell, push in zip(found.model.encoder.columns, found.cells, found.column_pushes, strict=True)
    ]


def _log_odds(found: Explanation, base: int) -> dict[str, Any]:
    """The log-odds of one of two classes against that at `base`, and what each feature adds to them."""
    model, one = found.model, 1 - base
    return {
        "class": model.encoder.classes[one],
        "against": model.encoder.classes[base],
        "value": float(found.z[one] - found.z[base]),
        "pushes": largest_pushes(model, found.x, one, base),
        "intercept_push": float(model.b[one] - model.b[base]),
    }


def largest_pushes(model: Model, x: NDArray[np.float64], first: int, second: int) -> list[dict[str, Any]]:
    """What each feature adds to the lead of a class over another, the largest first."""
    push = pushes(model, x, first, second)
    order = [int(j) for j in largest_first(np.abs(push)) if push[j]]  # most levels of a row push nothing
    return [{"feature": model.features[j], "x": float(x[j]), "push": float(push[j])} for j in order]


def print_explanation(console: "Console", explained: dict[str, Any]) -> None:
    """Print a row's explanation: what was predicted and why, in its own cells; then the mathematics."""
    print_sections(console, [*_told(explained, bar_length(console.width)), _classes(explained), *_outer(explained)])
    console.print()
    print_sections(console, [_log_odds_section(explained) if "log_odds" in explained else _lead(explained)])


def _lead(explained: dict[str, Any]) -> Section:
    """What each feature added to the lead of the prediction over the next class."""
    title = f"what pushed {explained['prediction']} ahead of {explained['second']}: x (w − w')"
    rows = [[p["feature"], f"{p['x']:.4g}", f"{p['push']:+.4f}"] for p in explained["pushes"][:MOST_PUSHES]]
    rows.append([intercept_name(explained["features"]), "1", f"{explained['intercept_push']:+.4f}"])
    return Section("", ["feature", "x", "push"], rows, sentences=[title])


def _told(explained: dict[str, Any], length: int) -> list[Section]:
    """What was predicted, and what the columns added to the lead over the next class; with bars of so many characters.

    Columns that add nothing are left out.
    """
    first, second = in_quotes(explained["prediction"]), in_quotes(explained["second"])
    s = dict(zip(explained["classes"], explained["s"], strict=True))
    sentences = [
        f"row {explained['row']} (line {explained['line']}): predicted {first}, {s[explained['prediction']]:.1%} "
        f"probable; the next is {second}, {s[explained['second']]:.1%}"
    ]
    if "label" in explained:
        right = "right" if explained["label"] == explained["prediction"] else "wrong"
        sentences.append(f"its label is {in_quotes(explained['label'])}: {right}, NLL {explained['nll']:.6f}")
    columns = [explained["columns"][j] for j in largest_first(np.abs([one["push"] for one in explained["columns"]]))]
    shown = [one for one in columns if one["push"]][:MOST_PUSHES]
    usual = ["" if one["mean"] is None else f"mean {one['mean']:.4g}" for one in shown]
    rows = [
        [one["column"], one["cell"] or "(empty)", mean, f"{one['push']:+.4f}"]
        for one, mean in zip(shown, usual, strict=True)
    ]
    rows.append([intercept_name(explained["features"]), "", "", f"{explained['intercept_push']:+.4f}"])
    pushes = [*(one["push"] for one in shown), explained["intercept_push"]]
    bars = [signed_bar(push, max(map(abs, pushes)), length) for push in pushes]
    title = f"what speaks for {first} rather than {second}, of the logit"
    more = f"{len(columns)} columns: --json has all"
    return [
        Section("", sentences=sentences),
        Section(
            title,
            ["column", "cell", "in training", "push"],
            rows,
            texts=3,
            notes=[more] if len(columns) > MOST_PUSHES else [],
            bars=Bars("against │ for", bars),
        ),
    ]


def _classes(explained: dict[str, Any]) -> Section:
    """The logits, the probabilities, and with a label y and s − y: a line a class."""
    names = ["z", "s", *(["y", "s_minus_y"] if "label" in explained else [])]
    rows = [[c, *(f"{explained[name][k]:.4f}" for name in names)] for k, c in enumerate(explained["classes"])]
    return Section("the mathematics", ["class", *(name.replace("_minus_", " − ") for name in names)], rows)


def _log_odds_section(explained: dict[str, Any]) -> Section:
    """What made the log-odds of one of two classes, the largest first, with the factors on the odds."""
    found = explained["log_odds"]
    what = f"log-odds of {found['class']} against {found['against']}: {found['value']:+.4f}, the sum of x (w − w')"
    terms = [(p["feature"], f"{p['x']:.4g}", p["push"]) for p in found["pushes"][:MOST_PUSHES]]
    terms.append((intercept_name(explained["features"]), "1", found["intercept_push"]))
    rows = [[name, x, f"{push:+.4f}", odds_ratio(push)] for name, x, push in terms]
    return Section("", ["feature", "x", "log-odds", "odds ratio"], rows, sentences=[what])


def _outer(explained: dict[str, Any]) -> list[Section]:
    """The columns of the largest |x|, as x in the head line and x ⊗ (s − y) below it, one line a class."""
    x = np.array(explained["x"])
    # Those of the largest size, in the order of the columns: as the head of a table they are looked for by place.
    chosen = sorted(int(j) for j in largest_first(np.abs(x))[:MOST_COLUMNS] if x[j])
    if not chosen:
        return []
    head = [explained["features"][j] for j in chosen]
    rows = [["x", *(f"{x[j]:.4g}" for j in chosen)]]
    if "gradient" in explained:
        rows += [
            [c, *(f"{explained['gradient'][k][j]:.4g}" for j in chosen)] for k, c in enumerate(explained["classes"])
        ]
    more = f", {len(chosen)} of {np.count_nonzero(x)} columns that are not zero; --json has all"
    what = "x ⊗ (s − y), one line a class" if "gradient" in explained else "x"
    return [Section(what + (more if len(chosen) < np.count_nonzero(x) else ""), ["", *head], rows)]


def check_document(check: GradientCheck, threshold: float) -> dict[str, Any]:
    """A gradient check as a document: the largest disagreement, that of each class, and the worst entries."""
    wrong = check.disagreements
    worst = np.argsort(-wrong, kind="stable")[:MOST_DISAGREEMENTS]
    by_class = {
        name: float(max(w for w, c in zip(wrong, check.classes, strict=True) if c == name))
        for name in dict.fromkeys(check.classes)
    }
    return {
        "compared": len(wrong),
        "parameters": check.parameters,
        "largest": float(wrong.max()),
        "threshold": threshold,
        "passed": bool(wrong.max() <= threshold),
        "by_class": by_class,
        "worst": [
            {
                "feature": check.features[i],
                "class": check.classes[i],
                "formula": float(check.formula[i]),
                "differences": float(check.differences[i]),
                "disagreement": float(wrong[i]),
            }
            for i in worst
        ],
    }


def print_check(console: "Console", check: dict[str, Any]) -> None:
    """Print a gradient check."""
    console.print(f"{check['compared']} of {check['parameters']:,} entries of Σ X ⊗ (S − Y) compared with differences")
    rows = [
        [w["feature"], w["class"], f"{w['formula']:.9g}", f"{w['differences']:.9g}", f"{w['disagreement']:.1e}"]
        for w in check["worst"]
    ]
    print_table(console, ["column", "class", "formula", "differences", "disagreement"], rows, texts=2)
    verdict = "passed" if check["passed"] else "failed"
    console.print(
        f"{verdict}: largest disagreement {check['largest']:.1e} of the largest entry, {check['threshold']:g} allowed"
    )
