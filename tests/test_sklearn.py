"""The estimator: scikit-learn's own checks, its conventions and tools, LogisticRegression's optimum, the same bits."""

import doctest
import os
import pickle
import re
import subprocess
import sys
import warnings
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_classification,
    make_gaussian_quantiles,
    make_moons,
)
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)

import smtrain as sm
from smtrain.partitions.sizes import PARTITION_ROWS
from smtrain.sklearn import SoftmaxRegression, estimator, from_sklearn, probing, to_sklearn
from smtrain.sklearn import pipeline as pipeline_of_parts
from tests.cli import smtrain as command

X, Y = load_iris(return_X_y=True)
DATA = Path(__file__).parents[1] / "sample_data"
PENGUINS = pd.read_csv(DATA / "penguins.csv")

# scikit-learn's checks

CHECKS = """
from sklearn.utils.estimator_checks import check_estimator
from smtrain.sklearn import SoftmaxRegression
for one in check_estimator(SoftmaxRegression({}), on_fail=None, on_skip=None):
    print(one["status"], one["check_name"], one["exception"] or "")
"""


def in_a_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        *(pytest.param(a, marks=pytest.mark.slow) for a in ("l1=0.1", "class_weight='balanced'", "l2=0.01, n_jobs=2")),
    ],
)
def test_scikit_learns_checks_pass_and_none_is_skipped(arguments):
    lines = in_a_process(CHECKS.format(arguments), SCIPY_ARRAY_API="1")
    assert len(lines) > 50
    assert [line for line in lines if not line.startswith("passed ")] == []


def test_smtrain_itself_does_not_import_it():
    code = "import sys, smtrain; [getattr(smtrain, n) for n in smtrain.__all__]; print('sklearn' in sys.modules)"
    assert in_a_process(code) == ["False"]


def test_the_way_there_and_back_is_at_the_top():
    assert sm.to_sklearn is to_sklearn
    assert sm.from_sklearn is from_sklearn


def test_the_package_is_there_after_import_smtrain_and_its_functions_are_listed():
    listed = "{'to_sklearn', 'from_sklearn'} <= set(dir(smtrain))"
    assert in_a_process(f"import smtrain; print(smtrain.sklearn.__name__, {listed})") == ["smtrain.sklearn True"]


def test_without_scikit_learn_no_name_that_is_listed_needs_it():
    code = "import sys; sys.modules['sklearn'] = None; import inspect, smtrain; from smtrain import *"
    assert in_a_process(f"{code}; print('fit' in dict(inspect.getmembers(smtrain)))") == ["True"]


@pytest.mark.parametrize(
    "use", ["import smtrain.sklearn", "import smtrain; smtrain.to_sklearn", "import smtrain; smtrain.sklearn"]
)
def test_without_scikit_learn_it_says_what_to_install(use):
    code = f"import sys; sys.modules['sklearn'] = None\ntry:\n {use}\nexcept ImportError as e: print(e)"
    assert "pip install 'smtrain[sklearn]'" in in_a_process(code)[0]


@pytest.mark.parametrize("module", [estimator, pipeline_of_parts, probing])
def test_the_examples_of_the_docstrings(module):
    done = doctest.testmod(module)
    assert done.attempted >= 4
    assert done.failed == 0


# The same optimum, the same bits


def of_two(data):
    return data[0][data[1] < 2], data[1][data[1] < 2]


def made(seed, **options):
    return make_classification(400, 10, n_informative=6, random_state=seed, **options)


SETS = {
    "iris": load_iris(return_X_y=True),
    "two irises": of_two(load_iris(return_X_y=True)),
    "wine": load_wine(return_X_y=True),
    "two wines": of_two(load_wine(return_X_y=True)),
    "breast cancer": load_breast_cancer(return_X_y=True),
    "digits": load_digits(return_X_y=True),
    "made, two": made(0),
    "made, five": made(1, n_classes=5),
    "blobs": make_blobs(300, random_state=2, cluster_std=4.0),
    "moons": make_moons(200, noise=0.3, random_state=3),
    "quantiles": make_gaussian_quantiles(n_samples=300, n_classes=4, random_state=4),
}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "digits")) for n in SETS])
def test_logistic_regression_has_the_same_probabilities_at_the_same_penalty(name):
    """C is 1/l2, for two classes 2/l2, on features that a StandardScaler has scaled. Its lbfgs stops at about 1e-6."""
    data, labels = SETS[name]
    C = (2 if len(set(labels)) == 2 else 1) / 0.1
    peer = LogisticRegression(C=C, tol=1e-10, max_iter=1000, solver="newton-cholesky")
    expected = make_pipeline(StandardScaler(), peer).fit(data, labels).predict_proba(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so small a gap is lost in rounding at times
        ours = SoftmaxRegression(l2=0.1, tol=1e-15, max_iter=300).fit(data, labels)
    np.testing.assert_allclose(ours.predict_proba(data), expected, rtol=0, atol=1e-8)


def test_weights_and_class_weights_are_scikit_learns():
    w = np.random.default_rng(0).uniform(0, 3, 150)
    factors = {0: 1.0, 1: 2.0, 2: 0.5}
    scaled = StandardScaler().fit(X, sample_weight=w * np.array([1.0, 2.0, 0.5])[Y]).transform(X)
    peer = LogisticRegression(tol=1e-10, solver="newton-cholesky", class_weight=factors).fit(scaled, Y, w)
    ours = SoftmaxRegression(tol=1e-14, class_weight=factors).fit(X, Y, w)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(scaled), rtol=0, atol=1e-7)


@pytest.mark.bits
@pytest.mark.parametrize(
    ("table", "target", "weight"), [("penguins.csv", "species", None), ("iris.csv", "species", "petal_width")]
)
def test_the_command_line_gives_the_same_bits(table, target, weight, tmp_path):
    named = [] if weight is None else ["--weight", weight]
    command("fit", DATA / table, "--target", target, *named, "--l2", "0.5", "-o", tmp_path / "m.npz")
    model, frame = sm.load(str(tmp_path / "m.npz")), pd.read_csv(DATA / table)
    rows = frame.drop(columns=[target, *([weight] if weight else [])])
    ours = SoftmaxRegression(l2=0.5).fit(rows, frame[target], frame[weight] if weight else None)
    assert (ours.model_.W.tobytes(), ours.model_.b.tobytes()) == (model.W.tobytes(), model.b.tobytes())
    assert list(ours.classes_) == list(model.classes)
    np.testing.assert_array_equal(ours.predict_proba(rows), sm.predict_proba(model, str(DATA / table)))


