"""Engines of PMML, which run in Java: JPMML (AGPL, for these tests alone) and PMML4S.

Both run in one Java, which runs in a Python of its own (`python -m tests.exports.java`), since it takes over the
signals of the process that it is in.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

PACKAGES = {"JPMML": "jpmml_evaluator", "PMML4S": "pypmml"}
# Compiling well takes as long as the tests do otherwise, and a few rows do not repay it.
QUICKLY = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


def absent():
    """Why there are no engines, None where they are."""
    for name in ("jpype", *PACKAGES.values()):
        if importlib.util.find_spec(name) is None:
            return f"there is no {name}"
    import jpype

    try:
        jpype.getDefaultJVMPath()
    except jpype.JVMNotFoundException:
        return "there is no Java"
    return None


def jars(*packages):
    """The jars in packages, which need not be imported for that."""
    folders = [Path(importlib.util.find_spec(name).origin).parent for name in packages]
    return [str(jar) for folder in folders for jar in sorted(folder.rglob("*.jar"))]


class Java:
    """The engines, until `close`. Called with one's name, a document, its outputs, and rows (n) of cells.

    Returns n lines, each of a value for each output, None where there is none, or the text of an error.
    """

    def __init__(self):
        command = [sys.executable, "-m", "tests.exports.java"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, engine, document, outputs, rows):
        request = {"engine": engine, "document": document.decode(), "outputs": [*outputs], "rows": [*rows]}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process of the engines has ended"
        return json.loads(answer)

    def close(self):
        self.process.communicate()
        assert self.process.returncode == 0


def serve():
    import jpype

    jpype.startJVM(*QUICKLY, classpath=jars(*PACKAGES.values()), convertStrings=True)
    makers = {"JPMML": jpmml, "PMML4S": pmml4s}
    for line in sys.stdin:
        request = json.loads(line)
        evaluate = makers[request["engine"]](request["document"], len(request["rows"][0]))
        print(json.dumps([outcome(evaluate, row, request["outputs"]) for row in request["rows"]]), flush=True)


def outcome(evaluate, row, outputs):
    from jpmml_evaluator import JavaError

    try:
        found = evaluate(row)
    except JavaError as error:
        return str(error)
    return [found[name] for name in outputs]


def jpmml(document, columns):
    """Models of more than 1,000 columns need `lax`; `verify` looks for elements that the engine does not know."""
    from jpmml_evaluator import make_evaluator

    return make_evaluator(document.encode(), lax=columns > 1000).verify().evaluate


def pmml4s(document, columns):
    import jpype

    model = jpype.JClass("org.pmml4s.model.Model").fromString(document)

    def evaluate(row):
        cells = jpype.JClass("java.util.HashMap")()
        for name, cell in row.items():
            cells.put(name, cell)
        return {str(one.getKey()): plain(one.getValue()) for one in model.predict(cells).entrySet()}

    return evaluate


def plain(cell):
    return cell if cell is None or isinstance(cell, str) else float(cell)


if __name__ == "__main__":
    serve()
