"""Rows set aside: for validation, and in the folds of a cross-validation. By class, drawn by seed.

A class keeps a row for training whatever happens, so that every class can be learned: a class of a single row is never
set aside. Rows of no weight say nothing, here or there: they are not counted and never set aside.
"""

import numpy as np
from numpy.typing import NDArray

NEVER = -1


def validation_rows(y: NDArray[np.intp], v: NDArray[np.float64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Which rows (n,), of classes y and weights v, are for validation: of each class about `fraction`, but never all.

    The rows of a class are shuffled and counted off; so the number of them is within one of fraction · n_k, and the
    number in all within one of fraction · n as far as no class is too small.
    """
    rows, place, counts = _shuffled_places(y, v, seed)
    ends = np.cumsum(counts)
    quota = np.diff(np.floor(fraction * ends + 0.5), prepend=0.0)  # what rounding takes from a class the next one gets
    aside = np.zeros(len(y), np.bool_)
    aside[rows] = place < np.minimum(quota, counts - 1)[y[rows]]
    return aside


def folds(y: NDArray[np.intp], v: NDArray[np.float64], count: int, seed: int) -> NDArray[np.intp]:
    """The fold, 0 … count − 1, in which each row (n,) is set aside; NEVER for the row of a class of one.

    The rows of each class are dealt out in turn, going on where the class before ended. With fewer rows than folds the
    last folds are left out.
    """
    rows, place, counts = _shuffled_places(y, v, seed)
    dealt = np.where(counts > 1, counts, 0)
    starts = np.cumsum(dealt) - dealt
    fold_of = np.full(len(y), NEVER)
    fold_of[rows] = np.where(counts[y[rows]] > 1, (starts[y[rows]] + place) % count, NEVER)
    return fold_of


def _shuffled_places(
    y: NDArray[np.intp], v: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The rows that weigh something, (m,); the place, from 0, of each among those of its class in a random order, (m,).

    And the number of them in each class (K,).
    """
    rows = np.flatnonzero(v > 0)
    classes, counts = y[rows], np.bincount(y[rows])
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    order = shuffled[np.argsort(classes[shuffled], kind="stable")]
    place = np.empty(len(rows), np.intp)
    place[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rows, place, counts
