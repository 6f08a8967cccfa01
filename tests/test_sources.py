"""A source is an interface: rows from anywhere are learned, scored and looked at as those of a CSV file are."""

import random
from pathlib import Path

import numpy as np
import pytest

import smtrain
from smtrain.sources.table import Table

from .lists import Lists

NAMES = ["n", "word", "late", "y"]


def rows_of_a_table(count=700):
    chance = random.Random(3)
    words = ["red", "green", "blue", "NA"]
    return [
        [
            chance.choice(["", f"{chance.gauss(0, 1):.3f}"]),
            chance.choice(words),
            "" if i < 300 else chance.choice("uv"),
            chance.choice("pqr"),
        ]
        for i in range(count)
    ]


@pytest.fixture
def rows():
    return rows_of_a_table()


@pytest.fixture
def path(tmp_path, rows):
    path = tmp_path / "t.csv"
    path.write_text("".join(",".join(row) + "\n" for row in [NAMES, *rows]))
    return str(path)


def saved(model, tmp_path, name):
    model.save(str(tmp_path / name))
    return (tmp_path / name).read_bytes()


@pytest.mark.parametrize("size", [1, 7, 256, 1000])
def test_a_model_of_lists_is_that_of_the_file(tmp_path, rows, path, size):
    here = smtrain.fit(Table(Lists(NAMES, rows, size)), target="y", threads=2)
    there = smtrain.fit(path, target="y")
    assert saved(here, tmp_path, "here.npz") == saved(there, tmp_path, "there.npz")
    np.testing.assert_array_equal(
        smtrain.predict_proba(here, Table(Lists(NAMES, rows, size))), smtrain.predict_proba(here, path)
    )
    evaluated = [smtrain.evaluate(here, data).metrics for data in (Table(Lists(NAMES, rows, size)), path)]
    assert evaluated[0] == pytest.approx(evaluated[1], rel=1e-12, nan_ok=True)


def test_doctor_and_check_say_the_same_of_lists(rows, path):
    model = smtrain.fit(path, target="y")
    rows = [*rows, ["7", "violet", "w", "p"]] * 2
    there = path.replace("t.csv", "u.csv")
    Path(there).write_text("".join(",".join(row) + "\n" for row in [NAMES, *rows]))
    for look in (lambda data: smtrain.check(model, data), lambda data: smtrain.doctor(data, target="y")):
        ours, files = look(Table(Lists(NAMES, rows))).findings, look(there).findings
        assert [(one.what, one.column, one.line) for one in ours] == [(one.what, one.column, one.line) for one in files]


def test_an_error_has_the_number_of_its_row(rows):
    rows[400][0] = "seven"
    with pytest.raises(smtrain.DataError) as caught:
        smtrain.fit(Table(Lists(NAMES, rows)), target="y")
    assert (caught.value.source, caught.value.line, caught.value.column) == ("lists", 402, "n")


def test_a_typed_column_of_digits_is_words(rows):
    for i, row in enumerate(rows):
        row[1] = ["01", "1", "2"][i % 3]
    model = smtrain.fit(Table(Lists(NAMES, rows, typed=["word"])), target="y")
    column = next(column for column in model.encoder.columns if column.name == "word")
    assert column.levels == ("01", "1", "2")
