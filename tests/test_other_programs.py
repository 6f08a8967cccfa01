"""What docs/migrating.md says of other programs, as numbers: the same optimum, or the difference that it names.

What R's multinom and glmnet, liblinear, mlpack and Vowpal Wabbit make of the sample data is stored: peers/README.md.
Where the page says that a program minimises something else, scikit-learn minimises that, too.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import smtrain as sm
from smtrain.sklearn import SoftmaxRegression

FOLDER = Path(__file__).parent / "peers"
SAMPLES = Path(__file__).parents[1] / "sample_data"
OUTCOMES = {
    name: outcome
    for file in ("in_r.json", "in_python.json")
    for name, outcome in json.loads((FOLDER / file).read_text())["outcomes"].items()
}
NUMBERS = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
EXACT = {"tol": 1e-13, "epochs": 100_000}


# ---- the tables, and what a program says of their rows ----


@cache
def table(name):
    """A table, its target, and the names of its classes in order."""
    frame, target = made(name)
    return frame, target, sorted(frame[target].unique())


def made(name):
    iris = pd.read_csv(SAMPLES / "iris.csv")
    penguins = pd.read_csv(SAMPLES / "penguins.csv").dropna()
    scaled = (penguins[NUMBERS] - penguins[NUMBERS].mean()) / penguins[NUMBERS].std()  # R's scale: n − 1
    glass = pd.read_csv(SAMPLES / "glass-no-header.csv", header=None)
    tables = {
        "iris": (iris, "species"),
        "weighed iris": (iris.assign(w=np.tile([1, 2, 4], 50)), "species"),
        "flowers": (iris[iris["species"] != "setosa"], "species"),
        "words": (penguins[["island", *NUMBERS, "sex"]], "island"),
        "scaled words": (penguins[["island", "sex"]].join(scaled), "island"),
        "species": (penguins[["sex", "body_mass_g", "species"]], "sex"),
        "weighed species": (penguins[["sex", "body_mass_g", "species"]].assign(w=penguins["year"] - 2006), "sex"),
        "scaled mass": (penguins[["sex"]].join(scaled["body_mass_g"]), "sex"),
        "islands": (penguins[["island", *NUMBERS]], "island"),
        "sexes": (penguins[["sex", *NUMBERS]], "sex"),
        "glass": (glass.set_axis([f"V{j}" for j in range(1, 11)], axis=1).astype({"V10": str}), "V10"),
        "car": (pd.read_csv(SAMPLES / "car.csv", dtype=str), "class"),
        "wine": (pd.read_csv(SAMPLES / "wine-semicolon.csv", sep=";"), "cultivar"),
    }
    return tables[name]


def column(frame, term):
    if term == "(Intercept)":
        return np.ones(len(frame))
    name, _, level = term.partition("=")
    return (frame[name] == level).to_numpy(float) if level else frame[name].to_numpy(float)


def design(frame, terms):
    return np.column_stack([column(frame, term) for term in terms])


def coefficients(name, classes):
    """Those of an outcome (p + 1, K), of the columns as they are; those of a class that it leaves out are 0."""
    outcome = OUTCOMES[name]
    nothing = np.zeros(len(outcome["terms"]))
    return np.column_stack([outcome["coefficients"].get(one, nothing) for one in classes])


def theirs(name, data):
    """The probabilities of an outcome: of all rows, or of every tenth."""
    frame, _, classes = table(data)
    if "probabilities" in OUTCOMES[name]:
        return np.array(OUTCOMES[name]["probabilities"])
    return softmax(design(frame, OUTCOMES[name]["terms"]) @ coefficients(name, classes), axis=1)


def fitted(data, **options):
    frame, target, _ = table(data)
    categorical = tuple(frame.columns.drop(target)) if data == "car" else ()
    weight = {"weight": "w"} if "w" in frame else {}
    return sm.fit(frame, target=target, categorical=categorical, **EXACT, **weight, **options)


def difference(name, data, **options):
    """The largest of a probability between an outcome and a fit."""
    P, mine = theirs(name, data), fitted(data, **options).predict_proba(table(data)[0])
    return np.abs(P - (mine[::10] if len(P) < len(mine) else mine)).max()


# ---- where the page has an option ----


def glmnet(alpha, n, two=1):
    """The penalties for its lambda = 0.01."""
    return {"l1": n * 0.01 * alpha, "l2": two * n * 0.01 * (1 - alpha)}


SAME = {
    "multinom, three classes": ("words", {"l2": 0}),
    "multinom, scaled columns": ("scaled words", {"l2": 0}),
    "multinom, two classes": ("species", {"l2": 0}),
    "multinom, weights": ("weighed species", {"l2": 0}),
    **{f"glmnet, iris, alpha {alpha}": ("iris", glmnet(alpha, 150)) for alpha in (0, 0.5, 1)},
    **{f"glmnet, glass, alpha {alpha}": ("glass", glmnet(alpha, 214)) for alpha in (0, 0.5, 1)},
    **{f"glmnet, binomial, alpha {alpha}": ("flowers", glmnet(alpha, 100, 2)) for alpha in (0, 0.5, 1)},
    "glmnet, two classes": ("flowers", glmnet(0.5, 100)),
    "glmnet, weights": ("weighed iris", glmnet(0, 350)),
    "glmnet, a column for each level": ("car", glmnet(0, 1728)),
    **{f"liblinear, ridge, {data}": (data, {"l2": 2 / 2}) for data in ("flowers", "sexes")},
    **{f"liblinear, lasso, {data}": (data, {"l1": 1 / 2}) for data in ("flowers", "sexes")},
    "liblinear, weights": ("sexes", {"l2": 2 / 2, "class_weight": {"male": 3}}),
    **{f"mlpack, no penalty, {data}": (data, {"l2": 0}) for data in ("islands", "sexes")},
    **{f"vw, batch, {data}": (data, {"l2": 2 * 1}) for data in ("flowers", "sexes")},
    "vw, batch, weights": ("sexes", {"l2": 2 * 1, "class_weight": {"male": 3}}),
}
# glmnet and mlpack stop where their own tolerance has it; Vowpal Wabbit has single precision.
WITHIN = {"glmnet": 1e-5, "mlpack": 1e-5, "vw": 2e-4}


@pytest.mark.parametrize("name", SAME)
def test_the_same_optimum(name):
    data, options = SAME[name]
    assert difference(name, data, **options) < WITHIN.get(name.split(",")[0], 1e-6)


# ---- R ----


def test_multinoms_errors_hold_for_columns_of_a_like_scale_only():
    """It inverts the information with a cut at 1.5e-8 of its largest eigenvalue, which unlike scales go below."""
    for name, data, close in (("scaled columns", "scaled words", True), ("three classes", "words", False)):
        outcome = OUTCOMES[f"multinom, {name}"]
        model = fitted(data, l2=0, se=True)
        for label, errors in outcome["errors"].items():
            lines = model.coef("Biscoe", se=True)["error"].loc[label]
            mine = [lines[term.replace("(I", "(i")] for term in outcome["terms"]]
            assert np.allclose(errors, mine, rtol=1e-4) == close
            assert close or errors[0] < mine[0] / 1000


@pytest.mark.parametrize(
    ("name", "data", "decay"),
    [("multinom, decay", "scaled words", 0.5), ("multinom, decay, two classes", "scaled mass", 2)],
)
def test_multinoms_decay_bears_on_intercepts_and_not_on_the_first_class(name, data, decay):
    """Σ NLL + decay ‖B‖², without a half, is least: its gradient is 0."""
    frame, target, classes = table(data)
    residual = theirs(name, data) - (frame[target].to_numpy()[:, None] == classes)
    slope = design(frame, OUTCOMES[name]["terms"]).T @ residual + 2 * decay * coefficients(name, classes)
    np.testing.assert_allclose(slope[:, 1:], 0, atol=1e-4)
    assert np.abs(slope[:, 0]).max() > 0.1


@pytest.mark.filterwarnings("ignore::smtrain.errors.FitWarning")  # of classes that are separated
def test_multinom_stops_early():
    outcome = OUTCOMES["multinom, default stop"]
    assert outcome["convergence"] == 1
    assert outcome["value"] > 214 * fitted("glass", l2=0).fit.nll + 20


def test_glmnet_standardises_a_column_of_a_level():
    assert difference("glmnet, words", "car", **glmnet(0, 1728)) > 0.01


# ---- liblinear, mlpack and Vowpal Wabbit: their objectives, by scikit-learn ----


def standardised(data):
    frame, target, classes = table(data)
    X = StandardScaler().fit_transform(frame.drop(columns=target))
    return X, np.searchsorted(classes, frame[target])


def without_intercept(X, y, C):
    exact = LogisticRegression(C=C, fit_intercept=False, tol=1e-12, solver="newton-cholesky", max_iter=1000)
    return exact.fit(X, y).predict_proba(X)


def with_penalised_intercept(X, y, C):
    """A column of ones, whose weight is penalised, stands for the intercept."""
    return without_intercept(np.column_stack([X, np.ones(len(X))]), y, C)


PENALISED = {
    **{f"liblinear, penalised bias, {data}": (data, 2, 1e-6) for data in ("flowers", "sexes")},
    **{f"liblinear, dual, {data}": (data, 2, 1e-6) for data in ("flowers", "sexes")},
    "mlpack, penalty, iris": ("iris", 1 / 1.5, 1e-5),
    "mlpack, penalty, wine": ("wine", 1 / 1.78, 1e-5),
    "mlpack, penalty, sexes": ("sexes", 2 / 3.33, 1e-5),  # two vectors, as here
    **{f"vw, batch, penalised bias, {data}": (data, 1, 2e-4) for data in ("flowers", "sexes")},
    "vw, descent, flowers": ("flowers", 1 / (100 * 0.01), 5e-4),
}


@pytest.mark.parametrize("name", PENALISED)
def test_the_intercept_is_penalised(name):
    data, C, within = PENALISED[name]
    exact = with_penalised_intercept(*standardised(data), C)
    P = theirs(name, data)
    np.testing.assert_allclose(P, exact[::10] if len(P) < len(exact) else exact, atol=within)
    assert difference(name, data, l2=(2 if P.shape[1] == 2 else 1) / C) > 2 * within


@pytest.mark.parametrize("data", ["flowers", "sexes"])
def test_liblinear_has_no_intercept_unless_told(data):
    P = theirs(f"liblinear, no bias, {data}", data)
    X, y = standardised(data)
    own = softmax(np.column_stack([np.zeros(len(X)), X @ weights_of(f"liblinear, no bias, {data}", data)]), axis=1)
    np.testing.assert_allclose(own, without_intercept(X, y, 2), atol=1e-6)
    np.testing.assert_allclose(P, own, atol=1e-8)


def weights_of(name, data):
    """The weights of the second class of two, of standardised columns."""
    frame, target, classes = table(data)
    return coefficients(name, classes)[1:, 1] * frame.drop(columns=target).std(ddof=0).to_numpy()


def with_free_intercept(X, y, C):
    return LogisticRegression(C=C, tol=1e-12, solver="newton-cholesky").fit(X, y).predict_proba(X)


@pytest.mark.parametrize(
    ("name", "exact", "within"),
    [
        ("liblinear, three classes", with_free_intercept, 1e-6),
        ("vw, three classes", with_penalised_intercept, 2e-4),
    ],
)
def test_one_class_against_the_rest(name, exact, within):
    X, y = standardised("iris")
    each = np.column_stack([exact(X, y == k, 1)[:, 1] for k in range(3)])
    np.testing.assert_allclose(theirs(name, "iris"), (each / each.sum(axis=1, keepdims=True))[::10], atol=within)


@pytest.mark.parametrize("data", ["flowers", "sexes"])
def test_online_updates_and_a_penalty_lead_nowhere(data):
    """The usual updates of Vowpal Wabbit grow small while its penalty goes on: with many passes little is left."""
    assert np.abs(weights_of(f"vw, online, {data}", data)).max() < 0.05
    assert np.abs(weights_of(f"vw, batch, {data}", data)).max() > 2


def test_vowpal_wabbit_holds_rows_out_of_many_passes():
    assert difference("vw, held out", "sexes", l2=2) > 0.01


def test_bfgs_of_vowpal_wabbit_does_not_find_the_optimum_of_l1():
    y = standardised("sexes")[1]
    w = weights_of("vw, batch, l1", "sexes")
    P = theirs("vw, batch, l1", "sexes")
    model = fitted("sexes", l1=1)
    assert np.abs(w).sum() - np.log(P[range(len(y)), y]).sum() > model.fit.objective * len(y) + 1


# ---- scikit-learn's weights, and skore ----


def test_weights_weigh_the_standardisation():
    """With class_weight alone a StandardScaler counts rows; it needs the weights, too."""
    frame, target, _ = table("flowers")
    X, v = frame.drop(columns=target), np.where(frame[target] == "virginica", 3.0, 1.0)
    mine = fitted("flowers", l2=2, class_weight={"virginica": 3}).predict_proba(frame)
    for scaler, close in ((StandardScaler().fit(X, sample_weight=v), True), (StandardScaler().fit(X), False)):
        exact = LogisticRegression(class_weight={"virginica": 3}, tol=1e-12, solver="newton-cholesky")
        P = exact.fit(scaler.transform(X), frame[target]).predict_proba(scaler.transform(X))
        assert np.allclose(P, mine, atol=1e-6) == close


@pytest.mark.filterwarnings("ignore")  # of what its dependencies are about to remove
def test_a_report_of_skore():
    skore = pytest.importorskip("skore")
    X, y = load_wine(return_X_y=True)
    report = skore.EstimatorReport(SoftmaxRegression(), X_train=X, y_train=y, X_test=X, y_test=y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert report.metrics.accuracy() > 0.95
