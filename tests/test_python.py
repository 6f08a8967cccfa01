"""The Python API as a person meets it at a prompt: names, what objects say of themselves, what a model can be asked."""

import json

import numpy as np
import pandas as pd
import pytest

import smtrain as sm

IRIS = "sample_data/iris.csv"


@pytest.fixture(scope="module")
def model():
    return sm.fit(IRIS, l2=0.0, se=True)


def test_only_public_names_are_listed():
    assert dir(sm) == sorted([*sm.__all__, "from_sklearn", "to_sklearn"])
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


PENGUINS = pd.read_csv("sample_data/penguins.csv")


@pytest.fixture(scope="module")
def penguins():
    return sm.fit(PENGUINS, target="species")


@pytest.mark.parametrize("row", [0, 3, 300])
def test_contributions_are_x_times_w_and_add_up_to_the_logits(penguins, row):
    """By hand, from the cells of the row and the weights in the units of the data."""
    found, cells = penguins.explain(PENGUINS.sample(frac=1, random_state=1).set_index("year", drop=False), row), None
    cells = PENGUINS.sample(frac=1, random_state=1).iloc[row]
    expected = {}
    W = pd.DataFrame(penguins.W, index=penguins.features, columns=penguins.classes)
    for column in penguins.encoder.columns:
        if column.kind == "numeric":
            x = 0.0 if pd.isna(cells[column.name]) else (cells[column.name] - column.mean) / column.scale
            expected[column.name] = x * W.loc[column.name]
            if column.missing:
                name = f"{column.name} is missing"
                expected[name] = float(pd.isna(cells[column.name])) * W.loc[name]
            continue
        for level in column.levels:
            here = pd.isna(cells[column.name]) if level is None else cells[column.name] == level
            name = f"{column.name} is missing" if level is None else f"{column.name}={level}"
            expected[name] = float(here) * W.loc[name]
    table = found.contributions
    assert set(table.index) == {*expected, "(intercept)"}
    for name, line in expected.items():
        np.testing.assert_allclose(table.loc[name], line, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(table.sum(), found.z, rtol=1e-12)
    lead = (table[found.prediction] - table[penguins.classes[found.second]]).abs()[:-1]
    assert lead.is_monotonic_decreasing
    assert found.label == cells["species"]
    shuffled = PENGUINS.sample(frac=1, random_state=1)
    np.testing.assert_array_equal(found.s, penguins.predict_proba(shuffled)[row])
    assert found.probabilities.index[0] == found.prediction
    assert found.probabilities.is_monotonic_decreasing


def test_an_explanation_of_the_command_line_is_that_of_python(penguins, go):
    penguins.save("model.npz")
    PENGUINS.to_csv("penguins.csv", index=False)
    document = json.loads(go("explain", "penguins.csv", "--row", "5", "--json").out)
    found = penguins.explain("penguins.csv", 4)
    assert (document["x"], document["z"], document["gradient"]) == (
        found.x.tolist(),
        found.z.tolist(),
        found.gradient.tolist(),
    )
    assert document["nll"] == found.nll
    assert found.place.line == document["line"]


def test_a_row_without_a_label_and_rows_that_are_not_there(penguins):
    found = sm.explain(penguins, PENGUINS.drop(columns="species"), np.int64(2))
    assert (found.label, found.nll, found.residual, found.gradient) == (None, None, None, None)
    assert repr(found).startswith('<Explanation: "Adelie" 0.9')
    assert "label" in repr(penguins.explain(PENGUINS))
    for row in (-1, len(PENGUINS)):
        with pytest.raises(sm.UsageError, match=r"no row -?\d+: DataFrame has 344\nhint: they are counted from 0"):
            penguins.explain(PENGUINS, row)
    with pytest.raises(sm.UsageError, match="row must be a whole number"):
        penguins.explain(PENGUINS, "first")
    integers = sm.fit(INTEGERS, target="y").explain(INTEGERS, 3)
    assert type(integers.prediction) is int
    assert list(integers.contributions.columns) == [-5, 0, 5]


def test_an_evaluation_has_tables_of_its_classes(penguins):
    """As scikit-learn counts them."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    rows = PENGUINS.assign(species=np.roll(PENGUINS["species"], 7))
    found, predicted = penguins.evaluate(rows), penguins.predict(rows)
    expected = confusion_matrix(rows["species"], predicted, labels=penguins.classes)
    np.testing.assert_array_equal(found.confusion, expected)
    assert (found.confusion.index.name, found.confusion.columns.name) == ("label", "prediction")
    by_class = precision_recall_fscore_support(rows["species"], predicted, labels=penguins.classes)
    table = found.to_frame()
    np.testing.assert_allclose(table[["precision", "recall", "f1", "support"]].T, by_class, rtol=1e-12)
    assert list(table.index) == list(penguins.classes)


@pytest.mark.parametrize("dtype", ["bool", "boolean", "category", "object"])
def test_labels_that_are_booleans_are_predicted_as_such(dtype, tmp_path):
    frame = INTEGERS.assign(y=(INTEGERS["x"] > 3))
    fitted = sm.fit(frame.astype({"y": dtype}), target="y", l2=0.01)
    fitted.save(tmp_path / "m.npz")
    for one in (fitted, sm.load(tmp_path / "m.npz")):
        assert one.classes == (False, True)
        assert (one.predict(frame) == frame["y"]).all()
        assert list(one.coef(True).index.unique("class")) == [False]
    assert sm.cross_validate(frame, target="y").predictions["prediction"].dtype == "boolean"
    texts = sm.fit(frame.assign(y=frame["y"].astype(str)), target="y", l2=0.01)
    assert texts.classes == ("False", "True")
    np.testing.assert_array_equal(texts.W, fitted.W)


def test_labels_that_are_whole_floats_are_integers():
    """As a column of integers is where a row has no label."""
    gaps = INTEGERS["y"].astype(float).where(INTEGERS.index % 9 > 0)
    model = sm.fit(INTEGERS.assign(y=gaps), target="y", unlabelled="skip", l2=0.1)
    assert model.classes == (-5, 0, 5)
    assert model.predict(INTEGERS) == sm.fit(INTEGERS.assign(y=gaps).dropna(), target="y", l2=0.1).predict(INTEGERS)
    assert sm.fit(INTEGERS.assign(y=INTEGERS["y"] / 2), target="y").classes == ("0", "-2.5", "2.5")


def test_models_and_results_are_equal_to_themselves(model):
    other = sm.fit(IRIS, epochs=1)
    assert model != other
    assert len({model, model, other}) == 2
    evaluation = model.evaluate(IRIS)
    assert evaluation != model.evaluate(IRIS)
    assert evaluation in [evaluation]


def test_the_tables_of_integer_classes_have_integers():
    model = sm.fit(INTEGERS, target="y", l2=0.1)
    validated = sm.cross_validate(INTEGERS, target="y")
    for found in (model.evaluate(INTEGERS), sm.compare(model, model, INTEGERS).new, validated.pooled):
        assert list(found.to_frame().index) == list(found.confusion.columns) == [-5, 0, 5]


def test_a_diagnosis_is_a_table():
    found = sm.doctor(PENGUINS, target="species")
    table = found.to_frame()
    assert len(table) == len(found.findings) > 0
    assert list(table["what"]) == [finding.what for finding in found.findings]
    nothing = sm.check(sm.fit(PENGUINS, target="species"), PENGUINS).to_frame()
    assert (len(nothing), list(nothing.columns)) == (0, list(table.columns))
