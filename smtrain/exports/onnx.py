"""An ONNX model: IR version 8, opset 13, operators of doubles, an input for each column.

z = b + ((x − mean) / scale) W + missing G + Σ over columns of words of the line of the level in its table of weights
probabilities = softmax(z), label = the class of the first largest z

The fields' numbers are those of onnx.proto3 (github.com/onnx/onnx).
"""

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import UsageError, quoted
from smtrain.exports.interface import Golden, NoEngineError, Numbers, Options, Portable, Row, Words
from smtrain.exports.protobuf import message
from smtrain.exports.stamp import stamp
from smtrain.sources.dialect import LARGEST

OPTIONS = ("float32",)
TOLERANCE = 1e-9
IR_VERSION, OPSET, OPSET_ML = 8, 13, 2
# Types of tensors and of attributes.
FLOAT, INT64, STRING, DOUBLE = 1, 7, 8, 11
INT, STRINGS, INTS = 2, 8, 7
OUTPUTS = ("label", "probabilities", "classes")


def write(portable: Portable, golden: Golden, options: Options) -> bytes:
    """The model. Raises UsageError for a column that is called as an output is."""
    for column in portable.columns:
        if column.name in OUTPUTS:
            what = f"the column {quoted(column.name)} has the name of an output of the export to onnx"
            raise UsageError(what, hint="rename it in the table, and fit again")
    about = stamp(portable)
    rows = json.dumps({"rows": golden.rows, "probabilities": golden.probabilities}, ensure_ascii=False)
    properties = [message({1: key, 2: value}) for key, value in {**about, "golden": rows}.items()]
    opsets = [message({1: "", 2: OPSET}), message({1: "ai.onnx.ml", 2: OPSET_ML})]
    graph = _Graph(portable, np.float32 if options.float32 else np.float64).bytes()
    return message({1: IR_VERSION, 2: "smtrain", 3: about["smtrain"], 7: graph, 8: opsets, 14: properties})


