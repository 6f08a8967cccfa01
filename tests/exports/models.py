"""Models with everything that an export may stumble over, each with the text of rows for it."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.exports.interface import Numbers

SAMPLES = {
    "iris": {},
    "penguins": {"target": "species"},
    "penguins-raw": {"target": "Species", "drop": ["Sample Number", "Individual ID", "Comments"]},
    "car": {"categorical": ["doors", "persons"]},
    "wine-semicolon": {},
}
# Names and levels that languages have a meaning for, or people write otherwise than programs.
NAMES = [
    'say "so"',
    "it's",
    "a.b",
    "größe",
    "x\ny",
    "select",
    "__proto__",
    "1st",
    " a b ",
    "日本",
    "%s{0}",
    "back\\slash",
]
LEVELS = [
    "",
    "NA",
    "yes",
    "ja, nein",
    "it's",
    '"',
    "constructor",
    "naïve",
    "0.10",
    "line\nend",
    "?*/",
    "𝒳",
    "\\",
    "${x}",
]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def awkward(seed: int = 0, decimal: str = ".", classes: int = 3) -> str:
    """A table with such names and levels; every other column is one of numbers, with gaps."""
    chance = random.Random(seed)
    labels = [f'class "{k}", it\'s' for k in range(classes)]
    lines = [",".join(map(quoted, [*NAMES, "y"]))]
    for i in range(120):
        cells = [
            chance.choice(LEVELS) if j % 2 else chance.choice(["", "-999", *[f"{chance.gauss(1e3, 50):.4g}"] * 8])
            for j in range(len(NAMES))
        ]
        cells = [cell.replace(".", decimal) if j % 2 == 0 else cell for j, cell in enumerate(cells)]
        lines.append(",".join(map(quoted, [*cells, labels[i % classes]])))
    return "\n".join(lines) + "\n"


@cache
def model_of(name: str, folder: str) -> tuple[sm.Model, str]:
    """A model, and the path of a table with its columns."""
    if name in SAMPLES:
        path = f"sample_data/{name}.csv"
        return sm.fit(path, **SAMPLES[name]), path
    path = f"{folder}/{name}.csv"
    comma = "comma" in name
    options = {
        "dialect": sm.Dialect(decimal="," if comma else ".", na_values=("-999", "?*/")),
        "categorical": NAMES[1::2],
    }
    options |= {"min_count": 12} if "rare" in name else {}
    options |= {"calibrate": True, "validation": 0.3} if "calibrated" in name else {}
    options |= {"l1": 3.0} if "sparse" in name else {}
    Path(path).write_text(awkward(len(name), "," if comma else ".", 2 if "two" in name else 3))
    return sm.fit(path, **options), path


ALL = [
    *SAMPLES,
    "awkward",
    "awkward comma",
    "awkward two",
    "awkward rare",
    "awkward calibrated",
    "awkward sparse",
]
# All of them in the slow suite, those that have most in the fast one.
NAMES_OF_MODELS = [
    pytest.param(name, marks=[] if name in {"penguins", "awkward two", "awkward rare"} else pytest.mark.slow)
    for name in ALL
]


def other_rows(portable, count=40):
    """Rows of any levels and gaps, and numbers near and far."""
    chance = random.Random(7)
    for _ in range(count):
        yield {
            column.name: None
            if chance.random() < 0.2
            else column.mean + column.scale * chance.gauss(0, 10 ** chance.randrange(3))
            if isinstance(column, Numbers)
            else chance.choice([*column.levels, "another", "Yes", ""])
            for column in portable.columns
        }


EXTREME = ["large", "small", "deviation of nearly 1", "gaps alone", "levels of any length"]


def extreme(name):
    """Models at the ends of what a model may be."""
    spread = np.linspace(-1, 1, 60) ** 3
    if name == "large":
        frame = pd.DataFrame({"x": spread * 1e152})
    elif name == "small":
        frame = pd.DataFrame({"x": (spread + 0.1) * 1e-49})
    elif name == "deviation of nearly 1":
        frame = pd.DataFrame({"x": 5 + spread / spread.std() * 1.00000002})
    elif name == "gaps alone":
        frame = pd.DataFrame({"x": [None] * 60, "z": spread})
    else:
        frame = pd.DataFrame({"w": ["\nFROM data AS t", "x" * 5000, "FROM data AS t"] * 20})
    words = [one for one in ("x", "w") if one in frame and frame[one].dtype != float]
    return sm.fit(frame, y=["a", "b"] * 20 + ["c"] * 20, categorical=words)


# What `wide` is called with.
SIZES = [
    pytest.param((1000, 3, 3), id="1,000 numbers", marks=pytest.mark.slow),
    pytest.param((3, 10_000, 3), id="10,000 levels", marks=pytest.mark.slow),
    pytest.param((40, 3, 100), id="100 classes"),
    pytest.param((1000, 3, 10), id="1,000 numbers and 10 classes", marks=pytest.mark.slow),
    pytest.param((70, 3, 3, False), id="70 columns of words"),
]


def wide(columns, levels, classes, numbers=True):
    chance = np.random.default_rng(3)
    n = max(3 * classes, 3 * levels, 200)
    frame = {f"x{j}": chance.normal(size=n) for j in range(columns)} if numbers else {}
    if numbers:
        frame["word"] = [f"level {i % levels}" for i in range(n)]
    else:
        frame |= {f"w{j}": chance.choice(["a", "b", "c"], n) for j in range(columns)}
    model = sm.fit(pd.DataFrame(frame), y=[f"c{i % classes}" for i in range(n)], epochs=2)
    assert model.W.any(axis=1).all()
    return model
