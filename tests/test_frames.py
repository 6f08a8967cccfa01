"""A DataFrame: each column is what its type says, and what says the same in a file gives the same model."""

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import smtrain as sm
from smtrain.model.encoder import CategoricalColumn, NumericColumn
from smtrain.sources.cells import TextCells
from smtrain.sources.frame import text_cells
from smtrain.sources.interface import Reading
from smtrain.sources.opening import open_table
from smtrain.sources.typed import text_of

N = 60
LABELS = pd.Series((["p", "q", "r"] * 20)[:N])
ROWS = np.arange(N)


def fitted(column, **options):
    """The one column that a fit keeps of a column of features."""
    model = sm.fit(pd.DataFrame({"f": column, "y": LABELS}), target="y", epochs=2, **options)
    (kept,) = model.encoder.columns
    return kept


WORDS = {
    "digits": (["01", "1", "2"] * 20, ("01", "1", "2")),
    "the word NA": (["NA", "b", "nan"] * 20, ("NA", "b", "nan")),
    "objects of strings": (pd.Series(["1", "2", None] * 20, dtype=object), ("1", "2", None)),
    "strings of pandas": (pd.array(["1", "x", pd.NA] * 20, dtype="string"), ("1", "x", None)),
    "an empty text": (["", "b", "c"] * 20, ("b", "c", None)),
    "categories of numbers": (pd.Categorical([3, 1, None] * 20), ("1", "3", None)),
    "an unused category": (pd.Categorical(["a", "b"] * 30, categories=["a", "b", "z"]), ("a", "b")),
    "booleans": ([True, False] * 30, ("False", "True")),
    "booleans with gaps": (pd.array([True, False, pd.NA] * 20, dtype="boolean"), ("False", "True", None)),
    "objects of booleans": (pd.Series([True, False, None] * 20, dtype=object), ("False", "True", None)),
}


@pytest.mark.parametrize("name", WORDS)
def test_columns_of_words(name):
    cells, levels = WORDS[name]
    column = fitted(cells)
    assert isinstance(column, CategoricalColumn)
    assert column.levels == levels


