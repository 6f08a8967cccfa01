"""What helps with a file that is nearly a table: told from its first lines, once it could not be read as one.

Nothing here changes what is read. Every function looks for one thing that people's files have, and says what to do.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from smtrain.errors import DataError
from smtrain.sources.notation import is_number
from smtrain.wording import given, in_shell, shell_word

# Most other characters that tables are written with, the likeliest first, and the words that --delimiter knows them by.
DELIMITERS = {
    ",": "comma",
    "\t": "tab",
    ";": "semicolon",
    "|": "pipe",
    **{character: character for character in "^~:\x01\x1f"},
}
# What stands between cells and cannot be a delimiter: more than one character, or none of ASCII.
NO_DELIMITERS = ("::", "||", "^^", "~~", ";;", "##", "$$", "|~|", "~|~", "\uff0c", "\uff1b", "\u3001", "\xa6", "\xa7")
# A line that tells Excel the delimiter.
EXCEL_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
MOST_TEXT, MOST_LINES, MOST_TITLES = 1 << 14, 25, 20
# A line of a table that is drawn for people: +----+----+, |---|:--:|, ----+----.
DRAWN = re.compile(r"\s*[-+|:=]*-{2}[-+|:= ]*\s*")
UNIT = re.compile(r"[\[(].*[\])]")
# Two cells of a file with commas that may be one number with a decimal comma.
CUT_DECIMAL = re.compile(r"(?:^|,) *[-+]?\d+,\d+ *(?:,|$)", re.ASCII)


@dataclass(frozen=True)
class Beginning:
    """The first lines of a file that are not blank, with their numbers, and how they were taken."""

    lines: tuple[tuple[int, str], ...]
    delimiter: str
    decimal: str
    header: bool
    fitting: bool

    def records(self, delimiter: str | None = None) -> list[list[str]]:
        """The cells of each line."""
        return [_cells(text, delimiter or self.delimiter) for _, text in self.lines]

    @property
    def whole(self) -> bool:
        """Whether the lines are text that could be read."""
        return len(self.lines) > 1 and not any("\ufffd" in text or "\0" in text for _, text in self.lines)


def first_lines(text: str, line: int) -> tuple[tuple[int, str], ...]:
    """The first lines of `text`, which starts at `line`; the last one only if it is whole."""
    lines = re.split(r"\r\n|\r|\n", text[:MOST_TEXT])
    numbered = [(number, one) for number, one in enumerate(lines[:-1] or lines, line) if one]
    return tuple(numbered[:MOST_LINES])


def check_excel_line(text: str, source: str, line: int) -> None:
    """Raise DataError for the line sep=; that Excel looks for: it is no header."""
    if EXCEL_LINE.fullmatch(text.strip(" ")):
        what = f"the line {text.strip()} tells Excel the delimiter, and is no header"
        raise DataError(what, source=source, line=line, hint=_without_lines(line + 1))


def cut_otherwise(beginning: Beginning) -> str | None:
    """What a person should know of lines that a comma cuts, and that another delimiter cuts into more cells."""
    taken = _widths(beginning)
    if not beginning.whole or beginning.delimiter != "," or not _even(taken):
        return None
    for delimiter in ";\t":
        widths = _widths(beginning, delimiter)
        if _even(widths) and widths[0] > taken[0]:
            word = DELIMITERS[delimiter]
            return f"--delimiter {word} would cut every line into {widths[0]} cells, a comma cuts it into {taken[0]}"
    return None


def advise(error: DataError, beginning: Beginning) -> None:
    """Give an error of a file the hint that its first lines call for, if they do."""
    if beginning.whole:
        hint = advice(beginning) or _of_line(error, beginning)
        error.hint = error.hint if hint is None else hint


def advice(beginning: Beginning) -> str | None:
    """What is to be said of the lines themselves, whatever the error."""
    if not beginning.whole:
        return None
    hint = _drawn(beginning) or _other_delimiter(beginning) or _no_delimiter(beginning) or _several_blanks(beginning)
    return hint or ((_title(beginning) or _row_names(beginning) or _blank_end(beginning)) if beginning.header else None)


def _of_line(error: DataError, beginning: Beginning) -> str | None:
    """What is to be said of the first two lines, if the error is there."""
    first = beginning.lines[0][0]
    named = "--no-header" in in_shell(error.hint or "")
    if beginning.header and error.line == first and beginning.fitting and not named and _looks_like_data(beginning):
        return "--no-header if this line is a row; if not, give every column a name of its own"
    return units_hint(error.line, beginning)


def units_hint(line: int | None, beginning: Beginning) -> str | None:
    """What is to be said of a line, if it is the one below the header and holds the units of the columns."""
    if not beginning.whole or not beginning.header or line != beginning.lines[1][0] or not _looks_like_units(beginning):
        return None
    return f"line {line} looks like units or descriptions, not a row: remove it, for example: sed {line}d"


def _cells(line: str, delimiter: str) -> list[str]:
    if delimiter == " ":
        line = line.strip(" ")
    return [cell.strip(" \t") for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _widths(beginning: Beginning, delimiter: str | None = None) -> list[int]:
    return [len(cells) for cells in beginning.records(delimiter)]


def _even(widths: Sequence[int]) -> bool:
    """Whether records of so many cells each are those of a table."""
    return len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1


def _other_delimiter(beginning: Beginning) -> str | None:
    """The delimiter that cuts all lines into as many cells, where the one that was taken does not."""
    if _even(_widths(beginning)):
        return None
    for delimiter, word in DELIMITERS.items():
        if _even(_widths(beginning, delimiter)) and all(_cells(beginning.lines[0][1], delimiter)[:-1]):
            return _use(delimiter, word, beginning)
    blanks_behind = all(
        f"{beginning.delimiter} " in text for _, text in beginning.lines
    )  # 1, "Bern, CH": not blanks alone
    if not blanks_behind and not _aligned(beginning) and _even(_widths(beginning, " ")):
        return _use(" ", "space", beginning)
    return None


def _aligned(beginning: Beginning) -> bool:
    """Whether blanks stand around the lines, or several between the names."""
    header = beginning.lines[0][1]
    several = "  " in header and not all(_cells(header, " "))
    return several or any(text != text.strip(" ") for _, text in beginning.lines)


def _drawn(beginning: Beginning) -> str | None:
    """A table that is drawn with lines between its header and its rows."""
    line = next((number for number, text in beginning.lines if DRAWN.fullmatch(text)), None)
    if line is None:
        return None
    return f"line {line} is drawn: the table is written for people; write it as CSV, for example: psql --csv"


def _no_delimiter(beginning: Beginning) -> str | None:
    """What stands between the cells of all lines and cannot be a delimiter."""
    if _even(_widths(beginning)):
        return None
    between = next((one for one in NO_DELIMITERS if _even([text.count(one) + 1 for _, text in beginning.lines])), None)
    if between is None:
        return None
    what = f'the cells have "{between}" between them, and a delimiter is one character of ASCII'
    return f"{what}: replace it, for example: sed {shell_word(f's/{between}/|/g')}"


def _use(delimiter: str, word: str, beginning: Beginning) -> str:
    if beginning.fitting:
        return f"{given('delimiter', word)} reads cells with {_shown(delimiter)} between them"
    return (
        f"the cells have {_shown(delimiter)} between them, and the model reads files with {_shown(beginning.delimiter)}"
    )


def _shown(delimiter: str) -> str:
    return {" ": "a blank", "\t": "a tab"}.get(delimiter, f'"{delimiter}"')


def _several_blanks(beginning: Beginning) -> str | None:
    """Columns that are aligned by blanks."""
    if beginning.delimiter != " " and _even(_widths(beginning)):
        return None
    widths = [len(text.split()) for _, text in beginning.lines]
    if _even(widths) and any("  " in text.strip() or text != text.strip() for _, text in beginning.lines):
        example = "sed 's/^ *//; s/ *\\r*$//; s/  */ /g'"  # sed leaves a carriage return at the end of the line
        return f"several blanks stand between cells: make them one first: {example}, then {given('delimiter', 'space')}"
    return None


def _title(beginning: Beginning) -> str | None:
    """Lines above the header: the table begins below them."""
    others = () if _even(_widths(beginning)) else DELIMITERS  # with its own delimiter it is a table
    for delimiter in dict.fromkeys([beginning.delimiter, *others]):
        records = beginning.records(delimiter)
        if _begins_with_a_table(beginning, records):
            continue
        for k in range(1, min(MOST_TITLES, len(records) - 2) + 1):
            widths = [len(cells) for cells in records[k:]]
            shorter = all(len(cells) != widths[0] for cells in records[:k])
            above = shorter or all(len(cells) != widths[0] or not all(cells) for cells in records[:k])
            if _even(widths) and above and _are_names(records[k], records[k + 1 :], beginning.decimal, sure=shorter):
                line = beginning.lines[k][0]
                return f"line {line} looks like the header: {_without_lines(line)}"
    return None


def _begins_with_a_table(beginning: Beginning, others: Sequence[Sequence[str]]) -> bool:
    """Whether the first lines are a table themselves: names above numbers, or that stand once more in `others`."""
    first, *below = beginning.records()
    rows = list(takewhile(lambda cells: len(cells) == len(first), below))
    if not rows or len(first) < 2 or not _are_names(first, (), beginning.decimal, sure=True):
        return False
    return first in others[1:] or any(_are_numbers(cells, beginning.decimal) for cells in _columns(rows))


def _are_numbers(cells: Sequence[str], decimal: str) -> bool:
    """Whether a column has numbers and nothing else."""
    return any(cells) and all(not cell or is_number(cell, decimal) for cell in cells)


def _without_lines(line: int) -> str:
    return f"remove what is above line {line}, for example: tail -n +{line}"


def _are_names(cells: Sequence[str], rows: Sequence[Sequence[str]], decimal: str, *, sure: bool) -> bool:
    """Whether cells are names of columns: different texts, none a number, and unless that is sure above numbers."""
    names = all(cells) and len(set(cells)) == len(cells) and not any(is_number(cell, decimal) for cell in cells)
    return names and (sure or any(is_number(cell, decimal) for row in rows for cell in row))


def _row_names(beginning: Beginning) -> str | None:
    """A header that is one name short: R writes the names of the rows without a name for them."""
    for delimiter in dict.fromkeys([beginning.delimiter, *DELIMITERS, " "]):
        first, *rows = beginning.records(delimiter)
        one_more = all(len(cells) == len(first) + 1 for cells in rows)
        if one_more and (delimiter == beginning.delimiter or len(first) > 1):
            cut = delimiter == "," and all(CUT_DECIMAL.search(text) for _, text in beginning.lines[1:])
            other = "; or cells with a decimal comma need quotes" if cut else ""
            return _one_name_short(delimiter, rows) + other
    return None


def _one_name_short(delimiter: str, rows: Sequence[Sequence[str]]) -> str:
    if not any(cells[-1] for cells in rows):
        return f"every row ends in {_shown(delimiter)}: remove it, or put one behind the last name with a name"
    first = shell_word(f"1s/^/row{_in_sed(delimiter)}/")
    return f"every row has one cell more than there are names, as R writes row names: name them: sed {first}"


def _blank_end(beginning: Beginning) -> str | None:
    """A delimiter at the end of every line, the header's too."""
    records = beginning.records()
    if not _even([len(cells) for cells in records]) or any(cells[-1] for cells in records):
        return None
    example = shell_word(rf"s/{_in_sed(beginning.delimiter)}\r*$//")
    return f"every line ends in {_shown(beginning.delimiter)}: remove it, for example: sed {example}"


