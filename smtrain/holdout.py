"""Rows set aside: for validation, and in the folds of a cross-validation. By class, drawn by seed.

A class keeps a row for training whatever happens, so that every class can be learned: a class of a single row is never
set aside.
"""

import numpy as np
from numpy.typing import NDArray

NEVER = -1


def validation_rows(y: NDArray[np.intp], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Which rows (n,) are for validation: of each class about `fraction`, but never all.

    The rows of a class are shuffled and counted off; so the number of them is within one of fraction · n_k, and the
    number in all within one of fraction · n as far as no class is too small.
    """
    place, counts = _shuffled_places(y, seed)
    ends = np.cumsum(counts)
    quota = np.diff(np.floor(fraction * ends + 0.5), prepend=0.0)  # what rounding takes from a class the next one gets
    return np.asarray(place < np.minimum(quota, counts - 1)[y])


def folds(y: NDArray[np.intp], count: int, seed: int) -> NDArray[np.intp]:
    """The fold, 0 … count − 1, in which each row (n,) is set aside; NEVER for the row of a class of one.

    The rows of each class are dealt out in turn, going on where the class before ended.
    """
    place, counts = _shuffled_places(y, seed)
    starts = np.cumsum(counts) - counts
    return np.where(counts[y] > 1, (starts[y] + place) % count, NEVER)


def _shuffled_places(y: NDArray[np.intp], seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The place, from 0, of each row among those of its class in a random order (n,); the size of each class (K,)."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    order = shuffled[np.argsort(y[shuffled], kind="stable")]
    counts = np.bincount(y)
    place = np.empty(len(y), np.intp)
    place[order] = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, counts