VALUES = np.where(ROWS % 7 == 0, np.nan, ROWS % 5)
NUMBERS = {
    "int64": (ROWS % 5, ROWS % 5),
    "uint8": ((ROWS % 5).astype(np.uint8), ROWS % 5),
    "float32": (VALUES.astype(np.float32), VALUES),
    "float16": (VALUES.astype(np.float16), VALUES),
    "Int64": (pd.array(pd.Series(VALUES), dtype="Int64"), VALUES),
    "Float64": (pd.array(pd.Series(VALUES), dtype="Float64"), VALUES),
    "objects of integers": (pd.Series([int(x) for x in ROWS % 5], dtype=object), ROWS % 5),
    "objects of numbers": (pd.Series([None if np.isnan(x) else x for x in VALUES], dtype=object), VALUES),
    "decimals": (pd.Series([None if np.isnan(x) else Decimal(int(x)) / 10 for x in VALUES], dtype=object), VALUES / 10),
    "sparse": (pd.arrays.SparseArray(np.where(ROWS % 2, 0.0, ROWS)), np.where(ROWS % 2, 0.0, ROWS)),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_columns_of_numbers(name):
    cells, values = NUMBERS[name]
    column = fitted(cells)
    assert isinstance(column, NumericColumn)
    assert column.mean == pytest.approx(np.nanmean(values), rel=1e-12)
    assert column.missing == bool(np.isnan(values).any())


REFUSED = {
    "dates": (pd.date_range("2024-01-01", periods=N), "a column of dates"),
    "dates with a zone": (pd.date_range("2024-01-01", periods=N, tz="UTC"), "a column of dates"),
    "dates of Python": ([pd.Timestamp("2024-01-01").date()] * N, "a column of dates"),
    "durations": (pd.to_timedelta(ROWS, "D"), "a column of durations"),
    "periods": (pd.period_range("2024-01", periods=N, freq="M"), "a column of periods"),
    "intervals": (pd.interval_range(0, N), "a column of intervals"),
    "complex numbers": (ROWS + 1j, "a column of complex numbers"),
    "bytes": ([b"a", b"b"] * 30, "a column of bytes"),
    "lists": ([[1], [2]] * 30, "objects of type list"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_neither_is_refused_with_the_way_out(name):
    cells, says = REFUSED[name]
    frame = pd.DataFrame({"f": cells, "x": ROWS % 4, "y": LABELS})
    with pytest.raises(sm.DataError, match=says) as refusal:
        sm.fit(frame, target="y")
    assert refusal.value.column == "f"
    assert refusal.value.hint.endswith('drop="f" leaves it out')
    assert sm.fit(frame, target="y", drop=["f"], epochs=1).features == ("x",)


def test_doctor_lists_every_column_that_is_refused_by_its_type():
    cells = {name: cells for name, (cells, _) in REFUSED.items()}
    frame = pd.DataFrame({**cells, "x": ROWS % 4, "y": LABELS})
    for options in ({}, {"categorical": ["bytes"]}, {"numeric": ["lists"]}):
        findings = [one for one in sm.doctor(frame, target="y", **options).findings if one.severity.value == "error"]
        assert [(one.kind, one.column) for one in findings] == [("type", name) for name in REFUSED]
        assert all(
            says.endswith(one.what) or one.what.endswith(says)
            for one, (_, says) in zip(findings, REFUSED.values(), strict=True)
        )
        for one in findings:
            with pytest.raises(sm.DataError) as refusal:
                sm.fit(frame[[one.column, "y"]], target="y")
            assert (refusal.value.what, refusal.value.hint) == (f'column "{one.column}": {one.what}', one.hint)
    found = sm.doctor(frame[["dates", "x", "y"]], categorical=["dates"]).findings
    assert not [one for one in found if one.severity.value == "error"]
    assert [one.kind for one in sm.doctor(frame[["dates", "y"]]).findings if one.severity.value == "error"] == ["type"]


@pytest.mark.parametrize("name", ["dates", "dates with a zone", "dates of Python", "periods"])
def test_dates_are_words_and_labels_if_that_is_asked_for(name):
    cells = REFUSED[name][0][:3]
    texts = tuple(sorted(set(map(str, cells))))
    assert fitted([*cells] * 20, categorical=["f"]).levels == texts
    frame = pd.DataFrame({"x": ROWS % 4, "y": pd.Series([*cells] * 20)})
    if len(texts) > 1:
        assert sm.fit(frame, epochs=1).classes == texts
    with pytest.raises(sm.DataError) as refusal:
        fitted([*cells] * 20)
    assert "categorical=" in refusal.value.hint


def test_a_type_that_the_model_cannot_read_is_told_before_the_rows():
    model = sm.fit(pd.DataFrame({"f": ["u", "v"] * 30, "y": LABELS}), epochs=1)
    for call in (sm.predict, sm.evaluate, sm.predict_proba):
        with pytest.raises(sm.DataError, match="a column of bytes") as refusal:
            call(model, pd.DataFrame({"f": [b"a"] * 3, "y": LABELS[:3]}))
        assert (refusal.value.column, refusal.value.hint) == ("f", "the model was fitted on numbers or words there")


def test_a_mixture_of_objects_is_told_by_its_texts():
    with pytest.raises(sm.DataError, match=r'DataFrame\.iloc\[1\]: column "f": not a number: "a"'):
        fitted(pd.Series([1, "a", 2, 3] * 15, dtype=object))
    assert isinstance(fitted(pd.Series([1, "2", 3.5] * 20, dtype=object)), NumericColumn)


def test_numbers_are_names_if_asked_and_names_numbers():
    assert fitted(ROWS % 3, categorical=["f"]).levels == ("0", "1", "2")
    assert fitted((ROWS % 3) / 2, categorical=["f"]).levels == ("0", "1", "0.5")  # whole ones as integers
    assert fitted(["1", "2.5", None] * 20, numeric=["f"]).mean == pytest.approx(1.75)
    with pytest.raises(sm.DataError, match=r'iloc\[2\]: column "f": not a number: "c"'):
        fitted(["1", "2", "c"] * 20, numeric=["f"])


@pytest.mark.parametrize("number", [np.inf, -np.inf, 1e153])
def test_a_number_too_large_is_told_with_its_place(number):
    with pytest.raises(sm.DataError, match=r'DataFrame\.iloc\[7\]: column "f"'):
        fitted(np.where(ROWS == 7, number, ROWS % 4))


def test_names_of_columns():
    frame = pd.DataFrame({0: ROWS % 4, (1, "a"): ROWS % 3, "y": LABELS})
    assert sm.fit(frame, target="y", epochs=1).features == ("0", "(1, 'a')")
    for columns, says in ((["a", "a", "y"], "two columns are named"), (["a", "", "y"], "column 2 has no name")):
        with pytest.raises(sm.DataError, match=says):
            sm.fit(frame.set_axis(columns, axis=1), target="y")
    with pytest.raises(sm.UsageError, match="several levels"):
        sm.fit(pd.DataFrame(np.eye(3), columns=pd.MultiIndex.from_product([["a"], ["b", "c", "d"]])))


def test_the_index_is_no_column_and_rows_keep_their_order():
    frame = pd.DataFrame({"f": ROWS % 4, "y": LABELS}, index=ROWS[::-1])
    model = sm.fit(frame, target="y", epochs=3)
    np.testing.assert_array_equal(model.W, sm.fit(frame.reset_index(drop=True), target="y", epochs=3).W)
    np.testing.assert_array_equal(sm.predict_proba(model, frame.iloc[::-1]), sm.predict_proba(model, frame)[::-1])


def test_labels_of_every_kind():
    x = {"f": ROWS % 4}
    for labels, classes in (
        (ROWS % 3, (0, 1, 2)),
        (pd.Categorical(["b", "a"] * 30), ("a", "b")),
        ([True, False] * 30, (False, True)),
        (["NA", "b"] * 30, ("NA", "b")),
    ):
        assert sm.fit(pd.DataFrame({**x, "y": labels}), target="y", epochs=1).classes == classes
    with pytest.raises(sm.DataError, match=r"DataFrame\.iloc\[5\]: .*an empty label"):
        sm.fit(pd.DataFrame({**x, "y": np.where(ROWS == 5, None, LABELS)}), target="y")
    skipped = sm.fit(pd.DataFrame({**x, "y": np.where(ROWS == 5, None, LABELS)}), target="y", unlabelled="skip")
    assert skipped.fit.rows == N - 1


# ---- the law: what says the same gives the same ----


def said(model):
    return model.encoder.classes, model.encoder.columns, model.W.tobytes(), model.b.tobytes()


@pytest.mark.parametrize(("name", "target"), [("iris", None), ("penguins", "species"), ("wine-semicolon", None)])
def test_a_file_and_what_pandas_reads_from_it(name, target):
    path = f"sample_data/{name}.csv"
    frame = pd.read_csv(path, sep=";" if "semicolon" in name else ",")
    assert said(sm.fit(frame, target=target, epochs=5)) == said(sm.fit(path, target=target, epochs=5))


def test_every_dtype_of_the_same_numbers_gives_the_same_model(tmp_path):
    rng = np.random.default_rng(0)
    plain = pd.DataFrame(
        {"a": rng.integers(0, 9, 300), "b": rng.integers(0, 50, 300) / 8, "w": rng.choice(["u", "v"], 300)}
    )
    plain["y"] = np.where(plain["a"] + rng.normal(size=300) > 4, "p", "q")
    plain.to_csv(tmp_path / "t.csv", index=False)
    reference = said(sm.fit(str(tmp_path / "t.csv"), target="y"))
    for types in (
        {},
        {"a": "Int64", "b": "Float64", "w": "string"},
        {"a": "float32", "b": "float16", "w": "category", "y": "category"},
        {"a": object, "b": object, "w": object, "y": object},
    ):
        assert said(sm.fit(plain.astype(types), target="y")) == reference


@pytest.mark.parametrize("seed", range(20))
def test_the_cells_of_a_column_are_those_of_a_naive_loop(seed):
    """Codes and levels in the order of first sight, by one cell after another."""
    rng = np.random.default_rng(seed)
    pool = [["a", "b", "", None], [1, 2, None], [1.5, np.nan, 0.1], [True, False]][seed % 4]
    cells = [pool[k] for k in rng.integers(0, len(pool), 30)]
    column = pd.Series(cells, dtype=object if seed % 2 else None)
    if seed % 3 == 0:
        column = column.astype("category")
    levels, codes = [], []
    for cell in column:
        if pd.isna(cell):
            codes.append(-1)
            continue
        text = text_of(cell)
        if text not in levels:
            levels.append(text)
        codes.append(levels.index(text))
    found = text_cells(column)
    assert isinstance(found, TextCells)
    assert (found.codes.tolist(), found.levels) == (codes, levels)


def test_many_rows_come_in_batches():
    rows = 9000
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(rows, 300)), columns=[f"x{j}" for j in range(300)])
    frame["y"] = np.where(frame["x0"] > 0, "p", "q")
    frame.loc[8000, "y"] = ""
    with pytest.raises(sm.DataError, match=r"iloc\[8000\]"):
        sm.fit(frame, target="y", epochs=1)
    model = sm.fit(frame, target="y", epochs=1, unlabelled="skip")
    assert model.fit.rows == rows - 1


WIDTHS = {
    "float16": (np.array([0.1, 2.5, 3], np.float16), ["0.1", "2.5", "3"]),
    "float32": (np.array([0.1, 0.7, 1e-7], np.float32), ["0.1", "0.7", "1e-07"]),
    "float64": (np.array([0.1, 1 / 3, 3]), ["0.1", "0.3333333333333333", "3"]),
    "Float32": (pd.array([0.1, 0.7, None], dtype="Float32"), ["0.1", "0.7", ""]),
    "Float64": (pd.array([0.1, 1 / 3, None], dtype="Float64"), ["0.1", "0.3333333333333333", ""]),
    "float32 of Arrow": (pd.array([0.1, 0.7, None], dtype="float[pyarrow]"), ["0.1", "0.7", ""]),
    "float16 of Arrow": (pd.array(np.array([0.1, 2.5], np.float16), dtype="halffloat[pyarrow]"), ["0.1", "2.5"]),
    "categories": (pd.Categorical(pd.Series([0.1, 0.7, None], dtype="Float32")), ["0.1", "0.7", ""]),
    "sparse": (pd.arrays.SparseArray(np.array([0.1, 0, 0.7], np.float32)), ["0.1", "0", "0.7"]),
    "objects": (np.array([np.float32(0.1), np.float16(0.2), 0.3, 7], object), ["0.1", "0.2", "0.3", "7"]),
    "int8": (np.array([1, -2], np.int8), ["1", "-2"]),
    "uint64": (np.array([2**64 - 1, 0], np.uint64), ["18446744073709551615", "0"]),
    "Int64": (pd.array([1, None], dtype="Int64"), ["1", ""]),
    "bool": ([True, False], ["True", "False"]),
    "boolean": (pd.array([True, None], dtype="boolean"), ["True", ""]),
    "bool of Arrow": (pd.array([True, None], dtype="bool[pyarrow]"), ["True", ""]),
    "dictionary of Arrow": (
        pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["a", None]).dictionary_encode()])),
        ["a", ""],
    ),
    "decimals of Arrow": (pd.array([Decimal("1.50"), None], dtype=pd.ArrowDtype(pa.decimal128(5, 2))), ["1.50", ""]),
}


