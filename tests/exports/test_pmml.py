"""The PMML document by two engines, by an evaluator of its elements written from the standard, and by its schemas."""

import csv
import math
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.exports import pmml
from smtrain.exports.golden import golden_of, probabilities
from smtrain.exports.interface import Portable
from tests.cli import smtrain
from tests.exports import java
from tests.exports.models import EXTREME, NAMES_OF_MODELS, SIZES, extreme, model_of, other_rows, wide

PMML = "{http://www.dmg.org/PMML-4_4}"
needs_java = pytest.mark.skipif(java.absent() is not None, reason=str(java.absent()))
needs_xmllint = pytest.mark.skipif(shutil.which("xmllint") is None, reason="there is no xmllint")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="module")
def engines():
    started = java.Java()
    yield started
    started.close()


@pytest.fixture(params=java.PACKAGES)
def engine(request, engines):
    """A function from a model and rows to the line of outputs for each row, the prediction first, or an error."""
    return lambda model, rows: read(engines, request.param, model, rows)


def read(engines, name, model, rows):
    document = sm.export(model, "pmml")
    outputs = [one.get("name") for one in ET.fromstring(document).iter(f"{PMML}OutputField")]
    return engines(name, document, outputs, rows)


def assert_the_same(engine, model, rows):
    """Within 1e-12 of `predict_proba`, and its prediction but where two are as probable to that."""
    found, expected = engine(model, rows), np.array(probabilities(Portable.of(model), rows))
    assert np.abs(np.array([line[1:] for line in found], float) - expected).max() < 1e-12
    sure = np.sort(expected)[:, -1] - np.sort(expected)[:, -2] > 1e-12
    names = np.array(model.classes)[expected.argmax(axis=1)]
    assert (np.array([line[0] for line in found]) == names)[sure].all()


# Engines


@needs_java
@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_engines_say_what_predict_says(engine, name, folder):
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    assert_the_same(engine, model, [*golden_of(portable).rows, *other_rows(portable)])


@needs_java
@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_engines_read_the_texts_of_a_table(engine, name, folder):
    """All cells as the texts that they are in the file; numbers with a decimal comma have a point."""
    model, path = model_of(name, folder)
    portable = Portable.of(model)
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";" if "semicolon" in name else ","))
    rows = [{key.strip(): cell for key, cell in row.items()} for row in rows]
    rows = [{one.name: row[one.name] for one in portable.columns} for row in rows]
    for row in rows:
        row.update({one.name: row[one.name].replace(portable.meaning.decimal, ".") for one in portable.numbers})
    found = [line[1:] for line in engine(model, rows)]
    assert np.abs(np.array(found, float) - sm.predict_proba(model, path)).max() < 1e-12


@needs_java
@pytest.mark.slow
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_models(engine, name):
    model = extreme(name)
    assert_the_same(engine, model, golden_of(Portable.of(model)).rows)


@needs_java
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::smtrain.FitWarning")
@pytest.mark.parametrize("size", SIZES)
def test_models_of_any_size(engine, size):
    model = wide(*size)
    assert_the_same(engine, model, golden_of(Portable.of(model)).rows[:5])


@needs_java
def test_columns_with_the_names_of_fields_and_outputs(engine):
    frame = pd.DataFrame({
        "prediction": np.linspace(-1, 1, 60),
        "prediction standardised": np.linspace(-1, 1, 60) ** 3,
        "p(a)": ["u", "v"] * 30,
        "p(a) is missing": ["u", "v", None] * 20,
    })  # fmt: skip
    model = sm.fit(frame, y=["a"] * 20 + ["b"] * 20 + ["c"] * 20)
    portable = Portable.of(model)
    assert_the_same(engine, model, [*golden_of(portable).rows, *other_rows(portable)])


