"""What is to be said of a fitted model besides its weights: notices and warnings, in sentences."""

from collections.abc import Mapping

from smtrain.errors import listed
from smtrain.model.model import Model
from smtrain.model.rarity import rare_classes
from smtrain.model.record import HeldOutRecord
from smtrain.reports.text import in_quotes, message, named
from smtrain.softmax.temperature import at_its_bound

# Names in a sentence.
MOST_NAMES = 6
# Groups of collinear columns, each on a line.
MOST_LINES = 6
# Bytes of a warning: with what stands before it, it keeps to the 500 of every line on standard error.
LONGEST = 450


def rare_line(counts: dict[str, int]) -> list[str]:
    """The rare classes with their rows, as a line; none if there are none."""
    rare = rare_classes(counts)
    classes = (f"{in_quotes(name)} {n:,} {'row' if n == 1 else 'rows'}" for name, n in rare.items())
    return [f"rare classes: {listed(classes, MOST_NAMES)}"] if rare else []


def notices(model: Model) -> list[str]:
    """What is worth knowing and no cause for alarm."""
    fit, p = model.fit, len(model.features)
    lines = []
    if p >= fit.rows:
        lines.append(f"{p:,} features for {fit.rows:,} rows: many weights give the same predictions")
    # Columns that the same others determine are told together: of ten missing at once, ten lines would say one thing.
    groups: dict[tuple[str, ...], list[str]] = {}
    for column, others in fit.collinear.items():
        groups.setdefault(others, []).append(column)
    for others, columns in list(groups.items())[:MOST_LINES]:
        what = f"collinear with {listed(map(_short, others), MOST_NAMES)}" if others else "constant"
        lines.append(f"{listed(map(_short, columns), MOST_NAMES)}: {what}")
    if len(groups) > MOST_LINES:
        lines.append(f"{len(groups) - MOST_LINES} more groups of collinear columns: --json has them")
    if fit.options.loo:
        value = "not defined" if fit.loo_nll is None else f"{fit.loo_nll:.6f}"
        lines.append(f"leave-one-out NLL, approximately: {value}")
    return lines


def skipped_lines(unlabelled: int, unknown: int, names: Mapping[str, int]) -> list[str]:
    """Rows that were left out, as a line; none if there are none. `names` are labels that are not known, with rows."""
    parts = [f"{unlabelled:,} without a label"] if unlabelled else []
    if unknown:
        most = sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))
        known = listed((f"{in_quotes(name)} {n:,}" for name, n in most), 3)
        parts.append(f"{unknown:,} with a label that is no class" + (f" ({known})" if known else ""))
    return [f"rows skipped: {', '.join(parts)}"] if parts else []


def warnings(model: Model) -> list[str]:
    """What makes the weights other than they seem."""
    skipped, temperature, separation = model.fit.skipped, model.fit.temperature, model.fit.separation
    lines = skipped_lines(skipped.unlabelled, skipped.unknown, {})
    bound = None if temperature is None else at_its_bound(temperature)
    if bound is not None:
        lines.append(f"temperature {temperature:.4g}: {bound}")
    lines += _test_warnings(model.fit.test)
    if separation is None:
        return lines
    columns = f" along {listed(map(_short, separation.columns), 4)}" if separation.columns else ""
    pairs = listed((f"{_short(k)} and {_short(m)}" for k, m in separation.pairs), 3)
    what = "complete separation of the classes" if separation.complete else f"quasi-complete separation of {pairs}"
    why = "without a penalty there is no optimum: the weights grow without end, the NLL falls towards a limit"
    return [*lines, message(f"{what}{columns}; {why}; an --l2 above 0 has an optimum", LONGEST)]


def _test_warnings(test: HeldOutRecord | None) -> list[str]:
    """What makes the metrics of the rows of the test other than they seem."""
    if test is None:
        return []
    levels = listed((f"{_short(name)} {cells:,}" for name, cells in test.unseen.items()), MOST_NAMES)
    unseen = [f"cells of the test with a level that training did not have: {levels}"] if test.unseen else []
    return [
        *unseen,
        *(f"of the test {line}" for line in skipped_lines(test.skipped.unlabelled, test.skipped.unknown, {})),
    ]


def _short(name: str) -> str:
    """A name that can stand in a sentence: one of several words, like "age is missing", goes in quotes."""
    return named(name, 30, counted=True)
