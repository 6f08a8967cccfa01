"""PMML 4.4 (dmg.org): a RegressionModel with softmax, its columns made ready by derived fields (`pmml_fields`)."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from xml.etree import ElementTree as ET

from smtrain.errors import CheckError, UsageError, quoted
from smtrain.exports.interface import Golden, NoEngineError, Numbers, Options, Portable, Row
from smtrain.exports.pmml_fields import Names, data_fields, derived_fields
from smtrain.exports.stamp import stamp

OPTIONS = ()
TOLERANCE = 1e-12
NAMESPACE = "http://www.dmg.org/PMML-4_4"
# What XML 1.0 cannot hold.
NO_CHARACTER = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What the self-test runs: JPMML, which is none of smtrain's dependencies, in a process of its own, which Java needs.
ENGINE = "jpmml_evaluator"
NO_JAVA = 3
RUN = f"""
import json, sys
import {ENGINE} as engine
try:
    backend = engine.make_backend("jpype")
except Exception as error:
    print(error, file=sys.stderr)
    sys.exit({NO_JAVA})
document, names, rows = json.load(sys.stdin)
evaluator = engine.make_evaluator(document.encode(), backend, lax=True).verify()
found = [evaluator.evaluate(row) for row in rows]
print(json.dumps([[one[name] for name in names] for one in found]))
"""


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The document. Raises UsageError for a text that XML cannot hold."""
    for text in _texts(portable):
        if NO_CHARACTER.search(text):
            raise UsageError(f"the text {quoted(text)} has a character that XML cannot hold")
    about, names = stamp(portable), Names(portable)
    pmml = ET.Element("PMML", version="4.4", xmlns=NAMESPACE)
    header = ET.SubElement(pmml, "Header", description=f"model SHA-256 {about['model_sha256']}")
    ET.SubElement(header, "Application", name="smtrain", version=about["smtrain"])
    data_fields(ET.SubElement(pmml, "DataDictionary"), portable)
    derived_fields(ET.SubElement(pmml, "TransformationDictionary"), portable, names)
    _model(pmml, portable, names)
    ET.indent(pmml)
    document: bytes = ET.tostring(pmml, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _texts(portable: Portable) -> Iterator[str]:
    """Every text of the data that the document has."""
    yield portable.model.encoder.target
    yield from portable.classes
    yield from portable.meaning.missing
    yield from (column.name for column in portable.columns)
    yield from (level for column in portable.words for level in column.levels)


def _model(pmml: ET.Element, portable: Portable, names: Names) -> None:
    model = ET.SubElement(
        pmml, "RegressionModel", functionName="classification", normalizationMethod="softmax", modelName="smtrain"
    )
    schema = ET.SubElement(model, "MiningSchema")
    ET.SubElement(schema, "MiningField", name=portable.model.encoder.target, usageType="target")
    for column in portable.columns:
        # A level that training did not have passes, and meets no predictor; a number that is none has no prediction.
        treatment = "returnInvalid" if isinstance(column, Numbers) else "asIs"
        ET.SubElement(schema, "MiningField", name=column.name, invalidValueTreatment=treatment)
    _outputs(ET.SubElement(model, "Output"), portable, names)
    for k, name in enumerate(portable.classes):
        table = ET.SubElement(model, "RegressionTable", intercept=repr(portable.intercept[k]), targetCategory=name)
        _predictors(table, portable, names, k)


def _outputs(output: ET.Element, portable: Portable, names: Names) -> None:
    ET.SubElement(
        output, "OutputField", name=names.prediction, optype="categorical", dataType="string", feature="predictedValue"
    )
    for name in portable.classes:
        ET.SubElement(
            output, "OutputField", name=names.probability(name), optype="continuous", dataType="double",
            feature="probability", value=name,
        )  # fmt: skip


def _predictors(table: ET.Element, portable: Portable, names: Names, k: int) -> None:
    """The weights of a class: numbers first, then words, as the schema has them."""
    for column in portable.columns:
        if isinstance(column, Numbers):
            _numeric(table, names.standardised(column), column.weights[k])
        if any(column.gap):
            _numeric(table, names.missing(column), column.gap[k])
    for words in portable.words:
        for level, weights in words.levels.items():
            ET.SubElement(table, "CategoricalPredictor", name=words.name, value=level, coefficient=repr(weights[k]))


def _numeric(table: ET.Element, name: str, weight: float) -> None:
    ET.SubElement(table, "NumericPredictor", name=name, coefficient=repr(weight))


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """By JPMML. Raises CheckError where it does not read the document."""
    if find_spec(ENGINE) is None:
        raise NoEngineError(f"pip install {ENGINE}, which needs Java")
    document = artefact.decode()
    given = json.dumps([document, probabilities_in(document), rows])
    done = subprocess.run([sys.executable, "-c", RUN], input=given, capture_output=True, text=True, check=False)
    if done.returncode == NO_JAVA:
        raise NoEngineError(f"{ENGINE} needs Java: {done.stderr.strip()}")
    if done.returncode:
        raise CheckError(f"JPMML does not read the export to pmml: {done.stderr.splitlines()[-1]}")
    found: list[list[float]] = json.loads(done.stdout)
    return found


def probabilities_in(document: str) -> list[str | None]:
    """The names of the outputs (K,) that are probabilities."""
    outputs = ET.fromstring(document).iterfind(f".//{{{NAMESPACE}}}OutputField[@feature='probability']")
    return [one.get("name") for one in outputs]
