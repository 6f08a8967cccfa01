"""A fit in lines, what was read and how it ended; or as one JSON document."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import listed
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.model.encoder import Encoder
from smtrain.model.model import Model
from smtrain.model.options import Options
from smtrain.model.rarity import rare_classes
from smtrain.model.schema import document_of
from smtrain.reports.diagnosis import findings_document
from smtrain.reports.notices import MOST_NAMES, many_line, of_fit, rare_line
from smtrain.reports.text import WIDTH, named, packed, show
from smtrain.scoring.metrics import HEADLINE, METRICS
from smtrain.solvers.base import Status
from smtrain.sources.dates import PARTS

# Weights from which on the column of words is named that most of them are of: an epoch's time and the memory grow with
# their number.
MANY_WEIGHTS = 100_000
# Characters of the longest name of a metric of the headline.
WIDEST = max(map(len, HEADLINE))
# Names of columns in a line, for a person to read; --json has all of them.
MOST_COLUMNS = 12


def missing_classes(encoder: Encoder) -> list[str]:
    """A line, if a class is called like a text of --na-values: labels are missing where they are empty alone."""
    classes = [name for name in encoder.classes if name.strip() in encoder.dialect.na_values]
    if not classes:
        return []
    names = listed(map(named, classes), MOST_NAMES)
    says = "a class, though --na-values names it; --unlabelled skip leaves its rows out"
    return [f"warning: {names}: {says}"]


def description(learned: Learned, config: FitConfig, sources: list[str], ignore: Collection[str] = ()) -> list[str]:
    """What was read, what was left out, and the options that matter, in lines."""
    return [
        *_table_lines(learned, sources),
        *([f"warning: {learned.doubt}"] if learned.doubt else []),
        *missing_classes(learned.encoder),
        *many_line(learned.encoder, learned.rows, ignore),
        *_rows_lines(learned),
        *rare_line(learned.class_counts, ignore),
        *_dates_line(learned.encoder),
        *_missing_line(learned.missing),
        *_rare_levels_line(learned.encoder, config.min_count),
        *_ignored_lines(learned),
        f"{weights_line(learned.encoder)}; {objective_line(config)}",
        settings(config),
    ]


def _table_lines(learned: Learned, sources: list[str]) -> list[str]:
    """The files and their columns; the target."""
    encoder = learned.encoder
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    # A comma is what everybody expects; of another delimiter it is said that it was seen.
    separated = {"\t": ", separated by tabs", ";": ", separated by semicolons"}.get(learned.delimiter, "")
    kinds = f"{len(encoder.numeric)} numeric, {len(encoder.categorical)} categorical"
    columns = "1 column" if len(encoder.columns) == 1 else f"{len(encoder.columns)} columns"
    return [
        f"{show(sources[0])}{more}: {learned.rows:,} rows, {columns} ({kinds}){separated}",
        f"target {show(encoder.target)}: {len(encoder.classes)} classes",
    ]


def _rows_lines(learned: Learned) -> list[str]:
    """Where rows are, and which are set aside, if there is something to say of it."""
    lines = [learned.home.whereabouts] if learned.home.whereabouts else []
    if learned.validation_rows:
        lines.append(f"{learned.validation_rows:,} rows are set aside for validation")
    if learned.test_rows:
        lines.append(f"{learned.test_rows:,} further rows are for the test, and are not seen")
    return lines


def _missing_line(missing: Mapping[str, int]) -> list[str]:
    """The missing cells of the columns that have some, as a line."""
    counts = listed((f"{named(name, counted=True)} {count:,}" for name, count in missing.items()), MOST_COLUMNS)
    return [f"missing cells: {counts}"] if missing else []


def _dates_line(encoder: Encoder) -> list[str]:
    """The parts of dates that are learned from, as a line."""
    kept = {column.name for column in encoder.columns}
    parts = {name: [part for part in PARTS if f"{name}.{part}" in kept] for name in encoder.dialect.dates}
    dates = (f"{named(name)} by {listed(those, len(PARTS)) or 'none'}" for name, those in parts.items())
    return [f"dates: {'; '.join(dates)}"] if parts else []


def _rare_levels_line(encoder: Encoder, least: int) -> list[str]:
    """The columns with levels of fewer rows than asked for, and how many levels that are, as a line."""
    rare = [f"{named(column.name, counted=True)} {len(column.rare):,}" for column in encoder.categorical if column.rare]
    return [f"levels of fewer than {least:,} rows, which become one: {listed(rare, MOST_COLUMNS)}"] if rare else []


def _ignored_lines(learned: Learned) -> list[str]:
    """The columns that were left out, a line for each reason; and those that one may want to leave out."""
    reasons: dict[str, list[str]] = {}
    for name, reason in learned.encoder.ignored:
        reasons.setdefault(reason, []).append(name)
    lines = [f"ignored {listed(map(named, names), MOST_COLUMNS)}: {reason}" for reason, names in reasons.items()]
    if learned.counting:
        lines.append(f"{listed(map(named, learned.counting), MOST_NAMES)}: counts the rows; --drop leaves it out")
    if learned.nameless:
        names = listed(map(named, learned.nameless), MOST_NAMES)
        lines.append(f"{names}: has the name of an index; --drop leaves it out")
    return lines


def weights_line(encoder: Encoder) -> str:
    """The number of weights; where it is large, the column of words that most of them are of."""
    p, K = len(encoder.features), len(encoder.classes)
    line = f"{p:,} {'feature' if p == 1 else 'features'} × {K:,} classes: {p * K:,} weights"
    widest = max(encoder.categorical, key=lambda column: column.size, default=None)
    # One column of very many texts is the usual cause, and one that can be mended.
    if p * K >= MANY_WEIGHTS and widest is not None and 2 * widest.size > p:
        line += f", {widest.size * K:,} of them for the levels of {show(widest.name, 40)}"
    return line


def objective_line(options: Options) -> str:
    """What a fit lowers, as its lines of epochs have it: means over n rows, by their weights."""
    l1 = " + l1 ‖W‖₁ / n" if options.l1 else ""
    l2 = " + l2/2 ‖W‖² / n" if options.l2 == "auto" or options.ridge else ""
    return f"objective: mean NLL{l1}{l2}"


def settings(options: Options) -> str:
    """The solver, the penalties and the tolerance of a fit's options."""
    together = "" if options.groups is None else f" of whole groups of {named(options.groups)}"
    chosen = f"by {options.folds}-fold cross-validation{together}"
    l1 = f", l1 {chosen}" if options.l1 == "auto" else f", l1 = {options.l1:g}" if options.l1 else ""
    l2 = f"l2 {chosen}" if options.l2 == "auto" else f"l2 = {options.ridge:g}"
    return f"{options.solver_name}{l1}, {l2}, tolerance {options.tolerance:g}"