def test_threads_change_no_bit():
    many = 3 * PARTITION_ROWS  # so that there are sums for the threads to share
    rows, labels = np.random.default_rng(0).normal(size=(many, 3)), np.arange(many) % 3
    rows[:, 0] += labels
    one, two, three = (SoftmaxRegression(n_jobs=n).fit(rows, labels) for n in (None, 2, 3))
    assert one.coef_.tobytes() == two.coef_.tobytes() == three.coef_.tobytes()


@pytest.mark.bits
@pytest.mark.parametrize("classes", [2, 3, 20])
def test_a_row_alone_has_the_bits_that_it_has_among_others_and_in_the_model(classes):
    rng = np.random.default_rng(classes)
    y = np.arange(5 * classes) % classes
    rows = rng.normal(size=(len(y), 30)) + 3 * rng.normal(size=(classes, 30))[y]
    ours = SoftmaxRegression(l2=1e-3).fit(rows, y)
    order = [ours.model_.classes.index(label) for label in ours.classes_]
    assert ours.predict_proba(rows).tobytes() == ours.model_.predict_proba(rows)[:, order].tobytes()
    for function in (ours.predict_proba, ours.predict_log_proba, ours.decision_function):
        alone = np.concatenate([function(row[None]) for row in rows[:8]])
        np.testing.assert_array_equal(alone, function(rows)[:8])


# Attributes


def test_weights_are_in_the_units_of_x():
    for rows in (slice(None), Y < 2):
        ours = SoftmaxRegression().fit(X[rows], Y[rows])
        K = len(ours.classes_)
        shape = (1 if K == 2 else K, 4)
        assert (ours.coef_.shape, ours.intercept_.shape) == (shape, shape[:1])
        logits = X[rows] @ ours.coef_.T + ours.intercept_
        np.testing.assert_allclose(ours.decision_function(X[rows]), logits if K > 2 else logits[:, 0], atol=1e-9)
        assert list(ours.coef_names_) == ["x1", "x2", "x3", "x4"]


def test_a_constant_column_keeps_its_place_with_weight_zero():
    wide = np.column_stack([np.ones(150), X[:, :2], np.zeros(150), X[:, 2:]])
    ours, narrow = SoftmaxRegression().fit(wide, Y), SoftmaxRegression().fit(X, Y)
    assert not ours.coef_[:, [0, 3]].any()
    np.testing.assert_array_equal(ours.coef_[:, [1, 2, 4, 5]], narrow.coef_)
    np.testing.assert_array_equal(ours.predict_proba(wide), narrow.predict_proba(X))


def test_words_have_a_weight_for_each_level():
    rows = PENGUINS.drop(columns="species")
    ours = SoftmaxRegression().fit(rows, PENGUINS["species"])
    assert ours.coef_.shape == (3, len(ours.coef_names_))
    assert list(ours.feature_names_in_) == list(rows.columns)
    assert {"island=Biscoe", "sex is missing", "bill_length_mm", "bill_length_mm is missing"} <= set(ours.coef_names_)
    first = ours.decision_function(rows.assign(island="Biscoe")) - ours.decision_function(rows.assign(island="Dream"))
    j, k = (list(ours.coef_names_).index(f"island={name}") for name in ("Biscoe", "Dream"))
    np.testing.assert_allclose(first, np.tile(ours.coef_[:, j] - ours.coef_[:, k], (len(rows), 1)), atol=1e-9)


@pytest.mark.parametrize(
    "labels",
    [[0, 1, 2], [-1, 5, 10], [0.0, 1.0, 10.0], ["9", "10", "a"], ["", "a", "b"], ["a", " a", "b"]],
    ids=str,
)
def test_labels_of_every_sort_come_back_as_they_were(labels):
    y = np.array(labels)[Y]
    ours = SoftmaxRegression().fit(X, y)
    np.testing.assert_array_equal(ours.classes_, np.unique(y))
    assert ours.predict(X).dtype == y.dtype
    assert ours.score(X, y) > 0.9
    np.testing.assert_array_equal(ours.classes_[ours.decision_function(X).argmax(axis=1)], ours.predict(X))


def test_two_classes_that_are_true_and_false():
    ours = SoftmaxRegression().fit(X, Y == 1)
    assert ours.classes_.tolist() == [False, True]
    np.testing.assert_array_equal(ours.predict(X), ours.decision_function(X) > 0)


LABELS = {
    "integers": Y,
    "booleans": Y == 1,
    "nullable booleans": pd.array(Y == 1, dtype="boolean"),
    "whole floats": Y - 1.0,
    "single precision": Y.astype(np.float32),
    "nullable integers": pd.array(Y, dtype="Int64"),
    "categories of integers": pd.Categorical(Y),
    "strings like integers": Y.astype(str),
    "strings": np.array(["a", "b", "c"])[Y],
    "strings of pandas": pd.array(np.array(["a", "b", "c"])[Y], dtype="string"),
}


@pytest.mark.parametrize("kind", LABELS)
def test_the_model_has_the_classes_that_smtrain_fit_gives(kind):
    labels = pd.Series(LABELS[kind])
    expected = sm.fit(X, labels).classes
    theirs = LogisticRegression(max_iter=1000).fit(X, np.asarray(labels))
    ours = SoftmaxRegression().fit(X, labels)
    assert ours.classes_.dtype.kind == np.asarray(labels).dtype.kind
    for model in (ours.model_, from_sklearn(theirs, X, labels)):
        assert model.classes == expected
        assert [*map(type, model.classes)] == [*map(type, expected)]
        assert model.evaluate(X, labels).metrics["accuracy"] > 0.7


def test_log_probabilities_do_not_underflow():
    ours = SoftmaxRegression(l2=1e-3).fit(X, Y)
    np.testing.assert_allclose(np.exp(ours.predict_log_proba(X)), ours.predict_proba(X), rtol=1e-12)
    assert ours.predict_proba(1e4 * X).min() == 0
    assert np.isfinite(ours.predict_log_proba(1e4 * X)).all()


def test_a_fit_that_ends_early_says_how_far_it_is_from_the_minimum():
    with pytest.warns(ConvergenceWarning, match="certified gap to the minimum is") as said:
        early = SoftmaxRegression(max_iter=3).fit(X, Y)
    assert f"is {early.gap_:.2g} of the objective" in str(said[0].message)
    assert said[0].filename == __file__
    assert early.n_iter_.tolist() == [3]
    least = SoftmaxRegression(tol=1e-12).fit(X, Y).model_.fit.objective
    assert 0 < early.model_.fit.objective - least <= early.gap_ * early.model_.fit.objective


