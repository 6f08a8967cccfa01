"""What each column of X is of the table's columns, and the one name that it has.

A feature is a column of numbers, NAME; its missing cells, "NAME is missing"; a level of words, "NAME=LEVEL"; or all
rare levels of a column of words as one, "NAME is other".
Where two would have the same name, those that are not a column of numbers have theirs in double quotes: "NAME"=LEVEL.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import count
from typing import NamedTuple


class Feature(NamedTuple):
    """A column of X: which column it is of, and whether it is of its numbers, its rare levels, or a level.

    A `level` of None is that of missing cells.
    """

    column: str
    numbers: bool = False
    level: str | None = None
    rare: bool = False

    def name(self, *, quotes: bool = False) -> str:
        """Its name; with `quotes` that of the column is in double quotes, doubled inside, as in a CSV file."""
        if self.numbers:
            return self.column
        column = '"' + self.column.replace('"', '""') + '"' if quotes else self.column
        if self.rare:
            return f"{column} is other"
        return f"{column} is missing" if self.level is None else f"{column}={self.level}"


def feature_names(features: Sequence[Feature]) -> tuple[str, ...]:
    """A name for each, no two alike."""
    plain = [feature.name() for feature in features]
    # A column "sex=male" of numbers and the level male of a column "sex" have the same plain name. Numbers keep theirs,
    # for that is the name of a column in the file.
    counts = Counter(plain)
    names = [one.name(quotes=counts[name] > 1) for one, name in zip(features, plain, strict=True)]
    return tuple(names) if len(set(names)) == len(names) else _numbered(names)


def intercept_name(features: Collection[str], name: str = "(intercept)") -> str:
    """The name of the intercept beside those of features, with (2), (3), … behind it if a feature has it."""
    others = (f"{name} ({k})" for k in count(2))
    return name if name not in features else next(one for one in others if one not in features)


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    """The names, in the odd case that a column is called like another one in quotes: then (2) behind the later one."""
    taken = set(names)
    numbered: dict[str, None] = {}
    for name in names:
        others = (f"{name} ({k})" for k in count(2))
        one = name if name not in numbered else next(x for x in others if x not in taken and x not in numbered)
        numbered[one] = None
    return tuple(numbered)
