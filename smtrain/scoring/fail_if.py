"""Checks that a pipeline asks for: expressions that say when to fail, and their outcomes."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from smtrain.errors import UsageError, listed, quoted
from smtrain.scoring.metrics import CLASS_METRICS, METRICS
from smtrain.scoring.moments import weighted_mean
from smtrain.scoring.paired import PairedSum
from smtrain.scoring.sums import EvaluationSum
from smtrain.sources.arguments import wrong
from smtrain.sources.likeness import did_you_mean

# The check that the new of two models is not worse.
WORSE = "worse"
OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}
# The number holds no bracket, so the last bracket ends the name of the class, whatever is in it.
EXPRESSION = re.compile(
    r"\s*([a-z][a-z0-9_]*)\s*(?:\[(.+)\])?\s*(<=|>=|==|<|>)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*",
    re.ASCII | re.DOTALL,
)
FORM = "write METRIC<NUMBER or 'METRIC[CLASS]<NUMBER', with <, <=, >, >= or =="
# What the mean NLL of two fits of equal rows may differ by on two machines, as a share of it: the same difference in
# every row, so that its interval does not hold 0. Without it such a model would be worse.
ROUNDING = 1e-12


# Classes that a hint names.
MOST_CLASSES = 8


@dataclass(frozen=True)
class Outcome:
    """The outcome of a check: its text, whether it failed, the number that it looked at, and a sentence."""

    check: str
    failed: bool
    value: float
    message: str


@dataclass(frozen=True)
class Check:
    """Fail if `metric`, of the class `label` if that is not None, is `comparison` (a key of OPERATORS) `bound`."""

    text: str
    metric: str
    label: str | None
    comparison: str
    bound: float

    def outcome(self, sums: EvaluationSum, classes: Sequence[str]) -> Outcome:
        """Compare the metric of some rows."""
        return self.of(self._value(sums, classes))

    def of(self, value: float) -> Outcome:
        """Compare a value. One that is not defined fails: nothing was shown that could pass."""
        if math.isnan(value):
            return Outcome(self.text, True, value, "it is not defined on these rows")
        compare = OPERATORS[self.comparison]
        failed, shown = compare(value, self.bound), f"{value:.6g}"
        if compare(float(shown), self.bound) != failed:
            shown = repr(value)  # 0.8999999 must not be shown as 0.9 that is less than 0.9
        return Outcome(self.text, failed, value, f"it is {shown}")

    def _value(self, sums: EvaluationSum, classes: Sequence[str]) -> float:
        if self.label is None:
            return METRICS[self.metric](sums)
        return float(CLASS_METRICS[self.metric](sums)[classes.index(self.label)])


def parse(text: str) -> Check:
    """The check that an expression asks for. Raises UsageError for another form, or an unknown metric."""
    match = EXPRESSION.fullmatch(text)
    if match is None:
        raise UsageError(f"--fail-if: not an expression: {quoted(text)}", hint=FORM)
    metric, label, comparison, bound = match.groups()
    # calibration_error is a metric of the rows and one of each class: the bracket says which is meant.
    known, others = (METRICS, CLASS_METRICS) if label is None else (CLASS_METRICS, METRICS)
    if metric not in known:
        of = "" if label is None else " of a class"
        form = f"{metric} is a metric of a class: '{metric}[CLASS]'" if label is None else f"{metric} has no class"
        hint = form if metric in others else f"there are {', '.join(known)}"
        raise UsageError(f"--fail-if: there is no metric {quoted(metric)}{of}", hint=hint)
    return Check(text.strip(), metric, label, comparison, float(bound))


def parsed_check(check: Any) -> Check:
    """A check that a caller gives, itself or as a text. Raises UsageError for anything else, and as `parse` does."""
    if isinstance(check, Check):
        return check
    if not isinstance(check, str):
        raise wrong("a check", check, 'a text such as "accuracy<0.9"')
    return parse(check)


def check_classes(checks: Iterable[Check | str], classes: Sequence[str]) -> None:
    """Raise UsageError for a check of a class that the model does not have; WORSE is of none."""
    for check in checks:
        if isinstance(check, Check) and check.label is not None and check.label not in classes:
            known = listed(map(quoted, classes), MOST_CLASSES)
            what = f"--fail-if: the model has no class {quoted(check.label)}"
            hint = did_you_mean(check.label, classes) or f"its classes are {known}; blanks inside the brackets count"
            raise UsageError(what, hint=hint)


def worse(pairs: PairedSum, level: float) -> Outcome:
    """Fail if the whole interval of the mean NLL difference, new − old, is above zero.

    Of comparisons of equally good models that happens to a share of (1 − level) / 2.
    """
    change = weighted_mean(pairs.nll, level)
    if math.isnan(change.low):
        return Outcome(WORSE, True, math.nan, "it is not defined: the test needs two rows")
    failed = change.low > ROUNDING * max(1.0, pairs.old.nll.mean)
    what = f"the NLL changed by {change.mean:+.6g}, {100 * level:g} % interval {change.low:+.6g} to {change.high:+.6g}"
    return Outcome(WORSE, failed, change.mean, what)
