"""Levels of few rows become one: the same model as of a table in which somebody wrote one word for them."""

import json

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.model import model as model_module
from smtrain.sources.opening import open_table
from tests.homes import Pickling

N = 240
LEAST = 20


def frame(*, gaps=False):
    """Towns of 1 to 60 rows, one of them called "other", and one that has exactly LEAST rows."""
    rng = np.random.default_rng(5)
    sizes = {"Bern": 60, "Chur": 50, "Uri": 40, "Thun": LEAST, "Olten": LEAST - 1, "other": 19, "Visp": 18, "Zug": 13}
    towns = np.repeat([*sizes, "Ins"], [*sizes.values(), N - sum(sizes.values())])
    found = pd.DataFrame({"x": rng.normal(size=N).round(3), "town": rng.permutation(towns).astype(object)})
    if gaps:
        found.loc[rng.random(N) < 0.02, "town"] = None
    z = found["x"] + (found["town"] == "Bern") + rng.gumbel(size=N)
    return found.assign(w=rng.integers(0, 4, N), y=np.select([z < 0, z < 1], ["low", "middle"], "high"))


def merged(table, least=LEAST, word="~rest"):
    """The same table as a loop writes it: one word for each cell whose text has fewer rows. It sorts last."""
    counts = {}
    for town in table["town"]:
        counts[town] = counts.get(town, 0) + 1
    towns = [town if pd.isna(town) or counts[town] >= least else word for town in table["town"]]
    return table.assign(town=towns)


