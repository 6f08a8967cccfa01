"""The kinds of values that options have: files, texts, names, numbers in a range, sizes of memory."""

import math
import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from smtrain.errors import cut
from smtrain.sources.arguments import LARGEST_COUNT
from smtrain.sources.paths import native_path, native_text

# At most 15 digits: what a float64 holds exactly.
SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(?:([KMGT]?)(|B|iB))", re.ASCII | re.IGNORECASE)


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
    """A whole number in a range, called an integer; of the size of an index at most."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail with the range."""
        number = super().convert(value, param, ctx)
        if number > LARGEST_COUNT:
            self.fail(f"{cut(str(value))} is more than {LARGEST_COUNT:,}", param, ctx)
        return number


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


# A share or a level: a number between 0 and 1, without the ends.
SHARE = Number(0, 1, open_low=True, open_high=True)


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