@pytest.mark.parametrize("name", WIDTHS)
def test_the_text_of_a_cell_has_the_digits_of_its_type_in_a_frame_and_in_parquet(name, tmp_path):
    cells, texts = WIDTHS[name]
    frame = pd.DataFrame({"f": cells, "x": 1})
    assert texts_of(frame) == texts
    if name not in {"sparse", "objects"}:  # which have no type in Parquet
        frame.to_parquet(tmp_path / "t.parquet")
        assert texts_of(tmp_path / "t.parquet") == texts


def texts_of(data):
    """The texts of the first column."""
    texts = []
    for rows in open_table(data, sm.Dialect()).rows((Reading.TEXT, Reading.SKIP)):
        cells = rows.texts(0)
        texts += [[*cells.levels, ""][code] for code in cells.codes]
    return texts


@pytest.mark.parametrize("dtype", ["str", "string", "string[pyarrow]", "category", "float64", "bool"])
def test_the_type_of_a_column_is_told_without_a_look_at_its_cells(dtype, monkeypatch):
    frame = pd.DataFrame({"f": pd.Series([0, 1] * 30).astype(dtype), "y": LABELS})
    monkeypatch.setattr("pandas.api.types.infer_dtype", None)
    assert sm.fit(frame, epochs=1).features


