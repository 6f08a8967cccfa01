"""docs/json.md has every key of the documents of `evaluate` and `compare`, and no other."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.scoring.metrics import CLASS_METRICS, METRICS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "json.md").read_text()
# What the keys below a key are names of.
NAMES = {
    "": "METRIC",
    "decisions": "WAY",
    "findings[].numbers": "NUMBER",
    "intervals": "METRIC",
    "metrics": "METRIC",
    "ranking.error": "METRIC",
    "per_class": "CLASS",
    "per_class.CLASS": "METRIC",
    "per_class.CLASS.intervals": "METRIC",
    "reliability.per_class": "CLASS",
    "schema.kinds": "COLUMN",
    "schema.levels": "COLUMN",
    "skipped.labels": "LABEL",
    "unseen": "COLUMN",
    "unseen.old": "COLUMN",
    "unseen.new": "COLUMN",
}


def keys_of(value, path=""):
    """The paths of what a document holds; lists of objects have [] behind their key."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            called = NAMES.get(path, name)
            called = name if called == "METRIC" and name not in METRICS | CLASS_METRICS else called
            called = name if path == "unseen" and name in {"old", "new"} else called
            yield from keys_of(part, f"{path}.{called}".lstrip("."))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from keys_of(part, f"{path}[]")
    else:
        yield path


def keys_on_the_page(command):
    section = PAGE.split(f"## `{command} --json`")[1].split("\n## ")[0]
    return {key for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for key in re.findall(r"`(.+?)`", row)}


@pytest.fixture
def folder(tmp_path):
    """Rows with a new level and labels that are no class, two models that read other columns, and costs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=90), "code": rng.integers(1, 4, 90), "word": rng.choice(["u", "v"], 90)})
    frame["y"] = np.where(frame["x"] + rng.normal(size=90) > 0, "yes", "no")
    old = sm.fit(frame.assign(more=rng.normal(size=90)), target="y", categorical="code")
    sm.fit(frame.assign(word=frame["word"].replace("v", "w")), target="y").save(str(tmp_path / "new.npz"))
    old.save(str(tmp_path / "old.npz"))
    frame.loc[2:5, "word"], frame.loc[7, "y"], frame.loc[8, "y"] = "new", "perhaps", ""
    frame.assign(more=1).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "costs.csv").write_text("label,no,yes\nno,0,1\nyes,5,0\n")
    return tmp_path


LINES = {
    "evaluate": "evaluate rows.csv -m new.npz --worst 2 --cost costs.csv",
    "compare": "compare old.npz new.npz rows.csv",
}


@pytest.mark.parametrize("command", LINES)
def test_the_keys_are_those_of_the_page(command, go, folder):
    document = json.loads(go(*LINES[command].split(), "--unlabelled", "skip", "--fail-if", "nll>99", "--json").out)
    assert set(keys_of(document)) == keys_on_the_page(command)


def test_every_metric_and_way_is_explained(go, folder):
    document = json.loads(go(*LINES["evaluate"].split(), "--unlabelled", "skip", "--json").out)
    maths = (ROOT / "docs" / "maths.md").read_text().split("## Metrics")[1]
    assert {name for name in METRICS | CLASS_METRICS if f"`{name}`" not in maths} == set()
    assert {way for way in document["decisions"] if f"`{way}`" not in PAGE} == set()
