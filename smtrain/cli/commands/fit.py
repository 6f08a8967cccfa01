"""`smtrain fit`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from smtrain.cli import depfiles, kinds
from smtrain.cli import options as opt
from smtrain.cli.pages import check_page, write_pages
from smtrain.cli.training import computing_options, convergence_option, objective_options, one_se_option
from smtrain.errors import UsageError, quoted

if TYPE_CHECKING:
    from smtrain.model.model import Model


@click.command("fit")
@click.argument("data", type=kinds.Data(), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=kinds.Output(),
    default=opt.DEFAULT_MODEL,
    show_default=True,
    metavar="FILE",
    help="Model to write.",
)
@opt.reading_options
@objective_options
@opt.folds_option("Folds of the cross-validation of --l2 auto or --l1 auto.")
@one_se_option
@opt.groups_option(
    "Column whose equal rows go to the same fold, and to the same side of a share of --test or --validation."
)
@click.option(
    "--test",
    type=kinds.NumberOrData(kinds.SHARE),
    metavar="SHARE|FILE",
    help="Do not look at so large a share of the rows, or at a file, and say how good the model is there.",
)
@click.option(
    "--init", type=kinds.File(), metavar="MODEL", help="Start from this model, of the same columns and classes."
)
@click.option(
    "--checkpoint",
    type=kinds.Output(),
    metavar="FILE",
    help="Keep the progress here; the same command goes on from it.",
)
@click.option(
    "--if-changed",
    is_flag=True,
    help="Do nothing if data, options and version are those that the model at --output was made with.",
)
@click.option("--depfile", type=kinds.Output(), metavar="FILE", help="Write which files were read, for make or ninja.")
@computing_options
@opt.cluster_options
@convergence_option
@click.option("--se", is_flag=True, help="Keep in the model what `smtrain show --se` needs for standard errors.")
@click.option("--lr", is_flag=True, help="Keep likelihood-ratio tests, deviances, R², AIC, BIC; with --l2 0.")
@click.option("--loo", is_flag=True, help="Say what the leave-one-out NLL is, approximately.")
@click.option("--log", type=kinds.Output(), metavar="FILE.jsonl", help="Write a JSON line for every epoch.")
@opt.ignore_option
@click.option("--report", type=kinds.Output(), metavar="FILE", help="Write a page of what is known of the model.")
@opt.json_option
@opt.quiet_option()
def command(
    data: tuple[str, ...],
    output: str,
    init: str | None,
    checkpoint: str | None,
    log: str | None,
    *,
    depfile: str | None,
    if_changed: bool,
    ignore: tuple[str, ...],
    report: str | None,
    json: bool,
    quiet: bool,
    **rest: Any,
) -> None:
    """Train a model on DATA and write it.

    DATA is one or more CSV files with the same header, or - for standard input; gzip, bz2 and xz are understood. Or it
    is one or more Parquet files with the same columns.
    Every column but the target becomes a feature: numbers are standardised, words are categories, missing cells are
    kept track of. Training stops at a proved distance from the optimum.
    """
    from smtrain.cli.files import inputs_of
    from smtrain.cli.output import print_document
    from smtrain.fitting.contradictions import check_options
    from smtrain.fitting.fit import fit
    from smtrain.inspecting.unchanged import UnlessUnchanged, kept_model, unless_unchanged
    from smtrain.model.atomic import check_writable
    from smtrain.model.model import load
    from smtrain.reports.clock import process_seconds
    from smtrain.reports.fit import resolved, summary
    from smtrain.reports.log import LogObserver
    from smtrain.reports.notices import of_fit
    from smtrain.reports.progress import FitReport, QuietReport
    from smtrain.reports.report import report_on
    from smtrain.softmax.distributions import LEVEL
    from smtrain.sources.files import display_name

    check_page("report", report)
    if output == "-":
        raise UsageError("--output: a model is not written to standard output", hint="-o FILE")
    config = opt.config_from(rest)
    # Whatever can fail for the options or the files fails now: a fit may take hours.
    check_options(config)
    for path in (output, checkpoint, depfile):
        if path is not None:
            check_writable(path)
    rules = "" if depfile is None else depfiles.rules(output, inputs_of(click.get_current_context()))
    start = None if init is None else load(init)
    old = kept_model(output, config) if if_changed else None
    progress = QuietReport(ignore) if quiet else FitReport(list(map(display_name, data)), _total_bytes(data), ignore)
    # A fit that goes on adds to the log of the one that was stopped.
    going_on = checkpoint is not None and Path(checkpoint).exists()
    # One that may not be needed empties the log when it is known to be.
    with _open_log(log, "a" if going_on or old is not None else "w") as log_file, progress:
        observer = UnlessUnchanged(LogObserver(progress, log_file, empty=not going_on), old, start)
        # Whatever happens in here, the report stops its bar and the log is closed.
        asked = partial(fit, list(data), config=config, observer=observer, init=start, checkpoint=checkpoint)
        model, unchanged = unless_unchanged(asked)
    if unchanged:
        progress.unchanged(output)
    else:
        _save(model, output, checkpoint)
        progress.done(model, output)
    depfiles.write(depfile, rules)
    if report is not None:
        whole = report_on(model, None, of_fit(model).without(*ignore), LEVEL)
        write_pages({report: whole.text_for(report)})
    # The JSON document is the fit and all options as they were settled: enough to ask for the same fit again.
    if json:
        more = {"options": resolved(click.get_current_context().params, model), "seconds": process_seconds()}
        print_document(summary(model, output, ignore, unchanged=unchanged) | more)


def _save(model: "Model", output: str, checkpoint: str | None) -> None:
    """Write the model; then its checkpoint is of no more use."""
    model.save(output)
    # Not before: a fit that is killed while it saves goes on from the checkpoint.
    if checkpoint is not None:
        Path(checkpoint).unlink(missing_ok=True)


@contextmanager
def _open_log(path: str | None, mode: str) -> Iterator[IO[str] | None]:
    """Open the log before the work, so that a bad path costs nothing."""
    if path == "-":
        raise UsageError(
            "--log is a file, and - is none", hint="/dev/stdout is standard output, ./- a file of that name"
        )
    if path is None:
        yield None
        return
    try:
        log = Path(path).open(mode, encoding="utf-8")  # noqa: SIM115 - closed below, where a full disk is known already
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {quoted(path)}: {getattr(error, 'strerror', error)}") from error
    try:
        yield log
    finally:
        with suppress(OSError):
            log.close()


def _total_bytes(paths: tuple[str, ...]) -> int | None:
    """The size of plain files, for the progress bar; None where it says nothing of the text's length."""
    try:
        # The size of compressed text is not known, nor that of what comes from standard input.
        plain = all(path != "-" and not path.endswith((".gz", ".bz2", ".xz")) for path in paths)
        return sum(Path(path).stat().st_size for path in paths) if plain else None
    except OSError:
        return None
