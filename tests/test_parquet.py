"""Parquet files: what says the same as a CSV or a DataFrame gives the same model, and what is damaged is refused."""

import base64
import datetime
import gzip
import io
import pickle
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import smtrain as sm
from smtrain.model.encoder import CategoricalColumn, NumericColumn
from smtrain.model.model import load_model
from smtrain.sources.dialect import Dialect
from smtrain.sources.frame import Frame
from smtrain.sources.interface import Reading
from smtrain.sources.opening import open_table
from smtrain.sources.parquet import columns as arrow
from smtrain.sources.parquet.files import ParquetFile
from smtrain.sources.parquet.gathering import Gathering
from smtrain.sources.parquet.source import BATCH_CELLS, Parquet
from tests.cli import SMTRAIN, clean_environment, smtrain
from tests.hostile import harness

N = 60
ROWS = np.arange(N)
LABELS = (["p", "q", "r"] * 20)[:N]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(arguments):
    return harness.invoke(*arguments, folder=Path.cwd())


def said(model):
    return model.encoder.classes, model.encoder.columns, model.W.tobytes(), model.b.tobytes()


def mixed(rows=300, seed=0):
    """Numbers, words and missing cells; labels that one column tells with noise. All numbers are short in decimals."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": rng.normal(size=rows).round(3),
            "gaps": np.where(rng.random(rows) < 0.1, np.nan, rng.integers(-50, 50, rows) / 8),
            "count": rng.integers(0, 9, rows),
            "word": rng.choice(["u", "v", "with, comma", None], rows),
            "flag": rng.random(rows) < 0.4,
            "big": rng.integers(0, 5, rows) * 2**60 + 1,
        }
    )
    return frame.assign(y=np.where(frame["a"] + rng.normal(size=rows) > 0, "yes", "no"))


# ---- the law: what says the same gives the same ----

SAMPLES = {
    "iris": {},
    "penguins": {"target": "species"},
    "wine-semicolon": {},
    "car": {"categorical": ("doors", "persons")},
    "glass-no-header": {},
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_data_as_text_frame_and_parquet(name, here):
    path, options = Path(__file__).parent.parent / "sample_data" / f"{name}.csv", SAMPLES[name]
    dialect = Dialect(header="no-header" not in name)
    frame = pd.read_csv(path, sep=";" if "semicolon" in name else ",", header=0 if dialect.header else None)
    if not dialect.header:
        frame.columns = [f"c{i}" for i in range(1, frame.shape[1] + 1)]
    frame.to_parquet("t.parquet")
    from_text = said(sm.fit(path, epochs=5, dialect=dialect, **options))
    assert said(sm.fit(frame, epochs=5, **options)) == from_text
    assert said(sm.fit("t.parquet", epochs=5, **options)) == from_text


@pytest.mark.parametrize("seed", range(8))
def test_generated_tables_as_text_frame_and_parquet(seed, here):
    frame = mixed(seed=seed)
    frame.to_csv("t.csv", index=False)
    frame.to_parquet("t.parquet", row_group_size=[None, 7, 64][seed % 3])
    from_text = said(sm.fit("t.csv", epochs=5))
    assert said(sm.fit(frame, epochs=5)) == from_text
    assert said(sm.fit("t.parquet", epochs=5)) == from_text


DTYPES = (
    lambda whole: whole,
    lambda whole: whole.astype("int8"),
    lambda whole: whole.astype("Int64"),
    lambda whole: (whole / 7).astype("float32"),
    lambda whole: whole / 7,
    lambda whole: (whole / 8).astype("float16"),
    lambda whole: whole.astype("Float64"),
    lambda whole: whole.astype("int64[pyarrow]"),
    lambda whole: whole.map(lambda x: Decimal(x) / 8),
    lambda whole: whole.abs().map(dict(enumerate(["a", "b", "01", "1", "NA", ""]))),
    lambda whole: whole.astype("str").astype("category"),
    lambda whole: whole.astype("str").astype("string"),
    lambda whole: whole > 0,
    lambda whole: (whole > 0).astype("boolean"),
)


@pytest.mark.parametrize("seed", range(20))
def test_generated_dtypes_as_frame_and_parquet(seed, here):
    """Types, gaps, row groups, batches and threads by chance."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(20, 400))
    frame = pd.DataFrame()
    for j, kind in enumerate(rng.integers(0, len(DTYPES), 8)):
        cells = DTYPES[kind](pd.Series(rng.integers(-5, 6, rows)))
        gaps = rng.random(rows) < rng.choice([0, 0.1, 0.9, 1])
        plain = cells.dtype in (np.dtype("int64"), np.dtype("int8"), np.dtype(bool))
        frame[f"c{j}"] = cells if plain else cells.mask(pd.Series(gaps))
    frame["y"] = rng.choice(["p", "q", "r"], rows)
    frame.to_parquet("t.parquet", row_group_size=int(rng.integers(1, rows + 1)), use_dictionary=bool(seed % 2))
    table = open_table("t.parquet", Dialect(), fitting=True, piece=int(rng.integers(1, 5000)))
    threads = int(rng.integers(1, 4))
    assert said(sm.fit(table, epochs=2, threads=threads)) == said(sm.fit(frame, epochs=2))


def test_how_it_is_stored_and_read_changes_no_byte(here):
    frame = mixed(1000)
    frame.to_parquet("whole.parquet")
    reference = said(sm.fit("whole.parquet", epochs=5))
    for options in (
        {"row_group_size": 1},
        {"row_group_size": 37, "compression": "zstd"},
        {"use_dictionary": False, "compression": "gzip"},
        {"data_page_version": "2.0", "data_page_size": 100, "write_page_checksum": True},
        {"write_statistics": False, "store_schema": False, "compression": "none"},
    ):
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), "other.parquet", **options)
        assert said(sm.fit("other.parquet", epochs=5)) == reference, options
    cuts = [0, 1, 400, 400, 1000]
    parts = [f"part{k}.parquet" for k in range(4)]
    for part, start, end in zip(parts, cuts[:-1], cuts[1:], strict=True):
        frame[start:end].to_parquet(part, row_group_size=150)
    assert said(sm.fit(parts, epochs=5)) == reference
    for threads in (1, 3):
        for piece in (1, 999, 1 << 20):
            table = open_table("whole.parquet", Dialect(), fitting=True, piece=piece)
            assert said(sm.fit(table, epochs=5, threads=threads)) == reference


