"""What some rows of a table tell of its columns. Summaries add up: that of two runs of rows, one behind the other.

The sum is associative: however a table is cut and in whatever order neighbours are added, it is the same, and with it
what is learned and what is refused. Words in a column of numbers, or numbers among words, show in a sum, not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import DataError, Place
from smtrain.fitting.refusals import number_among_words
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.sources.interface import Reading
from smtrain.sources.notation import not_a_number

# Rows at the beginning of a table that say which sort of cells is the rarer one in a column of numbers and words. With
# fewer the message may name the wrong cell; and so many are read before there is a message.
VOTING_ROWS = 1000
# Words of a column, those seen first, whose first number in another notation is named with its line. Where most
# are such numbers it is one of the first; to look at all of them would cost as much as reading them.
FIRST_WORDS = 100
# Votes of a cell
MISSING, NUMBER, WORD = 0, 1, 2

Votes = NDArray[np.int8]
S = TypeVar("S")


class Sight(NamedTuple):
    """A cell: the number of its row from the first of the summary on, its place, its text."""

    row: int
    place: Place
    text: str


class Wrong(NamedTuple):
    """A row that nothing can be learned from: its number, and its error."""

    row: int
    error: DataError


@dataclass(frozen=True)
class ColumnSummary:
    """The cells of a column of features, in so many `rows`.

    `given` is the kind that was asked for, or that the source says; without it the cells decide: `number`, `word` are
    the first of each, `large` the first number that is too large for one, `odd` the first of FIRST_WORDS words that is
    a number in another notation. The `vocabulary` is that of cells that were read as text.
    """

    rows: int = 0
    given: Reading | None = None
    missing: int = 0
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    number: Sight | None = None
    word: Sight | None = None
    large: Sight | None = None
    odd: Sight | None = None

    @property
    def kind(self) -> Reading | None:
        """What the column is, NUMBER or TEXT; None while every cell is missing."""
        if self.given is not None or (self.word is None and self.number is None):
            return self.given
        return Reading.NUMBER if self.word is None else Reading.TEXT

    def __add__(self, right: "ColumnSummary") -> "ColumnSummary":
        vocabulary = self.vocabulary + right.vocabulary
        odd = self.odd or self._moved(right.odd)
        if odd is not None and vocabulary.codes([odd.text])[0] >= FIRST_WORDS:
            odd = None
        return ColumnSummary(
            rows=self.rows + right.rows,
            given=self.given,
            missing=self.missing + right.missing,
            vocabulary=vocabulary,
            number=self.number or self._moved(right.number),
            word=self.word or self._moved(right.word),
            large=self.large or self._moved(right.large),
            odd=odd,
        )

    def _moved(self, sight: Sight | None) -> Sight | None:
        return None if sight is None else sight._replace(row=sight.row + self.rows)

    @property
    def refused(self) -> tuple[int, bool] | None:
        """From where on the column cannot be used, None if it can; and whether a large number is why, or a mixture.

        The first VOTING_ROWS rows are one place, 0: a mixture there comes before a large number.
        """
        reasons = [] if self.large is None else [(_beyond(self.large.row), True)]
        if self.number is not None and self.word is not None:
            reasons.append((_beyond(max(self.number.row, self.word.row)), False))
        return min(reasons, default=None)


def _beyond(row: int) -> int:
    """How far a row is behind those that vote."""
    return max(row - VOTING_ROWS + 1, 0)


@dataclass(frozen=True)
class Summary:
    """So many `rows`: their `columns` by position, their `labels`, and the error of what is behind them, if any.

    `votes` (at most VOTING_ROWS, columns) are the sorts of the cells of the first rows. `label`, `weight` and `group`
    are the first rows whose label, whose weight, whose group cannot be used; `groups` are the texts of these. What
    stands behind a `fault` does not count: it is not read.
    """

    rows: int
    columns: Mapping[int, ColumnSummary]
    labels: Vocabulary
    votes: Votes
    label: Wrong | None = None
    weight: Wrong | None = None
    fault: DataError | None = None
    groups: Vocabulary = field(default_factory=Vocabulary)
    group: Wrong | None = None

    @classmethod
    def of_nothing(cls, kinds: Mapping[int, Reading | None], fault: DataError | None = None) -> "Summary":
        """No rows, of columns of these kinds, None for those whose cells decide."""
        columns = {i: ColumnSummary(given=kind) for i, kind in kinds.items()}
        return cls(0, columns, Vocabulary(), np.zeros((0, len(columns)), np.int8), fault=fault)

    def __add__(self, right: "Summary") -> "Summary":
        if self.fault is not None:
            return self
        return Summary(
            rows=self.rows + right.rows,
            columns={i: column + right.columns[i] for i, column in self.columns.items()},
            labels=self.labels + right.labels,
            votes=np.concatenate([self.votes, right.votes])[:VOTING_ROWS] if self.voting else self.votes,
            label=self.label or self._moved(right.label),
            weight=self.weight or self._moved(right.weight),
            fault=right.fault,
            groups=self.groups + right.groups,
            group=self.group or self._moved(right.group),
        )

    def _moved(self, wrong: Wrong | None) -> Wrong | None:
        return None if wrong is None else wrong._replace(row=wrong.row + self.rows)

    @property
    def voting(self) -> bool:
        """Whether the votes of further rows count."""
        return len(self.votes) < VOTING_ROWS

    @property
    def refused(self) -> list[tuple[int, int, bool]]:
        """The columns that cannot be used: from where on, the position, and whether a large number is why."""
        places = ((i, column.refused) for i, column in self.columns.items())
        return [(refused[0], i, refused[1]) for i, refused in places if refused is not None]

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong with the rows."""
        return not any(self._wrong) and not self.refused

    @property
    def _wrong(self) -> tuple[Wrong | None, ...]:
        """The rows that cannot be used, in the order in which they are told."""
        return self.label, self.weight, self.group

    @property
    def kinds(self) -> dict[int, Reading | None]:
        """What each column is; None while every cell is missing."""
        return {i: column.kind for i, column in self.columns.items()}

    def error(self, names: list[str], decimal: str, *, ended: bool) -> DataError | None:
        """The first error of the rows, if it is known already. `ended` says that no more rows come.

        What is wrong with the rows comes before the `fault` behind them. Of several errors it is the one that shows
        first. The first VOTING_ROWS rows, for which this waits, are one place; there the features come first, in their
        order, then the labels, the weights, the groups.
        """
        if self.usable:
            return self.fault
        if self.voting and self.fault is None and not ended:
            return None
        rows = [(_beyond(wrong.row), k) for k, wrong in enumerate(self._wrong) if wrong is not None]
        if self.refused and (not rows or min(self.refused)[0] <= min(rows)[0]):
            _, i, too_large = min(self.refused)
            return self._of_column(i, names[i], decimal, too_large=too_large)
        wrong = self._wrong[min(rows)[1]]
        return None if wrong is None else wrong.error

    def _of_column(self, i: int, name: str, decimal: str, *, too_large: bool) -> DataError:
        """The error for a column."""
        large = self.columns[i].large
        if too_large and large is not None:
            return not_a_number(large.text, name, large.place, decimal)
        return self._mixture(i, name, decimal)

    def _mixture(self, i: int, name: str, decimal: str) -> DataError:
        """The error for a column of numbers and words: it names the first cell of the sort that has fewer votes.

        Of as many it is the number; without a vote, the sort that comes later.
        """
        number, word = self.columns[i].number, self.columns[i].word
        assert number is not None
        assert word is not None
        votes = self.votes[:, list(self.columns).index(i)]
        numbers, words = int((votes == NUMBER).sum()), int((votes == WORD).sum())
        word_is_odd = words < numbers if words + numbers else word.row > number.row
        if word_is_odd:
            return not_a_number(word.text, name, word.place, decimal)
        return number_among_words(name, number.text, number.place).error()
