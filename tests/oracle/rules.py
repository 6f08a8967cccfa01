"""The rules of docs/data.md, as far as they are about one cell; and what is said of a table."""

import math
import re
from dataclasses import dataclass, field

from tests.oracle.text import Fault, blank_stripped

# 'It is empty or one of NA, N/A, #N/A, NaN, nan, null, NULL, None.'
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None")
# 'Numbers too large to compute with, beyond 1e152, are an error.'
LARGEST = 1e152
# 'Their deviation is at most 4.4e-16 of the largest, or 1e-50': it is constant but for rounding.
SMALLEST, ROUNDING = 1e-50, 2 * 2.0**-52
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Options:
    """How a table is to be read: the options of `smtrain fit` that matter to reading."""

    target: str | None = None
    drop: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    weight: str | None = None
    header: bool = True
    delimiter: str | None = None
    decimal: str = "."
    na_values: tuple[str, ...] = ()
    unlabelled: str = "error"


def is_gap(cell: float | str | None) -> bool:
    """Whether a cell of a column is missing."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


@dataclass
class Column:
    """A column that is learned from: numbers, NaN where missing, or texts, None where missing."""

    name: str
    cells: list
    levels: list | None = None

    @property
    def missing(self) -> int:
        return sum(is_gap(cell) for cell in self.cells)


@dataclass
class Answer:
    """What a table says; or, if it cannot be learned from, all of its faults.

    `doubts` are faults that docs/data.md leaves to judgement: the program may have one of them.
    """

    faults: list[Fault] = field(default_factory=list)
    doubts: list[Fault] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    target: str = ""
    lines: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    ignored: dict[str, str] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    weight_name: str | None = None
    weights: list[float] | None = None


def number(cell: str, decimal: str = ".") -> float | None:
    """The number that a cell is, or None: 'without the blanks around it, it is written in decimals.'"""
    text = blank_stripped(cell)
    if decimal == ",":
        text = text.replace(".", "?").replace(",", ".")  # 'and then 1.5 is not a number'
    return float(text) if NUMBER.fullmatch(text) else None


def class_order(label: str) -> tuple:
    """'Classes are put in order: whole numbers by value, then other texts by their characters; levels likewise.'"""
    return (0, int(label), label) if WHOLE.fullmatch(label) else (1, 0, label)
