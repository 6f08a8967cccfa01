"""What docs/python.md says of other programs, as numbers: the same optimum, or the difference that it names.

statsmodels is in the examples of the page, R's multinom in test_published.py. The programs that are no dependency of
the tests run where they are installed.
"""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import smtrain as sm
from smtrain.sklearn import SoftmaxRegression

WINE = load_wine(return_X_y=True)
X, Y = StandardScaler().fit_transform(WINE[0]), WINE[1]
N = len(Y)


def gradient_of_the_nll(X, y, P):
    """Xᵀ (P − Y) (p, K), and its sums for the intercepts (K,)."""
    residual = P - np.eye(P.shape[1])[y]
    return X.T @ residual, residual.sum(axis=0)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_penalties_of_glmnet(alpha):
    """Its documentation: (1/n) Σ NLL + λ ((1 − α)/2 ‖W‖² + α ‖W‖₁), the intercept free, is least here."""
    share = 0.02
    model = sm.fit(X, Y, l2=N * share * (1 - alpha), l1=N * share * alpha, tol=1e-13, epochs=5000)
    slope, free = gradient_of_the_nll(X, Y, model.predict_proba(X))
    W = model.raw_weights[0]
    slope = slope / N + share * (1 - alpha) * W
    np.testing.assert_allclose(free, 0, atol=1e-4)
    np.testing.assert_allclose(slope[W != 0], -share * alpha * np.sign(W[W != 0]), atol=1e-6)
    assert np.abs(slope[W == 0]).max(initial=0) <= share * alpha + 1e-6


def test_liblinear_penalises_the_bias():
    """scikit-learn's copy of it: C Σ NLL + ½ (‖w‖² + b²) is least, so b is not what the rows alone ask for."""
    X, y = load_iris(return_X_y=True)
    X, y = X[y > 0], y[y > 0] - 1
    theirs = LogisticRegression(solver="liblinear", tol=1e-10, C=2.0).fit(X, y)
    slope, free = gradient_of_the_nll(X, y, theirs.predict_proba(X))
    np.testing.assert_allclose(2.0 * slope[:, 1] + theirs.coef_[0], 0, atol=1e-5)
    np.testing.assert_allclose(2.0 * free[1] + theirs.intercept_, 0, atol=1e-5)
    assert abs(free[1]) > 0.1


def test_liblinear_fits_one_class_against_the_rest():
    liblinear = pytest.importorskip("liblinear.liblinearutil")
    theirs = liblinear.train(Y.tolist(), X.tolist(), "-s 0 -c 1 -B 1 -e 1e-8 -q")
    P = np.array(liblinear.predict([], X.tolist(), theirs, "-b 1 -q")[2])[:, np.argsort(theirs.get_labels())]
    ours = np.empty_like(P)
    for k in range(3):
        one = LogisticRegression(solver="liblinear", tol=1e-10).fit(X, k == Y)
        ours[:, k] = one.predict_proba(X)[:, 1]
    np.testing.assert_allclose(P, ours / ours.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_penalty_of_mlpack():
    """Its objective is a mean, and its λ bears on the intercepts, too."""
    mlpack = pytest.importorskip("mlpack")
    share = 0.01
    fitted = mlpack.softmax_regression(training=X, labels=Y, lambda_=share, number_of_classes=3, max_iterations=5000)
    P = mlpack.softmax_regression(input_model=fitted["output_model"], test=X)["probabilities"]
    beside = np.column_stack([X, np.ones(N)])  # a column of ones whose weight is penalised stands for the intercept
    exact = LogisticRegression(C=1 / (N * share), fit_intercept=False, tol=1e-10, solver="newton-cholesky").fit(
        beside, Y
    )
    np.testing.assert_allclose(P, exact.predict_proba(beside), atol=1e-3)
    ours = SoftmaxRegression(l2=N * share).fit(X, Y).predict_proba(X)
    assert np.abs(P - ours).max() > 1e-3


@pytest.mark.filterwarnings("ignore")  # of what its dependencies are about to remove
def test_a_report_of_skore():
    skore = pytest.importorskip("skore")
    report = skore.EstimatorReport(SoftmaxRegression(), X_train=X, y_train=Y, X_test=X, y_test=Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert report.metrics.accuracy() > 0.95
