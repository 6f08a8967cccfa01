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
from collections.abc import Mapping
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


def main() -> None:
    """A table of CSV from standard input, the prediction and the probabilities of each row to standard output."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["prediction", *(f"p({name})" for name in MODEL["classes"])])
    text = io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig", newline="")
    header = text.readline()
    # As smtrain reads files: a comma, or a tab or a semicolon where the header has none.
    delimiter = next((one for one in ",\t;" if one in header), ",")
    rows = csv.reader(itertools.chain([header], text), delimiter=delimiter)
    names = [name.strip(" \t") for name in next(rows)]
    for cells in filter(None, rows):
        p = predict_proba(dict(zip(names, cells, strict=True)))
        out.writerow([MODEL["classes"][p.index(max(p))], *p])


if __name__ == "__main__":
    if hasattr(signal, "SIGPIPE"):  # a reader may stop early, as head does
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
