"""Fit every file below a folder, and compare with a second opinion: `python tests/corpus_runner.py FOLDER [--limit N]`.

The second opinion is written with Python's csv module and float only. It says for each file whether it can be learned
from, how many rows it has, and which classes. Exits with 1 if a file breaks an invariant of the command line.
"""

import argparse
import bz2
import collections
import csv
import gzip
import io
import lzma
import os
import re
import sys
import tempfile
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from smtrain import load
from tests.hostile.harness import Outcome, invoke

MISSING = {"", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None"}
NUMBER = re.compile(r"[ \t]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*")
FOREIGN = (b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"\xfe\xff", b"\xd0\xcf\x11\xe0", b"\x28\xb5\x2f\xfd")
PACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ\x00": lzma.decompress}

csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Verdict:
    """What a file is: the reason why it cannot be learned from, or its rows and classes."""

    reason: str | None = None
    rows: int = 0
    classes: frozenset[str] = frozenset()

    @property
    def code(self) -> int:
        return 3 if self.reason else 0


class UnusableError(Exception):
    """Why the second opinion refuses a file."""


def second_opinion(data: bytes) -> Verdict:
    """Judge a file by the rules of the documentation, cell by cell."""
    try:
        return _judge(data)
    except UnusableError as reason:
        return Verdict(str(reason))


def _judge(data: bytes) -> Verdict:
    text = _text(data)
    header, rows = _table(text)
    if not rows:
        raise UnusableError("no rows")
    labels = [row[-1] for row in rows]
    if "" in labels:
        raise UnusableError("an empty label")
    classes = set(labels)
    if len(classes) < 2:
        raise UnusableError("one class")
    if len(classes) > max(100, len(rows) / 2) and all(map(_is_number, classes)):
        raise UnusableError("a regression target")
    kept = [_is_kept(name, [row[i] for row in rows]) for i, name in enumerate(header[:-1])]
    if not any(kept):
        raise UnusableError("no column is left")
    return Verdict(rows=len(rows), classes=frozenset(classes))


def _text(data: bytes) -> str:
    if data.startswith(FOREIGN):
        raise UnusableError("another format")
    for magic, unpack in PACKED.items():
        if data.startswith(magic):
            try:
                data = unpack(data)
            except (OSError, EOFError, zlib.error, lzma.LZMAError):
                raise UnusableError("damaged compression") from None
            break
    if b"\0" in data:
        raise UnusableError("NUL")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableError("not UTF-8") from None


def _table(text: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows, blank lines left out."""
    first = next((line for line in re.split(r"[\r\n]", re.sub(r'"[^"]*"', "", text)) if line), "")
    delimiter = "," if "," in first or not re.search(r"[\t;]", first) else max("\t;", key=first.count)
    if _is_open(text, delimiter):
        raise UnusableError("an unclosed quote")
    records = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    if not records:
        raise UnusableError("empty")
    header, rows = [name.strip() for name in records[0]], records[1:]
    if sum(map(_looks_numeric, header)) >= max(1, len(header) - 1):
        raise UnusableError("a header of numbers")
    if "" in header[1:] or len(set(header)) < len(header):
        raise UnusableError("blank or doubled names")
    if any(len(row) != len(header) for row in rows):
        raise UnusableError("ragged")
    return header, rows


def _is_open(text: str, delimiter: str) -> bool:
    """Whether a quoted cell is still open at the end: a further quote then ends it, and a further cell follows."""
    closed = list(csv.reader(io.StringIO(text.rstrip("\r\n") + f'"{delimiter}x', newline=""), delimiter=delimiter))
    plain = list(csv.reader(io.StringIO(text.rstrip("\r\n") + f"{delimiter}x", newline=""), delimiter=delimiter))
    return bool(plain) and len(closed[-1]) > len(plain[-1])


def _looks_numeric(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def _is_number(text: str) -> bool:
    return _looks_numeric(text) and abs(float(text)) != float("inf")


def _is_kept(name: str, cells: list[str]) -> bool:
    """Whether a column says anything; raises UnusableError for a mixture."""
    values = [cell for cell in cells if cell not in MISSING]
    numbers = sum(map(_is_number, values))
    if 0 < numbers < len(values):
        raise UnusableError(f"column {name!r} mixes numbers and words")
    if not values:
        return False
    if numbers:
        found = [float(cell) for cell in values]
        if not name:
            if found in ([*map(float, range(len(cells)))], [*map(float, range(1, len(cells) + 1))]):
                return False
            raise UnusableError("no name")
        return max(found) - min(found) > 1e-11 * max(map(abs, found)) or len(values) < len(cells)
    if not name:
        raise UnusableError("no name")
    levels = {cell if cell not in MISSING else None for cell in cells}
    if 1 < len(levels) <= max(20, 0.9 * len(cells)) and all(map(_other_notation, values)):
        raise UnusableError(f"column {name!r} has numbers in another notation")
    return 1 < len(levels) <= max(20, 0.9 * len(cells))


def _other_notation(text: str) -> bool:
    return re.fullmatch(r"[-+($€£¥]*\d[\d.,' ]*\s*(%|€|\$|EUR|USD)?\)?", text.strip()) is not None


def compare(path: Path, folder: Path) -> tuple[str | None, str | None, Outcome | None]:
    """A broken invariant, a disagreement with the second opinion, and what the fit did."""
    try:
        outcome = invoke("fit", path, "-q", folder=folder)
    except AssertionError as error:
        return str(error), None, None
    verdict = second_opinion(path.read_bytes())
    if outcome.code != verdict.code:
        said = outcome.error if outcome.code else "accepted"
        return None, f"exit {outcome.code}, expected {verdict.code} ({verdict.reason}): {said}", outcome
    if outcome.code == 0:
        model = load(str(folder / "model.npz"))
        if model.fit.rows != verdict.rows or set(model.classes) != verdict.classes:
            found = f"{model.fit.rows} rows of {len(model.classes)} classes"
            return None, f"{found}, expected {verdict.rows} of {len(verdict.classes)}", outcome
    return None, None, outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, help="at most so many files")
    asked = parser.parse_args()
    for name in list(os.environ):
        if name.startswith("SMTRAIN"):
            del os.environ[name]
    warnings.simplefilter("error")
    paths = sorted(path for path in asked.folder.resolve().rglob("*") if path.is_file())[: asked.limit]
    codes: collections.Counter[int | str] = collections.Counter()
    violations = disagreements = 0
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            violation, disagreement, outcome = compare(path, Path(folder))
        codes[outcome.code if outcome else "violation"] += 1
        violations += violation is not None
        disagreements += disagreement is not None
        if violation or disagreement:
            print(f"{'VIOLATION' if violation else 'disagreement'}: {path.relative_to(asked.folder.resolve())}")
            print("    " + (violation or disagreement or "").strip().replace("\n", "\n    "))
    print(f"{len(paths)} files; exit codes {dict(sorted(codes.items(), key=str))}; ", end="")
    print(f"{violations} violations, {disagreements} disagreements")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
