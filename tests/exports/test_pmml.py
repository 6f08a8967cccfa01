"""The PMML document by its rules, and by an evaluator that knows the elements of the standard alone."""

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import smtrain as sm
from smtrain.exports.golden import golden_of, probabilities
from smtrain.exports.interface import Portable
from tests.exports.models import NAMES_OF_MODELS, model_of, other_rows

PMML = "{http://www.dmg.org/PMML-4_4}"
# The children that each element may have, in their order (pmml-4-4.xsd), of those that are used.
CHILDREN = {
    "PMML": ["Header", "DataDictionary", "TransformationDictionary", "RegressionModel"],
    "Header": ["Application"],
    "DataDictionary": ["DataField"],
    "DataField": ["Value"],
    "TransformationDictionary": ["DerivedField"],
    "DerivedField": ["Apply"],
    "RegressionModel": ["MiningSchema", "Output", "RegressionTable"],
    "MiningSchema": ["MiningField"],
    "Output": ["OutputField"],
    "RegressionTable": ["NumericPredictor", "CategoricalPredictor"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("exports"))


def value_of(element, row, missing):
    """An expression of the standard, None where it is missing."""
    tag = element.tag.removeprefix(PMML)
    if tag == "Constant":
        return float(element.text)
    if tag == "FieldRef":
        cell = row[element.get("field")]
        return None if cell is None or str(cell) in missing[element.get("field")] else cell
    function, arguments = element.get("function"), [value_of(one, row, missing) for one in element]
    if function == "if":
        return arguments[1] if arguments[0] else arguments[2]
    if function == "isMissing":
        return arguments[0] is None
    if None in arguments:
        return None
    return arguments[0] - arguments[1] if function == "-" else arguments[0] / arguments[1]


def evaluated(root, row):
    missing = {
        field.get("name"): {one.get("value") for one in field if one.get("property") == "missing"}
        for field in root.iter(f"{PMML}DataField")
    }
    row = row | {field.get("name"): value_of(field[0], row, missing) for field in root.iter(f"{PMML}DerivedField")}
    z = []
    for table in root.iter(f"{PMML}RegressionTable"):
        z.append(float(table.get("intercept")))
        for one in table:
            if one.tag == f"{PMML}NumericPredictor":
                z[-1] += float(one.get("coefficient")) * row[one.get("name")]
            elif row[one.get("name")] == one.get("value"):
                z[-1] += float(one.get("coefficient"))
    e = [math.exp(one - max(z)) for one in z]
    return [one / sum(e) for one in e]


def assert_in_order(element):
    tags = [child.tag.removeprefix(PMML) for child in element]
    order = CHILDREN.get(element.tag.removeprefix(PMML))
    if order is not None:
        assert tags == sorted(tags, key=order.index)
    for child in element:
        assert_in_order(child)


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_the_document_predicts(name, folder):
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    root = ET.fromstring(sm.export(model, "pmml"))
    assert root.tag == f"{PMML}PMML"
    assert_in_order(root)
    names = [one.get("name") for tag in ("DataField", "DerivedField") for one in root.iter(PMML + tag)]
    assert len(set(names)) == len(names)
    rows = [*golden_of(portable).rows, *other_rows(portable)]
    found = np.array([evaluated(root, row) for row in rows])
    assert np.abs(found - probabilities(portable, rows)).max() < 1e-12
