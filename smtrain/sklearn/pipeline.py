"""A model as a fitted pipeline of scikit-learn's own parts, which needs smtrain no more."""

import re
from collections.abc import Callable, Iterator, Sequence
from operator import methodcaller
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from smtrain.errors import UsageError, quoted
from smtrain.model.encoder import CategoricalColumn, Encoder
from smtrain.model.model import Model, as_model
from smtrain.sklearn.two_classes import as_scikit_learn, factor_of_l2
from smtrain.sources.dialect import BLANKS
from smtrain.sources.notation import is_number
from smtrain.sources.typed import text_of, typed_meaning

# What a missing word becomes. No level is it, for an empty text is missing.
MISSING = ""
# What a word becomes that training did not have, and the mark of a float. No text of a table has a NUL.
UNKNOWN = "\0?"
MARKED = "\0{}"
# pandas makes Python's floats of narrower ones. Both must be known by their texts, which are those of their own width.
WIDTHS = (np.float64, np.float32, np.float16)


def to_sklearn(model: Model) -> Pipeline:
    """Return a fitted Pipeline that has the probabilities of `model` for DataFrames, up to rounding.

    It takes the model's columns by name, without blanks around it, in any order. Where a name is a number, as
    pandas names the columns of an array, a first step makes texts of the names. It takes numbers of any type, and
    words of any type that smtrain takes. What pandas says is missing is missing, and so is what the model takes for
    missing. Levels that training did not have count as none. A level like 0.1 is the float of 64 bits, and the ones
    of 32 and 16 bits as well, which smtrain tells apart by the type of the column. Rare levels that share a feature
    of the model have one each, of the same weight. Its parts are scikit-learn's, and methods of pandas that they
    call: a ColumnTransformer of FunctionTransformer, SimpleImputer, StandardScaler, MissingIndicator and
    OneHotEncoder, and a LogisticRegression.

    >>> import smtrain
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> smtrain.to_sklearn(smtrain.fit(X, y)).predict(X.iloc[[0, 60, 140]])
    array([0, 1, 2])
    """
    encoder = as_model(model).encoder
    if encoder.dialect.dates:
        what = f"the model reads dates, {quoted(encoder.dialect.dates[0])}, and scikit-learn has no part for them"
        raise UsageError(what, hint="make numbers of them in the table, and fit these")
    steps = [("prepare", _prepare(encoder)), ("classify", _classify(model))]
    # pandas names the columns of an array by integers, and smtrain has their texts.
    named = any(is_number(column.name) for column in encoder.columns)
    return Pipeline([("name", FunctionTransformer(pd.DataFrame.rename, kw_args={"columns": str})), *steps][not named :])


def _prepare(encoder: Encoder) -> ColumnTransformer:
    """The transformer of a table into X, with the features in the order of the model; of rare levels one each."""
    numbers = [column.name for column in encoder.numeric]
    gaps = [numbers[i] for i in encoder.gappy]
    words = [column.name for column in encoder.categorical]
    q = len(numbers)
    imputer, scaler = SimpleImputer(keep_empty_features=True), StandardScaler()
    levels = [_levels(column) for column in encoder.categorical]
    one_hot = OneHotEncoder(categories=levels, handle_unknown="ignore", sparse_output=False)
    parts: list[tuple[str, Any, list[str]]] = [
        ("numbers", Pipeline([("read", _read_numbers(encoder)), ("impute", imputer), ("scale", scaler)]), numbers),
        ("missing", Pipeline([("read", _read_numbers(encoder)), ("tell", MissingIndicator(features="all"))]), gaps),
        ("words", Pipeline([("read", _read_words(encoder)), ("encode", one_hot)]), words),
    ]
    prepare = ColumnTransformer([part for part in parts if part[2]])
    prepare.fit(_two_rows(encoder))
    if numbers:  # what two rows taught them, but for rounding
        steps = prepare.named_transformers_["numbers"].named_steps
        imputer, scaler = steps["impute"], steps["scale"]
        imputer.statistics_ = scaler.mean_ = encoder.means[:q].copy()
        scaler.scale_ = encoder.scales[:q].copy()
        scaler.var_ = scaler.scale_**2
    return prepare


