"""The fields of a PMML document: the columns as they are in the data, and what the weights are multiplied by.

A column x of numbers has the field `x standardised`, 0 where missing; any column whose gap has a weight has the field
`x is missing`, 0 or 1.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from smtrain.exports.interface import Numbers, Portable, Words
from smtrain.model.encoder import name_of_p
from smtrain.sources.dialect import BLANKS, LARGEST
from smtrain.sources.meaning import Meaning

# What Java takes for a finite number, and smtrain for none.
NUMBERS_OF_JAVA = re.compile(
    r"true|false|[+-]?(0x[0-9a-f.]+p[+-]?\d+|[\d.]+(e[+-]?\d+)?)[fd]?", re.ASCII | re.IGNORECASE
)


class Names:
    """The names of derived fields and outputs, which no column has."""

    def __init__(self, portable: Portable) -> None:
        self.taken = {column.name for column in portable.columns} | {portable.model.encoder.target}
        self.prediction = self._free("prediction")

    def standardised(self, column: Numbers) -> str:
        """The field of a number that is standardised."""
        return self._free(f"{column.name} standardised")

    def missing(self, column: Numbers | Words) -> str:
        """The field that is 1 where a cell is missing."""
        return self._free(f"{column.name} is missing")

    def probability(self, name: str) -> str:
        """The output of the probability of a class."""
        return self._free(name_of_p(name))

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "'"
        return name


def data_fields(parent: ET.Element, portable: Portable) -> None:
    """The columns as they are in the data, with what is valid and what means missing in them, and the classes."""
    for column in portable.columns:
        if isinstance(column, Numbers):
            _numbers(parent, column, portable.meaning)
        else:
            missing = (text for text in sorted(portable.meaning.missing) if text not in column.levels)
            _words(parent, column.name, column.levels, missing)
    _words(parent, portable.model.encoder.target, portable.classes)
    parent.set("numberOfFields", str(len(parent)))


def _numbers(parent: ET.Element, column: Numbers, meaning: Meaning) -> None:
    """A column of numbers: what `predict` refuses is invalid."""
    field = ET.SubElement(parent, "DataField", name=column.name, optype="continuous", dataType="double")
    ET.SubElement(field, "Interval", closure="closedClosed", leftMargin=repr(-LARGEST), rightMargin=repr(LARGEST))
    # Engines compare numbers where both are: such a text would make a number of the data missing.
    _missing(field, (text for text in sorted(meaning.missing) if not NUMBERS_OF_JAVA.fullmatch(text)))
    _missing(field, map(repr, sorted(meaning.values)))


def _words(parent: ET.Element, name: str, levels: Iterable[str], missing: Iterable[str] = ()) -> None:
    field = ET.SubElement(parent, "DataField", name=name, optype="categorical", dataType="string")
    for level in levels:
        ET.SubElement(field, "Value", value=level)
    _missing(field, missing)


def _missing(field: ET.Element, texts: Iterable[str]) -> None:
    for text in texts:
        ET.SubElement(field, "Value", value=text, property="missing")


def derived_fields(parent: ET.Element, portable: Portable, names: Names) -> None:
    """What the weights are multiplied by, where that is not the column itself."""
    for column in portable.columns:
        if isinstance(column, Numbers):
            _standardised(_if_missing(_field(parent, names.standardised(column)), column.name, "0"), column)
        if any(column.gap):
            otherwise = _if_missing(_field(parent, names.missing(column)), column.name, "1")
            if isinstance(column, Numbers):
                _constant(otherwise, "0")
            else:
                _means_missing(otherwise, column, portable.meaning)


def _standardised(parent: ET.Element, column: Numbers) -> None:
    quotient = ET.SubElement(parent, "Apply", function="/")
    difference = ET.SubElement(quotient, "Apply", function="-")
    ET.SubElement(difference, "FieldRef", field=column.name)
    _constant(difference, repr(column.mean))
    _constant(quotient, repr(column.scale))


def _means_missing(parent: ET.Element, column: Words, meaning: Meaning) -> None:
    """1 for a text that means missing once the blanks around it are off, 0 for another: engines know it without."""
    chosen = ET.SubElement(parent, "Apply", function="if")
    matches = ET.SubElement(chosen, "Apply", function="matches")
    ET.SubElement(matches, "FieldRef", field=column.name)
    _constant(matches, _pattern(column, meaning), "string")
    _constant(chosen, "1")
    _constant(chosen, "0")


def _pattern(column: Words, meaning: Meaning) -> str:
    """What matches the texts that mean missing and are no level: a regular expression of PCRE and of Java."""
    blanks = f"(?:{'|'.join(map(_literal, BLANKS))})*"
    levels = sorted(level for level in column.levels if meaning.is_missing(level))
    unless = f"(?!(?:{'|'.join(map(_literal, levels))})\\z)" if levels else ""
    return f"^{unless}{blanks}(?:{'|'.join(map(_literal, sorted(meaning.missing)))}){blanks}\\z"


def _literal(text: str) -> str:
    # Letters, digits, and their numbers for the others: PMML4S loses what stands before a bracket in a Constant.
    return "".join(one if one.isalnum() else f"\\x{{{ord(one):x}}}" for one in text)


def _field(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, "DerivedField", name=name, optype="continuous", dataType="double")


def _if_missing(parent: ET.Element, name: str, then: str) -> ET.Element:
    """A choice by whether a column is missing; what is added to it is for where it is not."""
    chosen = ET.SubElement(parent, "Apply", function="if")
    ET.SubElement(ET.SubElement(chosen, "Apply", function="isMissing"), "FieldRef", field=name)
    _constant(chosen, then)
    return chosen


def _constant(parent: ET.Element, value: str, kind: str = "double") -> None:
    ET.SubElement(parent, "Constant", dataType=kind).text = value
