"""`smtrain doctor`."""

from typing import Any

import click

from smtrain.cli import options as opt


@click.command("doctor", short_help="Say what is wrong with a table before it is fitted.")
@click.argument("data", type=opt.File(), nargs=-1, required=True)
@opt.reading_options
@click.option("--strict", is_flag=True, help="Exit with 7 if there is an error or a warning.")
@opt.threads_option
@opt.json_option
def command(data: tuple[str, ...], *, strict: bool, json: bool, **rest: Any) -> None:
    """Examine DATA, CSV files or -, as `smtrain fit` would read it with these options, and say what helps.

    Errors are what a fit refuses; warnings what would make the model other than it seems: identifiers, columns that
    give the label away, labels that contradict each other; notes are good to know. Also reads tables that a fit
    refuses.
    """
    from smtrain import api
    from smtrain.cli.verdict import conclude

    found = api.doctor(list(data), opt.config_from(rest))
    conclude(found, "doctor", fails={"error", "warning"} if strict else set(), json=json)
