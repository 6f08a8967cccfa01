"""The digest of the training data: the same for any way to write or read a table, another for any other cell."""

import csv
import gzip
import hashlib
import json
import struct

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.sources import records
from tests.homes import home_of
from tests.hostile.harness import invoke
from tests.hostile.test_models import Forger

pytestmark = pytest.mark.bits

OPTIONS = {"target": "y", "weight": "v", "epochs": 3}
TWO64 = 1 << 64


@pytest.fixture(scope="module")
def cells():
    """700 rows of texts: numbers with gaps, words, late words, weights, labels."""
    rng = np.random.default_rng(3)
    rows = [["x", "small", "word", "late", "v", "y"]]
    for i in range(700):
        x = "" if rng.random() < 0.1 else f"{rng.normal():.5f}"
        late = "" if i < 300 else str(rng.choice(["p", "q"]))
        words = [
            str(rng.choice(["up", "down", "side, ways"])),
            late,
            str(rng.integers(1, 5)),
            str(rng.choice(["a", "b"])),
        ]
        rows.append([x, str(rng.integers(-3, 3)), *words])
    return rows


def written(cells, path, **dialect):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=dialect.pop("end", "\n"), **dialect).writerows(cells)
    return path


@pytest.fixture
def table(cells, tmp_path):
    return written(cells, tmp_path / "rows.csv")


def digest(data, **options):
    data = str(data) if not isinstance(data, list | pd.DataFrame) else data
    return sm.fit(data, **(OPTIONS | options)).fit.document()["data"]


def column_sum(cells):
    """Σ mix(x_i) r_i modulo 2⁶⁴ in Python's integers, as docs/model-format.md says it."""
    total = 0
    for i, cell in enumerate(cells, 1):
        z = i * 0x9E3779B97F4A7C15 % TWO64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % TWO64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % TWO64
        r = z ^ z >> 31 | 1
        (bits,) = struct.unpack("<Q", struct.pack("<d", cell + 0.0))
        total += (bits ^ bits >> 32) * r
    return f"{total % TWO64:016x}"


def test_it_is_what_the_page_says(cells, table):
    found, rows = digest(table), cells[1:]
    words, late, classes = ["down", "side, ways", "up"], ["p", "q", None], ["a", "b"]
    sums = [
        column_sum([float(row[0]) if row[0] else np.nan for row in rows]),
        column_sum([float(row[1]) for row in rows]),
        column_sum([1.0 + words.index(row[2]) for row in rows]),
        column_sum([1.0 + late.index(row[3] or None) for row in rows]),
    ]
    target, weight = (
        column_sum([float(classes.index(row[5])) for row in rows]),
        column_sum([float(row[4]) for row in rows]),
    )
    kinds = [None, None, words, late]
    document = {
        "rows": 700,
        "columns": [list(one) for one in zip(["x", "small", "word", "late"], kinds, sums, strict=True)],
        "target": ["y", classes, target],
        "weight": ["v", weight],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    assert found == {"sha256": sha256, "columns": sums, "target": target, "weight": weight}


def test_any_form_of_text(cells, table, tmp_path):
    same = digest(table)
    long = [[f"{cell}00e0" if "." in cell else cell for cell in row] for row in cells]
    comma = [[cell.replace(".", ",") if "." in cell else cell for cell in row] for row in cells]
    minus = [["-0" if cell == "0" else cell for cell in row] for row in cells]
    wider = [[*row, "note" if i == 0 else f"n{i}"] for i, row in enumerate(cells)]
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + table.read_bytes().rstrip(b"\n"))
    assert digest(written(cells, tmp_path / "1.csv", end="\r\n", quoting=csv.QUOTE_ALL)) == same
    assert digest(written(long, tmp_path / "2.csv")) == same
    assert digest(written(comma, tmp_path / "3.csv", delimiter=";"), dialect=sm.Dialect(decimal=",")) == same
    assert digest(written(minus, tmp_path / "4.csv")) == same
    assert digest(written([*wider], tmp_path / "5.csv"), drop=("note",)) == same
    assert digest(tmp_path / "rows.csv.gz") == same
    assert digest(tmp_path / "bom.csv") == same
    assert digest(pd.read_csv(table, keep_default_na=False, na_values=[""])) == same


