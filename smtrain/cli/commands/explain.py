"""`smtrain explain`."""

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt


@click.command("explain")
@click.argument("data", type=kinds.Data(), default="-")
@click.option("--row", type=kinds.Integer(1), default=1, show_default=True, help="Which row, from 1.")
@opt.model_option
@opt.positive_option
@opt.json_option
def command(data: str, row: int, model: str, positive: str | None, *, json: bool) -> None:
    """Say why the model predicts what it does for one row of DATA.

    First what was predicted, and what each column, with its cell as it stands, speaks for and against. Then the
    mathematics: its encoded x, logits z, probabilities s, label y, s − y, its share x ⊗ (s − y) of the gradient with
    one line a class, and what each feature pushed; of two classes what made the log-odds.
    """
    from smtrain.cli.output import print_document, report_output
    from smtrain.reports.mathematics import explanation_document, print_explanation
    from smtrain.scoring.coefficients import base_of
    from smtrain.scoring.explanation import explain

    loaded = opt.load(model)
    base = base_of(loaded, None, positive)
    explained = explanation_document(explain(loaded, data, row, counted_from=1), row, base)
    if json:
        print_document(explained)
    else:
        with report_output() as console:
            print_explanation(console, explained)
