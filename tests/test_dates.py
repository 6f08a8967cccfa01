"""Columns of dates: the same model as of a table in which pandas has written their parts as columns of numbers."""

import json
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.model import model as model_module
from smtrain.partitions.spread import SpreadHome
from smtrain.sources.dates import PARTS, parts_of
from smtrain.sources.opening import open_table
from tests.executors import Forgetful
from tests.forms.writing import FORMS, write
from tests.homes import Pickling

N = 180


def moments(seed=0):
    """Hours over three years, some missing."""
    hours = np.random.default_rng(seed).integers(0, 3 * 365 * 24, N)
    found = pd.Series(pd.Timestamp("2022-02-25") + pd.to_timedelta(hours, unit="h"))
    return found.mask(np.random.default_rng(seed + 1).random(N) < 0.1)


def frame(when):
    rng = np.random.default_rng(7)
    weekend = np.array([not pd.isna(one) and pd.Timestamp(one).isoweekday() > 5 for one in moments()])
    z = weekend * 2 + rng.gumbel(size=N)
    found = pd.DataFrame({"x": rng.normal(size=N).round(3), "when": when, "w": rng.choice(["u", "v"], N)})
    return found.assign(y=np.select([z < 0.5, z < 2], ["low", "middle"], "high"))


def naive(table, times):
    """The table with the parts of its dates as pandas knows them, behind its features."""
    parts = {
        "year": times.dt.year,
        "month": times.dt.month,
        "day": times.dt.day,
        "weekday": times.dt.day_of_week + 1,
        "hour": times.dt.hour,
        "days": (times - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1),
    }
    named = {f"when.{name}": values.astype(float) for name, values in parts.items()}
    return table.drop(columns=["when", "y"]).assign(**named, y=table["y"])


def as_text(times, form):
    return times.dt.strftime(form).astype(object).where(times.notna(), None)


COLUMNS = {
    "moments": lambda times: times,
    "milliseconds": lambda times: times.astype("datetime64[ms]"),
    "in a time zone": lambda times: times.dt.tz_localize("UTC"),
    "ISO with a blank": lambda times: as_text(times, "%Y-%m-%d %H:%M:%S"),
    "ISO with a T": lambda times: as_text(times, "%Y-%m-%dT%H:%M"),
    "ISO with a Z": lambda times: as_text(times, "%Y-%m-%dT%H:%M:%S.000Z"),
    "ISO with an offset": lambda times: as_text(times, "%Y-%m-%d %H:%M:%S+02:00"),
    "objects": lambda times: times.astype(object),
    "categories": lambda times: as_text(times, "%Y-%m-%d %H:%M:%S").astype("category"),
}
SOURCES = {
    "frame": lambda table, _: table,
    "csv": lambda table, path: table.to_csv(path / "t.csv", index=False) or str(path / "t.csv"),
    "parquet": lambda table, path: table.to_parquet(path / "t.parquet") or str(path / "t.parquet"),
}


def fit(data, **options):
    return sm.fit(data, target="y", dates="when", **{"epochs": 40, **options})


# Every form of column and of table by itself in the fast suite, all pairs of them in the slow one.
PAIRS = [
    pytest.param(column, source, marks=[] if (i + j) % 3 == 0 else pytest.mark.slow)
    for i, column in enumerate(COLUMNS)
    for j, source in enumerate(SOURCES)
]


