"""`smtrain gradcheck`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt


@click.command("gradcheck")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@opt.reading_options
@opt.l2_option()
@opt.seed_option
@click.option("--most", type=kinds.Integer(1), default=500, show_default=True, help="Most entries of W to compare.")
@click.option(
    "--threshold",
    type=kinds.Number(0),
    default=1e-6,
    show_default=True,
    help="Largest disagreement allowed, as a share of the gradient's largest entry.",
)
@opt.threads_option
@opt.json_option
def command(data: tuple[str, ...], most: int, threshold: float, *, json: bool, **rest: Any) -> None:
    """Compare the gradient Σ X ⊗ (S − Y) on DATA with central differences of the NLL, at a random W.

    Exits with 7 if any entry disagrees by more than the threshold.
    """
    from smtrain.cli.output import print_document, report_output
    from smtrain.errors import CheckError
    from smtrain.inspecting.gradcheck import gradcheck
    from smtrain.reports.mathematics import check_document, print_check

    check = gradcheck(list(data), opt.config_from(rest), most=most)
    checked = check_document(check, threshold)
    if json:
        print_document(checked)
    else:
        with report_output() as console:
            print_check(console, checked)
    if not checked["passed"]:
        raise CheckError(
            f"the gradient disagrees by {checked['largest']:.2e} of its largest entry, {threshold:g} allowed"
        )
