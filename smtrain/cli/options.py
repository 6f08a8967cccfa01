"""Options that several commands share, and the types of their values."""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from smtrain.cli import kinds
from smtrain.errors import UsageError
from smtrain.fitting.options import CLASS_WEIGHTS, FitConfig
from smtrain.model.options import RIDGE
from smtrain.solvers import SOLVERS
from smtrain.sources.dialect import DELIMITER_WORDS, UNLABELLED, Dialect, valid_delimiter
from smtrain.wording import in_shell

if TYPE_CHECKING:
    from smtrain.model.model import Model

# Defaults are those of FitConfig, shown in the help, so that there is one place for each.
DEFAULTS = FitConfig()
# A text of a list: in double quotes, doubled inside, or up to the next comma.
QUOTED_OR_PLAIN = re.compile(r'(?:^|,)(?:(")((?:[^"]|"")*)"(?=,|$)|([^,]*))')
DEFAULT_MODEL = "model.npz"
DELIMITER_HELP = "One character, or comma, semicolon, tab, space, pipe.  [default: read off the header line]"
AUTO = ", or auto: by cross-validation"


def names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    """Callback: comma-separated names, repeatable; a name with a comma goes in double quotes."""
    return tuple(name for value in values for name in _split(value))


def codes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Callback: comma-separated codes of findings, repeatable."""
    from smtrain.inspecting.codes import check_codes

    found = names(ctx, param, values)
    check_codes(found)
    return found


def _split(value: str) -> list[str]:
    """Comma-separated texts, quoted as in a CSV file."""
    return [inner.replace('""', '"') if quote else plain for quote, inner, plain in QUOTED_OR_PLAIN.findall(value)]


def class_weight(ctx: click.Context, param: click.Parameter, value: str | None) -> str | Mapping[str, float] | None:
    """Callback: `balanced`, or NAME=WEIGHT pairs."""
    if value is None or value == "balanced":
        return value
    # At the last =, since the name of a class may hold one and a number does not.
    pairs = [pair.rpartition("=") for pair in _split(value)]
    if not all(sign for _, sign, _ in pairs):
        form = """write balanced, or NAME=WEIGHT,…; a name with a comma in quotes: '"Bern, BE=2",Uri=3'"""
        raise click.BadParameter(form, ctx=ctx, param=param)
    weights = {
        name: kinds.Number(CLASS_WEIGHTS.low, CLASS_WEIGHTS.high).convert(weight, param, ctx)
        for name, _, weight in pairs
    }
    if len(weights) < len(pairs):
        raise click.BadParameter("a class is given twice", ctx=ctx, param=param)
    return weights


def delimiter(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Callback: one character, or the word for it."""
    value = DELIMITER_WORDS.get(value or "", value)
    if value is not None and not valid_delimiter(value):
        words = ", ".join(DELIMITER_WORDS)
        raise click.BadParameter(f"write one ASCII character, or one of the words {words}", ctx=ctx, param=param)
    return value