@pytest.mark.parametrize(("column", "source"), PAIRS)
def test_the_model_is_that_of_the_parts_as_numbers(column, source, tmp_path):
    times = moments()
    table = frame(COLUMNS[column](times))
    data, numbers = SOURCES[source](table, tmp_path), naive(table, times)
    model, theirs = fit(data), sm.fit(numbers, target="y", epochs=40)
    assert sorted(model.features) == sorted(theirs.features)
    order = [model.features.index(name) for name in theirs.features]
    np.testing.assert_allclose(model.W[order], theirs.W, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(sm.predict_proba(model, data), sm.predict_proba(theirs, numbers), rtol=1e-6)
    assert sm.check(model, data).findings == sm.check(theirs, numbers).findings
    assert model.fit.missing == {f"when.{part}": int(times.isna().sum()) for part in PARTS}
    same = fit(frame(COLUMNS["ISO with a T"](times)), l2=1e3)
    assert model.fit.data.columns == same.fit.data.columns


def test_dates_alone(tmp_path):
    """Days without a time, in every form: hours are constant, and are left out."""
    days = moments().dt.normalize().bfill()
    forms = {
        "text": as_text(days, "%Y-%m-%d"),
        "objects": pd.Series([day.date() for day in days], dtype=object),
        "moments": days,
    }
    models = [
        fit(SOURCES[source](frame(column), tmp_path), epochs=3) for column in forms.values() for source in SOURCES
    ]
    assert all(model.ignored == {"when.hour": "it is constant"} for model in models)
    assert all(model.W.tobytes() == models[0].W.tobytes() for model in models)
    assert all(model.fit.data == models[0].fit.data for model in models)


@pytest.mark.parametrize("seed", range(3))
def test_parts_are_those_of_pandas_over_all_years(seed):
    rng = np.random.default_rng(seed)
    for _ in range(300):
        day = date(1, 1, 1) + timedelta(days=int(rng.integers(0, 3_652_058)))
        hour, minute, second = (int(rng.integers(0, top)) for top in (24, 60, 60))
        text = f"{day.year:04d}-{day.month:02d}-{day.day:02d}T{hour:02d}:{minute:02d}:{second:02d}.25"
        since = (day - date(1970, 1, 1)).days + (3600 * hour + 60 * minute + second + 0.25) / 86400
        assert parts_of(text) == (day.year, day.month, day.day, day.isoweekday(), hour, pytest.approx(since))


SOUND = ["Z", "+02", "+02:30", "+0230", "-00:09:21", "+00:09:21", "+000921", "+14:00:00", "-23:59:59"]
FAULTY = ["+1:00", "+02:3", "+0230:10", "+02:3010", "+24:00", "+02:", "++02", "+99", "+0", "+02:30:1", "+023"]


@pytest.mark.parametrize("time", ["2024-03-31T17:45", "2024-03-31 17:45:00.250"])
def test_offsets_are_those_that_python_reads(time):
    assert parts_of(f"{time}+02:60") is None  # which Python reads as three hours
    for tail in SOUND + FAULTY:
        try:
            moment = datetime.fromisoformat(time + tail)
        except ValueError:
            moment = None
        found = parts_of(time + tail)
        assert (found is None) == (moment is None), tail
        assert found is None or found[:5] == (2024, 3, 31, 7, 17)


@pytest.mark.parametrize(
    "form",
    [pytest.param(form, id=form.name, marks=[] if i % 6 == 0 else pytest.mark.slow) for i, form in enumerate(FORMS)],
)
def test_every_form_of_text_says_the_same(form, tmp_path):
    table = frame(as_text(moments(), "%Y-%m-%d %H:%M:%S"))
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in table.to_numpy().tolist()]
    expected = sm.fit(table, target="y", dates="when", epochs=3)
    path = tmp_path / "form.csv"
    path.write_bytes(write(list(table), rows, form, 3)[0])
    dialect = sm.Dialect(**form.options, dates=("when",))
    for piece in (40, None):
        data = open_table(path, dialect, fitting=True, piece=piece)
        model = sm.fit(data, target="y", dialect=dialect, epochs=3)
        assert model.encoder.columns == expected.encoder.columns, piece
        assert (model.fit.data, model.W.tobytes()) == (expected.fit.data, expected.W.tobytes()), piece
        found = sm.predict_proba(model, open_table(path, dialect, piece=piece))
        np.testing.assert_array_equal(found, sm.predict_proba(expected, table))


def test_the_same_bytes_wherever_the_rows_live(tmp_path):
    path = SOURCES["csv"](frame(moments()), tmp_path)
    reference = fit(path, home=Pickling(1, most_rows=64), epochs=3)
    for home in (Pickling(2, most_rows=64), SpreadHome(Forgetful(), most_rows=64, span_bytes=700)):
        model = fit(path, home=home, epochs=3)
        assert (model.encoder, model.fit.data) == (reference.encoder, reference.fit.data)
        assert (model.W.tobytes(), model.contract.numbers.tobytes()) == (
            reference.W.tobytes(),
            reference.contract.numbers.tobytes(),
        )


