"""`smtrain show`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.errors import UsageError


@click.command("show")
@click.argument("model", type=kinds.File(), default=opt.DEFAULT_MODEL)
@click.option("--se", is_flag=True, help="Standard errors, tests, intervals and odds ratios, of a model of fit --se.")
@click.option("--lr", is_flag=True, help="Likelihood-ratio tests, deviances, R², AIC and BIC, of a model of fit --lr.")
@click.option(
    "--reference",
    type=kinds.Text(),
    metavar="NAME",
    help="Count the weights from this class.  [default with --se or two classes: the first]",
)
@opt.positive_option
@click.option(
    "--level",
    type=kinds.SHARE,
    help="Of the confidence intervals of --se.  [default: 0.95]",
)
@click.option("--class", type=kinds.Text(), metavar="NAME", multiple=True, help="Only this class.")
@click.option("--top", type=kinds.Integer(1), metavar="N", help="Only the N features of the largest effect.")
@click.option(
    "--sort",
    type=click.Choice(["column", "effect", "name"]),
    help="Order of the features.  [default: column; effect with --top]",
)
@opt.json_option
@click.option("--csv", is_flag=True, help="Print the coefficients as CSV, a line for each class and term.")
def command(
    model: str,
    reference: str | None,
    positive: str | None,
    level: float | None,
    *,
    se: bool,
    lr: bool,
    json: bool,
    csv: bool,
    **choosing: Any,
) -> None:
    """Show the classes, the columns, the weights in raw units, and the record of the fit of MODEL."""
    from smtrain.cli.output import print_data, print_document, report_output
    from smtrain.model.model import load_model
    from smtrain.reports.weights import coefficients_csv, model_document, print_model
    from smtrain.scoring.coefficients import base_of, choice_of
    from smtrain.scoring.inference import inference
    from smtrain.scoring.likelihood import likelihood
    from smtrain.softmax.distributions import LEVEL

    if level is not None and not se:
        raise UsageError("--level is for --se")
    if csv and (json or lr):
        raise UsageError(f"--csv and {'--json' if json else '--lr'} exclude each other", hint="--json has everything")
    # The model is the argument here, so the hint that -m names it would be wrong.
    loaded = load_model(model)
    base = base_of(loaded, reference, positive)
    if se and base is None:
        base = 0
    choice = choice_of(loaded, base, choosing["class"], choosing["top"], choosing["sort"])
    inferred = inference(loaded, None if base is None else loaded.encoder.classes[base], level or LEVEL) if se else None
    tested = likelihood(loaded) if lr else None
    if json:
        asked = reference is not None or positive is not None
        print_document(model_document(loaded, choice, inferred, tested, counted=asked))
    elif csv:
        print_data(coefficients_csv(loaded, choice, inferred))
    else:
        with report_output() as console:
            print_model(console, loaded, choice, inferred, tested)
