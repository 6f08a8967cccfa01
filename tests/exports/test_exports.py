"""Every format of export, through what really runs it, against predict."""

import csv
import io
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.exports.c import WARNINGS
from smtrain.exports.columns import found_in
from smtrain.exports.formats import FORMATS
from smtrain.exports.golden import golden_of, probabilities
from smtrain.exports.interface import Options, Portable
from smtrain.exports.table import exporter_of
from tests.cli import smtrain
from tests.exports.models import EXTREME, NAMES_OF_MODELS, extreme, model_of, other_rows

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no cc")
PREDICTIONS = [
    pytest.param(to, marks=[needs_cc] if to == "c" else [])
    for to in FORMATS
    if to not in {"pmml", "jsonschema", "frictionless"}
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
@pytest.mark.parametrize("to", PREDICTIONS)
def test_golden_rows(to, name, folder):
    """The artefact itself is run, and compared with predict_proba; the same bytes come twice."""
    model, _ = model_of(name, folder)
    assert sm.export(model, to, self_test=True) == sm.export(model, to)


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
@pytest.mark.parametrize("to", PREDICTIONS)
def test_other_rows(to, name, folder):
    """Rows that the artefact does not carry: any levels and gaps, and numbers near and far."""
    model, _ = model_of(name, folder)
    portable, exporter = Portable.of(model), exporter_of(to)
    rows = [*other_rows(portable)]
    found = np.array(exporter.run(sm.export(model, to), rows, Options()))
    assert np.abs(found - probabilities(portable, rows)).max() <= exporter.TOLERANCE


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_the_python_file_reads_tables_as_predict_does(name, folder, tmp_path):
    model, path = model_of(name, folder)
    (tmp_path / "m.py").write_bytes(sm.export(model, "python"))
    command = [sys.executable, "-I", "-S", "-X", "utf8", "m.py"]
    done = subprocess.run(
        command, cwd=tmp_path, input=b"\xef\xbb\xbf" + Path(path).read_bytes() + b"\n", capture_output=True, check=True
    )
    header, *found = csv.reader(done.stdout.decode().splitlines())
    assert len(header) == 1 + len(model.classes)
    assert np.abs(np.array(found)[:, 1:].astype(float) - sm.predict_proba(model, path)).max() < 1e-12
    assert [row[0] for row in found] == list(map(str, sm.predict(model, path)))


def filtered(folder, model, table, **environment):
    """What the export to Python makes of a table: its records, and what it says of errors."""
    (folder / "filter.py").write_bytes(sm.export(model, "python"))
    command = [sys.executable, "-S", "filter.py"]
    done = subprocess.run(command, cwd=folder, input=table, capture_output=True, check=False, env=environment)
    assert (done.returncode == 1) == bool(done.stderr)
    return list(csv.reader(io.StringIO(done.stdout.decode(), newline=""))), done.stderr.decode()


HEADER = ["a,b", "c\nd|e", "größe\t;", "y"]
ROWS = [[f"{k + i % 4}", f"{i % 7}", "x, y" if i % 5 == 4 else "ü;|", "αβγ"[k]] for k in range(3) for i in range(12)]


@pytest.mark.parametrize(("options", "delimiter"), [
    *(({"delimiter": one}, one) for one in ",;\t| "),
    *(({"header": header}, one) for header in (True, False) for one in ",;\t"),
    *(({"decimal": ",", "header": header}, one) for header in (True, False) for one in ";\t"),
    ({"header": False, "decimal": ",", "delimiter": "|"}, "|"),
])  # fmt: skip
def test_the_filter_reads_the_tables_of_the_model(options, delimiter, tmp_path):
    """Any delimiter, given or told by the header, names with delimiters and line ends in them, and no header."""
    dialect, path = sm.Dialect(**options), tmp_path / "t.csv"
    rows = [[cell.replace(".", dialect.decimal) for cell in row] for row in ROWS]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        writer.writerows([HEADER, *rows] if dialect.header else rows)
    model = sm.fit(str(path), target="y" if dialect.header else "c4", dialect=dialect)
    # Without UTF-8 as the encoding of standard output, as on Windows.
    (header, *found), error = filtered(tmp_path, model, path.read_bytes(), PYTHONIOENCODING="latin-1")
    assert header == ["prediction", *(f"p({name})" for name in model.classes)]
    assert np.abs(np.array(found)[:, 1:].astype(float) - sm.predict_proba(model, str(path))).max() < 1e-12
    assert not error


@pytest.mark.parametrize(("table", "error", "rows"), [
    ("", "line 0: the table is empty", 0),
    ("\n\r\n", "line 2: the table is empty", 0),
    ("a,w\n1,u\n", "line 1: no column with the name 'b'", 0),
    ("a,b,b,w\n1,2,3,u\n", "line 1: two columns with the name 'b'", 0),
    ("w,b,more, a \nu,1,x,2\n\n\"u\nv\",1,x\n", "line 5: 3 cells where there are 4 columns", 1),
    ("w,b,a\nu,1,2\nv,1,x", "line 3: not a number: 'x'", 1),
    ("w,b,a\nu,1,2\n" + "long" * 50_000 + ",1,2", "", 2),
])  # fmt: skip
def test_what_the_filter_says_of_errors(table, error, rows, tmp_path):
    frame = pd.DataFrame({"a": np.arange(12.0), "b": np.arange(12.0) ** 2, "w": ["u", "v", "w", "v"] * 3})
    model = sm.fit(frame, y=["p", "q", "q"] * 4)
    found, said = filtered(tmp_path, model, table.encode())
    assert said.strip() == error
    assert len(found) == rows + bool(rows)


def invoked(folder, source):
    """The output of a program of C that includes the header of a model."""
    (folder / "main.c").write_text(source)
    subprocess.run(["cc", *WARNINGS, "main.c", "-o", "main", "-lm"], cwd=folder, check=True)
    return subprocess.run(["./main"], cwd=folder, check=True, capture_output=True, text=True).stdout


@needs_cc
def test_the_header_of_c(tmp_path):
    """By a program as a stranger writes it; numbers that predict refuses, and a compiler that takes NaN for none."""
    model = sm.fit("sample_data/iris.csv")
    (tmp_path / "iris.h").write_bytes(sm.export(model, "c"))
    source = """#include <stdio.h>
#include "iris.h"
int main(void) {
    const double flowers[][4] = {{5.1, 3.5, 1.4, 0.2}, {NAN, NAN, NAN, NAN}, {INFINITY, 3, 1, 1}, {1, 3, -1e200, 1}};
    double p[SMTRAIN_CLASSES];
    for (int i = 0; i < 4; i++) {
        const int k = smtrain_predict(flowers[i], NULL, p);
        printf("%s %.15g\\n", k < 0 ? "none" : smtrain_classes[k], p[0]);
    }
    return 0;
}
"""
    rows = [dict(zip(model.features, cells, strict=True)) for cells in ((5.1, 3.5, 1.4, 0.2), (None,) * 4)]
    p = probabilities(Portable.of(model), rows)
    *known, first, second = invoked(tmp_path, source).splitlines()
    assert [line.split()[0] for line in known] == [model.classes[k] for k in np.argmax(p, axis=1)]
    assert [float(line.split()[1]) for line in known] == pytest.approx([line[0] for line in p], abs=1e-12)
    assert (first, second) == ("none nan", "none nan")
    fast = subprocess.run(
        ["cc", "-ffast-math", "-c", "main.c"], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert "without -ffast-math" in fast.stderr


@needs_cc
def test_the_example_of_c_in_the_docs(tmp_path):
    (source,) = re.findall(r"^```c\n(.*?)^```", Path("docs/exports.md").read_text(), re.MULTILINE | re.DOTALL)
    model = sm.fit("sample_data/penguins.csv", target="species")
    (tmp_path / "penguins.h").write_bytes(sm.export(model, "c"))
    cells = {"bill_length_mm": 46.5, "bill_depth_mm": 17.9, "flipper_length_mm": 192.0, "body_mass_g": 3500.0}
    row = cells | {"year": 2008.0, "island": "Dream", "sex": None}
    (p,) = probabilities(Portable.of(model), [row])
    assert invoked(tmp_path, source) == f"{model.classes[np.argmax(p)]} {max(p):.6f}\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_the_reader_in_javascript_of_the_docs(name, folder, tmp_path):
    (source,) = re.findall(r"^```js\n(.*?)^```", Path("docs/exports.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(source.splitlines()) <= 30
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    rows = [*golden_of(portable).rows, *other_rows(portable)]
    given = json.dumps({"model": json.loads(sm.export(model, "json")), "rows": rows})
    program = f"{source}const all = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
    program += "console.log(JSON.stringify(all.rows.map((row) => probabilities(all.model, row))));\n"
    (tmp_path / "reader.js").write_text(program)
    done = subprocess.run(["node", "reader.js"], cwd=tmp_path, input=given, capture_output=True, text=True, check=True)
    assert np.abs(np.array(json.loads(done.stdout)) - probabilities(portable, rows)).max() < 1e-12


def test_what_onnx_readers_meet(tmp_path, folder):
    """Valid, of the versions that old readers know; labels and classes as texts; no prediction for infinite numbers."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    model, _ = model_of("awkward rare", folder)
    data = sm.export(model, "onnx")
    whole = onnx.load_from_string(data)
    onnx.checker.check_model(whole, full_check=True)
    assert whole.ir_version == 8
    assert {one.domain: one.version for one in whole.opset_import} == {"": 13, "ai.onnx.ml": 2}
    properties = {one.key: one.value for one in whole.metadata_props}
    assert properties["model_sha256"] == json.loads(sm.export(model, "json"))["about"]["model_sha256"]
    iris = sm.fit("sample_data/iris.csv")
    session = runtime.InferenceSession(sm.export(iris, "onnx"), providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == list(iris.features)
    cells = {name: np.array([[5.0], [np.inf], [-1e200]]) for name in iris.features}
    label, p, classes = session.run(["label", "probabilities", "classes"], cells)
    assert label.tolist() == [*iris.predict(pd.DataFrame([[5.0] * 4], columns=iris.features)), "", ""]
    assert np.isnan(p[1:]).all()
    assert classes.tolist() == list(iris.classes)
    assert sm.export(iris, "onnx", float32=True, self_test=True) != sm.export(iris, "onnx")
    frame = pd.read_csv("sample_data/iris.csv").rename(columns={"petal_width": "label"})
    with pytest.raises(sm.UsageError, match="the name of an output"):
        sm.export(sm.fit(frame, target="species"), "onnx")


@pytest.mark.parametrize("to", PREDICTIONS)
@pytest.mark.parametrize("name", EXTREME)
def test_extreme_models(to, name):
    model = extreme(name)
    portable, exporter = Portable.of(model), exporter_of(to)
    golden = golden_of(portable)
    found = np.array(exporter.run(sm.export(model, to, self_test=True), golden.rows, Options()))
    assert np.abs(found - golden.probabilities).max() <= min(exporter.TOLERANCE, 1e-11)


def test_numbers_that_are_words_in_python(tmp_path):
    frame = pd.DataFrame({"code": [1.0, 2.5, None] * 8, "yes": [True, False] * 12})
    model = sm.fit(frame, y=["a", "b", "c"] * 8, categorical=["code", "yes"])
    module: dict[str, object] = {"__name__": "model"}
    exec(sm.export(model, "python"), module)
    found = [module["predict_proba"](row) for row in frame.replace({np.nan: None}).to_dict("records")]
    assert np.abs(np.array(found) - sm.predict_proba(model, frame)).max() < 1e-12


def test_golden_rows_are_of_every_kind(folder):
    model, _ = model_of("awkward rare", folder)
    document = json.loads(sm.export(model, "json"))
    rows = document["golden"]["rows"]
    for column in document["columns"]:
        cells = [row[column["name"]] for row in rows]
        assert None in cells
        if column["kind"] == "words":
            assert any(cell is not None and cell not in column["levels"] for cell in cells)
        else:
            assert max(abs(cell - column["mean"]) / column["scale"] for cell in cells if cell is not None) > 99


def test_a_changed_weight_fails_the_self_test(folder, monkeypatch):
    model, _ = model_of("penguins", folder)
    from smtrain.exports import json_document

    right = json_document.document
    monkeypatch.setattr(json_document, "document", lambda *a: {**right(*a), "intercept": (0.0, 0.0, 1e-9)})
    with pytest.raises(sm.CheckError, match="differs from the model"):
        sm.export(model, "json", self_test=True)


def test_the_sha_is_that_of_the_file(tmp_path):
    smtrain("fit", "sample_data/iris.csv", "-q", "-o", tmp_path / "m.npz")
    done = smtrain("export", tmp_path / "m.npz", "--to", "json", "--self-test")
    said = subprocess.run(["sha256sum", tmp_path / "m.npz"], capture_output=True, text=True, check=True).stdout
    assert json.loads(done.stdout)["about"]["model_sha256"] == said.split()[0]


def test_what_cannot_be_exported(tmp_path):
    (tmp_path / "t.csv").write_text("when,y\n" + "2024-01-01,a\n2024-06-01,b\n" * 9)
    smtrain("fit", "t.csv", "--dates", "when", "-q", cwd=tmp_path)
    done = smtrain("export", "--to", "json", cwd=tmp_path, code=2)
    assert 'the model reads dates, "when"' in done.stderr
    for to in FORMATS:
        with pytest.raises(sm.UsageError, match="reads dates"):
            sm.export(sm.load(tmp_path / "model.npz"), to)
    model = sm.fit("sample_data/iris.csv")
    with pytest.raises(sm.UsageError, match="no export to"):
        sm.export(model, "cobol")
    with pytest.raises(sm.UsageError, match="has no table"):
        sm.export(model, "json", table="t")


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_contracts_hold_for_the_training_rows(name, folder):
    """As their own validators read them; and a row that is not as in training does not pass."""
    jsonschema, frictionless = pytest.importorskip("jsonschema"), pytest.importorskip("frictionless")
    model, _ = model_of(name, folder)
    portable = Portable.of(model)
    first, _, unseen, low, high, far, *_ = golden_of(portable).rows
    validator = jsonschema.Draft202012Validator(json.loads(sm.export(model, "jsonschema")))
    validator.check_schema(validator.schema)
    table = frictionless.Schema.from_descriptor(json.loads(sm.export(model, "frictionless")))
    assert [field.name for field in table.fields] == [column.name for column in portable.columns]
    for row, is_wrong in (
        *((row, False) for row in (first, low, high)),
        (unseen, bool(portable.words)),
        (far, bool(portable.numbers)),
        (dict.fromkeys(first), not all(column.missing for column in found_in(portable))),
    ):
        assert bool([*validator.iter_errors(row)]) == is_wrong, row
        _, notes = table.read_cells([row[field.name] for field in table.fields])
        assert any(notes) == is_wrong, row
    assert [*validator.iter_errors({})]
    with pytest.raises(sm.UsageError, match="it is a contract"):
        sm.export(model, "jsonschema", self_test=True)


@pytest.mark.parametrize(("decimal", "delimiter"), [(".", ","), (",", ";")])
def test_contracts_of_tables_in_which_numbers_are_missing(decimal, delimiter, tmp_path):
    """Each row of the file is valid, by cells and as JSON; a level may look like a number that is missing."""
    jsonschema, frictionless = pytest.importorskip("jsonschema"), pytest.importorskip("frictionless")
    numbers = ["0.10000000000000001", "0.3", "-999", "-999.0", "0.29999999999999999", "0.5", "1.5", "1000", "1e3"]
    rows = [[x.replace(".", decimal), str(i % 3 * 500), "pqr"[i % 2]] for i, x in enumerate(numbers * 4)]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([["x", "w", "y"], *rows])
    dialect = sm.Dialect(decimal=decimal, na_values=("-999", "1e3"))
    model = sm.fit(str(tmp_path / "t.csv"), target="y", categorical=["w"], dialect=dialect)
    table = frictionless.Schema.from_descriptor(json.loads(sm.export(model, "frictionless")))
    validator = jsonschema.Draft202012Validator(json.loads(sm.export(model, "jsonschema")))
    for x, word, label in rows:
        assert not any(table.read_cells([x, word])[1]), x
        assert validator.is_valid({"x": float(x.replace(",", ".")), "w": word, "y": label}), x
        assert validator.is_valid({"x": None, "w": int(word), "y": label})
    for x in ("0.09", "1.51", "-998", "999"):
        assert any(table.read_cells([x.replace(".", decimal), "500"])[1]), x
        assert not validator.is_valid({"x": float(x), "w": "500"}), x
    for word in ("-999", "1e3", "", 1, False, None):
        assert any(table.read_cells(["0", word])[1]), word
        assert not validator.is_valid({"x": 0.3, "w": word}), word


@pytest.mark.parametrize("labels", [[3, -1], [True, False], ["1", "True"], [0.5, 2.5]])
def test_the_schema_of_json_takes_the_rows_of_a_frame(labels):
    """As pandas writes them, each of its type: booleans, integers, floats, texts and nothing."""
    jsonschema = pytest.importorskip("jsonschema")
    cells = {
        "boolean": [True, False], "integer": [0, 1], "float": [0.1, 3.0], "large": [1e16, 1e22],
        "yes": ["yes", "False"], "gap": [True, None], "empty": ["", "a"], "missing": ["NA", None],
        "long": [10**15 + 1, 10**15],
    }  # fmt: skip
    frame = pd.DataFrame({name: pd.Series(pair * 12, dtype=object) for name, pair in cells.items()})
    frame["y"] = pd.Series((labels + labels[::-1]) * 6)
    model = sm.fit(frame, target="y", categorical=[*cells])
    validator = jsonschema.Draft202012Validator(json.loads(sm.export(model, "jsonschema")))
    rows = json.loads(frame.to_json(orient="records", double_precision=15))
    for row in rows:
        assert [*validator.iter_errors(row)] == []
    for name, cell in (("boolean", 1), ("integer", True), ("float", 0.2), ("yes", True), ("gap", 1), ("y", "other")):
        assert not validator.is_valid(rows[0] | {name: cell}), name


@pytest.mark.parametrize("to", PREDICTIONS)
def test_levels_that_would_mean_missing_in_a_file(to):
    """A level is that level in every format: only tables with types have such, and predict takes it so of them."""
    words = ["NA", " null", "a", None, "b", "None"]
    frame = pd.DataFrame({"w": pd.Series(words * 6, dtype=object)})
    model = sm.fit(frame, y=random.Random(1).choices("pqr", k=36))
    found = exporter_of(to).run(sm.export(model, to, self_test=True), frame.to_dict("records"), Options())
    expected = sm.predict_proba(model, frame)
    assert len({*map(tuple, expected.round(6))}) == len(words)
    assert np.abs(np.array(found) - expected).max() < 1e-9
    pytest.importorskip("sklearn")
    assert np.abs(sm.to_sklearn(model).predict_proba(frame) - expected).max() < 1e-12


def test_contracts_of_levels_that_would_mean_missing_in_a_file():
    jsonschema, frictionless = pytest.importorskip("jsonschema"), pytest.importorskip("frictionless")
    model = sm.fit(pd.DataFrame({"w": ["NA", "a", "null"] * 6, "v": ["a", "b", None] * 6}), y=["p", "q"] * 9)
    validator = jsonschema.Draft202012Validator(json.loads(sm.export(model, "jsonschema")))
    table = frictionless.Schema.from_descriptor(json.loads(sm.export(model, "frictionless")))
    for row, valid in ((["NA", "a"], True), (["null", "NA"], True), (["None", "a"], False), (["", "b"], False)):
        assert any(table.read_cells(row)[1]) != valid, row
        cells = {"w": row[0], "v": None if row[1] == "NA" else row[1]}
        assert validator.is_valid(cells) == valid, row


@pytest.mark.parametrize(("program", "said"), [("echo one >&2; echo two >&2; exit 1", "two"), ("exit 1", "cc")])
def test_an_engine_that_fails(program, said, tmp_path, monkeypatch):
    (tmp_path / "cc").write_text(f"#!/bin/sh\n{program}\n")
    (tmp_path / "cc").chmod(0o755)
    smtrain("fit", Path("sample_data/iris.csv").resolve(), "-q", cwd=tmp_path)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = smtrain("export", "--to", "c", "--self-test", "-o", "m.h", cwd=tmp_path, code=7, env=path)
    assert "error: the export to c does not run: " in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "m.h").exists()


@pytest.mark.parametrize(("to", "artefact", "said"), [
    ("onnx", b"no model", "protobuf"),
    ("sql", b"SELECT nothing", "nothing"),
    ("python", b"import nothing_such\n", "No module named 'nothing_such'"),
    ("python", b"predict_proba = lambda row: [1.0]\n", "it has no probabilities for some rows"),
])  # fmt: skip
def test_an_artefact_that_does_not_run(to, artefact, said, monkeypatch):
    if to == "onnx":
        pytest.importorskip("onnxruntime")
    model = sm.fit("sample_data/iris.csv")
    monkeypatch.setattr(exporter_of(to), "write", lambda *_: artefact)
    with pytest.raises(sm.CheckError, match=f"the export to {to} does not run: .*{said}"):
        sm.export(model, to, self_test=True)
