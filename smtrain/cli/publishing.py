"""What a command tells the system that runs it, besides its report: JUnit XML, and the summary of a job."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from smtrain.cli.kinds import Output
from smtrain.cli.options import Decorator
from smtrain.errors import SmtrainError, UsageError

if TYPE_CHECKING:
    from smtrain.reports.junit import Case


def junit_option(what: str) -> Decorator:
    """The option of a command that can write `what` as JUnit XML."""
    return click.option("--junit", type=Output(), metavar="FILE", help=f"Write the {what} as JUnit XML.")


def check_junit(junit: str | None) -> None:
    """Raise UsageError if the report cannot be written: asked before the work."""
    from smtrain.model.atomic import check_writable

    if junit is None:
        return
    # Two documents on one stream would be none.
    if junit == "-":
        raise UsageError("--junit needs a file: standard output is for the report")
    check_writable(junit)


@contextlib.contextmanager
def reporting_errors(command: str, junit: str | None) -> Iterator[None]:
    """Write a failure as JUnit XML, if that is wanted: the report of an earlier run must not stand for this one."""
    try:
        yield
    except SmtrainError as error:
        _write(command, [], junit, error)
        raise


def publish(command: str, cases: "Sequence[Case]", junit: str | None, summary: Callable[[], str]) -> None:
    """Write the cases as JUnit XML, and the summary of a job of GitHub Actions, where they are wanted."""
    from smtrain.reports.github import append_summary

    # Before the checks fail the command: a report of failures is what the report is for.
    _write(command, cases, junit)
    if os.environ.get("GITHUB_STEP_SUMMARY"):
        append_summary(summary())


def _write(command: str, cases: "Sequence[Case]", junit: str | None, error: SmtrainError | None = None) -> None:
    from smtrain.cli.output import data_output
    from smtrain.reports.junit import junit as report

    if junit is not None:
        with data_output(junit) as out:
            out.write(report(command, cases, error))
