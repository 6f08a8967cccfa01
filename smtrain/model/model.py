"""The model: the encoder, the weights, and the record of the fit; and its file. See docs/model-format.md."""

import io
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, UsageError, counted, quoted
from smtrain.model import archive as npz
from smtrain.model import documents
from smtrain.model.contract import Contract
from smtrain.model.digest import DataDigest
from smtrain.model.encoder import Encoder, Labels
from smtrain.model.record import FitRecord
from smtrain.model.schema import DocumentError, Positive, read, within
from smtrain.softmax.design import Design, Floats
from smtrain.softmax.information import MOST_PARAMETERS, free_parameters
from smtrain.softmax.loss import softmax
from smtrain.softmax.objective import LARGEST_WEIGHT
from smtrain.sources.arguments import path_of, wrong

if TYPE_CHECKING:
    import pandas as pd

# The version of the format that is written; older ones are read, newer ones refused.
FORMAT_VERSION = 2
# The members of the archive: these must be there, those of OPTIONAL may.
MEMBERS = {"W", "b", "means", "scales", "classes", "features", "meta", "history"}
CONTRACT = ("contract_numbers", "contract_levels")
OPTIONAL = frozenset({"information", *CONTRACT})
# The largest number in an information matrix: rows weigh up to 1e152, their classes up to 1e100, and the squares of
# standardised features are at most the number of rows. With a larger one, products of such matrices would overflow.
LARGEST_INFORMATION = 1e300
HISTORY_COLUMNS = ("epoch", "nll", "objective", "gap", "gradient_norm")
VALIDATED_COLUMNS = (*HISTORY_COLUMNS, "validation_nll")


@dataclass(frozen=True)
class Heading:
    """What is read of a model before anything else."""

    format_version: Positive


