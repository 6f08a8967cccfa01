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
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from smtrain.errors import ModelError, UsageError, quoted
from smtrain.fitting.learning import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import Candidate, Part, Walk
from smtrain.model import archive as npz
from smtrain.partitions.memory import MemoryPartitions
from smtrain.softmax.curvature import Curvature
from smtrain.softmax.line import Logits
from smtrain.softmax.objective import Point, Theta
from smtrain.solvers import make_solver
from smtrain.solvers.base import Progress, Record, State
from smtrain.solvers.lbfgs import LbfgsState

VERSION = 2
SECONDS_BETWEEN = 30.0
S = TypeVar("S", bound=State)
WHOLE = {"epoch", "refreshed", "refreshes", "steps", "trials"}
RECORD_FIELDS = tuple(field.name for field in fields(Record))


class NoCheckpoint:
    """Keeps nothing."""

    def load(self) -> Progress | None:
        """Nothing was kept."""
        return None

    def load_walk(self) -> Walk | None:
        """Nor was where the choice of l2 was."""
        return None

    def on_progress(self, progress: Progress) -> None:
        """Forget it."""

    def on_walk(self, walk: Walk) -> None:
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
        self._walk: Walk | None = None
        self._read()
        self._saved = time.monotonic()

    def load(self) -> Progress | None:
        """The progress of an earlier run, or None."""
        return self._latest

    def load_walk(self) -> Walk | None:
        """Where an earlier run was in the choice of l2, or None."""
        return self._walk

    def _read(self) -> None:
        """Read what an earlier run left. Raises UsageError if it was of other options or other data."""
        if not os.path.exists(self._path):  # noqa: PTH110 - a path of "" must fail like any other
            return
        arrays = npz.read(self._path, None)
        try:
            difference = _difference(json.loads(arrays["identity"].tobytes()), json.loads(json.dumps(self._identity)))
            if difference is None:
                self._walk = walk_from(arrays) if "walk" in arrays else None
                self._latest = _progress(arrays, self._state) if "history" in arrays else None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
            raise ModelError(f"{self._path}: not a valid checkpoint") from error
        if difference is not None:
            what = f"the checkpoint {quoted(self._path)} is of another fit: {difference}"
            raise UsageError(what, hint="remove it to start anew, or name another --checkpoint")

    def on_progress(self, progress: Progress) -> None:
        """Remember it; save it if the last save was a while ago."""
        self._latest = progress
        self._save_now_and_then()

    def on_walk(self, walk: Walk) -> None:
        """Remember it; save it if the last save was a while ago."""
        self._walk = walk
        self._save_now_and_then()

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved > SECONDS_BETWEEN:
            self.save()

    def save(self) -> None:
        """Write the latest progress."""
        if self._latest is not None or self._walk is not None:
            identity = json.dumps(self._identity, sort_keys=True).encode()
            arrays = {} if self._latest is None else _arrays(self._latest)
            arrays |= {} if self._walk is None else walk_arrays(self._walk)
            arrays |= {"identity": np.frombuffer(identity, np.uint8)}
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
        **_state_arrays("state", progress.state),
    }


def walk_arrays(walk: Walk) -> dict[str, NDArray[np.float64]]:
    """Where a choice of l2 is."""
    part = walk.part or Part(np.nan)
    thetas = [theta for ends in walk.ends for theta in ends]
    arrays = {
        "walk": np.array([walk.epochs, part.l2], np.float64),
        "walk_candidates": np.array([[c.l2, c.nll, c.se] for c in walk.candidates], np.float64).reshape(-1, 3),
        "walk_nlls": np.array(part.nlls, np.float64),
    }
    for name, found in (("walk_ends", thetas), ("walk_thetas", list(part.ends))):
        arrays |= {name: np.stack(found)} if found else {}
    for name, state in (("whole", part.whole), ("running", part.running)):
        arrays |= {} if state is None else _state_arrays(f"walk_{name}", state)
    return arrays


def walk_from(arrays: dict[str, NDArray[Any]]) -> Walk:
    """The walk that `walk_arrays` wrote."""
    candidates = tuple(Candidate(*map(float, row)) for row in arrays["walk_candidates"])
    thetas = list(arrays.get("walk_ends", ()))
    each = len(thetas) // max(1, len(candidates))
    ends = tuple(tuple(thetas[i * each : (i + 1) * each]) for i in range(len(candidates)))
    epochs, l2 = arrays["walk"].tolist()
    if np.isnan(l2):
        return Walk(candidates, ends, None, int(epochs))
    whole, running = (
        _state(f"walk_{name}", arrays, LbfgsState) if f"walk_{name}_point_theta" in arrays else None
        for name in ("whole", "running")
    )
    nlls = tuple(map(float, arrays["walk_nlls"]))
    return Walk(candidates, ends, Part(l2, whole, tuple(arrays.get("walk_thetas", ())), nlls, running), int(epochs))


def _state_arrays(prefix: str, state: State) -> dict[str, NDArray[np.float64]]:
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
    return {f"{prefix}_{name}": array for name, array in found.items()}


def _progress(arrays: dict[str, NDArray[Any]], kind: type[State]) -> Progress:
    history = tuple(_record(row) for row in arrays["history"])
    best, best_epoch, bound = _point("best", arrays), int(arrays["best_epoch"][0]), float(arrays["bound"][0])
    return Progress(_state("state", arrays, kind), history, best, best_epoch, bound)


def _state(prefix: str, arrays: dict[str, NDArray[Any]], kind: type[S]) -> S:
    """The state that `_state_arrays` wrote."""
    own = {name.removeprefix(f"{prefix}_"): array for name, array in arrays.items() if name.startswith(f"{prefix}_")}
    return kind(**{field.name: _value(field.name, own) for field in fields(kind)})


def _value(name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A field of a solver's state."""
    if name == "point":
        return _point("point", arrays)
    if name == "curvature":
        diagonal, columns, inverses = (arrays[f"curvature_{part.name}"] for part in fields(Curvature))
        return Curvature(diagonal, columns.astype(np.intp), inverses)
    if name == "logits" and "logits_Z" in arrays:
        return Logits(arrays["logits_theta"], arrays["logits_Z"])
    array = arrays[name]
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