@pytest.mark.parametrize(
    ("rows", "how"), [(Y < 2, '"0" and "1" are completely separated'), (Y >= 0, "are quasi-completely separated")]
)
def test_separated_classes_are_named_and_a_penalty_advised(rows, how):
    with pytest.warns(ConvergenceWarning, match=how) as said:
        ours = SoftmaxRegression(l2=0).fit(X[rows], Y[rows])
    assert "l2 above 0" in str(said[0].message)
    assert "max_iter" not in str(said[0].message)
    assert (ours.gap_ is None) == (ours.model_.fit.objective == 0)


def test_the_model_is_smtrains(tmp_path):
    ours = SoftmaxRegression(l2="auto", random_state=3).fit(X, Y)
    assert ours.l2_ == ours.model_.fit.options.l2
    assert ours.l2_ in {0.001, 0.01, 0.1, 1.0, 10.0, 0.0001}
    assert SoftmaxRegression(l1="auto", l2=1.0).fit(X, Y).l1_ in {1e-4, 0.001, 0.01, 0.1, 1.0, 10.0}
    ours.model_.save(str(tmp_path / "m.npz"))
    np.testing.assert_array_equal(sm.predict_proba(sm.load(str(tmp_path / "m.npz")), X), ours.predict_proba(X))
    assert sm.predict(ours.model_, X[:1]) == [0]
    assert clone(ours).set_params(random_state=np.random.RandomState(1)).fit(X, Y).model_.fit.options.seed > 0


# Weights, and what cannot be learned from


def test_a_class_without_weight_is_none():
    w = np.where(Y == 1, 0.0, 2.0)
    ours, other = SoftmaxRegression().fit(X, Y, w), SoftmaxRegression(l2=0.5).fit(X[Y != 1], Y[Y != 1])
    assert ours.classes_.tolist() == [0, 2]
    np.testing.assert_allclose(ours.predict_proba(X), other.predict_proba(X), atol=1e-9)
    factors = SoftmaxRegression(class_weight={0: 2.0, 1: 0.0, 2: 2.0}).fit(X, Y)
    np.testing.assert_allclose(factors.predict_proba(X), ours.predict_proba(X), atol=1e-9)


FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"]})
REFUSED = {
    "weights of zero": (lambda: SoftmaxRegression().fit(X, Y, np.zeros(150)), "sample_weight is zero for every row"),
    "one class of weight": (lambda: SoftmaxRegression().fit(X, Y, Y == 0), "only one class"),
    "a negative weight": (lambda: SoftmaxRegression().fit(X, Y, -np.ones(150)), "Negative"),
    "weights of another length": (lambda: SoftmaxRegression().fit(X, Y, np.ones(3)), "one for each row"),
    "one class": (lambda: SoftmaxRegression().fit(X, np.zeros(150)), "only one class"),
    "a quantity": (lambda: SoftmaxRegression().fit(X, X[:, 0]), "Unknown label type"),
    **{
        f"a missing label of {kind}": (
            lambda kind=kind: SoftmaxRegression().fit(X, pd.Series(Y % 2).astype(kind).mask(Y == 2)),
            "contains NaN",
        )
        for kind in ("Int64", "boolean", "bool[pyarrow]")
    },
    "infinity": (lambda: SoftmaxRegression().fit(np.where(X > 7, np.inf, X), Y), "not a finite number"),
    "dates": (lambda: SoftmaxRegression().fit(FRAME.assign(d=pd.Timestamp(0)), [0, 1, 0, 1]), "dates"),
    "nothing but constants": (lambda: SoftmaxRegression().fit(np.ones((4, 2)), [0, 1, 0, 1]), "no column is left"),
    "another class of weights": (lambda: SoftmaxRegression(class_weight={7: 1.0}).fit(X, Y), "not in class_weight"),
    "no solver": (lambda: SoftmaxRegression(solver="saga").fit(X, Y), "solver"),
    "a penalty below zero": (lambda: SoftmaxRegression(l2=-1.0).fit(X, Y), "l2"),
    "other columns": (lambda: SoftmaxRegression().fit(FRAME, [0, 1, 0, 1]).predict(FRAME[["a"]]), "feature names"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        call()


PARAMETERS = {
    "class_weight": ("bal", 3, {0: -1.0, 1: 1.0, 2: 1.0}, {0: np.nan, 1: 1.0, 2: 1.0}),
    "max_iter": ("a", -1, 1.5, None, True),
    "l2": ("x", -1, True, np.inf),
    "l1": ("x", -1, None),
    "tol": ("x", -1, np.nan),
    "solver": ("saga", 3),
    "random_state": ("x", -1, 1.5, np.random.default_rng(0)),
    "n_jobs": (0, "x", 1.5),
}
# Options of a fit that are none of the estimator's.
NOT_OURS = r"--|\b(epochs|seed|threads|target|drop|categorical|numeric|na_values|weight)\b *=|\bepochs\b|\bseed\b|file"


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in PARAMETERS.items() for value in values])
def test_a_parameter_that_cannot_be_is_told_by_its_name(name, value):
    with pytest.raises(ValueError, match=f"^{name}[: ]") as failure:
        SoftmaxRegression(**{name: value}).fit(X, Y)
    assert not re.search(NOT_OURS, str(failure.value))


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: SoftmaxRegression().fit(X, np.zeros(150)), None),
        (lambda: SoftmaxRegression().fit(np.ones((4, 2)), [0, 1, 0, 1]), "it is constant"),
        (lambda: SoftmaxRegression().fit(FRAME.assign(d=["a", 1, 2, 3]), [0, 1, 0, 1]), "astype(str)"),
        (lambda: SoftmaxRegression().fit(FRAME.assign(d=np.inf), [0, 1, 0, 1]), "another unit"),
        (lambda: SoftmaxRegression().fit(FRAME.assign(d=pd.Timestamp(0)), [0, 1, 0, 1]), ".dt.year"),
        (lambda: SoftmaxRegression().fit(X * 1e200, Y), "another unit"),
        (lambda: SoftmaxRegression(l1=1.0, solver="lbfgs").fit(X, Y), 'solver="proximal"'),
        (lambda: SoftmaxRegression(l2="auto", solver="gd").fit(X, Y), 'solver="lbfgs"'),
        (lambda: SoftmaxRegression().fit(FRAME, [0, 1, 0, 1]).predict(FRAME.assign(a="x")), "fitted on numbers"),
    ],
)
def test_hints_name_nothing_that_the_estimator_has_not(call, hint):
    with pytest.raises(ValueError, match=r"\w") as failure:
        call()
    assert not re.search(NOT_OURS, str(failure.value))
    assert hint in str(failure.value) if hint else "hint" not in str(failure.value)


