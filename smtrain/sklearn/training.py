"""What a fit of the estimator is given: labels and weights of scikit-learn's callers, in smtrain's terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_array, compute_class_weight
from sklearn.utils.validation import check_consistent_length

from smtrain.fitting.weights import class_weights
from smtrain.sources.typed import text_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """The rows of a fit (n), their labels as smtrain takes them, their weights; the classes (K,) and their names there.

    `codes` (n,) are the places of the labels among the classes. `weights` is None where none are given. `factors` are
    the class weights by those names, None or "balanced". `groups` (n,) are those of the rows, None if
    none are given.
    """

    frame: pd.DataFrame
    labels: NDArray[Any]
    codes: NDArray[np.intp]
    weights: Array | None
    classes: NDArray[Any]
    names: list[str]
    factors: dict[str, float] | str | None
    groups: NDArray[Any] | None = None

    @property
    def v(self) -> Array:
        """The weights of the rows (n,), each times the factor of its class."""
        weights = np.ones(len(self.codes)) if self.weights is None else self.weights
        total = np.bincount(self.codes, weights=weights).astype(np.float64)
        return np.asarray(weights * class_weights(self.factors, self.names, total)[self.codes], np.float64)

    def without_weightless_classes(self) -> "Training":
        """The same without the rows of classes that weigh nothing.

        A weight of 0 is a row that is not there, and what has no rows is no class.
        """
        factors = self.factors if isinstance(self.factors, dict) else dict.fromkeys(self.names, 1.0)
        weighty = np.bincount(self.codes, weights=self.weights) * [factors[name] for name in self.names] > 0
        if weighty.all():
            return self
        there = weighty[self.codes]
        names = [name for name, kept in zip(self.names, weighty, strict=True) if kept]
        return Training(
            self.frame[there],
            self.labels[there],
            (np.cumsum(weighty) - 1)[self.codes[there]],
            None if self.weights is None else self.weights[there],
            self.classes[weighty],
            names,
            {name: factors[name] for name in names} if isinstance(self.factors, dict) else self.factors,
            None if self.groups is None else self.groups[there],
        )


def training(
    frame: pd.DataFrame,
    labels: NDArray[Any],
    sample_weight: Any,
    factors: Mapping[Any, float] | str | None,
    groups: Any = None,
) -> Training:
    """The rows with their labels (n,), weights and groups (n,) or None, and class weights, as a caller gives them.

    Raises ValueError for weights that are none, and for rows that do not belong together.
    """
    check_consistent_length(frame, labels, groups)
    weights = None if sample_weight is None else weights_of(sample_weight, len(frame))
    classes, codes = np.unique(labels, return_inverse=True)
    names = class_names(classes)
    if isinstance(factors, Mapping):
        values = compute_class_weight(dict(factors), classes=classes, y=labels)
        factors = dict(zip(names, map(float, values), strict=True))
    if labels.dtype.kind not in "biuf":  # of these smtrain.fit knows what sort the classes are
        labels = np.array(names, object)[codes]
    groups = None if groups is None else np.asarray(groups)
    return Training(frame, labels, codes, weights, classes, names, factors, groups).without_weightless_classes()


def weights_of(given: Any, rows: int) -> Array:
    """The weights (n,) of the rows, or one number for all. Raises ValueError for what is no weight, or all zero."""
    if isinstance(given, Real):
        given = np.full(rows, float(given))
    weights = np.asarray(check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight"))
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight has the shape {weights.shape}, and must have one for each row: ({rows},)")
    if (weights < 0).any():
        raise ValueError("Negative values in sample_weight: no row can count less than nothing")
    if not weights.any():
        raise ValueError("sample_weight is zero for every row: there is nothing to learn from")
    return weights


def class_names(classes: NDArray[Any]) -> list[str]:
    """The labels as texts, as a file would have them; their numbers, if the texts cannot be told apart."""
    names = [text_of(label) for label in classes.tolist()]
    return names if all(names) and len(set(names)) == len(names) else [str(k) for k in range(len(names))]
