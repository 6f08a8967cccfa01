"""PMML 4.4 (dmg.org): a RegressionModel with softmax, its columns made ready by derived fields.

A column x of numbers has the field `x standardised`, 0 where missing; any column whose gap has a weight has the field
`x is missing`, 0 or 1. A level that training did not have passes as it is, and meets no predictor.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from smtrain.errors import UsageError, quoted
from smtrain.exports.interface import Golden, NoEngineError, Numbers, Options, Portable, Row, Words
from smtrain.exports.stamp import stamp

OPTIONS = ()
TOLERANCE = 1e-12
NAMESPACE = "http://www.dmg.org/PMML-4_4"
# What XML 1.0 can hold besides: tab, line feed and carriage return.
LEAST_CHARACTER = " "


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The document. Raises UsageError for a text that XML cannot hold."""
    about, encoder = stamp(portable), portable.model.encoder
    for name in (*portable.classes, *(one.name for one in portable.columns), *_levels(portable)):
        if any(character < LEAST_CHARACTER and character not in "\t\n\r" for character in name):
            raise UsageError(f"the text {quoted(name)} has a character that XML cannot hold")
    names = Names(portable)
    pmml = ET.Element("PMML", version="4.4", xmlns=NAMESPACE)
    header = ET.SubElement(pmml, "Header", description=f"model SHA-256 {about['model_sha256']}")
    ET.SubElement(header, "Application", name="smtrain", version=about["smtrain"])
    _data(ET.SubElement(pmml, "DataDictionary"), portable)
    _derived(ET.SubElement(pmml, "TransformationDictionary"), portable, names)
    model = ET.SubElement(
        pmml, "RegressionModel", functionName="classification", normalizationMethod="softmax", modelName="smtrain"
    )
    schema = ET.SubElement(model, "MiningSchema")
    ET.SubElement(schema, "MiningField", name=encoder.target, usageType="target")
    for column in portable.columns:
        ET.SubElement(schema, "MiningField", name=column.name, invalidValueTreatment="asIs")
    output = ET.SubElement(model, "Output")
    for name in portable.classes:
        ET.SubElement(
            output, "OutputField", name=f"p({name})", optype="continuous", dataType="double", feature="probability",
            value=name,
        )  # fmt: skip
    for k, name in enumerate(portable.classes):
        _table(ET.SubElement(model, "RegressionTable"), portable, names, k, name)
    ET.indent(pmml)
    text: bytes = ET.tostring(pmml, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _levels(portable: Portable) -> Iterator[str]:
    return (level for column in portable.words for level in column.levels)


class Names:
    """The names of derived fields, which no column has."""

    def __init__(self, portable: Portable) -> None:
        self.taken = {column.name for column in portable.columns} | {portable.model.encoder.target}

    def standardised(self, column: Numbers) -> str:
        """The field of a number that is standardised."""
        return self._free(f"{column.name} standardised")

    def missing(self, column: Numbers | Words) -> str:
        """The field that is 1 where a cell is missing."""
        return self._free(f"{column.name} is missing")

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "'"
        return name


def _data(parent: ET.Element, portable: Portable) -> None:
    """The columns as they are in the data, with what means missing in them, and the classes."""
    meaning, encoder = portable.meaning, portable.model.encoder
    for column in portable.columns:
        numbers = isinstance(column, Numbers)
        kind = ("continuous", "double") if numbers else ("categorical", "string")
        field = ET.SubElement(parent, "DataField", name=column.name, optype=kind[0], dataType=kind[1])
        levels = () if isinstance(column, Numbers) else tuple(column.levels)
        for level in levels:
            ET.SubElement(field, "Value", value=level)
        for text in map(repr, sorted(meaning.values)) if numbers else sorted(meaning.missing):
            if text not in levels:
                ET.SubElement(field, "Value", value=text, property="missing")
    field = ET.SubElement(parent, "DataField", name=encoder.target, optype="categorical", dataType="string")
    for name in portable.classes:
        ET.SubElement(field, "Value", value=name)
    parent.set("numberOfFields", str(len(parent)))


def _derived(parent: ET.Element, portable: Portable, names: Names) -> None:
    for column in portable.columns:
        if isinstance(column, Numbers):
            field = _field(parent, names.standardised(column))
            chosen = _if_missing(field, column.name, "0")
            quotient = ET.SubElement(chosen, "Apply", function="/")
            difference = ET.SubElement(quotient, "Apply", function="-")
            ET.SubElement(difference, "FieldRef", field=column.name)
            _constant(difference, repr(column.mean))
            _constant(quotient, repr(column.scale))
        if any(column.gap):
            _constant(_if_missing(_field(parent, names.missing(column)), column.name, "1"), "0")


def _field(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, "DerivedField", name=name, optype="continuous", dataType="double")


def _if_missing(parent: ET.Element, name: str, then: str) -> ET.Element:
    """A choice by whether a column is missing; what is added to it is for where it is not."""
    chosen = ET.SubElement(parent, "Apply", function="if")
    ET.SubElement(ET.SubElement(chosen, "Apply", function="isMissing"), "FieldRef", field=name)
    _constant(chosen, then)
    return chosen


def _constant(parent: ET.Element, value: str) -> None:
    ET.SubElement(parent, "Constant", dataType="double").text = value


def _table(table: ET.Element, portable: Portable, names: Names, k: int, name: str) -> None:
    """The weights of a class: numbers first, then words, as the schema has them."""
    table.set("intercept", repr(portable.intercept[k]))
    table.set("targetCategory", name)
    for column in portable.columns:
        if isinstance(column, Numbers):
            _predictor(table, names.standardised(column), column.weights[k])
        if any(column.gap):
            _predictor(table, names.missing(column), column.gap[k])
    for words in portable.words:
        for level, weights in words.levels.items():
            attributes: dict[str, Any] = {"name": words.name, "value": level, "coefficient": repr(weights[k])}
            ET.SubElement(table, "CategoricalPredictor", attributes)


def _predictor(table: ET.Element, name: str, weight: float) -> None:
    ET.SubElement(table, "NumericPredictor", name=name, coefficient=repr(weight))


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """No reader of PMML runs here without Java."""
    raise NoEngineError("readers of PMML need Java")
