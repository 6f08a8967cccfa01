"""The output of predict, cell by cell, beside a slow writer: the csv and json modules, repr, and Python's loops."""

import csv
import io
import json
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode

CLASSES = ['say "a", b', "50 % of %s", "=1+1", "Ærø\u2028☃😀", "two\nlines", "\\n\x1b\x7f", "-3.5"]
WORDS = ["plain", "=HYPERLINK(1)", '"', "", "a;b,c", "x\ny", "%d", "-12", "🙂", "@x"]
ROWS = 150
KEEP = ("no, %s", "word")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A table of awkward cells, a model of awkward classes that is very sure of many rows, and its probabilities."""
    folder = tmp_path_factory.mktemp("made")
    draw = np.random.default_rng(5)
    frame = pd.DataFrame(draw.normal(size=(ROWS, 2)) * 3, columns=["u", "v"])
    frame["no, %s"] = [str(i) for i in range(ROWS)]
    frame["word"] = draw.choice(WORDS, ROWS)
    frame["class"] = [CLASSES[k] for k in ((np.arctan2(frame.u, frame.v) + np.pi) * 1.11).astype(int)]
    model = sm.fit(frame[["u", "v", "class"]], target="class", l2=0.01)
    model.save(str(folder / "m.npz"))
    frame.to_csv(folder / "t.csv", index=False)
    return folder, frame, model, sm.predict_proba(model, frame)


def slow_columns(model, P, *, proba, top):
    """The names of the output's own columns, and their cells, a row after another: texts and numbers."""
    names = ["prediction"]
    names += [f"p({name})" for name in model.classes] if proba else []
    names += [f"{what}{rank + 1}" for rank in range(top) for what in ("top", "p")]
    rows = []
    for row in P.tolist():
        order = sorted(range(len(row)), key=lambda k: (-row[k], k))[:top]
        best = [cell for k in order for cell in (model.classes[k], row[k])]
        rows.append([model.classes[int(np.argmax(row))], *(row if proba else []), *best])
    return names, rows


def as_text(cell):
    return cell if isinstance(cell, str) else repr(cell)


def safe(cell):
    """A cell with an apostrophe, where a spreadsheet would run it: not the numbers among the texts of these tests."""
    return f"'{cell}" if as_text(cell)[:1] in set("=+-@\t\r") and cell not in {"-12", "-3.5"} else cell


def as_csv(records):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([[as_text(cell) for cell in record] for record in records])
    return out.getvalue()


@pytest.mark.parametrize(("proba", "top", "keep"), [*product([False, True], [0, 1, 3], [False, True])])
@pytest.mark.parametrize("form", ["csv", "csv-safe", "jsonl"])
@pytest.mark.parametrize("cells", [1 << 16, 40])
def test_the_output_is_that_of_a_slow_writer(form, proba, top, keep, cells, made, go, monkeypatch):
    monkeypatch.setattr("smtrain.reports.predictions.BLOCK_CELLS", cells)
    folder, frame, model, P = made
    names, rows = slow_columns(model, P, proba=proba, top=top)
    if keep:
        names, rows = [*KEEP, *names], [[*kept, *own] for kept, own in zip(frame[[*KEEP]].values, rows, strict=True)]
    options = [*(["--proba"] if proba else []), *(["--top", top] if top else [])]
    options += ["--keep", '"no, %s",word'] if keep else []
    options += {"csv": [], "csv-safe": ["--csv-safe"], "jsonl": ["--format", "jsonl"]}[form]
    said = go("predict", folder / "t.csv", "-m", folder / "m.npz", *options, "-o", "out")
    assert not said.out
    found = Path("out").read_bytes().decode()
    if form == "jsonl":
        lines = (json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) for row in rows)
        assert found == "".join(f"{line}\n" for line in lines)
    elif form == "csv":
        assert found == as_csv([names, *rows])
    else:  # every kept cell is quoted anew there, an empty one too
        wanted = as_csv([[safe(cell) for cell in row] for row in [names, *rows]])
        assert list(csv.reader(io.StringIO(found))) == list(csv.reader(io.StringIO(wanted)))


def test_the_rows_have_numbers_of_all_notations(made):
    P = made[3]
    assert ((P < 1e-4) & (P >= 1e-5)).any()
    assert ((P < 1e-5) & (P >= 1e-9)).any()
    assert (P < 1e-9).any()
    assert (P > 0.5).any()


READERS = {
    "csv": lambda path: pd.read_csv(path, dtype=str),
    "jsonl": lambda path: pd.DataFrame(map(json.loads, Path(path).read_text(encoding="utf-8").split("\n")[:-1])),
    "parquet": pd.read_parquet,
}


@pytest.mark.parametrize("digits", [1, 3, 6, 17])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_digits_are_those_of_the_probabilities(form, digits, made, go):
    folder, _, model, P = made
    name = f"out.{form}"
    options = ("--digits", digits, "--format", form, "--proba", "--top", 2, "-o", name)
    go("predict", folder / "t.csv", "-m", folder / "m.npz", *options)
    found = READERS[form](name)
    assert found["prediction"].tolist() == [model.classes[k] for k in P.argmax(axis=1)]
    slow = np.vectorize(lambda p: float(f"{p:.{digits}g}"))
    wanted = {f"p({name})": P[:, k] for k, name in enumerate(model.classes)}
    wanted |= {"p1": P.max(axis=1), "p2": np.sort(P, axis=1)[:, -2]}
    for name, p in wanted.items():
        np.testing.assert_array_equal(found[name].astype(float), slow(p))


def test_all_digits_are_those_without_the_option(made, go):
    folder = made[0]
    line = ("predict", folder / "t.csv", "-m", folder / "m.npz", "--proba")
    assert go(*line, "--digits", 17).out == go(*line).out
    few = go(*line, "--digits", 3).out
    assert "e-05" in few
    assert "0000000" not in few


@pytest.mark.parametrize("digits", ["0", "18", "-1", "x", "2.5"])
def test_digits_that_no_double_has_are_refused(digits, made, go):
    folder = made[0]
    said = go("predict", folder / "t.csv", "-m", folder / "m.npz", "--digits", digits, code=ExitCode.USAGE)
    assert "--digits" in said.err


def test_a_table_without_rows_has_a_header(made, go):
    folder, _, model, _ = made
    Path("none.csv").write_text("u,v\n")
    said = go("predict", "none.csv", "-m", folder / "m.npz", "--proba")
    assert list(csv.reader(io.StringIO(said.out))) == [["prediction", *(f"p({name})" for name in model.classes)]]
