"""`smtrain check`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.publishing import check_junit, junit_option, reporting_errors


@click.command("check")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@opt.model_option
@click.option("--strict", is_flag=True, help="Warnings fail the check too.")
@opt.ignore_option
@junit_option("findings")
@opt.threads_option
@opt.cluster_options
@opt.json_option
def command(
    data: tuple[str, ...],
    model: str,
    *,
    strict: bool,
    ignore: tuple[str, ...],
    junit: str | None,
    json: bool,
    **how: Any,
) -> None:
    """Hold DATA, CSV or Parquet files or -, against the data contract that a fit keeps in its model.

    Looks for columns that are missing or new, cells that are no numbers, numbers out of range, levels and classes that
    training did not have, other shares of missing cells, and drift by the population stability index. Exits with 7 if
    there is an error.
    """
    from smtrain.cli.verdict import conclude
    from smtrain.inspecting.check import check

    check_junit(junit)
    with reporting_errors("check", junit):
        diagnosis = check(opt.load(model), list(data), **how)
    fails = {"error", "warning"} if strict else {"error"}
    conclude(diagnosis.without(*ignore), "check", fails, json=json, junit=junit, model=model, data=", ".join(data))
