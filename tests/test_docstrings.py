"""Every public name has an example in its docstring, which is run in a folder with the sample data."""

import doctest
import inspect
import shutil
import warnings
from pathlib import Path

import pandas as pd
import pytest

import smtrain as sm

SAMPLES = sorted(Path("sample_data").absolute().glob("*.csv"))


def own_methods(name):
    """The public methods that a class of smtrain has of its own or from another of its classes."""
    methods = inspect.getmembers(
        getattr(sm, name), lambda member: inspect.isfunction(member) or inspect.ismethod(member)
    )
    return [f"{name}.{key}" for key, member in methods if key[0] != "_" and member.__module__.startswith("smtrain")]


CLASSES = [name for name in dir(sm) if inspect.isclass(getattr(sm, name))]
NAMES = [*dir(sm), *(method for name in CLASSES for method in own_methods(name))]


def docstring(name):
    found = sm
    for part in name.split("."):
        found = getattr(found, part)
    return inspect.getdoc(found)


@pytest.mark.bits
@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name(name, tmp_path, monkeypatch):
    for path in SAMPLES:
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(docstring(name), {"smtrain": sm, "pandas": pd}, name, name, 0)
    assert test.examples, "no example in the docstring"
    with warnings.catch_warnings():
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        assert runner.run(test).failed == 0


def test_the_methods_are_found():
    assert {"Model.coef", "Model.save", "Evaluation.outcomes", "Diagnosis.count", "FitConfig.kept"} <= {*NAMES}


SHORT = {
    "Model": lambda model: model,
    "Evaluation": lambda model: model.evaluate("sample_data/iris.csv", worst=9),
    "Comparison": lambda model: sm.compare(model, model, "sample_data/iris.csv"),
    "CrossValidation": lambda _: sm.cross_validate("sample_data/iris.csv", epochs=2),
    "Diagnosis": lambda _: sm.doctor("sample_data/penguins.csv", target="species"),
    "Explanation": lambda model: model.explain("sample_data/iris.csv"),
    "FitConfig": lambda _: sm.FitConfig(target="species", l2=0.1),
    "Inference": sm.inference,
    "Report": sm.report,
}


def test_the_record_of_a_fit_and_its_options_are_short():
    record = sm.fit("sample_data/iris.csv").fit
    assert repr(record).startswith("<FitRecord: 150 rows, converged after ")
    assert repr(record.options) == "Options(solver='lbfgs', tol=0.0001, l2=1.0, precision='float64')"
    config = sm.FitConfig(dialect=sm.Dialect(decimal=","), drop=("a",), threads=2)
    assert eval(repr(config), {**vars(sm), "FitConfig": sm.FitConfig, "Dialect": sm.Dialect}) == config


@pytest.mark.parametrize("name", SHORT)
def test_an_object_says_what_it_is_in_one_short_line(name):
    one = SHORT[name](sm.fit("sample_data/iris.csv", se=True))
    assert type(one) is getattr(sm, name)
    assert "\n" not in repr(one)
    assert len(repr(one)) < 200
