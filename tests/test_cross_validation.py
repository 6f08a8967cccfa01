"""Cross-validation: what a loop over the same folds with fit and evaluate gives; from Python and as a command."""

import json
import os
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.inspecting import penalties
from smtrain.scoring.metrics import METRICS
from smtrain.sources.opening import open_table

PENGUINS = "sample_data/penguins.csv"
PATH = Path(PENGUINS).absolute()
FRAME = pd.read_csv(PENGUINS)
WEIGHTS = 1.0 + np.arange(len(FRAME)) % 3


def odd_frame():
    """Rows of no weight and without a label, a class of one, a level that is in one row, and an odd index."""
    frame = FRAME.set_index(FRAME.index[::-1] * 7).assign(
        w=WEIGHTS, town=["rare", *["usual", "other"] * 400][: len(FRAME)]
    )
    frame.iloc[3, frame.columns.get_loc("w")] = 0
    frame.iloc[5, frame.columns.get_loc("species")] = None
    frame.iloc[9, frame.columns.get_loc("species")] = "Dodo"
    return frame


def looped(frame, fold, target, **options):
    """The metrics and the weight of each fold, and the probabilities of the rows of all folds, the naive way."""
    metrics, weights, probabilities = [], [], {}
    for k in sorted(set(fold.dropna())):
        aside = (fold == k).fillna(value=False).to_numpy(bool)
        model = sm.fit(frame[~aside], target=target, **options)
        evaluation = sm.evaluate(model, frame[aside])
        metrics.append(evaluation.metrics)
        weights.append(evaluation.sums.weight)
        probabilities |= dict(
            zip(np.flatnonzero(aside), model.predict_proba(frame[aside], on_unknown="ignore"), strict=True)
        )
    return pd.DataFrame(metrics), np.array(weights), probabilities


