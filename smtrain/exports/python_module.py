"""One file of Python that needs the standard library alone: the code is that of python_template.py."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from smtrain.exports import python_template
from smtrain.exports.interface import Golden, Options, Portable, Row
from smtrain.exports.json_document import document

OPTIONS = ()
TOLERANCE = 1e-12
PLACE = "MODEL: dict[str, Any] = {}\n"
# Reads rows from standard input and writes their probabilities, with the module in the folder of the first argument.
RUN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import model
print(json.dumps([model.predict_proba(row) for row in json.load(sys.stdin)]))
"""


def write(portable: Portable, golden: Golden, options: Options) -> bytes:  # noqa: ARG001 - the signature of a format
    """The code with the model in it, a line for each column. It is ASCII, whatever names there are."""
    code = Path(python_template.__file__).read_text(encoding="utf-8")
    before, after = code.split(PLACE)
    return f"{before}MODEL: dict[str, Any] = {_literal(document(portable, golden))}\n{after}".encode("ascii")


def _literal(value: object, depth: int = 2) -> str:
    """A value as Python writes it, the outer containers a line for each item."""
    if depth and isinstance(value, dict):
        return "{\n" + "".join(f"{key!a}: {_literal(one, depth - 1)},\n" for key, one in value.items()) + "}"
    if depth and isinstance(value, list | tuple):
        return "[\n" + "".join(f"{_literal(one, depth - 1)},\n" for one in value) + "]"
    return ascii(value)


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:  # noqa: ARG001
    """By a Python of its own that sees no package."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.py").write_bytes(artefact)
        command = [sys.executable, "-I", "-S", "-c", RUN, folder]
        done = subprocess.run(command, input=json.dumps(rows), capture_output=True, text=True, check=True)
    found: list[list[float]] = json.loads(done.stdout)
    return found
