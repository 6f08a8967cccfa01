"""The real command line on published data: NLL, probabilities and coefficients as their sources print them."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.cli import smtrain

FOLDER = Path(__file__).parent / "published"
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
    done = smtrain("fit", data, "-t", case["label"], "--l2", 0, "--json", *weight, cwd=folder)
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