CASES = {
    "plain": (FRAME, {}),
    "balanced, without a column": (FRAME, {"class_weight": "balanced", "drop": ["year"], "l2": 0.1}),
    "a penalty of each fold's own": (FRAME, {"l2": "auto", "folds": 3, "seed": 4, "drop": ["year"]}),
    "odd rows": (odd_frame(), {"weight": "w", "unlabelled": "skip", "folds": 4}),
    "lasso": (FRAME, {"l1": 2.0, "folds": 2}),
}


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_a_loop(name):
    frame, options = CASES[name]
    found = sm.cross_validate(frame, target="species", **options)
    if options.get("l2") != "auto":
        options = {key: value for key, value in options.items() if key != "folds"}
    metrics, weights, probabilities = looped(
        frame, found.predictions["fold"].reset_index(drop=True), "species", **options
    )
    table = found.to_frame()
    assert list(table.index) == list(METRICS)
    np.testing.assert_allclose(table[range(len(weights))].T, metrics, rtol=1e-12)
    mean = np.average(metrics, axis=0, weights=weights)
    variance = np.average((metrics - mean) ** 2, axis=0, weights=weights)
    np.testing.assert_allclose(table["mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(table["se"], np.sqrt(variance / (len(weights) - 1)), rtol=1e-9)
    shown = found.predictions.filter(like="p(").to_numpy()
    for row, probability in probabilities.items():
        np.testing.assert_array_equal(shown[row], probability)
    assert np.isnan(shown).all(axis=1).sum() == len(frame) - len(probabilities)


def test_every_row_has_a_line_with_the_index_of_the_frame():
    frame = odd_frame()
    found = sm.cross_validate(frame, target="species", weight="w", unlabelled="skip").predictions
    pd.testing.assert_index_equal(found.index, frame.index)
    assert list(found.columns) == [
        "fold",
        "label",
        "prediction",
        "p(Adelie)",
        "p(Chinstrap)",
        "p(Dodo)",
        "p(Gentoo)",
    ]
    never = found["fold"].isna().to_numpy()
    assert np.flatnonzero(never).tolist() == [3, 5, 9]
    assert found[never].isna().all(axis=None)
    assert (found["label"] == frame["species"])[~never].all()
    best = found.filter(like="p(")[~never].idxmax(axis=1).str[2:-1]
    assert (best == found["prediction"][~never]).all()


def test_rows_of_each_class_are_dealt_evenly_and_by_the_seed():
    found = sm.cross_validate(FRAME, target="species", epochs=2)
    counts = pd.crosstab(found.predictions["label"], found.predictions["fold"])
    assert counts.shape == (3, 5)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1
    again, other = (sm.cross_validate(FRAME, target="species", epochs=2, seed=seed).predictions for seed in (0, 1))
    pd.testing.assert_frame_equal(again, found.predictions)
    assert not (other["fold"] == again["fold"]).all()


def test_whole_groups_are_set_aside():
    frame = FRAME.assign(farm=np.random.default_rng(0).integers(0, 12, len(FRAME)))
    found = sm.cross_validate(frame, target="species", groups="farm", folds=4)
    fold = found.predictions["fold"]
    assert (fold.groupby(frame["farm"]).nunique() == 1).all()
    sizes = fold.value_counts()
    assert len(sizes) == 4
    assert sizes.max() - sizes.min() < len(frame) / 8
    assert all("farm" not in model.encoder.features for model in found.models)
    metrics, _, _ = looped(frame, fold, "species", drop=["farm"])
    np.testing.assert_allclose(found.to_frame()[range(4)].T, metrics, rtol=1e-12)


@pytest.mark.parametrize("path", ["penguins", "wine-semicolon", "iris"])
def test_a_file_is_read_once_and_is_as_its_frame(path, tmp_path):
    target = "species" if path == "penguins" else None
    table = pd.read_csv(f"sample_data/{path}.csv", sep=";" if "semicolon" in path else ",")
    pipe, content = tmp_path / "pipe.csv", Path(f"sample_data/{path}.csv").read_bytes()
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[content])
    writer.start()
    of_file = sm.cross_validate(str(pipe), target=target, epochs=4)
    writer.join()
    of_frame = sm.cross_validate(table, target=target, epochs=4)
    pd.testing.assert_frame_equal(of_file.to_frame(), of_frame.to_frame())
    kept = ["fold", *of_file.predictions.filter(like="p(").columns]
    pd.testing.assert_frame_equal(of_file.predictions[kept], of_frame.predictions[kept])


def test_a_file_in_many_pieces(tmp_path):
    (tmp_path / "long.csv").write_bytes(
        b"a,b,y\r\n"
        + b"".join(b'%d,"two\r\nlines %d",%s\r\n\r\n' % (i, i % 4, b"pq"[i * i % 3 :][:1] or b"r") for i in range(200))
    )
    whole, cut = (
        sm.cross_validate(open_table(tmp_path / "long.csv", sm.Dialect(), fitting=True, piece=piece), epochs=3)
        for piece in (None, 300)
    )
    pd.testing.assert_frame_equal(cut.predictions, whole.predictions)
    pd.testing.assert_frame_equal(cut.to_frame(), whole.to_frame(), rtol=1e-12)


def test_a_parquet_file_and_several_files(tmp_path):
    FRAME.to_parquet(tmp_path / "p.parquet")
    FRAME[:100].to_csv(tmp_path / "a.csv", index=False)
    FRAME[100:].to_csv(tmp_path / "b.csv", index=False)
    one = sm.cross_validate(FRAME, target="species", epochs=3)
    for data in (tmp_path / "p.parquet", [tmp_path / "a.csv", tmp_path / "b.csv"]):
        pd.testing.assert_frame_equal(sm.cross_validate(data, target="species", epochs=3).predictions, one.predictions)


def test_arrays_labels_and_weights_beside_the_rows():
    X, y = FRAME[["bill_length_mm", "year"]].to_numpy(), FRAME["species"].astype("category").cat.codes.to_numpy()
    found = sm.cross_validate(X, y, WEIGHTS, names=["bill", "year"], epochs=3)
    assert found.predictions["prediction"].dtype == "Int64"
    table = pd.DataFrame(X, columns=["bill", "year"]).assign(y=y, w=WEIGHTS)
    named = sm.cross_validate(table, target="y", weight="w", epochs=3)
    pd.testing.assert_frame_equal(found.predictions, named.predictions)


def test_it_says_what_it_is_in_a_line_and_pools_its_folds():
    found = sm.cross_validate(FRAME, target="species")
    metrics = found.pooled.metrics
    assert repr(found).startswith(f"<CrossValidation: 5 folds of 344 rows; nll {metrics['nll']:.6g} ± ")
    assert found.metrics["accuracy"] == pytest.approx(metrics["accuracy"], rel=1e-12)
    right = found.predictions["label"] == found.predictions["prediction"]
    assert metrics["accuracy"] == pytest.approx(right.mean(), rel=1e-12)


def test_fewer_rows_than_folds_and_none_to_deal():
    frame = pd.DataFrame({"x": [1.0, 2, 3, 5], "y": ["a", "a", "b", "b"]})
    assert len(sm.cross_validate(frame, target="y", folds=9).models) == 4
    for rows in (frame[1:3], frame[1:3].assign(x=1)):
        with pytest.raises(sm.DataError, match="no two folds"):
            sm.cross_validate(rows, target="y")
    with pytest.raises(sm.DataError, match="no rows"):
        sm.cross_validate(frame[:0], target="y")


def test_labels_that_are_no_classes():
    with pytest.raises(sm.DataError, match="looks like a regression target"):
        sm.cross_validate(FRAME.assign(y=np.arange(344) / 8), target="y")
    with pytest.raises(sm.DataError, match="only one class"):
        sm.cross_validate(FRAME.assign(y="a"), target="y")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"folds": 1}, "folds is out of range"),
        ({"folds": 2.5}, "folds must be a whole number"),
        ({"groups": "yaer"}, "groups=: there is no column"),
        ({"groups": ["a"]}, "groups must be the name of a column"),
        ({"groups": "species"}, "is the target, not a feature"),
        ({"groups": "w", "weight": "w"}, "cannot be the groups"),
        ({"lambda_": 1}, "there is no option"),
        ({"cluster": "local:2", "memory": 10**9}, "memory= and cluster= exclude each other"),
        ({"groups": "year", "drop": ["year"], "one_se": True}, "one_se=True needs a penalty to be chosen"),
    ],
)
def test_arguments_that_cannot_be(options, says):
    with pytest.raises(sm.UsageError, match=says):
        sm.cross_validate(FRAME.assign(w=WEIGHTS), target="species", **options)


