"""The same jobs in scikit-learn, as its users write them.

    python with_sklearn.py fit CSV TARGET f32|f64 MODEL       read, impute, scale, one-hot, fit, save the pipeline
    python with_sklearn.py arrays CSV TARGET ARRAYS           read, impute, one-hot, scale all, save X in float32 and y
    python with_sklearn.py predict CSV TARGET MODEL OUT       read, label and probabilities, write a CSV
    python with_sklearn.py evaluate CSV TARGET MODEL          read, probabilities, the metrics of `smtrain evaluate`

`fit` prints one JSON line: seconds of each stage, iterations, and the objective reached, mean NLL + |W|² / (2 n).
Two classes have one column w = 2 W of weights in scikit-learn, whose ½ |w|² is twice ½ |W|² of both: hence C = 2.
`evaluate` prints the metrics, all but the calibration error, which scikit-learn does not have.
"""

import time

start = time.perf_counter()

import json
import sys
import warnings
from operator import methodcaller

import joblib
import numpy as np
import pandas as pd


def fit(path, target, precision, output):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    prepared_for(pd.DataFrame(), precision)  # imports
    imported = time.perf_counter()
    frame = pd.read_csv(path)
    y = frame.pop(target)
    read = time.perf_counter()
    preparation = prepared_for(frame, precision)
    X = preparation.fit_transform(frame)
    prepared = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=2.0 if y.nunique() == 2 else 1.0).fit(X, y)
    fitted = time.perf_counter()
    joblib.dump(make_pipeline(preparation, model), output)
    seconds = {"whole": time.perf_counter() - start, "import": imported - start, "read": read - imported}
    seconds |= {"prepare": prepared - read, "fit": fitted - prepared}
    print(
        json.dumps(
            {
                "seconds": seconds,
                "iterations": int(model.n_iter_.max()),
                "converged": bool(model.n_iter_.max() < model.max_iter),
                "objective": objective(model, X, y),
            }
        )
    )


def prepared_for(frame, precision):
    """The steps before the fit."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    numbers = list(frame.select_dtypes("number"))
    words = [name for name in frame if name not in numbers]
    steps = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers)]
    if words:
        steps.append(("words", OneHotEncoder(handle_unknown="ignore"), words))
    dtype = np.float32 if precision == "f32" else np.float64
    return make_pipeline(ColumnTransformer(steps), FunctionTransformer(methodcaller("astype", dtype)))


def arrays(path, target, output):
    frame = pd.read_csv(path)
    y = np.unique(frame.pop(target), return_inverse=True)[1]
    X = prepared_for(frame, "f32").fit_transform(frame)
    X = (X.toarray() if hasattr(X, "toarray") else np.asarray(X)).astype(float)
    # smtrain standardises every column of an array: if these are not already, it minimises another function.
    X -= X.mean(axis=0)
    X /= np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
    np.savez(output, X=X.astype(np.float32), y=y)


def objective(model, X, y):
    """Mean NLL + |W|² / (2 n) in float64."""
    W = model.coef_.astype(float)
    Z = X @ W.T + model.intercept_
    if Z.shape[1] == 1:
        Z, W = np.c_[-Z / 2, Z / 2], np.r_[-W, W] / 2
    codes = np.searchsorted(model.classes_, y)
    nll = (np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(Z)), codes]).mean()
    return float(nll + 0.5 / len(Z) * (W**2).sum())


def predict(path, target, model, output):
    frame = pd.read_csv(path)
    pipeline = joblib.load(model)
    P = pipeline.predict_proba(frame.drop(columns=target))
    names = [f"p({name})" for name in pipeline.classes_]
    answer = pd.DataFrame(P, columns=names)
    answer.insert(0, "prediction", pipeline.classes_[P.argmax(axis=1)])
    answer.to_csv(output, index=False)


def evaluate(path, target, model):
    from sklearn import metrics

    frame = pd.read_csv(path)
    y = frame.pop(target)
    pipeline = joblib.load(model)
    P = pipeline.predict_proba(frame)
    labels = pipeline.classes_
    predicted = labels[P.argmax(axis=1)]
    precision, recall, f1, support = metrics.precision_recall_fscore_support(y, predicted, labels=labels)
    print(
        json.dumps(
            {
                "nll": float(metrics.log_loss(y, P, labels=labels)),
                "accuracy": float(metrics.accuracy_score(y, predicted)),
                "balanced_accuracy": float(metrics.balanced_accuracy_score(y, predicted)),
                "macro_f1": float(f1.mean()),
                "brier": float(metrics.brier_score_loss(y, P, labels=labels, scale_by_half=False)),
                "confusion": metrics.confusion_matrix(y, predicted, labels=labels).tolist(),
                "per_class": [precision.tolist(), recall.tolist(), f1.tolist(), support.tolist()],
            }
        )
    )


if __name__ == "__main__":
    {"fit": fit, "arrays": arrays, "predict": predict, "evaluate": evaluate}[sys.argv[1]](*sys.argv[2:])
