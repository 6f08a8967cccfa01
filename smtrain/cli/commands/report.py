"""`smtrain report`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt


@click.command("report")
@click.argument("data", type=kinds.Data(), nargs=-1)
@opt.model_option
@click.option(
    "-o",
    "--output",
    type=kinds.Output(),
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Page to write; Markdown for a name that ends with .md.",
)
@opt.level_option("Of the intervals.")
@click.option(
    "--worst",
    type=kinds.Integer(0),
    default=10,
    show_default=True,
    metavar="N",
    help="Show the N rows of highest NLL.",
)
@opt.ignore_option
@opt.unlabelled_option("without a label, or with one that the model does not know")
@opt.threads_option
def command(data: tuple[str, ...], model: str, output: str, **how: Any) -> None:
    """Write a report on a model as one page: how good it is on the labelled rows of DATA, where it is wrong, why.

    DATA are CSV or Parquet files, which are read twice. Without them the report says what the model itself knows. The
    page stands alone: it has no script, fetches nothing, and is the same to the byte in every run.
    """
    from smtrain.cli.pages import check_page, write_pages
    from smtrain.reports.predictions import say_skipped, say_unseen
    from smtrain.reports.report import report

    check_page("output", output)
    found = report(opt.load(model), list(data) or None, **how)
    write_pages({output: found.text_for(output)})
    if found.evaluation is not None:
        say_skipped(found.evaluation.skipped)
        say_unseen(found.evaluation.unseen)