def test_groups_beside_the_rows():
    farm = pd.Series(np.random.default_rng(0).integers(0, 12, len(FRAME)))
    named = sm.cross_validate(FRAME.assign(farm=farm), target="species", groups="farm", epochs=3).predictions
    X, y = FRAME.drop(columns="species"), FRAME["species"]
    for groups in (farm, farm.to_numpy(), farm.rename("cluster"), list(farm), farm.astype("category")):
        pd.testing.assert_frame_equal(sm.cross_validate(X, y, groups=groups, epochs=3).predictions, named)
    with pytest.raises(sm.UsageError, match="there are 343 groups for 344 rows"):
        sm.cross_validate(X, y, groups=farm[1:])
    with pytest.raises(sm.UsageError, match="groups go with a DataFrame"):
        sm.cross_validate(PENGUINS, groups=farm)
    with pytest.raises(sm.DataError, match=r"iloc\[3\]: column \"farm\": a row without a group"):
        sm.cross_validate(FRAME.assign(farm=farm.where(farm.index != 3)), target="species", groups="farm")


def test_a_class_in_one_group_cannot_be_set_aside():
    frame = FRAME.assign(g=FRAME["species"])
    with pytest.raises(sm.DataError, match='class "Adelie" are in one fold'):
        sm.cross_validate(frame, target="species", groups="g")


def test_a_fault_of_the_table_is_told_with_its_place():
    frame = FRAME.assign(odd=pd.Series([1.5] * 343 + ["?"], dtype=object))
    with pytest.raises(sm.DataError, match=r"DataFrame\.iloc\[343\]: column \"odd\""):
        sm.cross_validate(frame, target="species")


