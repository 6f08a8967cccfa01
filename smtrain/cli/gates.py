"""Checks that a user asks for: their options, and what becomes of their outcomes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from smtrain.cli.kinds import Text
from smtrain.cli.options import Decorator, stacked
from smtrain.cli.publishing import check_junit, junit_option
from smtrain.errors import CheckError, UsageError

if TYPE_CHECKING:
    from smtrain.scoring.fail_if import Check, Outcome


class Expression(click.ParamType["Check | str"]):
    """A check such as accuracy<0.9, or one of some words. In an environment variable there is one a line."""

    name = "expression"

    def __init__(self, *words: str) -> None:
        self._words = words

    def split_envvar_value(self, rv: str) -> list[str]:
        """The lines that are not blank: the name of a class may hold blanks."""
        return [line for line in rv.splitlines() if line.strip()]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Check | str":
        """Return the word or the check. Raises UsageError."""
        from smtrain.scoring.fail_if import Check, parse

        if isinstance(value, Check):
            return value
        text = Text().convert(value, param, ctx)
        return text if text in self._words else parse(text)


def gate_options(*words: str) -> Decorator:
    """The options of a command with checks; `words` are checks of its own."""
    own = "".join(f"{word}, " for word in words)
    return stacked(
        click.option(
            "--fail-if",
            type=Expression(*words),
            multiple=True,
            metavar="EXPR",
            help=f"Exit with 7 if it holds: {own}accuracy<0.9, 'recall[CLASS]<0.8', …. Repeatable.",
        ),
        junit_option("checks"),
    )


def check_gates(junit: str | None, checks: Sequence[Any]) -> None:
    """Raise UsageError if a report of the checks is not possible: asked before the work."""
    if junit is not None and not checks:
        raise UsageError("--junit has no checks to report", hint="--fail-if 'accuracy<0.9'")
    check_junit(junit)


def settle(outcomes: "Sequence[Outcome]") -> None:
    """Name every check that failed, and raise CheckError if there is one."""
    from smtrain.reports.checks import counted, say_failures

    failed = say_failures(outcomes)
    if failed:
        raise CheckError(f"{failed} of {counted(outcomes)} failed")
