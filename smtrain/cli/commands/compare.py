"""`smtrain compare`."""

from functools import partial
from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.gates import check_gates, gate_options, settle
from smtrain.cli.pages import check_page, page_options, write_pages
from smtrain.cli.publishing import publish, reporting_errors
from smtrain.errors import UsageError


@click.command("compare")
@click.argument("old", type=kinds.File(), metavar="OLD.npz")
@click.argument("new", type=kinds.File(), metavar="NEW.npz")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@gate_options("worse")
@opt.level_option("Of the intervals. worse: the whole interval of the NLL's difference is above 0.")
@opt.ignore_option
@page_options
@click.option("--format", type=click.Choice(["table", "markdown"]), default="table", show_default=True)
@opt.unlabelled_option("without a label, or with one that one of the models does not know")
@opt.positive_option
@opt.threads_option
@opt.json_option
def command(
    old: str,
    new: str,
    data: tuple[str, ...],
    *,
    fail_if: tuple[Any, ...],
    junit: str | None,
    level: float,
    ignore: tuple[str, ...],
    html: str | None,
    markdown: str | None,
    format: str,  # noqa: A002 - the option's name
    unlabelled: str,
    positive: str | None,
    threads: int | None,
    json: bool,
) -> None:
    """Compare two models on the labelled rows of DATA, CSV or Parquet files or -, which are read once.

    Prints the metrics of both, paired tests of the NLL and of the errors (McNemar), the predictions that changed, what
    changed in columns, levels and classes, and the weights that moved. Exits with 7 if a check of --fail-if failed;
    metrics in it are those of the new model.
    """
    from smtrain.cli.output import print_data, print_document, report_output
    from smtrain.inspecting.judging import judged
    from smtrain.model.model import load
    from smtrain.reports.checks import check_cases
    from smtrain.reports.comparison import comparison_document, comparison_sections, verdict
    from smtrain.reports.diagnosis import finding_case
    from smtrain.reports.html import page
    from smtrain.reports.predictions import say_skipped, say_unseen
    from smtrain.reports.sections import MOST_COMMENT, files, print_sections
    from smtrain.reports.sections import markdown as as_markdown
    from smtrain.scoring.compare import compare
    from smtrain.scoring.fail_if import check_classes

    if json and format != "table":
        raise UsageError("--json and --format exclude each other")
    check_gates(junit, fail_if)
    check_page("html", html)
    check_page("markdown", markdown)
    with reporting_errors("compare", junit):
        models = load(old), load(new)
        check_classes(fail_if, models[1].encoder.classes)  # what is gated is the new model
        comparison = compare(*models, list(data), threads=threads, unlabelled=unlabelled, positive=positive)
    outcomes = comparison.outcomes(*fail_if, level=level)
    found = judged(models[1], comparison.new).without(*ignore).findings
    sections = comparison_sections(comparison, level, outcomes, found)
    told = [files(old=old, new=new, data=", ".join(data)), *sections]
    summary = partial(as_markdown, "smtrain compare", told)
    publish("compare", [*check_cases(outcomes), *map(finding_case, found)], junit, summary)
    comment = summary(MOST_COMMENT - 1)
    write_pages({html: page("Two models compared", [verdict(comparison, level), *told]), markdown: comment + "\n"})
    if json:
        print_document(comparison_document(comparison, level, outcomes, found))
    elif format == "markdown":
        print_data(comment)
    else:
        with report_output() as console:
            print_sections(console, sections)
    say_skipped(comparison.new.skipped)
    say_unseen(comparison.new.unseen)
    settle(outcomes)
