"""The statement of SQL in SQLite, DuckDB and PostgreSQL, against predict_proba."""

import contextlib
import itertools
import math
import sqlite3

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.exports.golden import golden_of, probabilities
from smtrain.exports.interface import Numbers, Portable
from tests.exports import engines
from tests.exports.models import NAMES_OF_MODELS, SIZES, model_of, other_rows, wide

LARGE = [
    *SIZES,
    pytest.param((1000, 3, 100), id="1,000 numbers and 100 classes", marks=pytest.mark.slow),
    pytest.param((2, 3, 300), id="300 classes", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="module")
def postgresql():
    if engines.programs_of_postgresql() is None:
        pytest.skip("PostgreSQL is not installed: Debian's package is postgresql")
    server = engines.PostgreSQL()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def engine(request):
    return request.getfixturevalue("postgresql") if request.param == "postgresql" else getattr(engines, request.param)


def kinds_of(portable):
    return {column.name: float if isinstance(column, Numbers) else str for column in portable.columns}


def assert_the_same(engine, model, rows):
    portable = Portable.of(model)
    statement = sm.export(model, "sql", keep=("id",)).decode()
    table = [{"id": str(i)} | row for i, row in enumerate(rows)]
    found = sorted(engine(statement, {"id": str} | kinds_of(portable), table), key=lambda row: int(row[0]))
    expected = np.array(probabilities(portable, rows))
    assert np.abs(np.array([row[2:] for row in found], float) - expected).max() < 1e-9
    sure = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 1e-9
    names = np.array(model.encoder.classes)[expected.argmax(axis=1)]
    assert (np.array([row[1] for row in found]) == names)[sure].all()


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_every_database_says_what_predict_says(engine, name, folder):
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    assert_the_same(engine, model, [*golden_of(portable).rows, *other_rows(portable)])


@pytest.mark.filterwarnings("ignore::smtrain.FitWarning")
@pytest.mark.parametrize("size", LARGE)
def test_models_of_any_size(engine, size):
    model = wide(*size)
    rows = golden_of(Portable.of(model)).rows
    assert_the_same(engine, model, rows[:8])


def test_what_is_no_number_has_no_prediction(engine, folder):
    """A number that predict refuses has none in SQL, in every database, and harms no other row."""
    model = sm.fit("sample_data/iris.csv")
    portable = Portable.of(model)
    good = golden_of(portable).rows[0]
    words = [
        "abc",
        "1,5",
        "-",
        "+.",
        "E",
        "1e",
        "1-2",
        "1.2.3",
        "1e5.5",
        "1e-+5",
        "1e5e5",
        "--5",
        "E5",
        "2024-01-01",
        "1 2",
    ]
    cells = [(math.inf, float), (-math.inf, float), (1e200, float), *((word, str) for word in words)]
    for bad, kind in cells:
        rows = [{"id": "0"} | good, {"id": "1"} | good | {"sepal_width": bad}]
        kinds = {"id": str} | kinds_of(portable) | {"sepal_width": kind}
        found = sorted(engine(sm.export(model, "sql", keep=("id",)).decode(), kinds, rows))
        assert all(cell is not None for cell in found[0])
        assert found[1] == ["1", *[None] * 4], bad


def test_numbers_of_any_notation_and_size(engine):
    """Products too small for a number are an error in PostgreSQL."""
    model = sm.fit(pd.DataFrame({"x": [1.0, -1.0] * 9, "z": [1e100, 2e100, 5e100] * 6}), y=["a", "b", "c"] * 6)
    statement = sm.export(model, "sql", keep=("id",)).decode()
    cells = ["1e-300", "-1e-310", "5e-324", "0", "-0.0", "1e-40", "5.", "+.5", "5.E0", " 1e+2 ", "-1E152"]
    rows = [{"id": f"{i:02}", "x": cell, "z": cell} for i, cell in enumerate(cells)]
    found = sorted(engine(statement, {"id": str, "x": str, "z": str}, rows))
    expected = probabilities(Portable.of(model), [dict.fromkeys("xz", float(cell)) for cell in cells])
    assert np.abs(np.array([row[2:] for row in found], float) - expected).max() < 1e-9


def test_nan_and_missing_texts_are_missing(engine):
    model = sm.fit("sample_data/penguins.csv", target="species")
    portable = Portable.of(model)
    good = golden_of(portable).rows[0]
    statement = sm.export(model, "sql", keep=("id",)).decode()
    cells = [(None, float), (None, str), ("", str), (" NA", str)]
    cells += [] if engine is engines.sqlite else [(math.nan, float)]  # SQLite has no NaN
    expected = probabilities(portable, [good | {"body_mass_g": None}])[0]
    for cell, kind in cells:
        kinds = {"id": str} | kinds_of(portable) | {"body_mass_g": kind}
        (found,) = engine(statement, kinds, [{"id": "0"} | good | {"body_mass_g": cell}])
        assert np.abs(np.array(found[2:], float) - expected).max() < 1e-9, cell


def test_a_name_that_is_not_there_is_an_error():
    """SQLite takes a name in quotes that it does not know for a text."""
    model = sm.fit("sample_data/iris.csv")
    kinds = dict.fromkeys(["sepal_length", "sepal_width", "petal_length"], float)
    with pytest.raises(Exception, match="petal_width"):
        engines.sqlite(sm.export(model, "sql").decode(), kinds, [dict.fromkeys(kinds, 1.0)])


def test_names_of_tables_and_dbt():
    model = sm.fit("sample_data/iris.csv")
    assert b'\nFROM "data" AS t' in sm.export(model, "sql", self_test=True)
    assert b'\nFROM "sales"."flowers" AS t' in sm.export(model, "sql", table="sales.flowers", self_test=True)
    assert b'\nFROM "my ""table""" AS t' in sm.export(model, "sql", table='my "table"', self_test=True)
    text = sm.export(model, "sql", table="stg_flowers", dbt=True, self_test=True).decode()
    assert "FROM {% endraw %}{{ ref('stg_flowers') }}{% raw %} AS t" in text
    assert text.startswith("{% raw %}")
    assert text.endswith("{% endraw %}\n")
    assert sm.export(model, "sql", keep=("species", "sepal_width"), self_test=True)
    assert b'ref("it\'s \\n")' in sm.export(model, "sql", table="it's \n", dbt=True)
    for wrong in ({"table": ""}, {"table": "x" * 64}, {"table": "\0"}, {"keep": ("",)}, {"keep": ("id", "id")}):
        with pytest.raises(sm.UsageError, match=r"a name has|too long|of this name"):
            sm.export(model, "sql", **wrong)


def test_names_that_a_database_would_cut_or_has_twice():
    frame = pd.read_csv("sample_data/iris.csv")
    for name, fits in (("x" * 63, True), ("x" * 64, False), ("ä" * 32, False)):
        model = sm.fit(frame.rename(columns={"sepal_width": name}), target="species", epochs=2, tol=1)
        if fits:
            assert sm.export(model, "sql")
        else:
            with pytest.raises(sm.UsageError, match="too long for SQL"):
                sm.export(model, "sql")
    model = sm.fit(frame.rename(columns={"sepal_width": "{% x %}"}), target="species", epochs=2, tol=1)
    with pytest.raises(sm.UsageError, match="have a column of this name"):
        sm.export(model, "sql", keep=("prediction",))
    with pytest.raises(sm.UsageError, match="means something to dbt"):
        sm.export(model, "sql", dbt=True)


@pytest.mark.parametrize("table", ["select", "Order", "qualify", "User", "group", "pivot", "index", "analyze"])
def test_tables_with_words_of_sql_for_names(engine, table):
    model = sm.fit("sample_data/iris.csv", epochs=2, tol=1)
    row = golden_of(Portable.of(model)).rows[0]
    statement = sm.export(model, "sql", table=table, self_test=True).decode()
    (found,) = engine(statement, kinds_of(Portable.of(model)), [row], table.lower())
    assert [*map(float, found[1:])] == pytest.approx(probabilities(Portable.of(model), [row])[0])


def test_names_that_are_one_to_some_databases():
    """SQLite and DuckDB do not tell capital letters from small ones; a part of the statement hides a table."""
    model = sm.fit("sample_data/iris.csv", epochs=2, tol=1)
    for keep in (("Prediction",), ("P(setosa)",), ("id", "ID")):
        with pytest.raises(sm.UsageError, match="have a column of this name"):
            sm.export(model, "sql", keep=keep)
    for table in ("source", "Softmax", "cells_0", "weights_0", "logits", "top_1"):
        with pytest.raises(sm.UsageError, match="a part of the statement has this name"):
            sm.export(model, "sql", table=table)
        assert sm.export(model, "sql", table=f"main.{table}")
        assert sm.export(model, "sql", table=table, dbt=True, self_test=True)
    frame = pd.read_csv("sample_data/iris.csv").rename(columns={"petal_width": "Petal_Length"})
    with pytest.raises(sm.UsageError, match='"petal_length" and "Petal_Length" are one'):
        sm.export(sm.fit(frame, target="species", epochs=2, tol=1), "sql")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::smtrain.FitWarning")
def test_what_postgresql_has_no_columns_for():
    chance = np.random.default_rng(3)
    columns = pd.DataFrame({f"x{j}": chance.normal(size=40) for j in range(1599)})
    words = pd.DataFrame({f"w{j}": chance.choice(["a", "b"], 40) for j in range(800)})
    x = pd.DataFrame({"x": chance.normal(size=2134)})
    fewer, labels = ([f"c{i % K}" for i in range(len(x))] for K in (1066, 1067))
    fits = [sm.fit(columns, y=["a", "b"] * 20, epochs=1), sm.fit(x, y=fewer, epochs=1)]
    assert [len(model.classes) for model in fits] == [2, 1066]
    for model in fits:
        assert sm.export(model, "sql", self_test=True)
    for table, y in ((columns.assign(more=x), ["a", "b"] * 20), (words, ["a", "b"] * 20), (x, labels)):
        with pytest.raises(sm.UsageError, match="too large for SQL: PostgreSQL has tables of 1,600 columns at most"):
            sm.export(sm.fit(table, y=y, epochs=1), "sql")


@pytest.mark.filterwarnings("ignore::smtrain.FitWarning")
def test_rows_that_are_alike_stay_apart(engine):
    """Rows without a key, in more than one part of the columns, with words, some of them no numbers."""
    model = wide(130, 3, 3)
    portable = Portable.of(model)
    row = golden_of(portable).rows[0]
    bad = row | {"x120": "1,5"}
    kinds = kinds_of(portable) | {"x120": str}
    found = engine(sm.export(model, "sql").decode(), kinds, [row, row, bad, row, bad])
    assert sorted(cells[0] is None for cells in found) == [False, False, False, True, True]
    expected = probabilities(portable, [row])[0]
    assert all([*map(float, cells[1:])] == pytest.approx(expected) for cells in found if cells[0])


def steps_of_sqlite(statement, kinds, rows):
    """How many thousands of instructions SQLite takes for a statement."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.execute(engines.create(kinds, "data"))
        marks = ", ".join("?" * len(kinds))
        database.executemany(f"INSERT INTO data VALUES ({marks})", [[row[key] for key in kinds] for row in rows])
        steps = itertools.count()
        database.set_progress_handler(lambda: next(steps) < 0, 1000)
        database.execute(statement).fetchall()
        return next(steps)


def test_the_work_of_sqlite_grows_as_the_rows():
    """It guesses how many rows a part has: a join of parts read one of them for each row of the other."""
    model = sm.fit("sample_data/penguins.csv", target="species")
    portable = Portable.of(model)
    statement = sm.export(model, "sql", keep=("id",)).decode()
    row = {"id": "0"} | golden_of(portable).rows[0]
    few, many = (steps_of_sqlite(statement, {"id": str} | kinds_of(portable), [row] * n) for n in (1000, 4000))
    assert many < 5 * few
