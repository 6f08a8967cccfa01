"""`smtrain predict`."""

from typing import TYPE_CHECKING, Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.files import check_outputs
from smtrain.errors import UsageError

if TYPE_CHECKING:
    from smtrain.cli.predicting import Predicting


@click.command("predict")
@click.argument("data", type=kinds.Data(), nargs=-1, callback=lambda _ctx, _param, value: value or ("-",))
@opt.model_option
@click.option("-o", "--output", type=kinds.Output(), metavar="FILE|FOLDER/", help="[default: standard output]")
@click.option(
    "--decide",
    type=kinds.File(),
    metavar="FILE|P",
    help="Call a row what costs least, by the costs of errors in a CSV file; or of two classes the second if its "
    "probability is P or more.  [default: the most probable class]",
)
@click.option("--proba", is_flag=True, help="Add a column p(CLASS) for every class.")
@click.option("--top", type=kinds.Integer(1), metavar="K", help="Add the K most probable classes with their p.")
@click.option("--explain", type=kinds.Integer(1), metavar="N", help="Add the N columns that pushed most, and how much.")
@click.option("--digits", type=kinds.Integer(1, 17), metavar="N", help="Significant digits of numbers.  [default: all]")
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
@opt.cluster_options
def command(
    data: tuple[str, ...],
    model: str,
    output: str | None,
    *,
    decide: str | None,
    on_unknown: str,
    threads: int | None,
    cluster: str | None,
    cluster_wait: int,
    **rest: Any,
) -> None:
    """Predict the class of every row of DATA, a CSV or Parquet file or - (standard input, the default).

    One row out for each row in, in their order, in constant memory. Columns are matched by name.

    With -o FOLDER/ DATA may be several files: the predictions of each go to a file of its name there.
    """
    from smtrain.cli.predicting import Predicting, format_of, is_folder
    from smtrain.partitions.memory import available_threads
    from smtrain.reports.predictions import say_notes
    from smtrain.scoring.decisions import decision_of
    from smtrain.scoring.home import sent
    from smtrain.sources.opening import open_table

    into_folder = is_folder(output)
    rest["format"] = rest["format"] or ("csv" if into_folder else format_of(output))
    if not into_folder:
        _check_one(data, cluster)
    loaded = opt.load(model)
    rest["decide"] = decision_of(opt.number_or_path(decide), loaded.encoder.classes)
    # A worker has as many tasks at a time as threads.
    threads = 1 if cluster else threads or available_threads()
    predicting = Predicting(sent(loaded), model, on_unknown, rest, threads)
    if output is not None and into_folder:
        names, unseen = _into_folder(data, output, predicting, (cluster, cluster_wait))
    else:
        table = open_table(data[0], loaded.encoder.dialect)
        names, unseen = table.own_names, predicting.write(table, output)
    say_notes(loaded, names, unseen)


def _check_one(data: tuple[str, ...], cluster: str | None) -> None:
    """Raise UsageError for what goes with a folder of outputs alone."""
    if len(data) > 1:
        raise UsageError("the predictions of several files go to a folder", hint="-o FOLDER/")
    if cluster is not None:
        what = "--cluster: workers write a file for each file that they read, and the output is no folder"
        raise UsageError(what, hint="-o FOLDER/")


def _into_folder(
    data: tuple[str, ...], folder: str, predicting: "Predicting", cluster: tuple[str | None, int]
) -> tuple[list[str], dict[str, int]]:
    """Write a file for each. Return the columns of all, and the cells of unseen levels.

    Raises the first error, after all other files have been written.
    """
    from smtrain.cli.predicting import done, jobs_of, made, summed
    from smtrain.reports.predictions import say_error
    from smtrain.scoring.home import home_of

    jobs = jobs_of(data, folder, predicting.options["format"])
    check_outputs(click.get_current_context(), [job.output for job in jobs])
    made(folder)
    with home_of(None, None, *cluster) as home:
        names, unseen, errors = summed(done(jobs, predicting, home))
    if errors:
        for error in errors[1:]:
            say_error(error)
        raise errors[0]
    return names, unseen
