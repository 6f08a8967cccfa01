"""What a fit refuses of a table, and which columns it leaves out: the condition and the sentence of each, once.

`fit` raises the first refusal that it meets, an error at its place. `doctor` lists all of them, and has counted the
cells of each: what is said of one cell where `cells` is None is said of so many where it is a number.
"""

import math
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smtrain.errors import MOST_LISTED, DataError, counted, quoted, with_cells
from smtrain.sources.dates import no_date
from smtrain.sources.dialect import LARGEST, SMALLEST_SCALE
from smtrain.sources.header import how_to_name
from smtrain.sources.notation import large_hint, notation_hint
from smtrain.wording import given

Where = tuple[str | None, int | None]  # the source and the line of a cell, each None if it has none

# Different texts from which on a column may be one of names, and the share of the rows that they then are more than.
# Below, columns of names and of levels look alike: ten rows of ten levels are a small table, and no list of names.
IDENTIFIER_ROWS = 20
IDENTIFIER_SHARE = 0.9
# Different numbers as labels from which on they may be a quantity, and the share of the rows that they then are more
# than. Codes of classes are few or are repeated; a measurement is neither.
REGRESSION_VALUES = 100
REGRESSION_SHARE = 0.5
# The deviation of a column whose numbers differ by their last bit only, as a share of the largest: at most so much.
# A larger limit would leave out columns with a far origin, such as times in seconds.
CONSTANT = 2 * sys.float_info.epsilon
# Whole numbers from here on are not all floating-point numbers: different ones of 16 digits and more become equal.
LARGEST_WHOLE = 2.0**53
# Rows from which on a column of numbers that goes up by one is believed to count the rows, and one without a name whose
# whole numbers go up to be the index of a longer table, of which a filter or a draw has left rows out.
COUNTED_ROWS = 5
# How pandas calls an index that it wrote without a name and read back as a column.
UNNAMED = re.compile(r"Unnamed: \d+(?:\.\d+)*|")
# Words among numbers that may all mean a missing cell: so many for each number at most.
FEW_WORDS = 0.1
# Texts of a mixture that programs are told, the most frequent.
MOST_TEXTS = 20

EMPTY = "every cell is missing"
ALL_RARE = "all of its levels are rare"
EVERY_TEXT_ANOTHER = "nearly every row has another text"
NUMBERS_AS_TEXTS = f"{EVERY_TEXT_ANOTHER}, and the texts are numbers"
OTHER_TARGET = "--target names the column with the classes"


@dataclass(frozen=True)
class Refusal:
    """A reason to refuse a table. `kind` is a stable word for programs, `numbers` what the sentence is made of.

    `column`, `source` and `line` say where, each None if it is no one place; `hint` says what helps.
    """

    kind: str
    what: str
    column: str | None = None
    source: str | None = None
    line: int | None = None
    hint: str | None = None
    numbers: dict[str, Any] = field(default_factory=dict)

    def error(self) -> DataError:
        """What a fit raises."""
        return DataError(self.what, source=self.source, line=self.line, column=self.column, hint=self.hint)


# Columns that are left out


@dataclass(frozen=True)
class ColumnFacts:
    """What decides whether a fit keeps a column of features.

    `asked` says that its kind was asked for, `filled` that it has a cell that is not missing, `missing` that it has one
    that is. Of numbers: `first` is the first of those that go up by one from row to row, None of all others; `rising`
    says that they are whole, not negative, and each larger than the one before; `deviation` and `largest` are theirs.
    Of words: `levels` is how many are different, a missing cell among them, in so many `rows`; it is None for numbers.
    So many of them as are rare become one `together`. `number_texts` says that all of them are numbers.
    """

    name: str
    asked: bool
    filled: bool
    missing: bool
    first: float | None = None
    rising: bool = False
    deviation: float = 0.0
    largest: float = 0.0
    levels: int | None = None
    rows: int = 0
    together: int = 0
    number_texts: bool = False

    @property
    def left_out(self) -> str | None:
        """The reason to leave the column out, None if it is kept."""
        if self.asked:
            return None
        if not self.filled:
            return EMPTY
        return self.index or self._names or self._constant

    @property
    def index(self) -> str | None:
        """The reason that it is an index: without a name of its own, it numbers the rows, or those of a longer one."""
        if not (self.first in {0, 1} or self.rising) or not named_as_an_index(self.name):
            return None
        return f"it has {'the name of an index' if self.name else 'no name'} and numbers the rows"

    @property
    def must_have_a_name(self) -> bool:
        """Whether the column is worth a name: only one that is empty or an index needs none."""
        return self.asked or (self.filled and self.index is None)

    @property
    def _constant(self) -> str | None:
        if self.levels is not None:
            rare = ALL_RARE if self.levels == self.together else None
            return "it is constant" if self.levels == 1 else rare
        return None if self.missing else constant(self.deviation, self.largest)

    @property
    def _names(self) -> str | None:
        if self.levels is None or not name_the_rows(self.levels, self.rows):
            return None
        return NUMBERS_AS_TEXTS if self.number_texts else f"{EVERY_TEXT_ANOTHER}: it names the rows"


def named_as_an_index(name: str) -> bool:
    """Whether the name is one that nobody has given."""
    return UNNAMED.fullmatch(name) is not None


def constant(deviation: float, largest: float) -> str | None:
    """The reason to leave numbers of this deviation out, the largest of this size, if they differ by rounding at most.

    None if they differ by more. A deviation that is too large to compute is NaN.
    """
    if math.isnan(deviation) or deviation > max(CONSTANT * largest, SMALLEST_SCALE):
        return None
    if largest >= LARGEST_WHOLE:
        return "it is constant in floating point, which tells about 15 digits; --categorical keeps longer codes apart"
    return "it is constant" if deviation == 0 else "it is constant but for rounding"