REFUSED = "no prediction"
# What engines make of cells otherwise than `predict`: docs/exports.md says so.
OTHERWISE = {
    "JPMML": {"  ": REFUSED, " NA": REFUSED, "nan\t": REFUSED, " ?*/": REFUSED, "3d": 3.0, "true": 1.0, "TRUE": 1.0},
    "PMML4S": {**dict.fromkeys(["abc", "3,5", "1_0", "0x10", "inf", "true", "TRUE", "-Inf"]), "3d": 3.0, "-∞": None},
}
CELLS = [
    *("3", "3.0", " 3", "3 ", "\t3", "+3.", "1e-400", "-0", "", "NA", "N/A", "NaN", "nan", "null", "None", "?*/"),
    *("-999", "-999.0", " -9.99e2", "1000", "1E3", "1e153", "1e400", "Infinity", "-Infinity"),
    *(cell for cells in OTHERWISE.values() for cell in cells),
    *(None, math.nan, 3.0, -999.0, 1000.0, 1e153, -1e308, math.inf, -math.inf),
]
WORDS = ["a", " a", "c", " c", "zz", "", " ", "\t", "NA", " NA ", "NA\n", "-999", "-999.0", "?*/", " ?*/\t", "1", "1.0"]


@pytest.fixture(scope="module")
def mixed(folder):
    """A model of a column of numbers and one of words, both with gaps, and a function from a row to probabilities."""
    path = Path(folder, "mixed.csv")
    numbers = [1, 2, 3, 4, "", 6, 7.5, -999, 9, 10]
    words = ["a", "b", "NA", " c", "d e", "", " NA ", "a", "b", "1.0"]
    lines = [f"{x},{w},{y}" for x, w, y in zip(numbers, words, "ppqrrqpqrr", strict=True)]
    path.write_text("\n".join(["x,w,y", *lines * 3]))
    dialect = sm.Dialect(na_values=("-999", "?*/", "1e3"))
    model = sm.fit(str(path), target="y", categorical=["w"], dialect=dialect)
    assert all(any(column.gap) for column in Portable.of(model).columns)
    return model, lambda row: predicted(model, row, path.with_name("row.csv"))


def predicted(model, row, path):
    """What `predict` says of a row, numbers as they are, texts by way of a file."""
    try:
        if isinstance(row["x"], str):
            with path.open("w", newline="") as file:
                csv.writer(file, quoting=csv.QUOTE_ALL).writerows([row.keys(), row.values()])
            return sm.predict_proba(model, str(path), on_unknown="ignore")[0]
        frame = pd.DataFrame([row]).astype({"x": float})
        return sm.predict_proba(model, frame, on_unknown="ignore")[0]
    except sm.DataError:
        return REFUSED


def is_refused(line):
    return isinstance(line, str) or line[0] is None


@needs_java
@pytest.mark.parametrize("name", java.PACKAGES)
def test_hostile_cells(engines, mixed, name):
    """What `predict` refuses has no prediction, and every other cell its own, but for what the docs say."""
    model, predict = mixed
    rows = [{"x": cell, "w": "a"} for cell in CELLS] + [{"x": "3", "w": word} for word in WORDS]
    for row, line in zip(rows, read(engines, name, model, rows), strict=True):
        other = OTHERWISE[name].get(row["x"], row["x"])
        expected = REFUSED if other is REFUSED else predict(row | {"x": other})
        if expected is REFUSED:
            assert is_refused(line), row
        else:
            assert np.abs(np.array(line[1:], float) - expected).max() < 1e-12, row


@needs_java
@pytest.mark.parametrize("name", java.PACKAGES)
def test_numbers_that_are_far_out(engines, name):
    """PMML4S has no probability for a class where it takes exp of more than 709, as docs/exports.md says."""
    model = sm.fit(pd.DataFrame({"x": np.linspace(-1, 1, 60)}), y=["a"] * 20 + ["b"] * 20 + ["c"] * 20, l2=1e-6)
    rows = [{"x": sign * 10.0**power} for power in (-1, 0, 1, 2, 6, 100, 152) for sign in (-1, 1)]
    expected = np.array(probabilities(Portable.of(model), rows))
    for row, line, p in zip(rows, read(engines, name, model, rows), expected, strict=True):
        differences = np.abs(np.array(line[1:], float) - p)
        assert (differences[~np.isnan(differences)] < 1e-12).all()
        if name == "JPMML" or abs(row["x"]) <= 1:
            assert not np.isnan(differences).any()
            assert line[0] == model.classes[p.argmax()]