# Parts are columns like any others


def test_parts_can_be_left_out_and_be_words():
    model = fit(frame(moments()), drop=["when.days", "when.hour"], categorical=["when.weekday"])
    assert not {"when.days", "when.hour", "when"} & {column.name for column in model.encoder.columns}
    (weekday,) = [column for column in model.encoder.categorical if column.name == "when.weekday"]
    assert weekday.levels == ("1", "2", "3", "4", "5", "6", "7", None)
    p = sm.predict_proba(model, frame(moments()).drop(columns="y"))
    assert np.isfinite(p).all()


def test_two_columns_of_dates_and_the_target_before_them(tmp_path):
    table = frame(moments())[["y", "x", "when"]].assign(to=moments(5))
    model = sm.fit(table, target="y", dates=["when", "to"], epochs=3)
    assert {column.name for column in model.encoder.columns} == {
        "x",
        *(f"{name}.{part}" for name in ("when", "to") for part in PARTS),
    }
    last = sm.fit(table[["x", "when", "to", "y"]], dates=["when", "to"], epochs=3)
    assert last.encoder.target == "y"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dates": "wen"}, 'did you mean "when"'),
        ({"dates": "y"}, "is the target"),
        ({"dates": "when", "weight": "when"}, "is the weight"),
        ({"dates": "when", "drop": "when"}, "both in dates= and in drop="),
        ({"dates": "when", "categorical": "when"}, "both in dates= and in categorical="),
    ],
)
def test_what_does_not_go_together(options, said):
    with pytest.raises(sm.UsageError) as failure:
        sm.fit(frame(moments()), target="y", **options)
    assert said in f"{failure.value} {failure.value.hint}"


def test_names_that_would_be_twice():
    with pytest.raises(sm.UsageError, match=r'there is a column "when.day" already'):
        fit(frame(moments()).assign(**{"when.day": 1}))


@pytest.mark.parametrize("written", ["%Y/%m/%d %H:%M:%S", "%Y.%m.%d %H:%M:%S"])
def test_a_year_in_front_of_slashes_or_points_is_one(written):
    one, other = (
        fit(frame(as_text(moments(), how)).assign(y=frame(moments())["y"])) for how in ("%Y-%m-%d %H:%M:%S", written)
    )
    assert np.array_equal(one.W, other.W)


# What is no date

WRONG = {
    "03/04/2022": "either way round",
    "3.4.22": "either way round",
    "2022-02-30": "not a date",
    "2022/02/30": "not a date",
    "2022/03-04": "not a date",
    "2022/03/041": "not a date",
    "2022-3-4": "not a date",
    "20220304": "not a date",
    "2022-03-04 25:00": "not a date",
    "yesterday": "not a date",
}


@pytest.mark.parametrize(
    ("text", "piece"), [*((text, None) for text in WRONG), *(("yesterday", piece) for piece in (1, 90))]
)
def test_what_is_no_date_has_its_line(text, piece, tmp_path):
    table = frame(as_text(moments(), "%Y-%m-%d %H:%M:%S"))
    table.loc[[60, 130], "when"] = [text, "tomorrow"]
    path = SOURCES["csv"](table, tmp_path)
    dialect = sm.Dialect(dates=("when",))
    with pytest.raises(sm.DataError, match=WRONG[text]) as failure:
        sm.fit(open_table(path, dialect, fitting=True, piece=piece), dialect=dialect, target="y")
    assert (failure.value.line, failure.value.column) == (62, "when")
    gone = {"na_values": [text, "tomorrow"]}
    assert fit(path, **gone).fit.rows == N


def test_an_error_of_another_column_before_it_comes_first(tmp_path):
    table = frame(as_text(moments(), "%Y-%m-%d")).astype({"x": object})
    table.loc[60, "when"], table.loc[30, "x"] = "yesterday", "1e400"
    with pytest.raises(sm.DataError) as failure:
        fit(SOURCES["csv"](table, tmp_path))
    assert failure.value.line == 32  # what is wrong in the rows comes before the date that ends them
    table.loc[30, "x"], table.loc[20, "y"] = 1.0, ""
    with pytest.raises(sm.DataError) as failure:
        fit(SOURCES["csv"](table, tmp_path))
    assert failure.value.line == 22


