"""Builders of hostile tables, and the shape of a case."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field

Content = bytes | dict[str, bytes]


@dataclass(frozen=True)
class Case:
    """A file (data.csv, or several by name), the exit code of a command on it, and what it must say.

    `says` are texts that standard error must have, each a choice separated by ` | `. `model` are attributes that the
    fitted model must have: classes, rows, numeric, categorical, ignored (names).
    """

    name: str
    content: Content
    code: int = 0
    says: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] | None = None
    stdin: bytes = b""
    model: dict[str, object] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        return self.content if isinstance(self.content, dict) else {"data.csv": self.content}

    @property
    def words(self) -> tuple[str, ...]:
        return (*(self.arguments or ("fit", "data.csv")), *self.options)


def table(*lines: str, end: str = "\n") -> bytes:
    """Lines as a file."""
    return "".join(line + end for line in lines).encode()


def quoted_csv(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    """Cells as a file, quoted where they need it."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().encode()


def column(cells: Sequence[str], name: str = "f") -> bytes:
    """A table of this column, a column x of numbers, and labels p and q. The first cell is on line 2."""
    return quoted_csv([name, "x", "y"], [(cell, str(i % 7), "pq"[i % 2]) for i, cell in enumerate(cells)])


def labels(cells: Sequence[str]) -> bytes:
    """A table with these labels in its last column, y."""
    return quoted_csv(["x", "y"], [(str(i % 5 + i / 8), cell) for i, cell in enumerate(cells)])


def numbers(count: int, **cells: str) -> bytes:
    """A table f, x, y of `count` rows; `r17="1,5"` puts a text into f in the 17th row, which is line 18."""
    special = {int(key[1:]): cell for key, cell in cells.items()}
    return column([special.get(i, f"{i % 97 * 0.5:.3f}") for i in range(1, count + 1)])


def replaced(data: bytes, line: int, new: bytes) -> bytes:
    """`data` with another text in a line, counted from 1; the line end stays."""
    lines = data.split(b"\n")
    lines[line - 1] = new
    return b"\n".join(lines)


LATE = 5_000  # rows: beyond the first piece of 64 KiB, which is looked at before the columns' kinds are known
VERY_LATE = 230_000  # rows: beyond 3 MB
