"""The one family of failures, the exit code of each, and the words that messages are made of."""

import sys
import warnings
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from smtrain.wording import Spoken, in_python, in_shell


class ExitCode(IntEnum):
    """What the process says to the shell; public, listed in the README.

    >>> smtrain.ExitCode(3)
    <ExitCode.DATA: 3>
    >>> smtrain.DataError.exit_code == smtrain.ExitCode.DATA
    True
    """

    OK = 0
    BUG = 1
    USAGE = 2
    DATA = 3
    MODEL = 4
    TRAINING = 5
    OUTPUT = 6
    CHECK = 7
    HANGUP = 129
    INTERRUPT = 130
    PIPE = 141
    TERMINATED = 143


class SmtrainError(Exception):
    """A failure with a sentence for the user.

    `message` says where and what, as on the command line. `hint`, if any, says which argument or action mends it; what
    the command line says in its place, `smtrain.wording.in_shell` tells. `str(error)`, which Python shows, has both in
    Python's words, `drop="id"` for `--drop id`; `said` is the message before it is put into either.
    Texts taken from files may be put in raw: the presenter escapes and cuts them.

    >>> try:
    ...     smtrain.fit("iris.csv", drop="colour")
    ... except smtrain.SmtrainError as error:
    ...     print(error)
    iris.csv: drop=: there is no column "colour"
    hint: the columns are "sepal_length", "sepal_width", "petal_length", "petal_width", "species"
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.said, self.hint = message, hint

    @property
    def message(self) -> str:
        """Where and what, with the options of the command line."""
        return in_shell(self.said)

    @property
    def hint(self) -> str | None:
        """What helps, with the arguments of Python."""
        return self._hint

    @hint.setter
    def hint(self, hint: str | None) -> None:
        self._hint = None if hint is None else Spoken(hint)

    def __str__(self) -> str:
        """The message, and the hint below it, for those who call smtrain from Python."""
        message = in_python(self.said)
        return message if self.hint is None else f"{message}\nhint: {self.hint}"


class UsageError(SmtrainError):
    """A bad option or value, a file that cannot be read, an output that cannot be written.

    >>> try:
    ...     smtrain.fit("iris.csv", l2=-1)
    ... except smtrain.UsageError as error:
    ...     print(error)
    l2 is out of range: -1 is not at least 0
    """

    exit_code = ExitCode.USAGE


class Numbered(str):
    """The name of a source that has no lines: `form` is how a message calls a row by its number.

    `is_file` says whether the source is one.
    """

    form: str
    is_file: bool

    def __new__(cls, name: str, form: str, *, is_file: bool = True) -> "Numbered":
        """The name, with what it does not compare by."""
        numbered = super().__new__(cls, name)
        numbered.form, numbered.is_file = form, is_file
        return numbered

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, bool]]:
        """What a copy in another process is made of."""
        return (str(self), self.form), {"is_file": self.is_file}


def is_file(source: str | None) -> bool:
    """Whether a source is a file: then there are options that say how it is read."""
    return not isinstance(source, Numbered) or source.is_file


def located(source: str, line: int, shown: str | None = None) -> str:
    """What a person is told of a row of a source, whose name may be `shown` in another way."""
    # FILE:LINE: as compilers write it, and editors and terminals know where to go.
    form = source.form if isinstance(source, Numbered) else "{}:{}"
    return form.format(source if shown is None else shown, line)


class DataError(SmtrainError):
    """The data cannot be used.

    `source` is the file's name, `line` its 1-based line, `column` the column's name; each may be absent. `what` is the
    message without the source and the line, `plain` without the column too.

    >>> try:
    ...     smtrain.fit(pandas.DataFrame({"x": [1, 2], "y": ["a", None]}))
    ... except smtrain.DataError as error:
    ...     print(error.line, error.column, error.what)
    1 y column "y": an empty label
    """

    exit_code = ExitCode.DATA

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.source, self.line, self.column, self.plain = source, line, column, in_shell(message)
        place = str(source or line or "") if source is None or line is None else located(source, line)
        what = message if column is None else f"column {quoted(column)}: {message}"
        self.what = in_shell(what)
        super().__init__(f"{place}: {what}" if place else what, hint=hint)


class Place(NamedTuple):
    """What a message calls a row: its source, and the line that it starts at, or its number where there are no lines.

    `line` is None where only the source is known.
    """

    source: str
    line: int | None = None

    def error(self, what: str, *, column: str | None = None, hint: str | None = None) -> DataError:
        """The error of a row here."""
        return DataError(what, source=self.source, line=self.line, column=column, hint=hint)


class ModelError(SmtrainError):
    """The model file cannot be used, or does not fit these columns.

    >>> try:
    ...     smtrain.load("iris.csv")
    ... except smtrain.ModelError as error:
    ...     print(error)
    iris.csv: not a smtrain model, or damaged
    hint: this looks like data: a model is a file that smtrain fit has written
    """

    exit_code = ExitCode.MODEL


class TrainingError(SmtrainError):
    """Training diverged, or was required to converge and did not.

    >>> try:
    ...     smtrain.fit("iris.csv", epochs=2, require_convergence=True)
    ... except smtrain.TrainingError as error:
    ...     print(error)
    stopped at the largest number of epochs, and convergence was required; no model is written
    """

    exit_code = ExitCode.TRAINING


class OutputError(SmtrainError):
    """The output could not be written: disk full, closed stream.

    >>> try:
    ...     smtrain.fit("iris.csv", epochs=2).save("no folder/model.npz")
    ... except smtrain.OutputError as error:
    ...     print(error)
    cannot write "no folder/model.npz": No such file or directory
    """

    exit_code = ExitCode.OUTPUT


class ClusterError(SmtrainError):
    """The cluster does not answer, has no workers, or cannot do the work.

    >>> smtrain.ClusterError.exit_code
    <ExitCode.OUTPUT: 6>
    """

    exit_code = ExitCode.OUTPUT


class SmtrainWarning(UserWarning):
    """What is to be known of a result; the family of the warnings that the Python functions give.

    >>> issubclass(smtrain.FitWarning, smtrain.SmtrainWarning)
    True
    """


class FitWarning(SmtrainWarning):
    """A fit made something else than it seems: it did not reach its tolerance, or has no optimum, or left a column out.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", smtrain.FitWarning)
    ...     smtrain.fit("iris.csv", epochs=2).fit
    <FitRecord: 150 rows, stopped at the largest number of epochs after 2 epochs, NLL 0.295564>
    """


class UnknownLevelWarning(SmtrainWarning):
    """Rows that are looked at with a model have levels that its training did not have.

    >>> import warnings
    >>> warnings.simplefilter("ignore", smtrain.UnknownLevelWarning)
    """


class CheckError(SmtrainError):
    """A check that the user asked for failed.

    >>> smtrain.CheckError.exit_code
    <ExitCode.CHECK: 7>
    """

    exit_code = ExitCode.CHECK


def warn(text: str, kind: type[SmtrainWarning]) -> None:
    """Warn at the line of the caller, which is the innermost one outside of this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "smtrain":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, kind, stacklevel=level)


LONGEST_QUOTE = 80  # characters: a message stays one short line
MOST_LISTED = 4  # names in a sentence: a person reads no more of them


def cut(text: str) -> str:
    """`text`, cut at 80 characters, so that a message stays one short line."""
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def quoted(text: str) -> str:
    """`text` in double quotes, cut at 80 characters."""
    return f'"{cut(text)}"'


def counted(count: int, what: str) -> str:
    """A number of things."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def listed(names: Iterable[str], most: int = MOST_LISTED) -> str:
    """The first few names, and an ellipsis for more."""
    names = list(names)
    return ", ".join([*names[:most], *(["…"] if len(names) > most else [])])


def with_rows(counts: Iterable[tuple[str, int]]) -> str:
    """Texts, each in quotes and with its rows."""
    return listed(f"{quoted(text)} {counted(n, 'row')}" for text, n in counts)


def with_cells(counts: Iterable[tuple[str, int]]) -> str:
    """Texts, each in quotes and with its cells."""
    return listed(f"{quoted(text)} {n:,}" for text, n in counts)
