"""Which classes are rare, and where there are so many that another column is likely to be meant."""

from collections.abc import Collection

from smtrain.errors import counted
from smtrain.sources.notation import number

# The share of the rows that a class would have if all had as many: with less it is rare.
SMALL_SHARE = 0.01
# Rows with less than which a class is rare too, or with less than half an equal share where that is fewer.
FEW_ROWS = 10
# Classes beyond which there are many …
MANY_CLASSES = 100
# … or beyond which there are, with fewer rows for each on average than the second number, or where most of them are
# numbers with a fraction: those are measured, and no names.
SOME_CLASSES, FEW_ROWS_EACH = 20, 5


def rare_classes(counts: dict[str, int]) -> dict[str, int]:
    """The classes with few rows, and their rows, the rarest first."""
    # Measured by what an equal share would be, so that of a hundred classes not all are rare.
    equal = sum(counts.values()) / len(counts)
    few = max(SMALL_SHARE * equal, min(FEW_ROWS, equal / 2))
    return dict(sorted(((name, n) for name, n in counts.items() if n < few), key=lambda pair: pair[1]))


def many_classes(labels: Collection[str], count: int, rows: int, decimal: str) -> str | None:
    """What is said of more classes than a person would name, None where there are not: mostly another column is meant.

    `count` are the classes, of which at least some `labels` are known; `decimal` is the decimal mark of these.
    """
    what = f"{count:,} classes in {counted(rows, 'row')}"
    if count > SOME_CLASSES and are_measured(labels, decimal):
        return f"{what}, most of them numbers with a fraction, as of a measurement"
    many = count > MANY_CLASSES or (count > SOME_CLASSES and rows < FEW_ROWS_EACH * count)
    return what if many else None


def are_measured(labels: Collection[str], decimal: str) -> bool:
    """Whether most labels are numbers with a fraction."""
    return 2 * sum(number(label, decimal) % 1 > 0 for label in labels) > len(labels)  # NaN, of a word, is not above 0
