"""A model as a fitted pipeline of scikit-learn's own parts, which needs smtrain no more."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from smtrain.model.encoder import CategoricalColumn, Encoder
from smtrain.model.model import Model, as_model
from smtrain.sklearn.two_classes import as_scikit_learn, factor_of_l2


def to_sklearn(model: Model) -> Pipeline:
    """Return a fitted Pipeline that has the probabilities of `model`, up to rounding.

    It takes DataFrames with the model's columns, by name: numbers, and strings, whose missing cells are NaN. Its parts
    are a ColumnTransformer of SimpleImputer, StandardScaler, MissingIndicator and OneHotEncoder, and a
    LogisticRegression. A column of booleans must be made one of strings first.

    >>> import smtrain
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> to_sklearn(smtrain.fit(X, y)).predict(X.iloc[[0, 60, 140]])
    array([0, 1, 2])
    """
    encoder = as_model(model).encoder
    return Pipeline([("prepare", _prepare(encoder)), ("classify", _classify(model))])


def _prepare(encoder: Encoder) -> ColumnTransformer:
    """The transformer of a table into X, with the features in the order of the model."""
    numbers = [column.name for column in encoder.numeric]
    gaps = [numbers[i] for i in encoder.gappy]
    words = [column.name for column in encoder.categorical]
    q = len(numbers)
    imputer, scaler = SimpleImputer(keep_empty_features=True), StandardScaler()
    levels = [_levels(column) for column in encoder.categorical]
    parts: list[tuple[str, Any, list[str]]] = [
        ("numbers", Pipeline([("impute", imputer), ("scale", scaler)]), numbers),
        ("missing", MissingIndicator(features="all"), gaps),
        ("words", OneHotEncoder(categories=levels, handle_unknown="ignore", sparse_output=False), words),
    ]
    prepare = ColumnTransformer([part for part in parts if part[2]])
    prepare.fit(_two_rows(encoder))
    if numbers:  # what two rows taught them, but for rounding
        imputer, scaler = (step for _, step in prepare.named_transformers_["numbers"].steps)
        imputer.statistics_ = scaler.mean_ = encoder.means[:q].copy()
        scaler.scale_ = encoder.scales[:q].copy()
        scaler.var_ = scaler.scale_**2
    return prepare


def _levels(column: CategoricalColumn) -> NDArray[Any]:
    """The levels of a column of words, NaN for missing cells."""
    return np.array([np.nan if level is None else level for level in column.levels], object)


def _two_rows(encoder: Encoder) -> pd.DataFrame:
    """Rows of the mean and deviation of every column of numbers, and of levels of every column of words."""
    rows: dict[str, Any] = {one.name: [one.mean - one.scale, one.mean + one.scale] for one in encoder.numeric}
    for column in encoder.categorical:
        rows[column.name] = pd.Series([*_levels(column)[[0, -1]]], dtype=object)
    return pd.DataFrame(rows)


def _classify(model: Model) -> LogisticRegression:
    """The classifier with the weights and the l2 of the model; its classes are sorted, as scikit-learn has them."""
    labels = np.array(model.encoder.labels)
    order = np.argsort(labels)
    coef, intercept = as_scikit_learn(model.W.T[order]), as_scikit_learn(model.b[order])
    ridge = model.fit.options.ridge
    classify = LogisticRegression(C=factor_of_l2(len(order)) / ridge if ridge > 0 else np.inf)
    classify.classes_, classify.n_features_in_ = labels[order], coef.shape[1]
    classify.coef_, classify.intercept_ = np.ascontiguousarray(coef), intercept
    classify.n_iter_ = np.array([model.fit.epochs], np.int32)
    return classify