OTHERS = [f"when.{part}" for part in PARTS if part != "weekday"]
READ_AS = {
    "words": {"target": "y", "categorical": ["when.weekday"], "drop": OTHERS},
    "labels": {"target": "when.weekday", "drop": OTHERS},
    "labels, skipping": {"target": "when.weekday", "unlabelled": "skip", "drop": OTHERS},
}


@pytest.mark.parametrize("how", READ_AS)
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_no_date_is_no_level_and_no_class(how, source, tmp_path):
    """However a column that is made is read, what is no date is refused with its place: by predict, too."""
    good = frame(as_text(moments().bfill(), "%Y-%m-%d %H:%M:%S"))
    bad = good.assign(when=good["when"].where(good.index != 60, "03/04/2022"))
    (tmp_path / "bad").mkdir()
    data, wrong = SOURCES[source](good, tmp_path), SOURCES[source](bad, tmp_path / "bad")
    options = {"dates": "when", "epochs": 3, **READ_AS[how]}
    model = sm.fit(data, **options)
    calls = [lambda: sm.fit(wrong, **options)]
    if how == "words":
        calls += [lambda: sm.predict_proba(model, wrong)]
    calls += [lambda: sm.evaluate(model, wrong, unlabelled=options.get("unlabelled", "error"))]
    for call in calls:
        with pytest.raises(sm.DataError, match="either way round") as failure:
            call()
        assert (failure.value.line, failure.value.column) == ({"csv": 62, "parquet": 61, "frame": 60}[source], "when")
    found = sm.doctor(wrong, **{name: value for name, value in options.items() if name != "epochs"})
    assert any(one.severity.value == "error" and "03/04/2022" in f"{one.what} {one.hint}" for one in found.findings)


@pytest.mark.parametrize("source", SOURCES)
def test_a_missing_date_is_no_label(source, tmp_path):
    """It is the last class no more than an empty cell is; `unlabelled` says what becomes of it."""
    table = frame(moments())
    options = {"dates": "when", "target": "when.weekday", "epochs": 3}
    data, gaps = SOURCES[source](table, tmp_path), int(table["when"].isna().sum())
    with pytest.raises(sm.DataError, match="empty label"):
        sm.fit(data, **options)
    model = sm.fit(data, unlabelled="skip", **options)
    expected = sm.fit(table.dropna(subset="when"), **options)
    assert (model.fit.skipped.unlabelled, model.classes) == (gaps, (1, 2, 3, 4, 5, 6, 7))
    assert model.W.tobytes() == expected.W.tobytes()
    assert sm.evaluate(model, data, unlabelled="skip").skipped.unlabelled == gaps


def test_days_with_fractions_are_labels_too():
    table = pd.DataFrame({"when": ["2024-01-01 12:00", "2024-01-02 06:00"] * 9, "x": range(18)})
    assert sm.fit(table, target="when.days", dates="when", epochs=3).classes == ("19723.5", "19724.25")


# The commands


@pytest.fixture
def folder(go, tmp_path):
    SOURCES["csv"](frame(as_text(moments(), "%Y-%m-%d %H:%M:%S")), tmp_path)
    go("fit", "t.csv", "-q", "--dates", "when")
    return pd.read_csv("t.csv")


