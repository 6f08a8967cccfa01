"""The ONNX exports by the oldest onnxruntime that there is for this Python, in an environment of its own."""

import json
import subprocess
import sys

import numpy as np
import pytest

import smtrain as sm
from smtrain.exports.golden import golden_of, probabilities
from smtrain.exports.interface import Portable
from tests.exports.models import ALL, model_of, other_rows

# What stands in docs/exports.md; numpy as it was then, where this Python has that.
WANTED = ["onnxruntime>=1.15", "numpy<2; python_version<'3.13'"]
# It has nothing but onnxruntime and numpy.
READER = """
import json, sys
import numpy as np
import onnxruntime

onnxruntime.set_default_logger_severity(3)
found = []
for path, rows in json.load(sys.stdin):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    cells = {}
    for port in session.get_inputs():
        column = [row[port.name] for row in rows]
        if port.type == "tensor(string)":
            column = np.array([cell or "" for cell in column], object)
        else:
            column = np.array([np.nan if cell is None else cell for cell in column], float)
        cells[port.name] = column[:, None]
    label, p, classes = session.run(["label", "probabilities", "classes"], cells)
    found.append([label.tolist(), p.tolist(), classes.tolist()])
json.dump({"version": onnxruntime.__version__, "found": found}, sys.stdout)
"""


@pytest.fixture(scope="module")
def old_python(tmp_path_factory):
    """The Python of an environment with the oldest onnxruntime."""
    pytest.importorskip("uv", reason="uv is not installed")
    home, uv = tmp_path_factory.mktemp("old"), [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, home / "venv"], check=True)
    python = home / "venv" / "bin" / "python"
    oldest = ["--resolution", "lowest-direct", "--only-binary", ":all:", *WANTED]
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, *oldest], check=True)
    return python


@pytest.mark.slow
def test_the_oldest_onnxruntime_gives_what_predict_gives(old_python, tmp_path):
    tasks, expected = [], []
    for number, name in enumerate(ALL):
        model, _ = model_of(name, str(tmp_path))
        portable = Portable.of(model)
        rows = [*golden_of(portable).rows, *other_rows(portable)]
        (tmp_path / f"{number}.onnx").write_bytes(sm.export(model, "onnx"))
        tasks.append([str(tmp_path / f"{number}.onnx"), rows])
        expected.append((model.classes, np.array(probabilities(portable, rows))))
    done = subprocess.run(
        [old_python, "-c", READER], input=json.dumps(tasks), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    if sys.version_info < (3, 12):
        assert told["version"].startswith("1.15.")
    for (label, p, names), (classes, exact) in zip(told["found"], expected, strict=True):
        assert names == list(map(str, classes))
        assert np.abs(np.array(p) - exact).max() <= 1e-9
        # Of classes that are as probable to the last digits either may be first.
        two = np.sort(exact, axis=1)[:, -2:]
        sure = two[:, 1] - two[:, 0] > 1e-9
        assert [label[i] for i in np.flatnonzero(sure)] == [names[k] for k in exact.argmax(axis=1)[sure]]
