"""Options that several commands share, and the types of their values."""

import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from smtrain.errors import UsageError
from smtrain.fitting.options import FitConfig
from smtrain.model.options import RIDGE
from smtrain.solvers import SOLVERS
from smtrain.sources.dialect import UNLABELLED, Dialect, valid_delimiter
from smtrain.sources.paths import native_path, native_text

if TYPE_CHECKING:
    from smtrain.model.model import Model

# Defaults are those of FitConfig, shown in the help, so that there is one place for each.
DEFAULTS = FitConfig()
# A text of a list: in double quotes, doubled inside, or up to the next comma.
QUOTED_OR_PLAIN = re.compile(r'(?:^|,)(?:(")((?:[^"]|"")*)"(?=,|$)|([^,]*))')
# At most 15 digits: what a float64 holds exactly.
SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(?:([KMGT]?)(|B|iB))", re.ASCII | re.IGNORECASE)
DEFAULT_MODEL = "model.npz"
# Words for delimiters that a shell takes for something else, or that cannot be seen.
DELIMITER_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}
DELIMITER_HELP = "One character, or comma, semicolon, tab, space, pipe.  [default: read off the header line]"
AUTO = ", or auto: by cross-validation"


class File(click.ParamType[str]):
    """The path of a file that is read, or as an `Output` written; the shell completes it as one."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path, also where it comes from a TOML file; fails for what is no path on any system."""
        try:
            path = native_path(str(value))
        except UnicodeEncodeError:
            self.fail(f"{value!r} is not a path", param, ctx)
        if "\0" in path:
            self.fail("a path cannot hold a NUL", param, ctx)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Leave it to the shell."""
        return [CompletionItem(incomplete, type="file")]


class Data(File):
    """A file of data, or - for standard input."""


class Output(File):
    """A file that is written."""


class Text(click.ParamType[str]):
    """A text in UTF-8, whatever the locale."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail if it is not UTF-8."""
        try:
            return native_text(str(value))
        except UnicodeError:
            self.fail("not UTF-8 text", param, ctx)


class Names(Text):
    """Comma-separated names, or several options; click would split an environment variable at its blanks."""

    name = "names"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Leave it to `names`."""
        return [rv]


class Integer(click.IntRange):
    """A whole number in a range, called an integer."""

    name = "integer"


class Number(click.ParamType[float]):
    """A finite number in a range; click's own takes nan and inf."""

    name = "number"

    def __init__(self, low: float, high: float = math.inf, *, open_low: bool = False, open_high: bool = False) -> None:
        self.low, self.high, self.open_low, self.open_high = low, high, open_low, open_high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail with the range."""
        try:
            number = float(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a number", param, ctx)
        if (
            not math.isfinite(number)
            or number < self.low
            or number > self.high
            or (self.open_low and number == self.low)
            or (self.open_high and number == self.high)
        ):
            above = "more than" if self.open_low else "at least"
            below = "less than" if self.open_high else "at most"
            upper = "" if self.high == math.inf else f" and {below} {self.high:g}"
            self.fail(f"{value} is not {above} {self.low:g}{upper}", param, ctx)
        return number


class Size(click.ParamType[int]):
    """Bytes: a number, or one with K, M, G or T for powers of 1024 (also KiB, …), or KB, … for powers of 1000."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the bytes, or fail with the form."""
        match = SIZE.fullmatch(str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} is not a size, like 500M or 2G", param, ctx)
        number, unit, form = match.groups()
        # As ls and dd have it: K and KiB are 1024, KB is 1000.
        return int(float(number) * (1000 if form.upper() == "B" else 1024) ** "BKMGT".index(unit.upper() or "B"))


class NumberOr(click.ParamType[Any]):
    """A number in a range, or a word."""

    name = "number"

    def __init__(self, number: Number, word: str) -> None:
        self._number, self._word = number, word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or the word."""
        return value if value == self._word else self._number.convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Return the word."""
        return [CompletionItem(self._word)]


