"""A fit that was stopped, as a file: everything the loop needs to go on and end with the same bytes.

The file is an .npz like a model's, written as atomically and read as warily. It names the options and the data that it
belongs to; with others it is refused.
"""

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtrain import npz
from smtrain.config import FitConfig
from smtrain.curvature import Curvature
from smtrain.errors import ModelError, UsageError, quoted
from smtrain.learning import Learned
from smtrain.line import Logits
from smtrain.objective import Point, Theta
from smtrain.partitions.memory import MemoryPartitions
from smtrain.solvers import make_solver
from smtrain.solvers.base import Progress, Record, State

VERSION = 1
SECONDS_BETWEEN = 30.0
WHOLE = {"epoch", "refreshed", "refreshes", "steps", "trials"}
RECORD_FIELDS = tuple(field.name for field in fields(Record))


class NoCheckpoint:
    """Keeps nothing."""

    def load(self) -> Progress | None:
        """Nothing was kept."""
        return None

    def on_progress(self, progress: Progress) -> None:
        """Forget it."""

    def save(self) -> None:
        """There is nothing to write."""


class Checkpoint(NoCheckpoint):
    """Saves the latest progress of a fit every half minute, and when it is told to; gives it back to a later run."""

    def __init__(self, path: str, config: FitConfig, learned: Learned, start: Theta) -> None:
        self._path, self._state = path, make_solver(config).state
        self._identity = {
            "version": VERSION,
            "options": config.record(),
            "columns": learned.encoder.schema() | {"classes": list(learned.encoder.classes)},
            "start": digest(start),
            "data": fingerprint(learned.partitions),
        }
        self._latest: Progress | None = None
        self._saved = time.monotonic()

    def load(self) -> Progress | None:
        """The progress of an earlier run, or None. Raises UsageError if it was of other options or other data."""
        if not os.path.exists(self._path):  # noqa: PTH110 - a path of "" must fail like any other
            return None
        arrays = npz.read(self._path, None)
        try:
            difference = _difference(json.loads(arrays["identity"].tobytes()), json.loads(json.dumps(self._identity)))
            progress = _progress(arrays, self._state) if difference is None else None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            raise ModelError(f"{self._path}: not a valid checkpoint") from error
        if difference is not None:
            what = f"the checkpoint {quoted(self._path)} is of another fit: {difference}"
            raise UsageError(what, hint="remove it to start anew, or name another --checkpoint")
        return progress

    def on_progress(self, progress: Progress) -> None:
        """Remember it; save it if the last save was a while ago."""
        self._latest = progress
        if time.monotonic() - self._saved > SECONDS_BETWEEN:
            self.save()

    def save(self) -> None:
        """Write the latest progress."""
        if self._latest is not None:
            identity = json.dumps(self._identity, sort_keys=True).encode()
            arrays = _arrays(self._latest) | {"identity": np.frombuffer(identity, np.uint8)}
            npz.write(self._path, arrays, lambda path: npz.read(path, None))
        self._saved = time.monotonic()


@contextlib.contextmanager
def kept_progress(path: str | None, config: FitConfig, learned: Learned, start: Theta) -> Iterator[NoCheckpoint]:
    """A place to keep the progress of a fit, which is saved if the fit is stopped."""
    kept = NoCheckpoint() if path is None else Checkpoint(path, config, learned, start)
    try:
        yield kept
    except BaseException:
        kept.save()
        raise


def digest(theta: Theta) -> str:
    """SHA-256 of a start."""
    return hashlib.sha256(theta.tobytes()).hexdigest()


def fingerprint(partitions: MemoryPartitions) -> str:
    """SHA-256 of the encoded rows."""
    found = hashlib.sha256()
    for part in partitions:
        for array in (part.X.numeric, *part.X.codes, part.y, part.v):
            found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """What differs first, in words; None if nothing does."""
    for name, value in new["options"].items():
        if old["options"].get(name) != value:
            return f"its {name.replace('_', ' ')} was {old['options'].get(name)!r}, now it is {value!r}"
    parts = {"columns": "its columns or classes", "data": "its data", "start": "its --init", "version": "its format"}
    return next((f"{words} differ" for name, words in parts.items() if old[name] != new[name]), None)


