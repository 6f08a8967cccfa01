"""Make the benchmark files in a folder.

    python bench/make_data.py FOLDER

    wide.csv    581,012 × 54 numbers, 7 classes: ten measurements and two one-hot groups, like a forest survey
    digits.csv  1,797 × 64 numbers, 10 classes: scikit-learn's handwritten digits
    mixed.csv   300,000 × 12, numbers with gaps and three columns of words, 16 classes
    iris.csv    150 × 4 numbers, 3 classes

The made ones are drawn from a softmax model with a fixed seed. Other CSV files in the folder are measured too: their
last column is the target.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits


def draw(logits, rng):
    """Draw a class for each row of logits (n, K)."""
    return (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def wide(rng, n=581_012, K=7):
    """Ten measurements on very different scales, and 4 + 40 zeros and ones."""
    Z = rng.normal(size=(n, 10))
    area, soil = rng.integers(0, 4, n), np.minimum(rng.geometric(0.08, n) - 1, 39)
    y = draw(0.7 * Z @ rng.normal(size=(10, K)) + rng.normal(size=(4, K))[area] + rng.normal(size=(40, K))[soil], rng)
    numbers = np.rint(Z * 10.0 ** rng.integers(0, 4, 10) + 10.0 ** rng.integers(1, 4, 10)).astype(int)
    columns = {f"n{i}": numbers[:, i] for i in range(10)}
    columns |= {f"area{i}": (area == i).astype(int) for i in range(4)} | {
        f"soil{i}": (soil == i).astype(int) for i in range(40)
    }
    return pd.DataFrame(columns | {"label": y + 1})


def mixed(rng, n=300_000, K=16):
    """Nine numbers, some correlated, some with gaps, and words of 3, 12 and 100 levels."""
    Z = rng.normal(size=(n, 9)) @ (np.eye(9) + 0.8 * rng.normal(size=(9, 9)))
    words = [rng.integers(0, levels, n) for levels in (3, 12, 100)]
    logits = 0.5 * Z @ rng.normal(size=(9, K)) + rng.normal(size=K)
    logits += sum(rng.normal(size=(levels, K))[w] for levels, w in zip((3, 12, 100), words, strict=True))
    frame = pd.DataFrame(Z.round(3), columns=[f"n{i}" for i in range(9)])
    for name in ("n1", "n4"):
        frame.loc[rng.random(n) < 0.03, name] = np.nan
    for name, codes in zip(("small", "month", "town"), words, strict=True):
        frame[name] = [f"{name}{code}" for code in codes]
    return frame.assign(label=[f"class{k}" for k in draw(logits, rng)])


def main(folder):
    """Write the files that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    X, y = load_digits(return_X_y=True)
    digits = pd.DataFrame(X.astype(int), columns=[f"p{i}" for i in range(64)]).assign(label=y)
    for name, make in {"wide": wide, "mixed": mixed, "digits": lambda _: digits}.items():
        if not (folder / f"{name}.csv").exists():
            make(np.random.default_rng(0)).to_csv(folder / f"{name}.csv", index=False)
    shutil.copy(Path(__file__).parents[1] / "sample_data" / "iris.csv", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
