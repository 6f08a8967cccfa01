"""Arrays, and labels and weights beside a table: the same model as of a frame that has them all."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import smtrain as sm

X, Y = load_iris(return_X_y=True)


def said(model):
    return model.classes, model.W.tobytes(), model.b.tobytes()


def frame(**more):
    return pd.DataFrame(X, columns=["x1", "x2", "x3", "x4"]).assign(y=Y, **more)


def test_an_array_and_its_labels():
    model = sm.fit(X, Y)
    assert said(model) == said(sm.fit(frame(), target="y"))
    assert model.features == ("x1", "x2", "x3", "x4")
    np.testing.assert_array_equal(sm.predict_proba(model, X), sm.predict_proba(model, frame()))
    assert sm.fit(X, Y, names=["a", "b", "c", "d"]).features == ("a", "b", "c", "d")


def test_labels_that_are_integers_come_back_as_integers(tmp_path):
    model = sm.fit(X, Y)
    model.save(str(tmp_path / "m.npz"))
    for one in (model, sm.load(str(tmp_path / "m.npz"))):
        assert sm.predict(one, X[[0, 60, 140]]) == [0, 1, 2]
        assert one.classes == (0, 1, 2)
    frame().to_csv(tmp_path / "t.csv", index=False)
    assert sm.predict(sm.fit(str(tmp_path / "t.csv")), X[[0]]) == ["0"]
    assert sm.predict(sm.fit(X, Y.astype(str)), X[[0]]) == ["0"]
    assert sm.predict(sm.fit(X, pd.Series(Y, dtype="Int64")), X[[0]]) == [0]


def test_weights_beside_the_rows():
    w = np.arange(150) % 3
    reference = said(sm.fit(frame(w=w), target="y", weight="w"))
    assert said(sm.fit(X, Y, w)) == reference
    assert said(sm.fit(frame().drop(columns="y"), Y, sample_weight=list(w))) == reference
    assert said(sm.fit(frame().drop(columns="y"), target=pd.Series(Y, name="class"), sample_weight=w)) == reference


REVERSED = pd.Series(Y).iloc[::-1]
ENTRIES = {
    "target=": lambda: sm.fit(frame().drop(columns="y"), target=REVERSED),
    "weight=": lambda: sm.fit(frame(), target="y", weight=REVERSED),
    "an array": lambda: sm.fit(X, REVERSED),
    "doctor": lambda: sm.doctor(frame().drop(columns="y"), REVERSED),
    "weights of doctor": lambda: sm.doctor(frame(), sample_weight=REVERSED),
    "evaluate": lambda: sm.evaluate(sm.fit(X, Y), X, REVERSED),
    "weights of evaluate": lambda: sm.fit(X, Y).evaluate(X, Y, REVERSED),
    "cross_validate": lambda: sm.cross_validate(X, REVERSED),
    "weights of cross_validate": lambda: sm.cross_validate(X, Y, REVERSED),
    "groups": lambda: sm.cross_validate(X, Y, groups=REVERSED),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_series_of_another_order_is_refused_everywhere(entry):
    with pytest.raises(sm.UsageError, match="another index than the rows"):
        ENTRIES[entry]()


def test_weights_alone_leave_the_last_column_the_target():
    w = np.arange(1.0, len(Y) + 1)
    reference = said(sm.fit(frame(w=w), target="y", weight="w"))
    assert said(sm.fit(frame(), sample_weight=w)) == reference
    assert said(sm.fit(frame().rename(columns={"y": " y "}), sample_weight=pd.Series(w, name="w"))) == reference
    assert said(sm.fit(frame(), sample_weight=w, config=sm.FitConfig(target="y"))) == reference


def test_doctor_takes_what_fit_takes():
    whole = sm.doctor(frame(w=0.5), target="y", weight="w")
    assert whole.findings
    assert sm.doctor(X, Y, sample_weight=np.full(len(Y), 0.5)).findings == whole.findings
    assert sm.doctor(frame().drop(columns="y"), Y, np.full(len(Y), 0.5)).findings == whole.findings


def test_labels_and_weights_beside_the_rows_that_are_evaluated():
    w = np.arange(len(Y)) % 3
    plain, weighted = sm.fit(X, Y), sm.fit(frame(w=w + 1), target="y", weight="w")
    table = frame().drop(columns="y")
    assert sm.evaluate(plain, X, Y).metrics == sm.evaluate(plain, frame()).metrics
    worst = [
        model.worst
        for model in (plain.evaluate(table, pd.Series(Y, name="other"), worst=3), plain.evaluate(frame(), worst=3))
    ]
    assert [one.line for one in worst[0]] == [one.line for one in worst[1]]
    of_file = sm.evaluate(weighted, frame(w=w)).metrics
    assert of_file != sm.evaluate(weighted, X, Y).metrics
    for model in (plain, weighted):
        other = sm.evaluate(model, X, Y, w).metrics
        assert model.evaluate(frame(), sample_weight=w).metrics == other
        keep = w > 0  # a weight of 2 is the row twice, one of 0 the row left out
        twice = np.repeat(np.flatnonzero(keep), w[keep])
        assert other["nll"] == pytest.approx(sm.evaluate(model, X[twice], Y[twice]).metrics["nll"], rel=1e-12)
    assert sm.evaluate(weighted, X, Y, w).metrics == of_file


def test_labels_do_not_have_to_be_numbers_and_names_make_way():
    table = frame().drop(columns="y").rename(columns={"x1": "y"})
    model = sm.fit(table, ["setosa", "versicolor"] * 75)
    assert (model.encoder.target, model.classes) == ("y_", ("setosa", "versicolor"))
    assert sm.fit(X, pd.Series(Y, name=np.nan)).encoder.target == "y"
    assert sm.fit(X, pd.Series(Y, name="weight"), np.ones(len(Y))).encoder.weight == "weight_"


WRONG = {
    "no labels": (lambda: sm.fit(X), "fit(X, y)"),
    "one dimension": (lambda: sm.fit(X[:, 0], Y), "reshape(-1, 1)"),
    "three": (lambda: sm.fit(X[:, :, None], Y), None),
    "a column of labels": (lambda: sm.fit(X, Y[:, None]), "ravel"),
    "too few labels": (lambda: sm.fit(X, Y[:-1]), None),
    "another index": (lambda: sm.fit(frame().drop(columns="y"), frame()["y"].iloc[::-1]), "y.loc[X.index]"),
    "a label that is a feature, too": (lambda: sm.fit(frame(), frame()["y"]), "X.drop(columns='y')"),
    "labels twice": (lambda: sm.fit(frame(), Y, target="y"), None),
    "labels as a name": (lambda: sm.fit(frame(), "y"), 'target="name"'),
    "labels of a file": (lambda: sm.fit("sample_data/iris.csv", Y), "target="),
    "too few names": (lambda: sm.fit(X, Y, names=["a"]), None),
    "records": (lambda: sm.fit(frame().to_records(), Y), "DataFrame"),
    "one row": (lambda: sm.predict(sm.fit(X, Y), X[0]), "reshape(1, -1)"),
    "names that are a text": (lambda: sm.fit(X, Y, names="abcd"), None),
    "names that are a number": (lambda: sm.fit(X, Y, names=4), None),
    "a name that is None": (lambda: sm.fit(X, Y, names=["a", None, "c", "d"]), None),
    "a name that is NaN": (lambda: sm.fit(X, Y, names=["a", "b", np.nan, "d"]), None),
    "names of a DataFrame": (lambda: sm.fit(frame(), names=["a"]), None),
    "labels twice, once in the configuration": (lambda: sm.fit(frame(), Y, config=sm.FitConfig(target="y")), None),
    "lists": (lambda: sm.fit(X.tolist(), Y), "numpy.asarray(X)"),
    "a Series": (lambda: sm.fit(pd.Series(X[:, 0]), Y), "series.to_frame()"),
    "labels that are a frame of one column": (lambda: sm.fit(X, pd.DataFrame({"y": Y})), "y.iloc[:, 0]"),
    "a condition for names": (lambda: sm.fit(frame(), categorical=[True] * 5), "list(X.columns[condition])"),
    "a condition of an array for names": (
        lambda: sm.fit(frame(), drop=frame().columns == "x1"),
        "X.columns[condition]",
    ),
    "a function for an observer": (lambda: sm.fit(X, Y, observer=print), "Observer"),
    "a model for a path": (lambda: sm.verify(sm.fit(X, Y), frame()), 'model.save("model.npz")'),
    "no path to save to": (lambda: sm.fit(X, Y).save(None), None),
    "a number for a check": (lambda: sm.evaluate(sm.fit(X, Y), X, Y).outcomes(3), None),
    "an unknown metric": (lambda: sm.evaluate(sm.fit(X, Y), X, Y).outcomes("acc<.9"), "accuracy"),
    "a dictionary": (lambda: sm.fit(dict(frame()), Y), "pandas.DataFrame"),
    "no data": (lambda: sm.fit(None, Y), None),
    "several DataFrames": (lambda: sm.fit([frame()], Y), "pandas.concat"),
    "a column of weights": (lambda: sm.fit(X, Y, np.ones((len(Y), 1))), "sample_weight.ravel()"),
    "another index of weights": (
        lambda: sm.fit(frame(), sample_weight=pd.Series(1.0, index=range(1, len(Y) + 1))),
        "sample_weight.loc[X.index]",
    ),
    "weights that are a condition": (lambda: sm.fit(X, Y, Y > 0), "sample_weight.astype(float)"),
    "complex weights": (lambda: sm.fit(X, Y, Y * 1j), None),
    "labels that are a set": (lambda: sm.fit(X, set(range(len(Y)))), 'target="name"'),
    "labels that are a dictionary": (lambda: sm.fit(X, dict(enumerate(Y))), 'target="name"'),
    "labels in the rows and beside them": (
        lambda: sm.evaluate(sm.fit(frame(), target="y"), frame(), Y),
        "X.drop(columns='y')",
    ),
    "an array to evaluate without labels": (lambda: sm.evaluate(sm.fit(X, Y), X, sample_weight=Y), "evaluate(model, X"),
    "an array whose columns have other names": (
        lambda: sm.evaluate(sm.fit(frame().set_axis(list("abcdy"), axis=1)), X, Y),
        "pandas.DataFrame(array, columns=[…])",
    ),
    "an array that is examined without labels": (lambda: sm.doctor(X), "doctor(X, y)"),
    "other columns": (lambda: sm.predict(sm.fit(frame()), X[:, :2]), "columns=[…]"),
    "columns of several levels": (
        lambda: sm.fit(pd.DataFrame(X, columns=pd.MultiIndex.from_product([["a", "b"], ["c", "d"]])), Y),
        "frame.columns",
    ),
    "labels that are not there": (
        lambda: sm.evaluate(sm.fit(frame()), frame().drop(columns="y")),
        "evaluate(model, X, y)",
    ),
    "numbers as names of columns": (lambda: sm.predict(sm.fit(X, Y), pd.DataFrame(X)), "frame.to_numpy()"),
    "numbers as names of columns where they were words": (
        lambda: sm.predict(sm.fit(frame()), pd.DataFrame(X)),
        "the table's columns are",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_people_pass_by_mistake_is_told_to_them(name):
    call, hint = WRONG[name]
    with pytest.raises((sm.UsageError, sm.ModelError)) as refusal:
        call()
    assert hint is None or hint in refusal.value.hint
    assert "()" not in refusal.value.message
    assert "--" not in str(refusal.value)
    assert "of a file" not in (refusal.value.hint or "") or "of a file" in name


WIDER = np.column_stack([np.arange(len(Y)), X])


@pytest.mark.parametrize("array", [WIDER, np.column_stack([X, np.arange(len(Y))]), X[:, :3]])
@pytest.mark.parametrize("names", [None, list("abcd")])
@pytest.mark.parametrize("given", [X, "table"])
def test_an_array_of_another_width_is_refused(array, names, given):
    """In a table columns that the model does not know are passed over; in an array nobody can tell which they are."""
    if given is X:
        model = sm.fit(X, Y, names=names)
    else:
        model = sm.fit(frame().set_axis([*(names or ["x1", "x2", "x3", "x4"]), "y"], axis=1))
    calls = (sm.predict, sm.predict_proba, sm.check, sm.explain, lambda one, rows: one.evaluate(rows, Y))
    for call in calls if given is X or array.shape[1] > 4 else calls[:2]:
        with pytest.raises(sm.ModelError):
            call(model, array)


def test_an_array_has_the_names_of_the_one_that_the_model_was_fitted_on(tmp_path):
    """By the place of its columns, those among them that the fit left out."""
    constant = np.column_stack([np.ones(len(Y)), X])
    names = ["one", "a", "b", "c", "d"]
    model = sm.fit(constant, Y, names=names, drop="b")
    table = pd.DataFrame(constant, columns=names)
    expected = sm.fit(table, Y, drop="b").predict_proba(table)
    model.save(tmp_path / "m.npz")
    for one in (model, sm.load(tmp_path / "m.npz")):
        np.testing.assert_array_equal(one.predict_proba(constant), expected)
        np.testing.assert_array_equal(one.predict_proba(table[names[::-1]]), expected)
        assert one.evaluate(constant, Y).metrics["accuracy"] > 0.9
        assert not sm.check(one, constant).findings
        np.testing.assert_array_equal(one.explain(constant, 3).s, expected[3])
    folds = sm.cross_validate(constant, Y, names=names, groups=np.arange(len(Y)) % 9, folds=3)
    assert folds.models[0].predict(constant)


def test_a_model_of_an_array_is_verified_by_a_table_that_says_the_same(tmp_path):
    w = np.arange(len(Y)) % 3 + 0.5
    sm.fit(X, Y, w).save(tmp_path / "m.npz")
    assert sm.verify(tmp_path / "m.npz", frame(weight=w)).same


def test_names_that_values_had_none_of_are_those_of_no_column():
    """A later table may have a column that is called so, and is something else."""
    w, body = np.arange(1.0, len(Y) + 1), np.linspace(50, 99, len(Y))
    table = frame().drop(columns="y")
    model = sm.fit(table, Y, w)
    expected = model.evaluate(table, Y).metrics
    assert model.evaluate(table.assign(weight=body), Y).metrics == expected
    assert model.evaluate(table.assign(y=body, weight=body), Y).metrics == expected
    assert model.evaluate(table.assign(weight=body), Y, w).metrics == model.evaluate(table, Y, w).metrics
    assert model.evaluate(frame(weight=body)).metrics == expected
    assert model.explain(table.assign(y=body)).label is None
    assert {one.column for one in sm.check(model, table.assign(y=body, weight=body)).findings} == {"y", "weight"}
    named = sm.fit(table, pd.Series(Y, name="kind"), pd.Series(w, name="mass"))
    assert named.evaluate(table.assign(kind=Y, mass=w)).metrics == model.evaluate(table, Y, w).metrics
    assert named.explain(table.assign(kind=Y)).label == 0
    assert not sm.check(named, table.assign(kind=Y, mass=w)).findings


def test_a_weight_that_is_infinite_has_its_place():
    with pytest.raises(sm.DataError, match="infinite") as refusal:
        sm.fit(X, Y, sample_weight=np.where(np.arange(len(Y)) == 7, np.inf, 1.0))
    assert (refusal.value.line, refusal.value.column, refusal.value.hint) == (7, "weight", None)


def test_a_table_without_columns():
    calls = (
        sm.fit,
        sm.doctor,
        lambda table: sm.fit(table, sample_weight=np.ones(len(table))),
        lambda table: sm.predict(sm.fit(X, Y), table),
    )
    for call in calls:
        for table in (pd.DataFrame(), pd.DataFrame(index=range(3))):
            with pytest.raises(sm.DataError, match="no columns"):
                call(table)


def test_a_sparse_matrix_is_refused():
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(X)
    for call in (lambda: sm.fit(sparse, Y), lambda: sm.predict(sm.fit(X, Y), sparse)):
        with pytest.raises(sm.UsageError, match="sparse"):
            call()