@pytest.mark.parametrize("name", ["profile", "a; file", "--drop", "seed=1"])
def test_hints_do_not_depend_on_the_names_of_columns(name):
    hints = []
    for column in ("d", name):
        for cells in (pd.Timestamp(0), ["a", 1, 2, 3], 1.0):
            with pytest.raises(ValueError, match=r"\w") as failure:
                SoftmaxRegression().fit(FRAME[["b"]].assign(b="x", **{column: cells}), [0, 1, 0, 1])
            hints.append(str(failure.value))
    assert [hint.replace(name, "d") for hint in hints[3:]] == hints[:3]


def test_a_sparse_matrix_is_refused():
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(X)
    with pytest.raises(TypeError, match="dense"):
        SoftmaxRegression().fit(sparse, Y)


def test_it_must_be_fitted():
    with pytest.raises(NotFittedError):
        SoftmaxRegression().predict(X)


# Tables of other sorts


def test_an_array_of_objects_is_read_as_a_frame():
    rows = PENGUINS.drop(columns="species")
    frame, array = (
        SoftmaxRegression().fit(data, PENGUINS["species"]) for data in (rows, rows.astype(object).to_numpy())
    )
    np.testing.assert_array_equal(frame.coef_, array.coef_)
    np.testing.assert_array_equal(frame.predict_proba(rows), array.predict_proba(rows.astype(object).to_numpy()))


def test_columns_without_names_of_their_own():
    plain = SoftmaxRegression().fit(X, Y)
    for columns in (range(4), ["a", "a ", "b", "c"], pd.MultiIndex.from_product([["a", "b"], [0, 1]])):
        ours = SoftmaxRegression().fit(pd.DataFrame(X, columns=columns), Y)
        np.testing.assert_array_equal(ours.coef_, plain.coef_)
        np.testing.assert_array_equal(ours.predict_proba(pd.DataFrame(X, columns=columns)), plain.predict_proba(X))


def test_a_level_that_training_did_not_have_adds_nothing():
    ours = SoftmaxRegression().fit(FRAME, [0, 1, 1, 0])
    j = list(ours.coef_names_).index("a")
    logit = ours.decision_function(pd.DataFrame({"a": [2.5], "b": ["z"]}))
    np.testing.assert_allclose(logit, 2.5 * ours.coef_[0, j] + ours.intercept_[0])


def test_single_precision_and_booleans_are_numbers_in_an_array():
    many = SoftmaxRegression().fit(X.astype(np.float32), Y)
    np.testing.assert_array_equal(many.coef_, SoftmaxRegression().fit(X.astype(np.float32).astype(float), Y).coef_)
    assert SoftmaxRegression().fit(X > 3, Y).coef_.shape == (3, 4)


# scikit-learn's tools

NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


def pipeline():
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("words", OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["island", "sex"]),
        ]
    )
    return Pipeline([("prepare", prepare), ("classify", SoftmaxRegression())])


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_grid_search_over_a_pipeline_with_a_column_transformer(jobs):
    search = GridSearchCV(pipeline(), {"classify__l2": [0.1, 1.0, 1000.0]}, cv=3, scoring="neg_log_loss", n_jobs=jobs)
    search.fit(PENGUINS, PENGUINS["species"])
    assert search.best_params_ == {"classify__l2": 0.1}
    assert search.score(PENGUINS, PENGUINS["species"]) > -0.05


def test_a_pipeline_that_hands_on_frames():
    ours = pipeline().set_output(transform="pandas").fit(PENGUINS, PENGUINS["species"])
    assert list(ours[-1].feature_names_in_) == list(ours[0].get_feature_names_out())
    assert ours.score(PENGUINS, PENGUINS["species"]) > 0.99


def test_cross_validation_calibration_and_votes():
    probabilities = cross_val_predict(SoftmaxRegression(), X, Y, method="predict_proba", cv=3)
    assert (probabilities.argmax(axis=1) == Y).mean() > 0.9
    for method in ("sigmoid", "isotonic"):
        assert CalibratedClassifierCV(SoftmaxRegression(), method=method, cv=3).fit(X, Y).score(X, Y) > 0.9
    voters = [("ours", SoftmaxRegression()), ("theirs", LogisticRegression(max_iter=1000))]
    assert VotingClassifier(voters, voting="soft").fit(X, Y).score(X, Y) > 0.9


def test_clones_and_pickles():
    ours = SoftmaxRegression(l2=0.3, class_weight={0: 2.0, 1: 1.0, 2: 1.0}).fit(X, Y)
    assert clone(ours).get_params() == ours.get_params()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict_proba(X), ours.predict_proba(X))