def decimal(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Callback: the character before the decimals."""
    if value not in {".", ","}:
        raise click.BadParameter("write . or ,", ctx=ctx, param=param)
    return value


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def stacked(*decorators: Decorator) -> Decorator:
    """Apply several options as one decorator, listed in the help in this order."""

    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        # click lists options in the reverse of the order in which decorators are applied.
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


def number_or_path(value: str | None) -> float | str | None:
    """A number if it is one; ./0.5 is a path."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return value


def columns_option(name: str, text: str) -> Decorator:
    """An option of names of columns."""
    return click.option(name, metavar="COLS", multiple=True, type=kinds.Names(), callback=names, help=text)


def level_option(what: str) -> Decorator:
    """The level of intervals: `what` says of which."""
    return click.option("--level", type=kinds.SHARE, default=0.95, show_default=True, help=what)


def unlabelled_option(what: str) -> Decorator:
    """What becomes of rows without a label that can be used: `what` says which those are."""
    text = f"What to do about a row {what}."
    return click.option(
        "--unlabelled", type=click.Choice(UNLABELLED), default=UNLABELLED[0], show_default=True, help=text
    )


target_option = click.option(
    "-t", "--target", type=kinds.Text(), metavar="NAME", help="Column with the labels.  [default: the last]"
)
weight_option = click.option("--weight", type=kinds.Text(), metavar="NAME", help="Column with the weight of each row.")
# How text is read.
dialect_options = stacked(
    click.option("--no-header", is_flag=True, help="The file starts with data; its columns are c1, c2, …."),
    click.option("--delimiter", metavar="CHAR", callback=delimiter, help=DELIMITER_HELP),
    click.option("--decimal", default=".", metavar="CHAR", callback=decimal, show_default=True, help="Decimal mark."),
    click.option(
        "--na-values",
        metavar="TEXTS",
        multiple=True,
        type=kinds.Names(),
        callback=names,
        help="Further texts that mean a missing cell, besides empty, NA, N/A, #N/A, NaN, nan, null, NULL, None.",
    ),
)
reading_options = stacked(
    target_option,
    columns_option("--drop", "Columns to leave out."),
    columns_option("--categorical", "Columns to read as words."),
    columns_option("--numeric", "Columns to read as numbers."),
    columns_option("--dates", "Columns of ISO dates or date-times: year, month, day, weekday, hour, days as numbers."),
    click.option(
        "--min-count",
        type=kinds.Integer(1),
        default=DEFAULTS.min_count,
        show_default=True,
        metavar="N",
        help="Levels of fewer rows become one, other.",
    ),
    unlabelled_option("without a label"),
    weight_option,
    dialect_options,
)


def l2_option(*, auto: bool = False) -> Decorator:
    """The penalty; with `auto` it may be chosen by cross-validation."""
    return click.option(
        "--l2",
        type=kinds.NumberOr(kinds.Number(0), "auto") if auto else kinds.Number(0),
        help=f"Penalty λ of λ/2 ‖W‖²{AUTO if auto else ''}; features standardised.  [default: {RIDGE:g}; 0 with an l1]",
    )


ignore_option = click.option(
    "--ignore",
    metavar="CODES",
    multiple=True,
    type=kinds.Names(),
    callback=codes,
    help="Findings not to tell of, such as SM507.",
)
seed_option = click.option("--seed", type=kinds.Integer(0), default=DEFAULTS.seed, show_default=True)
threads_option = click.option(
    "--threads", type=kinds.Integer(1), help="The result does not depend on it.  [default: all processors]"
)
memory_option = click.option(
    "--memory",
    type=kinds.Size(),
    metavar="SIZE",
    help="Most memory, like 2G; rows beyond go to disk.  [default: no limit]",
)
cluster_options = stacked(
    click.option(
        "--cluster",
        type=kinds.File(),
        metavar="ADDRESS|FILE|local:N",
        help="Dask scheduler, its file, or N processes here: its workers read the files.",
    ),
    click.option(
        "--cluster-wait",
        type=kinds.Integer(1),
        metavar="SECONDS",
        default=DEFAULTS.cluster_wait,
        show_default=True,
        help="How long the cluster may be without a worker.",
    ),
)
model_option = click.option(
    "-m", "--model", type=kinds.File(), default=DEFAULT_MODEL, show_default=True, metavar="FILE", help="Model to use."
)
cost_option = click.option(
    "--cost",
    type=kinds.File(),
    metavar="FILE",
    help="What errors cost: CSV, a line a true class, a column a called one.",
)
positive_option = click.option(
    "--positive", type=kinds.Text(), metavar="NAME", help="Of two classes, the one whose odds are told.  [the second]"
)


def quiet_option(what: str = "") -> Decorator:
    """Silence: `what` is said of the work otherwise."""
    text = f"Say nothing{what} but warnings and errors."
    return click.option("-q", "--quiet", is_flag=True, help=text)


def folds_option(what: str) -> Decorator:
    """The number of folds: `what` says of which."""
    number = kinds.Integer(2, 100)
    return click.option("--folds", type=number, default=DEFAULTS.folds, show_default=True, help=what)


def groups_option(what: str) -> Decorator:
    """The column of the groups: `what` says where their rows stay together."""
    return click.option("--groups", type=kinds.Text(), metavar="NAME", help=what)


json_option = click.option("--json", is_flag=True, help="Print one JSON document on standard output.")
solver_choice = click.Choice(list(SOLVERS))


def load(model: str) -> "Model":
    """The model that `-m` names."""
    from smtrain.model.model import load_model

    try:
        return load_model(model)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint and f"{in_shell(error.hint)}; -m names it") from error


def dialect_from(options: dict[str, Any]) -> Dialect:
    """The Dialect of a command's options, which are taken out."""
    return Dialect(
        header=not options.pop("no_header"),
        delimiter=options.pop("delimiter"),
        decimal=options.pop("decimal"),
        na_values=options.pop("na_values"),
        dates=options.pop("dates", ()),
    )


def config_from(options: dict[str, Any]) -> FitConfig:
    """The FitConfig of a command's options, by name; those that are not fields of it must have been taken out."""
    dialect = dialect_from(options)
    return FitConfig(dialect=dialect, **options)
