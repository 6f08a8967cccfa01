"""What is to be said of a fitted model besides its weights: findings, and the lines of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from smtrain.errors import listed
from smtrain.fitting.notices import unconverged
from smtrain.fitting.refusals import OTHER_TARGET
from smtrain.inspecting.codes import BY_KIND
from smtrain.inspecting.diagnosis import Diagnosis, Finding, Severity, diagnosis
from smtrain.inspecting.penalties import of_selection
from smtrain.model.encoder import Encoder
from smtrain.model.model import Model
from smtrain.model.rarity import many_classes, rare_classes
from smtrain.model.record import HeldOutRecord, SeparationRecord
from smtrain.reports.text import in_quotes, message, named
from smtrain.softmax.temperature import at_its_bound
from smtrain.solvers.base import Status

# Names in a sentence.
MOST_NAMES = 6
# Groups of collinear columns, each on a line.
MOST_LINES = 6
# Bytes of a warning: with what stands before it, it keeps to the 500 of every line on standard error.
LONGEST = 440
# How a fit may end without a warning.
EXPECTED = {Status.CONVERGED, Status.EARLY}


def of_fit(model: Model) -> Diagnosis:
    """The findings on the fit of a model."""
    found = [*_warnings(model), *_many(model), *_rare(model), *_unconverged(model), *_notes(model)]
    return diagnosis(model.fit.rows, found)


def rare_line(counts: dict[str, int], ignore: Collection[str] = ()) -> list[str]:
    """The rare classes with their rows, as a line; none if there are none, or the finding is ignored."""
    rare = rare_classes(counts)
    return coded("rare class", f"rare classes: {_with_rows(rare)}", ignore) if rare else []


def many_line(encoder: Encoder, rows: int, ignore: Collection[str] = ()) -> list[str]:
    """What is said of very many classes, as a line; none if there are not, or the finding is ignored."""
    what = many_classes(encoder.classes, len(encoder.classes), rows, encoder.dialect.decimal)
    return [] if what is None else coded("many classes", f"warning: {what}; {OTHER_TARGET}", ignore)


def told(findings: Iterable[Finding]) -> list[str]:
    """Findings as lines with their codes."""
    return _lines(findings, ())


def coded(kind: str, line: str, ignore: Collection[str]) -> list[str]:
    """A line with the code of a kind of finding behind it, none if that is ignored."""
    code = BY_KIND[kind].code
    return [] if code in ignore else [f"{line} [{code}]"]


def _with_rows(rare: Mapping[str, int]) -> str:
    return listed((f"{in_quotes(name)} {n:,} {'row' if n == 1 else 'rows'}" for name, n in rare.items()), MOST_NAMES)


def notices(model: Model, ignore: Collection[str] = ()) -> list[str]:
    """What is worth knowing and no cause for alarm, with the codes of findings that are not ignored."""
    lines = _lines(_notes(model), ignore)
    if model.fit.options.loo:
        value = "not defined" if model.fit.loo_nll is None else f"{model.fit.loo_nll:.6f}"
        lines.append(f"leave-one-out NLL, approximately: {value}")
    return lines


def warnings(model: Model, ignore: Collection[str] = ()) -> list[str]:
    """What makes the weights other than they seem."""
    return _lines(_warnings(model), ignore)


def _lines(findings: Iterable[Finding], ignore: Collection[str]) -> list[str]:
    return [line for one in findings for line in coded(one.kind, message(one.what, LONGEST), ignore)]


def _notes(model: Model) -> Iterator[Finding]:
    fit, p, note = model.fit, len(model.features), Severity.NOTE
    if p >= fit.rows:
        what = f"{p:,} features for {fit.rows:,} rows: many weights give the same predictions"
        yield Finding(note, "many features", what, numbers={"features": p, "rows": fit.rows})
    # Columns that the same others determine are told together: of ten missing at once, ten lines would say one thing.
    groups: dict[tuple[str, ...], list[str]] = {}
    for column, others in fit.collinear.items():
        groups.setdefault(others, []).append(column)
    for others, columns in list(groups.items())[:MOST_LINES]:
        what = f"collinear with {listed(map(_short, others), MOST_NAMES)}" if others else "constant"
        numbers = {"columns": columns, "others": list(others)}
        yield Finding(note, "collinear", f"{listed(map(_short, columns), MOST_NAMES)}: {what}", numbers=numbers)
    if len(groups) > MOST_LINES:
        what = f"{len(groups) - MOST_LINES} more groups of collinear columns: --json has them"
        yield Finding(note, "collinear", what)
    yield from of_selection(fit.selection, fit.options.groups)


def _many(model: Model) -> Iterator[Finding]:
    encoder, rows = model.encoder, model.fit.rows
    what = many_classes(encoder.classes, len(encoder.classes), rows, encoder.dialect.decimal)
    if what is not None:
        numbers = {"classes": len(encoder.classes)}
        yield Finding(Severity.WARNING, "many classes", what, encoder.target, hint=OTHER_TARGET, numbers=numbers)


def _rare(model: Model) -> Iterator[Finding]:
    rare = rare_classes(dict(zip(model.encoder.classes, model.fit.class_counts, strict=True)))
    if rare:
        yield Finding(Severity.WARNING, "rare class", f"few rows: {_with_rows(rare)}", numbers={"classes": rare})


def _unconverged(model: Model) -> Iterator[Finding]:
    if model.fit.status not in EXPECTED:
        yield Finding(Severity.WARNING, "not converged", unconverged(model.fit), numbers={"gap": model.fit.gap})


def _warnings(model: Model) -> Iterator[Finding]:
    warning, skipped, temperature = Severity.WARNING, model.fit.skipped, model.fit.temperature
    for line in skipped_lines(skipped.unlabelled, skipped.unknown, {}):
        yield Finding(warning, "skipped rows", line, numbers={"rows": skipped.unlabelled + skipped.unknown})
    bound = None if temperature is None else at_its_bound(temperature)
    if bound is not None:
        what = f"temperature {temperature:.4g}: {bound}"
        yield Finding(warning, "temperature", what, numbers={"temperature": temperature})
    if model.fit.test is not None:
        yield from _of_test(model.fit.test)
    if model.fit.separation is not None:
        yield Finding(warning, "separation", _separated(model.fit.separation))


def _of_test(test: HeldOutRecord) -> Iterator[Finding]:
    """What makes the metrics of the rows of the test other than they seem."""
    if test.unseen:
        levels = listed((f"{_short(name)} {cells:,}" for name, cells in test.unseen.items()), MOST_NAMES)
        what = f"cells of the test with a level that training did not have: {levels}"
        yield Finding(Severity.WARNING, "unseen level", what, numbers={"cells": dict(test.unseen)})
    for line in skipped_lines(test.skipped.unlabelled, test.skipped.unknown, {}):
        yield Finding(Severity.WARNING, "skipped rows", f"of the test {line}")


def _separated(found: SeparationRecord) -> str:
    columns = f" along {listed(map(_short, found.columns), 4)}" if found.columns else ""
    pairs = listed((f"{_short(k)} and {_short(m)}" for k, m in found.pairs), 3)
    what = "complete separation of the classes" if found.complete else f"quasi-complete separation of {pairs}"
    why = "without a penalty there is no optimum: the weights grow without end, the NLL falls towards a limit"
    return f"{what}{columns}; {why}; an --l2 above 0 has an optimum"


def skipped_lines(unlabelled: int, unknown: int, names: Mapping[str, int]) -> list[str]:
    """Rows that were left out, as a line; none if there are none. `names` are labels that are not known, with rows."""
    parts = [f"{unlabelled:,} without a label"] if unlabelled else []
    if unknown:
        most = sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))
        known = listed((f"{in_quotes(name)} {n:,}" for name, n in most), 3)
        parts.append(f"{unknown:,} with a label that is no class" + (f" ({known})" if known else ""))
    return [f"rows skipped: {', '.join(parts)}"] if parts else []


def _short(name: str) -> str:
    """A name that can stand in a sentence: one of several words, like "age is missing", goes in quotes."""
    return named(name, 30, counted=True)