def name_the_rows(levels: int, rows: int) -> bool:
    """Whether so many texts, a missing one among them, are names of the rows."""
    return levels > max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * rows)


def no_column(source: str, left_out: Sequence[tuple[str, str]]) -> Refusal:
    """All columns are left out: their names and the reasons."""
    hint = "there is no column besides the target"
    if left_out:
        name, reason = left_out[0]
        hint = f"column {quoted(name)} was ignored: {reason}; --numeric or --categorical keeps it"
    return Refusal("no features", "no column is left to learn from", source=source, hint=hint)


def no_name(source: str, line: int | None) -> Refusal:
    """The first column has no name in the header, and is to be learned from."""
    hint = f"{how_to_name(source)}; {given('drop', '')} leaves it out, as R's names of rows"
    return Refusal("no name", "column 1 has no name", None, source, line, hint)


# Cells of features


def no_dates(column: str, text: str, where: Where, cells: int) -> Refusal:
    """Cells of a column of dates that are none; the first is `text`."""
    what, hint = no_date(text)
    return Refusal(
        "no date", f"{counted(cells, 'cell')} that cannot be read: {what}", column, *where, hint, {"cells": cells}
    )


def large_numbers(column: str, text: str, where: Where, cells: int) -> Refusal:
    """Cells of a column of numbers that are too large for one; the first is `text`."""
    what = f"{counted(cells, 'number')} not below {LARGEST:g}: {quoted(text)}"
    return Refusal("large number", what, column, *where, large_hint(text), {"cells": cells})


def other_notation(column: str, text: str, where: Where, cells: int | None = None) -> Refusal:
    """Cells that are numbers, but not as they are read here; the first is `text`."""
    what = "numbers in another notation"
    if cells is not None:
        what = f"{cells:,} {'cell is a number' if cells == 1 else 'cells are numbers'} in another notation"
    numbers = {} if cells is None else {"cells": cells}
    return Refusal(
        "notation", f"{what}: {quoted(text)}", column, *where, notation_hint(text, column, where[0]), numbers
    )


def number_among_words(column: str, text: str, where: Where) -> Refusal:
    """One number in a column of words."""
    hint = f"{given('categorical', column)} takes its cells as names"
    return Refusal("mixture", f"words, but here the number {quoted(text)}", column, *where, hint)


def words_are_rare(words: int, numbers: int) -> bool:
    """Whether it is the words, so many cells, that do not belong in a column, and not so many numbers."""
    return words <= numbers or not numbers


def mixture(
    column: str,
    words: Mapping[str, int],
    numbers: Mapping[str, int],
    *,
    cells: tuple[int, int],
    where: Where,
    na_like: int,
) -> Refusal:
    """Words among numbers, or numbers among words; `where` is the first cell of the rarer sort.

    `words` and `numbers` are the cells of each text, as far as texts are kept, `cells` how many there are of both;
    `na_like` of the words look like missing cells. A column of words that was asked for as numbers has no numbers.
    """
    many_words, many_numbers = cells
    words_rare = words_are_rare(many_words, many_numbers)
    rare, one, other = (words, "word", "number") if words_rare else (numbers, "number", "word")
    many_rare, many_other = cells if words_rare else cells[::-1]
    among = f"among {counted(many_other, other)}" if many_numbers else "in a column of numbers"
    most = dict(sorted(rare.items(), key=lambda text_and_cells: -text_and_cells[1])[:MOST_TEXTS])
    what = f"{counted(many_rare, one)} {among}: {with_cells(most.items())}"
    hint = f"{given('categorical', column)} takes all cells as names"
    if na_like == many_words or (many_words <= FEW_WORDS * many_numbers and len(words) <= MOST_LISTED):
        hint = f"{given('na-values', *list(words)[:MOST_LISTED])} if that means missing; {hint}"
    return Refusal("mixture", what, column, *where, hint, {"words": many_words, "numbers": many_numbers, "texts": most})


# Labels and weights


def empty_label(column: str, where: Where, cells: int | None = None) -> Refusal:
    """Rows whose label is empty."""
    what = "an empty label" if cells is None else f"{cells:,} empty {'label' if cells == 1 else 'labels'}"
    hint = (
        "a row without a label cannot be learned from: remove it, or " + given("unlabelled", "skip") + " leaves it out"
    )
    return Refusal("empty label", what, column, *where, hint, {} if cells is None else {"cells": cells})


def no_classes(column: str, source: str, classes: Collection[str], numbers: int, rows: int) -> Refusal | None:
    """Labels that are no classes: all are the same, or different `numbers` in so many rows are a quantity."""
    if len(classes) == 1:
        what = f"only one class, {quoted(next(iter(classes)))}: there is nothing to tell apart"
        return Refusal("one class", what, column, source, hint=OTHER_TARGET)
    if numbers > max(REGRESSION_VALUES, REGRESSION_SHARE * rows):
        what = f"{numbers} different numbers in {rows} rows: this looks like a regression target"
        return Refusal("no classes", what, column, source, hint=OTHER_TARGET)
    return None


def wrong_weights(column: str, where: Where, cells: int) -> Refusal:
    """Cells of the column of weights that are no weights; the error for one of them is in smtrain.model.labels."""
    what = f"{cells:,} {'weight is' if cells == 1 else 'weights are'} neither 0 nor a positive number"
    return Refusal("weight", what, column, *where, numbers={"cells": cells})


def weightless_class(label: str, column: str | None, source: str) -> Refusal:
    """A class whose rows all have a weight of 0 in the column of weights: nothing can be learned of it."""
    what = f"the rows of class {quoted(label)} weigh nothing together"
    return Refusal("weight", what, column, source, hint="remove them, or give them a weight")