class _Graph:
    """The nodes and the constants of a model, as they are added."""

    def __init__(self, portable: Portable, dtype: type[np.float64 | np.float32]) -> None:
        self.portable, self.dtype = portable, dtype
        self.kind = FLOAT if dtype is np.float32 else DOUBLE
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        # No column has a name that begins so.
        self.prefix = "_"
        while any(column.name.startswith(self.prefix) for column in portable.columns):
            self.prefix += "_"

    def bytes(self) -> bytes:
        """The graph."""
        z, fault = self.constant(self.array([self.portable.intercept])), None
        if self.portable.numbers:
            z, fault = self._numbers(z)
        for column in self.portable.words:
            z = self.node("Add", z, self._words(column))
        classes, K = self.portable.classes, len(self.portable.classes)
        # An output that is a constant: onnxruntime 1.15 cannot fold an Identity of texts.
        names = self.constant(np.array(classes, object), "classes")
        p = self.node("Softmax", z, axis=1)
        label = self.node("Gather", names, self.node("ArgMax", z, axis=1, keepdims=0))
        if fault is not None:  # a number that predict refuses has no prediction
            p = self.node("Where", fault, self.constant(self.array([[np.nan]])), p)
            flat = self.node("Reshape", fault, self.constant(np.array([-1])))
            label = self.node("Where", flat, self.constant(np.array([""], object)), label)
        self.node("Identity", label, output="label")
        self.node("Identity", p, output="probabilities")
        kinds = [self.kind if isinstance(column, Numbers) else STRING for column in self.portable.columns]
        inputs = [_port(one.name, kind, "N", 1) for one, kind in zip(self.portable.columns, kinds, strict=True)]
        outputs = [_port("label", STRING, "N"), _port("probabilities", self.kind, "N", K), _port("classes", STRING, K)]
        return message({1: self.nodes, 2: "smtrain", 5: self.constants, 11: inputs, 12: outputs})

    def _numbers(self, z: str) -> tuple[str, str]:
        """Add the terms of the columns of numbers (N, K) to z, and say whether a row has one that predict refuses."""
        columns = self.portable.numbers
        # (mean − x) / −scale: onnxruntime leaves out a difference to one number, and a division by one, that is 0 or 1
        # in 24 bits.
        means, scales = self.array([[one.mean for one in columns]]), self.array([[-one.scale for one in columns]])
        x = self.node("Concat", *(one.name for one in columns), axis=1)
        missing = self.node("IsNaN", x)
        for value in sorted(self.portable.meaning.values):
            missing = self.node("Or", missing, self.node("Equal", x, self.constant(self.array([value]))))
        mean = self.constant(means)
        centred = self.node("Sub", mean, self.node("Where", missing, mean, x))
        weights = self.constant(self.array([one.weights for one in columns]))
        z = self.node("Add", z, self.node("MatMul", self.node("Div", centred, self.constant(scales)), weights))
        gaps = self.array([one.gap for one in columns])
        as_numbers = self.node("Cast", missing, to=self.kind)
        z = self.node("Add", z, self.node("MatMul", as_numbers, self.constant(gaps)))
        large = self.node("Greater", self.node("Abs", x), self.constant(self.array([self.largest])))
        faults = self.node("ReduceMax", self.node("Cast", large, to=self.kind), axes=[1])
        return z, self.node("Greater", faults, self.constant(self.array([0.5])))

    @property
    def largest(self) -> float:
        """The largest number that predict takes, as far as the type goes."""
        return min(LARGEST, float(np.finfo(self.dtype).max))

    def _words(self, column: Words) -> str:
        """The terms (N, K) of a column of words: lines of a table of weights, the last but one for a missing cell."""
        missing = [text for text in sorted(self.portable.meaning.missing) if text not in column.levels]
        keys, size = [*column.levels, *missing], len(column.levels)
        lines = self.array([*column.levels.values(), column.gap, [0.0] * len(self.portable.classes)])
        places = [min(i, size) for i in range(len(keys))]
        code = self.node(
            "LabelEncoder", column.name, domain="ai.onnx.ml", keys_strings=keys, values_int64s=places,
            default_int64=size + 1,
        )  # fmt: skip
        flat = self.node("Reshape", code, self.constant(np.array([-1])))
        return self.node("Gather", self.constant(lines), flat, axis=0)

    def array(self, values: Any) -> NDArray[Any]:
        """Numbers of the model's type."""
        with np.errstate(over="ignore"):
            return np.array(values, self.dtype)

    def constant(self, array: NDArray[Any], name: str = "") -> str:
        """Add a constant, and return its name."""
        name = name or f"{self.prefix}constant {len(self.constants)}"
        if array.dtype == object:
            fields: dict[int, Any] = {2: STRING, 6: [text.encode() for text in array]}
        else:
            kind = {np.dtype(np.float32): FLOAT, np.dtype(np.float64): DOUBLE}.get(array.dtype, INT64)
            fields = {2: kind, 9: array.astype(array.dtype.newbyteorder("<")).tobytes()}
        self.constants.append(message({1: list(array.shape), **fields, 8: name}))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", domain: str | None = None, **attributes: Any) -> str:
        """Add an operator, and return the name of its output."""
        output = output or f"{self.prefix}node {len(self.nodes)}"
        values = [_attribute(name, value) for name, value in attributes.items()]
        self.nodes.append(message({1: inputs, 2: [output], 3: f"{self.prefix}{output}", 4: kind, 5: values, 7: domain}))
        return output


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, int):
        return message({1: name, 3: value, 20: INT})
    if all(isinstance(one, str) for one in value):
        return message({1: name, 9: [one.encode() for one in value], 20: STRINGS})
    return message({1: name, 8: value, 20: INTS})


def _port(name: str, kind: int, *shape: int | str) -> bytes:
    """An input or output, its shape of numbers and of names of sizes that are free."""
    dimensions = [message({1: size} if isinstance(size, int) else {2: size}) for size in shape]
    return message({1: name, 2: message({1: message({1: kind, 2: message({1: dimensions})})})})


def run(artefact: bytes, rows: Sequence[Row], options: Options) -> list[list[float]]:
    """By onnxruntime."""
    try:
        onnxruntime = import_module("onnxruntime")
    except ImportError:
        raise NoEngineError("pip install onnxruntime") from None
    session = onnxruntime.InferenceSession(artefact, providers=["CPUExecutionProvider"])
    dtype = np.float32 if options.float32 else np.float64
    cells: dict[str, NDArray[Any]] = {}
    for one in session.get_inputs():
        column = [row[one.name] for row in rows]
        words = one.type == "tensor(string)"
        values = [cell or "" for cell in column] if words else [np.nan if cell is None else cell for cell in column]
        cells[one.name] = np.array(values, object if words else dtype)[:, None]
    found: list[list[float]] = session.run(["probabilities"], cells)[0].tolist()
    return found
