"""Checks that a user asks for: their options, and what becomes of their outcomes."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from smtrain.cli.options import Decorator, File, stacked
from smtrain.errors import CheckError, SmtrainError, UsageError

if TYPE_CHECKING:
    from smtrain.checks import Check, Outcome


class Expression(click.ParamType["Check | str"]):
    """A check such as accuracy<0.9, or one of some words. In an environment variable there is one a line."""

    name = "expression"

    def __init__(self, *words: str) -> None:
        self._words = words

    def split_envvar_value(self, rv: str) -> list[str]:
        """The lines that are not blank: the name of a class may hold blanks."""
        return [line for line in rv.splitlines() if line.strip()]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Check | str":  # noqa: ARG002 - click's signature
        """Return the word or the check. Raises UsageError."""
        from smtrain.checks import Check, parse

        if isinstance(value, Check):
            return value
        text = str(value)
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
        click.option("--junit", type=File(), metavar="FILE", help="Write the checks as JUnit XML."),
    )


def check_junit(junit: str | None, checks: Sequence[Any], inputs: Sequence[str]) -> None:
    """Raise UsageError if a report of the checks cannot be written: asked before the work."""
    from smtrain.cli.output import check_not_input
    from smtrain.npz import check_writable

    if junit is None:
        return
    if not checks:
        raise UsageError("--junit has no checks to report", hint="--fail-if 'accuracy<0.9'")
    if junit == "-":
        raise UsageError("--junit needs a file: standard output is for the report")
    check_not_input(junit, "--junit", inputs)
    check_writable(junit)


@contextlib.contextmanager
def reporting_errors(command: str, junit: str | None) -> Iterator[None]:
    """Write a failure as JUnit XML, if that is wanted: the report of an earlier run must not stand for this one."""
    from smtrain.cli.output import data_output
    from smtrain.reports.junit import junit as report

    try:
        yield
    except SmtrainError as error:
        if junit is not None:
            with data_output(junit) as out:
                out.write(report(command, [], error))
        raise


def publish(command: str, outcomes: "Sequence[Outcome]", junit: str | None, summary: Callable[[], str]) -> None:
    """Write the checks as JUnit XML, and the summary of a CI job, where they are wanted."""
    import os

    from smtrain.cli.output import data_output
    from smtrain.reports.github import append_summary
    from smtrain.reports.junit import junit as report

    if junit is not None:
        with data_output(junit) as out:
            out.write(report(command, outcomes))
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        append_summary(summary())


def settle(outcomes: "Sequence[Outcome]") -> None:
    """Name every check that failed, and raise CheckError if there is one."""
    from smtrain.reports.checks import counted, say_failures

    failed = say_failures(outcomes)
    if failed:
        raise CheckError(f"{failed} of {counted(outcomes)} failed")