FORMS = {
    "csv": lambda table, path: table.to_csv(path / "t.csv", index=False) or path / "t.csv",
    "parquet": lambda table, path: table.to_parquet(path / "t.parquet") or path / "t.parquet",
    "frame": lambda table, _: table,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("options", [{}, {"weight": "w"}], ids=["plain", "weights"])
def test_the_model_is_that_of_a_table_with_one_word_for_the_rare_levels(form, gaps, options, tmp_path):
    table = frame(gaps=gaps)
    found = sm.fit(FORMS[form](table, tmp_path), target="y", min_count=LEAST, **options)
    naive = sm.fit(merged(table), target="y", **options)
    named = [name.replace("town=~rest", "town is other") for name in naive.features]
    assert sorted(found.features) == sorted(named)
    order = [found.features.index(name) for name in named]
    np.testing.assert_allclose(found.W[order], naive.W, rtol=1e-9, atol=1e-12)
    data = FORMS[form](table, tmp_path)
    np.testing.assert_allclose(sm.predict_proba(found, data), sm.predict_proba(naive, merged(table)), rtol=1e-9)
    assert sm.check(found, data).findings == ()
    assert found.fit.data == sm.fit(table, target="y", min_count=LEAST, **options).fit.data


def test_rows_count_alike_whatever_they_weigh():
    found = sm.fit(frame().assign(w=0.001), target="y", weight="w", min_count=LEAST)
    (column,) = found.encoder.categorical
    assert column.levels == ("Bern", "Chur", "Thun", "Uri")
    assert column.rare == ("Ins", "Olten", "Visp", "Zug", "other")


def test_the_least_count_makes_nothing_rare():
    plain, least = (sm.fit(frame(), target="y", **options) for options in ({}, {"min_count": 1}))
    assert plain.W.tobytes() == least.W.tobytes()
    assert plain.encoder == least.encoder


@pytest.mark.parametrize("piece", [100, None])
def test_the_same_bytes_however_the_table_is_cut(piece, tmp_path):
    path = FORMS["csv"](frame(gaps=True), tmp_path)
    whole = sm.fit(path, target="y", min_count=LEAST)
    table = open_table(path, sm.Dialect(), fitting=True, piece=piece)
    cut = sm.fit(table, target="y", min_count=LEAST, home=Pickling(2, most_rows=64))
    reference = sm.fit(path, target="y", min_count=LEAST, home=Pickling(1, most_rows=64))
    assert (cut.encoder, cut.fit.data, cut.W.tobytes()) == (
        reference.encoder,
        reference.fit.data,
        reference.W.tobytes(),
    )
    assert (whole.encoder.categorical, whole.fit.data) == (cut.encoder.categorical, cut.fit.data)


def test_no_two_features_have_the_same_name():
    table = frame().assign(**{"town is other": np.arange(N) % 7})
    names = sm.fit(table, target="y", min_count=LEAST - 1).features
    assert {"town=other", "town is other", '"town" is other'} <= set(names)
    assert len(set(names)) == len(names)


def test_a_new_level_counts_as_none_and_a_rare_one_does_not():
    model = sm.fit(frame(), target="y", min_count=LEAST, drop="w")
    rare, new, none = (pd.DataFrame({"x": [0.5], "town": [town]}) for town in ("Visp", "Oslo", "Rome"))
    with pytest.warns(sm.UnknownLevelWarning, match="town"):
        unseen = sm.predict_proba(model, new)
    assert np.array_equal(unseen, sm.predict_proba(model, none, on_unknown="ignore"))
    assert not np.array_equal(unseen, sm.predict_proba(model, rare, on_unknown="error"))
    other = model.features.index("town is other")
    z = model.W[0] * ((0.5 - model.encoder.means[0]) / model.encoder.scales[0]) + model.W[other] + model.b
    np.testing.assert_allclose(sm.predict_proba(model, rare)[0], np.exp(z) / np.exp(z).sum(), rtol=1e-12)
    assert [one.kind for one in sm.check(model, pd.concat([frame(), new.assign(y="low")])).findings] == ["unseen level"]


def test_check_tells_of_a_larger_share_of_rare_levels():
    model, table = sm.fit(frame(), target="y", min_count=LEAST), frame()
    table.loc[: N // 2, "town"] = "Visp"
    (finding,) = [one for one in sm.check(model, table).findings if one.column == "town"]
    assert finding.kind == "drift"
    assert "(other)" in finding.what


def test_a_changed_rare_level_is_seen_by_verify(tmp_path):
    table, path = frame(), str(tmp_path / "m.npz")
    sm.fit(table, target="y", min_count=LEAST).save(path)
    assert sm.verify(path, table).same
    changed = table.copy()
    one, two = (changed.index[changed["town"] == town][0] for town in ("Visp", "Zug"))
    changed.loc[[one, two], "town"] = ["Zug", "Visp"]
    found = sm.verify(path, changed)
    assert (found.same, found.same_data, found.weights) == (False, False, 0.0)


def test_a_column_of_rare_levels_alone_is_left_out():
    table = frame()
    assert sm.fit(table, target="y", min_count=N).ignored == {"town": "all of its levels are rare"}
    gaps = sm.fit(frame(gaps=True), target="y", min_count=N)
    assert gaps.features == ("x", "w", "town is missing", "town is other")
    asked = sm.fit(table, target="y", min_count=N, categorical=["town"])
    assert asked.features[-1] == "town is other"
    doctor = sm.doctor(table, target="y", min_count=N)
    assert not any(finding.column == "town" and "different texts" in finding.what for finding in doctor.findings)


def test_statistics_have_the_rare_levels_as_one_term():
    model = sm.fit(frame(), target="y", l2=1, se=True, min_count=LEAST)
    naive = sm.fit(merged(frame()), target="y", l2=1, se=True)
    ours, theirs = (sm.inference(one).table().reset_index() for one in (model, naive))
    np.testing.assert_allclose(ours.iloc[:, 2:], theirs.iloc[:, 2:], rtol=1e-5)


# The file


def version(path):
    return json.loads(np.load(path)["meta"].tobytes())["format_version"]


def test_older_readers_refuse_what_they_would_misread(tmp_path, monkeypatch):
    plain, rare = (str(tmp_path / name) for name in ("plain.npz", "rare.npz"))
    sm.fit(frame(), target="y").save(plain)
    sm.fit(frame(), target="y", min_count=LEAST).save(rare)
    assert (version(plain), version(rare)) == (1, 2)
    assert sm.load(rare).encoder.categorical[0].rare[0] == "Ins"
    monkeypatch.setattr(model_module, "FORMAT_VERSION", 1)
    sm.load(plain)
    with pytest.raises(sm.ModelError, match="newer smtrain"):
        sm.load(rare)


# The command line


def test_what_the_commands_say(go, tmp_path):
    path = FORMS["csv"](frame(), tmp_path)
    assert "levels of fewer than 20 rows, which become one: town 5" in go("fit", path, "--min-count", LEAST).err
    said = go("show").out
    assert "4 levels: Bern, Chur, Thun, Uri; 5 rare ones as one: Ins, Olten, Visp, Zug, other" in said
    row = next(i for i, town in enumerate(frame()["town"], 1) if town == "Visp")
    assert "town is other" in go("explain", path, "--row", row).out
    assert go("verify", "model.npz", path, "-q").out.startswith("verified: the same")
    assert "--min-count" in go("fit", path, "--min-count", 0, code=ExitCode.USAGE).err


def test_doctor_names_the_option(tmp_path, go):
    many = pd.DataFrame(
        {"x": np.arange(1600) % 9, "w": [f"w{i * i % 1009}" for i in range(1600)], "y": ["p", "q"] * 800}
    )
    many.to_csv("many.csv", index=False)
    assert "--min-count 10" in go("doctor", "many.csv").out
    assert "different texts" not in go("doctor", "many.csv", "--min-count", 10).out


def test_the_pipeline_of_scikit_learn_has_the_same_probabilities():
    model, table = sm.fit(frame(gaps=True), target="y", min_count=LEAST), frame(gaps=True)
    new = pd.concat([table, pd.DataFrame({"x": [1.0], "town": ["Oslo"], "w": [1]})])
    ours = sm.predict_proba(model, new, on_unknown="ignore")
    np.testing.assert_allclose(sm.to_sklearn(model).predict_proba(new), ours, rtol=1e-9)