def test_classes_of_one_row_are_told():
    frame = pd.DataFrame({"x": np.arange(41) % 7, "y": [*"ab" * 20, "once"]})
    with pytest.warns(sm.FitWarning, match='classes of one row.*"once"'):
        found = sm.cross_validate(frame, target="y", folds=2)
    assert found.predictions["fold"].isna().tolist() == [False] * 40 + [True]
    with warnings.catch_warnings():
        warnings.simplefilter("error", sm.FitWarning)
        sm.cross_validate(frame[:40], target="y", folds=2)


# Repeats


def test_a_repeat_is_a_cross_validation_with_the_next_seed():
    options = {"target": "species", "epochs": 3, "folds": 3}
    found = sm.cross_validate(FRAME, repeats=2, seed=4, **options)
    parts = [sm.cross_validate(FRAME, seed=seed, **options) for seed in (4, 5)]
    assert (found.folds, found.repeats, len(found.models)) == (3, 2, 6)
    for one, other in zip(found.evaluations, [*parts[0].evaluations, *parts[1].evaluations], strict=True):
        assert one.metrics == other.metrics
    pd.testing.assert_frame_equal(found.predictions, parts[0].predictions)
    assert found.rows == parts[0].rows == 344
    assert repr(found).startswith("<CrossValidation: 3 folds of 344 rows, 2 times; nll ")


def test_the_error_of_repeats_is_nadeau_and_bengios():
    """Their corrected variance, (1/J + n₂/n₁) σ̂²: a hundred repeats must not make it vanish."""
    found = sm.cross_validate(FRAME[::2], target="species", epochs=2, folds=4, repeats=3, weight=None)
    values = found.to_frame()[range(12)].T
    sizes = np.array([one.sums.rows for one in found.evaluations])
    mean = np.average(values, axis=0, weights=sizes)
    variance = np.average((values - mean) ** 2, axis=0, weights=sizes) * 12 / 11
    test_share = sizes.sum() / sum(model.fit.rows for model in found.models)
    assert test_share == pytest.approx(1 / 3)
    np.testing.assert_allclose(list(found.metrics.values()), mean, rtol=1e-12)
    np.testing.assert_allclose(list(found.errors.values()), np.sqrt(variance * (1 / 12 + test_share)), rtol=1e-9)


def test_gates_are_of_the_means():
    found = sm.cross_validate(FRAME, target="species", epochs=3, folds=3)
    accuracy = found.metrics["accuracy"]
    recall = found.pooled.class_metrics["recall"][1]
    checks = [f"accuracy<{accuracy}", f"accuracy<={accuracy!r}", f"recall[Chinstrap]<={float(recall)!r}"]
    assert [one.failed for one in found.outcomes(*checks)] == [False, True, True]
    with pytest.raises(sm.UsageError, match="no class"):
        found.outcomes("recall[Chin]<1")


# The command


def defined(metrics):
    """None for NaN, as in JSON."""
    return {name: None if np.isnan(value) else value for name, value in metrics.items()}


