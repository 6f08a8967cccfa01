"""Findings on shares that are not those of training: of bins of a column, and of the classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.inspecting.bins import Bins
from smtrain.inspecting.diagnosis import Finding, Severity
from smtrain.inspecting.drift import drift

# What makes a warning and what makes an error. They are about size alone, for what chance may do is ruled out beside
# them (smtrain/inspecting/drift.py): smaller ones would warn of differences that are real and small.
# The population stability index; 0.1 and 0.25 are the usual marks of credit scoring (Siddiqi, 2006).
DRIFT = 0.1
STRONG_DRIFT = 0.25
# By how much the share of one class has moved: the probabilities of all rows lean by about as much, and those of a
# model that are off by so much are told as well (smtrain.inspecting.judging.MISCALIBRATED).
MOVED = 0.05


def drifted(kind: str, name: str, bins: Bins, n: int, moved_by: float = np.inf) -> Finding | None:
    """The finding on shares that have moved from those of `n` rows of training, with the bin that has moved most.

    `moved_by` is what one share may have moved by where the population stability index is low. None if chance may have
    done it, or it is little.
    """
    moved = drift(bins.before, n, bins.counts)
    now = bins.counts / max(1, bins.counts.sum())
    k = int(np.abs(now - bins.before).argmax())
    stable, strong = not moved.above(DRIFT), moved.above(STRONG_DRIFT)
    if stable and not (moved.above(0.0) and abs(now[k] - bins.before[k]) > moved_by):
        return None
    threshold = moved_by if stable else STRONG_DRIFT if strong else DRIFT
    numbers: dict[str, Any] = {"psi": moved.psi, "threshold": threshold, "chance": moved.chance}
    numbers |= {"most": bins.name(k), "before": float(bins.before[k]), "now": float(now[k])}
    points = f"one of them by more than {100 * moved_by:g} points"
    how = points if stable else f"PSI {moved.psi:.3f}, above {threshold:g}"
    what = f"{bins.what} drifted: {how}; most {bins.name(k)}: {bins.before[k]:.1%} in training, {now[k]:.1%} here"
    return Finding(Severity.ERROR if strong else Severity.WARNING, kind, what, name, numbers=numbers)


def class_shift(
    target: str, classes: Sequence[str], trained: Sequence[int], counts: NDArray[np.intp]
) -> Finding | None:
    """The finding on the shares of the classes, whose rows in training and now are counted (K,); None if it is none."""
    before = np.array(trained, np.float64)
    n = int(before.sum())
    bins = Bins("the shares of the classes have", before / max(1, n), counts, classes)
    return drifted("class shift", target, bins, n, MOVED)
