"""A fitted pipeline of scikit-learn as a model, by its logits at chosen rows, and with a certificate of its optimum.

A pipeline that ends in a LogisticRegression is additive as long as its other steps treat each column alone: a logit is
a sum of a term for each column, linear in numbers. Then a row for each feature of the model tells its weight, whatever
the steps are called:

    1. the base row has the mean of every number and the first level of every word; its logits are the intercept's;
    2. one deviation more of a number, a missing cell, another level: the difference of the logits is the weight;
    3. the weights of the levels of a column are taken from their mean, and those of a feature from their mean over the
       classes: neither changes a probability, and at the optimum of a ridge penalty both are so;
    4. the probabilities of all rows are compared, so that a pipeline that is not additive is refused.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from smtrain.errors import UsageError, quoted
from smtrain.fitting.fit import fit
from smtrain.model.encoder import CategoricalColumn, Encoder, NumericColumn
from smtrain.model.features import Feature
from smtrain.model.model import Model
from smtrain.scoring.predict import predict_proba
from smtrain.sklearn.training import Training, training
from smtrain.sources.arrays import frame_of
from smtrain.sources.typed import text_of

Array = NDArray[np.float64]
# Probabilities that differ by more are another model's. Rounding makes 1e-12 of large logits.
SAME = 1e-9


def from_sklearn(pipeline: Any, X: Any, y: Any, sample_weight: Any = None, *, l2: float | None = None) -> Model:
    """Return the model that has the probabilities of a `pipeline`, fitted on the rows X (n, p) with the labels y (n,).

    `fit.gap` of the model is how far its objective on these rows is above the minimum, with the penalty `l2` on
    standardised features; None takes that of the LogisticRegression, 1/C, or 2/C for two classes. Raises UsageError for
    a pipeline that is no softmax regression over the columns of X, or whose penalty is to be given.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky")).fit(X, y)
    >>> from_sklearn(pipeline, X, y).fit.gap < 1e-4
    True
    """
    frame = X if isinstance(X, pd.DataFrame) else frame_of(np.asarray(X, np.float64))
    last = pipeline[-1] if isinstance(pipeline, Pipeline) else pipeline
    given = training(frame, np.asarray(y), sample_weight, getattr(last, "class_weight", None))
    ridge = _penalty(last, len(given.classes)) if l2 is None else l2
    start = _unmoved(given, ridge)
    rows = _probes(frame, start.encoder)
    logits = _logits(pipeline, rows if isinstance(X, pd.DataFrame) else rows.to_numpy(np.float64))
    order = _order(pipeline.classes_, start.encoder.classes)
    W, b = _weights(logits[:, order], start.encoder)
    model = _unmoved(given, ridge, replace(start, W=W, b=b))
    _check_same(predict_proba(model, frame), pipeline.predict_proba(X)[:, order])
    return model


def _unmoved(given: Training, l2: float, init: Model | None = None) -> Model:
    """The model of a fit of no epochs: it stays where it starts, and knows its gap there."""
    return fit(given.frame, given.labels, given.weights, class_weight=given.factors, l2=l2, epochs=0, init=init)


def _penalty(last: Any, classes: int) -> float:
    """The l2 of a LogisticRegression in smtrain's terms. Raises UsageError if it has none, or another one."""
    if not isinstance(last, LogisticRegression):
        raise UsageError(f"the penalty of {type(last).__name__} is not known", hint="l2=")
    penalty = getattr(last, "penalty", None)  # absent or "deprecated" in later versions
    if penalty in {"l1", "elasticnet"} or last.l1_ratio not in {None, 0}:
        raise UsageError("the penalty of the LogisticRegression is not l2 alone", hint="l2=")
    unpenalised = penalty is None or np.isinf(last.C)
    return 0.0 if unpenalised else (2 if classes == 2 else 1) / float(last.C)


def _order(theirs: NDArray[Any], ours: tuple[str, ...]) -> list[int]:
    """The place of each of our classes among those of the pipeline. Raises UsageError for a class that it lacks."""
    place = {text_of(label): k for k, label in enumerate(theirs.tolist())}
    for name in ours:
        if name not in place:
            raise UsageError(f"the pipeline has no class {quoted(name)}", hint="X and y are its training data")
    return [place[name] for name in ours]


def _probes(frame: pd.DataFrame, encoder: Encoder) -> pd.DataFrame:
    """The base row, and a row for each feature in which its column alone is another: (1 + p, …)."""
    learned = {column.name: column for column in encoder.columns}
    probed = []
    for i, name in enumerate(frame.columns):
        cells, column = frame.iloc[:, i], learned.get(str(name).strip())
        if isinstance(column, NumericColumn):
            probed.append(pd.Series(_numbers(column, encoder.parts), name=name))
        else:
            rows = [0] * (1 + len(encoder.parts)) if column is None else _rows(cells, column, encoder.parts)
            probed.append(cells.iloc[rows].reset_index(drop=True))
    return pd.concat(probed, axis=1)


def _numbers(column: NumericColumn, parts: Sequence[Feature]) -> Array:
    """The cells (1 + p,) of a column of numbers in the probes."""
    cells = np.full(1 + len(parts), column.mean)
    for j, part in enumerate(parts, 1):
        if part.column == column.name:
            cells[j] = column.mean + column.scale if part.numbers else np.nan
    return cells


def _rows(cells: "pd.Series[Any]", column: CategoricalColumn, parts: Sequence[Feature]) -> list[int]:
    """The rows (1 + p,) whose cells a column of words has in the probes: the first with each level."""
    codes, values = pd.factorize(cells)
    texts = [text_of(value) or None for value in values]
    first: dict[str | None, int] = {}
    for row, code in enumerate(codes):
        first.setdefault(None if code < 0 else texts[code], row)
    rows = [first[column.levels[0]]] * (1 + len(parts))
    for j, part in enumerate(parts, 1):
        if part.column == column.name:
            rows[j] = first[part.level]
    return rows


def _logits(pipeline: Any, rows: Any) -> Array:
    """The logits of rows (m, K), taken from their mean over the classes."""
    logits = np.asarray(pipeline.decision_function(rows), np.float64)
    if logits.ndim == 1:
        return np.column_stack([-logits / 2, logits / 2])
    return np.asarray(logits - logits.mean(axis=1, keepdims=True))


def _weights(logits: Array, encoder: Encoder) -> tuple[Array, Array]:
    """W (p, K) and b (K,) from the logits of the probes (1 + p, K)."""
    W, b = logits[1:] - logits[0], logits[0].copy()
    for column in encoder.categorical:
        levels = [j for j, part in enumerate(encoder.parts) if part.column == column.name]
        mean = W[levels].mean(axis=0)
        W[levels] -= mean
        b += mean
    return W, b


def _check_same(ours: Array, theirs: Array) -> None:
    """Raise UsageError if two tables of probabilities are not the same."""
    apart = float(np.abs(ours - theirs).max())
    if not apart <= SAME:
        what = f"the pipeline is no softmax regression over these columns: probabilities differ by up to {apart:.1g}"
        raise UsageError(what, hint="X and y are its training data, and its steps treat each column alone")
