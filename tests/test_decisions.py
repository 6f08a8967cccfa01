"""Decisions by the costs of errors: against naive loops, from files, in predictions and evaluations."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.scoring import ranks
from smtrain.scoring.decisions import LeastCost, best_threshold, decided, most_probable
from smtrain.scoring.sums import evaluation_sum
from smtrain.softmax.loss import softmax

IRIS = str(Path("sample_data/iris.csv").absolute())
COSTS = np.array([[0.0, 1.0], [7.0, -0.5]])


def some(m=300, K=2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, K, m)
    return 1.5 * np.eye(K)[y].T + rng.normal(size=(K, m)), y, rng.integers(0, 3, m).astype(float)


@pytest.fixture
def flowers(tmp_path):
    """Two sorts of irises in two.csv, a model of them, and costs in another order than its classes."""
    frame = pd.read_csv(IRIS).query("species != 'setosa'")
    frame.to_csv(tmp_path / "two.csv", index=False)
    model = sm.fit(str(tmp_path / "two.csv"))
    model.save(str(tmp_path / "model.npz"))
    (tmp_path / "costs.csv").write_text("label,virginica,versicolor\nvirginica,0,10\nversicolor,1,0\n")
    return model


@pytest.mark.parametrize("K", [2, 5, 40])
def test_the_least_expected_cost(K):
    rng = np.random.default_rng(K)
    S, costs = rng.dirichlet(np.ones(K), 50).T, rng.normal(size=(K, K))
    found = LeastCost(costs)(S)
    for i in range(50):
        expected = [sum(S[k, i] * costs[k, j] for k in range(K)) for j in range(K)]
        assert expected[found[i]] == pytest.approx(min(expected), abs=1e-14)
        assert LeastCost(costs)(S[:, [i]]) == found[i]
    np.testing.assert_array_equal(LeastCost(1 - np.eye(K))(S), most_probable(S))


def test_of_equal_costs_the_first_class():
    assert LeastCost(np.zeros((3, 3)))(np.full((3, 2), 1 / 3)).tolist() == [0, 0]


def ways(Z, y, v, costs):
    sums = evaluation_sum(Z, y, v, costs=costs)
    labels = [f"c{k}" for k in range(len(Z))]
    return decided(sums.costs, costs, sums.scores, sums.support, labels=labels, level=0.95)


@pytest.mark.parametrize("K", [2, 4])
def test_what_decisions_cost(K):
    Z, y, v = some(K=K)
    costs = COSTS if K == 2 else np.random.default_rng(1).uniform(-1, 5, (K, K))
    S, found = softmax(Z), ways(Z, y, v, costs)
    for way, called in (("predicted", S.argmax(0)), ("least_cost", (costs.T @ S).argmin(0))):
        each = costs[y, called]
        assert found[way].cost == pytest.approx(np.average(each, weights=v), rel=1e-12)
        assert found[way].low < found[way].cost < found[way].high
    means = [np.average(costs[y, k], weights=v) for k in range(K)]
    assert (found["always"].cost, found["always"].label) == (pytest.approx(min(means)), f"c{np.argmin(means)}")
    assert ("threshold" in found) == (K == 2)


@pytest.mark.parametrize("binned", [False, True])
@pytest.mark.parametrize(
    "costs", [COSTS, COSTS.T, 1 - np.eye(2), np.eye(2), np.zeros((2, 2)), [[0, 1], [0, 1]], [[1, 0], [1, 0]]]
)
def test_no_threshold_is_better_than_the_best(costs, binned, monkeypatch):
    """And it costs what is said of it, row by row; in bins it is the best of those between bins."""
    Z, y, v = some(400)
    Z[:, 7:300:7] = Z[:, :1]  # ties
    if binned:
        monkeypatch.setattr(ranks, "MOST_SCORES", 700)
    costs = np.array(costs, float)
    scores, p = evaluation_sum(Z, y, v).scores, softmax(Z)[1]
    least, cost = best_threshold(scores, costs)

    def mean(threshold):
        return np.average(costs[y, (p >= threshold).astype(int)], weights=v)

    assert 0 <= least <= 1
    assert cost == pytest.approx(mean(least), rel=1e-12, abs=1e-15)
    tried = ranks.least_of_bins(ranks._bits(2))[::-1] if binned else [*p, 0, 1]
    assert cost <= min(map(mean, tried)) + 1e-12


def test_of_equally_good_thresholds_the_nearest_to_that_of_the_costs():
    Z = np.array([[0.0, 0, 0, 0], [-2, -1, 1, 2]])
    p = softmax(Z)[1]
    scores = evaluation_sum(Z, np.array([0, 0, 1, 1]), np.ones(4)).scores
    assert best_threshold(scores, 1 - np.eye(2)) == (pytest.approx((p[1] + p[2]) / 2), 0)
    # Whatever is called costs the same, so every place between rows is as good, and that near 10/11 is taken.
    assert best_threshold(scores, np.zeros((2, 2)))[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "costs.csv: no costs: the file is empty"),
        ("l,versicolor,virginica\nversicolor,0,1\n", 'there is no line for the class "virginica"'),
        ("l,versicolor\nversicolor,0\nvirginica,1\n", 'there is no column for the class "virginica"'),
        ("l,versicolor,virginica\nversicolor,0,1\nversicolor,0,1\nvirginica,1,1\n", "more than one line for the class"),
        ("l,versicolor,virginica,rose\nversicolor,0,1,1\nvirginica,1,0,1\n", 'the model has no class "rose"'),
        ("l,versicolor,virginica\nversicolor,0,1\nvirginica,1\n", "costs.csv:3: 2 cells where the header has 3"),
        ("l,versicolor,virginica\nversicolor,0,x\nvirginica,1,0\n", 'calling "versicolor" "virginica" is no finite'),
        ("l,versicolor,virginica\nversicolor,0,\nvirginica,1,0\n", 'is no finite number below 1e152: ""'),
        ("l,versicolor,virginica\nversicolor,0,nan\nvirginica,1,0\n", "is no finite number"),
        ("l,versicolor,virginica\nversicolor,0,1e999\nvirginica,1,0\n", "is no finite number"),
        ('l,versicolor,virginica\nversicolor,0,"1\n', "costs.csv:2: not CSV"),
        (b"\xff", "costs.csv: not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate two.csv --cost costs.csv", "predict two.csv --decide costs.csv"])
def test_costs_that_cannot_be_used(command, text, said, go, flowers, tmp_path):
    (tmp_path / "costs.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    told = go(*command.split(), code=ExitCode.DATA)
    assert said in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("decide", "said"),
    [("no.csv", 'cannot read "no.csv"'), ("1.5", "decide is out of range"), ("nan", "decide is out of range")],
)
def test_decisions_that_cannot_be(decide, said, go, flowers):
    assert said in go("predict", "two.csv", "--decide", decide, code=ExitCode.USAGE).err


def test_a_threshold_is_for_two_classes():
    model = sm.fit(IRIS)
    with pytest.raises(sm.UsageError, match="a threshold is for two classes, and there are 3"):
        model.predict(IRIS, decide=0.3)


def test_predictions_are_what_the_evaluation_says(go, flowers, tmp_path):
    """The same decisions from the command line in every format and from Python; probabilities and model stay."""
    before = (tmp_path / "model.npz").read_bytes()
    document = json.loads(go("evaluate", "two.csv", "--cost", "costs.csv", "--json").out)
    labels, costs = pd.read_csv("two.csv")["species"], pd.read_csv("costs.csv", index_col=0)
    p = flowers.predict_proba("two.csv")[:, 1]
    least = document["decisions"]["threshold"]["least"]
    assert document["decisions"]["least_cost"]["least"] == pytest.approx(1 / 11)
    for decide, way, called in (("costs.csv", "least_cost", p >= 1 / 11), (repr(least), "threshold", p >= least)):
        naive = np.where(called, "virginica", "versicolor").tolist()
        line = ["predict", "two.csv", "--decide", decide]
        table = pd.read_csv(io.StringIO(go(*line, "--proba").out))
        assert table["prediction"].tolist() == naive
        assert table["p(virginica)"].tolist() == p.tolist()
        assert [json.loads(row)["prediction"] for row in go(*line, "--format", "jsonl").out.splitlines()] == naive
        go(*line, "-o", "out.parquet")
        assert pd.read_parquet("out.parquet")["prediction"].tolist() == naive
        assert flowers.predict("two.csv", decide=decide if way == "least_cost" else least) == naive
        cost = np.mean([costs.loc[label, call] for label, call in zip(labels, naive, strict=True)])
        assert document["decisions"][way]["cost"] == pytest.approx(cost, rel=1e-12)
    # What pushed the class that a row is called ahead of the other: with its sign turned where it is called otherwise.
    one, other = (
        pd.read_csv(io.StringIO(go("predict", "two.csv", "--explain", "1", *how).out))
        for how in ([], ["--decide", "0.01"])
    )
    turned = np.where(one["prediction"] == other["prediction"], 1, -1)
    assert (turned == -1).any()
    np.testing.assert_allclose(other["push1"], turned * one["push1"])
    assert flowers.predict("two.csv", decide=costs) == flowers.predict("two.csv", decide="costs.csv")
    assert document["cost"] == document["decisions"]["least_cost"]["cost"]
    assert (tmp_path / "model.npz").read_bytes() == before
    shown = go("evaluate", "two.csv", "--cost", "costs.csv", "--fail-if", "cost>0.01", code=ExitCode.CHECK)
    assert "what a row costs on average" in shown.out
    assert "failed: cost>0.01" in shown.err
    assert "what a row costs" not in go("evaluate", "two.csv").out


def test_labels_that_are_integers():
    frame = pd.DataFrame({"x": np.arange(40.0), "y": (np.arange(40) > 18).astype(int)})
    model = sm.fit(frame, target="y")
    costs = pd.DataFrame(1 - np.eye(2), [0, 1], [0, 1])
    assert model.predict(frame, decide=costs) == model.predict(frame)
    assert model.evaluate(frame, cost=costs).decisions()["always"].label == 1
