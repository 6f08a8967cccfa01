"""Whether one column alone gives the label away, or tells one class from all others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import quoted
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.wording import given

# How often a rule must be right to be too good to be true; and its errors, as a share of those of the rule that always
# takes the most frequent class: of rare classes that one is right so often, too.
RIGHT = 0.995
OF_THE_ERRORS = 0.05
# The share of a class's numbers that is left out at either end of its range: a few wrong labels move no border.
TRIMMED = 0.005
# Where many values are met once, the rows of the others must be so many, and so large a share of all.
FEWEST_KNOWN = 200
LEAST_KNOWN = 0.5
# The share of a class's rows that values of a column must have, and the share of the rows of each of these values that
# are of the class, for the column to tell it; and the rows of such a value, fewer of which are alike by chance.
ONE_CLASS = 0.95
FEWEST_OF_A_VALUE = 20

Hashes = NDArray[np.uint64]


def repeated_right(values: Hashes, labels: NDArray[np.intp], tail: tuple[Hashes, NDArray[np.intp]] | None) -> float:
    """`levels_right` of the rows whose value others have too, as far as those are many; else 0.

    `tail` are all the rows of some values: what they say of rare values stands for the values that a sample of the rows
    has once. None if it is no sample.
    """
    levels, sizes = np.unique(values, return_counts=True)
    known, once = float(sizes[sizes > 1].sum()), float((sizes == 1).sum())
    right = levels_right(values, labels) * len(labels)
    if tail is not None and once:
        rare = ~np.isin(tail[0], levels[sizes > 1])
        met, counts = np.unique(tail[0][rare], return_counts=True)
        if len(met):
            share = float(counts[counts > 1].sum()) / float(counts.sum())
            right += once * levels_right(tail[0][rare], tail[1][rare])
            known += once * share
    return right / known if known >= max(FEWEST_KNOWN, LEAST_KNOWN * len(labels)) else 0.0


def levels_right(values: NDArray[np.uint64], labels: NDArray[np.intp]) -> float:
    """How often the most frequent label of the *other* rows with a row's value is that row's label.

    Values that are met once say nothing, so they count as wrong.
    """
    _, level = np.unique(values, return_inverse=True)
    pairs, counts = np.unique(level * (labels.max() + 1) + labels, return_counts=True)
    top = np.zeros(level.max() + 1, np.intp)
    np.maximum.at(top, pairs // (labels.max() + 1), counts)
    return float(top[top > 1].sum() / len(labels))


def intervals_right(x: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """How often borders between the classes, one between neighbours, tell the label of a number.

    1. The classes are put in the order of their medians.
    2. The border between two neighbours lies in the middle between the end of the lower and the start of the upper
       one, both without their outermost numbers. Borders that are not in order tell nothing.
    3. A number is of the class between whose borders it lies.
    """
    known = ~np.isnan(x)
    classes, y = np.unique(labels[known], return_inverse=True)
    x, K = x[known], len(classes)
    if K < 2 or len(x) // 2 < K:
        return 0.0
    ranges = np.array([np.quantile(x[y == k], [0.5, TRIMMED, 1 - TRIMMED]) for k in range(K)])
    order = np.argsort(ranges[:, 0], kind="stable")
    borders = (ranges[order[:-1], 2] + ranges[order[1:], 1]) / 2
    if (np.diff(borders) < 0).any():
        return 0.0
    told = order[np.searchsorted(borders, x)]
    return float((told == y).sum() / len(labels))


def gives_away(
    values: Hashes,
    x: NDArray[np.float64],
    labels: NDArray[np.intp],
    tail: tuple[Hashes, NDArray[np.intp]] | None = None,
) -> float | None:
    """How often a column alone tells the label, if that is too good to be true.

    Hashes, numbers and codes of labels (m,) of some rows; values and labels of all rows of some values, if the rows are
    a sample.
    """
    wrong_anyway = 1 - np.bincount(labels).max() / len(labels)
    right = max(levels_right(values, labels), repeated_right(values, labels, tail))
    if np.isfinite(x).any():
        right = max(right, intervals_right(x, labels))
    return right if right >= RIGHT and 1 - right <= OF_THE_ERRORS * wrong_anyway else None


def leak(name: str, right: float, rows: int) -> Finding:
    """The finding on a column that tells the label of so large a share of so many rows."""
    what = f"this column alone tells the label of {right:.2%} of the rows"
    numbers = {"right": right, "rows": rows}
    return Finding(Severity.WARNING, "leak", what, name, hint=_unless_known(name), numbers=numbers)


@dataclass(frozen=True)
class Told:
    """A class, by its code, that the values of a column tell: the share of its rows that have them, and how pure."""

    label: int
    recall: float
    precision: float


def tells_a_class(values: Hashes, labels: NDArray[np.intp]) -> Told | None:
    """The class that a column tells best from all others, by values nearly all of whose rows are of it.

    None if there is none; of two classes the column would tell the whole label, of which `gives_away` knows.
    """
    K = int(labels.max()) + 1
    _, level, sizes = np.unique(values, return_inverse=True, return_counts=True)
    if K < 3:
        return None
    pairs, counts = np.unique(level * K + labels, return_counts=True)
    pure = (counts >= ONE_CLASS * sizes[pairs // K]) & (sizes[pairs // K] >= FEWEST_OF_A_VALUE)
    right, taken = (np.bincount(pairs[pure] % K, w[pure], K) for w in (counts, sizes[pairs // K]))
    recall = right / np.maximum(1, np.bincount(labels, minlength=K))
    best = int(recall.argmax())
    return Told(best, float(recall[best]), float(right[best] / taken[best])) if recall[best] >= ONE_CLASS else None


def leak_of_a_class(name: str, label: str, told: Told, rows: int) -> Finding:
    """The finding on a column that tells a class of so many rows from all others."""
    what = f"this column alone tells the class {quoted(label)}: it finds {told.recall:.1%} of its rows, and "
    what += f"{told.precision:.1%} of what it finds is of the class"
    numbers = {"class": label, "recall": told.recall, "precision": told.precision, "rows": rows}
    return Finding(Severity.WARNING, "leak", what, name, hint=_unless_known(name), numbers=numbers)


def _unless_known(name: str) -> str:
    return f"{given('drop', name)} if it is not known when a prediction is made"
