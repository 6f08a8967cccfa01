"""The text of a table, split into records and cells by the rules of docs/data.md, one character after another.

Nothing here is taken from smtrain. Where the text has no fault, Python's own csv module must read the same cells.
"""

import bz2
import csv
import gzip
import io
import lzma
import re
import sys
from dataclasses import dataclass, field

csv.field_size_limit(sys.maxsize)

BYTE_ORDER_MARK = "\ufeff"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
PACKED = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ\0", lzma.decompress))
LINE_ENDS = "\r\n"


@dataclass(frozen=True)
class Fault:
    """What is wrong and where; `usage` if it is the option that is wrong, and not the data."""

    what: str
    line: int | None = None
    column: str | None = None
    usage: bool = False


@dataclass
class Record:
    """A record: the number of its first line, its cells as they are meant, and what is wrong with it, and where."""

    line: int
    cells: list[str]
    faults: list[tuple[str, int]] = field(default_factory=list)


def unpacked(data: bytes) -> bytes:
    """'gzip, bz2 and xz are recognised by their first bytes, whatever the name.'"""
    for magic, unpack in PACKED:
        if data.startswith(magic):
            return unpack(data)
    return data


def decoded(data: bytes) -> str:
    """'A byte order mark is taken off the start of a file, and nowhere else.' Wrong bytes become lone surrogates."""
    return data.decode("utf-8", errors="surrogateescape").removeprefix(BYTE_ORDER_MARK)


def blank_stripped(text: str) -> str:
    """'Blanks are spaces and tabs.'"""
    return text.strip(" \t")


def line_end(text: str, at: int) -> int:
    """How long the line end at this place is: 'LF, CRLF, CR, or a mixture: each line has its own.'"""
    if text.startswith("\r\n", at):
        return 2
    return 1 if text[at : at + 1] in {"\r", "\n"} else 0


def count_lines(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


def quoted_cell(text: str, at: int) -> tuple[str, int, bool]:
    """The text, the end and the closing of a cell that begins with a quote at `at`.

    'It ends at the next single quote; inside it, a doubled one is a quote, and delimiters and line ends are text.'
    """
    cell, at = "", at + 1
    while True:
        end = text.find('"', at)
        if end < 0:
            return cell + text[at:], len(text), False
        cell, at = cell + text[at:end], end + 1
        if text[at : at + 1] != '"':
            return cell, at, True
        cell, at = cell + '"', at + 1


def plain_text(text: str, at: int, delimiter: str) -> int:
    """Where the text from here on ends: at a delimiter, a line end, or the end of the file."""
    while at < len(text) and text[at] not in LINE_ENDS + delimiter:
        at += 1
    return at


def one_record(text: str, at: int, line: int, delimiter: str) -> tuple[Record, int]:
    """The record that begins at `at`, and where it ends. 'A record of several lines has the number of its first.'"""
    record, begin = Record(line, []), at
    while True:
        start = at
        if text[at : at + 1] == '"':
            cell, at, closed = quoted_cell(text, at)
            if not closed:
                record.faults.append(("a quoted cell is never closed", line))
            end = plain_text(text, at, delimiter)
            if end > at:
                record.faults.append(("text after the quote that closes a cell", line))
            record.cells.append(cell + text[at:end])
            at = end
        else:
            at = plain_text(text, at, delimiter)
            if blank_stripped(text[start:at]).startswith('"'):
                record.faults.append(("a blank before the quote of a cell", line))
            record.cells.append(text[start:at])
        if text[at : at + 1] != delimiter:
            break
        at += 1
    record.faults += wrong_characters(text[begin:at], line)
    return record, at


def wrong_characters(text: str, line: int) -> list[tuple[str, int]]:
    """'A NUL character, or bytes that are not UTF-8, are an error with the number of their own line.'"""
    found = re.finditer("(\0)|[\udc80-\udcff]", text)
    return [
        ("a NUL character" if match[1] else "not UTF-8 text", line + count_lines(text[: match.start()]))
        for match in found
    ]


def records(text: str, delimiter: str, most: int = sys.maxsize) -> list[Record]:
    """'Lines without a single character are passed over; a line of blanks is a row of one cell.'"""
    found: list[Record] = []
    at, line = 0, 1
    while at < len(text) and len(found) < most:
        if length := line_end(text, at):
            at, line = at + length, line + 1
            continue
        record, end = one_record(text, at, line, delimiter)
        found.append(record)
        end += line_end(text, end)
        line += count_lines(text[at:end])
        at = end
    return found


def agrees_with_csv(text: str, delimiter: str, found: list[Record]) -> bool:
    """Whether Python's csv module reads the same cells of a text that has no fault of quotes."""
    lines = io.StringIO(text, newline="")
    return [record.cells for record in found] == [
        cells for cells in csv.reader(lines, delimiter=delimiter, strict=True) if cells
    ]


def sniffed(text: str, decimal: str) -> str:
    """'A comma. If the first line has none outside quotes, a tab or a semicolon, whichever makes more cells of it.'

    'With --decimal , the tab and the semicolon come first, and the comma only if the first line has neither.'
    """

    def cells(delimiter: str) -> int:
        return max((len(record.cells) for record in records(text, delimiter, most=1)), default=0)

    neither = cells("\t") == cells(";") == 1
    if neither or (cells(",") > 1 and decimal != ","):
        return ","
    return "\t" if cells("\t") > cells(";") else ";"