def test_any_way_of_reading(cells, table, tmp_path, monkeypatch):
    same = digest(table)
    halves = [
        str(written(rows, tmp_path / f"{i}.csv")) for i, rows in enumerate([cells[:100], [cells[0], *cells[100:]]])
    ]
    assert digest(halves) == same
    for options in ({"threads": 1}, {"threads": 3}, {"memory": 400 << 20}, {"precision": "float32"}, {"l2": 5.0}):
        assert digest(table, **options) == same
    monkeypatch.setattr(records, "FIRST_PIECE", 100)
    monkeypatch.setattr(records, "PIECE", 1000)
    monkeypatch.setattr(records, "PIECE_PER_COLUMN", 1)
    assert digest(table) == same
    assert digest(table, home=home_of(None, most_rows=256)) == same


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda rows: rows[5].__setitem__(1, "7"), {1}),
        (lambda rows: rows[5].__setitem__(0, "1e-300"), {0}),
        (lambda rows: rows[5].__setitem__(2, "up" if rows[5][2] != "up" else "down"), {2}),
        (lambda rows: rows[400].__setitem__(3, ""), {3}),
        (lambda rows: rows[5].__setitem__(4, "9"), {"weight"}),
        (lambda rows: rows[5].__setitem__(5, "b" if rows[5][5] == "a" else "a"), {"target"}),
    ],
)
def test_any_other_cell(cells, table, tmp_path, change, changed):
    rows = [list(row) for row in cells]
    change(rows)
    one, two = digest(table), digest(written(rows, tmp_path / "changed.csv"))
    names = [*range(4), "target", "weight"]
    sums = [[*found["columns"], found["target"], found["weight"]] for found in (one, two)]
    assert {name for name, a, b in zip(names, *sums, strict=True) if a != b} == changed
    assert one["sha256"] != two["sha256"]


def test_rows_in_another_order(cells, table, tmp_path):
    one, two = digest(table), digest(written([cells[0], *cells[:0:-1]], tmp_path / "turned.csv"))
    assert not set(one["columns"]) & set(two["columns"])


def test_names_and_levels_count(cells, table, tmp_path):
    renamed = [["z", *cells[0][1:]], *cells[1:]]
    levels = [[cell.replace("down", "deep") for cell in row] for row in cells]
    for name, rows in (("1.csv", renamed), ("2.csv", levels)):
        other = digest(written(rows, tmp_path / name))
        assert other["columns"] == digest(table)["columns"]
        assert other["sha256"] != digest(table)["sha256"]


def test_two_signs_do_not_cancel(tmp_path):
    """Sums modulo a power of two lose a top bit that is there twice; hence the mixing."""
    rows = [[f"{x:.3f}", "a" if x > 0 else "b"] for x in np.random.default_rng(0).normal(size=60)]
    one = digest(written([["x", "y"], *rows], tmp_path / "one.csv"), weight=None)
    for row in rows[:2]:
        row[0] = row[0].lstrip("-") if row[0].startswith("-") else f"-{row[0]}"
    two = digest(written([["x", "y"], *rows], tmp_path / "two.csv"), weight=None)
    assert one["columns"] != two["columns"]


def test_show_says_it(table, tmp_path):
    invoke("fit", table.name, "-t", "y", "-q", folder=tmp_path, allowed={0})
    sha256 = digest(table, weight=None, epochs=1000)["sha256"]
    assert f"\ndigest of the data {sha256}\n" in invoke("show", folder=tmp_path).stdout.decode()
    assert invoke("show", "--json", folder=tmp_path).document["fit"]["data"]["sha256"] == sha256


@pytest.mark.parametrize(
    "record",
    [
        5,
        [],
        {},
        {"sha256": "0" * 64, "columns": [], "target": "0" * 16, "weight": None},
        {"sha256": "0" * 63, "columns": ["0" * 16] * 4, "target": "0" * 16, "weight": None},
        {"sha256": "G" * 64, "columns": ["0" * 16] * 4, "target": "0" * 16, "weight": None},
        {"sha256": "0" * 64, "columns": [1] * 4, "target": "0" * 16, "weight": None},
        {"sha256": "0" * 64, "columns": ["0" * 16] * 4, "target": "0" * 16, "weight": "0" * 16},
    ],
)
def test_a_record_that_is_none(tmp_path, record):
    sm.fit("sample_data/iris.csv").save(str(tmp_path / "model.npz"))
    forger = Forger((tmp_path / "model.npz").read_bytes()).meta(lambda meta: meta["fit"].update(data=record))
    (tmp_path / "model.npz").write_bytes(forger.bytes())
    assert "not a valid smtrain model" in invoke("show", folder=tmp_path, allowed={4}).error
