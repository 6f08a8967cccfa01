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
from typing import Any

import numpy as np

from smtrain.errors import ModelError, UsageError, quoted
from smtrain.fitting.learn import Learned
from smtrain.fitting.options import FitConfig
from smtrain.fitting.selection import Walk
from smtrain.model import archive as npz
from smtrain.softmax.loss import Partition
from smtrain.softmax.objective import Theta
from smtrain.softmax.rows import Rows
from smtrain.solvers import make_solver
from smtrain.solvers.arrays import Codec
from smtrain.solvers.base import Progress

VERSION = 5
SECONDS_BETWEEN = 30.0


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
        self._path, self._codec = path, Codec(learned.encoded, make_solver(config).state)
        self._identity = {
            "version": VERSION,
            "options": config.record(),
            "columns": learned.encoder.schema() | {"classes": list(learned.encoder.classes)},
            "start": digest(start),
            "data": fingerprint(learned.encoded),
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
                self._walk = self._codec.read(Walk | None, arrays, "walk")
                self._latest = self._codec.read(Progress | None, arrays, "progress")
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
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
            arrays = self._codec.write(Progress | None, self._latest, "progress")
            arrays |= self._codec.write(Walk | None, self._walk, "walk")
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


def fingerprint(rows: Rows) -> str:
    """SHA-256 of the SHA-256 of each partition of the encoded rows."""
    return hashlib.sha256(b"".join(rows.sum(_digests))).hexdigest()


def _digests(partition: Partition) -> tuple[bytes, ...]:
    """The digest of a partition; the sum of such is that of all, in their order."""
    digest = hashlib.sha256()
    groups = [] if partition.groups is None else [partition.groups]
    for array in (partition.X.numeric, *partition.X.codes, partition.y, partition.v, *groups):
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return (digest.digest(),)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str | None:
    """What differs first, in words; None if nothing does."""
    for name, value in new["options"].items():
        if old["options"].get(name) != value:
            return f"its {name.replace('_', ' ')} was {old['options'].get(name)!r}, now it is {value!r}"
    parts = {"columns": "its columns or classes", "data": "its data", "start": "its --init", "version": "its format"}
    return next((f"{words} differ" for name, words in parts.items() if old[name] != new[name]), None)
