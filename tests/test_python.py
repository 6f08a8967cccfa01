"""The Python API as a person meets it at a prompt: names, what objects say of themselves, what a model can be asked."""

import numpy as np
import pandas as pd
import pytest

import smtrain as sm

IRIS = "sample_data/iris.csv"


@pytest.fixture(scope="module")
def model():
    return sm.fit(IRIS, l2=0.0, se=True)


def test_only_public_names_are_listed():
    assert dir(sm) == sm.__all__
    assert all(hasattr(sm, name) for name in dir(sm))


def test_objects_say_what_they_are_in_a_line(model):
    assert repr(model).startswith('<Model of "species": 3 classes by 4 columns; 150 rows, converged, NLL 0.0')
    evaluation, comparison = sm.evaluate(model, IRIS), sm.compare(model, model, IRIS)
    assert repr(evaluation).startswith("<Evaluation: ")
    assert f"accuracy {evaluation.metrics['accuracy']:.6g}" in repr(evaluation)
    assert "accuracy 0.986667 → 0.986667" in repr(comparison)
    assert all("\n" not in repr(one) and len(repr(one)) < 200 for one in (model, evaluation, comparison))


def test_a_model_can_be_asked(model):
    frame = pd.read_csv(IRIS)
    assert model.predict(frame) == sm.predict(model, IRIS)
    np.testing.assert_array_equal(model.predict_proba(frame), sm.predict_proba(model, IRIS))
    assert model.evaluate(frame).metrics == sm.evaluate(model, frame).metrics


def test_coefficients_are_a_table(model):
    W, b = model.raw_weights
    plain = model.coef()
    assert plain.index.names == ["class", "term"]
    for k, name in enumerate(model.classes):
        np.testing.assert_array_equal(plain.loc[name, "estimate"], [*W[:, k], b[k]])
    against = model.coef("virginica")
    assert list(against.index.get_level_values("class").unique()) == ["setosa", "versicolor"]
    np.testing.assert_allclose(
        against.loc["setosa", "estimate"], plain.loc["setosa", "estimate"] - plain.loc["virginica", "estimate"]
    )
    pd.testing.assert_frame_equal(model.coef("setosa", se=True), sm.inference(model, "setosa").table())
    with pytest.raises(sm.UsageError, match="no class"):
        model.coef("rose")
    with pytest.raises(sm.ModelError):
        sm.fit(IRIS, epochs=2).coef(se=True)


INTEGERS = pd.DataFrame({"x": np.arange(90) % 7, "y": np.arange(90) % 3 * 5 - 5})


@pytest.mark.parametrize("dtype", ["int64", "Int64", "int8", "category", "object"])
def test_classes_are_what_predict_returns(dtype, tmp_path):
    fitted = sm.fit(INTEGERS.astype({"y": dtype}), target="y", l2=0.1, se=True)
    fitted.save(tmp_path / "m.npz")
    for one in (fitted, sm.load(tmp_path / "m.npz")):
        assert one.classes == (-5, 0, 5)
        assert set(map(type, one.classes)) == {int}
        assert set(one.predict(INTEGERS)) <= {*one.classes}
        assert list(one.coef().index.unique("class")) == [-5, 0, 5]
        assert list(one.coef(0, se=True).index.unique("class")) == [-5, 5]
        pd.testing.assert_frame_equal(
            one.coef(0)["estimate"].loc[5].to_frame(), one.coef("0")["estimate"].loc[5].to_frame()
        )
    text = sm.fit(INTEGERS.astype({"y": str}), target="y")
    assert text.classes == ("-5", "0", "5")
    assert text.predict(INTEGERS[:1])[0] in text.classes
    np.testing.assert_array_equal(text.W, sm.fit(INTEGERS, target="y").W)
