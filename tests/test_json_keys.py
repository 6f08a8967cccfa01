"""docs/json.md has every key of the documents of all commands, and no other."""

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
    "tests": "METRIC",
    "unseen": "COLUMN",
    "unseen.old": "COLUMN",
    "unseen.new": "COLUMN",
}
# The same of one command; an empty name is that of the key itself.
OWN = {
    "fit": {
        "": "",
        "collinear": "FEATURE",
        "ignored": "COLUMN",
        "missing": "COLUMN",
        "options": "OPTION",
        "rare_classes": "CLASS",
        "test.metrics": "METRIC",
    },
    "cv": {"by_fold[]": "METRIC", "options": "OPTION", "se": "METRIC"},
    "--version": {"libraries": "LIBRARY"},
    "show": {"inference.classes": "CLASS", "inference.classes.CLASS": "TERM", "likelihood.columns": "COLUMN"},
    "explain": {"": ""},
    "gradcheck": {"by_class": "CLASS"},
}
# What is explained elsewhere, or by each finding.
CLOSED = {"findings[].numbers.NUMBER", "options.OPTION", "show fit", "show schema"}


def keys_of(value, command, path=""):
    """The paths of what a document holds; lists of objects have [] behind their key."""
    closed = path in CLOSED or f"{command} {path}" in CLOSED
    if isinstance(value, dict) and value and not closed:
        for name, part in value.items():
            called = (NAMES | OWN.get(command, {})).get(path, name) or name
            called = name if called == "METRIC" and name not in METRICS | CLASS_METRICS else called
            called = name if path == "unseen" and name in {"old", "new"} else called
            yield from keys_of(part, command, f"{path}.{called}".lstrip("."))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from keys_of(part, command, f"{path}[]")
    else:
        yield path


def keys_of_all(documents, command):
    """Those of several documents. What is null or empty in one of them, and not in another, is no key of its own."""
    found = {key for document in documents for key in keys_of(document, command)}
    return {key for key in found if not any(other.startswith((f"{key}.", f"{key}[]")) for other in found)}


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
    frame.loc[10, "word"] = "alone"
    frame.assign(more=1).to_csv(tmp_path / "rows.csv", index=False)
    more = {"gap": frame["x"].where(frame["x"] < 1), "same": frame["x"] * 2, "one": 1, "when": "2024-01-02"}
    frame.assign(**more).to_csv(tmp_path / "fits.csv", index=False)
    frame.assign(y=np.where(frame["x"] > 0, "yes", "no")).to_csv(tmp_path / "apart.csv", index=False)
    sm.fit(str(tmp_path / "apart.csv"), target="y", se=True).save(str(tmp_path / "se.npz"))
    (tmp_path / "costs.csv").write_text("label,no,yes\nno,0,1\nyes,5,0\n")
    return tmp_path


FITTED = "fit fits.csv -t y --unlabelled skip"
LINES = {
    "--version": ["--version"],
    "split": ["split rows.csv -q"],
    "fit": [
        f"{FITTED} --dates when --validation 0.2 --calibrate --test 0.2 --l2 auto --folds 2",
        f"{FITTED} --l1 auto --folds 2",
        "fit apart.csv -t y --l2 0 --epochs 5 --validation apart.csv",
    ],
    "evaluate": ["evaluate rows.csv -m new.npz --worst 2 --cost costs.csv --unlabelled skip --fail-if nll>99"],
    "cv": [
        "cv rows.csv -t y --folds 2 --unlabelled skip --fail-if nll>99",
        "cv apart.csv -t y --folds 2 --cost costs.csv",
    ],
    "compare": ["compare old.npz new.npz rows.csv --unlabelled skip --fail-if nll>99"],
    "doctor": ["doctor rows.csv -t y"],
    "check": ["check rows.csv -m new.npz"],
    "verify": ["verify se.npz apart.csv"],
    "show": ["show new.npz", "show se.npz --se", "show lr.npz --lr"],
    "explain": ["explain rows.csv -m new.npz"],
    "gradcheck": ["gradcheck apart.csv -t y"],
}


@pytest.mark.parametrize("command", LINES)
def test_the_keys_are_those_of_the_page(command, go, folder):
    if command == "show":
        go(*FITTED.replace("fits", "rows").split(), "-q", "--l2", "0", "--lr", "-o", "lr.npz")
    documents = [json.loads(go(*line.split(), "--json", code=None).out) for line in LINES[command]]
    assert keys_of_all(documents, command) == keys_on_the_page(command)


def test_every_command_with_a_document_is_on_the_page():
    import click

    from smtrain.cli.main import COMMANDS, cli

    commands = {name: cli.get_command(click.Context(cli), name) for name in COMMANDS} | {"--version": cli}
    assert {name for name, one in commands.items() if "json" in {p.name for p in one.params}} == set(LINES)


def test_every_metric_and_way_is_explained(go, folder):
    document = json.loads(go(*LINES["evaluate"][0].split(), "--json").out)
    maths = (ROOT / "docs" / "maths.md").read_text().split("## Metrics")[1]
    assert {name for name in METRICS | CLASS_METRICS if f"`{name}`" not in maths} == set()
    assert {way for way in document["decisions"] if f"`{way}`" not in PAGE} == set()