def test_the_same_with_every_kind_of_fit(here):
    frame = mixed(500).assign(weight=np.random.default_rng(5).integers(1, 5, 500))[
        ["weight", "a", "gaps", "count", "word", "flag", "y"]
    ]
    frame.loc[[3, 200], "y"] = None
    frame.to_csv("t.csv", index=False)
    frame.to_parquet("t.parquet", row_group_size=41)
    mixed(90, seed=9).to_csv("v.csv", index=False)
    mixed(90, seed=9).to_parquet("v.parquet")
    common = {"weight": "weight", "unlabelled": "skip", "epochs": 4}
    for options in ({"validation": "v"}, {"validation": 0.2}, {"l1": 0.01}, {"class_weight": "balanced"}):
        models = []
        for ending in ("csv", "parquet"):
            validation = options.get("validation")
            own = {"validation": f"v.{ending}"} if validation == "v" else {}
            models.append(said(sm.fit(f"t.{ending}", **common | options | own)))
        assert models[0] == models[1], options


# ---- types ----

MEANINGS = {
    "int8": (pa.array(ROWS % 5, pa.int8()), ROWS % 5),
    "uint64": (pa.array(ROWS % 5, pa.uint64()), ROWS % 5),
    "integers with nulls": (pa.array([None if i % 7 == 0 else i % 5 for i in range(N)]), None),
    "integers beyond 2^53": (pa.array([2**53 + 1 + i % 3 * 2**52 for i in range(N)]), None),
    "unsigned integers beyond 2^63": (pa.array([2**64 - 1 - (i % 3) * 2**50 for i in range(N)], pa.uint64()), None),
    "float16": (pa.array((ROWS % 5).astype(np.float16)), ROWS % 5),
    "float32": (pa.array((ROWS % 5 / 7).astype(np.float32)), (ROWS % 5 / 7).astype(np.float32)),
    "double with NaN": (pa.array(np.where(ROWS % 7, ROWS % 5, np.nan)), None),
    "decimals": (pa.array([Decimal(i % 7) / 10 for i in range(N)], pa.decimal128(5, 1)), ROWS % 7 / 10),
    "decimals of 32 bits": (pa.array([Decimal(i % 7) / 10 for i in range(N)], pa.decimal32(5, 1)), ROWS % 7 / 10),
    "decimals with nulls": (
        pa.array([None if i % 7 == 0 else Decimal(i) for i in range(N)], pa.decimal256(60, 3)),
        None,
    ),
    "strings": (pa.array(["01", "NA", None] * 20), ("01", "NA", None)),
    "an empty text": (pa.array(["", "b", "c"] * 20), ("b", "c", None)),
    "large strings": (pa.array(["x", "y"] * 30, pa.large_string()), ("x", "y")),
    "views of strings": (pa.array(["x", "y"] * 30, pa.string_view()), ("x", "y")),
    "a dictionary": (pa.array(["b", "a", None] * 20).dictionary_encode(), ("a", "b", None)),
    "booleans": (pa.array([True, False, None] * 20), ("False", "True", None)),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_what_types_mean(name, here):
    cells, means = MEANINGS[name]
    try:
        pq.write_table(pa.table({"f": cells, "x": ROWS % 4, "y": LABELS}), "t.parquet")
    except pa.ArrowNotImplementedError as error:  # small decimals, by an old pyarrow
        pytest.skip(str(error))
    column, _ = sm.fit("t.parquet", epochs=1).encoder.columns
    if isinstance(means, tuple):
        assert isinstance(column, CategoricalColumn)
        assert column.levels == means
        return
    assert isinstance(column, NumericColumn)
    values = [float("nan") if v is None else float(v) for v in cells.to_pylist()] if means is None else means
    assert column.mean == pytest.approx(np.nanmean(np.asarray(values, float)), rel=1e-12)
    assert column.missing == bool(np.isnan(np.asarray(values, float)).any())


MOMENT = datetime.datetime(2024, 5, 17, 12, 30, tzinfo=datetime.UTC)
REFUSED = {
    "dates": (pa.array([MOMENT.date()] * N), "a column of dates"),
    "moments": (pa.array([MOMENT] * N), "a column of dates"),
    "nanoseconds": (pa.array([MOMENT] * N, pa.timestamp("ns")), "a column of dates"),
    "times": (pa.array([MOMENT.time()] * N), "a column of times of the day"),
    "durations": (pa.array([datetime.timedelta(1)] * N), "a column of durations"),
    "bytes": (pa.array([b"a"] * N), "a column of bytes"),
    "bytes of one length": (pa.array([b"a"] * N, pa.binary(1)), "a column of bytes"),
    "lists": (pa.array([[1]] * N), "a column of nested values"),
    "records": (pa.array([{"a": 1}] * N), "a column of nested values"),
    "maps": (pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int8())), "a column of nested values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_neither_is_refused_with_the_way_out(name, here):
    cells, says = REFUSED[name]
    pq.write_table(pa.table({"f": cells, "x": ROWS % 4, "y": LABELS}), "t.parquet")
    with pytest.raises(sm.DataError, match=says) as refusal:
        sm.fit("t.parquet")
    assert refusal.value.column == "f"
    assert refusal.value.hint.endswith('drop="f" leaves it out')
    assert sm.fit("t.parquet", drop=["f"], epochs=1).features == ("x",)
    told = invoke(["fit", "t.parquet", "--target", "f"]) if "times" not in says and "dates" not in says else None
    assert told is None or (told.code == 3 and says in told.stderr)


def whole(numbers, kind):
    """Whole numbers as values of another type of the same width."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.array(numbers, width).view(kind)


# What Python has no value for, or loses digits of; the texts are those of ISO 8601, with a blank for the T.
TIMES = {
    "days beyond the year 9999": (whole([0, 2932897, None], pa.date32()), ["1970-01-01", "10000-01-01", ""]),
    "milliseconds of days": (whole([0, 2932897 * 86_400_000], pa.date64()), ["1970-01-01", "10000-01-01"]),
    "moments beyond the year 9999": (
        whole([1, 253402300800], pa.timestamp("s")),
        ["1970-01-01 00:00:01", "10000-01-01 00:00:00"],
    ),
    "moments of nanoseconds": (
        whole([0, 1, 1000], pa.timestamp("ns")),
        ["1970-01-01 00:00:00", "1970-01-01 00:00:00.000000001", "1970-01-01 00:00:00.000001"],
    ),
    "moments in a zone": (
        whole([0, 7_776_000_000 * 2], pa.timestamp("ms", "Europe/Berlin")),
        ["1970-01-01 01:00:00+01:00", "1970-06-30 01:00:00+01:00"],
    ),
    "moments beyond the year 9999 in UTC": (
        whole([253402300800], pa.timestamp("s", "UTC")),
        ["10000-01-01 00:00:00+00:00"],
    ),
    "moments at a distance from UTC": (whole([0], pa.timestamp("us", "-03:30")), ["1969-12-31 20:30:00-03:30"]),
    "times of nanoseconds": (
        whole([0, 1, 2, 1500, 86_399_999_999_999], pa.time64("ns")),
        ["00:00:00", "00:00:00.000000001", "00:00:00.000000002", "00:00:00.000001500", "23:59:59.999999999"],
    ),
    "times of milliseconds": (whole([0, 500, None], pa.time32("ms")), ["00:00:00", "00:00:00.500000", ""]),
}


@pytest.mark.parametrize("name", TIMES)
def test_dates_and_times_have_all_their_digits(name, here):
    cells, texts = TIMES[name]
    rows = len(texts)
    pq.write_table(pa.table({"t": cells, "x": np.arange(rows), "y": LABELS[:rows]}), "t.parquet")
    (batch,) = Parquet(["t.parquet"], Dialect()).batches()
    assert list(batch.cells(0)) == texts
    coded = arrow.text_cells(cells.dictionary_encode())
    assert [[*coded.levels, ""][code] for code in coded.codes] == texts


@pytest.mark.parametrize("name", TIMES)
def test_dates_and_times_of_a_frame_have_the_texts_of_the_file(name, here):
    cells, texts = TIMES[name]
    frame = pd.DataFrame({"t": pd.arrays.ArrowExtensionArray(pa.chunked_array([cells]))})
    (batch,) = Frame(frame, Dialect()).batches()
    assert list(batch.cells(0)) == texts


NO_TEXTS = {
    "a time zone that is not known": (whole([0] * N, pa.timestamp("us", "Mars/Olympus")), "dates in a time zone"),
    "durations": (pa.array([datetime.timedelta(1)] * N), "durations"),
    "bytes": (pa.array([b"a"] * N), "bytes"),
    "lists": (pa.array([[1]] * N), "nested values"),
}


@pytest.mark.parametrize("name", NO_TEXTS)
def test_a_type_without_texts_is_refused_before_a_line_is_out(name, here):
    cells, says = NO_TEXTS[name]
    pq.write_table(pa.table({"f": ["u", "v"] * 30, "x": ROWS % 4, "y": LABELS}), "words.parquet")
    pq.write_table(pa.table({"f": cells, "x": ROWS % 4, "y": LABELS}), "t.parquet")
    assert invoke(["fit", "words.parquet"]).code == 0
    for arguments, hint in (
        (["fit", "t.parquet", "--categorical", "f"], "--drop f leaves it out"),
        (["fit", "t.parquet", "--target", "f"], "--drop f leaves it out"),
        (["predict", "t.parquet"], "was fitted on numbers or words there"),
        (["predict", "t.parquet", "-o", "out.parquet"], "was fitted on numbers or words there"),
        (["evaluate", "t.parquet"], "was fitted on numbers or words there"),
    ):
        outcome = invoke(arguments)
        assert (outcome.code, outcome.stdout) == (3, b""), arguments
        assert f'smtrain: error: t.parquet: column "f": a column of {says}' in outcome.stderr, arguments
        assert hint in outcome.stderr, arguments
    assert invoke(["fit", "t.parquet", "--drop", "f"]).code == 0
    outcome = invoke(["predict", "t.parquet", "--keep", "f"])
    assert (outcome.code, outcome.stdout) == (3, b"")
    assert "-o FILE.parquet keeps it as it is" in outcome.stderr
    assert invoke(["predict", "t.parquet", "--keep", "f", "-o", "out.parquet"]).code == 0
    assert pq.read_table("out.parquet")["f"].combine_chunks().equals(cells)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (whole([0, 86_400_000_000_005], pa.time64("ns")), "a time that is none of the day"),
        (whole([0, 2**40], pa.timestamp("s", "Europe/Berlin")), "a year that is not known in Europe/Berlin"),
    ],
)
def test_a_value_without_a_text_is_told_with_its_row(cells, says, here):
    pq.write_table(pa.table({"f": cells, "y": ["p", "q"]}), "t.parquet")
    outcome = invoke(["fit", "t.parquet", "--categorical", "f"])
    assert outcome.code == 3
    assert outcome.error == f'smtrain: error: t.parquet row 2: column "f": {says}'


def test_dates_are_words_if_that_is_asked_for_and_a_column_of_nulls_is_left_out(here):
    days = [datetime.date(2024, 5, 1 + i % 3) for i in range(N)]
    table = pa.table({"day": days, "none": pa.nulls(N), "x": ROWS % 4, "y": LABELS})
    pq.write_table(table, "t.parquet")
    table.to_pandas().to_csv("t.csv", index=False)
    model = sm.fit("t.parquet", categorical=["day"], epochs=2)
    assert model.encoder.columns[0].levels == ("2024-05-01", "2024-05-02", "2024-05-03")
    assert said(model) == said(sm.fit("t.csv", categorical=["day"], epochs=2))
    assert [name for name, _ in model.encoder.ignored] == ["none"]


PANDAS = {
    "int64": ([1, 2, 3], NumericColumn),
    "Int8": (pd.array([1, 2, None], dtype="Int8"), NumericColumn),
    "UInt64": (pd.array([1, 2, None], dtype="UInt64"), NumericColumn),
    "float16": (np.array([1, 2, 3], np.float16), NumericColumn),
    "float32": (np.array([1, 2, 3], np.float32), NumericColumn),
    "Float64": (pd.array([1, 2.5, None], dtype="Float64"), NumericColumn),
    "decimals": ([Decimal("1.5"), Decimal("2.5"), None], NumericColumn),
    "Arrow's integers": (pd.array([1, 2, None], dtype="int64[pyarrow]"), NumericColumn),
    "bool": ([True, False, True], CategoricalColumn),
    "boolean": (pd.array([True, False, None], dtype="boolean"), CategoricalColumn),
    "str": (["1", "2", None], CategoricalColumn),
    "string": (pd.array(["1", "2", None], dtype="string"), CategoricalColumn),
    "objects": (np.array(["1", "2", None], object), CategoricalColumn),
    "category": (pd.Categorical(["1", "2", None]), CategoricalColumn),
    "categories of numbers": (pd.Categorical([3, 1, 3]), NumericColumn),  # the file has numbers, and no word of more
    "datetime64": (pd.to_datetime(["2024-01-01"] * 3), "dates"),
    "datetime64 with a zone": (pd.to_datetime(["2024-01-01"] * 3).tz_localize("UTC"), "dates"),
    "timedelta64": (pd.to_timedelta([1, 2, 3], "D"), "durations"),
    "period": (pd.period_range("2024-01", periods=3, freq="M"), "values of type"),
    "interval": (pd.interval_range(0, 3), "values of type|nested"),
    "lists": ([[1], [2], [3]], "nested values"),
    "dicts": ([{"a": 1}] * 3, "nested values"),
    "bytes": ([b"a", b"b", b"c"], "bytes"),
    "dates of Python": ([datetime.date(2024, 1, 1)] * 3, "dates"),
}


@pytest.mark.parametrize("name", PANDAS)
def test_every_dtype_that_pandas_writes(name, here):
    cells, means = PANDAS[name]
    few = pd.DataFrame({"f": cells})
    frame = pd.concat([few] * 20, ignore_index=True).assign(x=ROWS % 4, y=LABELS[0:1] * 30 + LABELS[1:2] * 30)
    frame.to_parquet("t.parquet")
    if isinstance(means, str):
        with pytest.raises(sm.DataError, match=f"a column of ({means})"):
            sm.fit("t.parquet")
        return
    model = sm.fit("t.parquet", epochs=2)
    assert isinstance(model.encoder.columns[0], means)
    if name != "categories of numbers":
        assert said(model) == said(sm.fit(frame, epochs=2))


@pytest.mark.parametrize("scale", [0, 3, 18, 22, 30])
def test_decimals_are_the_nearest_numbers(scale):
    rng = np.random.default_rng(scale)
    digits = [int(d) for d in rng.integers(-(10**17), 10**17, 500)] + [2**53 - 1, 2**53 + 1, -(2**53) - 1, 0, 7]
    cells = [Decimal(d).scaleb(-scale) for d in digits] + [None]
    for kind in (pa.decimal128(38, scale), pa.decimal256(60, scale)):
        column = pa.array(cells, kind)
        wanted = np.array([float("nan") if cell is None else float(str(cell)) for cell in cells])
        np.testing.assert_array_equal(arrow.floats(column), wanted)
        np.testing.assert_array_equal(arrow.floats(column[3:40]), wanted[3:40])
        few = pa.array([Decimal(k).scaleb(-scale) for k in range(50)], kind)
        np.testing.assert_array_equal(arrow.floats(few), [float(str(cell)) for cell in few.to_pylist()])


def test_a_nan_that_signals(here):
    signal = np.array([0x7FF0000000000001], np.uint64).view(np.float64)[0]
    frame = pd.DataFrame({"f": np.where(ROWS == 7, signal, ROWS % 4), "y": LABELS})
    frame.to_parquet("t.parquet")
    assert sm.fit("t.parquet", epochs=1).encoder.columns[0].missing


def test_columns_of_arrow_are_those_of_a_naive_loop():
    rng = np.random.default_rng(0)
    pools = [["a", "b", "", None], [1, 2, None], [1.5, float("nan"), 0.1, None], [True, False, None]]
    for pool in pools:
        for coded in (False, True):
            column = pa.array([pool[k] for k in rng.integers(0, len(pool), 40)])
            column = column.dictionary_encode() if coded else column
            texts = [None if v is None or v != v else str(v) for v in column.to_pylist()]  # noqa: PLR0124
            levels = list(dict.fromkeys(text for text in texts if text is not None))
            cells = arrow.text_cells(column[2:])
            levels = list(dict.fromkeys(text for text in texts[2:] if text is not None))
            assert cells.levels == levels
            assert cells.codes.tolist() == [-1 if t is None else levels.index(t) for t in texts[2:]]


def test_short_floats_keep_their_short_texts(here):
    frame = pd.DataFrame({"f": np.array([0.1, 0.2, 0.7] * 20, np.float32), "y": LABELS})
    frame.to_parquet("t.parquet")
    frame.to_csv("t.csv", index=False)
    from_text = said(sm.fit("t.csv", categorical=["f"], epochs=2))
    assert said(sm.fit(frame, categorical=["f"], epochs=2)) == from_text
    assert said(sm.fit("t.parquet", categorical=["f"], epochs=2)) == from_text


# ---- options ----


def test_options_about_cells(here):
    frame = pd.DataFrame({"n": ["1,5", "2,5", "?"] * 20, "zip": ROWS % 3, "v": ROWS % 5 - 3.0, "y": LABELS})
    frame.to_parquet("t.parquet")
    arguments = ["fit", "t.parquet", "--numeric", "n", "--categorical", "zip", "--na-values", "?,-3", "--decimal", ","]
    assert invoke(arguments).code == 0
    number, words, v = load_model("model.npz").encoder.columns
    assert (number.mean, number.missing, v.missing) == (2.0, True, True)
    assert words.levels == ("0", "1", "2")
    told = invoke(["fit", "t.parquet", "--numeric", "n"])
    assert told.code == 3
    assert 't.parquet row 1: column "n": not a number: "1,5"' in told.stderr
    assert "--decimal , reads a decimal comma" in told.stderr


def test_options_about_text_say_nothing_of_parquet(here):
    mixed().to_parquet("t.parquet")
    plain = said(sm.fit("t.parquet", epochs=2))
    dialect = Dialect(header=False, delimiter=";", decimal=",")
    assert said(sm.fit("t.parquet", epochs=2, dialect=dialect)) == plain


def test_a_model_of_one_kind_of_file_predicts_the_other(here):
    frame = mixed()
    frame.to_csv("t.csv", index=False, sep=";", decimal=",")
    frame.to_parquet("t.parquet")
    assert invoke(["fit", "t.csv", "--decimal", ","]).code == 0
    from_text, typed = (invoke(["predict", name, "--proba"]).stdout for name in ("t.csv", "t.parquet"))
    assert from_text.replace(b";", b",") == typed
    for command in (["evaluate"], ["check"], ["explain"], ["doctor"]):
        one, other = (
            invoke([*command, name, "--json"]) if command != ["explain"] else invoke([*command, name])
            for name in ("t.csv", "t.parquet")
        )
        assert (other.code, other.stderr) == (one.code, one.stderr.replace("t.csv", "t.parquet")), command


# ---- columns and places ----


def test_the_index_of_pandas_is_no_column(here):
    frame = mixed()
    plain = said(sm.fit(frame, epochs=2))
    for index in (pd.Index(np.arange(300)[::-1]), pd.Index([f"r{i}" for i in range(300)], name="id")):
        frame.set_axis(index, axis=0).to_parquet("t.parquet")
        assert said(sm.fit("t.parquet", epochs=2)) == plain


def test_columns_that_are_not_asked_for_are_not_decoded(here):
    """The pages of a column are destroyed: a fit without it does not see that, one with it does."""
    frame = pd.DataFrame({"x": ROWS % 4, "broken": ROWS % 7, "words": ["u", "v"] * 30, "y": LABELS})
    frame.to_parquet("t.parquet", write_page_checksum=True)
    content = bytearray((here / "t.parquet").read_bytes())
    chunk = pq.ParquetFile("t.parquet").metadata.row_group(0).column(1)
    start = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)))
    content[start : start + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    (here / "t.parquet").write_bytes(content)
    with pytest.raises(sm.DataError, match="damaged"):
        sm.fit("t.parquet")
    assert sm.fit("t.parquet", drop=["broken"], epochs=1).features == ("x", "words=u", "words=v")
    assert invoke(["fit", "t.parquet", "--drop", "broken"]).code == 0
    assert invoke(["predict", "t.parquet"]).code == 0
    assert invoke(["predict", "t.parquet", "--keep", "words"]).code == 0
    assert smtrain("predict", "t.parquet", "--keep", "broken", code=3).stderr.startswith("smtrain: error: t.parquet: ")


def test_batches_are_of_a_bounded_size_however_the_file_is_cut(here):
    table = pa.table({"a": np.arange(400_000.0), "w": ["u", "v"] * 200_000})
    for rows, most in ((400_000, 8), (100, 8)):
        pq.write_table(table, "t.parquet", row_group_size=rows)
        sizes = [len(batch.rows) for batch in Parquet(["t.parquet"], Dialect()).batches()]
        assert sum(sizes) == 400_000
        assert max(sizes) <= 2 * BATCH_CELLS
        assert len(sizes) <= most


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1_500_000, 40])
def test_the_peak_is_within_the_limit(rows, here):
    """One row group of all rows; and very many."""
    rng = np.random.default_rng(0)
    count = 1_500_000 if rows > 40 else 100_000
    table = pa.table({**{f"x{j}": rng.normal(size=count) for j in range(20)}, "y": rng.choice(["p", "q"], count)})
    pq.write_table(table, "t.parquet", row_group_size=rows)
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    command = [*SMTRAIN, "fit", "t.parquet", "-q", "--memory", "400M", "--epochs", "3", "--threads", "2"]
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 400 * 1024


def test_long_texts_come_in_fewer_rows(here):
    long = [f"{i:06d}" * 2000 for i in range(1000)]
    pq.write_table(pa.table({"w": long, "y": ["p", "q"] * 500}), "t.parquet", use_dictionary=False)
    assert max(len(batch.rows) for batch in Parquet(["t.parquet"], Dialect()).batches()) < 500


def test_a_row_is_called_by_its_number(here):
    frame = pd.DataFrame({"f": np.where(ROWS == 16, np.inf, ROWS % 4), "y": LABELS})
    frame.to_parquet("t.parquet", row_group_size=5)
    with pytest.raises(sm.DataError, match=r't\.parquet row 17: column "f"'):
        sm.fit("t.parquet")
    frame.assign(f=ROWS % 4, y=np.where(ROWS == 41, None, LABELS)).to_parquet("t.parquet")
    with pytest.raises(sm.DataError, match=r"t\.parquet row 42: .*an empty label"):
        sm.fit("t.parquet")
    assert "t.parquet row 42: " in invoke(["doctor", "t.parquet"]).stdout.decode()
    assert sm.fit("t.parquet", unlabelled="skip", epochs=1).fit.rows == N - 1


def test_a_place_survives_pickling(here):
    mixed().to_parquet("t.parquet")
    (batch,) = Parquet(["t.parquet"], Dialect()).batches()
    place = pickle.loads(pickle.dumps(batch.places(300)[16]))
    assert place.error("wrong").message == "t.parquet row 17: wrong"


def test_a_file_without_rows(here):
    mixed().iloc[:0].to_parquet("t.parquet")
    mixed().to_parquet("whole.parquet")
    assert invoke(["fit", "whole.parquet"]).code == 0
    for command in ("fit", "evaluate", "check", "doctor"):
        outcome = invoke([command, "t.parquet"])
        assert outcome.code == 3
        assert outcome.error == "smtrain: error: t.parquet: no rows"
    assert invoke(["predict", "t.parquet"]).stdout == b"prediction\n"


def test_a_model_is_verified_by_the_other_kind_of_file(here):
    mixed().to_csv("t.csv", index=False)
    mixed().to_parquet("t.parquet")
    assert invoke(["fit", "t.csv", "--l2", "0.1"]).code == 0
    assert invoke(["verify", "model.npz", "t.parquet"]).code == 0


def test_files_with_other_columns_are_told_from_the_first(here):
    frame = mixed()
    frame.to_parquet("a.parquet")
    frame.rename(columns={"count": "n"}).to_parquet("names.parquet")
    frame.assign(count=frame["count"].astype(str)).to_parquet("types.parquet")
    frame.astype({"count": "int8", "a": "float64"}).assign(word=None).to_parquet("same.parquet")
    with pytest.raises(
        sm.DataError, match=r'names.parquet: other columns than a.parquet: column 3 is "n", there "count"'
    ):
        sm.fit(["a.parquet", "names.parquet"])
    with pytest.raises(
        sm.DataError, match=r'types.parquet: column "count": of type .*string, in a.parquet of type int64'
    ):
        sm.fit(["a.parquet", "types.parquet"])
    assert sm.fit(["same.parquet", "a.parquet"], epochs=1).fit.rows == 600
    frame.to_csv("t.csv", index=False)
    for order in (["t.csv", "a.parquet"], ["a.parquet", "t.csv"], ["a.parquet", "-"]):
        with pytest.raises(sm.UsageError, match="is a Parquet file, and"):
            sm.fit(order)


# ---- which files are Parquet ----


def test_it_is_known_by_its_bytes_whatever_it_is_called(here):
    mixed().to_parquet("data.csv", engine="pyarrow")
    assert invoke(["fit", "data.csv"]).code == 0
    (here / "text.parquet").write_bytes(b"PAR1,y\n" + b"1,p\n2,q\n" * 9)
    assert invoke(["fit", "text.parquet"]).code == 0


def test_it_is_not_read_from_a_stream(here):
    mixed().to_parquet("t.parquet")
    content = (here / "t.parquet").read_bytes()
    (here / "t.gz").write_bytes(gzip.compress(content))
    for arguments, stdin in ((["fit", "-"], content), (["fit", "t.gz"], b"")):
        done = subprocess.run(
            [*SMTRAIN, *arguments], input=stdin, capture_output=True, env=clean_environment(), check=False, timeout=60
        )
        assert done.returncode == 3
        assert b"this is a Parquet file" in done.stderr
        assert b"Parquet is read from its end" in done.stderr
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(SMTRAIN)} fit <(cat t.parquet)"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert "Parquet is read from its end" in done.stderr


def test_without_pyarrow_the_way_to_it_is_said(here):
    mixed().to_parquet("t.parquet")
    mixed().to_csv("t.csv", index=False)
    (here / "first").mkdir()
    (here / "first" / "pyarrow.py").write_text("raise ModuleNotFoundError('no', name='pyarrow')")
    env = {"PYTHONPATH": str(here / "first")}
    smtrain("fit", "t.csv", env=env)
    for arguments in (["fit", "t.parquet"], ["predict", "t.csv", "-o", "out.parquet"]):
        told = smtrain(*arguments, code=2, env=env).stderr
        assert "by pyarrow, which is not installed\nhint: pip install 'smtrain[parquet]'\n" in told
        assert not Path("out.parquet").exists()


@pytest.mark.parametrize(("name", "loaded"), [("t.csv", False), ("t.parquet", True)])
def test_pyarrow_is_loaded_for_parquet_only(name, loaded, here):
    """pandas would load it, too."""
    mixed().to_csv("t.csv", index=False)
    mixed().to_parquet("t.parquet")
    code = "import sys, atexit; from smtrain.cli.main import main; "
    code += "atexit.register(lambda: print(sys.modules.get('pyarrow') is not None)); main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", name], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == f"{loaded}\n"


@pytest.mark.parametrize("error", [pa.ArrowMemoryError("malloc of size 64 failed"), OSError(12, "no memory")])
def test_a_want_of_memory_is_not_a_damaged_file(error, here, monkeypatch):
    mixed().to_parquet("t.parquet")

    def fails(*_, **__):
        raise error

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", fails)
    outcome = invoke(["fit", "t.parquet"])
    assert outcome.code == 6
    assert outcome.error == "smtrain: error: not enough memory"


@pytest.mark.parametrize("parts", [[5], [1] * 11, [3, 0, 4, 12], [0], [4, 4]])
def test_parts_are_gathered_to_tables_of_one_size(parts):
    gathering, given, start = Gathering(4), [], 0
    for rows in parts:
        given += gathering.add(pa.table({"a": np.arange(start, start + rows)}))
        start += rows
    assert all(table.num_rows == 4 for table in given)
    rest = gathering.rest()
    assert rest.num_rows == start % 4
    assert [x for table in (*given, rest) for x in table["a"].to_pylist()] == list(range(start))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"PAR1" + bytes(100), "does not end as one does"),
        (b"PAR1\x15", "does not end as one does"),
        (b"PAR1" + bytes(100) + b"PAR1", "damaged"),
        (b"PAR1" + b"\xff" * 100 + b"PAR1", "damaged"),
        (b"PARE" + bytes(100) + b"PARE", "encrypted"),
    ],
)
def test_what_only_begins_like_parquet(content, says, here):
    (here / "t.parquet").write_bytes(content)
    outcome = invoke(["fit", "t.parquet"])
    assert outcome.code == 3
    assert says in outcome.stderr


def encrypted(path, **options):
    """Write a table by pyarrow's own encryption, with a key that stays in this process."""
    keys = pytest.importorskip("pyarrow.parquet.encryption")

    class Keeper(keys.KmsClient):
        def wrap_key(self, key_bytes, master_key_identifier):  # noqa: ARG002 - its signature
            return base64.b64encode(key_bytes)

    connection = keys.KmsConnectionConfig()
    factory = keys.CryptoFactory(lambda _: Keeper())
    wanted = keys.EncryptionConfiguration(footer_key="f", column_keys={"c": ["a"]}, **options)
    table = pa.Table.from_pandas(mixed(), preserve_index=False)
    properties = factory.file_encryption_properties(connection, wanted)
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_an_encrypted_file(plaintext_footer, here):
    mixed().to_parquet("t.parquet")
    assert invoke(["fit", "t.parquet"]).code == 0
    encrypted("secret.parquet", plaintext_footer=plaintext_footer)
    for arguments in (["fit", "secret.parquet"], ["predict", "secret.parquet"]):
        outcome = invoke(arguments)
        assert outcome.code == 3, arguments
        assert outcome.error.startswith("smtrain: error: secret.parquet: an encrypted Parquet file"), arguments


def test_text_that_is_no_unicode(here):
    table = pa.table({"w": pa.array([b"a", b"\xff"] * 30, pa.binary()).cast(pa.string(), safe=False), "y": LABELS})
    pq.write_table(table, "t.parquet")
    outcome = invoke(["fit", "t.parquet"])
    assert outcome.code == 3
    assert 't.parquet row 2: column "w": not Unicode text' in outcome.stderr


# ---- predictions ----


def test_predictions_in_parquet_are_those_in_csv(here):
    frame = mixed(3000)
    frame.insert(0, "zip", "01234")
    frame.insert(0, "day", datetime.date(2024, 5, 17))
    frame.to_parquet("t.parquet", row_group_size=700)
    smtrain("fit", "t.parquet", "--drop", "day,zip")
    options = ["--proba", "--top", "2", "--keep", "all"]
    smtrain("predict", "t.parquet", *options, "-o", "out.csv")
    smtrain("predict", "t.parquet", *options, "-o", "out.parquet")
    typed, text = pq.read_table("out.parquet"), pd.read_csv("out.csv", dtype=str, keep_default_na=False)
    assert typed.column_names == list(text.columns)
    source = pq.read_table("t.parquet")
    for name in source.column_names:
        assert typed[name].to_pylist() == source[name].to_pylist()
        assert arrow.sort_of(typed[name].type) == arrow.sort_of(source[name].type)
    for name in ("p(no)", "p(yes)", "p1", "p2"):
        assert typed[name].type == pa.float64()
        assert typed[name].to_pylist() == [float(cell) for cell in text[name]]
    for name in ("prediction", "top1", "top2"):
        assert typed[name].to_pylist() == text[name].tolist()
    first = (here / "out.parquet").read_bytes()
    smtrain("predict", "t.parquet", *options, "-o", "out.parquet", "--threads", "1")
    assert (here / "out.parquet").read_bytes() == first


@pytest.mark.slow
def test_predictions_in_parquet_of_text(here):
    mixed().to_csv("t.csv", index=False)
    smtrain("fit", "t.csv")
    smtrain("predict", "t.csv", "--keep", "count,word", "-o", "out.parquet")
    table = pq.read_table("out.parquet")
    assert table.schema.names == ["count", "word", "prediction"]
    assert table["word"].to_pylist() == [word if isinstance(word, str) else "" for word in mixed()["word"]]
    piped = subprocess.run(
        [*SMTRAIN, "predict", "t.csv", "--keep", "count,word", "--format", "parquet"],
        capture_output=True, env=clean_environment(), check=True, timeout=60,
    )  # fmt: skip
    assert pq.read_table(io.BytesIO(piped.stdout)).equals(table)
    smtrain("predict", "t.csv", "--format", "csv", "-o", "text.parquet")
    assert (here / "text.parquet").read_text().startswith("prediction\n")
    (here / "empty.csv").write_text((here / "t.csv").read_text().splitlines(keepends=True)[0])
    smtrain("predict", "empty.csv", "--proba", "-o", "empty.parquet")
    assert pq.read_table("empty.parquet").num_rows == 0


def test_an_output_in_parquet_is_there_whole_or_not_at_all(here):
    frame = mixed()
    frame.to_parquet("t.parquet")
    smtrain("fit", "t.parquet")
    (here / "out.parquet").write_bytes(b"old")
    frame.assign(a=np.where(np.arange(300) == 250, np.inf, frame["a"])).to_parquet("bad.parquet")
    assert "bad.parquet row 251" in smtrain("predict", "bad.parquet", "-o", "out.parquet", code=3).stderr
    assert (here / "out.parquet").read_bytes() == b"old"
    smtrain("predict", "t.parquet", "-o", "t.parquet", code=2)
    assert pq.read_table("t.parquet").num_rows == 300


def test_every_command_takes_it(here):
    mixed().to_parquet("t.parquet")
    mixed(100, seed=4).to_parquet("v.parquet")
    smtrain("fit", "t.parquet", "--validation", "v.parquet", "--l2", "0.1", "-o", "model.npz")
    smtrain("fit", "v.parquet", "--l2", "0.1", "-o", "old.npz")
    for arguments in (
        ["evaluate", "v.parquet"],
        ["check", "v.parquet"],
        ["compare", "old.npz", "model.npz", "v.parquet"],
        ["doctor", "t.parquet"],
        ["verify", "model.npz", "t.parquet"],
        ["explain", "t.parquet", "--row", "3"],
        ["gradcheck", "t.parquet"],
    ):
        outcome = invoke(arguments)
        assert outcome.code in ({0, 7} if arguments[0] in {"check", "compare"} else {0}), (arguments, outcome.stderr)


@pytest.mark.slow
def test_columns_without_texts_are_kept_in_parquet_only(here):
    pq.write_table(pa.table({"x": ROWS % 4, "l": [[1]] * N, "y": LABELS}), "t.parquet")
    smtrain("fit", "t.parquet", "--drop", "l")
    for form in ("csv", "jsonl"):
        outcome = smtrain("predict", "t.parquet", "--keep", "l", "--format", form, code=3)
        assert "-o FILE.parquet keeps it as it is" in outcome.stderr
        assert not outcome.stdout, "nothing is written before"
    smtrain("predict", "t.parquet", "--keep", "l", "-o", "out.parquet")
    assert pq.read_table("out.parquet")["l"].to_pylist() == [[1]] * N


def test_bytes_are_not_kept_in_text_if_only_a_later_file_has_some(here):
    pq.write_table(pa.table({"x": ROWS % 4, "b": pa.nulls(N), "y": LABELS}), "one.parquet")
    pq.write_table(pa.table({"x": ROWS % 4, "b": [b"a"] * N, "y": LABELS}), "two.parquet")
    table = open_table(["one.parquet", "two.parquet"], Dialect())
    with pytest.raises(sm.DataError, match=r"two\.parquet.* a column of bytes"):
        table.check_texts([1], "leave it out")


NULS = {"a feature": ("word", 17), "a label": ("y", 17)}


@pytest.mark.parametrize("name", NULS)
def test_a_nul_in_a_text_is_an_error_in_every_source(name, here):
    column, row = NULS[name]
    frame = mixed()[["a", "word", "y"]].astype({"word": object, "y": object})
    frame.to_parquet("whole.parquet")
    smtrain("fit", "whole.parquet", "--target", "y")
    frame.loc[row, column] = "a\0"
    frame.to_csv("t.csv", index=False)
    frame.to_parquet("t.parquet")
    for data, place in ((frame, f"iloc[{row}]"), ("t.parquet", f"row {row + 1}"), ("t.csv", f"{row + 2}")):
        with pytest.raises(sm.DataError, match="a NUL character") as caught:
            sm.fit(data, target="y")
        assert place in str(caught.value)
        assert "a NUL character" in sm.doctor(data, target="y").findings[0].what
    assert f"t.parquet row {row + 1}" in smtrain("predict", "t.parquet", "--keep", column, code=3).stderr


def test_a_nul_in_the_name_of_a_column(here):
    frame = mixed()[["a", "y"]].rename(columns={"a": "a\0"})
    frame.to_csv("t.csv", index=False)
    frame.to_parquet("t.parquet")
    for data in (frame, "t.parquet", "t.csv"):
        with pytest.raises(sm.DataError, match="a NUL character"):
            sm.fit(data)


def test_words_that_look_like_numbers_are_no_finding_of_doctor(here):
    words = ["01", "2", "x"] * 20
    pd.DataFrame({"w": words, "x": ROWS % 4, "y": LABELS}).to_parquet("t.parquet")
    assert not [one for one in sm.doctor("t.parquet").findings if one.severity.value == "error"]
    assert open_table("t.parquet", Dialect()).kind(0) is Reading.TEXT


# ---- damaged files ----

STORED = {
    "plain": {},
    "checksums": {"write_page_checksum": True},
    "second pages": {"data_page_version": "2.0", "compression": "zstd"},
    "groups": {"row_group_size": 9, "compression": "none"},
    "gzip": {"compression": "gzip", "use_dictionary": False},
}


@pytest.mark.parametrize(("name", "step"), [*((name, 41) for name in STORED)])
def test_damaged_files_are_refused_or_read(name, step, here):
    destroy(STORED[name], step, name == "checksums")


@pytest.mark.slow
@pytest.mark.parametrize("name", STORED)
def test_files_damaged_at_every_byte(name, here):
    destroy(STORED[name], 1, name == "checksums")


def destroy(options, step, checked):
    """Cut a file, and turn bits, at every so many bytes: it is refused as data, or read; where checked, to the same."""
    frame = mixed(40)[["a", "word", "flag", "y"]]
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), "t.parquet", **options)
    content = Path("t.parquet").read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    whole = said(sm.fit("t.parquet", epochs=1))
    refusals = 0
    for k in range(0, len(content), step):
        turned = [content[:k] + bytes([content[k] ^ 1 << bit]) + content[k + 1 :] for bit in range(k % 3, 8, 3)]
        for cut, damaged in ((True, content[:k]), *((False, one) for one in turned)):
            Path("damaged.parquet").write_bytes(damaged)
            try:
                model = said(sm.fit("damaged.parquet", epochs=1))
            except (sm.DataError, sm.UsageError):
                refusals += 1
            else:
                assert not cut
                # The footer has no checksum: names of columns and codecs can be others there.
                assert model == whole or not checked or k >= footer
    assert refusals > len(content) // step


