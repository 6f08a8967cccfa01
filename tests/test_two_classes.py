"""Models of two classes as everyone reads them: one column of log-odds, against statsmodels and scikit-learn."""

import csv
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from statsmodels.api import Logit, add_constant

import smtrain as sm
from smtrain.errors import ExitCode


@pytest.fixture
def folder(go, tmp_path):
    rng = np.random.default_rng(1)
    n = 200
    table = pd.DataFrame(rng.normal(size=(n, 3)) * [1, 50, 0.1] + [0, 900, 3], columns=["a", "b", "c"])
    table["y"] = np.where(table["a"] - 5 * (table["c"] - 3) + rng.logistic(size=n) > 0, "yes", "no")
    table.to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q", "--l2", 0, "--se", "-o", "free.npz")
    go("fit", "t.csv", "-q", "--l2", 3, "--tol", 1e-12, "-o", "ridge.npz")
    return table


def coefficients(said):
    return {row["term"]: row for row in csv.DictReader(io.StringIO(said))}


def test_without_a_penalty_they_are_those_of_statsmodels(go, folder):
    theirs = Logit(folder["y"] == "yes", add_constant(folder[["a", "b", "c"]])).fit(disp=False, tol=1e-10, maxiter=100)
    for options, sign in (((), 1), (("--positive", "no"), -1), (("--reference", "yes"), -1)):
        ours = coefficients(go("show", "free.npz", "--se", "--csv", *options).out)
        for name, term in (("const", "(intercept)"), ("a", "a"), ("b", "b"), ("c", "c")):
            assert ours[term]["class"] == ("yes" if sign == 1 else "no")
            assert float(ours[term]["estimate"]) == pytest.approx(sign * theirs.params[name], rel=1e-5)
            assert float(ours[term]["std_error"]) == pytest.approx(theirs.bse[name], rel=1e-5)
            assert float(ours[term]["p"]) == pytest.approx(theirs.pvalues[name], rel=1e-3)
            low, high = sorted(sign * theirs.conf_int().loc[name])
            assert (float(ours[term]["low"]), float(ours[term]["high"])) == pytest.approx((low, high), rel=1e-4)
        plain = coefficients(go("show", "free.npz", "--csv", *options).out)
        for term, row in plain.items():
            assert float(row["estimate"]) == pytest.approx(float(ours[term]["estimate"]), rel=1e-9)
            assert row["std_error"] == row["high"] == ""


def test_with_a_penalty_they_are_those_of_scikit_learn(go, folder):
    scaler = StandardScaler().fit(folder[["a", "b", "c"]])
    theirs = LogisticRegression(C=2 / 3, tol=1e-10, max_iter=10_000)
    theirs.fit(scaler.transform(folder[["a", "b", "c"]]), folder["y"])
    ours = coefficients(go("show", "ridge.npz", "--csv").out)
    for j, name in enumerate("abc"):
        assert float(ours[name]["estimate"]) == pytest.approx(theirs.coef_[0, j] / scaler.scale_[j], rel=1e-4)
    said = go("show", "ridge.npz").out
    assert "log-odds of yes against no, in the units of the file" in said
    line = next(line for line in said.splitlines() if line.startswith("b ") and "numeric" not in line).split()
    estimate = float(ours["b"]["estimate"])
    assert line == ["b", f"{estimate:.5g}", f"{math.exp(estimate):.5g}"]


def test_the_model_stays_symmetric(go, folder):
    document = json.loads(go("show", "ridge.npz", "--json").out)
    assert (document["reference"], document["against"]) == (None, "no")
    W = np.array(document["raw_weights"])
    np.testing.assert_allclose(W[:, 0], -W[:, 1])
    rows = {row["term"]: row for row in document["coefficients"]}
    for j, name in enumerate(document["features"]):
        assert rows[name]["estimate"] == pytest.approx(W[j, 1] - W[j, 0])
    asked = json.loads(go("show", "ridge.npz", "--json", "--positive", "no").out)
    assert (asked["reference"], asked["against"]) == ("yes", "yes")
    np.testing.assert_allclose(np.array(asked["raw_weights"])[:, 0], W[:, 0] - W[:, 1])


def test_what_cannot_be_asked(go, folder):
    for options in (
        ["--positive", "maybe"],
        ["--positive", "no", "--reference", "no"],
        ["--class", "no"],
        ["--class", "maybe"],
        ["--csv", "--json"],
        ["--csv", "--lr"],
        ["--top", 0],
    ):
        go("show", "free.npz", *options, code=ExitCode.USAGE)
    folder.assign(y=np.arange(len(folder)) % 3).to_csv("three.csv", index=False)
    go("fit", "three.csv", "-q", "-o", "three.npz")
    assert "--positive is for two classes" in go("show", "three.npz", "--positive", "1", code=ExitCode.USAGE).err


# Which of them are shown


def shown(go, *options):
    rows = list(csv.DictReader(io.StringIO(go("show", "three.npz", "--csv", *options).out)))
    return [(row["class"], row["term"]) for row in rows]