# ---- a cell is its own text, whatever is beside it ----


def objects(*cells):
    return pd.Series([*cells] * (N // len(cells)), dtype=object)


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ((True, 1, "a"), ("1", "True", "a")),
        ((1, True, "a"), ("1", "True", "a")),
        ((1.0, "1", "a"), ("1", "a")),
        ((Decimal("1.0"), Decimal(1), "a"), ("1", "1.0", "a")),
        ((-0.0, 0.0, "a"), ("0", "a")),
        ((None, 2, "a"), ("2", "a", None)),
    ],
)
def test_objects_that_are_equal_and_not_the_same(cells, levels):
    assert fitted(objects(*cells), categorical=["f"]).levels == levels
    classes = sm.fit(
        pd.DataFrame({"x": ROWS % 4, "y": objects(*cells)}), target="y", unlabelled="skip", epochs=1
    ).classes
    assert classes == tuple(level for level in levels if level is not None)


def test_a_prediction_does_not_depend_on_the_objects_beside_it():
    model = sm.fit(pd.DataFrame({"c": ["1", "True"] * 30, "y": ["one", "true"] * 30}), target="y")
    together = sm.predict(model, pd.DataFrame({"c": objects(1, True)}))
    assert together[:2] == ["one", "true"]
    assert sm.predict(model, pd.DataFrame({"c": objects(True, 1)}))[:2] == ["true", "one"]