@needs_java
def test_texts_that_are_numbers_to_java_do_not_make_numbers_missing(engine, folder):
    path = Path(folder, "java.csv")
    path.write_text("x,y\n" + "1,a\n2,b\ntrue,c\n4,a\n3,b\n,c\n" * 5)
    model = sm.fit(str(path), target="y", dialect=sm.Dialect(na_values=("true", "2d", "0x1p2")))
    assert_the_same(engine, model, [{"x": x} for x in (1.0, 2.0, 4.0, 3.0, None)])


@needs_java
def test_texts_that_mean_something_in_patterns(engine, folder):
    path, texts = Path(folder, "patterns.csv"), ("]|&<ü", "^$(a)*", "\\E{2}", ".")
    path.write_text("w,y\n" + "u,a\nv,b\n^$(a)*,c\nw,b\n" * 9)
    model = sm.fit(str(path), target="y", dialect=sm.Dialect(na_values=texts))
    words = ["u", "zz", *(text for one in texts for text in (one, f" {one}\t", one[1:]))]
    gap = engine(model, [{"w": None}])[0][1:]
    unseen = engine(model, [{"w": "another"}])[0][1:]
    assert gap != unseen
    for word, line in zip(words, engine(model, [{"w": word} for word in words]), strict=True):
        level = word in {"u", "v", "w"}
        assert level or line[1:] == (gap if word.strip(" \t") in {*texts, ""} else unseen), word


@needs_java
def test_levels_that_would_mean_missing_in_a_file(engine):
    """As the export to Python has them: a level, and missing with other blanks around it."""
    words = ["NA", " NA", "a", None, "b", "NA"]
    model = sm.fit(pd.DataFrame({"w": pd.Series(words * 6, dtype=object)}), y=[*"pqrqprqqrppr"] * 3)
    module: dict[str, object] = {"__name__": "model"}
    exec(sm.export(model, "python"), module)
    rows = [{"w": word} for word in ("NA", " NA", "NA ", "a", "", "null", " null", "zz", "b", None)]
    expected = np.array([module["predict_proba"](row) for row in rows])
    assert len({*map(tuple, expected.round(6))}) == 6
    assert np.abs(np.array([line[1:] for line in engine(model, rows)], float) - expected).max() < 1e-12


