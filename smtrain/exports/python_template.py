"""The prediction of a smtrain model: no packages needed.

    python model.py < rows.csv > predictions.csv
    python -c 'import model; print(model.predict({"NAME": 1.5}), model.predict_proba({"NAME": 1.5}))'

A cell is a number, a text, or None where it is missing. In a column of words 1 and 1.0 are the text 1.
"""

import csv
import io
import itertools
import math
import re
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = 1e152
MODEL: dict[str, Any] = {}


def is_missing(cell: Any, missing: Mapping[str, Any]) -> bool:
    """Whether a cell of any column is missing: None, NaN, or a text that means it."""
    if isinstance(cell, str):
        return cell.strip(" \t") in missing["texts"]
    return cell is None or math.isnan(cell)


def number(cell: Any, decimal: str) -> float:
    """A cell as a number. Raises ValueError for a text that is none, and for one that is not finite or too large."""
    text = str(cell).strip(" \t")
    if isinstance(cell, str) and decimal != ".":
        text = text.replace(decimal, ".") if "." not in text else ""
    if not NUMBER.fullmatch(text) or abs(float(text)) > LARGEST:
        raise ValueError(f"not a number: {cell!r}")
    return float(text)


def terms(column: Mapping[str, Any], cell: Any, missing: Mapping[str, Any]) -> tuple[float, Any]:
    """What a cell is multiplied by its weights (K,) with, and these."""
    if column["kind"] == "words":
        gap = is_missing(cell, missing)
        level = cell if isinstance(cell, str) else None if gap else str(cell).removesuffix(".0")
        if level in column["levels"]:
            return 1.0, column["levels"][level]
        return 1.0, column["missing"] if gap else [0.0] * len(column["missing"])
    x = math.nan if is_missing(cell, missing) else number(cell, missing["decimal"])
    if math.isnan(x) or x in missing["numbers"]:
        return 1.0, column["missing"]
    return (x - column["mean"]) / column["scale"], column["weights"]


def predict_proba(row: Mapping[str, Any], model: Mapping[str, Any] | None = None) -> list[float]:
    """The probability of each class, in the order of MODEL["classes"].

    Raises KeyError for a column that is not there, ValueError for a text that is no number.
    """
    model = model or MODEL
    z = list(model["intercept"])
    for column in model["columns"]:
        x, weights = terms(column, row[column["name"]], model["missing"])
        z = [a + x * w for a, w in zip(z, weights, strict=True)]
    top = max(z)
    e = [math.exp(a - top) for a in z]
    return [a / sum(e) for a in e]


def predict(row: Mapping[str, Any]) -> str:
    """The most probable class."""
    p = predict_proba(row)
    return str(MODEL["classes"][p.index(max(p))])


def reader_of(text: Iterable[str]) -> Any:
    """The records of CSV. An unknown delimiter is told as smtrain tells it: by the cells that it makes of the header.

    That is the comma; or the semicolon or tab where that does not part it, and before it where it is the decimal mark.
    """
    delimiter = MODEL["table"]["delimiter"]
    if delimiter is None:
        text, *copies = itertools.tee(text, 4)
        readers = {one: csv.reader(copy, delimiter=one) for one, copy in zip(",;\t", copies, strict=True)}
        cells = {one: len(next(filter(None, reader), [])) for one, reader in readers.items()}
        other = max(";\t", key=cells.__getitem__)
        order = (other, ",") if MODEL["missing"]["decimal"] == "," else (",", other)
        delimiter = next((one for one in order if cells[one] > 1), ",")
    return csv.reader(text, delimiter=delimiter)


def predictions(records: Iterator[list[str]]) -> Iterator[list[Any]]:
    """The header of the predictions, and the prediction and the probabilities of each record.

    Raises ValueError for an empty table, for columns that are not there or there twice, and for a record of another
    width or with a text that is no number.
    """
    first = next(records, None)
    if first is None:
        raise ValueError("the table is empty")
    header = MODEL["table"]["header"]
    names = [name.strip(" \t") if header else f"c{i}" for i, name in enumerate(first, 1)]
    for name in [*names, *(column["name"] for column in MODEL["columns"])]:
        if names.count(name) != 1:
            raise ValueError(f"{'two columns' if name in names else 'no column'} with the name {name!r}")
    yield ["prediction", *(f"p({name})" for name in MODEL["classes"])]
    for cells in records if header else itertools.chain([first], records):
        if len(cells) != len(names):
            raise ValueError(f"{len(cells)} cells where there are {len(names)} columns")
        p = predict_proba(dict(zip(names, cells, strict=True)))
        yield [MODEL["classes"][p.index(max(p))], *p]


def main() -> None:
    """A table of CSV from standard input, the prediction and the probabilities of each row to standard output."""
    csv.field_size_limit(1 << 30)
    reader = reader_of(io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline=""))
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
        try:
            csv.writer(out, lineterminator="\n").writerows(predictions(filter(None, reader)))
        except (ValueError, csv.Error) as error:
            sys.exit(f"line {reader.line_num}: {error}")


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):  # a reader may stop early, as head does
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