def test_integers_are_the_same_names_where_a_missing_cell_makes_them_floats():
    model = sm.fit(pd.DataFrame({"zip": [1, 2, 3] * 20, "y": LABELS}), target="y", categorical=["zip"], l2=0.01)
    assert sm.predict(model, pd.DataFrame({"zip": [1, 2, 3, None]}), on_unknown="ignore")[:3] == ["p", "q", "r"]


def test_levels_that_training_did_not_have_are_told():
    model = sm.fit(pd.DataFrame({"c": ["u", "v"] * 30, "y": LABELS}), target="y")
    new = pd.DataFrame({"c": ["u", "w", "w"]})
    with pytest.warns(sm.UnknownLevelWarning, match='"c" in 2 rows'):
        sm.predict(model, new)
    with pytest.warns(sm.UnknownLevelWarning):
        model.predict_proba(new)
    with pytest.raises(sm.DataError, match=r"DataFrame\.iloc\[1\]"):
        model.predict(new, on_unknown="error")
    assert len(model.predict(new, on_unknown="ignore")) == 3
    with pytest.raises(sm.UsageError, match="on_unknown"):
        sm.predict(model, new, on_unknown="no")


@pytest.mark.parametrize(
    "call",
    [
        sm.predict,
        sm.predict_proba,
        sm.evaluate,
        lambda model, rows: sm.explain(model, rows, 1),
        lambda model, rows: sm.compare(model, model, rows),
        sm.Model.predict,
        sm.Model.predict_proba,
        sm.Model.evaluate,
        lambda model, rows: model.explain(rows, 1),
    ],
)
def test_every_function_that_meets_new_levels_warns_at_the_line_of_its_caller(call):
    model = sm.fit(pd.DataFrame({"c": ["u", "v"] * 30, "y": LABELS}), target="y")
    with pytest.warns(sm.UnknownLevelWarning, match='"c" in ') as said:
        call(model, pd.DataFrame({"c": ["u", "w", "w"], "y": LABELS[:3]}))
    assert [one.filename for one in said] == [__file__]


def test_a_fit_warns_of_what_makes_it_other_than_it_seems():
    frame = pd.DataFrame({"x": ROWS % 7, "y": LABELS})
    separated = frame.assign(x=ROWS % len(set(LABELS)))
    texts = frame.assign(price=[f"{i / 7:.5f}" for i in ROWS], name=[f"row {i}" for i in ROWS])
    for call, words in (
        (lambda: sm.fit(frame, target="y", epochs=1, tol=1e-12), "the largest number of epochs: after 1 epoch the"),
        (lambda: sm.fit(separated, target="y", l2=0, tol=1e-6), 'completely separated along "x"'),
        (lambda: sm.fit(texts, target="y"), 'column "price" was ignored: .*numeric="price"'),
    ):
        with pytest.warns(sm.FitWarning, match=words) as said:
            call()
        assert [one.filename for one in said] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error", sm.FitWarning)
        model = sm.fit(texts, target="y", numeric="price")
        assert model.ignored == {"name": "nearly every row has another text: it names the rows"}
        assert sm.fit(frame, target="y", validation=0.3, patience=1).ignored == {}


