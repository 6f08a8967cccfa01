"""A row's prediction has the same bytes whatever rows are beside it, and however the input is cut."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.sources import records
from tests.cli import smtrain

pytestmark = pytest.mark.bits


@pytest.fixture(
    scope="module",
    params=[2, *(pytest.param(K, marks=pytest.mark.slow) for K in (3, 12, 40))],
    ids="{} classes".format,
)
def model_and_rows(request, tmp_path_factory):
    """A model of 23 numbers with gaps and two columns of words, and 211 rows."""
    rng, K = np.random.default_rng(request.param), request.param
    n = 60 * K
    frame = pd.DataFrame(rng.normal(size=(n, 23)) * rng.lognormal(size=23), columns=[f"x{j}" for j in range(23)])
    frame = frame.mask(rng.random(frame.shape) < 0.03)
    frame["word"], frame["place"] = rng.choice(["up", "down", "aside"], n), rng.choice([*"abcdefg"], n)
    frame["y"] = [f"c{k:02}" for k in rng.integers(0, K, n)]
    folder = tmp_path_factory.mktemp("alone")
    model = sm.fit(frame, target="y", epochs=20)
    model.save(str(folder / "model.npz"))
    rows = frame.drop(columns="y").sample(211, replace=True, random_state=0).reset_index(drop=True)
    rows.to_csv(folder / "rows.csv", index=False)
    return model, rows, folder


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 210])
def test_rows_in_groups(model_and_rows, size):
    model, rows, _ = model_and_rows
    whole = sm.predict_proba(model, rows)
    groups = [sm.predict_proba(model, rows[start : start + size]) for start in range(0, len(rows), size)]
    np.testing.assert_array_equal(np.concatenate(groups), whole)


def test_rows_in_another_order_and_among_others(model_and_rows):
    model, rows, _ = model_and_rows
    order = np.random.default_rng(1).permutation(len(rows))
    whole = sm.predict_proba(model, rows)
    np.testing.assert_array_equal(sm.predict_proba(model, rows.iloc[order]), whole[order])
    many = pd.concat([rows.iloc[order[:50]]] * 400 + [rows])
    np.testing.assert_array_equal(sm.predict_proba(model, many)[-len(rows) :], whole)


def test_any_pieces_and_tiles(model_and_rows, monkeypatch):
    model, _, folder = model_and_rows
    path = str(folder / "rows.csv")
    whole = sm.predict_proba(model, path)
    for piece, tile in ((200, 1 << 22), (2000, 1 << 22), (1 << 20, len(model.classes)), (1 << 20, 100)):
        monkeypatch.setattr(records, "FIRST_PIECE", piece)
        monkeypatch.setattr(records, "PIECE", piece)
        monkeypatch.setattr(records, "PIECE_PER_COLUMN", 1)
        monkeypatch.setattr("smtrain.scoring.predict.TILE_LOGITS", tile)
        np.testing.assert_array_equal(sm.predict_proba(model, path), whole)


def test_the_bytes_of_the_command(model_and_rows):
    """predict --proba of every row alone, explain of it, and its NLL."""
    model, rows, folder = model_and_rows
    lines = smtrain("predict", "rows.csv", "--proba", cwd=folder).stdout.splitlines()
    rows.assign(y=model.classes[-1]).to_csv(folder / "labelled.csv", index=False)
    worst = json.loads(smtrain("evaluate", "labelled.csv", "--worst", 211, "--json", cwd=folder).stdout)["worst"]
    nll = {row["row"]: row["nll"] for row in worst}
    for i in (0, 1, 99, 210):
        rows.iloc[[i]].to_csv(folder / "one.csv", index=False)
        assert smtrain("predict", "one.csv", "--proba", cwd=folder).stdout.splitlines() == [lines[0], lines[i + 1]]
        found = json.loads(smtrain("explain", "labelled.csv", "--row", i + 1, "--json", cwd=folder).stdout)
        assert found["s"] == [float(cell) for cell in lines[i + 1].split(",")[1:]]
        assert found["nll"] == nll[i + 1]


@pytest.mark.parametrize("count", [1, 2, 7, 11])
def test_of_equal_probabilities_the_first_classes_are_the_top(model_and_rows, count):
    model, _, folder = model_and_rows
    K = len(model.classes)
    b = np.zeros(K)
    b[-1] = 0.1
    replace(model, W=np.zeros_like(model.W), b=b).save(str(folder / "flat.npz"))
    options = ("--top", count, "--format", "jsonl")
    row = json.loads(smtrain("predict", "rows.csv", "-m", "flat.npz", *options, cwd=folder).stdout.splitlines()[0])
    top = [value for name, value in row.items() if name.startswith("top")]
    assert top == [model.classes[-1], *model.classes[:-1]][:count]
