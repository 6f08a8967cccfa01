"""A report on a model, with or without rows to measure it on: as a page of HTML, as Markdown, or in a notebook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from smtrain.errors import OutputError, quoted
from smtrain.inspecting.check import check
from smtrain.inspecting.codes import check_codes
from smtrain.inspecting.diagnosis import Diagnosis, diagnosis
from smtrain.inspecting.judging import judged
from smtrain.inspecting.leaking import LeakWatch
from smtrain.model.atomic import replacing
from smtrain.model.contract import HIGH, LOW
from smtrain.model.model import Model, as_model
from smtrain.reports.cards import SUFFIX, contents
from smtrain.reports.checks import checks_section
from smtrain.reports.diagnosis import told_section
from smtrain.reports.evaluation import evaluation_sections
from smtrain.reports.figures import Dot, Figure, Line, dot_plot, learning_curve, penalty_path
from smtrain.reports.fit import above_the_bound
from smtrain.reports.html import fragment, page
from smtrain.reports.inference import probability
from smtrain.reports.notices import of_fit
from smtrain.reports.sections import MOST_COMMENT, Section, markdown
from smtrain.reports.summary import answers
from smtrain.reports.text import in_quotes, named
from smtrain.reports.weights import column_row
from smtrain.reports.worst import worst_document, worst_section
from smtrain.scoring.evaluate import Evaluation, evaluate
from smtrain.scoring.fail_if import Outcome
from smtrain.scoring.inference import inference
from smtrain.softmax.distributions import LEVEL
from smtrain.softmax.ranking import largest_first
from smtrain.sources.arguments import check_level, path_of, wrong
from smtrain.sources.opening import Data, read_again

# Rows of highest NLL that a report lists.
WORST = 10
# Classes, and features of each, whose weights are drawn; features and classes of the table of weights.
MOST_DRAWN = 8
MOST_DOTS = 6
MOST_FEATURES = 40
MOST_CLASSES = 12
# Columns of numbers whose ranges are drawn.
MOST_RANGES = 20
# Lines of a table of epochs: every doubling is enough to see how it went.
MOST_EPOCHS = 12


@dataclass(frozen=True, eq=False)
class Report:
    """Sections under a title, the findings that they tell of, and the evaluation, if rows were given.

    >>> model = smtrain.fit("iris.csv")
    >>> report = smtrain.report(model, "iris.csv")
    >>> report.sections[0].title
    'How good is it?'
    """

    title: str
    sections: tuple[Section, ...]
    findings: Diagnosis
    evaluation: Evaluation | None = None

    def __repr__(self) -> str:
        """What it is about, and how much there is."""
        return f"<Report: {self.title}; {len(self.sections)} sections>"

    def html(self) -> str:
        """One page that stands alone: no script, nothing fetched.

        >>> model = smtrain.fit("iris.csv")
        >>> "<script" in smtrain.report(model).html()
        False
        """
        return page(self.title, self.sections)

    def markdown(self) -> str:
        """The same without figures, as GitHub shows it; short enough for a comment there.

        >>> model = smtrain.fit("iris.csv")
        >>> smtrain.report(model).markdown()[:20]
        '### Model of species'
        """
        return markdown(self.title, self.sections, MOST_COMMENT - 1) + "\n"

    def text_for(self, path: str) -> str:
        """What a file of that name is to tell: Markdown if it ends with .md, else the page.

        >>> model = smtrain.fit("iris.csv")
        >>> smtrain.report(model).text_for("report.html")[:15]
        '<!DOCTYPE html>'
        """
        return self.markdown() if path.endswith(SUFFIX) else self.html()

    def _repr_html_(self) -> str:
        return fragment(self.title, self.sections)

    def save(self, path: str) -> None:
        """Write the page, or for a name that ends with .md the Markdown.

        In a Markdown file that is there already the report stands between two lines, those of an earlier one or of the
        user; all else in it is kept. Raises OutputError if it cannot be written, UsageError if there are no such lines.

        >>> model = smtrain.fit("iris.csv")
        >>> smtrain.report(model).save("report.html")
        """
        file = path_of("path", path)
        if file is None:
            raise wrong("path", path, "the path of a file")
        whole = contents(file, self.text_for(file))
        try:
            with replacing(file) as out:
                out.write(whole)
        except OSError as error:
            raise OutputError(f"cannot write {quoted(file)}: {error.strerror}") from error


def report(
    model: Model,
    data: Data | None = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    level: float = LEVEL,
    worst: int = WORST,
    ignore: str | Sequence[str] = (),
    **how: Any,
) -> Report:
    """How good a model is on labelled rows, where it is wrong, why, whether to trust it, and how it is made again.

    The data, labels and weights are those of `evaluate`, and so are further arguments; without data the report says
    what the model itself knows. `level` is that of the intervals, `worst` the number of rows of highest NLL, `ignore`
    the codes of findings to leave out. The data are read twice, the second time to hold them against the contract.

    >>> model = smtrain.fit("iris.csv")
    >>> smtrain.report(model, "iris.csv")
    <Report: Model of species; 15 sections>
    """
    model = as_model(model)
    check_level(level)
    codes = [ignore] if isinstance(ignore, str) else ignore
    check_codes(codes)
    if data is None:
        return report_on(model, None, of_fit(model).without(*codes), level)
    data = read_again(data, "a report")
    leaks = LeakWatch(model)
    evaluation = evaluate(model, data, y, sample_weight, worst=worst, watchers=[leaks.add], **how)
    contract = () if model.contract is None else check(model, data, threads=how.get("threads")).findings
    # The contract says more of levels that training did not have: where, and which.
    seen = [one for one in judged(model, evaluation).findings if one.kind not in {other.kind for other in contract}]
    # What explains others stands before them.
    told = sorted([*seen, *contract], key=lambda one: one.kind != "class shift")
    found = diagnosis(evaluation.sums.rows, [*leaks.findings(), *told, *of_fit(model).findings])
    return report_on(model, evaluation, found.without(*codes), level)


def report_on(
    model: Model,
    evaluation: Evaluation | None,
    findings: Diagnosis,
    level: float,
    outcomes: Sequence[Outcome] = (),
) -> Report:
    """The report of what is known already; `outcomes` are those of checks that were asked for."""
    measured = [] if evaluation is None else evaluation_sections(evaluation, level)
    rows = [] if evaluation is None or not evaluation.worst else worst_document(model, evaluation.worst)
    sections = [
        *answers(model, evaluation, findings, level),
        *([checks_section(outcomes)] if outcomes else []),
        *told_section(findings.findings),
        *measured,
        *([worst_section(rows)] if rows else []),
        _weights(model),
        *_inferred(model, level),
        _columns(model, findings),
        _classes(model),
        *_penalties(model),
        *_learning(model),
    ]
    return Report(f"Model of {named(model.encoder.target)}", tuple(sections), findings, evaluation)


def _weights(model: Model) -> Section:
    """The weights of standardised columns, which can be compared: as a table, and the largest of each class drawn."""
    effect = np.abs(model.W).max(axis=1)
    order = largest_first(effect)[:MOST_FEATURES].tolist()
    K = min(len(model.encoder.classes), MOST_CLASSES)
    rows = [[model.features[j], *(f"{x:+.3f}".replace("-", "−") if x else "0" for x in model.W[j, :K])] for j in order]
    cut = f": the {MOST_FEATURES} features of the largest effect" if len(effect) > len(order) else ""
    title = f"Weights, for one standard deviation more of a column of numbers{cut}"
    return Section(title, ["feature", *model.encoder.classes[:K]], rows, figure=_weight_figure(model))


def _weight_figure(model: Model) -> Figure:
    lines: list[Line] = []
    for k, name in enumerate(model.encoder.classes[:MOST_DRAWN]):
        lines.append((name, ()))
        for j in largest_first(np.abs(model.W[:, k]))[:MOST_DOTS].tolist():
            value = float(model.W[j, k])
            lines.append((model.features[j], [Dot(value, colour="blue" if value > 0 else "orange")]))
    size = 1.05 * max(float(np.abs(model.W).max()), 1e-6)
    more = f" of {MOST_DRAWN} classes" if len(model.encoder.classes) > MOST_DRAWN else ""
    told = "Dots to the right of zero speak for a class, those to the left against it."
    return dot_plot(f"The largest weights{more}", told, lines, (-size, size))


def _inferred(model: Model, level: float) -> list[Section]:
    """The coefficients with intervals, of a model that was fitted for them."""
    if model.information is None:
        return []
    found = inference(model, level=level)
    scales = dict(zip(model.features, model.encoder.scales.tolist(), strict=True))
    rows, lines = [], list[Line]()
    for k, name in enumerate(found.classes[:MOST_DRAWN]):
        lines.append((name, ()))
        for t, term in enumerate(found.terms[:MOST_FEATURES]):
            numbers = [float(getattr(found, what)[t, k]) for what in ("estimate", "low", "high")]
            shown = [f"{x:.4g}" if np.isfinite(x) else "–" for x in numbers]
            rows.append([name, term, *shown, probability(float(found.p[t, k]))])
            if term in scales and np.isfinite(numbers).all():
                lines.append((term, [Dot(*(scales[term] * x for x in numbers))]))
    ends = [abs(x) for _, dots in lines for dot in dots for x in (dot.low, dot.high)]
    size = 1.05 * max([*ends, 1e-6])
    told = "Intervals that do not reach the line at zero tell two classes apart."
    figure = dot_plot("For one standard deviation more of a column of numbers", told, lines, (-size, size))
    head = ["class", "term", "estimate", "low", "high", "p"]
    said = (
        f"Against the class {in_quotes(found.reference)}, in the units of the data, with {100 * level:g} % intervals."
    )
    return [Section("Coefficients with intervals", head, rows, texts=2, sentences=[said], figure=figure)]


def _columns(model: Model, findings: Diagnosis) -> Section:
    """The columns, with what training knew of them, and what was found of each."""
    used, ranges, found = model.used.tolist(), _ranges(model), dict[str, list[str]]()
    for one in findings.findings:
        if one.column is not None:
            found.setdefault(one.column, []).append(f"{one.code} {one.kind}")
    rows = [
        [
            *column_row(column, one),
            ", ".join(found.get(column.name, [])),
            _between(ranges.get(column.name)),
            f"{model.fit.missing.get(column.name, 0):,}",
        ]
        for column, one in zip(model.encoder.columns, used, strict=True)
    ]
    rows += [[name, "ignored", reason, "", "", ""] for name, reason in model.encoder.ignored]
    head = ["column", "kind", "what", "findings", "range", "missing cells"]
    return Section("Columns, as they were in training", head, rows, texts=4, figure=_range_figure(model, ranges))


def _range_figure(model: Model, ranges: Mapping[str, tuple[float, float]]) -> Figure | None:
    """The range of each column of numbers beside its mean and deviation: what is far out there pulls at the weights."""
    columns = [column for column in model.encoder.numeric if column.name in ranges][:MOST_RANGES]
    lines = []
    for c in columns:
        low, high = ((end - c.mean) / c.scale for end in ranges[c.name])
        if np.isfinite(low) and np.isfinite(high):
            lines.append((c.name, [Dot(0.0, low, high)]))
    if not lines:
        return None
    ends = [end for _, (dot,) in lines for end in (dot.low, dot.high)]
    told = "A line reaches from the least to the largest number of a column, the dot is its mean."
    more = f", the first {MOST_RANGES}" if len(model.encoder.numeric) > MOST_RANGES else ""
    title = f"Ranges of the columns of numbers in standard deviations from the mean{more}"
    return dot_plot(title, told, lines, (min(0.0, *ends), max(0.0, *ends)))


def _between(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:g} … {ends[1]:g}"


def _ranges(model: Model) -> dict[str, tuple[float, float]]:
    """The least and the largest number of each column of numbers in training, as far as the model knows them."""
    lines = [] if model.contract is None else model.contract.numbers[:, [LOW, HIGH]].tolist()
    return {c.name: (low, high) for c, (low, high) in zip(model.encoder.numeric, lines, strict=False)}


def _classes(model: Model) -> Section:
    counts, total = model.fit.class_counts, max(1, sum(model.fit.class_counts))
    rows = [[name, f"{n:,}", f"{n / total:.1%}"] for name, n in zip(model.encoder.classes, counts, strict=True)]
    return Section("Classes in training", ["class", "rows", "share"], rows)


def _penalties(model: Model) -> list[Section]:
    """The choice of a penalty, if there was one."""
    if model.fit.selection is None:
        return []
    name = model.fit.selection.penalty
    tried = sorted(model.fit.selection.candidates, key=attrgetter(name))
    rows = [[f"{getattr(one, name):.6g}", f"{one.nll:.6f}", f"{one.se:.6f}"] for one in tried]
    value, nll, error = (np.array([getattr(one, what) for one in tried]) for what in (name, "nll", "se"))
    drawable, chosen = (value > 0).all() and len(value) > 1, getattr(model.fit.options, name)
    figure = penalty_path(name, value, nll, error, chosen) if drawable else None
    return [
        Section(f"Choice of {name} by cross-validation", [name, "NLL", "standard error"], rows, texts=0, figure=figure)
    ]


def _learning(model: Model) -> list[Section]:
    """The history of the fit: the distance from the bound of the minimum, which a plot of the NLL itself would hide."""
    history = model.history
    if len(history) < 2:
        return []
    chosen = sorted({len(history) - 1, *(int(2**i) - 1 for i in range(MOST_EPOCHS) if 2**i <= len(history))})
    validated = history.shape[1] > 5
    head = ["epoch", "NLL", "objective", "gap", *(["validation NLL"] if validated else [])]
    rows = [
        [f"{line[0]:.0f}", f"{line[1]:.6f}", f"{line[2]:.6f}", f"{line[3]:.1e}" if line[3] < 1 else "–"]
        + ([f"{line[5]:.6f}"] if validated else [])
        for line in history[chosen].tolist()
    ]
    figure = learning_curve(history[:, 0], above_the_bound(model), certified=model.fit.certified)
    return [Section("Learning curve", head, rows, texts=0, figure=figure)]