def test_doctor_says_of_texts_that_are_numbers_what_a_fit_does():
    frame = pd.DataFrame({"x": ROWS % 7, "price": [f"{i / 7:.5f}" for i in ROWS], "one": "1", "y": LABELS})
    left_out = sm.fit(frame, target="y").ignored
    assert list(left_out) == ["price", "one"]
    found = {one.column: one for one in sm.doctor(frame, target="y").findings}
    assert left_out["price"] in found["price"].what
    assert "numeric=" in found["price"].hint
    assert "pandas.to_numeric" in found["price"].hint
    assert found["one"].kind == "constant"
    assert not any(one.kind == "many features" for one in found.values())


@pytest.mark.parametrize("dtype", [float, "Float64", object])
@pytest.mark.parametrize("given", ["inf", np.inf, [np.inf], ["?", "Infinity"], "1e400"])
def test_infinite_numbers_may_mean_missing(dtype, given):
    frame = pd.DataFrame({"x": np.where(ROWS % 9 == 0, np.inf, ROWS % 7), "y": LABELS})
    gaps = frame.assign(x=frame["x"].replace(np.inf, np.nan))
    model = sm.fit(frame.astype({"x": dtype}), target="y", na_values=given)
    np.testing.assert_array_equal(model.W, sm.fit(gaps, target="y").W)
    with pytest.raises(sm.DataError, match="-inf"):
        sm.fit(-frame[["x"]].astype(dtype), frame["y"], na_values=given)


@pytest.mark.parametrize("labels", [[b"a", b"b"], [[1], [2]], [2 + 0j, 1j], pd.to_timedelta([1, 2], "D")])
def test_labels_that_are_no_labels(labels):
    frame = pd.DataFrame({"x": ROWS % 4, "y": pd.Series([*labels] * 30)})
    with pytest.raises(sm.DataError, match="a column of"):
        sm.fit(frame, target="y")
    with pytest.raises(sm.DataError, match="a column of"):
        sm.fit(frame.rename(columns={"y": "f"}).assign(y=LABELS), target="y", categorical=["f"])


def test_numbers_of_python_that_no_float_holds():
    with pytest.raises(sm.DataError, match=r"iloc\[0\].*not a finite number"):
        fitted(objects(10**400, 1, 2))
    with pytest.raises(sm.DataError, match="too many digits"):
        sm.fit(pd.DataFrame({"x": ROWS % 4, "y": objects(10**5000, 1)}), target="y")
    assert fitted(objects(Decimal("sNaN"), Decimal(1), Decimal(2))).missing
    with pytest.raises(sm.DataError, match="not Unicode text"):
        sm.fit(np.c_[ROWS % 4, ROWS % 3], objects("\ud800", "b"))


@pytest.mark.parametrize("name", [None, np.nan, pd.NA, " "])
def test_a_name_that_is_none(name):
    with pytest.raises(sm.DataError, match="column 1 has no name"):
        sm.fit(pd.DataFrame(np.c_[ROWS % 4, ROWS % 3], columns=[name, "c"]).assign(y=LABELS), target="y")


def test_booleans_in_an_array_are_numbers():
    X = np.c_[ROWS % 2 == 0, ROWS % 3 == 0]
    assert sm.fit(X, LABELS).W.tobytes() == sm.fit(X.astype(float), LABELS).W.tobytes()


def test_what_is_looked_for_is_in_the_index():
    frame = pd.DataFrame({"x": ROWS % 4, "v": ROWS % 3, "y": LABELS})
    model = sm.fit(frame, target="y", epochs=1)
    for call in (
        lambda: sm.fit(frame.set_index("y"), target="y"),
        lambda: sm.cross_validate(frame.set_index(["x"]), target="y", groups="x"),
        lambda: model.evaluate(frame.set_index("y")),
        lambda: model.predict(frame.set_index(["y", "x"])),
    ):
        with pytest.raises(sm.SmtrainError, match="reset_index"):
            call()


def test_names_are_given_as_the_frame_has_them():
    """Blanks around names do not count in a header, nor in an argument."""
    frame = pd.DataFrame({" x ": ROWS % 4, "z\t": ROWS % 3, " w": 1.0 + ROWS % 2, " y ": LABELS})
    plain = sm.fit(frame.rename(columns=str.strip), target="y", weight="w", drop=["z"], categorical=["x"], epochs=3)
    same = sm.fit(frame, target=" y ", weight=" w", drop=["z\t"], categorical=" x ", epochs=3)
    assert said(same) == said(plain)
    assert same.predict(frame) == plain.predict(frame)
    with pytest.raises(sm.UsageError, match='there is no column " "'):
        sm.fit(frame, target=" y ", drop=" ")
