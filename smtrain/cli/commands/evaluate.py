"""`smtrain evaluate`."""

from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.gates import check_gates, gate_options, settle
from smtrain.cli.pages import check_page, page_options, write_pages
from smtrain.cli.publishing import publish, reporting_errors


@click.command("evaluate")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@opt.model_option
@gate_options()
@opt.level_option("Of the intervals.")
@opt.cost_option
@click.option("--worst", type=kinds.Integer(0), default=0, metavar="N", help="Show the N rows of highest NLL.")
@opt.ignore_option
@page_options
@opt.unlabelled_option("without a label, or with one that the model does not know")
@opt.threads_option
@opt.cluster_options
@opt.json_option
def command(
    data: tuple[str, ...],
    model: str,
    *,
    fail_if: tuple[Any, ...],
    junit: str | None,
    level: float,
    ignore: tuple[str, ...],
    html: str | None,
    markdown: str | None,
    json: bool,
    **how: Any,
) -> None:
    """Compare the predictions for DATA, CSV or Parquet files or -, with their labels.

    Prints NLL (mean, in nats), accuracy, balanced accuracy, macro F1, Brier score, expected calibration error, AUC and
    others, beside a forecast that knows the frequencies of the classes alone; a line a class, and the confusion matrix.
    --json has more. Exits with 7 if a check of --fail-if failed.
    """
    from smtrain.cli.output import print_document, report_output
    from smtrain.inspecting.diagnosis import diagnosis
    from smtrain.inspecting.judging import judged
    from smtrain.reports.checks import check_cases
    from smtrain.reports.diagnosis import finding_case
    from smtrain.reports.evaluation import evaluation_document, further_sections, print_evaluation, summary
    from smtrain.reports.notices import of_fit
    from smtrain.reports.predictions import say_skipped, say_unseen
    from smtrain.reports.report import report_on
    from smtrain.reports.worst import worst_document
    from smtrain.scoring.evaluate import evaluate
    from smtrain.scoring.fail_if import check_classes

    check_gates(junit, fail_if)
    check_page("html", html)
    check_page("markdown", markdown)
    with reporting_errors("evaluate", junit):
        loaded = opt.load(model)
        # A check of a class that there is none of would never fail, so it is refused, and before the rows are read.
        check_classes(fail_if, loaded.encoder.classes)
        evaluation = evaluate(loaded, list(data), **how)
    about = {"model": model, "data": ", ".join(data)}
    outcomes, rows = evaluation.outcomes(*fail_if), worst_document(loaded, evaluation.worst)
    found = judged(loaded, evaluation).without(*ignore).findings
    more = further_sections(outcomes, rows, found)
    told = [*check_cases(outcomes), *map(finding_case, found)]
    publish("evaluate", told, junit, lambda: summary(evaluation, level, more, **about))
    if html or markdown:
        known = diagnosis(evaluation.sums.rows, [*found, *of_fit(loaded).without(*ignore).findings])
        whole = report_on(loaded, evaluation, known, level, outcomes)
        write_pages({html: whole.html(), markdown: whole.markdown()})
    if json:
        print_document(evaluation_document(evaluation, level, outcomes, rows, found))
    else:
        with report_output() as console:
            print_evaluation(console, evaluation, level, more)
    # Warnings stand below the report, where a person sees them.
    say_skipped(evaluation.skipped)
    say_unseen(evaluation.unseen)
    settle(outcomes)