def test_weights_are_routed():
    w = np.where(Y == 2, 5.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        weighed = make_pipeline(StandardScaler(), SoftmaxRegression().set_fit_request(sample_weight=True))
        weighed[0].set_fit_request(sample_weight=False)
        np.testing.assert_allclose(
            weighed.fit(X, Y, sample_weight=w).predict_proba(X),
            SoftmaxRegression().fit(X, Y, w).predict_proba(X),
            atol=1e-6,
        )
        asking = SoftmaxRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_validate(asking, X, Y, params={"sample_weight": w}, cv=3)
    assert scores["test_score"].mean() > 0.9


@pytest.mark.filterwarnings("ignore")  # skl2onnx uses what its dependencies are about to remove
@pytest.mark.parametrize("rows", [Y >= 0, Y < 2], ids=["three", "two"])
def test_the_converter_of_the_page_makes_onnx(rows):
    onnx, runtime = pytest.importorskip("skl2onnx"), pytest.importorskip("onnxruntime")
    page = (DATA.parent / "docs" / "python.md").read_text()
    (block,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(compile(block, "docs/python.md", "exec"), {})
    ours = SoftmaxRegression().fit(X[rows], Y[rows])
    document = onnx.to_onnx(ours, X[:1].astype(np.float32), options={id(ours): {"zipmap": False}})
    session = runtime.InferenceSession(document.SerializeToString(), providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(None, {"X": X[rows].astype(np.float32)})
    np.testing.assert_array_equal(labels, ours.predict(X[rows]))
    np.testing.assert_allclose(probabilities, ours.predict_proba(X[rows]), atol=1e-6)


# A model as scikit-learn's own parts


def some_models():
    rows = PENGUINS.drop(columns="species")
    yield sm.fit(PENGUINS, target="species"), rows
    yield sm.fit(PENGUINS, target="species", l1=3.0), rows
    yield sm.fit(PENGUINS, target="sex", unlabelled="skip"), PENGUINS
    yield sm.fit(PENGUINS, target="sex", unlabelled="skip", drop=NUMBERS), PENGUINS
    yield sm.fit(X, np.array([9, 10, -1])[Y]), pd.DataFrame(X, columns=["x1", "x2", "x3", "x4"])
    yield sm.fit(X, np.array(["9", "10", "a"])[Y]), pd.DataFrame(X, columns=["x1", "x2", "x3", "x4"])


# The levels are unknown to the models on purpose.
@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.parametrize("number", range(6))
def test_a_model_goes_over_to_scikit_learn(number):
    model, rows = list(some_models())[number]
    theirs = pickle.loads(pickle.dumps(to_sklearn(model)))
    odd = rows.copy()
    odd.iloc[:20, 0] = np.nan  # of every column a missing cell, and of words a level that training did not have
    for i in range(1, odd.shape[1]):
        odd.iloc[i, i] = np.nan
    if "island" in odd:
        odd.loc[30:40, "island"] = "elsewhere"
    for table in (rows, odd, odd[odd.columns[::-1]]):
        order = np.argsort(model.encoder.labels)
        np.testing.assert_allclose(
            theirs.predict_proba(table),
            sm.predict_proba(model, table, on_unknown="ignore")[:, order],
            rtol=1e-9,
            atol=1e-15,
        )
        assert theirs.predict(table).tolist() == sm.predict(model, table, on_unknown="ignore")
    assert "smtrain" not in repr(theirs)
    assert b"smtrain" not in pickle.dumps(theirs)


WORD_FORMS = {
    "objects with None": lambda words: pd.Series(words, dtype=object),
    "objects with NaN": lambda words: pd.Series(words, dtype=object).fillna(np.nan),
    "objects with NA": lambda words: pd.Series([pd.NA if word is None else word for word in words], dtype=object),
    "objects with all of them": lambda words: pd.Series(
        [(None, np.nan, pd.NA, "", " ")[i % 5] if word is None else word for i, word in enumerate(words)], dtype=object
    ),
    "str": lambda words: pd.Series(words, dtype="str"),
    "string": lambda words: pd.Series(words, dtype="string"),
    "string of Arrow": lambda words: pd.Series(words, dtype=pd.ArrowDtype(pa.string())),
    "category": lambda words: pd.Series(words, dtype="category"),
}
NUMBER_FORMS = {
    "float": lambda numbers: pd.Series(numbers, dtype=float),
    "nullable": lambda numbers: pd.Series(numbers, dtype="Float64"),
    "single": lambda numbers: pd.Series(numbers, dtype=np.float32),
    "objects with None": lambda numbers: pd.Series(numbers, dtype=object),
    "objects with NA": lambda numbers: pd.Series([pd.NA if x is None else x for x in numbers], dtype=object),
    "double of Arrow": lambda numbers: pd.Series(numbers, dtype=pd.ArrowDtype(pa.float64())),
}
CODE_FORMS = {
    "integers": lambda codes: pd.Series([0 if code is None else code for code in codes], dtype=np.int64),
    "floats": lambda codes: pd.Series(codes, dtype=float),
    "nullable": lambda codes: pd.Series(codes, dtype="Int64"),
    "category": lambda codes: pd.Series(codes, dtype="Int64").astype("category"),
    "strings": lambda codes: pd.Series([None if code is None else str(code) for code in codes], dtype="str"),
    "booleans": lambda codes: pd.Series([code == 1 for code in codes], dtype=bool),
    "nullable booleans": lambda codes: pd.Series(
        [None if code is None else code == 1 for code in codes], dtype="boolean"
    ),
}


def table_of_forms(rng, word, number, code, *, gaps=True):
    def some(values, share):
        return [None if gaps and rng.random() < share else values[rng.integers(len(values))] for _ in range(60)]

    return pd.DataFrame(
        {
            "word": WORD_FORMS[word](some(["red", "NA", " x", "01", "a|b", "two\nlines", "\n"], 0.2)),
            "number": NUMBER_FORMS[number](some([0.5, -1.0, 2.25, 7.0], 0.2)),
            "code": CODE_FORMS[code](some([1, 2, 3], 0.2)),
        }
    )


@pytest.mark.parametrize("code", CODE_FORMS)
@pytest.mark.parametrize("gaps", [True, False])
def test_cells_of_every_form_go_over_to_scikit_learn(code, gaps):
    rng = np.random.default_rng(len(code))
    y = np.arange(60) % 3
    table = table_of_forms(rng, "str", "float", code, gaps=gaps)
    model = sm.fit(table, y, categorical=["code"])
    theirs = pickle.loads(pickle.dumps(to_sklearn(model)))
    for i in range(max(len(WORD_FORMS), len(NUMBER_FORMS))):
        word, number = list(WORD_FORMS)[i % len(WORD_FORMS)], list(NUMBER_FORMS)[i % len(NUMBER_FORMS)]
        rows = table_of_forms(rng, word, number, code)  # with gaps where training may have had none
        expected = model.predict_proba(rows, on_unknown="ignore")
        np.testing.assert_allclose(
            theirs.predict_proba(rows), expected, rtol=1e-9, atol=1e-15, err_msg=f"{word}, {number}"
        )
        alone = theirs.predict_proba(rows[i : i + 1])
        np.testing.assert_allclose(alone, expected[i : i + 1], rtol=1e-9, atol=1e-15, err_msg=f"{word}, {number}")


def test_what_the_model_takes_for_missing_goes_over_to_scikit_learn():
    rng = np.random.default_rng(0)
    table = table_of_forms(rng, "objects with None", "objects with None", "strings")
    table = table.assign(word=table["word"].fillna("n.a."), number=table["number"].astype(float).fillna(-999.0))
    model = sm.fit(table, np.arange(60) % 3, na_values=["n.a.", "-999"])
    assert "number is missing" in model.features
    np.testing.assert_allclose(
        to_sklearn(model).predict_proba(table), model.predict_proba(table), rtol=1e-9, atol=1e-15
    )


DAYS = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-03-01"])
# Words of every type, three of each. Beside each other are types that some have for the same words.
TYPED_WORDS = {
    "dates": DAYS,
    "times": DAYS + pd.Timedelta("01:30:00.5"),
    "dates in a zone": DAYS.tz_localize("Europe/Berlin"),
    "dates as objects": DAYS.date,
    "months": pd.PeriodIndex(["2020-01", "2020-02", "2020-03"], freq="M"),
    "categories of dates": pd.CategoricalIndex(DAYS),
    "categories of floats": pd.CategoricalIndex([0.0, 0.5, 1.0]),
    "categories of integers": pd.CategoricalIndex([0, 1, 2]),
    "intervals": pd.CategoricalIndex(pd.interval_range(0, 3)),
    "floats": np.array([0.0, 0.1, 1.0]),
    "the other zero": np.array([-0.0, 0.1, 1.0]),
    "whole floats": np.array([0.0, 1.0, 2.0]),
    "large and small": np.array([1e20, 1e-7, 2.0**53]),
    "as large as has a point": np.array([2.0**53 + 2, 9e15, 1e16]),
    "floats of 32 bits": np.array([0.0, 0.1, 1.0], np.float32),
    "floats of 16 bits": np.array([0.0, 0.1, 1.0], np.float16),
    "nullable floats": pd.array([0.0, 1.0, 2.0], dtype="Float64"),
    "nullable integers": pd.array([0, 1, 2], dtype="Int64"),
    "integers of Arrow": pd.array([0, 1, 2], dtype=pd.ArrowDtype(pa.int64())),
    "floats of Arrow": pd.array([0.0, 0.1, 1.0], dtype=pd.ArrowDtype(pa.float64())),
    "dates of Arrow": pd.array(DAYS.date, dtype=pd.ArrowDtype(pa.date32())),
    "times of Arrow": pd.array(DAYS, dtype=pd.ArrowDtype(pa.timestamp("ns"))),
    "decimals": np.array([Decimal("0"), Decimal("0.1"), Decimal("1.0")], object),
    "floats and strings": np.array([0.0, "0.1", 1.0], object),
    "floats and booleans": np.array([0.0, True, "1.0"], object),
    "NumPy's floats and strings": np.array([np.float64(1.0), "0.0", np.float32(0.1)], object),
    "strings like floats": np.array(["0.0", "0.1", "1.0"], object),
    "strings like integers": np.array(["0", "1", "2"], object),
    "booleans": np.array([True, False, True]),
}


def typed_table(words, gaps):
    """Rows whose labels follow from the words for the most part, and the labels."""
    codes = np.random.default_rng(0).integers(0, 3, 60)
    cells = pd.Series(words).iloc[codes].reset_index(drop=True)
    if gaps:
        cells = cells.mask(np.arange(60) % 7 == 0)
    return pd.DataFrame({"number": np.sin(np.arange(60.0)), "word": cells}), np.where(codes == 1, 1, np.arange(60) % 2)


@pytest.mark.parametrize("others", ["some", pytest.param("all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TYPED_WORDS)
def test_words_of_every_type_go_over_to_scikit_learn(name, others):
    names = list(TYPED_WORDS)
    gaps = names.index(name) % 2 == 0
    model = sm.fit(*typed_table(TYPED_WORDS[name], gaps), categorical=["word"])
    theirs = pickle.loads(pickle.dumps(to_sklearn(model)))
    for other in names if others == "all" else {name, names[names.index(name) - 1]}:
        rows = typed_table(TYPED_WORDS[other], not gaps)[0]
        expected, found = model.predict_proba(rows, on_unknown="ignore"), theirs.predict_proba(rows)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15, err_msg=other)
        np.testing.assert_allclose(theirs.predict_proba(rows[5:6]), expected[5:6], rtol=1e-9, err_msg=other)
        assert other != name or np.ptp(expected[:, 1]) > 0.1


@pytest.mark.parametrize("missing", ["-999", "0.5", "-999.0"])
@pytest.mark.parametrize("kind", ["float64", "float32", "Float64", "object", "str"])
def test_a_float_among_words_that_counts_as_missing_goes_over(missing, kind):
    codes = np.arange(60) % 3
    rows = pd.DataFrame({"word": pd.Series(np.array([-999.0, 0.5, 2.0])[codes]).astype(kind)})
    model = sm.fit(rows, np.where(codes == 0, 1, np.arange(60) % 2), categorical=["word"], na_values=[missing])
    np.testing.assert_allclose(to_sklearn(model).predict_proba(rows), model.predict_proba(rows), rtol=1e-9)


@pytest.mark.parametrize("names", [[0, 1], [1.5, -2.5], [0, "b"], ["0", "1"], ["a", "b"]])
def test_columns_that_are_named_by_numbers_go_over_to_scikit_learn(names):
    """As pandas names the columns of an array; a table may have texts for them, or more columns."""
    table = pd.DataFrame({0: X[:, 0], 1: np.array(["u", "v", "w"])[(X[:, 1] * 10).astype(int) % 3]})
    table.columns = pd.Index(names)
    model = sm.fit(table, Y)
    theirs = pickle.loads(pickle.dumps(to_sklearn(model)))
    plain = table.set_axis(map(str, names), axis=1)
    for rows in (table, table[table.columns[::-1]].assign(more=1), plain):
        np.testing.assert_allclose(theirs.predict_proba(rows), model.predict_proba(rows), rtol=1e-9)
    back = from_sklearn(theirs, plain, Y)
    np.testing.assert_allclose(back.predict_proba(plain), model.predict_proba(plain), rtol=1e-7)


# A pipeline of scikit-learn's as a model


@pytest.mark.parametrize("blank", ["", " ", "\t "])
@pytest.mark.parametrize("name", ["w", " w", "w\n", 3])
def test_words_of_blanks_alone_come_over(blank, name):
    """They are missing in a model, and a level of the OneHotEncoder."""
    words = pd.DataFrame({name: np.array(["a", blank, "b"], object)[(X[:, 0] * 10).astype(int) % 3]})
    words.columns = pd.Index([name])
    theirs = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(words, Y)
    found = from_sklearn(theirs, words, Y).predict_proba(words)
    np.testing.assert_allclose(found, theirs.predict_proba(words), rtol=1e-7)


def fitted_pipelines():
    for rows in (Y >= 0, Y < 2):
        for scaler in (StandardScaler(), MinMaxScaler()):
            yield make_pipeline(scaler, LogisticRegression()), X[rows], Y[rows]
    yield LogisticRegression(C=np.inf, max_iter=1000), load_wine(return_X_y=True)[0][:, :2], SETS["wine"][1]
    table = PENGUINS.assign(dark=PENGUINS["island"] == "Dream", year=PENGUINS["year"].astype("category"))
    for drop, indicator in ((None, False), ("first", True)):
        numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=indicator), StandardScaler())
        words = OneHotEncoder(drop=drop)
        prepare = ColumnTransformer([("n", numbers, NUMBERS), ("w", words, ["island", "sex", "year", "dark"])])
        yield make_pipeline(prepare, LogisticRegression(class_weight="balanced")), table, table["species"]
    yield to_sklearn(sm.fit(PENGUINS, target="species")), PENGUINS.drop(columns="species"), PENGUINS["species"]


@pytest.mark.filterwarnings("ignore:Setting penalty=None")  # one version of scikit-learn says so of C=inf
@pytest.mark.parametrize("number", range(8))
def test_a_fitted_pipeline_becomes_a_model(number, tmp_path):
    theirs, rows, y = list(fitted_pipelines())[number]
    if number < 7:
        theirs.fit(rows, y)
    rows = rows.drop(columns="species", errors="ignore") if number < 7 and number > 4 else rows
    from_sklearn(theirs, rows, y).save(str(tmp_path / "m.npz"))
    ours = sm.load(str(tmp_path / "m.npz"))
    assert list(ours.encoder.labels) == theirs.classes_.tolist()
    np.testing.assert_allclose(sm.predict_proba(ours, rows), theirs.predict_proba(rows), rtol=0, atol=1e-12)


def gappy(rows):
    return np.where(np.random.default_rng(0).random(rows.shape) < 0.1, np.nan, rows)


def encoded():
    words = OneHotEncoder(drop="first")
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), MinMaxScaler())
    return ColumnTransformer([("n", numbers, NUMBERS), ("w", words, ["island", "sex", "year"])])


EXACT = {"tol": 1e-12, "solver": "newton-cholesky"}
SAGA = {"tol": 1e-8, "max_iter": 20_000, "solver": "saga"}
# The steps before a classifier, its C and l1_ratio, the exact solver for it, and the rows.
MINIMISED = {
    "standardised": (StandardScaler(), 3.0, 0.0, EXACT, X),
    "as they are": (None, 0.5, 0.0, EXACT, X),
    "in a range": (MinMaxScaler(), 1.0, 0.0, EXACT, X),
    "medians": (SimpleImputer(strategy="median"), 1.0, 0.0, EXACT, gappy(X)),
    "words": (encoded(), 1.0, 0.0, EXACT, PENGUINS),
    "lasso": (StandardScaler(), 0.3, 1.0, SAGA, X),
    "elastic net": (MinMaxScaler(), 2.0, 0.5, SAGA, X),
}


def logistic(C, share, **options):
    """A LogisticRegression of a penalty; its parameters had other names before 1.8."""
    new = "penalty" not in LogisticRegression()._get_param_names() or LogisticRegression().penalty == "deprecated"
    names = {} if new else {"penalty": "elasticnet" if share else "l2"}
    return LogisticRegression(C=C, **({"l1_ratio": share} if share or new else {}), **names, **options)


def minimised(pipeline, rows, y, weights):
    """What the classifier of a pipeline minimises, over C and the weight of all rows, by its definition."""
    last, features = pipeline[-1], pipeline[:-1].transform(rows) if len(pipeline) > 1 else rows
    assert np.isfinite(features.toarray() if hasattr(features, "toarray") else np.asarray(features)).all()
    logs = pipeline.predict_log_proba(rows)
    nll = -(weights * logs[np.arange(len(y)), np.searchsorted(last.classes_, y)]).sum()
    share = getattr(last, "l1_ratio", 0) or 0
    penalty = share * abs(last.coef_).sum() + (1 - share) / 2 * (last.coef_**2).sum()
    return (nll + penalty / last.C) / weights.sum()


@pytest.mark.parametrize("classes", [3, 2])
@pytest.mark.parametrize("name", MINIMISED)
def test_the_gap_is_that_of_what_the_classifier_minimised(name, classes):
    prepare, C, share, exact, rows = MINIMISED[name]
    y = (PENGUINS["species"].astype("category").cat.codes.to_numpy() if rows is PENGUINS else Y) % classes
    weights = np.random.default_rng(1).integers(1, 4, len(y)).astype(float)
    if rows is PENGUINS:
        rows = rows.drop(columns="species").assign(sex=rows["sex"].fillna("?"))

    def fitted(**options):
        steps = [*([] if prepare is None else [clone(prepare)]), logistic(C, share, **options)]
        pipeline = make_pipeline(*steps)
        return pipeline.fit(rows, y, **{f"{pipeline.steps[-1][0]}__sample_weight": weights})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        early, late = (
            fitted(**{**exact, "max_iter": 5, "tol": 1e-3, "solver": "saga", "random_state": 0}),
            fitted(**exact),
        )
    least = minimised(late, rows, y, weights)
    for pipeline, most in ((early, np.inf), (late, 1e-5)):
        record = from_sklearn(pipeline, rows, y, weights).fit
        assert record.certified
        np.testing.assert_allclose(record.objective, minimised(pipeline, rows, y, weights), rtol=1e-9)
        assert record.objective - least <= (record.gap + 1e-9) * record.objective
        assert record.gap <= most


@pytest.mark.filterwarnings("ignore::FutureWarning")  # liblinear's case is about to go for more classes
@pytest.mark.parametrize("options", [{"solver": "liblinear"}, {"fit_intercept": False}], ids=str)
def test_no_gap_is_claimed_where_the_intercept_is_another(options):
    theirs = LogisticRegression(**options).fit(X[Y < 2], Y[Y < 2])
    model = from_sklearn(theirs, X[Y < 2], Y[Y < 2])
    assert model.fit.gap is None
    assert np.isnan(model.history[0, 3])
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of attributes and parameters that get other names
@pytest.mark.parametrize("rows", [Y >= 0, Y < 2], ids=["three", "two"])
def test_a_penalty_that_was_chosen_by_cross_validation_is_taken(rows):
    theirs = make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=[0.1, 10.0], cv=3, tol=1e-9)).fit(X[rows], Y[rows])
    model = from_sklearn(theirs, X[rows], Y[rows])
    assert model.fit.options.l2 == pytest.approx((2 if len(theirs.classes_) == 2 else 1) / np.ravel(theirs[-1].C_)[0])
    assert model.fit.gap < 1e-6
    np.testing.assert_allclose(model.predict_proba(X), theirs.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_single_precision_is_taken(kind):
    rows = X.astype(np.float32) if kind == "array" else pd.DataFrame(X, columns=list("abcd"), dtype=np.float32)
    theirs = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, Y)
    np.testing.assert_allclose(from_sklearn(theirs, rows, Y).predict_proba(rows), theirs.predict_proba(rows), atol=1e-5)