def test_top_class_and_sort(go, folder):
    folder.assign(y=np.where(folder["b"] > 950, "x", folder["y"])).to_csv("three.csv", index=False)
    go("fit", "three.csv", "-q", "-o", "three.npz")
    model = sm.load("three.npz")
    effect = dict(zip(model.features, np.abs(model.W).max(axis=1), strict=True))
    ranked = sorted("abc", key=lambda name: -effect[name])
    first = "(intercept)"
    assert shown(go) == [(c, t) for c in ("no", "x", "yes") for t in (first, "a", "b", "c")]
    assert shown(go, "--top", 2) == [(c, t) for c in ("no", "x", "yes") for t in (first, *ranked[:2])]
    assert shown(go, "--top", 2, "--sort", "name") == [
        (c, t) for c in ("no", "x", "yes") for t in (first, *sorted(ranked[:2]))
    ]
    assert [t for _, t in shown(go, "--sort", "effect", "--class", "x")] == [
        first,
        *sorted("abc", key=lambda name: -abs(model.W[model.features.index(name), 1])),
    ]
    assert [c for c, t in shown(go, "--class", "yes", "--class", "no") if t == "a"] == ["yes", "no"]
    said = go("show", "three.npz", "--top", 1, "--class", "x").out.splitlines()
    assert said[-4].startswith("weights, in the units of the file: the 1 of 3 features with the largest effect")
    assert said[-3].split() == ["feature", "x"]


def test_names_are_quoted_as_in_any_csv(go, tmp_path):
    words = ['say "hi"', "a,b", "two\nlines", "plain"]
    table = pd.DataFrame({"w, x": [words[i % 4] for i in range(80)], "y": [f'c"{i % 3}' for i in range(80)]})
    table.to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q")
    found = list(csv.DictReader(io.StringIO(go("show", "--csv").out, newline="")))
    assert {row["term"] for row in found} == {"(intercept)", *(f"w, x={word}" for word in words)}
    assert {row["class"] for row in found} == {'c"0', 'c"1', 'c"2'}


# One row, and two models


def test_explain_tells_what_makes_the_log_odds(go, folder):
    model = sm.load("ridge.npz")
    for row in (1, 7):
        x = (folder[["a", "b", "c"]].to_numpy()[row - 1] - model.encoder.means) / model.encoder.scales
        p = sm.predict_proba(model, folder)[row - 1]
        for positive, k in ((None, 1), ("yes", 1), ("no", 0)):
            options = [] if positive is None else ["--positive", positive]
            document = json.loads(go("explain", "t.csv", "-m", "ridge.npz", "--row", row, "--json", *options).out)
            found = document["log_odds"]
            assert (found["class"], found["against"]) == (model.classes[k], model.classes[1 - k])
            assert found["value"] == pytest.approx(np.log(p[k] / p[1 - k]), rel=1e-9)
            naive = dict(zip("abc", x * (model.W[:, k] - model.W[:, 1 - k]), strict=True))
            assert {one["feature"]: one["push"] for one in found["pushes"]} == pytest.approx(naive)
            assert sum(naive.values()) + found["intercept_push"] == pytest.approx(found["value"], rel=1e-9)
            said = go("explain", "t.csv", "-m", "ridge.npz", "--row", row, *options).out
            assert f"log-odds of {found['class']} against {found['against']}: {found['value']:+.4f}" in said
            line = next(line for line in reversed(said.splitlines()) if line.startswith("a ")).split()
            assert line[2:] == [f"{naive['a']:+.4f}", f"{math.exp(naive['a']):.5g}"]


def test_compare_tells_of_log_odds_once(go, folder):
    document = json.loads(go("compare", "free.npz", "ridge.npz", "t.csv", "--json").out)
    assert document["weights_against"] == "no"
    assert {one["class"] for one in document["weights"]} == {"yes"}
    ours = [coefficients(go("show", name, "--csv").out) for name in ("free.npz", "ridge.npz")]
    for one in document["weights"]:
        old, new = (float(found[one["feature"]]["estimate"]) for found in ours)
        assert (one["old"], one["new"], one["difference"]) == pytest.approx((old, new, new - old))
    other = json.loads(go("compare", "free.npz", "ridge.npz", "t.csv", "--json", "--positive", "no").out)
    assert [one["old"] for one in other["weights"]] == pytest.approx([-one["old"] for one in document["weights"]])
    said = go("compare", "free.npz", "ridge.npz", "t.csv", "--positive", "no").out
    assert "log-odds against yes that moved, in the units of the file" in said
    assert "odds ratio, old" in said


def test_models_of_more_classes_stay_as_they_are(go, folder):
    folder.assign(y=np.where(folder["b"] > 950, "x", folder["y"])).to_csv("three.csv", index=False)
    go("fit", "three.csv", "-q", "-o", "three.npz")
    assert "log_odds" not in json.loads(go("explain", "three.csv", "-m", "three.npz", "--json").out)
    assert "what pushed" in go("explain", "three.csv", "-m", "three.npz").out
    document = json.loads(go("compare", "ridge.npz", "three.npz", "t.csv", "--json").out)
    assert document["weights_against"] is None
    assert {one["class"] for one in document["weights"]} == {"yes", "no"}
    go("explain", "three.csv", "-m", "three.npz", "--positive", "x", code=ExitCode.USAGE)
