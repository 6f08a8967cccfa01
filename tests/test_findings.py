"""Findings have codes: one table, told alike by all commands; and those on the predictions of a model."""

import ast
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.inspecting import judging, leaks, penalties, shift
from smtrain.inspecting.codes import BY_KIND, CODES, TABLE
from smtrain.inspecting.drift import chi_squared
from smtrain.inspecting.leaks import tells_a_class
from smtrain.inspecting.shift import class_shift
from smtrain.model import rarity
from tests.hostile.harness import invoke

SOURCES = [path for path in Path("smtrain").rglob("*.py") if "Finding(" in path.read_text() or "refusals" in path.name]


def kinds_in(path):
    """The kinds that a module gives to findings and refusals, as far as they are written there."""
    places = {"Finding": 1, "Refusal": 0}
    for node in ast.walk(ast.parse(path.read_text())):
        place = places.get(getattr(getattr(node, "func", None), "id", ""))
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            yield node.args[place].value


def test_every_kind_has_a_code_and_every_code_a_kind():
    told = {kind for path in SOURCES for kind in kinds_in(path)}
    # These are given by name: the broken record, and the two kinds of drift.
    assert told | {"record", "drift", "class shift"} == set(BY_KIND)
    assert len(set(CODES)) == len(BY_KIND) == len(TABLE)
    assert all(re.fullmatch(r"SM[1-6]\d\d", code) for code in CODES)


def test_thresholds_of_the_table_are_those_of_the_program():
    assert f"above {judging.MISCALIBRATED:g}," in BY_KIND["miscalibration"].when
    assert judging.LOST == 0.1
    assert "a tenth" in BY_KIND["overfitting"].when


