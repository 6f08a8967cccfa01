"""Columns whose features would have the same name: each has one of its own, and the weights follow the columns."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smtrain as sm
from smtrain.model.features import Feature, feature_names

LEVEL = pd.DataFrame({"sex": ["male", "female"] * 8, "sex=male": range(16)})
GAPS = pd.DataFrame({"age": [1.0, None, 4.0, 3.0] * 4, "age is missing": range(16)})
BOTH = pd.DataFrame({"a": ["b=c", "d"] * 8, "a=b": ["c", "c", "e", "e"] * 4})
WORDS = pd.DataFrame({"w": ["u", None, "v", "u"] * 4, "w is missing": range(16)})
AGAIN = pd.DataFrame({"a": ["x", "y"] * 8, "a=x": range(16), '"a"=x': range(3, 19), '"a"=x (2)': np.arange(16) ** 2})
FRAMES = {"level": LEVEL, "gaps": GAPS, "both": BOTH, "words": WORDS, "again": AGAIN}
NAMES = {
    "level": ["sex=male", "sex=female", '"sex"=male'],
    "gaps": ["age", "age is missing", '"age" is missing'],
    "both": ['"a"=b=c', "a=d", '"a=b"=c', "a=b=e"],
    "words": ["w is missing", "w=u", "w=v", '"w" is missing'],
    "again": ["a=x", '"a"=x', '"a"=x (2)', '"a"=x (3)', "a=y"],
}


def labelled(frame):
    return frame.assign(y=np.random.default_rng(3).choice(["p", "q", "r"], len(frame)))


@pytest.fixture(params=FRAMES)
def case(request, tmp_path):
    """A name of FRAMES, its rows with labels, and a file of a model of them."""
    frame = labelled(FRAMES[request.param])
    path = str(tmp_path / "m.npz")
    sm.fit(frame, tol=1e-9).save(path)
    return request.param, frame, path


def test_every_feature_has_a_name_of_its_own(case):
    name, frame, path = case
    assert list(sm.load(path).features) == NAMES[name]
    assert json.loads(bytes(np.load(path)["features"])) == NAMES[name]
    assert list(sm.load(path).features) == list(sm.fit(frame).features)


def test_predictions_are_those_of_columns_with_other_names(case):
    _, frame, path = case
    plain = frame.rename(columns={name: f"c{i}" for i, name in enumerate(frame.columns[:-1])})
    np.testing.assert_allclose(
        sm.predict_proba(sm.load(path), frame), sm.predict_proba(sm.fit(plain, tol=1e-9), plain), atol=1e-12
    )


def test_a_warm_start_follows_the_columns_not_the_names(case):
    _, frame, path = case
    first = sm.load(path)
    turned = frame[[*frame.columns[-2::-1], "y"]]
    again = sm.fit(turned, init=first, epochs=0)
    np.testing.assert_allclose(sm.predict_proba(again, frame), sm.predict_proba(first, frame), atol=1e-12)
    moved = sm.compare(first, again, frame).weights
    assert np.abs(moved.new - moved.old).max(initial=0) < 1e-12


def test_every_command_takes_such_a_model(case, go):
    _, frame, path = case
    frame.to_csv("t.csv", index=False)
    shown = json.loads(go("show", path, "--json").out)
    assert len(set(shown["features"])) == len(shown["features"])
    for line in (["show", path], ["evaluate", "t.csv", "-m", path, "--worst", 2], ["compare", path, path, "t.csv"],
                 ["check", "t.csv", "-m", path], ["explain", "t.csv", "-m", path], ["gradcheck", "t.csv"],
                 ["fit", "t.csv", "--l2", 0, "--epochs", 50, "--se", "-q"], ["show", "model.npz", "--se"],
                 ["fit", "t.csv", "--l1", 0.1, "-q"], ["doctor", "t.csv"]):  # fmt: skip
        go(*line)


TEXT = st.text('a="( 2)', max_size=4)
COLUMN = st.builds(Feature, TEXT, numbers=st.booleans(), level=st.none() | TEXT | st.just("is missing"))


@settings(max_examples=300)
@given(st.lists(COLUMN, unique_by=lambda f: (f.column, f.numbers, None if f.numbers else f.level)))
def test_no_two_names_are_alike(features):
    features = sorted(features, key=lambda feature: not feature.numbers)  # as in X
    names = feature_names(features)
    assert len(set(names)) == len(features)
    assert all(name == one.column for name, one in zip(names, features, strict=True) if one.numbers)


def test_a_column_called_like_the_intercept_is_another_line(go, tmp_path):
    frame = pd.DataFrame({"(intercept)": range(30), "intercept": [3, 1, 2] * 10, "y": [*"ab"] * 15})
    frame.to_csv(tmp_path / "t.csv", index=False)
    go("fit", "t.csv", "-q", "--se")
    assert "\n(intercept) (2) " in go("show").out
    assert "\n(intercept) (2) " in go("explain", "t.csv", "--row", "1").out
    terms = json.loads(go("show", "--se", "--json").out)["inference"]["classes"]["b"]
    assert set(terms) == {"(intercept)", "intercept", "(intercept) (2)"}
    names = [one["feature"] for one in json.loads(go("gradcheck", "t.csv", "--json").out)["worst"]]
    assert {"intercept", "intercept (2)"} <= set(names)