@dataclass(frozen=True, eq=False)  # smtrain.compare compares models; arrays have no truth value
class Model:
    """A fitted classifier.

    `W` (p, K) and `b` (K,) act on encoded features: p(class k | x) = softmax(x W + b)_k, in units of one standard
    deviation for numeric columns. `fit` is the record of the fit (smtrain/model/record.py).
    `history` (E, 5) has the columns HISTORY_COLUMNS, NaN where a gap was not computed; or (E, 6) VALIDATED_COLUMNS, if
    rows were set aside for validation.
    `information` (d, d), d = (K − 1)(p + 1), is what standard errors are made of (softmax/information.py), if it was
    asked for. `contract` is what the training rows were like (smtrain.model.contract); models of earlier versions have
    none.

    >>> model = smtrain.fit("iris.csv")
    >>> model
    <Model of "species": 3 classes by 4 columns; 150 rows, converged, NLL 0.12995>
    >>> model.classes
    ('setosa', 'versicolor', 'virginica')
    >>> model.features
    ('sepal_length', 'sepal_width', 'petal_length', 'petal_width')
    >>> model.fit.gap < 1e-4
    True
    """

    encoder: Encoder
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    fit: FitRecord
    history: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, len(HISTORY_COLUMNS))))
    information: NDArray[np.float64] | None = None
    contract: Contract | None = None

    @property
    def classes(self) -> Labels:
        """The class labels as `predict` returns them, (K,): texts, or what the labels of a DataFrame were."""
        return self.encoder.labels

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the encoded features, (p,)."""
        return self.encoder.features

    @property
    def data(self) -> DataDigest | None:
        """The digest of the training data; models of earlier versions have none."""
        return self.fit.data

    @property
    def ignored(self) -> dict[str, str]:
        """The columns of the training data that the fit left out, each with the reason.

        >>> flowers = pandas.read_csv("iris.csv")
        >>> smtrain.fit(flowers.assign(plot=7), target="species").ignored
        {'plot': 'it is constant'}
        """
        return dict(self.encoder.ignored)

    @property
    def nonzero(self) -> NDArray[np.bool_]:
        """Which weights are not zero, (p, K): with l1 many are."""
        return np.asarray(self.W != 0)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Whether a column has any weight that is not zero, for each column of the encoder."""
        used = np.zeros(len(self.encoder.columns), bool)  # a column has several features where it has levels or gaps
        used[self.encoder.owners[self.nonzero.any(axis=1)]] = True
        return used

    @cached_property
    def raw_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(W, b) for features in the units of the file: W / scale, b − mean · W / scale."""
        W = self.W / self.encoder.scales[:, None]
        return W, self.b - (self.encoder.means[:, None] * W).sum(axis=0)

    def logits(self, X: Design) -> Floats:
        """Z = X W + b, class-major (K, m): the same bits of a row, whatever rows are beside it.

        >>> import numpy
        >>> from smtrain.softmax.design import Design
        >>> model = smtrain.fit("iris.csv")
        >>> mean = Design(numpy.zeros((1, 4)))
        >>> model.logits(mean).ravel().round(2)
        array([-0.2 ,  2.07, -1.87])
        """
        return X.times_row_by_row(self.W) + self.b[:, None]

    def probabilities(self, X: Design) -> Floats:
        """S = softmax(X W + b), class-major (K, m).

        >>> import numpy
        >>> from smtrain.softmax.design import Design
        >>> model = smtrain.fit("iris.csv")
        >>> mean = Design(numpy.zeros((1, 4)))
        >>> model.probabilities(mean).ravel().round(2)
        array([0.09, 0.89, 0.02])
        """
        return softmax(self.logits(X))

    def __repr__(self) -> str:
        """What the model tells apart, by what, and how its fit ended."""
        classes, columns = f"{len(self.encoder.classes):,} classes", counted(len(self.encoder.columns), "column")
        fit = f"{counted(self.fit.rows, 'row')}, {self.fit.status.value}, NLL {self.fit.nll:.6g}"
        return f"<Model of {quoted(self.encoder.target)}: {classes} by {columns}; {fit}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the report of what the model itself knows."""
        return str(import_module("smtrain.reports.report").report(self)._repr_html_())

    def predict(self, data: Any, **options: Any) -> list[str] | list[int]:
        """The most probable class of each row of a table: smtrain.predict(model, data).

        >>> model = smtrain.fit("iris.csv")
        >>> model.predict("iris.csv")[:2]
        ['setosa', 'setosa']
        """
        labels: list[str] | list[int] = _scoring("predict").predict(self, data, **options)
        return labels

    def predict_proba(self, data: Any, **options: Any) -> NDArray[np.float64]:
        """Probabilities (n, K) of the rows of a table: smtrain.predict_proba(model, data).

        >>> model = smtrain.fit("iris.csv")
        >>> model.predict_proba("iris.csv")[0].round(2)
        array([0.98, 0.02, 0.  ])
        """
        return np.asarray(_scoring("predict").predict_proba(self, data, **options))

    def evaluate(self, data: Any, y: Any = None, sample_weight: Any = None, **options: Any) -> Any:
        """How good the model is on labelled rows: smtrain.evaluate(model, data), an Evaluation.

        >>> model = smtrain.fit("iris.csv")
        >>> flowers = pandas.read_csv("iris.csv")
        >>> model.evaluate(flowers.tail(50)).metrics["accuracy"]
        0.98
        """
        return _scoring("evaluate").evaluate(self, data, y, sample_weight, **options)

    def explain(self, data: Any, row: int = 0) -> Any:
        """How the model sees a row of a table, counted from 0: smtrain.explain(model, data, row), an Explanation.

        >>> model = smtrain.fit("iris.csv")
        >>> model.explain("iris.csv", 100)
        <Explanation: "virginica" 0.993714, then "versicolor" 0.00627088; label "virginica">
        """
        return _scoring("explanation").explain(self, data, row)

    def coef(self, reference: str | int | None = None, *, se: bool = False) -> "pd.DataFrame":
        """The coefficients in the units of the data, a line for each class and term.

        They are counted from those of the class `reference`, or as the penalty has them, if it is None. With `se` there
        are standard errors and what follows from them, for a model that was fitted with se=True; then None is the first
        class. Raises ModelError if the model has no standard errors, UsageError for an unknown class.

        >>> model = smtrain.fit("iris.csv", l2=1, se=True)
        >>> model.coef("setosa").loc["virginica"].round(2)
                      estimate
        term
        sepal_length      1.89
        sepal_width      -4.51
        petal_length      2.40
        petal_width       5.86
        (intercept)     -14.98
        >>> model.coef(se=True).loc[("virginica", "petal_width"), ["estimate", "error", "p"]].round(3)
        estimate    5.857
        error       1.475
        p           0.000
        Name: (virginica, petal_width), dtype: float64
        """
        coefficients: pd.DataFrame = _scoring("coefficients").coefficients(self, reference, se=se)
        return coefficients

    def save(self, path: str) -> None:
        """Write the model to `path`, atomically. Raises OutputError; an existing file is then as it was.

        >>> smtrain.fit("iris.csv").save("model.npz")
        >>> smtrain.load("model.npz").classes
        ('setosa', 'versicolor', 'virginica')
        """
        # What cannot be loaded again does not take the place of the old model.
        npz.write(_file(path), self._arrays(), load_model)

    def _arrays(self) -> npz.Arrays:
        """The members of the file, in a fixed order, since its bytes follow from it."""
        meta = {
            "format_version": _oldest_version(self.encoder),
            "schema": self.encoder.schema(),
            "fit": self.fit.document(),
        }
        arrays: npz.Arrays = {
            "W": self.W,
            "b": self.b,
            "means": self.encoder.means,
            "scales": self.encoder.scales,
            "classes": documents.write(list(self.encoder.classes)),
            "features": documents.write(list(self.features)),
            "meta": documents.write(meta | {"history_columns": VALIDATED_COLUMNS[: self.history.shape[1]]}),
            "history": self.history,
        }
        if self.contract is not None:
            arrays = {**arrays, **dict(zip(CONTRACT, (self.contract.numbers, self.contract.levels), strict=True))}
        if self.information is not None:
            arrays = {**arrays, "information": self.information}
        return arrays


