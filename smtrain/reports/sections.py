"""A report in sections: for people on a terminal, or as Markdown; html.py makes pages of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtrain.reports.bars import Bars
from smtrain.reports.figures import Figure
from smtrain.reports.tables import TEXT_WIDTH, print_table
from smtrain.reports.text import WIDTH, message, packed, show

if TYPE_CHECKING:
    from rich.console import Console

# Rows of a table in Markdown: GitHub shows a summary of 1 MiB at most, and people read less.
MOST_ROWS = 100
# Bytes of a summary of a job, which GitHub refuses beyond 1 MiB, with room for those of other steps; and of a comment,
# with room for the two lines around it (smtrain.reports.cards).
MOST_SUMMARY = 900_000
MOST_COMMENT = 59_900
# What stands in place of sections that have no room.
CUT = "There is no room for the last sections: {}."
# What a sentence begins with that is a command line; and its characters, which are never cut, at most.
COMMAND = "$ "
# What a sentence begins with that warns, by a code; a sign that needs no colour.
WARN = "⚠ "
MOST_COMMAND = 8000
# Letters and digits, with single blanks, hyphens and the like between them: no Markdown can come of it.
PLAIN = re.compile(r"[^\W_]+(?:(?:, |[ _=-]|\.(?=\d))[^\W_]+)*")
MARKUP = re.compile(r"[!-$&*.:-@\[-`{-~]")
# What of it can be markup within a sentence: of points and colons those that may be of an address.
SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|@~&$^]|[:.](?=[^\s\d])")


@dataclass(frozen=True)
class Section:
    """A title of our own words, and a table whose first `texts` columns are text, the others numbers.

    The title and the numbers hold no text from files; cells of text, and the `sentences` above the table, may hold any.
    `notes` are short texts of our own that stand below the table, as many to a line as fit. `figure` is for pages; the
    table says the same in numbers. `bars` are for a terminal, a line of them for each of the rows.
    """

    title: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    texts: int = 1
    notes: Sequence[str] = ()
    sentences: Sequence[str] = ()
    figure: Figure | None = None
    bars: Bars | None = None

    @property
    def has_body(self) -> bool:
        """Whether there is something below the title, which is a heading then; else it is a sentence."""
        return bool(self.rows or self.sentences)


def files(**names: str) -> Section:
    """Which files a report is about, by what they are."""
    return Section("files", ["what", "file"], [[what, name] for what, name in names.items()], texts=2)


def print_sections(console: "Console", sections: Iterable[Section]) -> None:
    """Print each, with a blank line between."""
    for i, section in enumerate(sections):
        if i:
            console.print()
        for sentence in filter(None, [section.title, *section.sentences]):
            # A narrow terminal has whole words; a command stays one line, which can be copied.
            console.print(message(sentence), soft_wrap=sentence.startswith(COMMAND))
        if section.rows:
            print_table(console, section.head, section.rows, texts=section.texts, bars=section.bars)
        for line in packed(section.notes, min(console.width, WIDTH)):
            console.print(line, soft_wrap=False)


def markdown(title: str, sections: Sequence[Section], most: int = MOST_SUMMARY) -> str:
    """The same as GitHub's Markdown, of `most` bytes at most; of a long table the first rows."""
    lines = [f"### {title}", ""]
    size = len("\n".join(lines).encode())
    for i, section in enumerate(sections):
        part = _lines(section)
        size += sum(len(line.encode()) + 1 for line in part)
        if size > most - len(CUT):
            return "\n".join([*lines, CUT.format(len(sections) - i), ""])
        lines += part
    return "\n".join(lines)


def _lines(section: Section) -> list[str]:
    lines = [f"{'#### ' if section.has_body else ''}{section.title}", ""] if section.title else []
    lines += [line for sentence in section.sentences for line in (_prose(sentence), "")]
    if section.rows:
        align = ["---" if i < section.texts else "---:" for i in range(len(section.head))]
        lines += [_row(map(escaped, section.head)), _row(align)]
        lines += [_row(_cells(row, section.texts)) for row in section.rows[:MOST_ROWS]]
        lines.append("")
    if len(section.rows) > MOST_ROWS:
        lines += [f"{len(section.rows) - MOST_ROWS:,} more", ""]
    if section.notes:
        lines += [", ".join(section.notes), ""]
    return lines


def _prose(sentence: str) -> str:
    """A sentence as Markdown, a command, which begins with a dollar, as code."""
    if sentence.startswith(COMMAND):
        code = escaped(sentence.removeprefix(COMMAND), MOST_COMMAND)
        return code if code.startswith(("`", "<")) else f"`{code}`"
    return SPECIAL.sub(lambda match: f"&#{ord(match[0])};", message(sentence))


def _cells(row: Sequence[str], texts: int) -> list[str]:
    return [escaped(cell) if i < texts else cell for i, cell in enumerate(row)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str, width: int = TEXT_WIDTH) -> str:
    """Any text as Markdown that shows it as it stands, so many of its characters.

    What could be taken for a link, a mention, HTML or a formula becomes code; with a pipe or a backtick in it, code of
    HTML with its punctuation as numbers.
    """
    safe = show(text, width)
    if not safe or PLAIN.fullmatch(safe):
        return safe
    if not re.search(r"[`|\\]", safe):
        return f"`{safe}`"
    return f"<code>{MARKUP.sub(lambda match: f'&#{ord(match[0])};', safe)}</code>"
