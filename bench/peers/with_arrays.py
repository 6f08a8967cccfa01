"""One fit of arrays by one program, as far as its own tolerance says.

    python with_arrays.py PROGRAM ARRAYS.npz LEVEL WEIGHTS.npz

ARRAYS holds X (n, p), float32 and scaled, and y (n,), codes of classes. LEVEL 1, 2, 3, … is the tolerance 10^-LEVEL,
which means something else to each program. All minimise Σ NLL + ½ ‖W‖². WEIGHTS gets W (p, K) and b (K,), standard
output the seconds of the fit alone, after a small one that loads and compiles.
"""

import sys
import time
import warnings

import numpy as np

warnings.simplefilter("ignore")
MOST = 100_000  # iterations, which none is to be stopped by


def smtrain(X, y, tol):
    from smtrain.sklearn.estimator import SoftmaxRegression

    return scikit(SoftmaxRegression(tol=tol, max_iter=MOST).fit(X, y))


def sklearn(solver):
    def fitted(X, y, tol):
        from sklearn.linear_model import LogisticRegression

        return scikit(LogisticRegression(solver=solver, tol=tol, C=strength(y), max_iter=MOST).fit(X, y))

    return fitted


def intelex(X, y, tol):
    from sklearnex.linear_model import LogisticRegression

    return scikit(LogisticRegression(solver="lbfgs", tol=tol, C=strength(y), max_iter=MOST).fit(X, y))


def cyanure(X, y, tol):
    from cyanure.estimators import Classifier

    model = Classifier(
        loss="multiclass-logistic", penalty="l2", lambda_1=1 / len(X), tol=tol, max_iter=MOST, fit_intercept=True
    ).fit(X, y)
    return model.coef_, np.ravel(model.intercept_)


def adelie(X, y, tol):
    from adelie import glm, grpnet

    K, p = y.max() + 1, X.shape[1]
    path = grpnet(
        np.asfortranarray(X, float), glm.multinomial(np.eye(K)[y]), alpha=0.0,
        lmda_path=[1 / (len(X) * K)], penalty=np.ones(p), early_exit=False, tol=tol, irls_tol=tol, progress_bar=False,
    )  # fmt: skip
    return path.betas.toarray().reshape(-1, p, K)[-1], path.intercepts[-1]


def strength(y):
    """scikit-learn has one column of weights for two classes, with twice the penalty."""
    return 2.0 if y.max() == 1 else 1.0


def scikit(model):
    """W and b of a model as scikit-learn has them."""
    W, b = model.coef_.T.astype(float), np.asarray(model.intercept_, float)
    return (W, b) if W.shape[1] > 1 else (np.c_[-W, W] / 2, np.r_[-b, b] / 2)


PROGRAMS = {
    "smtrain": smtrain,
    "scikit-learn lbfgs": sklearn("lbfgs"),
    "scikit-learn newton-cg": sklearn("newton-cg"),
    "scikit-learn newton-cholesky": sklearn("newton-cholesky"),
    "scikit-learn-intelex": intelex,
    "cyanure": cyanure,
    "adelie": adelie,
}


def main(program, arrays, level, output):
    data = np.load(arrays)
    X, y, fitted = data["X"], data["y"], PROGRAMS[program]
    fitted(X[: 20 * (y.max() + 1)], np.arange(20 * (y.max() + 1)) % (y.max() + 1), 0.1)
    start = time.perf_counter()
    W, b = fitted(X, y, 10.0 ** -int(level))
    seconds = time.perf_counter() - start
    np.savez(output, W=W, b=b)
    print(seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
