"""What a LogisticRegression minimised, and how far from the minimum it ended.

It minimised smtrain's objective, Σ v·NLL + l1 ‖W‖₁ + l2/2 ‖W‖², but over the features that it was given, as the steps
before it made them. Those of a model are standardised: a weight of a feature that a MinMaxScaler made, or of one as it
was, has another size, and so has its penalty. So the certificate is computed over the features of the pipeline.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

from smtrain.errors import UsageError
from smtrain.fitting.options import FitConfig
from smtrain.partitions.memory import MemoryHome, Seen
from smtrain.sklearn.two_classes import factor_of_l2, of_each_class
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Objective
from smtrain.solvers import make_solver
from smtrain.solvers.base import Solution, minimise

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Penalties:
    """The penalties of a LogisticRegression in smtrain's terms."""

    l2: float
    l1: float


def penalties(last: LogisticRegression) -> Penalties:
    """The penalties of a fitted LogisticRegression, or of one whose C was chosen by cross-validation.

    Raises UsageError if several were chosen, one for each class.
    """
    chosen = isinstance(last, LogisticRegressionCV)
    C = _one("C", last.C_ if chosen else last.C)
    share = _one("l1_ratio", last.l1_ratio_ if chosen else last.l1_ratio)
    name = getattr(last, "penalty", None)  # absent or "deprecated" in later versions, where l1_ratio says it all
    share = {"l1": 1.0, "l2": 0.0}.get(str(name), share)
    if np.isinf(C) or (name is None and hasattr(last, "penalty")):
        return Penalties(0.0, 0.0)
    return Penalties(factor_of_l2(len(last.classes_)) * (1 - share) / C, share / C)


def _one(name: str, values: Any) -> float:
    """The one value of a parameter, which may have been chosen for each class; None is 0."""
    different = {0.0 if value is None else float(value) for value in np.atleast_1d(values)}
    if len(different) > 1:
        raise UsageError(f"the {type(values).__name__} of the LogisticRegressionCV has another {name} for each class")
    return different.pop()


def has_smtrains_intercept(last: LogisticRegression) -> bool:
    """Whether there is an intercept that is free of the penalty, as smtrain's is; that of liblinear is not."""
    return bool(last.fit_intercept) and last.solver != "liblinear"


def solution_at(last: LogisticRegression, features: Any, y: NDArray[np.intp], v: Array) -> Solution:
    """The objective at the weights of `last`, and the gap to its minimum: a fit of no epochs.

    `features` (n, d), dense or sparse, are those that it was fitted on, `y` (n,) the places of the labels in its
    classes, `v` (n,) the weights of the rows with those of the classes.
    """
    own = penalties(last)
    config = FitConfig(l2=own.l2, l1=own.l1, epochs=0)
    theta = np.vstack([of_each_class(last.coef_.T), of_each_class(np.atleast_2d(last.intercept_))])
    with MemoryHome() as home:
        size = home.partition_rows(features.shape[1])
        slices = [slice(start, start + size) for start in range(0, len(y), size)]
        rows = home.rows(Seen(partial(_partition, features, y, v), slices))
        objective = Objective(rows, len(last.classes_), own.l2, own.l1)
        return minimise(objective, make_solver(config), theta.astype(np.float64), epochs=0, tol=config.tolerance)


def _partition(features: Any, y: NDArray[np.intp], v: Array, rows: slice) -> Partition:
    """Some of the rows. A table of many levels is sparse, and dense one partition at a time."""
    some = features[rows]
    X = np.asarray(some.toarray() if hasattr(some, "toarray") else some, np.float64)
    return Partition(Design(X), y[rows], v[rows])
