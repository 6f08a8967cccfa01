"""Predictions as CSV or JSON lines."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from smtrain.errors import SmtrainError, UsageError, listed, quoted
from smtrain.model.encoder import name_of_p
from smtrain.model.model import Model
from smtrain.reports.console import errors
from smtrain.reports.notices import skipped_lines
from smtrain.reports.numerals import number_texts, rounded
from smtrain.reports.text import message, named
from smtrain.scoring.decisions import Decision, most_probable
from smtrain.scoring.explanation import column_pushes
from smtrain.scoring.predict import Scored, unseen_cells
from smtrain.softmax.design import Design, Floats
from smtrain.sources.cells import quoted_cell, unquoted_cell
from smtrain.sources.notation import is_number
from smtrain.sources.table import Table
from smtrain.sources.usable import Skipped

# Classes of --top up to which a pass over the probabilities for each is shorter than a sort.
FEW = 8
# Cells of the output that are made at a time: their texts stay in a processor's cache.
BLOCK_CELLS = 1 << 16
# Columns that a note names.
MOST_NAMED = 8


class PredictionWriter:
    """Turns scored rows into text. The delimiter is the input's; kept cells stand as they stood, quotes included."""

    def __init__(
        self,
        model: Model,
        table: Table,
        *,
        proba: bool,
        top: int | None,
        explain: int | None,
        keep: tuple[str, ...],
        format: str,  # noqa: A002 - the option's name
        csv_safe: bool,
        digits: int | None,
        decide: Decision = most_probable,
    ) -> None:
        if csv_safe and format != "csv":
            raise UsageError("--csv-safe is for --format csv")
        self._guard, self.digits = csv_safe, digits
        self.model, self.table, self.decide = model, table, decide
        self.proba, self.top, self.jsonl = (
            proba,
            min(top, len(model.encoder.classes)) if top else None,
            format == "jsonl",
        )
        self.explain = min(explain, len(model.encoder.columns)) if explain else None
        names = list(table.own_names) if keep == ("all",) and "all" not in table.names else list(keep)
        self.keep = [table.column(name, "--keep") for name in names]
        table.carry(self.keep)
        self.columns = ["prediction"]
        if proba:
            self.columns += map(name_of_p, model.encoder.classes)
        if self.top:
            self.columns += [f"{what}{rank}" for rank in range(1, self.top + 1) for what in ("top", "p")]
        if self.explain:
            self.columns += [f"{what}{rank}" for rank in range(1, self.explain + 1) for what in ("column", "push")]
        # Two columns of one name could not be told apart by whoever reads the output.
        clash = set(self.columns) & set(names)
        if clash:
            raise UsageError(f"--keep: the output has a column {quoted(min(clash))} of its own")
        # Once for all rows: the names of the classes are the most frequent cells of the output.
        text = json_text if self.jsonl else self._cell
        self._labels = list(map(text, model.encoder.classes))
        self._names = [text(column.name) for column in model.encoder.columns]
        self._line = self._json_line() if self.jsonl else table.delimiter.join

    def head(self) -> bytes:
        """The header line. Raises DataError where a column that is kept has no text, before anything is written."""
        self.table.check_texts(self.keep, "-o FILE.parquet keeps it as it is")
        if self.jsonl:
            return b""
        d = self.table.delimiter
        kept = [self._cell(self.table.names[i]) for i in self.keep]
        return (d.join([*kept, *map(self._cell, self.columns)]) + "\n").encode()

    def _cell(self, text: str) -> str:
        return quoted_cell(guarded(text, self.table.dialect.decimal) if self._guard else text, self.table.delimiter)

    def rows(self, scored: Scored) -> bytes:
        """The lines of some rows."""
        S, kept = scored.probabilities, self._kept(scored)
        step = max(1, BLOCK_CELLS // (len(self.keep) + len(self.columns)))
        blocks = (slice(start, start + step) for start in range(0, S.shape[1], step))
        return b"".join(self._lines(S[:, block], scored.X.take(block), kept[block]) for block in blocks)

    def unkept(self, S: Floats) -> bytes:
        """The lines of some rows by their probabilities alone (K, m); where these are NaN the cells are empty."""
        known = ~np.isnan(S[0])
        place = (np.cumsum(known) - 1).tolist()
        columns = [
            [column[i] if here else "" for i, here in zip(place, known.tolist(), strict=True)]
            for column in self._columns(S[:, known])
        ]
        return ("\n".join(map(self._line, zip(*columns, strict=True))) + "\n").encode()

    def end(self) -> bytes:
        """What stands behind the last row."""
        return b""

    def _lines(self, S: Floats, X: Design, kept: list[list[str]]) -> bytes:
        """The lines of some rows X with their probabilities and the cells that are kept of each."""
        lines = map(self._line, zip(*zip(*kept, strict=True), *self._columns(S), *self._explained(S, X), strict=True))
        return ("\n".join(lines) + "\n").encode()

    def _json_line(self) -> Callable[[Iterable[str]], str]:
        """What makes a line of the texts of its cells: a template, which is shorter than a loop over them."""
        names = [*(self.table.names[i] for i in self.keep), *self.columns]
        return ("{" + ", ".join(f"{json_text(name).replace('%', '%%')}: %s" for name in names) + "}").__mod__

    def _columns(self, S: Floats) -> list[list[str]]:
        """The output's own columns of text that the probabilities make."""
        columns = [self._named(self.decide(S))]
        if self.proba:
            columns += number_texts(rounded(S, self.digits))
        if self.top:
            order = largest(S, self.top)
            texts = number_texts(rounded(np.take_along_axis(S, order, axis=0), self.digits))
            for ranked, p in zip(order, texts, strict=True):
                columns += [self._named(ranked), p]
        return columns

    def _explained(self, S: Floats, X: Design) -> list[list[str]]:
        """The columns that pushed most, and their pushes, as columns of text; none if they were not asked for."""
        if not self.explain:
            return []
        order, pushes = self._pushes(S, X)
        pairs = zip(order.tolist(), number_texts(pushes), strict=True)
        return [column for ranked, push in pairs for column in ([self._names[i] for i in ranked], push)]

    def _pushes(self, S: Floats, X: Design) -> tuple[NDArray[np.intp], Floats]:
        """The columns that pushed each row's prediction most ahead of the next class, or behind it, and their pushes.

        Both are (explain, m), the largest first; of equal ones the first column.
        """
        first, others = self.decide(S), S.copy()
        others[first, np.arange(S.shape[1])] = -1
        pushes = column_pushes(self.model, X, first, others.argmax(axis=0))
        order = largest(np.abs(pushes), self.explain or 0)
        found = np.take_along_axis(pushes, order, axis=0)
        return order, np.sign(found) * rounded(np.abs(found), self.digits)

    def _named(self, classes: NDArray[np.intp]) -> list[str]:
        return [self._labels[k] for k in classes.tolist()]

    def _kept(self, scored: Scored) -> list[list[str]]:
        """The cells that are kept of each row, as text of the format."""
        here = slice(scored.start, scored.start + scored.X.rows)
        cells = scored.rows.batch.written(self.keep, self.table.delimiter)[here] if self.keep else []
        if not (self._guard or self.jsonl):
            return cells
        turn = json_text if self.jsonl else self._cell
        return [[turn(unquoted_cell(cell)) for cell in row] for row in cells]


def largest(S: Floats, count: int) -> NDArray[np.intp]:
    """The classes of the `count` largest probabilities of each column, in order, (count, m); of equal ones the first.

    A partial sort would be shorter, but takes any of the equal ones, and others on another processor.
    """
    # Both ways have the first class of equal ones first.
    if count > FEW:
        return np.argsort(-S, axis=0, kind="stable")[:count]
    left, largest = S.copy(), []
    for _ in range(min(count, len(S))):
        largest.append(left.argmax(axis=0))
        left[largest[-1], np.arange(S.shape[1])] = -1
    return np.stack(largest)


def json_text(text: str) -> str:
    """A text as JSON."""
    return orjson.dumps(text).decode()


def guarded(text: str, decimal: str = ".") -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe before =, +, -, @, tab or CR, if no number."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") and not is_number(text, decimal) else text


