"""The data contract: what a fit keeps of the rows, and how other rows are held against it."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

import smtrain as sm
from smtrain.inspecting.drift import CHANCE, chi_squared, drift, shares_differ
from smtrain.model.contract import BINS, TOGETHER, bins_of, numbers_line, numbers_lines
from tests.cli import smtrain
from tests.homes import home_of
from tests.hostile.harness import invoke


def table(n, seed=0):
    """Two numbers, one with gaps and many equal values, words with gaps, and labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(10, 3, n).round(3)
    count = rng.poisson(2, n).astype(float)
    count[rng.random(n) < 0.1] = np.nan
    word = rng.choice(["red", "green", "blue", None], n, p=[0.5, 0.3, 0.15, 0.05])
    label = np.where(x + rng.normal(size=n) > 10, "yes", "no")
    return pd.DataFrame({"x": x, "count": count, "word": word, "label": label})


@pytest.fixture(scope="module")
def train():
    return table(2000)


@pytest.fixture(scope="module")
def model(train):
    return sm.fit(train)


def found(diagnosis):
    return {(f.kind, f.column, f.severity.value) for f in diagnosis.findings}


# What is kept


def test_the_contract_is_what_the_rows_are(model, train):
    x, count = model.contract.numbers
    assert x[0] == 0
    assert count[0] == pytest.approx(train["count"].isna().mean())
    assert (x[1], x[2]) == (train["x"].min(), train["x"].max())
    np.testing.assert_array_equal(x[3:12], np.quantile(train["x"], np.arange(1, BINS) / BINS, method="inverted_cdf"))
    edges = [-np.inf, *count[3:12], np.inf]
    values = train["count"].dropna()
    naive = [((values > low) & (values <= high)).mean() for low, high in pairwise(edges)]
    np.testing.assert_allclose(count[12:], naive)
    shares = train["word"].value_counts(normalize=True, dropna=False)
    np.testing.assert_allclose(model.contract.levels, [*shares[["blue", "green", "red"]], train["word"].isna().mean()])


def test_the_contract_is_in_the_file(model, tmp_path):
    model.save(str(tmp_path / "m.npz"))
    again = sm.load(str(tmp_path / "m.npz"))
    np.testing.assert_array_equal(again.contract.numbers, model.contract.numbers)
    np.testing.assert_array_equal(again.contract.levels, model.contract.levels)


def test_same_contract_for_any_threads_and_memory(tmp_path):
    path = tmp_path / "large.csv"
    table(40_000).to_csv(path, index=False)
    saved = set()
    for home in (home_of(None, 1), home_of(None, 3), home_of(1 << 20, 2)):
        sm.fit(str(path), epochs=2, home=home).save(str(tmp_path / "m.npz"))
        saved.add((tmp_path / "m.npz").read_bytes())
    assert len(saved) == 1
    model = sm.load(str(tmp_path / "m.npz"))
    assert model.contract.numbers[0, 12:] == pytest.approx(0.1, abs=0.01)  # of a sample


def test_columns_without_numbers_or_words():
    only_words = sm.fit(pd.DataFrame({"w": ["a", "b"] * 10, "y": ["p", "q", "q", "p"] * 5}))
    assert only_words.contract.numbers.shape == (0, 22)
    frame = pd.DataFrame({"n": [None] * 20, "x": range(20), "y": ["p", "q"] * 10})
    empty = sm.fit(frame, numeric=("n",), drop=())
    assert empty.contract.numbers[0, 0] == 1
    assert not sm.check(empty, frame).findings


def test_deciles_of_few_and_of_equal_numbers():
    edges, shares = bins_of(np.array([1.0, 2.0, 3.0]), 1.0)
    np.testing.assert_array_equal(edges, np.quantile([1, 2, 3], np.arange(1, BINS) / BINS, method="inverted_cdf"))
    assert shares.sum() == pytest.approx(1)
    edges, shares = bins_of(np.full(50, 7.0), 7.0)
    assert set(edges) == {7.0}
    assert shares.tolist() == [1.0, *[0.0] * 9]


@pytest.mark.parametrize("rows", [1, 3, 19, 20, 137])
def test_columns_together_have_the_bins_of_each(rows):
    rng = np.random.default_rng(rows)
    sample = np.round(rng.normal(size=(TOGETHER + 9, rows)), 1)  # ties, and in some columns spikes and gaps
    sample[::5] = np.round(sample[::5])
    sample[1::7] = np.where(rng.random(sample[1::7].shape) < 0.3, np.nan, sample[1::7])
    sample[3] = np.nan
    low, high = np.fmin.reduce(sample, axis=1, initial=np.inf), np.fmax.reduce(sample, axis=1, initial=-np.inf)
    missing = np.isnan(sample).mean(axis=1)
    each = [numbers_line(*column) for column in zip(sample, low, high, missing, strict=True)]
    assert np.array_equal(numbers_lines(sample, low, high, missing), each)


