"""`smtrain predict`."""

from typing import TYPE_CHECKING, Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt

if TYPE_CHECKING:
    from smtrain.reports.predictions import PredictionWriter


@click.command("predict", short_help="Predict the class of every row: a table in, a table out.")
@click.argument("data", type=kinds.Data(), default="-")
@opt.model_option
@click.option("-o", "--output", type=kinds.Output(), metavar="FILE", help="[default: standard output]")
@click.option("--proba", is_flag=True, help="Add a column p(CLASS) for every class.")
@click.option("--top", type=kinds.Integer(1), metavar="K", help="Add the K most probable classes with their p.")
@click.option(
    "--keep",
    metavar="COLS|all",
    multiple=True,
    type=kinds.Names(),
    callback=opt.names,
    help="Input columns to carry through.",
)
@click.option(
    "--format",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    help="[default: parquet for an output FILE.parquet, else csv]",
)
@click.option("--csv-safe", is_flag=True, help="Put ' before text that a spreadsheet would run as a formula.")
@click.option(
    "--on-unknown",
    type=click.Choice(["warn", "error"]),
    default="warn",
    show_default=True,
    help="What to do about a level of a category that training did not have.",
)
@opt.threads_option
def command(data: str, model: str, output: str | None, on_unknown: str, threads: int | None, **rest: Any) -> None:
    """Predict the class of every row of DATA, a CSV or Parquet file or - (standard input, the default).

    One row out for each row in, in their order, in constant memory. Columns are matched by name.
    """
    from smtrain.cli.output import data_output
    from smtrain.partitions.memory import available_threads
    from smtrain.reports.predictions import say_notes
    from smtrain.scoring.predict import UnseenLevels, score
    from smtrain.sources.opening import open_table

    loaded = opt.load(model)
    table = open_table(data, loaded.encoder.dialect)
    # Before the output is begun: a file of other columns is refused, and nothing is written.
    loaded.encoder.readings(table, labels=False, model=model)
    rest["format"] = rest["format"] or _format_of(output)
    writer = _writer(rest["format"])(loaded, table, **rest)
    unseen = UnseenLevels(loaded, error=on_unknown == "error")
    with data_output(output) as out:
        out.write(writer.head())
        for scored in score(loaded, table, labels=False, threads=threads or available_threads()):
            unseen.add(scored)
            out.write(writer.rows(scored))
        out.write(writer.end())
    say_notes(loaded, table, unseen.counts)


def _format_of(output: str | None) -> str:
    """The format of an output that says nothing of it but its name."""
    return "parquet" if output is not None and output.lower().endswith(".parquet") else "csv"


def _writer(form: str) -> "type[PredictionWriter]":
    """What writes a format. Raises UsageError where pyarrow is missing for Parquet."""
    if form != "parquet":
        from smtrain.reports.predictions import PredictionWriter

        return PredictionWriter
    from smtrain.sources.pyarrow_later import needing

    with needing("Parquet is written"):
        from smtrain.reports.typed_predictions import TypedPredictionWriter
    return TypedPredictionWriter
