"""What a fit says of columns and classes: names in lists can be told apart, columns that count the rows are named."""

import json

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.reports.text import named
from tests.hostile.harness import invoke


def said(folder, frame, *options):
    frame.to_csv(folder / "t.csv", index=False)
    return invoke("fit", "t.csv", *options, folder=folder).stderr.split("\n")


def table(n=150, **columns):
    rng = np.random.default_rng(0)
    label = np.sort(rng.choice(["p", "q"], n))
    return pd.DataFrame({**columns, "x": rng.normal(size=n).round(3), "y": label})


@pytest.mark.parametrize("name", ["Unnamed: 0", "Unnamed: 0.1", "Unnamed: 12"])
@pytest.mark.parametrize("start", [0, 1])
def test_an_index_under_the_name_that_pandas_gives_it_is_left_out(name, start, tmp_path):
    frame = table(**{name: range(start, start + 150)})
    assert f"ignored {name}: it has the name of an index and numbers the rows" in said(tmp_path, frame)
    assert [c.name for c in sm.fit(frame).encoder.columns] == ["x"]
    assert {f.column for f in sm.doctor(frame).findings if "a fit leaves it out" in f.what} == {name}
    assert name in [c.name for c in sm.fit(frame, numeric=(name,)).encoder.columns]


@pytest.mark.parametrize("name", ["", "Unnamed: 0"])
def test_the_index_of_a_table_of_which_rows_were_taken_is_left_out(name, tmp_path):
    whole = table(**{name: range(1, 151)})
    train, test = sm.split(whole, target="y")
    for frame in (train, test, whole[whole["x"] > 0], table(4, **{name: range(4)})):
        assert {c.name for c in sm.fit(frame, target="y").encoder.columns} == {"x"}
        (finding,) = [f for f in sm.doctor(frame, target="y").findings if f.column == name]  # and no leak
        assert finding.what.endswith("numbers the rows: a fit leaves it out")
    whole.to_csv(tmp_path / "t.csv", index=False)
    printed = invoke("doctor", "t.csv", "--target", "y", folder=tmp_path).stdout.decode()
    assert f"{named(name)}: it has " in printed
    without = whole.drop(columns=name)
    one, other = (sm.cross_validate(data, target="y").metrics["nll"] for data in (whole, without))
    assert one == pytest.approx(other, rel=1e-3)
    tested = sm.fit(whole, target="y", test=0.2)
    assert [c.name for c in tested.encoder.columns] == ["x"]


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).permutation(150),
        np.arange(150)[::-1],
        np.arange(150) + 0.5,
        np.arange(-1, 149) * 2,
        np.repeat(np.arange(75), 2),
        np.where(np.arange(150) == 7, np.nan, np.arange(150)),
    ],
    ids=["shuffled", "falling", "no whole numbers", "below zero", "equal", "a gap"],
)
def test_a_column_of_that_name_that_does_not_number_the_rows_is_kept_and_named(values, tmp_path):
    frame = table(**{"Unnamed: 0": values})
    assert len(sm.fit(frame).encoder.columns) == 2
    assert "Unnamed: 0: has the name of an index; --drop leaves it out" in said(tmp_path, frame)
    assert not [line for line in said(tmp_path, frame, "--numeric", "Unnamed: 0") if "name of an index" in line]


@pytest.mark.parametrize("start", [0, 1, 1000])
def test_other_columns_that_count_the_rows_are_named(start, tmp_path):
    frame = table(rownames=range(start, start + 150), **{"a, b": range(7, 157)})
    line = 'rownames, "a, b": counts the rows; --drop leaves it out'
    assert line in said(tmp_path, frame)
    assert not [x for x in said(tmp_path, frame, "--drop", "rownames", "--drop", '"a, b"') if "counts" in x]
    assert not [x for x in said(tmp_path, frame.iloc[::2]) if "counts" in x]


def test_names_of_rows_without_a_name_can_be_left_out_as_the_hint_says(tmp_path):
    frame = table(6, **{"": list("uvwuvw")})
    hint = next(line for line in said(tmp_path, frame, "--target", "y") if line.startswith("hint: "))
    assert hint == "hint: name it in the header; --drop '\"\"' leaves it out, as R's names of rows"
    assert not said(tmp_path, frame, "--target", "y", "--drop", '""', "--quiet")[0]
    with pytest.raises(sm.DataError, match="has no name") as failure:
        sm.fit(frame, target="y")
    assert 'drop="" leaves it out' in failure.value.hint
    assert sm.fit(frame, target="y", drop="").features == ("x",)


