"""`smtrain show`."""

from json import dumps

import click

from smtrain.cli import options as opt


@click.command("show", short_help="Say what is in a model.")
@click.argument("model", default=opt.DEFAULT_MODEL)
@opt.json_option
def command(model: str, *, json: bool) -> None:
    """Show the classes, the columns, the weights in raw units, and the record of the fit of MODEL."""
    import sys

    from smtrain.cli.output import data_output, print_data
    from smtrain.model import load_model
    from smtrain.reports.weights import document, print_model

    loaded = load_model(model)
    if json:
        print_data(dumps(document(loaded), ensure_ascii=False))
    else:
        with data_output(None):
            print_model(opt.stdout_console(sys.stdout), loaded)