def _read_numbers(encoder: Encoder) -> Pipeline:
    """Columns of any type as floats, NaN where they are missing."""
    values = sorted(typed_meaning(encoder.dialect, ".").values)
    missing = [_applied(pd.DataFrame.replace, to_replace=values, value=np.nan)] if values else []
    return make_pipeline(
        _applied(pd.DataFrame.astype, dtype="Float64"), _applied(pd.DataFrame.astype, dtype=float), *missing
    )


def _read_words(encoder: Encoder) -> Pipeline:
    """Columns of any type as levels, MISSING where they are missing, UNKNOWN where training had no such level."""
    # Cell by cell, for the other cells of its column do not matter to the text of one. str() gives the texts of all but
    # floats: these are marked, and the marked texts are looked up beside the levels.
    missing = sorted(typed_meaning(encoder.dialect, ".").missing)
    missing += [marked for text in missing for marked in _marked_floats(text)]
    pattern = rf"\A[{BLANKS}]*(?:{'|'.join(map(re.escape, missing))})[{BLANKS}]*\Z"
    return make_pipeline(
        _applied(pd.DataFrame.astype, dtype=object),
        *[_mark(kind) for kind in (float, np.floating)],
        _applied(pd.DataFrame.map, func=str, na_action="ignore"),
        # Each type has its own sign for a missing cell, and pandas' string has one.
        _applied(pd.DataFrame.astype, dtype="string"),
        _applied(pd.DataFrame.fillna, value=MISSING),
        _applied(pd.DataFrame.astype, dtype=object),
        _applied(pd.DataFrame.replace, to_replace=pattern, value=MISSING, regex=True),
        _applied(pd.DataFrame.map, func=_levels_by_text(encoder.categorical).get),
        _applied(pd.DataFrame.fillna, value=UNKNOWN),
    )


def _mark(kind: type) -> FunctionTransformer:
    """The step that makes marked texts of the cells of a type that are not missing."""
    of_kind = methodcaller("map", kind.__instancecheck__)
    return _applied(pd.DataFrame.mask, cond=of_kind, other=methodcaller("map", MARKED.format, na_action="ignore"))


def _levels_by_text(columns: Sequence[CategoricalColumn]) -> dict[str, str]:
    """The levels of all columns, by their own texts and by the marked ones of floats."""
    levels = {level for column in columns for level in _levels(column)}
    # A float of 64 bits is the level of its own text, though the same float of fewer bits has another.
    of_floats = {marked: text for width in reversed(WIDTHS) for text in levels for marked in _marked(text, width)}
    return of_floats | {level: level for level in levels}


def _marked_floats(text: str) -> set[str]:
    """The marked texts of all floats that have this text in smtrain."""
    return {marked for width in WIDTHS for marked in _marked(text, width)}


def _marked(text: str, width: type[np.floating[Any]]) -> Iterator[str]:
    """The marked texts of the floats of a width that have this text: as such, and as Python's float."""
    try:
        with np.errstate(over="ignore"):
            number = width(float(text))
    except ValueError:
        return
    if text_of(number) == text:
        for one in (number, -number) if number == 0 else (number,):
            yield from (MARKED.format(one), MARKED.format(float(one)))


def _applied(method: Callable[..., Any], **arguments: Any) -> FunctionTransformer:
    """The step that calls a method of DataFrames."""
    return FunctionTransformer(method, kw_args=arguments, feature_names_out="one-to-one")


def _levels(column: CategoricalColumn) -> NDArray[Any]:
    """The levels of a column of words, MISSING for missing cells; rare ones behind the others, each by itself."""
    return np.array([MISSING if level is None else level for level in column.places], object)


def _columns_of(encoder: Encoder) -> NDArray[np.intp]:
    """The column of X that each feature of the pipeline is: of all rare levels of a column, the same."""
    first = len(encoder.numeric) + len(encoder.gappy)
    columns = [np.arange(first)]
    for column in encoder.categorical:
        columns.append(first + np.minimum(np.arange(len(column.places)), column.size - 1))
        first += column.size
    return np.concatenate(columns)


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
    coef, intercept = as_scikit_learn(model.W.T[order][:, _columns_of(model.encoder)]), as_scikit_learn(model.b[order])
    ridge = model.fit.options.ridge
    classify = LogisticRegression(C=factor_of_l2(len(order)) / ridge if ridge > 0 else np.inf)
    classify.classes_, classify.n_features_in_ = labels[order], coef.shape[1]
    classify.coef_, classify.intercept_ = np.ascontiguousarray(coef), intercept
    classify.n_iter_ = np.array([model.fit.epochs], np.int32)
    return classify