def test_the_command_says_what_python_says(go, tmp_path):
    odd_frame().to_csv(tmp_path / "odd.csv", index=False)
    line = ["cv", "odd.csv", "-t", "species", "--weight", "w", "--unlabelled", "skip", "--folds", "3", "--repeats", "2"]
    said = go(*line, "--json", "-o", "out.csv", "--l2", "0.5")
    document = json.loads(said.out)
    found = sm.cross_validate(
        "odd.csv", target="species", weight="w", unlabelled="skip", folds=3, repeats=2, l2=0.5, epochs=1000
    )
    assert {name: document[name] for name in METRICS} == defined(found.metrics)
    assert document["se"] == defined(found.errors)
    assert [{name: one[name] for name in METRICS} for one in document["by_fold"]] == [
        defined(one.metrics) for one in found.evaluations
    ]
    assert {(one["l1"], one["l2"]) for one in document["by_fold"]} == {(0, 0.5)}
    assert (document["rows"], document["folds"], document["repeats"]) == (341, 3, 2)
    assert document["confusion"] == found.pooled.confusion.to_numpy().tolist()
    assert (document["single"], document["skipped"]["unlabelled"]) == (["Dodo"], 1)
    assert "rows skipped: 1 without a label" in said.err
    assert 'the class "Dodo" has one row' in said.err
    assert 'column "town"' in said.err
    assert [line.split()[0] for line in said.err.splitlines()[1:7]] == list("123456")
    written = pd.read_csv("out.csv")
    expected = found.predictions.drop(columns=["fold", "label"])
    pd.testing.assert_frame_equal(written, expected, check_dtype=False)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_predictions_are_written_as_predict_writes_them(name, go):
    """The rows of a fold, by the model of the others, in its form and its digits."""
    source = FRAME.drop(columns="year")
    source.to_csv("p.csv", index=False)
    go("cv", "p.csv", "-t", "species", "--folds", "2", "--epochs", "4", "-q", "-o", name)
    fold = sm.cross_validate("p.csv", target="species", folds=2, epochs=4).predictions["fold"]
    read = pd.read_parquet if name.endswith("parquet") else (lambda path: pd.read_csv(path, dtype=str))
    written = read(name)
    for k in range(2):
        source[fold != k].to_csv("train.csv", index=False)
        source[fold == k].to_csv("rest.csv", index=False)
        go("fit", "train.csv", "-t", "species", "--epochs", "4", "-q")
        go("predict", "rest.csv", "--proba", "-o", f"{k}-{name}")
        pd.testing.assert_frame_equal(written[fold == k].reset_index(drop=True), read(f"{k}-{name}"))


def test_the_command_can_fail_a_check_and_tells_the_system_that_runs_it(go, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    line = ["cv", PATH, "-t", "species", "--folds", "2", "--epochs", "2", "-q", "--junit", "j.xml"]
    said = go(*line, "--fail-if", "accuracy<2", "--fail-if", "recall[Gentoo]<0", code=ExitCode.CHECK)
    assert "accuracy<2: it is 0.9" in said.err
    assert "1 of 2 checks failed" in said.err
    assert "2 fits" not in said.err  # both of them stopped early, which is said once
    assert "± error" in said.out
    assert Path("j.xml").read_text().count("<testcase") == 2
    assert "### smtrain cv" in Path("summary.md").read_text()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--groups", "yaer"], '--groups: there is no column "yaer"'),
        (["--folds", "1"], "--folds"),
        (["--repeats", "0"], "--repeats"),
        (["-o", "-"], "standard output is for the report"),
        (["-o", "no/where.csv"], "cannot write"),
        (["--one-se"], "--one-se needs a penalty to be chosen"),
        (["--fail-if", "recal<1"], "no metric"),
        (["--junit", "x.xml"], "no checks to report"),
        (["--cluster", "local:2", "--memory", "1G"], "--memory and --cluster exclude each other"),
    ],
)
def test_a_command_line_that_cannot_be(options, says, go):
    said = go("cv", PATH, "-t", "species", *options, code=ExitCode.USAGE)
    assert says in said.err
    assert not list(Path().iterdir())


# Costs


COSTS = pd.DataFrame([[0, 1, 4], [2, 0, 1], [1, 9, 0]], *[["Adelie", "Chinstrap", "Gentoo"]] * 2)


def test_costs_are_those_of_a_loop_with_evaluate():
    found = sm.cross_validate(FRAME, target="species", folds=3, repeats=2, cost=COSTS)
    costs, weights = [], []
    for fold in range(3):
        aside = (found.predictions["fold"] == fold).to_numpy(bool)
        model = sm.fit(FRAME[~aside], target="species")
        evaluation = sm.evaluate(model, FRAME[aside], cost=COSTS)
        assert found.to_frame().loc["cost", fold] == pytest.approx(evaluation.metrics["cost"], rel=1e-12)
        costs.append({way: one.cost for way, one in evaluation.decisions().items()})
        weights.append(aside.sum())
    once = sm.cross_validate(FRAME, target="species", folds=3, cost=COSTS).pooled.decisions()
    for way in ("predicted", "least_cost"):
        assert once[way].cost == pytest.approx(np.average([one[way] for one in costs], weights=weights), rel=1e-12)


