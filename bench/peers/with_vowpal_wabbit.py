"""Vowpal Wabbit, one class against the rest with logistic loss, one online pass; see common.py.

It is fed the text files that its users write; writing them counts as preparing, not as training.
"""

import sys
from pathlib import Path

import numpy as np
from common import Clock, load, tell
from vowpalwabbit import Workspace

train, test, K = load(*sys.argv[1:4])
folder = Path(sys.argv[4])


def write(path, rows):
    """The rows in Vowpal Wabbit's format, zeros left out."""
    with path.open("w") as file:
        for x, y in zip(rows.X, rows.y, strict=True):
            (places,) = np.nonzero(x)
            features = " ".join(f"{i}:{value:.6g}" for i, value in zip(places, x[places], strict=True))
            file.write(f"{y + 1} | {features}\n")


for name, rows in {"train": train, "test": test}.items():
    write(folder / f"{name}.vw", rows)
clock = Clock()
options = f"--oaa {K} --loss_function logistic --probabilities --quiet"
Workspace(f"{options} -d {folder}/train.vw -f {folder}/m.vw").finish()
times = clock.trained()
Workspace(f"-t -i {folder}/m.vw -d {folder}/test.vw -p {folder}/p.txt --probabilities --quiet").finish()
lines = [line.split() for line in (folder / "p.txt").read_text().splitlines()]
tell(times, np.array([[float(cell.split(":")[1]) for cell in line] for line in lines]), test.y)
