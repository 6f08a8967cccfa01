"""The real command line on published data: NLL, probabilities and coefficients as their sources print them."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.api import GLM, add_constant, families

from tests.cli import smtrain

pytestmark = pytest.mark.bits

FOLDER = Path(__file__).parent / "published"
IRIS = Path(__file__).parents[1] / "sample_data" / "iris.csv"
CASES = json.loads((FOLDER / "expected.json").read_text())


def published_probabilities(case, coefficients, row):
    """Softmax of the published coefficients, the baseline's being zero."""
    z = {case["baseline"]: 0.0}
    for name, beta in coefficients.items():
        z[name] = sum(value * (1.0 if key == "(Intercept)" else float(row[key])) for key, value in beta.items())
    total = sum(math.exp(value) for value in z.values())
    return {name: math.exp(value) / total for name, value in z.items()}


@pytest.fixture(scope="module", params=CASES)
def fitted(request, tmp_path_factory):
    case, folder = CASES[request.param], tmp_path_factory.mktemp(request.param)
    data = FOLDER / f"{request.param}.csv"
    weight = ["--weight", case["weight"]] if case["weight"] else []
    done = smtrain("fit", data, "-t", case["label"], "--l2", 0, "--se", "--json", *weight, cwd=folder)
    return case, data, folder, json.loads(done.stdout)


def test_nll(fitted):
    case, _, _, fit = fitted
    assert fit["status"] == "converged"
    assert fit["nll"] == pytest.approx(case["maximum"]["mean_nll"], abs=1e-8)
    assert fit["nll"] >= case["maximum"]["mean_nll"] - 1e-12
    if "loglik" in case["published"]:
        assert -fit["nll"] * case["rows"] == pytest.approx(case["published"]["loglik"], abs=1e-4)


def test_coefficients_in_the_units_of_the_file(fitted):
    case, _, folder, _ = fitted
    model = json.loads(smtrain("show", "--json", cwd=folder).stdout)
    base = model["classes"].index(case["baseline"])
    W, b = np.array(model["raw_weights"]), np.array(model["raw_intercept"])
    for source in (case["maximum"], case["published"]):
        for name, beta in source.get("coefficients", {}).items():
            k = model["classes"].index(name)
            for feature, value in beta.items():
                difference = b[k] - b[base]
                if feature != "(Intercept)":
                    j = model["features"].index(feature)
                    difference = W[j, k] - W[j, base]
                assert difference == pytest.approx(value, abs=1e-3), (name, feature)


def test_probabilities(fitted):
    case, data, folder, _ = fitted
    lines = smtrain("predict", data, "--proba", cwd=folder).stdout.splitlines()
    rows = csv.DictReader(data.read_text().splitlines())
    for row, found in zip(rows, csv.DictReader(lines), strict=True):
        for name, p in published_probabilities(case, case["maximum"]["coefficients"], row).items():
            assert float(found[f"p({name})"]) == pytest.approx(p, abs=1e-5)


def test_standard_errors(fitted):
    """Those of the exact maximum, and those that are printed."""
    case, _, folder, _ = fitted
    found = json.loads(smtrain("show", "--se", "--reference", case["baseline"], "--json", cwd=folder).stdout)
    printed = case["published"].get("std_errors_within")
    for source, within in ((case["maximum"], 1e-6), (case["published"], printed)):
        for name, errors in source.get("std_errors", {}).items():
            for feature, error in errors.items():
                line = found["inference"]["classes"][name][feature.replace("I", "i", 1) if "(" in feature else feature]
                assert line["error"] == pytest.approx(error, rel=0, abs=within), (name, feature)


def test_iris_is_separated_and_nears_its_limit_from_above(tmp_path):
    """The limit is the maximum of versicolor against virginica alone; its table that of statsmodels."""
    two = pd.read_csv(IRIS).query("species != 'setosa'")
    X = add_constant(two.drop(columns="species"))
    alone = GLM(two["species"] == "virginica", X, families.Binomial()).fit(tol=1e-14)
    limit = -alone.llf
    done = smtrain("fit", IRIS, "--l2", 0, "--se", "--json", cwd=tmp_path)
    fit = json.loads(done.stdout)
    assert -1e-13 < fit["nll"] * 150 - limit < 1e-8  # the limit is rounded too
    assert fit["separation"]["pairs"] == [["setosa", "versicolor"], ["setosa", "virginica"]]
    assert not fit["separation"]["complete"]
    assert "petal_length" in fit["separation"]["columns"]
    assert "warning: quasi-complete separation of setosa and versicolor, setosa and virginica along" in done.stderr
    shown = smtrain("show", "--se", "--reference", "versicolor", "--json", cwd=tmp_path).stdout
    tables = json.loads(shown)["inference"]["classes"]
    for term in X:
        line = tables["virginica"]["(intercept)" if term == "const" else term]
        assert line["estimate"] == pytest.approx(alone.params[term], rel=1e-4)
        assert line["error"] == pytest.approx(alone.bse[term], rel=1e-3)
        assert tables["setosa"]["(intercept)" if term == "const" else term]["error"] is None  # not identified
