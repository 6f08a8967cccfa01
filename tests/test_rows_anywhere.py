"""What is said of a table: the same to the last digit however it is read, by any threads, or in spans by workers."""

import gc
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import DataError, ModelError, SmtrainError
from smtrain.partitions.spread import SpreadHome
from smtrain.reports.comparison import comparison_document
from smtrain.reports.evaluation import evaluation_document
from smtrain.reports.worst import worst_document
from smtrain.scoring import ranks
from smtrain.sources import records
from tests.executors import Forgetful
from tests.test_pure_sums import table

pytestmark = pytest.mark.bits
# More than two blocks of rows, of which the sums are made.
ROWS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Rows in a file and in several; with new levels and labels that are unknown or missing; with wrong cells."""
    folder = tmp_path_factory.mktemp("anywhere")
    frame = table(ROWS, 3)
    frame.to_csv(folder / "all.csv", index=False)
    frame.to_csv(folder / "packed.csv.gz", index=False)
    frame.to_parquet(folder / "all.parquet", index=False, row_group_size=4100)
    for k, start in enumerate(range(0, ROWS, 6000)):
        frame[start : start + 6000].to_csv(folder / f"part-{k}.csv", index=False)
    rng = np.random.default_rng(2)
    frame.loc[rng.random(ROWS) < 0.01, "word"] = "new"
    frame.loc[rng.random(ROWS) < 0.01, "y"] = ""
    frame.loc[rng.random(ROWS) < 0.01, "y"] = "lowest"
    frame.to_csv(folder / "gaps.csv", index=False)
    frame["y"], frame["x2"] = "low", frame["x2"].astype(object)
    frame.loc[15_000, "w"], frame.loc[17_000, "y"] = -1, "lowest"
    frame.to_csv(folder / "weight.csv", index=False)
    frame.loc[12_000, "y"] = "lowest"
    frame.to_csv(folder / "label.csv", index=False)
    frame.loc[9_000, "x2"] = "many"
    frame.to_csv(folder / "number.csv", index=False)
    frame.iloc[:0].to_csv(folder / "none.csv", index=False)
    frame.loc[rng.random(ROWS) < 0.4, "word"] = pd.Series(rng.integers(0, 3000, ROWS)).map("new {}".format)
    frame["x1"] = frame["x1"].astype(object).mask(rng.random(ROWS) < 0.01, "?")
    frame.loc[12_345:, "x1"], frame["more"] = 1e6, 1
    frame.to_csv(folder / "odd.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def model():
    return sm.fit(table(500, 3, seed=1), target="y", weight="w")


def paths(folder, pattern):
    return sorted(map(str, folder.glob(pattern)))


def evaluated(model, data, **how):
    found = sm.evaluate(model, data, **how)
    worst = worst_document(model, found.worst)
    return json.dumps(evaluation_document(found, 0.95, [], worst)), repr(found.unseen), repr(found.skipped)


def workers(span_bytes):
    return SpreadHome(Forgetful(), span_bytes=span_bytes)


SKIPPING = {"unlabelled": "skip", "worst": 9}


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.parametrize("piece", [1 << 14, 1 << 20])
@pytest.mark.parametrize("threads", [1, 3])
def test_any_threads_and_pieces(threads, piece, model, folder, monkeypatch):
    reference = evaluated(model, paths(folder, "gaps.csv"), **SKIPPING)
    monkeypatch.setattr(records, "FIRST_PIECE", piece)
    monkeypatch.setattr(records, "PIECE", piece)
    assert evaluated(model, paths(folder, "gaps.csv"), threads=threads, **SKIPPING) == reference


@pytest.mark.parametrize("data", ["part-*.csv", "packed.csv.gz", "all.parquet"])
def test_any_form(data, model, folder):
    how = {"cost": pd.DataFrame([[0, 1, 2], [0.1, 0, 3], [0.3, 1, 0]], model.classes, model.classes)}
    reference = evaluated(model, paths(folder, "all.csv"), **how)
    assert evaluated(model, paths(folder, data), **how) == reference
    assert evaluated(model, paths(folder, data), home=workers(100_000), **how) == reference


def test_a_frame(model, folder):
    frame = pd.read_csv(folder / "all.csv", keep_default_na=False, na_values={"x0": ""})
    assert evaluated(model, frame) == evaluated(model, paths(folder, "all.csv"))


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.parametrize("span_bytes", [30_000, 400_000, 1 << 26])
def test_spans_of_any_size(span_bytes, model, folder):
    reference = evaluated(model, paths(folder, "gaps.csv"), **SKIPPING)
    home = workers(span_bytes)
    assert evaluated(model, paths(folder, "gaps.csv"), home=home, **SKIPPING) == reference
    gc.collect()
    assert (home.executor.closed, len(home.executor.alive)) == (True, 0)


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
def test_what_many_rows_are_counted_in(model, folder, monkeypatch):
    """Their scores are in bins: sums of parts that are large enough for it, and of parts that are not."""
    monkeypatch.setattr(ranks, "MOST_SCORES", 1 << 15)
    reference = evaluated(model, paths(folder, "gaps.csv"), **SKIPPING)
    assert not json.loads(reference[0])["ranking"]["exact"]
    for span_bytes in (30_000, 400_000):
        assert evaluated(model, paths(folder, "gaps.csv"), home=workers(span_bytes), **SKIPPING) == reference
    monkeypatch.setattr(records, "FIRST_PIECE", 1 << 14)
    monkeypatch.setattr(records, "PIECE", 1 << 14)
    assert evaluated(model, paths(folder, "gaps.csv"), threads=3, **SKIPPING) == reference


def test_what_is_sent(folder):
    """What standard errors are made of stays here: it has the square of the size of the weights."""
    model = sm.fit(table(500, 3, seed=1), target="y", l2=0.0, se=True)
    sent = []
    for one in (model, replace(model, information=None)):
        home = workers(400_000)
        sm.evaluate(one, str(folder / "all.csv"), home=home)
        sent.append(home.executor.sent)
    assert sent[0] == sent[1]


def checked(model, data, **how):
    found = sm.check(model, paths(data.parent, data.name), **how)
    return found.rows, [
        (one.severity, one.what, one.source, one.line, json.dumps(one.numbers)) for one in found.findings
    ]


@pytest.mark.parametrize("data", ["odd.csv", "part-*.csv", "all.parquet"])
def test_check(data, model, folder, monkeypatch):
    reference = checked(model, folder / data)
    assert len(reference[1]) > (4 if data == "odd.csv" else 0)
    for span_bytes in (50_000, 400_000):
        assert checked(model, folder / data, home=workers(span_bytes)) == reference
    monkeypatch.setattr(records, "FIRST_PIECE", 1 << 14)
    monkeypatch.setattr(records, "PIECE", 1 << 14)
    assert checked(model, folder / data, threads=3) == reference


def test_the_cells_of_new_texts_are_counted_exactly(model, folder):
    """Of many more texts than are named: the first ones, each with all of its cells."""
    words = pd.read_csv(folder / "odd.csv")["word"]
    new = words[words.str.startswith("new", na=False)]
    finding = next(one for one in sm.check(model, str(folder / "odd.csv")).findings if one.kind == "unseen level")
    assert finding.numbers["cells"] == len(new)
    assert finding.numbers["levels"] == {text: int((new == text).sum()) for text in new.unique()[:1000]}


def test_the_sums_of_two_models(model, folder, monkeypatch):
    other = sm.fit(table(500, 3, seed=1), target="y", drop="x1")
    one, two = (
        comparison_document(sm.compare(other, model, paths(folder, data)), 0.95, [])
        for data in ("all.csv", "part-*.csv")
    )
    assert one == two


@pytest.mark.parametrize("data", ["none.csv", "nothing.csv", "short.csv"])
def test_the_same_error_of_check(data, model, folder):
    (folder / "nothing.csv").write_text("a,b\n1,1\n")
    (folder / "short.csv").write_bytes((folder / "all.csv").read_bytes() + b"1,2\n")
    with pytest.raises((DataError, ModelError)) as here:
        sm.check(model, str(folder / data))
    with pytest.raises(SmtrainError) as there:
        sm.check(model, str(folder / data), home=workers(100_000))
    assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))


@pytest.mark.parametrize("data", ["weight.csv", "label.csv", "number.csv", "none.csv", "few.csv"])
def test_the_same_error_of_evaluate(data, model, folder):
    """The first wrong cell from the top, whichever span or piece it is in."""
    (folder / "few.csv").write_text("x0,w,y\n1,1,low\n")
    with pytest.raises((DataError, ModelError)) as here:
        sm.evaluate(model, str(folder / data))
    with pytest.raises(SmtrainError) as there:
        sm.evaluate(model, str(folder / data), home=workers(100_000))
    assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))
    line = {"weight.csv": 15_002, "label.csv": 12_002, "number.csv": 9_002}.get(data)
    assert getattr(here.value, "line", None) == line


def test_rows_that_others_cannot_read(model):
    with pytest.raises(SmtrainError, match="in the memory of this process"):
        sm.evaluate(model, table(100, 3), home=workers(1000))


def test_arguments_of_a_cluster(model, folder):
    with pytest.raises(SmtrainError, match=re.escape("cluster must be the address or the file of a scheduler")):
        sm.evaluate(model, str(folder / "all.csv"), cluster=3)