@pytest.mark.parametrize("seed", range(40))
def test_spikes_have_bins_of_their_own(seed):
    rng = np.random.default_rng(seed)
    n, spikes = int(rng.integers(20, 2000)), rng.integers(-5, 6, int(rng.integers(1, 4)))
    cells = np.sort(np.where(rng.random(n) < rng.random(), rng.choice(spikes, n), rng.normal(size=n) * 3))
    edges, shares = bins_of(cells, cells[0])
    assert (np.diff(edges) >= 0).all()
    assert cells[0] <= edges[0] <= edges[-1] <= cells[-1]
    values, counts = np.unique(cells, return_counts=True)
    for value in values[counts >= n / BINS]:
        k = np.searchsorted(edges, value)
        inside = (cells > (edges[k - 1] if k else -np.inf)) & (cells <= (edges[k] if k < len(edges) else np.inf))
        assert set(cells[inside]) == {value}
        assert shares[k] == pytest.approx((cells == value).mean())
    assert shares.max() <= max(0.2, counts.max() / n + 1e-9)


# Drift


@pytest.mark.parametrize("share", [0.9, 0.95, 0.97, 0.99])
@pytest.mark.parametrize("spike", [-1.0, 0.0, 0.3, 1.0, 1e9])
@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_number_that_most_rows_had_and_none_has_now(share, spike, side):
    """The others were below it, on both sides, or above."""
    rng = np.random.default_rng(4)
    others = spike + np.array([abs(side) * side or s for s in rng.choice([-1, 1], 2000)]) * rng.integers(1, 4, 2000)
    x = np.where(np.arange(2000) < share * 2000, spike, others)
    frame = pd.DataFrame({"x": x, "z": rng.normal(size=2000), "y": rng.choice(["p", "q"], 2000)})
    trained = sm.fit(frame)
    assert not sm.check(trained, frame).findings
    now = frame.assign(x=others)
    found = [f for f in sm.check(trained, now).findings if f.kind == "drift"]
    assert [f.column for f in found] == ["x"]
    assert found[0].severity.value == "error"
    assert found[0].numbers["before"] == pytest.approx(share)
    assert found[0].numbers["now"] == 0


def test_a_flag_that_is_never_set_any_more(tmp_path):
    rows = [f"{int(i % 100 >= 3)},{i % 7},{'ab'[i % 2]}\n" for i in range(1000)]
    (tmp_path / "train.csv").write_text("flag,x,y\n" + "".join(rows))
    (tmp_path / "new.csv").write_text("flag,x,y\n" + "".join("0" + row[1:] for row in rows))
    smtrain("fit", "train.csv", "-q", cwd=tmp_path)
    shown = smtrain("check", "new.csv", cwd=tmp_path, code=7).stdout
    assert "error    SM606 flag: the numbers have drifted: PSI" in shown
    assert "most up to 0: 3.0% in training, 100.0% here" in shown


