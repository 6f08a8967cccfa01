"""`smtrain show`."""

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.errors import UsageError


@click.command("show")
@click.argument("model", type=kinds.File(), default=opt.DEFAULT_MODEL)
@click.option("--se", is_flag=True, help="Standard errors, tests, intervals and odds ratios, of a model of fit --se.")
@click.option(
    "--reference",
    type=kinds.Text(),
    metavar="NAME",
    help="Count the weights from this class.  [default with --se: the first]",
)
@click.option(
    "--level",
    type=kinds.Number(0, 1, open_low=True, open_high=True),
    help="Of the confidence intervals of --se.  [default: 0.95]",
)
@opt.json_option
def command(model: str, reference: str | None, level: float | None, *, se: bool, json: bool) -> None:
    """Show the classes, the columns, the weights in raw units, and the record of the fit of MODEL."""
    from smtrain.cli.output import print_document, report_output
    from smtrain.model.model import load_model
    from smtrain.reports.weights import model_document, print_model
    from smtrain.scoring.inference import inference, reference_class
    from smtrain.softmax.distributions import LEVEL

    if level is not None and not se:
        raise UsageError("--level is for --se")
    # The model is the argument here, so the hint that -m names it would be wrong.
    loaded = load_model(model)
    inferred = inference(loaded, reference, level or LEVEL) if se else None
    base = None if reference is None else reference_class(loaded, reference)
    if json:
        print_document(model_document(loaded, base, inferred))
    else:
        with report_output() as console:
            print_model(console, loaded, base, inferred)
