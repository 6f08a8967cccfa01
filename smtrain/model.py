"""The model: the encoder, the weights, and the record of the fit; and its file. See docs/model-format.md."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain import npz
from smtrain.design import Design, Floats
from smtrain.encoding import Encoder
from smtrain.errors import ModelError
from smtrain.softmax import logits, softmax

FORMAT_VERSION = 1
MEMBERS = {"W", "b", "means", "scales", "classes", "features", "meta", "history"}
HISTORY_COLUMNS = ("epoch", "nll", "objective", "gap", "gradient_norm")


@dataclass(frozen=True)
class Model:
    """A fitted classifier.

    `W` (p, K) and `b` (K,) act on encoded features: p(class k | x) = softmax(x W + b)_k, in units of one standard
    deviation for numeric columns. `fit` is the record of the fit: options, rows, nll, objective, gap, status, epochs.
    `history` (E, 5) has the columns HISTORY_COLUMNS, NaN where a gap was not computed.
    """

    encoder: Encoder
    W: NDArray[np.float64]
    b: NDArray[np.float64]
    fit: dict[str, Any] = field(default_factory=dict)
    history: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, len(HISTORY_COLUMNS))))

    @property
    def classes(self) -> tuple[str, ...]:
        """The class labels, (K,)."""
        return self.encoder.classes

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the encoded features, (p,)."""
        return self.encoder.features

    @cached_property
    def raw_weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(W, b) for features in the units of the file: W / scale, b − mean · W / scale."""
        W = self.W / self.encoder.scales[:, None]
        return W, self.b - self.encoder.means @ W

    def logits(self, X: Design) -> Floats:
        """Z = X W + b, class-major (K, m)."""
        return logits(X, self.W, self.b)

    def probabilities(self, X: Design) -> Floats:
        """S = softmax(X W + b), class-major (K, m)."""
        return softmax(self.logits(X))

    def save(self, path: str) -> None:
        """Write the model to `path`, atomically. Raises OutputError; an existing file is then as it was."""
        meta = {"format_version": FORMAT_VERSION, "schema": self.encoder.schema(), "fit": self.fit}
        arrays: npz.Arrays = {
            "W": self.W,
            "b": self.b,
            "means": self.encoder.means,
            "scales": self.encoder.scales,
            "classes": _as_json(list(self.classes)),
            "features": _as_json(list(self.features)),
            "meta": _as_json(meta | {"history_columns": HISTORY_COLUMNS}),
            "history": self.history,
        }
        npz.write(path, arrays, load_model)


def load_model(path: str) -> Model:
    """Read a model file. Raises UsageError if it is not there, ModelError if it is not whole, valid and known."""
    arrays = npz.read(path, MEMBERS)
    try:
        meta = _from_json(arrays["meta"])
        if meta["format_version"] > FORMAT_VERSION:
            raise ModelError(f"{path}: made by a newer smtrain", hint="upgrade smtrain to use it")
        encoder = Encoder.from_schema(meta["schema"], _texts(arrays["classes"]))
        model = Model(
            encoder, _floats(arrays["W"], 2), _floats(arrays["b"], 1), meta["fit"], _history(arrays["history"])
        )
        valid = _valid(model, arrays)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise ModelError(f"{path}: not a valid smtrain model") from error
    if not valid:
        raise ModelError(f"{path}: not a valid smtrain model: its parts do not fit together")
    return model


def _valid(model: Model, arrays: npz.Arrays) -> bool:
    encoder = model.encoder
    p, K = len(encoder.features), len(encoder.classes)
    names = [column.name for column in encoder.columns]
    return bool(
        K >= 2
        and p >= 1
        and model.W.shape == (p, K)
        and model.b.shape == (K,)
        and np.array_equal(_floats(arrays["means"], 1), encoder.means)
        and np.array_equal(_floats(arrays["scales"], 1), encoder.scales)
        and (encoder.scales > 0).all()
        and _texts(arrays["features"]) == list(encoder.features)
        and len(set(encoder.classes)) == K
        and len({*names, encoder.target}) == len(names) + 1
        and isinstance(model.fit, dict)
    )


def _history(array: NDArray[np.generic]) -> NDArray[np.float64]:
    if array.dtype != np.float64 or array.ndim != 2 or array.shape[1] != len(HISTORY_COLUMNS):
        raise ValueError("not a history")
    return np.asarray(array, np.float64)


def _floats(array: NDArray[np.generic], ndim: int) -> NDArray[np.float64]:
    if array.dtype != np.float64 or array.ndim != ndim or not np.isfinite(array).all():
        raise ValueError("not an array of finite numbers")
    return np.asarray(array, np.float64)


def _as_json(document: object) -> NDArray[np.uint8]:
    """UTF-8 JSON as bytes: numpy could keep text only as pickles, or padded to its longest."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return np.frombuffer(text.encode(), np.uint8)


def _from_json(array: NDArray[np.generic]) -> Any:
    if array.dtype != np.uint8 or array.ndim != 1:
        raise ValueError("not a JSON document")
    return json.loads(array.tobytes().decode())


def _texts(array: NDArray[np.generic]) -> Sequence[str]:
    texts = _from_json(array)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a list of texts")
    return texts