def test_costs_on_the_command_line(go):
    COSTS.to_csv("costs.csv")
    said = go("cv", PATH, "-t", "species", "--folds", "3", "--cost", "costs.csv", "-q")
    assert "what a row costs on average" in said.out
    document = json.loads(go("cv", PATH, "-t", "species", "--folds", "3", "--cost", "costs.csv", "-q", "--json").out)
    assert document["cost"] == pytest.approx(document["decisions"]["least_cost"]["cost"], rel=1e-12)
    assert document["se"]["cost"] > 0
    COSTS.iloc[:2].to_csv("costs.csv")
    go("cv", PATH, "-t", "species", "--cost", "costs.csv", "-q", code=ExitCode.DATA)
    go("cv", PATH, "-t", "species", "--fail-if", "cost>0", "-q", code=ExitCode.CHECK)


# Another l2


def test_other_values_are_those_of_their_own_cross_validation():
    found = sm.cross_validate(FRAME, target="species", folds=3, tol=1e-9)
    assert [one.l2 for one in found.tried] == [10, 1, 0.1]
    for one in found.tried:
        again = sm.cross_validate(FRAME, target="species", folds=3, tol=1e-9, l2=one.l2)
        assert (one.nll, one.se) == pytest.approx((again.metrics["nll"], again.errors["nll"]), rel=0.03)
    (finding,) = found.findings
    assert (finding.code, finding.numbers["l2"], finding.numbers["better"]) == ("SM207", 1, 0.1)
    assert finding.numbers["gain"] == found.tried[1].nll - found.tried[2].nll > found.tried[2].se


def test_an_l2_that_is_good_is_not_told_of():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=400)}).assign(y=lambda t: t.x + 2 * rng.logistic(size=400) > 0)
    for options in ({}, {"l2": "auto"}):
        assert sm.cross_validate(frame, folds=3, **options).findings == ()
    assert sm.cross_validate(frame, folds=3, l2=0).tried == ()
    assert sm.cross_validate(frame, folds=3, epochs=1).tried == ()  # such fits say nothing of their l2
    (finding,) = sm.cross_validate(frame, folds=3, l2=20_000).findings
    assert finding.numbers["better"] == 2_000
    assert "an l2 of 20000 is far from good" in finding.what


def test_no_other_value_is_tried_in_a_large_table(monkeypatch):
    models = sm.cross_validate(FRAME, target="species", folds=3).models
    numbers = max(one.fit.rows * len(one.features) * len(one.classes) for one in models)
    for most, tried in ((numbers, 3), (numbers - 1, 0)):
        monkeypatch.setattr(penalties, "MOST_NUMBERS", most)
        assert len(sm.cross_validate(FRAME, target="species", folds=3).tried) == tried


def test_auto_says_what_it_gains_over_the_default(go):
    said = go("cv", PATH, "-t", "species", "--folds", "2", "--l2", "auto", "-q")
    assert "the default l2, 1, is far from good" in said.err
    assert "[SM207]" in said.err
    said = go("fit", PATH, "-t", "species", "--l2", "auto")
    assert "the default l2, 1, is far from good" in said.err
    assert "SM207" not in go("fit", PATH, "-t", "species", "--l2", "auto", "--ignore", "SM207").err
    assert "SM207" not in go("fit", PATH, "-t", "species", "--l1", "auto").err


@pytest.mark.parametrize("command", ["cv", "evaluate"])
def test_of_two_classes_there_is_one_area(command, go):
    """Its means over the classes are the same number: people are shown it once, programs by every name."""
    FRAME[["bill_length_mm", "bill_depth_mm", "sex"]].dropna().to_csv("two.csv", index=False)
    go("fit", "two.csv", "-t", "sex", "-q")
    line = [command, "two.csv", *(["-t", "sex", "--folds", "2"] if command == "cv" else [])]
    shown, document = go(*line).out, json.loads(go(*line, "--json").out)
    assert shown.count("auc") == 2  # a metric, and the heading of a column of the classes
    assert document["auc_weighted"] == pytest.approx(document["auc"])
    assert document["auc_hand_till"] == pytest.approx(document["auc"])
