"""A table before it is text, and its text."""

from dataclasses import dataclass, field
from random import Random

from tests.oracle.rules import Options

RAW = "\x01raw:"  # such a cell is written as it stands, without quotes


@dataclass
class Draft:
    """A table before it is text: names, columns of cells, and how it is to be written."""

    random: Random
    names: list[str]
    columns: list[list[str]]
    target: int
    options: Options = field(default_factory=Options)
    delimiter: str = ","
    quotes: str = "needed"
    line_ends: tuple[str, ...] = ("\n",)
    last_end: bool = True
    header: bool = True
    padding: float = 0.0
    before: str = ""
    oddities: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.columns[0])

    def feature(self) -> int:
        """The place of some column that is not the target, if there is one."""
        return self.random.choice([i for i in range(len(self.columns)) if i != self.target] or [0])

    def some_row(self) -> int:
        return self.random.randrange(self.rows)


def written(draft: Draft) -> bytes:
    """The bytes of the table."""
    random = draft.random
    lines = [list(cells) for cells in zip(*draft.columns, strict=True)]
    lines = [draft.names, *lines] if draft.header else lines
    text = draft.before
    for number, cells in enumerate(lines, 1):
        end = random.choice(draft.line_ends) if number < len(lines) or draft.last_end else ""
        text += draft.delimiter.join(cell_text(draft, cell) for cell in cells) + end
    return text.encode("utf-8", errors="surrogateescape")


def cell_text(draft: Draft, cell: str) -> str:
    """A cell as it is written: quoted, padded with blanks, or as it is."""
    random = draft.random
    if cell.startswith(RAW):
        return cell.removeprefix(RAW)
    padded = random.random() < draft.padding and cell[:1] != '"' and draft.delimiter not in " \t"
    if padded:
        cell = random.choice(["", " ", "\t", "  "]) + cell + random.choice(["", " ", "\t"])
    needed = any(character in cell for character in draft.delimiter + "\r\n") or cell.lstrip(" \t").startswith('"')
    quoted = {"needed": needed, "all": True, "some": needed or random.random() < 0.3}[draft.quotes]
    return '"' + cell.replace('"', '""') + '"' if quoted else cell
