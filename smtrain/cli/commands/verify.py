"""`smtrain verify`."""

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt


@click.command("verify")
@click.argument("model", type=kinds.File())
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@click.option("--init", type=kinds.File(), metavar="MODEL", help="The model that the fit was started from.")
@click.option(
    "--within",
    type=kinds.Number(0),
    default=1e-3,
    show_default=True,
    help="Differences of probabilities that are let pass where the data are the same, as another processor makes them; "
    "0 asks for the same bytes.",
)
@click.option(
    "--tolerance",
    type=kinds.Number(0),
    default=0.0,
    show_default=True,
    help="Differences of probabilities that are let pass whatever the data are.",
)
@opt.threads_option
@opt.memory_option
@opt.json_option
@opt.quiet_option(" of the fit")
def command(
    model: str,
    data: tuple[str, ...],
    *,
    init: str | None,
    within: float,
    tolerance: float,
    threads: int | None,
    memory: int | None,
    json: bool,
    quiet: bool,
) -> None:
    """Fit DATA with the options that are recorded in MODEL, and say whether the model is made again.

    It is if its bytes are the same; or if the data are, and the probabilities nearly, for another processor rounds
    otherwise. Else says what differs, how far the weights, the probabilities and the objective are apart, and exits
    with 7.
    """
    from smtrain.cli.output import print_data, print_document
    from smtrain.errors import CheckError
    from smtrain.inspecting import verify as verifying
    from smtrain.model.model import load
    from smtrain.reports.progress import FitReport, QuietReport
    from smtrain.reports.verification import sentences, verification_document
    from smtrain.sources.files import display_name

    # Once by the fit, and once to compare what the two models predict.
    start = None if init is None else load(init)
    report = QuietReport() if quiet else FitReport([display_name(path) for path in data], None)
    with report:
        verification = verifying.verify(model, list(data), init=start, observer=report, threads=threads, memory=memory)
    if json:
        print_document(verification_document(verification, within, tolerance))
    else:
        print_data("\n".join(sentences(verification, within)))
    if not verification.passes(within=within, tolerance=tolerance):
        raise CheckError("the model was not made again")
