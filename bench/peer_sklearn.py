"""The same job in scikit-learn, as its users write it: read, impute, scale, one-hot, fit, save.

    python bench/peer_sklearn.py CSV TARGET f32|f64

Prints one JSON line: seconds of each stage, iterations, and the objective reached, mean NLL + |W|² / (2 n).
"""

import time

start = time.perf_counter()

import json
import os
import resource
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

imported = time.perf_counter()
path, target, precision = sys.argv[1:4]
frame = pd.read_csv(path)
y = frame.pop(target)
read = time.perf_counter()
numbers = list(frame.select_dtypes("number"))
words = [name for name in frame if name not in numbers]
steps = [("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers)]
if words:
    steps.append(("words", OneHotEncoder(handle_unknown="ignore"), words))
X = ColumnTransformer(steps).fit_transform(frame)
X = X.astype(np.float32) if precision == "f32" else X
prepared = time.perf_counter()
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = LogisticRegression().fit(X, y)
fitted = time.perf_counter()
joblib.dump(model, os.devnull)
done = time.perf_counter()

W = model.coef_.astype(float)
Z = X @ W.T + model.intercept_
if Z.shape[1] == 1:
    Z = np.c_[-Z / 2, Z / 2]
    W = np.r_[-W, W] / 2
codes = np.searchsorted(model.classes_, y)
nll = (np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(Z)), codes]).mean()
print(
    json.dumps(
        {
            "seconds": done - start,
            "stages": {
                "import": imported - start,
                "read": read - imported,
                "prepare": prepared - read,
                "fit": fitted - prepared,
            },
            "iterations": int(model.n_iter_.max()),
            "converged": bool(model.n_iter_.max() < model.max_iter),
            "objective": float(nll + 0.5 / len(Z) * (W**2).sum()),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    )
)
