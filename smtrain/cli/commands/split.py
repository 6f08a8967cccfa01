"""`smtrain split`."""

from pathlib import Path
from typing import Any

import click

from smtrain.cli import kinds
from smtrain.cli import options as opt
from smtrain.cli.files import check_outputs
from smtrain.errors import UsageError, quoted

# The files of the two parts, but for the end of their names.
PARTS = ("train", "test")


@click.command("split")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=kinds.Output(),
    default=".",
    metavar="FOLDER",
    help="Folder for train.csv and test.csv; they end as DATA does.  [default: the current one]",
)
@click.option(
    "--test",
    type=kinds.SHARE,
    metavar="SHARE",
    help="Share of the rows that is put aside.  [default: 0.25]",
)
@opt.target_option
@click.option(
    "--stratify",
    type=kinds.Text(),
    metavar="NAME",
    help="Column whose texts, in place of the labels, each give their share.",
)
@click.option("--no-stratify", is_flag=True, help="Draw from all rows alike.")
@click.option("--by", type=kinds.Text(), metavar="NAME", help="Column whose equal rows stay together.")
@click.option(
    "--after", type=kinds.Text(), metavar="VALUE", help="Put the rows aside that have a larger number or a later date."
)
@click.option("--on", type=kinds.Text(), metavar="NAME", help="Column of --after.")
@opt.weight_option
@opt.unlabelled_option("without a label: it is trained on, or in neither file")
@opt.dialect_options
@opt.seed_option
@click.option("--force", is_flag=True, help="Replace files that are there.")
@opt.threads_option
@opt.json_option
@opt.quiet_option()
def command(
    data: tuple[str, ...],
    output: str,
    *,
    test: float | None,
    stratify: str | None,
    after: str | None,
    no_stratify: bool,
    force: bool,
    threads: int | None,
    json: bool,
    quiet: bool,
    **rest: Any,
) -> None:
    """Part DATA, CSV or Parquet files, in two: FOLDER/train.csv, and FOLDER/test.csv with a share of each class.

    Which rows are put aside follows from their numbers and the seed, in any form of the same table. Records are copied
    as they stand, behind the header. With --after DATA is read once and may be -, else twice.
    """
    from smtrain.cli.output import data_output, print_document
    from smtrain.cli.predicting import made
    from smtrain.fitting.parting import Parting, copied, drawn, share_of, to_part
    from smtrain.partitions.memory import available_threads
    from smtrain.reports.predictions import say_skipped
    from smtrain.sources.opening import open_table, read_again

    if stratify is not None and no_stratify:
        raise UsageError("--stratify and --no-stratify exclude each other")
    dialect, threads = opt.dialect_from(rest), threads or available_threads()
    parting = Parting(share_of(test, after), stratify=stratify or not no_stratify, after=after, **rest)
    if after is None:
        read_again(data, "split")
    paths = _paths(data, output, force=force)
    table = to_part(open_table(list(data), dialect, fitting=True), parting)
    draw = drawn(table, parting, threads)
    made(output)
    if after is None:
        table = to_part(open_table(list(data), dialect, fitting=True), parting)
    with data_output(paths[0]) as train, data_output(paths[1]) as aside:
        counts = copied(table, draw, (train, aside), threads)
    say_skipped(table.skipped)
    if json:
        parts = {part: {"file": path, "rows": n} for part, path, n in zip(PARTS, paths, counts, strict=True)}
        print_document(
            parts | {"rows": sum(counts), "seed": parting.seed, "skipped": {"unlabelled": table.skipped.unlabelled}}
        )
    elif not quiet:
        _say(paths, counts)


def _paths(data: tuple[str, ...], folder: str, *, force: bool) -> tuple[str, ...]:
    """The files of the parts. Raises UsageError if one is an input, or is there and is not to be replaced."""
    from smtrain.cli.predicting import ending_of

    paths = tuple(str(Path(folder) / f"{part}{ending_of(data[0])}") for part in PARTS)
    check_outputs(click.get_current_context(), paths)
    there = [path for path in paths if Path(path).exists()]
    if there and not force:
        raise UsageError(f"{quoted(there[0])} is there already", hint="-o FOLDER, or --force to replace it")
    return paths


def _say(paths: tuple[str, ...], counts: tuple[int, int]) -> None:
    """A line for each file, on standard error."""
    from smtrain.reports.console import errors
    from smtrain.reports.text import message

    for path, count in zip(paths, counts, strict=True):
        errors().write(message(f"{path}: {count:,} rows") + "\n")