CODES = np.random.default_rng(3).integers(0, 4, (150, 2))
LEVELS = {
    "an array": (OneHotEncoder(), CODES),
    "unseen ones are let pass": (OneHotEncoder(handle_unknown="ignore"), CODES),
    "a frame": (OneHotEncoder(drop="first"), pd.DataFrame(CODES, columns=["a", "b"])),
    "some columns": (
        ColumnTransformer([("w", OneHotEncoder(), ["a"]), ("n", StandardScaler(), ["b"])]),
        pd.DataFrame(CODES, columns=["a", "b"]),
    ),
    "by place": (
        ColumnTransformer(
            [("w", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), [1])],
            remainder="passthrough",
        ),
        CODES,
    ),
    "beside numbers": (FeatureUnion([("w", OneHotEncoder()), ("n", StandardScaler())]), CODES),
    "numbers for words": (OrdinalEncoder(), np.array(["x", "y", "z", "w"], object)[CODES]),
}


@pytest.mark.parametrize("name", LEVELS)
def test_integers_that_are_names_of_levels_are_taken(name):
    prepare, rows = LEVELS[name]
    theirs = make_pipeline(clone(prepare), LogisticRegression()).fit(rows, Y)
    model = from_sklearn(theirs, rows, Y)
    np.testing.assert_allclose(model.predict_proba(rows), theirs.predict_proba(rows), atol=1e-12)
    assert model.fit.gap < 0.01