def naive_psi(before, after):
    """Σ (a − b) ln(a / b) of counts with half a row added to each."""
    a = [x + 0.5 for x in before]
    b = [x + 0.5 for x in after]
    return sum((x / sum(a) - y / sum(b)) * math.log((x / sum(a)) / (y / sum(b))) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_psi_is_that_of_the_formula(seed):
    rng = np.random.default_rng(seed)
    before, after = rng.integers(50, 500, 7), rng.integers(50, 500, 7)
    got = drift(before / before.sum(), int(before.sum()), after)
    assert got.psi == pytest.approx(naive_psi(before, after), rel=1e-12)


def test_bins_that_cannot_be_met_say_nothing():
    one = drift(np.array([0.5, 0.5, 0.0]), 1000, np.array([100, 50, 0]))
    two = drift(np.array([0.5, 0.5]), 1000, np.array([100, 50]))
    assert one == two


def test_rare_levels_are_taken_together():
    rng = np.random.default_rng(0)
    p = np.r_[0.5, np.full(500, 0.001)]
    before, after = rng.multinomial(10_000, p), rng.multinomial(1000, p)
    assert not drift(before / 10_000, 10_000, after).above(0.1)


def test_chi_squared_is_that_of_scipy():
    for degrees in (1, 2, 9, 30, 400):
        assert chi_squared(degrees) == pytest.approx(chi2.isf(CHANCE, degrees), rel=0.04 if degrees < 5 else 0.01)
    assert chi_squared(0) == 0


def test_chance_is_hardly_ever_called_drift():
    """Few new rows: PSI is above 0.1 by chance nearly always, and is hardly ever told."""
    rng = np.random.default_rng(1)
    p = np.full(10, 0.1)
    pairs = [(rng.multinomial(200, p), rng.multinomial(60, p)) for _ in range(2000)]
    drifts = [drift(a / 200, 200, b) for a, b in pairs]
    assert np.mean([d.psi > 0.1 for d in drifts]) > 0.5
    assert np.mean([d.above(0.1) for d in drifts]) < 0.005


def test_shares_differ_beyond_chance():
    assert not shares_differ(0.5, 100, 0.6, 100)
    assert shares_differ(0.5, 1000, 0.6, 1000)
    assert not shares_differ(0.0, 10, 0.0, 10)


# What is found


def test_nothing_is_found_in_the_training_rows(model, train):
    diagnosis = sm.check(model, train)
    assert diagnosis.rows == 2000
    assert not diagnosis.findings


@pytest.mark.parametrize("name", ["iris", "penguins", "wine-semicolon"])
def test_nothing_is_found_in_the_sample_data(name):
    path, target = f"sample_data/{name}.csv", "species" if name == "penguins" else None
    assert not sm.check(sm.fit(path, target=target), path).findings


def test_rows_like_those_of_training_give_no_error_nor_warning(model):
    for seed in range(1, 40):
        diagnosis = sm.check(model, table(int(20 * 1.2**seed) % 3000 + 30, seed))
        assert {f.severity.value for f in diagnosis.findings} <= {"note"}, diagnosis


def test_missing_and_new_columns(model, train):
    got = sm.check(model, train.drop(columns=["count", "label"]).assign(extra=1))
    assert found(got) == {("missing column", "count", "error"), ("new column", "extra", "warning")}


def test_columns_that_training_left_out_are_not_new(train):
    frame = train.assign(same=1, other=2.5, v=1.0)
    model = sm.fit(frame[["same", "other", "v", *train.columns]], drop=("other",), weight="v")
    assert not sm.check(model, frame).findings


def test_unseen_levels(model, train):
    frame = train.copy()
    frame.loc[[5, 9], "word"] = "violet"
    frame.loc[7, "word"] = "RED"
    (finding,) = sm.check(model, frame).findings
    assert (finding.kind, finding.severity, finding.column) == ("unseen level", sm.Severity.WARNING, "word")
    assert finding.line == 5  # of a frame it is the row, from 0
    assert finding.numbers == {"cells": 3, "share": 3 / 2000, "levels": {"violet": 2, "RED": 1}}
    frame.loc[:300, "word"] = "violet"
    assert ("unseen level", "word", "error") in found(sm.check(model, frame))


def test_numbers_out_of_range(model, train):
    frame = train.copy()
    frame.loc[11, "x"] = frame["x"].max() + 0.5
    (finding,) = sm.check(model, frame).findings
    assert (finding.kind, finding.severity, finding.line) == ("out of range", sm.Severity.NOTE, 11)
    frame.loc[11, "x"] = 1000.0  # another unit
    (finding,) = sm.check(model, frame).findings
    assert (finding.severity, finding.numbers["high"]) == (sm.Severity.WARNING, 1000.0)
    frame.loc[:59, "x"] = frame["x"].max()
    frame.loc[:59, "x"] = 22.0
    assert ("out of range", "x", "warning") in found(sm.check(model, frame))
    frame.loc[:400, "x"] = 22.0
    assert ("out of range", "x", "error") in found(sm.check(model, frame))


def test_cells_that_are_no_numbers(model, train):
    frame = train.astype(object)
    frame.loc[3, "x"] = "high"
    frame.loc[[6, 8], "x"] = "?"
    (finding,) = sm.check(model, frame).findings
    assert (finding.kind, finding.severity, finding.line) == ("no number", sm.Severity.ERROR, 3)
    assert finding.numbers["texts"] == {"?": 2, "high": 1}


def test_cells_that_are_no_numbers_hide_nothing_else(model, train, tmp_path, monkeypatch):
    """The pieces in which a column is read as text count as the others do."""
    monkeypatch.setattr("smtrain.sources.records.PIECE", 2000)
    monkeypatch.setattr("smtrain.sources.records.FIRST_PIECE", 500)
    monkeypatch.setattr("smtrain.sources.records.PIECE_PER_COLUMN", 1)
    frame = train.astype(object)
    frame.loc[500:, "x"] = frame.loc[500:, "x"].astype(float) + 8
    clean = {f.kind: f.numbers for f in sm.check(model, frame, threads=2).findings}
    frame.loc[1000, "x"] = "high"
    mixed = {f.kind: f.numbers for f in sm.check(model, frame, threads=2).findings}
    assert mixed.keys() - clean.keys() == {"no number"}
    assert clean["drift"]["psi"] == pytest.approx(mixed["drift"]["psi"], rel=1e-2)
    assert mixed["out of range"]["cells"] == pytest.approx(clean["out of range"]["cells"], abs=1)


def test_missing_cells(model, train):
    frame = train.copy()
    frame.loc[3, "x"] = np.nan
    (finding,) = sm.check(model, frame).findings
    assert (finding.kind, finding.column, finding.severity) == ("missing cells", "x", sm.Severity.WARNING)
    frame = train.copy()
    frame.loc[:400, "count"] = np.nan
    assert found(sm.check(model, frame)) == {("missing cells", "count", "warning")}
    frame.loc[:1200, ["count", "word"]] = None
    assert found(sm.check(model, frame)) == {("missing cells", "count", "error"), ("missing cells", "word", "error")}


def test_drift_of_numbers_words_and_classes(model):
    frame = table(2000, seed=5)
    frame["x"] += 1.2
    frame["word"] = frame["word"].where(np.arange(2000) % 3 > 0, "blue")
    frame["label"] = frame["label"].where(np.arange(2000) % 2 > 0, "yes")
    got = {(f.kind, f.column): f for f in sm.check(model, frame).findings}
    assert {kind for kind, _ in got} >= {"drift", "class shift"}
    line = model.contract.numbers[0]
    bins = np.bincount(np.searchsorted(line[3:12], frame["x"]), minlength=10)
    psi = naive_psi(line[12:] * 2000, bins)
    assert got["drift", "x"].numbers["psi"] == pytest.approx(psi, rel=1e-9)
    assert got["drift", "x"].severity.value == ("error" if psi > 0.25 else "warning")
    assert got["drift", "x"].numbers["now"] == bins[9] / 2000  # the highest bin has grown most
    assert got["drift", "x"].numbers["most"] == f"above {line[11]:g}"
    assert got["drift", "word"].numbers["most"] == '"blue"'
    known = frame["word"].dropna()
    counts = [(known == level).sum() for level in ("blue", "green", "red")]
    assert got["drift", "word"].numbers["psi"] == pytest.approx(naive_psi(model.contract.levels[:3] * 2000, counts))


def test_classes_that_training_did_not_have(model, train):
    frame = train.copy()
    frame.loc[4, "label"] = "maybe"
    assert found(sm.check(model, frame)) == {("unseen class", "label", "error")}


def test_results_do_not_depend_on_the_threads(model, tmp_path, monkeypatch):
    monkeypatch.setattr("smtrain.sources.records.PIECE", 3000)
    path = tmp_path / "new.csv"
    frame = table(3000, seed=9).assign(x=lambda f: f["x"] * 1.5)
    frame.to_csv(path, index=False)
    one, three = (sm.check(model, str(path), threads=threads) for threads in (1, 3))
    assert one == three
    assert one.findings


# The command


@pytest.fixture
def folder(tmp_path, model, train):
    model.save(str(tmp_path / "model.npz"))
    train.to_csv(tmp_path / "train.csv", index=False)
    train.assign(word=train["word"].replace("red", "violet")).to_csv(tmp_path / "violet.csv", index=False)
    train.assign(more=1).to_csv(tmp_path / "more.csv", index=False)
    train[:0].to_csv(tmp_path / "empty.csv", index=False)
    return tmp_path


def test_exit_codes(folder):
    assert smtrain("check", "train.csv", "--strict", cwd=folder).stdout == "2,000 rows: 0 errors, 0 warnings, 0 notes\n"
    failed = smtrain("check", "violet.csv", cwd=folder, code=7)
    assert "error    SM605 violet.csv:3: word: " in failed.stdout
    assert failed.stderr == "smtrain: error: check: 2 findings fail\n"
    for arguments, code in [
        (["more.csv"], 0),
        (["more.csv", "--strict"], 7),
        (["empty.csv"], 3),
        (["none.csv"], 2),
        (["train.csv", "-m", "train.csv"], 4),
    ]:
        assert invoke("check", *arguments, folder=folder).code == code


def test_json(folder):
    outcome = invoke("check", "more.csv", "--json", folder=folder)
    assert outcome.document["passed"] is True
    assert (outcome.document["rows"], outcome.document["errors"], outcome.document["warnings"]) == (2000, 0, 1)
    (finding,) = outcome.document["findings"]
    assert finding["column"] == "more"
    assert set(finding) == {"severity", "code", "kind", "column", "what", "source", "line", "hint", "numbers"}


def test_a_model_without_a_contract_says_so(tmp_path):
    with pytest.raises(sm.ModelError, match="no data contract") as failure:
        sm.check(sm.load("tests/golden/model-1.npz"), "sample_data/penguins.csv")
    assert failure.value.hint == "fit again to have one"


def test_other_tables_are_refused(model):
    with pytest.raises(sm.ModelError, match="not one of the model's columns"):
        sm.check(model, pd.DataFrame({"a": [1], "b": [2]}))