def noisy(rows, columns, seed):
    """Labels that hang on the first column alone, among columns of noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    y = np.where(X[:, 0] + rng.normal(size=rows) > 0, "p", "q")
    return pd.DataFrame(X, columns=[f"c{j}" for j in range(columns)]).assign(y=y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("findings")
    noisy(60, 20, 1).to_csv(folder / "few.csv", index=False)
    noisy(400, 20, 2).to_csv(folder / "others.csv", index=False)
    invoke("fit", "few.csv", "-q", "--l2", "1e-4", folder=folder)
    return folder


def said(*line, folder):
    """Both streams of a command."""
    done = invoke(*line, folder=folder)
    return done.stdout.decode() + done.stderr


def codes_of(document):
    return [one["code"] for one in document["findings"]]


def test_overfitting(folder):
    here = invoke("evaluate", "others.csv", "--json", folder=folder).document
    (finding,) = [one for one in here["findings"] if one["code"] == "SM101"]
    numbers = finding["numbers"]
    assert numbers["nll"] == here["nll"]
    assert numbers["low"] == here["intervals"]["nll"]["low"] > numbers["trained"]
    assert finding["hint"].startswith("a larger --l2")
    assert codes_of(invoke("evaluate", "few.csv", "--json", folder=folder).document) == []


def test_no_better_than_the_frequencies(folder):
    shuffled = noisy(400, 20, 3)
    shuffled["y"] = np.random.default_rng(4).permutation(shuffled["y"])
    shuffled.to_csv(folder / "shuffled.csv", index=False)
    document = invoke("evaluate", "shuffled.csv", "--json", folder=folder).document
    finding = next(one for one in document["findings"] if one["code"] == "SM102")
    shares = shuffled["y"].value_counts(normalize=True)
    assert finding["numbers"]["baseline"] == pytest.approx(-(shares * np.log(shares)).sum())
    assert finding["numbers"]["high"] >= finding["numbers"]["baseline"]


def test_probabilities_that_do_not_come_true():
    rng = np.random.default_rng(5)
    x = rng.normal(size=2000)
    model = sm.fit(pd.DataFrame({"x": x, "y": np.where(x + 0.2 * rng.normal(size=2000) > 0, "p", "q")}))
    # The same model on rows whose labels hang on x far less: it is surer than it may be.
    blurred = pd.DataFrame({"x": x, "y": np.where(x + 2 * rng.normal(size=2000) > 0, "p", "q")})
    found = {one.kind: one for one in judging.judged(model, model.evaluate(blurred)).findings}
    assert found["miscalibration"].numbers["error"] > 0.05
    right = pd.DataFrame({"x": x, "y": np.where(x + 0.2 * rng.normal(size=2000) > 0, "p", "q")})
    assert judging.judged(model, model.evaluate(right)).findings == ()


def test_a_mix_of_classes_that_has_moved():
    """Told before the probabilities that lean towards the old mix, which no calibration on old rows mends."""
    rng = np.random.default_rng(3)

    def table(shares):
        y = rng.choice(3, 2000, p=shares)
        return pd.DataFrame({"x": y + rng.normal(0, 1.5, 2000), "y": np.array(["a", "b", "c"])[y]})

    model, moved = sm.fit(table([0.6, 0.3, 0.1])), table([0.7, 0.18, 0.12])
    first, *others = judging.judged(model, model.evaluate(moved)).findings
    assert (first.code, first.column, first.numbers["most"], first.numbers["threshold"]) == ("SM607", "y", '"b"', 0.05)
    assert first.numbers["psi"] < 0.1
    assert all("new mix" in one.hint for one in others if one.code == "SM103")
    assert "SM607" in {one.code for one in sm.check(model, moved).findings}
    assert judging.judged(model, model.evaluate(table([0.6, 0.3, 0.1]))).findings == ()
    few, weighted = model.evaluate(moved[:30]), model.evaluate(moved, sample_weight=np.linspace(1, 2, 2000))
    for evaluation in (few, weighted):  # chance may do so much to a few; weights are no counts
        assert "SM607" not in {one.code for one in judging.judged(model, evaluation).findings}


def test_a_column_that_alone_tells_one_class():
    rng = np.random.default_rng(4)
    y = rng.choice(["late", "lost", "paid"], 600, p=[0.3, 0.1, 0.6])
    frame = pd.DataFrame({"x": rng.normal(size=600), "agent": np.where(y == "lost", "ann", "none"), "y": y})
    frame.loc[np.flatnonzero(y == "paid")[:2], "agent"] = "ann"
    for found in (sm.doctor(frame), sm.report(sm.fit(frame), frame).findings):
        (leak,) = (one for one in found.findings if one.kind == "leak")
        assert (leak.column, leak.numbers["class"], leak.numbers["recall"]) == ("agent", "lost", 1)
    assert 'agent alone tells "lost" from all other classes' in sm.report(sm.fit(frame), frame).markdown()
    frame.loc[np.flatnonzero(y == "paid")[:20], "agent"] = "ann"
    assert "leak" not in {one.kind for one in sm.doctor(frame).findings}


def shift_by_formulas(trained, counts):
    """The threshold that the shares of classes have passed by more than chance; None for none."""
    n, m = sum(trained), sum(counts)
    pairs, rare = [], [0, 0]
    for a, b in zip(trained, counts, strict=True):
        if (a + b) / (n + m) * min(n, m) < 5:
            rare = [rare[0] + a, rare[1] + b]
        else:
            pairs.append((a, b))
    pairs = [(a, b) for a, b in [*pairs, rare] if a + b]
    shares = [((a + 0.5) / (n + len(pairs) / 2), (b + 0.5) / (m + len(pairs) / 2)) for a, b in pairs]
    psi = sum((a - b) * np.log(a / b) for a, b in shares)
    if psi <= chi_squared(len(pairs) - 1) * (1 / n + 1 / m):
        return None
    moved = max(abs(a / n - b / m) for a, b in zip(trained, counts, strict=True))
    return 0.25 if psi > 0.25 else 0.1 if psi > 0.1 else 0.05 if moved > 0.05 else None


@pytest.mark.parametrize("some", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 10))])
def test_a_shift_of_the_classes_is_that_of_the_formulas(some):
    outcomes = set()
    for seed in range(100 * some, 100 * some + 100):
        rng = np.random.default_rng(seed)
        K = int(rng.integers(2, 7))
        shares = rng.dirichlet(np.ones(K))
        moved = (1 - (by := rng.choice([0, 0.1, 0.3, 0.6]))) * shares + by * rng.dirichlet(np.ones(K))
        trained, counts = (rng.multinomial(rng.integers(40, 4000), each) for each in (shares, moved))
        found = class_shift("y", "abcdef"[:K], trained.tolist(), counts)
        outcomes.add(expected := shift_by_formulas(trained.tolist(), counts.tolist()))
        assert (None if found is None else found.numbers["threshold"]) == expected
        assert found is None or found.severity.value == ("error" if expected == 0.25 else "warning")
    assert outcomes == {None, 0.05, 0.1, 0.25}


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("SM103", [f"above {judging.MISCALIBRATED:g},"]),
        ("SM207", [f"at most {penalties.MOST_NUMBERS:,}."]),
        ("SM401", [f"{100 * leaks.RIGHT:g} %", f"least {leaks.FEWEST_OF_A_VALUE} rows, {100 * leaks.ONE_CLASS:g} %"]),
        ("SM502", [f"than {rarity.MANY_CLASSES} classes", f"than {rarity.SOME_CLASSES} with", "than five"]),
        ("SM606", [f"{shift.DRIFT:g}", f"{shift.STRONG_DRIFT:g}"]),
        ("SM607", [f"more than {shift.MOVED:g},"]),
    ],
)
def test_the_numbers_that_are_told_of_a_finding_are_those_of_the_code(code, numbers):
    (text,) = (one.when for one in TABLE if one.code == code)
    assert [number for number in numbers if number not in text] == []
    assert "  " not in text


def told_by_loops(values, y, classes):
    """Class, recall and precision of the class that the values of a column tell best; None if none is told."""
    told, labels_of = [], {v: y[values == v].tolist() for v in set(values.tolist())}
    for k in range(classes):
        pure = [v for v, labels in labels_of.items() if len(labels) >= 20 and labels.count(k) >= 0.95 * len(labels)]
        taken = np.isin(values, pure)
        told.append((k, (taken & (y == k)).sum() / max(1, (y == k).sum()), (y[taken] == k).sum() / max(1, taken.sum())))
    best = max(told, key=lambda one: one[1])
    return best if best[1] >= 0.95 and classes > 2 else None


@pytest.mark.parametrize("some", [0, *(pytest.param(i, marks=pytest.mark.slow) for i in range(1, 10))])
def test_a_column_tells_a_class_by_values_that_a_loop_finds(some):
    outcomes = set()
    for seed in range(40 * some, 40 * some + 40):
        rng = np.random.default_rng(seed)
        K, m, counts = int(rng.integers(2, 5)), int(rng.integers(30, 300)), rng.integers(18, 24, rng.integers(1, 4))
        own = np.repeat(np.arange(len(counts)), counts)  # values of the class 0, of which a few rows are of another
        y = np.concatenate([np.where(rng.random(len(own)) < rng.choice([0, 0.04]), 1, 0), rng.integers(1, K, m)])
        values = np.append(own, rng.integers(10, 14, m) if K > 2 else np.full(m, 10))
        y[-K:], order = np.arange(K), rng.permutation(len(y))
        values, y = values[order], y[order]
        found, expected = tells_a_class(values.astype(np.uint64), y), told_by_loops(values, y, K)
        assert (None if found is None else (found.label, found.recall, found.precision)) == expected
        outcomes.add(expected is None)
    assert outcomes == {False, True}


def test_levels_that_training_did_not_have():
    frame = pd.DataFrame({"town": ["Bern", "Rome"] * 20, "y": ["p", "q"] * 20})
    model = sm.fit(frame)
    frame.loc[3, "town"] = "Oslo"
    with pytest.warns(sm.UnknownLevelWarning):
        evaluation = model.evaluate(frame)
    (finding,) = judging.judged(model, evaluation).findings
    assert (finding.code, finding.column, finding.numbers) == ("SM605", "town", {"cells": 1})


def test_the_code_is_everywhere_and_can_be_ignored(folder, go, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    arguments = ["evaluate", "others.csv", "--fail-if", "accuracy<0.1", "--junit", "r.xml"]
    assert "SM101" in go(*arguments).out
    assert "| warning | SM101 |" in (folder / "summary.md").read_text()
    details = [case.findtext("system-out") for case in ElementTree.parse(folder / "r.xml").iter("testcase")]
    assert any(detail and detail.startswith("warning SM101: ") for detail in details)
    assert "SM10" not in go(*arguments, "--ignore", "SM101", "--ignore", "SM102,SM103").out


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("doctor", "twice.csv", "--strict"), "SM507"),
        (("compare", "model.npz", "model.npz", "others.csv"), "SM101"),
        (("check", "shifted.csv"), "SM606"),
        (("fit", "wide.csv", "-o", "wide.npz"), "SM204"),
    ],
)
def test_each_command_tells_codes_and_ignores_them(line, code, folder):
    noisy(400, 20, 2).assign(c3=9.0).to_csv(folder / "shifted.csv", index=False)
    noisy(12, 20, 2).to_csv(folder / "wide.csv", index=False)
    few = noisy(60, 20, 1)
    pd.concat([few, few[:3]]).to_csv(folder / "twice.csv", index=False)
    told = invoke(*line, "--json", folder=folder)
    assert code in codes_of(told.document)
    ignored = [item for one in set(codes_of(told.document)) for item in ("--ignore", one)]
    silent = invoke(*line, "--json", *ignored, folder=folder)
    assert silent.code == 0
    assert codes_of(silent.document) == []
    assert code in said(*line, folder=folder)
    assert code not in said(*line, "--ignore", code, folder=folder)


def test_a_code_that_there_is_not(folder):
    outcome = invoke("doctor", "few.csv", "--ignore", "SM1O1", folder=folder)
    assert outcome.code == 2
    assert 'there is no finding "SM1O1"' in outcome.stderr
    with pytest.raises(sm.UsageError, match="there is no finding"):
        sm.doctor(str(folder / "few.csv")).without("leak")


def test_python_ignores_them_too():
    found = sm.doctor("sample_data/iris.csv")
    assert [one.code for one in found.findings] == ["SM507"]
    assert found.without("SM507").findings == ()
    assert json.loads(found.to_frame().to_json())["code"] == {"0": "SM507"}
