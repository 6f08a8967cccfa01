"""`smtrain doctor`."""

from contextlib import nullcontext, suppress
from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.publishing import check_junit, junit_option, reporting_errors
from smtrain.errors import CheckError, DataError


@click.command("doctor")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@opt.reading_options
@click.option("--strict", is_flag=True, help="Exit with 7 if there is an error or a warning.")
@opt.ignore_option
@junit_option("findings")
@opt.threads_option
@opt.json_option
def command(
    data: tuple[str, ...],
    *,
    strict: bool,
    ignore: tuple[str, ...],
    junit: str | None,
    json: bool,
    **rest: Any,
) -> None:
    """Examine DATA, CSV or Parquet files or -, as `smtrain fit` would read it with these options, and say what helps.

    Errors are what a fit refuses; warnings what would make the model other than it seems: identifiers, columns that
    give the label away, labels that contradict each other; notes are good to know. Also reads tables that a fit
    refuses.
    """
    from smtrain.cli.verdict import conclude
    from smtrain.inspecting.doctor import doctor

    check_junit(junit)
    with reporting_errors("doctor", junit):
        diagnosis = doctor(list(data), config=opt.config_from(rest))
    # A table that cannot be read to its end is told of with what was seen of it, and then fails as everywhere else.
    broken = diagnosis.broken
    fails = {"error", "warning"} if strict else {"error"} if broken else set()
    with suppress(CheckError) if broken else nullcontext():
        conclude(diagnosis.without(*ignore), "doctor", fails, json=json, junit=junit, data=", ".join(data))
    if broken:
        raise DataError(broken.what, source=broken.source, line=broken.line, hint=broken.hint)