def _arrays(progress: Progress) -> dict[str, NDArray[np.float64] | NDArray[np.uint8]]:
    history = [[_nan(getattr(record, name)) for name in RECORD_FIELDS] for record in progress.history]
    return {
        "history": np.array(history, np.float64),
        "best_epoch": _array(progress.best_epoch),
        "bound": _array(progress.bound),
        **_point_arrays("best", progress.best),
        **{f"state_{name}": array for name, array in _state_arrays(progress.state).items()},
    }


def _state_arrays(state: State) -> dict[str, NDArray[np.float64]]:
    """Each field of a solver's state by its name."""
    found = _point_arrays("point", state.point)
    for name, value in ((field.name, getattr(state, field.name)) for field in fields(state)):
        if isinstance(value, Curvature):
            found |= {f"curvature_{part.name}": _array(getattr(value, part.name)) for part in fields(value)}
        elif isinstance(value, Logits):
            found |= {"logits_theta": value.theta, "logits_Z": value.Z}
        elif name == "pairs":
            found[name] = _array([array for pair in value for array in pair])
        elif name != "point":
            found[name] = _array(_nan(value))
    return found


def _progress(arrays: dict[str, NDArray[Any]], kind: type[State]) -> Progress:
    history = tuple(_record(row) for row in arrays["history"])
    values = {field.name: _value(field.name, arrays) for field in fields(kind)}
    best, best_epoch, bound = _point("best", arrays), int(arrays["best_epoch"][0]), float(arrays["bound"][0])
    return Progress(kind(**values), history, best, best_epoch, bound)


def _value(name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """The field of a solver's state that `_state_arrays` wrote."""
    if name == "point":
        return _point("state_point", arrays)
    if name == "curvature":
        diagonal, columns, inverses = (arrays[f"state_curvature_{part.name}"] for part in fields(Curvature))
        return Curvature(diagonal, columns.astype(np.intp), inverses)
    if name == "logits" and "state_logits_Z" in arrays:
        return Logits(arrays["state_logits_theta"], arrays["state_logits_Z"])
    array = arrays[f"state_{name}"]
    if name == "pairs":
        return tuple((array[i], array[i + 1]) for i in range(0, len(array), 2))
    if name == "recent":
        return tuple(array.tolist())
    if array.ndim > 1:
        return array
    number = float(array[0])
    if name in WHOLE:
        return int(number)
    return bool(number) if name == "stalled" else None if np.isnan(number) else number


def _array(value: Any) -> NDArray[np.float64]:
    return np.atleast_1d(np.asarray(value, np.float64))


def _point_arrays(prefix: str, point: Point) -> dict[str, NDArray[np.float64]]:
    scalars = np.array([point.nll, point.objective, _nan(point.validation_nll)], np.float64)
    arrays = {"theta": point.theta, "gradient": point.gradient, "data_gradient": point.data_gradient}
    return {f"{prefix}_{name}": array for name, array in (arrays | {"scalars": scalars}).items()}


def _point(prefix: str, arrays: dict[str, NDArray[Any]]) -> Point:
    theta, gradient, data_gradient, scalars = (
        arrays[f"{prefix}_{name}"] for name in ("theta", "gradient", "data_gradient", "scalars")
    )
    nll, objective, validation = map(float, scalars)
    return Point(theta, nll, objective, gradient, data_gradient, None if np.isnan(validation) else validation)


def _record(row: NDArray[np.float64]) -> Record:
    values = {name: None if np.isnan(x) else float(x) for name, x in zip(RECORD_FIELDS, row, strict=True)}
    return Record(**values | {"epoch": int(row[0])})  # type: ignore[arg-type]  # by name, from our own file


def _nan(value: float | None) -> Any:
    return np.nan if value is None else value
