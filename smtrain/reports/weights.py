"""A model as tables, or as one JSON document."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smtrain.model.encoder import NumericColumn
from smtrain.model.features import intercept_name
from smtrain.model.model import Model
from smtrain.reports.bars import LENGTH, Bars, bar_length, signed_bar
from smtrain.reports.fit import outcome, settings, sparsity, test_lines, unused
from smtrain.reports.inference import inference_document, odds_ratio, print_inference
from smtrain.reports.likelihood import likelihood_document, print_likelihood
from smtrain.reports.notices import notices, warnings
from smtrain.reports.sections import Section, print_sections
from smtrain.reports.text import named, show
from smtrain.scoring.coefficients import TIDY, Choice, counted_from, tidy
from smtrain.scoring.inference import Inference
from smtrain.scoring.likelihood import Likelihood
from smtrain.softmax.ranking import largest_first
from smtrain.sources.cells import quoted_cell

if TYPE_CHECKING:
    from rich.console import Console

# Lines and columns of the table of weights, at most; --json has all.
MOST_FEATURES = 200
MOST_CLASSES = 30
# Weights that are drawn as bars.
MOST_BARS = 10
# Levels of a column that are named.
MOST_LEVELS = 20
# What stands for a weight that is exactly zero.
ZERO = "·"


def model_document(
    model: Model,
    choice: Choice,
    inference: Inference | None = None,
    likelihood: Likelihood | None = None,
    *,
    counted: bool = False,
) -> dict[str, Any]:
    """Everything in the model, with the weights both as fitted (per deviation) and in the units of the file.

    Those in the units of the file are `counted` from the class that the choice counts from, or as the penalty has them.
    """
    W, b = counted_from(model, choice.base if counted else None)
    names = model.encoder.classes
    return {
        "classes": list(names),
        "features": list(model.features),
        "schema": model.encoder.schema(),
        "weights": model.W.tolist(),
        "intercept": model.b.tolist(),
        "raw_weights": W.tolist(),
        "raw_intercept": b.tolist(),
        "nonzero": int(model.nonzero.sum()),
        "unused": unused(model),
        "fit": model.fit.document(),
        "reference": names[choice.base] if counted and choice.base is not None else None,
        "inference": None if inference is None else inference_document(inference),
        "likelihood": None if likelihood is None else likelihood_document(likelihood),
        "against": None if choice.base is None else names[choice.base],
        "coefficients": tidy(model, choice, inference),
    }


def coefficients_csv(model: Model, choice: Choice, inference: Inference | None = None) -> str:
    """The coefficients in the tidy form, as CSV; empty cells for what is not known."""
    lines = [TIDY, *(row.values() for row in tidy(model, choice, inference))]
    return "\n".join(",".join(_csv_cell(cell) for cell in line) for line in lines)


def _csv_cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return quoted_cell(value, ",") if isinstance(value, str) else repr(value)


def print_model(
    console: "Console",
    model: Model,
    choice: Choice,
    inference: Inference | None = None,
    likelihood: Likelihood | None = None,
) -> None:
    """Print the record of the fit, the columns, and the weights by column and class, or what is inferred of them."""
    _print_record(console, model)
    console.print()
    if likelihood is not None:
        print_likelihood(console, likelihood)
    if inference is not None and likelihood is not None:
        console.print()
    if inference is not None:
        print_inference(console, inference, choice, model.encoder.classes)
    elif likelihood is None:
        _print_weights(console, model, choice)


def _print_record(console: "Console", model: Model) -> None:
    """What the fit was asked for, what it found, and the columns."""
    fit, encoder, options = model.fit, model.encoder, model.fit.options
    lines = [
        f"target {show(encoder.target)}, {len(encoder.classes)} classes, {fit.rows:,} rows",
        outcome(model),
        f"{settings(options)}, {options.precision}",
        *test_lines(model),
        *([sparsity(model)] if options.l1 else []),
        # The record says once more what the fit said: a model may be looked at by somebody who did not see it.
        *notices(model),
        *warnings(model),
    ]
    rows = [column_row(column, used) for column, used in zip(encoder.columns, model.used.tolist(), strict=True)]
    ignored = [f"ignored {show(name) or '(no name)'}: {reason}" for name, reason in encoder.ignored]
    digest = [] if model.data is None else [f"digest of the data {model.data.sha256}"]
    columns = Section("", ["column", "kind", "what"], rows, texts=3)
    print_sections(console, [Section("", sentences=lines), _classes(model), columns])
    for line in [*ignored, *digest]:
        console.print(line, soft_wrap=False)


def _classes(model: Model) -> Section:
    """The rows of each class; and with l1 how many of its weights are not zero."""
    columns = [list(model.encoder.classes), [f"{n:,}" for n in model.fit.class_counts]]
    if model.fit.options.l1:
        columns.append([f"{n:,}" for n in model.nonzero.sum(axis=0).tolist()])
    names = ["class", "rows", "weights not zero"][: len(columns)]
    return Section("", names, [list(row) for row in zip(*columns, strict=True)])


def column_row(column: Any, used: bool) -> list[str]:
    """A column of the model: its name, its kind, what training knew of it."""
    unused = "" if used else "not used: "
    if isinstance(column, NumericColumn):
        gaps = ", with an indicator of missing cells" if column.missing else ""
        return [column.name, "numeric", f"{unused}mean {column.mean:.4g}, deviation {column.scale:.4g}{gaps}"]
    rare = f"; {len(column.rare):,} rare ones as one: {_some(column.rare)}" if column.rare else ""
    return [column.name, "categorical", f"{unused}{len(column.levels)} levels: {_some(column.levels)}{rare}"]


def _some(levels: Sequence[str | None]) -> str:
    return ", ".join("(missing)" if level is None else named(level) for level in levels[:MOST_LEVELS])


def _print_weights(console: "Console", model: Model, choice: Choice) -> None:
    """The weights in the units of the file, those that are zero as dots; of too many those of the largest effect."""
    order, some = choice.features(model, MOST_FEATURES), int(model.nonzero.any(axis=1).sum())
    title = f"{_title(model, choice)}{_cut(len(order), some)}"
    if len(model.encoder.classes) == 2:
        head, rows = ["feature", "log-odds", "odds ratio"], _rows_of_two(model, choice, order)
    else:
        head, rows = _rows_of_many(model, choice, order)
    largest = [effects(model, choice, order, bar_length(console.width))] if order else []
    print_sections(console, [*largest, Section(title, head, rows)])
    if some < len(model.features) and choice.top is None:
        console.print(f"further features, with all weights zero: {len(model.features) - some:,}")
    if len(choice.classes) > MOST_CLASSES:
        console.print(f"{len(choice.classes) - MOST_CLASSES} more classes: --json has them")


def effects(model: Model, choice: Choice, order: Sequence[int], length: int = LENGTH) -> Section:
    """The largest weights of standardised columns, which can be compared, of some features and of the chosen classes.

    Their bars are of so many characters.
    """
    base = np.zeros(len(model.W)) if choice.base is None else model.W[:, choice.base]
    W = (model.W - base[:, None])[np.ix_(order, choice.classes)]
    j, k = np.unravel_index(largest_first(np.abs(W).ravel())[:MOST_BARS], W.shape)
    values, names = W[j, k].tolist(), model.encoder.classes
    rows = [
        [names[choice.classes[c]], model.features[order[f]], f"{value:+.4f}"]
        for f, c, value in zip(j.tolist(), k.tolist(), values, strict=True)
        if value
    ]
    bars = [signed_bar(value, abs(values[0]), length) for value in values[: len(rows)]]
    title = "largest weights, for one standard deviation more of a column of numbers"
    return Section(title, ["class", "feature", "weight"], rows, texts=2, bars=Bars("against │ for", bars))


def _title(model: Model, choice: Choice) -> str:
    names = [show(name) for name in model.encoder.classes]
    if len(names) == 2 and choice.base is not None:
        return f"log-odds of {names[1 - choice.base]} against {names[choice.base]}, in the units of the file"
    against = "" if choice.base is None else f", against the class {names[choice.base]}"
    return f"weights, in the units of the file{against}"


def _rows_of_two(model: Model, choice: Choice, order: list[int]) -> list[list[str]]:
    """The log-odds of one class against the other, and the factors on the odds."""
    (k,), (W, b) = choice.classes, counted_from(model, choice.base)
    terms = [(intercept_name(model.features), b[k]), *((model.features[j], W[j, k]) for j in order)]
    return [[name, f"{x:.5g}", odds_ratio(x)] for name, x in terms]


def _rows_of_many(model: Model, choice: Choice, order: list[int]) -> tuple[list[str], list[list[str]]]:
    """The head of the table, and its lines: a column for each class."""
    classes, (W, b) = list(choice.classes[:MOST_CLASSES]), counted_from(model, choice.base)
    rows = [[intercept_name(model.features), *(f"{x:.5g}" for x in b[classes])]]
    rows += [[model.features[j], *(f"{x:.5g}" if x else ZERO for x in W[j, classes])] for j in order]
    return ["feature", *(model.encoder.classes[k] for k in classes)], rows


def _cut(shown: int, count: int) -> str:
    return f": the {shown} of {count:,} features with the largest effect; --json has all" if shown < count else ""