@pytest.mark.parametrize(
    "name", [name for name in TYPED_WORDS if " and strings" not in name and "and bool" not in name]
)
def test_words_of_every_type_come_from_scikit_learn(name):
    rows, y = typed_table(TYPED_WORDS[name], gaps=False)
    words = rows[["word"]]
    theirs = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(words, y)
    found = from_sklearn(theirs, words, y).predict_proba(words)
    np.testing.assert_allclose(found, theirs.predict_proba(words), atol=1e-12)


FOREIGN = {
    "products": (make_pipeline(PolynomialFeatures(2), StandardScaler(), LogisticRegression()), Y, "by up to"),
    "one class against the rest": (
        make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())),
        Y,
        'the last step "onevsrestclassifier" of the pipeline is of type OneVsRestClassifier',
    ),
    "another classifier": (RidgeClassifier(), Y, "the classifier is of type RidgeClassifier"),
    "a search": (GridSearchCV(LogisticRegression(max_iter=1000), {"C": [1.0]}, cv=2), Y, "best_estimator_"),
    "bins": (
        make_pipeline(KBinsDiscretizer(quantile_method="averaged_inverted_cdf"), LogisticRegression()),
        Y,
        "by up to",
    ),
    "other labels": (make_pipeline(StandardScaler(), LogisticRegression()), Y + 5, 'no class "5"'),
    "fewer labels": (LogisticRegression(max_iter=1000), Y % 2, 'labels have no class "2"'),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_pipeline_that_is_no_softmax_regression_is_refused(name):
    theirs, labels, message = FOREIGN[name]
    theirs.fit(X, Y)
    with pytest.raises(sm.UsageError, match=message):
        from_sklearn(theirs, X, labels)


