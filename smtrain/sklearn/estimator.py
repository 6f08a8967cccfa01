"""The estimator: smtrain's fit behind fit(X, y). docs/python.md says how its penalty relates to scikit-learn's."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.api.types import is_bool_dtype, is_integer_dtype
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from smtrain.errors import SmtrainError
from smtrain.fitting.fit import train
from smtrain.fitting.notices import separated, unconverged
from smtrain.model.features import Feature
from smtrain.model.model import Model
from smtrain.scoring.predict import Scored, score
from smtrain.sklearn.parameters import check_parameters, value_error
from smtrain.sklearn.training import training
from smtrain.sklearn.two_classes import as_scikit_learn
from smtrain.softmax.loss import log_softmax
from smtrain.solvers.base import Status
from smtrain.sources.opening import open_table

Array = NDArray[np.float64]
# Seeds that a generator may draw: those of 32 bits, as scikit-learn's own.
SEEDS = np.iinfo(np.int32).max


class SoftmaxRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Multiclass logistic regression with a certificate: smtrain's fit as an estimator of scikit-learn.

    It minimises Σ v·NLL + l1 ‖W‖₁ + l2/2 ‖W‖² over weights W (p, K) of standardised features and an intercept that is
    not penalised; v are the weights of the rows. K classes have K columns of weights, and two classes have two. Over
    features that a StandardScaler has scaled, LogisticRegression(C=1/l2) has the same minimum; for two classes C=2/l2.

    X is an array of numbers or a DataFrame, whose columns of strings, categories and booleans are words: each level is
    a feature. Missing cells are allowed: among words they are a level, among numbers a feature of their own.

    Parameters:
    `l2` is the ridge penalty; None is 1, or 0 if `l1` is above 0; "auto" is chosen by cross-validation.
    `l1` is the lasso penalty; "auto" is chosen by cross-validation, for an `l2` that is not.
    `tol` is the relative gap to the minimum at which the fit ends; None is 1e-4, or 1e-10 without a penalty.
    `max_iter` is the most passes over the rows.
    `class_weight` is None, "balanced", or a dictionary of the classes and their weights.
    `solver` is "lbfgs", "proximal" or "gd"; None is lbfgs, or proximal if `l1` is above 0.
    `random_state` draws the folds of "auto" and samples; None is 0, so that every fit can be repeated.
    `n_jobs` is how many threads a fit takes, None one, −1 all processors; it changes no bit of the result.

    Attributes after `fit`:
    `classes_` (K,) are the labels, sorted.
    `coef_` (K, p) and `intercept_` (K,) act on X in its own units; two classes have one row, that of the second class
    against the first. A column of numbers has one entry, which is 0 if the column is constant; it has another if
    training had missing cells in it, and a column of words has one for each level. `coef_names_` (p,) are the names.
    `gap_` is how far the objective is above its minimum at most, as a share of it: proved with a penalty, estimated
    without; None where it is not known, as of separated classes whose objective has become 0.
    `n_iter_` (1,) are the passes that were made, `l2_` and `l1_` are the penalties that were taken, `n_features_in_`
    and `feature_names_in_` are scikit-learn's, `model_` is the smtrain.Model, which `model_.save(path)` writes.

    >>> from sklearn.datasets import load_iris
    >>> from smtrain.sklearn import SoftmaxRegression
    >>> classifier = SoftmaxRegression(l2=0.1).fit(*load_iris(return_X_y=True))
    >>> classifier.predict([[5.1, 3.5, 1.4, 0.2]])
    array([0])
    >>> classifier.gap_ <= 1e-4
    True
    """

    def __init__(
        self,
        *,
        l2: float | str | None = None,
        l1: float | str = 0.0,
        tol: float | None = None,
        max_iter: int = 1000,
        class_weight: str | Mapping[Any, float] | None = None,
        solver: str | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.l2, self.l1, self.tol, self.max_iter = l2, l1, tol, max_iter
        self.class_weight, self.solver = class_weight, solver
        self.random_state, self.n_jobs = random_state, n_jobs

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train on the rows X (n, p), their labels y (n,) and weights (n,), and return the estimator.

        Rows of one of the `groups` (n,) go to the same fold of the cross-validation that "auto" makes. A weight of 2 is
        the row twice, a weight of 0 the row left out. Raises ValueError for a parameter that cannot be, and for
        data that nothing can be learned from. A fit that ends before it reaches `tol` warns with the gap that
        it did reach, and one without a penalty warns of classes that are separated.
        """
        with _value_errors(fitting=True):
            check_parameters(self.get_params(deep=False))
        labels = validate_data(self, y=_of_numpy(y))  # before X: it forgets the names of columns
        check_classification_targets(labels)
        given = training(self._frame(X, reset=True), labels, sample_weight, self.class_weight, groups)
        with _value_errors(fitting=True), threadpool_limits(limits=1, user_api="blas"):  # the bits of the command line
            options = self._options() | {"class_weight": given.factors, "groups": given.groups}
            model = train(given.frame, given.labels, given.weights, **options)
        self._keep(model, given.classes, given.names)
        self._warn()
        return self

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> Array:
        """Return the logits (n, K); for two classes the log odds of the second (n,)."""
        logits = as_scikit_learn(self._scores(X, lambda scored: scored.Z).T)
        return np.ascontiguousarray(logits[0] if len(logits) == 1 else logits.T)

    def predict_proba(self, X: ArrayLike | pd.DataFrame) -> Array:
        """Return the probabilities (n, K) of the classes, in the order of `classes_`."""
        return self._scores(X, lambda scored: scored.probabilities)

    def predict_log_proba(self, X: ArrayLike | pd.DataFrame) -> Array:
        """Return their logarithms (n, K), which are finite where a probability is too small for a number."""
        return self._scores(X, lambda scored: log_softmax(scored.Z))

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[Any]:
        """Return the most probable class of each row (n,)."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def __sklearn_tags__(self) -> Tags:
        """Return what the estimator can take."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _frame(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """X as a DataFrame with the names that the model has. Raises ValueError or TypeError if it is no table."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X.set_axis(self._names(), axis=1)
        array = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)  # the cells are checked later
        if array.dtype.kind in "iuf":
            return pd.DataFrame(array, columns=self._names(), copy=False)
        return pd.DataFrame(array.astype(float if array.dtype.kind == "b" else object), columns=self._names())

    def _names(self) -> list[str]:
        """The names of the columns: those of the DataFrame if they can be told apart, else x1 … xp."""
        names = [str(name).strip() for name in getattr(self, "feature_names_in_", ())]
        if names and all(names) and len(set(names)) == len(names):
            return names
        return [f"x{j}" for j in range(1, self.n_features_in_ + 1)]

    def _options(self) -> dict[str, Any]:
        """The options of smtrain.fit."""
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = int(check_random_state(seed).randint(SEEDS))
        return {
            "l2": self.l2,
            "l1": self.l1,
            "tol": self.tol,
            "epochs": self.max_iter,
            "solver": self.solver,
            "seed": 0 if seed is None else seed,
            "threads": joblib.effective_n_jobs(self.n_jobs),
        }

    def _keep(self, model: Model, classes: NDArray[Any], names: Sequence[str]) -> None:
        """Set the attributes of a fit, in the order of `classes`, whose `names` are those of the model."""
        self.model_, self.classes_ = model, classes
        self._order = [model.encoder.classes.index(name) for name in names]
        W, b = model.raw_weights
        rows = _places(self._names(), model.encoder.parts)
        coef = np.array([np.zeros(len(names)) if j is None else W[j, self._order] for _, j in rows]).T
        self.coef_, self.intercept_ = np.ascontiguousarray(as_scikit_learn(coef)), as_scikit_learn(b[self._order])
        self.coef_names_ = np.array([name if j is None else model.features[j] for name, j in rows], object)
        self.gap_, self.l2_, self.l1_ = model.fit.gap, model.fit.options.l2, model.fit.options.l1
        self.n_iter_ = np.array([model.fit.epochs], np.int32)

    def _warn(self) -> None:
        """Warn of classes that are separated, and of a fit that ended before its tolerance, with the gap it reached."""
        record = self.model_.fit
        if record.separation is not None:
            what = f"{separated(record.separation)} (l2 above 0 has a minimum)"
            warnings.warn(what, ConvergenceWarning, stacklevel=3)
            return
        if record.status is Status.CONVERGED:
            return
        hint = f"tol is {record.options.tol:g}"
        if record.status is Status.MAX_EPOCHS:
            hint += f", max_iter {self.max_iter}; raise one of them"
        warnings.warn(f"{unconverged(record)} ({hint})", ConvergenceWarning, stacklevel=3)

    def _scores(self, X: Any, of: Callable[[Scored], NDArray[Any]]) -> Array:
        """What `of` gives of each row (n, K), in the order of `classes_`. Raises ValueError for other columns."""
        check_is_fitted(self)
        frame = self._frame(X, reset=False)
        with _value_errors():
            tiles = score(self.model_, open_table(frame, self.model_.encoder.dialect), labels=False)
            parts = [np.asarray(of(scored), np.float64).T for scored in tiles]
        return np.concatenate([np.empty((0, len(self._order))), *parts])[:, self._order]


def _of_numpy(y: Any) -> Any:
    """The labels; nullable booleans and integers without a gap as NumPy's, where scikit-learn would make floats."""
    if isinstance(y, pd.Series) and (is_bool_dtype(y.dtype) or is_integer_dtype(y.dtype)) and not y.isna().any():
        return y.to_numpy()
    return y


@contextmanager
def _value_errors(*, fitting: bool = False) -> Iterator[None]:
    """Turn a failure of smtrain into the ValueError that scikit-learn's tools expect."""
    try:
        yield
    except SmtrainError as error:
        raise value_error(error, fitting=fitting) from error


def _places(names: Sequence[str], parts: Sequence[Feature]) -> list[tuple[str, int | None]]:
    """The columns of `coef_`: of each column of X its features' places in W; None for one that was left out."""
    of: dict[str, list[int | None]] = {name: [] for name in names}
    for j, part in enumerate(parts):
        of[part.column].append(j)
    return [(name, j) for name in names for j in of[name] or [None]]