def test_a_column_whose_type_was_changed_in_the_footer(here):
    """pyarrow reads on behind what it cannot read, if it is to read over the end of a row group."""
    x = np.random.default_rng(0).normal(size=300)
    pd.DataFrame({"x": x, "y": np.where(x > 0, "p", "q")}).to_parquet("t.parquet", row_group_size=100)
    content = bytearray(Path("t.parquet").read_bytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    content[content.index(b"\x15\x0a", footer) + 1] ^= 8  # a DOUBLE of the schema is an INT32
    Path("t.parquet").write_bytes(content)
    assert "a damaged Parquet file" in smtrain("fit", "t.parquet", code=3).stderr


def test_a_count_of_rows_that_was_changed_in_the_footer_is_seen_before_a_row_is_out(here):
    pd.DataFrame({"x": np.arange(300.0), "y": ["p", "q"] * 150}).to_parquet("t.parquet", row_group_size=100)
    smtrain("fit", "t.parquet")
    content, counts = Path("t.parquet").read_bytes(), b"\x16\xd8\x04\x19\x3c"  # 300 rows, then 3 row groups
    assert content.count(counts) == 1
    Path("t.parquet").write_bytes(content.replace(counts, b"\x16\xda\x04\x19\x3c"))
    outcome = smtrain("predict", "t.parquet", code=3)
    assert "300 rows where its footer says 301" in outcome.stderr
    assert not outcome.stdout


@pytest.mark.parametrize("size", [1000, 7])
def test_footers_with_a_bit_turned(size, here):
    turn_bits(size, 23)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1000, 7])
