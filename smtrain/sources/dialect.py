"""How the text of a table is read, and the range of its numbers. Light: read before numpy is loaded."""

from dataclasses import dataclass, field
from typing import Annotated

# The cells that mean "missing" in a feature column (labels are never missing values, only empty).
MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None")

# What does not count around a name, a number, or the text of a missing cell.
BLANKS = " \t"

# Numbers in a file are at most LARGEST in size, and a column whose deviation is below SMALLEST_SCALE is constant:
# then no product or sum of them can overflow.
LARGEST, SMALLEST_SCALE = 1e152, 1e-50

# What becomes of rows without a label that can be used.
UNLABELLED = ("error", "skip")


# Words for delimiters that a shell takes for something else, or that cannot be seen.
DELIMITER_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "space": " ", "pipe": "|"}


def valid_delimiter(character: str) -> bool:
    """Whether a character can separate cells: ASCII, and no quote, line end or NUL."""
    return len(character) == 1 and character.isascii() and character not in '"\r\n\0'


def valid_decimal(character: str) -> bool:
    """Whether a character can be the decimal mark."""
    return character in {".", ","}


@dataclass(frozen=True)
class Dialect:
    """How the text of a table is read; kept in the model, so that predict reads as fit did.

    `delimiter` None reads it off the header line: a comma, or a tab or semicolon if there is no comma.
    `na_values` are added to `MISSING`. `dates` are columns whose dates are told by numbers. Annotations say what a
    dialect that is read from a model may have.

    >>> smtrain.Dialect(delimiter=";", na_values=("?",))
    Dialect(header=True, delimiter=';', decimal='.', na_values=('?',))
    >>> smtrain.fit("wine-semicolon.csv", delimiter=";").encoder.dialect.delimiter
    ';'
    """

    header: bool = True
    delimiter: Annotated[str, valid_delimiter] | None = None
    decimal: Annotated[str, valid_decimal] = "."
    na_values: tuple[str, ...] = ()
    # In the document of a model only where there are any: `model.schema` knows these words.
    dates: tuple[str, ...] = field(default=(), repr=False, metadata={"absent": True, "left out": True})

    @property
    def missing(self) -> frozenset[str]:
        """Every text that means a missing cell."""
        return frozenset(MISSING + self.na_values)