def say_notes(model: Model, columns: Sequence[str], unseen: dict[str, int]) -> None:
    """On standard error: those of the columns that were not needed, and levels that training did not have."""
    stream = errors()
    encoder = model.encoder
    known = {column.name for column in encoder.columns} | {encoder.target, encoder.named_weight}
    known |= {*(name for name, _ in encoder.ignored), *encoder.dialect.dates}
    extra = [name for name in columns if name not in known]
    if extra:
        names = listed(map(named, extra), MOST_NAMED)
        stream.write(message(f"smtrain: note: columns that the model does not use: {names}") + "\n")
    say_unseen(unseen)


def say_error(error: SmtrainError) -> None:
    """Warn, on standard error, of an error that is not the one that the command ends with."""
    errors().write(message(f"smtrain: warning: {error.message}") + "\n")


def say_skipped(skipped: Skipped) -> None:
    """Warn, on standard error, of rows that were left out for want of a label."""
    for line in skipped_lines(skipped.unlabelled, skipped.unknown, skipped.names):
        errors().write(message(f"smtrain: warning: {line}") + "\n")


def say_unseen(unseen: dict[str, int]) -> None:
    """Warn, on standard error, of cells whose level training did not have, by column."""
    for name, count in unseen.items():
        errors().write(message(f"smtrain: warning: column {quoted(name)}: {unseen_cells(count)}") + "\n")
