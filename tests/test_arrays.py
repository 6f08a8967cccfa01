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
        assert one.classes == ("0", "1", "2")
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


def test_labels_do_not_have_to_be_numbers_and_names_make_way():
    table = frame().drop(columns="y").rename(columns={"x1": "y"})
    model = sm.fit(table, ["setosa", "versicolor"] * 75)
    assert (model.encoder.target, model.classes) == ("y_", ("setosa", "versicolor"))


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
    "other columns": (lambda: sm.predict(sm.fit(X, Y), X[:, :2]), "columns=[…]"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_people_pass_by_mistake_is_told_to_them(name):
    call, hint = WRONG[name]
    with pytest.raises((sm.UsageError, sm.ModelError)) as refusal:
        call()
    assert hint is None or hint in refusal.value.hint


def test_a_sparse_matrix_is_refused():
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(X)
    for call in (lambda: sm.fit(sparse, Y), lambda: sm.predict(sm.fit(X, Y), sparse)):
        with pytest.raises(sm.UsageError, match="sparse"):
            call()
