"""predict --explain: in each row the columns that pushed most, beside a slow loop over what `explain` says of it."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode

N = 60


@pytest.fixture
def folder(go, tmp_path):
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(N, 2)) * [1, 1e6], columns=["a", 'say "b", 50 %'])
    table["town"] = rng.choice(["Bern", "Chur", "Uri", "Zug"], N, p=[0.5, 0.4, 0.05, 0.05])
    table.loc[::5, "a"] = np.nan
    table.loc[::11, "town"] = None
    table["y"] = rng.choice(["p", "q", "r"], N)
    table.to_csv("t.csv", index=False)
    table.assign(y=np.where(table["y"] == "p", "p", "q")).to_csv("two.csv", index=False)
    go("fit", "t.csv", "-q", "--min-count", 5, "--l2", 0.1, "-o", "m.npz")
    go("fit", "two.csv", "-q", "-o", "two.npz")
    new = table.copy()
    new.loc[3, "town"] = "Oslo"
    new.to_csv("new.csv", index=False)
    return new


def slow(model, table, count):
    """For each row, the columns and what they push, from the explanation of the row, feature by feature."""
    rows = []
    for i in range(len(table)):
        found = model.explain(table, i)
        lead = found.contributions[model.classes[found.first]] - found.contributions[model.classes[found.second]]
        pushes = {column.name: 0.0 for column in model.encoder.columns}
        for part, name in zip(model.encoder.parts, model.features, strict=True):
            pushes[part.column] += lead[name]
        rows.append(sorted(pushes.items(), key=lambda pair: -abs(pair[1]))[:count])
    return rows


READERS = {
    "csv": lambda path: list(csv.DictReader(Path(path).read_text(encoding="utf-8").splitlines(keepends=True))),
    "jsonl": lambda path: list(map(json.loads, Path(path).read_text(encoding="utf-8").splitlines())),
    "parquet": lambda path: pd.read_parquet(path).to_dict("records"),
}


@pytest.mark.filterwarnings("ignore::smtrain.UnknownLevelWarning")
@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize(("name", "cells"), [("m.npz", 40), ("two.npz", 1 << 16)])
def test_every_row_has_the_columns_that_explain_says(name, form, cells, folder, go, monkeypatch):
    monkeypatch.setattr("smtrain.reports.predictions.BLOCK_CELLS", cells)
    options = ["--explain", 2, "--top", 1, "--keep", "town", "--format", form, "-o", f"out.{form}"]
    go("predict", "new.csv", "-m", name, *options)
    found = READERS[form](f"out.{form}")
    assert list(found[0]) == ["town", "prediction", "top1", "p1", "column1", "push1", "column2", "push2"]
    for row, wanted in zip(found, slow(sm.load(name), folder.drop(columns="y"), 2), strict=True):
        for rank, (column, push) in enumerate(wanted, 1):
            assert float(row[f"push{rank}"]) == pytest.approx(push, rel=1e-9, abs=1e-12)
            assert row[f"column{rank}"] == column


def test_the_same_bytes_in_any_pieces_and_alone(folder, go, monkeypatch):
    whole = go("predict", "new.csv", "-m", "m.npz", "--explain", 3).out.splitlines()
    monkeypatch.setattr("smtrain.scoring.predict.TILE_LOGITS", 7)
    assert go("predict", "new.csv", "-m", "m.npz", "--explain", 3, "--threads", 1).out.splitlines() == whole
    folder.iloc[[7]].to_csv("one.csv", index=False)
    assert go("predict", "one.csv", "-m", "m.npz", "--explain", 3).out.splitlines() == [whole[0], whole[8]]


def test_more_than_there_are_columns_digits_and_no_rows(folder, go, tmp_path):
    said = go("predict", "new.csv", "-m", "m.npz", "--explain", 9, "--digits", 2).out
    head, first = list(csv.reader(said.splitlines()))[:2]
    assert head == ["prediction", *(f"{what}{rank}" for rank in (1, 2, 3) for what in ("column", "push"))]
    assert all(len(cell.strip("-0.").replace(".", "").split("e")[0]) <= 2 for cell in first[2::2])
    Path("no.csv").write_text(Path("new.csv").read_text(encoding="utf-8").splitlines()[0] + "\n")
    for form in READERS:
        go("predict", "no.csv", "-m", "m.npz", "--explain", 1, "--format", form, "-o", f"none.{form}")
    assert list(pd.read_parquet("none.parquet").columns) == ["prediction", "column1", "push1"]


def test_names_that_would_be_twice_are_refused(folder, go):
    folder.rename(columns={"town": "push1"}).to_csv("t2.csv", index=False)
    go("fit", "t2.csv", "-q", "-o", "m2.npz")
    go("predict", "t2.csv", "-m", "m2.npz", "--keep", "push1")
    said = go("predict", "t2.csv", "-m", "m2.npz", "--explain", 1, "--keep", "push1", code=ExitCode.USAGE).err
    assert 'a column "push1" of its own' in said


def test_names_are_safe_for_spreadsheets(go, tmp_path):
    table = pd.DataFrame({"=1+1": np.arange(20.0), "y": ["p", "q"] * 10})
    table.to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q")
    assert ",'=1+1," in go("predict", "t.csv", "--explain", 1, "--csv-safe").out.splitlines()[1]
