"""Write a made table: python make_table.py OUT ROWS COLUMNS CLASSES LEVELS.

COLUMNS standard normal numbers; if LEVELS is not 0, also a column of so many words, drawn evenly; and labels of a
softmax model. Every class and, if there are rows enough, every level occurs. A table of more than 100,000 rows repeats
its first 100,000: what is measured does not depend on new numbers.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

BLOCK = 100_000


def table(rows, columns, classes, levels):
    """The first rows, at most BLOCK, or enough for the levels."""
    rng, m = np.random.default_rng(0), min(rows, max(BLOCK, 3 * levels))
    X = rng.normal(size=(m, columns)).round(3)
    frame = pd.DataFrame(X, columns=[f"n{i}" for i in range(columns)])
    Z = X @ rng.normal(size=(columns, classes)) / columns**0.5
    if levels:
        codes = rng.permutation(np.arange(m) % levels)
        frame["word"] = np.char.add("w", codes.astype(str))
        Z += rng.normal(size=(levels, classes))[codes]
    y = (Z + rng.gumbel(size=Z.shape)).argmax(axis=1)
    y[:classes] = np.arange(classes)[:m]
    return frame.assign(label=np.char.add("c", y.astype(str)))


def main(out, rows, columns, classes, levels):
    """Write the table, its block as often as needed."""
    frame = table(rows, columns, classes, levels)
    times, rest = divmod(rows, len(frame))
    text = frame.to_csv(index=False, header=False)
    with Path(out).open("w", encoding="utf-8") as file:
        file.write(",".join(frame.columns) + "\n")
        for _ in range(times):
            file.write(text)
        file.writelines(text.splitlines(keepends=True)[:rest])


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