def unused(model: Model) -> list[str]:
    """The names of the columns whose weights are all zero."""
    return [c.name for c, used in zip(model.encoder.columns, model.used.tolist(), strict=True) if not used]


def sparsity(model: Model) -> str:
    """How many weights a fit with l1 left, and how many columns."""
    count = len(unused(model))
    columns = f"{count} of {len(model.used)} columns {'is' if count == 1 else 'are'} not used"
    return f"{int(model.nonzero.sum()):,} of {model.W.size:,} weights are not zero, {columns}"


def outcome(model: Model) -> str:
    """The end of a fit in words: the NLL of the saved weights, and how far from the best possible they are."""
    fit = model.fit
    kept = f", kept epoch {fit.epoch}" if fit.epoch != fit.epochs and fit.options.patience else ""
    line = f"{fit.status.value}, {fit.epochs} epochs{kept}: NLL {fit.nll:.6f}"
    if fit.validation is not None:
        line += f", validation NLL {fit.validation.nll:.6f}"
    if fit.temperature is not None:
        line += f" at the temperature {fit.temperature:.4g}"
    # Where training was to stop early, the distance from the optimum says nothing.
    if fit.status is Status.EARLY or fit.gap is None:
        return line
    # In units of the objective, for that is what the line has before it; the relative gap is in the lines of epochs.
    distance = fit.gap * fit.objective
    if fit.certified:
        line += f" (objective {fit.objective:.6f}, within {distance:.1g} of the best possible)"
    else:
        line += f" (an estimated {distance:.1g} above the best possible; a proof needs a penalty)"
    if fit.status is not Status.CONVERGED:
        line += f"; relative gap {fit.gap:.1e}, asked for {fit.options.tolerance:g}"
    return line


def above_the_bound(model: Model) -> NDArray[np.float64]:
    """How far the objective was above the largest bound of its minimum, or an estimate of that, in each epoch (E,)."""
    objective, gap = model.history[:, 2], model.history[:, 3]
    bounds = objective * (1 - gap)
    bound = bounds[np.isfinite(bounds)].max(initial=0.0)
    return np.asarray(objective - bound)


def test_lines(model: Model) -> list[str]:
    """Every metric that is defined on the rows that the fit has not seen, in lines; none if there are no such rows."""
    test = model.fit.test
    if test is None:
        return []
    metrics = test.metrics
    known = [name for name in METRICS if metrics.get(name) is not None]
    first = [f"  {name:<{WIDEST}}  {metrics[name]:10.6f}" for name in known if name in HEADLINE]
    others = [f"{name} {metrics[name]:.4f}" for name in known if name not in HEADLINE]
    rest = [f"  {line}" for line in packed(others, WIDTH - 2)]
    return [f"on {test.rows:,} rows that the fit has not seen:", *first, *rest]


def summary(model: Model, output: str, ignore: Collection[str] = (), *, unchanged: bool = False) -> dict[str, Any]:
    """The fit as one JSON document, without the findings of some codes; `unchanged` if the model was there already."""
    fit = model.fit
    return {
        "model": output,
        "unchanged": unchanged,
        "rows": fit.rows,
        "skipped": document_of(fit.skipped),
        "columns": len(model.encoder.columns),
        "features": len(model.features),
        "classes": list(model.encoder.classes),
        "class_counts": fit.class_counts,
        "missing": fit.missing,
        "ignored": dict(model.encoder.ignored),
        "rare_classes": rare_classes(dict(zip(model.encoder.classes, fit.class_counts, strict=True))),
        "collinear": fit.collinear,
        "separation": document_of(fit.separation),
        "solver": fit.options.solver,
        "l1": fit.options.l1,
        "l2": fit.options.l2,
        "nonzero": int(model.nonzero.sum()),
        "unused": unused(model),
        "objective": fit.objective,
        "nll": fit.nll,
        "gap": fit.gap,
        "certified": fit.certified,
        "status": fit.status.name.lower(),
        "epochs": fit.epochs,
        "loo_nll": fit.loo_nll,
        "validation": document_of(fit.validation),
        "test": document_of(fit.test),
        "epoch": fit.epoch,
        "temperature": fit.temperature,
        "selection": document_of(fit.selection),
        "findings": findings_document(of_fit(model).without(*ignore).findings),
    }


def resolved(given: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """The options of a fit in the order of their names: as given or by default, or as the fit settled them."""
    settled = document_of(model.fit.options) | {"target": model.encoder.target}
    return {name: settled.get(name, value) for name, value in sorted(given.items())}
