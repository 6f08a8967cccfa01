"""A small team's project, as the recipes of examples/ expect it: data, options, the model in use."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.cli import clean_environment, smtrain

EXAMPLES = Path(__file__).parents[1] / "examples"
SPECIES = ("adelie", "chinstrap", "gentoo")
HEADER = ["mass", "length", "island", "species"]


def penguins(seed, rows):
    """Rows of three overlapping classes."""
    random = np.random.default_rng(seed)
    y = random.integers(3, size=rows)
    mass = 3700 + 600 * y + random.normal(0, 300, rows)
    length = np.array([38, 49, 47])[y] + random.normal(0, 3, rows)
    island = np.array(["biscoe", "dream", "torgersen"])[random.integers(3, size=rows)]
    return [[f"{a:.1f}", f"{b:.2f}", str(c), SPECIES[k]] for a, b, c, k in zip(mass, length, island, y, strict=True)]


def write(path, rows, header=HEADER):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def rows_of(path):
    return list(csv.reader(io.StringIO(path.read_text())))[1:]


def first_model(folder):
    """The bytes of a model of the rows of the main branch."""
    write(folder / "main.csv", penguins(1, 600))
    smtrain("fit", "main.csv", "-q", "-o", "production.npz", cwd=folder)
    return (folder / "production.npz").read_bytes()


def set_up(folder, production):
    """Sound data, the options, the model in use; and the program in bin/."""
    (folder / "data").mkdir()
    for name, seed, rows in (("main", 1, 600), ("new", 2, 300), ("test", 3, 400)):
        write(folder / "data" / f"{name}.csv", penguins(seed, rows))
    write(folder / "data" / "unlabelled.csv", [row[:3] for row in penguins(4, 50)], HEADER[:3])
    (folder / "production.npz").write_bytes(production)
    (folder / "train.toml").write_bytes((EXAMPLES / "train.toml").read_bytes())
    (folder / "bin").mkdir()
    (folder / "bin" / "smtrain").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m smtrain "$@"\n')
    (folder / "bin" / "smtrain").chmod(0o755)


def run(folder, *command, **more):
    """Run a command in the project, as a CI job would."""
    env = clean_environment(PATH=f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", CI="true", **more)
    return subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
