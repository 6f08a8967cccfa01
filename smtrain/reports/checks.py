"""Outcomes of checks: as JSON, as test cases, as a section of a report, and as lines of failures."""

import math
from collections.abc import Sequence
from typing import Any

from smtrain.reports.console import errors
from smtrain.reports.junit import Case
from smtrain.reports.sections import Section
from smtrain.reports.text import message
from smtrain.scoring.fail_if import Outcome


def checks_document(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Each check with its outcome; the value is null where it is not defined."""
    return [
        {
            "check": outcome.check,
            "failed": outcome.failed,
            "value": outcome.value if math.isfinite(outcome.value) else None,
            "message": outcome.message,
        }
        for outcome in outcomes
    ]


def check_cases(outcomes: Sequence[Outcome]) -> list[Case]:
    """A test case for each check."""
    return [
        Case(one.check, "check", one.message, f"fail if {one.check}: {one.message}") if one.failed else Case(one.check)
        for one in outcomes
    ]


def checks_section(outcomes: Sequence[Outcome]) -> Section:
    """A line a check."""
    failed = sum(outcome.failed for outcome in outcomes)
    title = f"{failed} of {counted(outcomes)} failed" if failed else f"{counted(outcomes)} passed"
    rows = [[o.check, "failed" if o.failed else "passed", o.message] for o in outcomes]
    return Section(title, ["fail if", "outcome", "found"], rows, texts=3)


def counted(outcomes: Sequence[Outcome]) -> str:
    """How many checks there are."""
    return f"{len(outcomes)} check{'' if len(outcomes) == 1 else 's'}"


def say_failures(outcomes: Sequence[Outcome]) -> int:
    """A line on standard error for each check that failed; how many there are."""
    # All of them, not the first: a pipeline is run once, and whoever mends it wants to know everything.
    failed = [outcome for outcome in outcomes if outcome.failed]
    for outcome in failed:
        errors().write(message(f"smtrain: failed: {outcome.check}: {outcome.message}") + "\n")
    return len(failed)