@needs_java
@pytest.mark.slow
def test_the_example_in_the_docs(tmp_path):
    page = Path("docs/exports.md").read_text()
    ((source, shown),) = re.findall(r"^```py\n(.*?)^```\n\n```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    shutil.copy("sample_data/penguins.csv", tmp_path)
    (tmp_path / "penguins.pmml").write_bytes(sm.export(sm.fit("sample_data/penguins.csv", target="species"), "pmml"))
    (tmp_path / "score.py").write_text(source)
    done = subprocess.run([sys.executable, "score.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == shown


# The self-test


@needs_java
@pytest.mark.slow
def test_the_self_test(tmp_path, monkeypatch):
    smtrain("fit", Path("sample_data/penguins.csv").resolve(), "-t", "species", "-q", cwd=tmp_path)
    done = smtrain("export", "--to", "pmml", "--self-test", "-o", "m.pmml", cwd=tmp_path)
    assert done.stderr == "self-test: the probabilities of 14 rows are within 1e-12\n"
    model, right = sm.load(tmp_path / "model.npz"), pmml.write
    for old, new, message in (
        (b'function="isMissing"', b'function="isMissed"', "JPMML does not read the export"),
        (b'intercept="-', b'intercept="', "differs from the model"),
    ):
        monkeypatch.setattr(pmml, "write", lambda *a, pair=(old, new): right(*a).replace(*pair, 1))
        with pytest.raises(sm.CheckError, match=message):
            sm.export(model, "pmml", self_test=True)


def test_the_self_test_without_an_engine(monkeypatch):
    model = sm.fit("sample_data/iris.csv")
    monkeypatch.setattr(pmml, "find_spec", lambda _: None)
    with pytest.raises(sm.UsageError, match="pip install jpmml_evaluator, which needs Java"):
        sm.export(model, "pmml", self_test=True)


@pytest.mark.slow
@pytest.mark.skipif(java.absent() not in {None, "there is no Java"}, reason=str(java.absent()))
def test_the_self_test_without_java(monkeypatch):
    model = sm.fit("sample_data/iris.csv")
    start = "import jpype\njpype.startJVM = lambda **_: exec('raise jpype.JVMNotFoundException()', globals())\ntry:"
    monkeypatch.setattr(pmml, "RUN", pmml.RUN.replace("try:", start))
    with pytest.raises(sm.UsageError, match="jpmml_evaluator needs Java"):
        sm.export(model, "pmml", self_test=True)


# The document


def value_of(element, row, missing):
    """An expression of the standard, None where it is missing."""
    tag = element.tag.removeprefix(PMML)
    if tag == "Constant":
        return element.text if element.get("dataType") == "string" else float(element.text)
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
    if function == "matches":
        # As PCRE has it, and Python otherwise.
        pattern = re.sub(r"\\x\{(\w+)\}", lambda found: re.escape(chr(int(found[1], 16))), arguments[1])
        return re.search(pattern.replace(r"\z", r"\Z"), arguments[0]) is not None
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


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_the_document_predicts(name, folder):
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    root = ET.fromstring(sm.export(model, "pmml"))
    names = [one.get("name") for tag in ("DataField", "DerivedField", "OutputField") for one in root.iter(PMML + tag)]
    assert len(set(names)) == len(names)
    rows = [*golden_of(portable).rows, *other_rows(portable)]
    found = np.array([evaluated(root, row) for row in rows])
    assert np.abs(found - probabilities(portable, rows)).max() < 1e-12


def lint(document, *options):
    return subprocess.run(["xmllint", "--noout", *options, "-"], input=document, capture_output=True, check=False)


@needs_xmllint
@pytest.mark.parametrize("name", [*NAMES_OF_MODELS, *EXTREME])
def test_the_schema(name, folder):
    model = extreme(name) if name in EXTREME else model_of(name, folder)[0]
    done = lint(sm.export(model, "pmml"), "--relaxng", "tests/exports/pmml.rng")
    assert done.returncode == 0, done.stderr


@needs_xmllint
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('optype="continuous" dataType="double"', 'dataType="double"'),
        ("<MiningSchema>", "<MiningSchema><Extension/>"),
        ('coefficient="', 'coefficient="x'),
        ("RegressionTable", "regressionTable"),
    ],
)
def test_the_schema_finds_faults(old, new):
    document = sm.export(sm.fit("sample_data/iris.csv"), "pmml").decode()
    assert old in document
    assert lint(document.replace(old, new).encode(), "--relaxng", "tests/exports/pmml.rng").returncode != 0


@needs_xmllint
@needs_java
@pytest.mark.slow
@pytest.mark.parametrize("name", [*NAMES_OF_MODELS, *EXTREME])
def test_the_schema_of_jpmml(name, folder):
    """That of the standard as JPMML has it, with its own extensions."""
    (jar,) = [path for path in java.jars("jpmml_evaluator") if re.search(r"pmml-model-[\d.]+\.jar$", path)]
    schema = Path(folder, "pmml.xsd")
    with zipfile.ZipFile(jar) as files:
        schema.write_bytes(files.read("pmml.xsd"))
    model = extreme(name) if name in EXTREME else model_of(name, folder)[0]
    done = lint(sm.export(model, "pmml"), "--schema", schema)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("character", ["\x01", "\x1f", "\ufffe", "\uffff"])
@pytest.mark.parametrize("place", ["column", "target", "class", "level", "missing"])
def test_characters_that_xml_does_not_have(character, place):
    text = {place: f"a{character}b"}
    words = [text.get("level", "u"), "v", "w"] * 6
    frame = pd.DataFrame(
        {text.get("column", "w"): words, text.get("target", "y"): ["a", "b", text.get("class", "c")] * 6}
    )
    dialect = sm.Dialect(na_values=(text.get("missing", "?"),))
    model = sm.fit(frame, target=text.get("target", "y"), dialect=dialect)
    with pytest.raises(sm.UsageError, match="has a character that XML cannot hold"):
        sm.export(model, "pmml")