def test_predict_and_its_kin(go, folder):
    said = go("predict", "t.csv", "--keep", "all", "--explain", 1)
    assert not said.err
    assert said.out.splitlines()[0] == "x,when,w,y,prediction,column1,push1"
    assert go("verify", "model.npz", "t.csv", "-q").out.startswith("verified: the same")
    assert not json.loads(go("check", "t.csv", "--json").out)["findings"]
    assert "when.weekday" in go("explain", "t.csv", "--row", 2).out
    assert go("evaluate", "t.csv").out.startswith(f"{N} rows")
    folder.drop(columns="when").to_csv("less.csv", index=False)
    said = go("predict", "less.csv", code=ExitCode.MODEL).err
    assert 'the column "when.year" of model.npz is not there' in said
    assert 'it is made of the column "when"' in said
    folder.assign(when=folder["when"].fillna("2022-01-01").str.replace("202", "203")).to_csv("later.csv", index=False)
    found = json.loads(go("check", "later.csv", "--json", code=None).out)["findings"]
    assert {"when.year", "when.days"} <= {one["column"] for one in found if one["kind"] == "out of range"}
    folder.assign(when=folder["when"].where(folder.index != 4, "4/5/2022")).to_csv("odd.csv", index=False)
    said = go("predict", "odd.csv", code=ExitCode.DATA)
    assert len(said.out.splitlines()) == 1 + 4
    assert 'odd.csv:6: column "when": a date whose day and month' in said.err
    assert "4/5/2022" in go("check", "odd.csv", code=None).out


def test_what_a_fit_and_show_say(go, folder):
    said = go("fit", "t.csv", "--dates", "when", "--drop", "when.days").err
    assert "dates: when by year, month, day, weekday, hour" in said
    assert "when.weekday" in go("show").out
    document = json.loads(np.load("model.npz")["meta"].tobytes())
    assert document["format_version"] == 2
    assert document["schema"]["dialect"]["dates"] == ["when"]


def test_parquet_out_and_compare_with_a_model_without_dates(go, folder):
    go("predict", "t.csv", "--keep", "when,x", "-o", "out.parquet")
    assert list(pd.read_parquet("out.parquet")) == ["when", "x", "prediction"]
    go("fit", "t.csv", "-q", "--drop", "when", "-o", "old.npz")
    for pair in (("old.npz", "model.npz"), ("model.npz", "old.npz")):
        found = json.loads(go("compare", *pair, "t.csv", "--json").out)
        changed = found["schema"]["columns"]["added" if pair[0] == "old.npz" else "removed"]
        assert "when.year" in changed


def test_older_readers_refuse_it(folder, monkeypatch):
    monkeypatch.setattr(model_module, "FORMAT_VERSION", 1)
    with pytest.raises(sm.ModelError, match="newer smtrain"):
        sm.load("model.npz")


def test_scikit_learn_has_no_part_for_dates(folder):
    with pytest.raises(sm.UsageError, match='reads dates, "when"'):
        sm.to_sklearn(sm.load("model.npz"))


def test_doctor_and_refusals_name_the_option(go, folder):
    assert "--dates when makes numbers" in go("doctor", "t.csv", code=None).out
    assert "dates" not in go("doctor", "t.csv", "--dates", "when", code=None).out
    folder.assign(when=folder["when"].fillna("x").str.replace(r"(....)-(..)-(..).*", r"\3/\2/\1", regex=True)).to_csv(
        "other.csv", index=False
    )
    assert "--dates" not in go("doctor", "other.csv", code=None).out
    said = go("doctor", "other.csv", "--dates", "when", code=None).out
    assert "1 error" in said
    assert "other.csv:2: when: 180 cells that cannot be read" in said
    frame(moments()).to_parquet("t.parquet")
    assert "--dates when makes numbers" in go("fit", "t.parquet", code=ExitCode.DATA).err
    with pytest.raises(sm.DataError) as failure:
        sm.fit(frame(moments()), target="y")
    assert 'dates="when" makes numbers' in failure.value.hint


def test_folds_and_tests_read_dates(folder):
    validated = sm.cross_validate("t.csv", target="y", dates="when", folds=3, epochs=5)
    assert all("when.year" in {column.name for column in model.encoder.columns} for model in validated.models)
    tested = sm.fit("t.csv", target="y", dates="when", test=0.3, validation=0.2, epochs=5)
    assert tested.fit.test is not None


def test_dates_are_not_said_to_be_many_levels_besides():
    days = pd.date_range("2024-01-01", periods=300).strftime("%Y-%m-%d")
    table = pd.DataFrame({"when": np.repeat(days, 2), "x": np.arange(600) % 7, "y": np.arange(600) % 5 % 2})
    assert [found.kind for found in sm.doctor(table, target="y").findings if found.column == "when"] == ["date"]