class NumberOrData(Data):
    """A number in a range, or a file of data."""

    def __init__(self, number: Number) -> None:
        self._number = number

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or the path."""
        # 0.2 is a share, as everywhere; a file of that name is ./0.2
        if isinstance(value, str) and not _is_float(value):
            return super().convert(value, param, ctx)
        return self._number.convert(value, param, ctx)


def _is_float(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def names(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG001 - click's signature
    """Callback: comma-separated names, repeatable; a name with a comma goes in double quotes."""
    return tuple(name for value in values for name in _split(value))


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
    weights = {name: Number(0, 1e100).convert(weight, param, ctx) for name, _, weight in pairs}
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


def unlabelled_option(what: str) -> Decorator:
    """What becomes of rows without a label that can be used: `what` says which those are."""
    text = f"What to do about a row {what}."
    return click.option(
        "--unlabelled", type=click.Choice(UNLABELLED), default=UNLABELLED[0], show_default=True, help=text
    )


reading_options = stacked(
    click.option("-t", "--target", type=Text(), metavar="NAME", help="Column with the labels.  [default: the last]"),
    click.option("--drop", metavar="COLS", multiple=True, type=Names(), callback=names, help="Columns to leave out."),
    click.option(
        "--categorical", metavar="COLS", multiple=True, type=Names(), callback=names, help="Columns to read as words."
    ),
    click.option(
        "--numeric", metavar="COLS", multiple=True, type=Names(), callback=names, help="Columns to read as numbers."
    ),
    unlabelled_option("without a label"),
    click.option("--weight", type=Text(), metavar="NAME", help="Column with the weight of each row."),
    click.option("--no-header", is_flag=True, help="The file starts with data; its columns are c1, c2, …."),
    click.option("--delimiter", metavar="CHAR", callback=delimiter, help=DELIMITER_HELP),
    click.option("--decimal", default=".", metavar="CHAR", callback=decimal, show_default=True, help="Decimal mark."),
    click.option(
        "--na-values",
        metavar="TEXTS",
        multiple=True,
        type=Names(),
        callback=names,
        help="Further texts that mean a missing cell, besides empty, NA, N/A, #N/A, NaN, nan, null, NULL, None.",
    ),
)


def l2_option(*, auto: bool = False) -> Decorator:
    """The penalty; with `auto` it may be chosen by cross-validation."""
    return click.option(
        "--l2",
        type=NumberOr(Number(0), "auto") if auto else Number(0),
        help=f"Penalty λ of λ/2 ‖W‖²{AUTO if auto else ''}; features standardised.  [default: {RIDGE:g}; 0 with an l1]",
    )


seed_option = click.option("--seed", type=Integer(0), default=DEFAULTS.seed, show_default=True)
threads_option = click.option(
    "--threads", type=Integer(1), help="The result does not depend on it.  [default: all processors]"
)
memory_option = click.option(
    "--memory",
    type=Size(),
    metavar="SIZE",
    help="Most memory, like 2G; rows beyond go to disk.  [default: no limit]",
)
model_option = click.option(
    "-m", "--model", type=File(), default=DEFAULT_MODEL, show_default=True, metavar="FILE", help="Model to use."
)
json_option = click.option("--json", is_flag=True, help="Print one JSON document on standard output.")
solver_choice = click.Choice(list(SOLVERS))


def load(model: str) -> "Model":
    """The model that `-m` names."""
    from smtrain.model.model import load_model

    try:
        return load_model(model)
    except UsageError as error:
        raise UsageError(error.message, hint=error.hint and f"{error.hint}; -m names it") from error


def config_from(options: dict[str, Any]) -> FitConfig:
    """The FitConfig of a command's options, by name; those that are not fields of it must have been taken out."""
    dialect = Dialect(
        header=not options.pop("no_header"),
        delimiter=options.pop("delimiter"),
        decimal=options.pop("decimal"),
        na_values=options.pop("na_values"),
    )
    return FitConfig(dialect=dialect, **options)
