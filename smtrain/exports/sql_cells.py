"""What the statement of SQL makes of a cell: numbers standardised, words as texts, each with its term in the sums."""

from dataclasses import dataclass

from smtrain.exports.interface import Numbers, Words
from smtrain.exports.sql_text import among, is_no_number, literal, number, weight
from smtrain.sources.dialect import BLANKS, LARGEST
from smtrain.sources.meaning import Meaning

# A standardised number that is less counts as 0 for the reason of LEAST_WEIGHT.
LEAST_NUMBER = 1e-50
# What stands for a missing cell that has a weight of its own: larger than any number that is standardised.
MISSING = "1e250"


@dataclass(frozen=True)
class Cells:
    """The expressions of cells, by what means missing."""

    meaning: Meaning

    @property
    def texts(self) -> list[str]:
        """The texts that mean missing, in quotes."""
        return [*map(literal, sorted(self.meaning.missing))]

    def word(self, cell: str) -> tuple[str, str]:
        """The text of a cell, and 1 where it is missing."""
        text = f"CAST({cell} AS TEXT)"
        return text, f"CASE WHEN {cell} IS NULL THEN 1 ELSE {among(_trimmed(text), self.texts, '1', '0')} END"

    def number(self, cell: str, column: Numbers) -> str:
        """A number standardised, 0 or MISSING where it is missing, NULL where it is none that a model may meet."""
        blank, value = _trimmed(f"CAST({cell} AS TEXT)"), f"CAST({cell} AS DOUBLE PRECISION)"
        values = [*map(number, sorted(self.meaning.values))]
        missing = MISSING if any(column.gap) else "0e0"
        # In this order: what is no number cannot be cast, what is too large or too small cannot be divided.
        is_none = f"WHEN {cell} IS NULL THEN {missing} WHEN {is_no_number(blank)} THEN NULL"
        is_large = f"WHEN ABS({value}) > {number(LARGEST)} THEN NULL"
        centred = f"({value}+{number(-column.mean)})"
        is_small = f"WHEN ABS{centred} < {number(LEAST_NUMBER * column.scale)} THEN 0e0"
        x = among(value, values, missing, f"CASE {is_small} ELSE {centred}/{number(column.scale)} END")
        return among(blank, self.texts, missing, f"CASE {is_none} {is_large} ELSE {x} END")


def number_term(j: int, column: Numbers) -> str:
    """What a number adds to z: its weight times it, or the weight of a gap."""
    product = f"x{j}*w{j}"
    return f"CASE WHEN x{j} = {MISSING} THEN g{j} ELSE {product} END" if any(column.gap) else product


def word_term(j: int, column: Words, k: int) -> str:
    """What a word adds to z: the weight of its level, or of a missing cell, or nothing."""
    gap = f"CASE WHEN g{j} = 1 THEN {weight(column.gap[k])} ELSE 0e0 END" if any(column.gap) else "0e0"
    return f"COALESCE(levels_{j}.w{k}, {gap})" if column.levels else gap


def _trimmed(text: str) -> str:
    return f"TRIM({text}, {literal(BLANKS)})"