def _in_sed(delimiter: str) -> str:
    """A delimiter in a pattern or a replacement of sed, where some stand for something else."""
    if not delimiter.isprintable():
        return r"\t" if delimiter == "\t" else rf"\x{ord(delimiter):02x}"
    return "\\" + delimiter if delimiter in ".*[]^$/&\\" else delimiter


def _looks_like_data(beginning: Beginning) -> bool:
    """Whether the header has a number, or in half of its columns a text that stands below it again."""
    names, *rows = beginning.records()
    if any(is_number(name, beginning.decimal) for name in names):
        return True
    again = [name in {row[i] for row in rows if i < len(row)} for i, name in enumerate(names) if name]
    return 2 * sum(again) >= max(1, len(names))


def _looks_like_units(beginning: Beginning) -> bool:
    """Whether the second record has texts, or nothing, where those below it have numbers; in brackets, or in all."""
    records = beginning.records()
    if len(records) < 3 or not _even([len(cells) for cells in records]):
        return False
    second, below = records[1], list(_columns(records[2:]))
    numbers = [i for i, cells in enumerate(below) if all(is_number(cell, beginning.decimal) for cell in cells)]
    if any(is_number(cell, beginning.decimal) for cell in second) or not numbers:
        return False
    return len(numbers) > 1 or any(UNIT.fullmatch(second[i]) for i in numbers)


def _columns(records: Sequence[Sequence[str]]) -> Iterator[tuple[str, ...]]:
    return zip(*records, strict=True)
