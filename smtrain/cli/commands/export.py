"""`smtrain export`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.exports.formats import FORMATS


@click.command("export")
@click.argument("model", type=kinds.File(), default=opt.DEFAULT_MODEL)
@click.option("--to", type=click.Choice(list(FORMATS)), required=True, help="The language of the export.")
@click.option("-o", "--output", type=kinds.Output(), metavar="FILE", help="File to write.  [default: standard output]")
@click.option("--table", default="data", show_default=True, metavar="NAME", help="Of sql: the table that is read.")
@click.option(
    "--keep", multiple=True, metavar="COL", help="Of sql: a column of the table to put before the predictions."
)
@click.option("--dbt", is_flag=True, help="Of sql: write a model of dbt, which reads {{ ref('NAME') }}.")
@click.option("--float32", is_flag=True, help="Of onnx: numbers of 32 bits; --self-test says what that costs.")
@click.option("--self-test", is_flag=True, help="Run the export here, and compare it with the model; 7 if it differs.")
def command(model: str, to: str, output: str | None, **options: Any) -> None:
    """Write the whole prediction of MODEL in another language.

    Preprocessing is inside: missing cells, scaling, levels of words, levels that training did not have. The export
    needs no smtrain, and carries the SHA-256 of the model and, but for pmml and the two schemas, rows with their
    probabilities to test it with.
    """
    from smtrain.cli.output import data_output
    from smtrain.exports.table import exported
    from smtrain.model.model import load_model

    artefact, tested = exported(load_model(model), to, **options)
    with data_output(output) as out:
        out.write(artefact)
    if tested:
        click.echo(tested, err=True)