def _oldest_version(encoder: Encoder) -> int:
    """The first version of the format that can hold a model with this encoder: so older readers read what they can."""
    return 2 if encoder.dialect.dates or any(column.rare for column in encoder.categorical) else 1


def bytes_of(model: Model) -> bytes:
    """What `save` writes, in memory."""
    file = io.BytesIO()
    npz.write_into(file, model._arrays())
    return file.getvalue()


def load_model(path: str) -> Model:
    """Read a model file. Raises UsageError if it is not there, ModelError if it is not whole, valid and known."""
    arrays = npz.read(path, MEMBERS, OPTIONAL)
    try:
        meta = documents.read(arrays["meta"])
        # The version comes first: a newer format may have other fields, and is to be called newer, not damaged.
        if read(Heading, meta).format_version > FORMAT_VERSION:
            raise ModelError(f"{path}: made by a newer smtrain", hint="upgrade smtrain to use it")
        return _model(meta, arrays)
    except DocumentError as error:
        raise ModelError(f"{path}: not a valid smtrain model: {error}") from error
    except (KeyError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not a valid smtrain model") from error


def _model(meta: dict[str, Any], arrays: npz.Arrays) -> Model:
    """The model that a document and arrays describe. Raises ValueError or KeyError if they describe no model."""
    with within("schema"):
        encoder = Encoder.from_schema(meta.get("schema"), documents.read(arrays["classes"]))
    with within("fit"):
        record = FitRecord.from_document(meta.get("fit"))
    model = Model(
        encoder,
        W=_floats(arrays["W"], 2),
        b=_floats(arrays["b"], 1),
        fit=record,
        history=_history(arrays["history"]),
        information=_information(arrays["information"], arrays["W"].shape) if "information" in arrays else None,
        contract=_contract(arrays, encoder),
    )
    _check(model, arrays)
    return model


def _check(model: Model, arrays: npz.Arrays) -> None:
    """Raise ValueError if the parts do not fit together."""
    # `means`, `scales` and `features` follow from the schema, and are in the file for readers that are not smtrain. A
    # file where they say something else would predict otherwise there than here.
    encoder, data = model.encoder, model.data
    p, K = len(encoder.features), len(encoder.classes)
    fits = (
        K >= 2
        and p >= 1
        and model.W.shape == (p, K)
        and model.b.shape == (K,)
        and len(model.fit.class_counts) == K
        and np.array_equal(arrays["means"], encoder.means)
        and np.array_equal(arrays["scales"], encoder.scales)
        and documents.read(arrays["features"]) == list(encoder.features)
        and (data is None or len(data.columns) == len(encoder.columns))
        and (model.fit.likelihood is None or len(model.fit.likelihood.columns) == len(encoder.columns))
        and (data is None or (data.weight is None) == (encoder.weight is None))
    )
    if not fits:
        raise ValueError("the parts do not fit together")


def _history(array: NDArray[np.generic]) -> NDArray[np.float64]:
    widths = {len(HISTORY_COLUMNS), len(VALIDATED_COLUMNS)}
    if array.dtype != np.float64 or array.ndim != 2 or array.shape[1] not in widths:
        raise ValueError("not a history")
    return np.asarray(array, np.float64)


def _information(array: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A symmetric matrix of the right size whose entries are not larger than its diagonal allows.

    |H_ij| ≤ √(H_ii H_jj) holds for every sum of outer products, up to rounding; what does not keep to it was not made
    by a fit, and its inverse could be anything.
    """
    H, d = _floats(array, 2, LARGEST_INFORMATION), free_parameters(*shape)
    if H.shape != (d, d) or d > MOST_PARAMETERS or not np.array_equal(H, H.T) or not (np.diag(H) >= 0).all():
        raise ValueError("not an information matrix")
    root = np.sqrt(np.diag(H))
    if not (np.abs(H) <= root * root[:, None] * (1 + 1e-6) + np.finfo(float).tiny).all():
        raise ValueError("not an information matrix")
    return H


def _contract(arrays: npz.Arrays, encoder: Encoder) -> Contract | None:
    """The contract of a model, None for one of an earlier version. Raises ValueError or KeyError for half of one."""
    there = [name for name in CONTRACT if name in arrays]
    if not there:
        return None
    numbers, levels = (np.asarray(arrays[name]) for name in CONTRACT)  # the one without the other is a KeyError
    if numbers.dtype != np.float64 or levels.dtype != np.float64:
        raise ValueError("not a contract")
    contract = Contract(numbers.astype(np.float64, copy=False), levels.astype(np.float64, copy=False))
    contract.check(encoder)
    return contract


def _floats(array: NDArray[np.generic], ndim: int, largest: float = LARGEST_WEIGHT) -> NDArray[np.float64]:
    if array.dtype != np.float64 or array.ndim != ndim or not (np.abs(array) <= largest).all():
        raise ValueError("not an array of numbers that can be used")
    return np.asarray(array, np.float64)


def as_model(model: Any, name: str = "model") -> Model:
    """An argument that must be a model. Raises UsageError if it is something else."""
    if not isinstance(model, Model):
        what = f"{name} must be a model, and is of type {type(model).__name__}"
        raise UsageError(what, hint="smtrain.load reads a model file, smtrain.fit makes a model")
    return model


def load(path: str) -> Model:
    """Read a model file. Raises UsageError if there is none, ModelError if it cannot be used.

    >>> smtrain.fit("iris.csv").save("model.npz")
    >>> smtrain.load("model.npz")
    <Model of "species": 3 classes by 4 columns; 150 rows, converged, NLL 0.12995>
    """
    return load_model(_file(path))


def _file(path: Any) -> str:
    """The path of a model file. Raises UsageError for anything else."""
    hint = 'model.save("model.npz") makes a file of a model' if isinstance(path, Model) else None
    file = None if hint else path_of("path", path)
    if file is None:
        raise wrong("path", path, "the path of a model file", hint)
    return file


def _scoring(name: str) -> ModuleType:
    """A module of smtrain.scoring, which stands on models: loaded when a model is asked to do what that does."""
    return import_module(f"smtrain.scoring.{name}")
