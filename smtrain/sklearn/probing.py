"""A fitted pipeline of scikit-learn as a model, by its logits at chosen rows, and with the gap that it ended at.

A pipeline that ends in a LogisticRegression is additive as long as its other steps treat each column alone: a logit is
a sum of a term for each column, linear in numbers. Then a row for each feature of the model tells its weight, whatever
the steps are called:

    1. the base row has the mean of every number and the first level of every word; its logits are the intercept's;
    2. one deviation more of a number, a missing cell, another level: the difference of the logits is the weight;
    3. the weights of the levels of a column are taken from their mean, and those of a feature from their mean over the
       classes: neither changes a probability, and at the optimum of a ridge penalty both are so;
    4. the probabilities of all rows are compared, so that a pipeline that is not additive is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from smtrain.errors import UsageError, quoted
from smtrain.fitting.fit import history, train
from smtrain.model.encoder import CategoricalColumn, Encoder, NumericColumn
from smtrain.model.features import Feature
from smtrain.model.model import Model
from smtrain.scoring.predict import predict_proba
from smtrain.sklearn.levels import taken_as_levels
from smtrain.sklearn.optimum import Penalties, has_smtrains_intercept, penalties, solution_at
from smtrain.sklearn.training import Training, training
from smtrain.sklearn.two_classes import of_each_class
from smtrain.solvers.base import Status
from smtrain.sources.arguments import wrong
from smtrain.sources.arrays import frame_of, is_values, no_table, together
from smtrain.sources.dialect import BLANKS
from smtrain.sources.frame import name_of, text_cells

Array = NDArray[np.float64]
# Probabilities that differ by more are another model's. Rounding makes 1e-12 of large logits in float64.
SAME, SAME_SINGLE = 1e-9, 1e-5
TRAINING_DATA = "X and y are its training data"
ALONE = (
    f"{TRAINING_DATA}; each numeric column may be shifted and scaled, words one-hot encoded: other steps make features "
    "that smtrain has not"
)
TABLE = "a DataFrame or an array"
KINDS = "a LogisticRegression, alone or as the last step of a fitted Pipeline, can be taken"


def from_sklearn(pipeline: Any, X: Any, y: Any, sample_weight: Any = None) -> Model:
    """Return the model that has the probabilities of a `pipeline`, fitted on the rows X (n, p) with the labels y (n,).

    The pipeline is a LogisticRegression, one whose C was chosen by cross-validation, or a Pipeline that ends in one.
    `fit.objective` and `fit.gap` of the model are its own: the mean of what it minimises, over the features that the
    steps before make of X, and how far that is above the minimum. (A TargetEncoder made others while it was fitted.)
    The gap is None where the intercept is not as smtrain's, but penalised (solver liblinear) or not there. `y` and
    `sample_weight` are arrays, or Series with the index of X. Raises UsageError for another pipeline, for one whose
    steps do not shift and scale each column of numbers and one-hot encode words, and for labels or weights that do not
    belong to the rows.

    >>> import smtrain
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky")).fit(X, y)
    >>> smtrain.from_sklearn(pipeline, X, y).fit.gap < 1e-4
    True
    """
    last = _classifier(pipeline)
    table = X if isinstance(X, pd.DataFrame) else frame_of(_array(X))
    words = taken_as_levels(pipeline, list(table.columns))
    frame = _in_double(table, words)
    rows = frame if isinstance(X, pd.DataFrame) else frame.to_numpy()
    given = _training(frame, y, sample_weight, last.class_weight)
    _check_classes(given.classes, last.classes_)
    start = _unmoved(given, words, penalties(last))
    order = [given.names.index(name) for name in start.encoder.classes]
    probes = _probes(frame, start.encoder)
    logits = _logits(pipeline, probes if isinstance(X, pd.DataFrame) else probes.to_numpy(rows.dtype))
    W, b = _weights(logits[:, order], start.encoder)
    model = _unmoved(given, words, penalties(last), replace(start, W=W, b=b))
    _check_same(predict_proba(model, frame), pipeline.predict_proba(rows)[:, order])
    return _with_optimum(model, last, _features(pipeline, rows), given)


def _classifier(pipeline: Any) -> LogisticRegression:
    """The LogisticRegression of a pipeline. Raises UsageError for another classifier, or one that is not fitted."""
    name, last = pipeline.steps[-1] if isinstance(pipeline, Pipeline) else (None, pipeline)
    if not isinstance(last, LogisticRegression):
        step = "the classifier" if name is None else f"the last step {quoted(name)} of the pipeline"
        what = f"of type {type(last).__name__}"
        hint = "search.best_estimator_ is its pipeline" if hasattr(last, "best_estimator_") else KINDS
        raise UsageError(f"{step} is {what}, and no LogisticRegression", hint=hint)
    if not hasattr(last, "classes_"):
        raise UsageError("the LogisticRegression is not fitted", hint="pipeline.fit(X, y)")
    return last


def _array(X: Any) -> Any:
    """An array of numbers in float64, another one of objects; a sparse matrix as it is.

    Raises UsageError for what is no array of rows.
    """
    if hasattr(X, "tocsr"):
        return X
    try:
        array = np.asarray(X)
    except ValueError as error:  # rows of several lengths
        raise no_table(X, TABLE) from error
    if array.ndim == 0:
        raise no_table(X, TABLE)
    return array.astype(np.float64 if array.dtype.kind in "biuf" else object)


def _training(frame: pd.DataFrame, y: Any, sample_weight: Any, factors: Any) -> Training:
    """The rows with their labels and weights. Raises UsageError for those that do not belong to the rows."""
    for name, values in (("y", y), ("sample_weight", sample_weight)):
        alone = is_values(values) and not isinstance(values, pd.DataFrame | Mapping)
        if not alone and not (name == "sample_weight" and values is None):
            raise wrong(name, values, "an array or a Series", 'frame["name"] is a column of a DataFrame')
    together(frame.iloc[:, :0], y, sample_weight)  # refuses other lengths and another index, as for smtrain.fit
    try:
        return training(frame, np.asarray(y), sample_weight, factors)
    except (ValueError, TypeError) as error:
        raise UsageError(str(error), hint=TRAINING_DATA) from error


def _in_double(frame: pd.DataFrame, words: Sequence[Any]) -> pd.DataFrame:
    """The same table with all floats in float64, in which steps that do not force another type then compute.

    Those that are words keep their type, which has its own texts.
    """
    narrow = [name for name in frame.select_dtypes(["float16", "float32"]).columns if name not in words]
    return frame.astype(dict.fromkeys(narrow, np.float64))


def _unmoved(given: Training, words: Sequence[Any], own: Penalties, init: Model | None = None) -> Model:
    """The model of a fit of no epochs: it stays where it starts."""
    return train(
        given.frame,
        given.labels,
        given.weights,
        class_weight=given.factors,
        categorical=[name_of(name, 1) for name in dict.fromkeys(words)],
        l2=own.l2,
        l1=own.l1,
        epochs=0,
        init=init,
    )


def _features(pipeline: Any, rows: Any) -> Any:
    """What the classifier was fitted on (n, d), dense or sparse."""
    features = pipeline[:-1].transform(rows) if isinstance(pipeline, Pipeline) and len(pipeline) > 1 else rows
    return features.tocsr() if hasattr(features, "tocsr") else np.asarray(features, np.float64)


def _with_optimum(model: Model, last: LogisticRegression, features: Any, given: Training) -> Model:
    """The model with the objective of its LogisticRegression, and the gap to the minimum, None if that is not ours."""
    found = solution_at(last, features, given.codes, given.v)
    if not has_smtrains_intercept(last):
        unknown = replace(found.record, gap=None)
        found = replace(found, record=unknown, history=(unknown,), status=Status.MAX_EPOCHS)
    known = {name: getattr(found.record, name) for name in ("nll", "objective", "gap")}
    return replace(model, fit=replace(model.fit, **known, status=found.status), history=history(found))


def _check_classes(ours: NDArray[Any], theirs: NDArray[Any]) -> None:
    """Raise UsageError for a class that only the labels or only the pipeline has."""
    for has_not, some, others in (("pipeline has", ours, theirs), ("labels have", theirs, ours)):
        lacking = [label for label in some.tolist() if label not in others.tolist()]
        if lacking:
            raise UsageError(f"the {has_not} no class {quoted(str(lacking[0]))}", hint=TRAINING_DATA)


def _probes(frame: pd.DataFrame, encoder: Encoder) -> pd.DataFrame:
    """The base row, and a row for each feature in which its column alone is another: (1 + p, …)."""
    learned = {column.name: column for column in encoder.columns}
    probed = []
    for i, name in enumerate(frame.columns):
        cells, column = frame.iloc[:, i], learned.get(name_of(name, i + 1))
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
    texts = text_cells(cells)
    # Blanks alone are missing, as nothing is; a missing cell's −1 takes the last.
    levels = [*(text if text.strip(BLANKS) else None for text in texts.levels), None]
    first: dict[str | None, int] = {}
    for row, code in enumerate(texts.codes):
        first.setdefault(levels[code], row)
    rows = [first[column.levels[0]]] * (1 + len(parts))
    for j, part in enumerate(parts, 1):
        if part.column == column.name:
            rows[j] = first[part.level]
    return rows


def _logits(pipeline: Any, rows: Any) -> Array:
    """The logits of rows (m, K), taken from their mean over the classes. Raises UsageError if it takes no such rows."""
    try:
        logits = of_each_class(np.asarray(pipeline.decision_function(rows), np.float64))
    except (ValueError, TypeError) as error:
        what = "the pipeline does not take rows in which one column alone is changed"
        raise UsageError(f"{what}: {error}", hint=ALONE) from error
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
    if not apart <= (SAME_SINGLE if theirs.dtype == np.float32 else SAME):
        what = f"the pipeline is no softmax regression over these columns: probabilities differ by up to {apart:.1g}"
        raise UsageError(what, hint=ALONE)