@pytest.mark.parametrize(
    "prepare", [PolynomialFeatures(2), KBinsDiscretizer(quantile_method="averaged_inverted_cdf")], ids=str
)
def test_what_steps_may_do_is_said(prepare):
    theirs = make_pipeline(prepare, StandardScaler(with_mean=False), LogisticRegression(max_iter=1000)).fit(X, Y)
    with pytest.raises(sm.UsageError, match="each numeric column may be shifted and scaled, words one-hot encoded"):
        from_sklearn(theirs, X, Y)


ROWS = pd.DataFrame(X, columns=list("abcd"))
GIVEN = {
    "labels of another order": (ROWS, pd.Series(Y).iloc[::-1], None, "another index than the rows"),
    "weights of another order": (ROWS, Y, pd.Series(1.0, range(150)).iloc[::-1], "another index than the rows"),
    "too few labels": (ROWS, Y[1:], None, "149 labels for 150 rows"),
    "too many weights": (X, Y, np.ones(151), "151 weights for 150 rows"),
    "the name of the labels": (ROWS.assign(y=Y), "y", None, 'y must be an array or a Series, and is of type str: "y"'),
    "the name of the weights": (ROWS, Y, "a", "sample_weight must be an array or a Series"),
    "no labels": (ROWS, None, None, "y must be an array or a Series, and is None"),
    "an iterator": (ROWS, iter(Y), None, "y must be an array or a Series"),
    "a set": (ROWS, {0, 1, 2}, None, "y must be an array or a Series"),
    "a table of labels": (ROWS, pd.DataFrame({"y": Y}), None, "y must be an array or a Series"),
    "labels in columns": (ROWS, np.eye(3)[Y], None, "must have one dimension"),
    "labels of two sorts": (ROWS, np.array([0, "a"] * 75, object), None, "not supported between"),
    "missing labels": (ROWS, pd.Series(Y).where(Y > 0), None, 'no class "nan"'),
    "one weight": (ROWS, Y, 2.0, "sample_weight must be an array or a Series"),
    "weights below zero": (ROWS, Y, -np.ones(150), "Negative"),
    "weights of zero": (ROWS, Y, np.zeros(150), "zero for every row"),
    "missing weights": (ROWS, Y, np.full(150, np.nan), "NaN"),
    "a path": ("iris.csv", Y, None, "the data must be a DataFrame or an array, and are of type str"),
    "no rows": (None, Y, None, "the data must be a DataFrame or an array, and are None"),
    "rows of several lengths": ([[1.0], [1.0, 2.0]], Y, None, "the data must be a DataFrame or an array"),
}


@pytest.mark.parametrize("case", GIVEN)
def test_what_does_not_belong_together_is_refused(case):
    rows, y, weights, message = GIVEN[case]
    theirs = LogisticRegression(max_iter=1000).fit(X, Y)
    with pytest.raises(sm.UsageError, match=message) as failure:
        from_sklearn(theirs, rows, y, weights)
    assert "target=" not in str(failure.value)


def test_a_pipeline_must_be_fitted():
    with pytest.raises(sm.UsageError, match="not fitted"):
        from_sklearn(make_pipeline(StandardScaler(), LogisticRegression()), X, Y)
