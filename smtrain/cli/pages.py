"""Reports that a command writes as files besides what it prints: pages of HTML, and Markdown."""

from collections.abc import Mapping

import click

from smtrain.cli.kinds import Output
from smtrain.cli.options import stacked
from smtrain.errors import UsageError

page_options = stacked(
    click.option("--html", type=Output(), metavar="FILE", help="Write the report as a page that stands alone."),
    click.option("--markdown", type=Output(), metavar="FILE", help="Write the report as Markdown."),
)


def check_page(option: str, path: str | None) -> None:
    """Raise UsageError if a report cannot be written: asked before the work."""
    from smtrain.model.atomic import check_writable
    from smtrain.reports.cards import contents

    if path == "-":
        raise UsageError(f"--{option} needs a file: standard output is for what the command prints")
    if path is not None:
        check_writable(path)
        contents(path, "")


def write_pages(texts: Mapping[str | None, str]) -> None:
    """Write each text to its file, where there is one; to a Markdown file that is there, in its place."""
    from smtrain.cli.output import data_output
    from smtrain.reports.cards import contents

    for path, text in texts.items():
        if path is not None:
            whole = contents(path, text)
            with data_output(path) as out:
                out.write(whole)
