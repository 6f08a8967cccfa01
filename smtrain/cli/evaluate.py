"""`smtrain evaluate`."""

from json import dumps

import click

from smtrain.cli import options as opt


@click.command("evaluate", short_help="Say how good a model is on labelled rows.")
@click.argument("data", nargs=-1, required=True)
@opt.model_option
@opt.threads_option
@opt.json_option
def command(data: tuple[str, ...], model: str, threads: int | None, *, json: bool) -> None:
    """Compare the predictions for DATA, CSV files or -, with their labels.

    Prints NLL (mean, in nats), accuracy, balanced accuracy, macro F1, Brier score, expected calibration error, a line
    a class, and the confusion matrix.
    """
    import sys

    from smtrain import api
    from smtrain.cli.output import data_output, print_data
    from smtrain.reports.evaluation import document, print_evaluation
    from smtrain.reports.predictions import say_unseen

    evaluation = api.evaluate(api.load(model), list(data), threads=threads)
    if json:
        print_data(dumps(document(evaluation), ensure_ascii=False))
    else:
        with data_output(None):
            print_evaluation(opt.stdout_console(sys.stdout), evaluation)
    say_unseen(evaluation.unseen)
