"""What the scripts of this folder share: the columns as numbers, and the line that they print.

    python with_PROGRAM.py TRAIN TEST TARGET FOLDER

Times are of the whole script up to the trained model, and of the training alone; the rows of TEST are scored after.
"""

import time

START = time.perf_counter()

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass
class Rows:
    """X (n, p) standardised with the training rows' means and deviations; y (n,) codes of `classes`."""

    X: np.ndarray
    y: np.ndarray


def load(train, test, target):
    """Both files: missing numbers as the mean, words as zeros and ones. Returns the rows and the number of classes."""
    frames = [pd.read_csv(path) for path in (train, test)]
    labels = [frame.pop(target) for frame in frames]
    classes = np.unique(labels[0])
    numbers = [name for name, dtype in frames[0].dtypes.items() if pd.api.types.is_numeric_dtype(dtype)]
    means, scales = frames[0][numbers].mean(), frames[0][numbers].std(ddof=0).replace(0, 1)
    words = {name: sorted(frames[0][name].dropna().unique()) for name in frames[0] if name not in numbers}
    found = []
    for frame, y in zip(frames, labels, strict=True):
        parts = [((frame[numbers] - means) / scales).fillna(0).to_numpy()]
        for name, levels in words.items():
            parts.append(pd.get_dummies(pd.Categorical(frame[name], levels), dtype=float).to_numpy())
        found.append(Rows(np.hstack(parts), np.searchsorted(classes, y)))
    return (*found, len(classes))


class Clock:
    """Seconds since the script started, and since the last look."""

    def __init__(self):
        self.begun = time.perf_counter()

    def trained(self):
        """The times up to now, at which the model is trained."""
        now = time.perf_counter()
        return {"whole": now - START, "training": now - self.begun}


def tell(times, P, y):
    """Print the times and the scores of the probabilities P (n, K)."""
    chosen = np.maximum(P[np.arange(len(y)), y], 1e-300)
    scores = {"nll": float(-np.log(chosen).mean()), "accuracy": float((P.argmax(axis=1) == y).mean())}
    print(json.dumps(times | scores))
