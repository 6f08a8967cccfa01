"""`smtrain cv`."""

from typing import TYPE_CHECKING, Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.gates import check_gates, gate_options, settle
from smtrain.cli.publishing import publish, reporting_errors
from smtrain.cli.training import computing_options, convergence_option, objective_options, one_se_option
from smtrain.errors import UsageError

if TYPE_CHECKING:
    from smtrain.reports.predictions import PredictionWriter


@click.command("cv")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@opt.folds_option("Folds, each of which one fit does not see; also those of --l2 auto or --l1 auto.")
@click.option(
    "--repeats", type=kinds.Integer(1, 1000), default=1, show_default=True, help="Deal the rows anew so often."
)
@opt.groups_option("Column whose equal rows go to the same fold.")
@click.option(
    "-o",
    "--output",
    type=kinds.Output(),
    metavar="FILE",
    help="Write the prediction of each row by the fit that has not seen it, as predict --proba.",
)
@opt.cost_option
@opt.reading_options
@objective_options
@one_se_option
@computing_options
@opt.cluster_options
@convergence_option
@gate_options()
@opt.json_option
@opt.quiet_option(" of the folds")
def command(
    data: tuple[str, ...],
    folds: int,
    repeats: int,
    output: str | None,
    *,
    cost: str | None,
    fail_if: tuple[Any, ...],
    junit: str | None,
    json: bool,
    quiet: bool,
    **rest: Any,
) -> None:
    """Fit DATA, CSV or Parquet files or -, without each of its folds in turn, and evaluate each fit on its fold.

    Prints the mean of every metric over the folds with its standard error. Everything is learned without the fold:
    columns, levels, means and the choice of --l2 auto. No model is written. Exits with 7 if a check of --fail-if, which
    is of the means, failed.
    """
    from smtrain.cli.output import data_output, print_document, report_output
    from smtrain.inspecting.cross_validation import cross_validated
    from smtrain.reports.checks import check_cases
    from smtrain.reports.cross_validation import (
        FoldLines,
        cross_validation_document,
        cross_validation_sections,
        predictions_of,
        say_warnings,
    )
    from smtrain.reports.sections import files, markdown, print_sections
    from smtrain.sources.opening import open_table

    check_gates(junit, fail_if)
    writer = _checked_writer(output)
    config = opt.config_from(rest)
    with reporting_errors("cv", junit):
        table = open_table(list(data), config.dialect, fitting=True)
        on_fold = None if quiet else FoldLines()
        validated = cross_validated(
            table, config, folds, repeats, cost=cost, predictions=writer is not None, on_fold=on_fold
        )
        outcomes = validated.outcomes(*fail_if)
    if output is not None and writer is not None:
        with data_output(output) as out:
            out.write(predictions_of(validated, writer, table))
    sections = cross_validation_sections(validated, outcomes)
    page = markdown("smtrain cv", [files(data=", ".join(data)), *sections])
    publish("cv", check_cases(outcomes), junit, lambda: page)
    if json:
        print_document(cross_validation_document(validated, outcomes) | {"options": config.record()})
    else:
        with report_output() as console:
            print_sections(console, sections)
    say_warnings(validated)
    settle(outcomes)


def _checked_writer(output: str | None) -> "type[PredictionWriter] | None":
    """What writes the predictions, None for no output. Raises UsageError for one that cannot be written."""
    from smtrain.cli.predicting import format_of, writer_of
    from smtrain.model.atomic import check_writable

    if output is None:
        return None
    if output == "-":
        raise UsageError("--output: standard output is for the report", hint="-o FILE")
    check_writable(output)
    return writer_of(format_of(output))