def test_rare_classes_can_be_told_apart(tmp_path):
    frame = table(300)
    frame.loc[[3, 4], "y"] = "9"
    frame.loc[[5], "y"] = "Ackroyd, Norman"
    assert 'rare classes: "Ackroyd, Norman" 1 row, "9" 2 rows [SM501]' in said(tmp_path, frame)


def test_missing_and_ignored_columns_can_be_told_apart(tmp_path):
    gaps = np.where(np.arange(150) % 7 == 0, np.nan, np.arange(150.0) ** 2)
    lines = said(tmp_path, table(**{"a 3": gaps, "b, c": 1, "12": gaps + 1, "d": gaps + 2}))
    assert 'missing cells: "a 3" 22, "12" 22, d 22' in lines
    assert 'ignored "b, c": it is constant' in lines


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("age", "age"),
        ("sex is missing", "sex is missing"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("", "(no name)"),
        ("(no name)", '"(no name)"'),
        (" a", '" a"'),
        ("9", "9"),
    ],
)
def test_names_in_lists(name, shown):
    assert named(name) == shown


@pytest.mark.parametrize(("name", "shown"), [("age", "age"), ("a 3", '"a 3"'), ("9", '"9"'), ("x1", "x1")])
def test_names_before_numbers(name, shown):
    assert named(name, counted=True) == shown


@pytest.mark.parametrize(
    ("options", "objective"),
    [
        ([], "mean NLL + l2/2 ‖W‖² / n"),
        (["--l2", "0"], "mean NLL"),
        (["--l1", "1"], "mean NLL + l1 ‖W‖₁ / n"),
        (["--l1", "1", "--l2", "auto", "--folds", "2"], "mean NLL + l1 ‖W‖₁ / n + l2/2 ‖W‖² / n"),
    ],
)
def test_a_fit_says_what_it_is_about_to_lower(options, objective, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=60), "w": rng.choice(["a", "b"], 60), "y": rng.choice([*"pqr"], 60)})
    lines = said(tmp_path, frame, *options)
    assert f"3 features × 3 classes: 9 weights; objective: {objective}" in lines
    head = next(i for i, line in enumerate(lines) if line.split()[:2] in (["epoch", "objective"], ["l2", "NLL"]))
    assert any(objective in line for line in lines[:head])


def test_the_objective_is_what_the_epochs_lower(tmp_path):
    """By a naive loop over the rows at the weights that were kept."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=40), "y": rng.choice([*"pqr"], 40)})
    model = sm.fit(frame, target="y", l2=2)
    total = 0.0
    for x, y in zip(frame["x"], frame["y"], strict=True):
        z = (x - model.encoder.means[0]) / model.encoder.scales[0] * model.W[0] + model.b
        total -= z[model.classes.index(y)] - np.log(np.exp(z).sum())
    assert model.fit.nll == pytest.approx(total / 40, rel=1e-12)
    assert model.fit.objective == pytest.approx(total / 40 + 2 / 2 * (model.W**2).sum() / 40, rel=1e-12)


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_forgotten_target_is_told_before_the_training(decimal, tmp_path):
    """The last column are fractions, each often enough to be a class: `doctor` and `fit` say so in the same words."""
    frame = table(1000).rename(columns={"y": "label"})
    frame["share"] = (np.arange(1000) * 7 % 99 + 0.5) / 100
    frame.to_csv(tmp_path / "m.csv", index=False, sep=";", decimal=decimal)
    what = "99 classes in 1,000 rows, most of them numbers with a fraction, as of a measurement"
    dialect = ["--decimal", decimal]
    lines = invoke("fit", "m.csv", "--epochs", "1", *dialect, folder=tmp_path).stderr.splitlines()
    hint = "--target names the column with the classes"
    assert f"warning: {what}; {hint} [SM502]" in lines[:4]
    quiet = invoke("fit", "m.csv", "--epochs", "1", *dialect, "-q", "--json", folder=tmp_path)
    assert f"smtrain: warning: {what}; {hint} [SM502]" in quiet.stderr
    assert [one["what"] for one in json.loads(quiet.stdout)["findings"] if one["code"] == "SM502"] == [what]
    assert what in invoke("doctor", "m.csv", *dialect, folder=tmp_path).stdout.decode()
    assert "SM502" not in invoke("fit", "m.csv", "-q", "-t", "label", *dialect, folder=tmp_path).stderr
    with pytest.warns(sm.FitWarning, match=f"{what}.*target= names"):
        sm.fit(frame, epochs=1)