def test_footers_with_each_bit_turned(size, here):
    turn_bits(size, 1)


def turn_bits(size, step):
    """Turn bits of a footer, one at a time: the file is refused, or has the rows it had, or those pyarrow sees."""
    x = np.random.default_rng(0).normal(size=30)
    frame = pd.DataFrame({"x": x, "n": np.arange(30), "y": np.where(x > 0, "p", "q")})
    frame.to_parquet("t.parquet", row_group_size=10)
    content = Path("t.parquet").read_bytes()
    first = 8 * (len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
    whole, refusals = read_rows("t.parquet", size), 0
    assert whole == repr(pq.read_table("t.parquet").to_pydict())
    for place in range(first, 8 * len(content), step):
        turned = bytearray(content)
        turned[place // 8] ^= 1 << place % 8
        Path("turned.parquet").write_bytes(turned)
        try:
            rows = read_rows("turned.parquet", size)
        except sm.DataError:
            refusals += 1
        else:
            assert rows == whole or rows == repr(pq.read_table("turned.parquet").to_pydict()), place - first
    assert refusals > (8 * len(content) - first) // step // 4


def read_rows(path, size):
    """The rows of a file as text, read so many at a time."""
    file = ParquetFile(path)
    tables = list(file.batches(file.columns, size))
    assert all(table.num_rows <= size for table in tables)
    return repr({name: [value for table in tables for value in table[name].to_pylist()] for name in file.columns})
