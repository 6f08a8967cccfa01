"""Every format of export, through what really runs it, against predict."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import smtrain as sm
from smtrain.exports.formats import FORMATS
from tests.cli import smtrain
from tests.exports.models import NAMES_OF_MODELS, model_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("exports"))


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
@pytest.mark.parametrize("to", FORMATS)
def test_golden_rows(to, name, folder):
    """The artefact itself is run, and compared with predict_proba; the same bytes come twice."""
    model, _ = model_of(name, folder)
    assert sm.export(model, to, self_test=True) == sm.export(model, to)


@pytest.mark.parametrize("name", NAMES_OF_MODELS)
def test_the_python_file_reads_tables_as_predict_does(name, folder, tmp_path):
    model, path = model_of(name, folder)
    (tmp_path / "m.py").write_bytes(sm.export(model, "python"))
    delimiter = ";" if "semicolon" in name else ","
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    text = tmp_path / "t.csv"
    with text.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    command = [sys.executable, "-I", "-S", "-X", "utf8", "m.py"]
    done = subprocess.run(command, cwd=tmp_path, input=text.read_bytes(), capture_output=True, check=True)
    header, *found = csv.reader(done.stdout.decode().splitlines())
    assert len(header) == 1 + len(model.classes)
    assert np.abs(np.array(found)[:, 1:].astype(float) - sm.predict_proba(model, path)).max() < 1e-12
    assert [row[0] for row in found] == list(map(str, sm.predict(model, path)))


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
    for to in FORMATS:
        done = smtrain("export", "--to", to, cwd=tmp_path, code=2)
        assert 'the model reads dates, "when"' in done.stderr
    model = sm.fit("sample_data/iris.csv")
    with pytest.raises(sm.UsageError, match="no export to"):
        sm.export(model, "cobol")
    with pytest.raises(sm.UsageError, match="has no table"):
        sm.export(model, "json", table="t")
