"""Saving a model while everything that can fail fails: the file is the old one or the new one, whole."""

import errno
import hashlib
import io
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

import smtrain.model.atomic
from smtrain import load
from tests.cli import SMTRAIN, clean_environment
from tests.hostile.harness import ALLOWED_CODES, invoke
from tests.hostile.tables import quoted_csv

MOST_CALLS = 200
NAMELESS = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")


class FailingModule:
    """A module, one function of which fails at its Nth call."""

    def __init__(self, module, name, nth, error):
        self._module, self._name, self._left, self._error = module, name, nth, error

    def __getattr__(self, name):
        real = getattr(self._module, name)
        return self._counted(real) if name == self._name else real

    def _counted(self, real):
        def function(*arguments, **options):
            self._left -= 1
            if self._left == 0:
                raise self._error
            return real(*arguments, **options)

        return function


class FailingFile(io.BufferedRandom):
    """A file that fails at its Nth write or flush; `short` writes half of it first."""

    def __init__(self, descriptor, mode, *, nth, error, short):
        super().__init__(io.FileIO(descriptor, mode), buffer_size=1)
        self._left, self._error, self._short = nth, error, short

    def write(self, data):
        self._left -= 1
        if self._left == 0:
            if self._short:
                super().write(bytes(data)[: len(data) // 2])
            raise self._error
        return super().write(data)


@pytest.fixture
def other(trained):
    """The folder of a model, and data for another one."""
    (trained / "data.csv").write_bytes((trained / "data.csv").read_bytes() + b"7,w,q\n")
    return trained


def fit_with(patch, monkeypatch, folder, **options):
    """A fit while `patch` is in place. The harness checks that a failure leaves every file of the folder alone."""
    with monkeypatch.context() as context:
        patch(context)
        return invoke("fit", "data.csv", "-q", folder=folder, **options)


def until_it_passes(make_patch, monkeypatch, folder, codes, *, stopped=False):
    """Fail at the first call, the second, … until a run passes. Returns how many runs failed.

    What `stopped` a run, an interrupt or want of memory, may come when the new model is in its place already.
    """
    old = (folder / "model.npz").read_bytes()
    assert invoke("fit", "data.csv", "-q", "-o", "new.npz", folder=folder).code == 0
    new = (folder / "new.npz").read_bytes()
    whole = {old, new} if stopped else {old}
    may_change = {"model.npz"} if stopped else set()
    for nth in range(1, MOST_CALLS):
        (folder / "model.npz").write_bytes(old)
        patch = make_patch(nth)
        outcome = fit_with(patch, monkeypatch, folder, allowed=ALLOWED_CODES | codes, may_change=may_change)
        if outcome.code == 0:
            assert (folder / "model.npz").read_bytes() == new
            return nth - 1
        assert outcome.code in codes, outcome.stderr
        assert (folder / "model.npz").read_bytes() in whole, f"call {nth}"
        assert len(list(folder.iterdir())) == 3, f"call {nth}"
    raise AssertionError("no run passed")


FUNCTIONS = [
    ("os", "fsync"),
    ("os", "replace"),
    ("os", "open"),
    ("os", "fchmod"),
    ("os", "link"),
    ("os", "fdopen"),
    ("tempfile", "mkstemp"),
]  # fmt: skip
ERRORS = {
    "full": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), {2, 6}),
    "damaged": (OSError(errno.EIO, os.strerror(errno.EIO)), {2, 6}),
    "no memory": (MemoryError(), {6}),
    "interrupted": (KeyboardInterrupt(), {130}),
}


STOPPING = {"no memory", "interrupted"}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("module", "function"), FUNCTIONS, ids=lambda name: name)
def test_every_call_fails_once(module, function, error, monkeypatch, other):
    raised, codes = ERRORS[error]
    real = {"os": os, "tempfile": tempfile}[module]

    def make_patch(nth):
        failing = FailingModule(real, function, nth, raised)
        return lambda context: context.setattr(smtrain.model.atomic, module, failing)

    failed = until_it_passes(make_patch, monkeypatch, other, codes, stopped=error in STOPPING)
    assert failed >= (0 if function == "open" else 1)  # a folder that cannot be opened to be synced is no failure


@pytest.mark.parametrize("error", ["full", *(pytest.param(e, marks=pytest.mark.slow) for e in ERRORS if e != "full")])
@pytest.mark.parametrize("short", [False, True], ids=["nothing written", "half written"])
def test_every_write_fails_once(short, error, monkeypatch, other):
    raised, codes = ERRORS[error]

    class Module(FailingModule):
        def fdopen(self, descriptor, mode):
            return FailingFile(descriptor, mode, nth=self._left, error=raised, short=short)

    def make_patch(nth):
        return lambda context: context.setattr(smtrain.model.atomic, "os", Module(os, "", nth, raised))

    assert until_it_passes(make_patch, monkeypatch, other, codes, stopped=error in STOPPING) >= 10


def test_a_write_that_is_silently_lost_is_found(monkeypatch, other):
    """What was written is read back before it takes the place of the old model."""

    class Forgetful(FailingFile):
        def write(self, data):
            self._left -= 1
            return len(data) if self._left == 0 else io.BufferedRandom.write(self, data)

    class Module(FailingModule):
        def fdopen(self, descriptor, mode):
            return Forgetful(descriptor, mode, nth=self._left, error=None, short=False)

    old = (other / "model.npz").read_bytes()
    for nth in range(1, 40):
        outcome = fit_with(
            lambda context, n=nth: context.setattr(smtrain.model.atomic, "os", Module(os, "", n, None)),
            monkeypatch,
            other,
        )
        if outcome.code == 0:
            load(str(other / "model.npz"))
            (other / "model.npz").write_bytes(old)
        else:
            assert outcome.code == 6, outcome.stderr
            assert (other / "model.npz").read_bytes() == old


def limited(kind, value):
    return lambda: resource.setrlimit(kind, (value, value))


def test_a_file_size_limit(other):
    """RLIMIT_FSIZE: the disk is full after so many bytes."""
    old = (other / "model.npz").read_bytes()
    for size in (0, 700, len(old) - 1):
        done = subprocess.run(
            [*SMTRAIN, "fit", "data.csv", "-q", "--se", "--loo"],
            cwd=other,
            capture_output=True,
            text=True,
            env=clean_environment(),
            preexec_fn=limited(resource.RLIMIT_FSIZE, size),
            check=False,
        )
        assert done.returncode == 6, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert (other / "model.npz").read_bytes() == old
        assert len(list(other.iterdir())) == 2


def test_a_model_keeps_its_permissions_and_links(other):
    (other / "model.npz").chmod(0o600)
    (other / "link.npz").symlink_to("model.npz")
    assert invoke("fit", "data.csv", "-q", "-o", "link.npz", folder=other).code in {0}
    assert (other / "link.npz").is_symlink()
    assert (other / "model.npz").stat().st_mode & 0o777 == 0o600


# ---- campaigns ----


def wide_table(rows=400, levels=300):
    """A model of a few hundred kilobytes, so that writing it takes a moment."""
    return quoted_csv(["f", "x", "y"], [(f"level{i % levels}", str(i % 7), f"class{i % 40}") for i in range(rows)])


def start(folder, *arguments):
    return subprocess.Popen(
        [*SMTRAIN, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
    )


def finish(process):
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    return stdout


def kept(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_killed_at_any_time(tmp_path):
    """kill -9 at a hundred random times of a fit over an existing model: the old one or the new one, whole."""
    (tmp_path / "old.csv").write_bytes(wide_table(rows=500))
    (tmp_path / "new.csv").write_bytes(wide_table())
    command = ("-q", "--epochs", "3")
    models = {}
    began = time.monotonic()
    for name in ("new", "old"):
        finish(start(tmp_path, "fit", f"{name}.csv", *command))
        models[name] = kept(tmp_path / "model.npz")
    longest = (time.monotonic() - began) / 2
    old = (tmp_path / "model.npz").read_bytes()
    numbers, seen = random.Random(1), set()
    for _ in range(100):
        (tmp_path / "model.npz").write_bytes(old)
        process = start(tmp_path, "fit", "new.csv", *command)
        time.sleep(numbers.uniform(0.5 * longest, 1.05 * longest))
        process.kill()
        process.communicate()
        found = kept(tmp_path / "model.npz")
        assert found in models.values()
        seen.add(found)
        left = [path for path in tmp_path.iterdir() if path.name not in {"old.csv", "new.csv", "model.npz"}]
        assert len(left) <= 1, left
        assert all(path.name.startswith(".model.npz.") for path in left)
        for path in left:
            path.unlink()
    assert models["old"] in seen


KILLED_WHILE_WRITING = """
import os, signal, sys
from smtrain.model import archive as npz
write = npz._write_members
def half(file, arrays):
    write(file, arrays)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
npz._write_members = half
from smtrain.cli.main import main
sys.argv = ["smtrain", *sys.argv[1:]]
main()
"""


@NAMELESS
def test_killed_while_it_writes_a_model_it_leaves_nothing(tmp_path):
    (tmp_path / "data.csv").write_bytes(wide_table(rows=60))
    command = [sys.executable, "-c", KILLED_WHILE_WRITING, "fit", "data.csv", "-q", "--epochs", "2"]
    for options in ([], ["--checkpoint", "ck", "--epochs", "1"]):
        done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"data.csv"}


def unnamed_bytes(pid):
    """The sizes of the files without a name that a process has open."""
    links = Path(f"/proc/{pid}/fd").iterdir()
    return [link.stat().st_size for link in links if str(link.readlink()).endswith("(deleted)")]


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@NAMELESS
@pytest.mark.parametrize("old", [b"the predictions of yesterday\n", None], ids=["over a file", "a new file"])
def test_killed_while_it_predicts_it_leaves_the_old_file_and_nothing_else(old, trained):
    """kill -9 while `predict -o` has written some predictions, and waits for more rows."""
    if old is not None:
        (trained / "out.csv").write_bytes(old)
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    header, *rows = (trained / "data.csv").read_bytes().splitlines(keepends=True)
    process = subprocess.Popen(
        [*SMTRAIN, "predict", "-", "-o", "out.csv"], cwd=trained, stdin=subprocess.PIPE, env=clean_environment()
    )
    process.stdin.write(header + b"".join(rows) * (8_000_000 // len(b"".join(rows))))
    process.stdin.flush()
    until(lambda: any(size > 0 for size in unnamed_bytes(process.pid)))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


KILLED_BEFORE_IT_IS_SAFE = """
import os, signal, sys
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
from smtrain.cli.main import main
sys.argv = ["smtrain", *sys.argv[1:]]
main()
"""
WRITERS = {
    "model": ("fit", "data.csv", "-q", "-o", "out"),
    "predictions": ("predict", "data.csv", "-o", "out"),
    "gates": ("evaluate", "data.csv", "--fail-if", "nll>9", "--junit", "out"),
    "findings": ("doctor", "data.csv", "--junit", "out"),
    "code quality": ("evaluate", "data.csv"),
}


@NAMELESS
@pytest.mark.parametrize("what", WRITERS)
@pytest.mark.parametrize("old", [b"old", None], ids=["over a file", "a new file"])
def test_killed_while_it_writes_any_file_it_leaves_the_old_one_and_nothing_else(what, old, trained):
    if old is not None and what != "code quality":  # that one is made where there is none
        (trained / "out").write_bytes(old)
    before = {path.name: path.read_bytes() for path in trained.iterdir()}
    job = {"GITLAB_CI": "true", "SMTRAIN_CODE_QUALITY": "out"} if what == "code quality" else {}
    done = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_IT_IS_SAFE, *WRITERS[what]],
        cwd=trained,
        capture_output=True,
        env=clean_environment(**job),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert {path.name: path.read_bytes() for path in trained.iterdir()} == before


@pytest.mark.parametrize("how", ["no such flag", "not on this file system", "no /proc"])
def test_where_files_need_a_name_they_have_one(how, monkeypatch, other):
    def refuse(path, flags, *rest):
        if flags & os.O_DIRECTORY and flags & os.O_RDWR:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return os.open(path, flags, *rest)

    class Plain:
        def __getattr__(self, name):
            if name == "O_TMPFILE" and how == "no such flag":
                raise AttributeError(name)
            return refuse if name == "open" and how == "not on this file system" else getattr(os, name)

    monkeypatch.setattr(smtrain.model.atomic, "os", Plain())
    if how == "no /proc":
        monkeypatch.setattr(smtrain.model.atomic, "_of_descriptor", lambda descriptor: f"/no/such/folder/{descriptor}")
    assert invoke("fit", "data.csv", "-q", folder=other).code == 0
    assert invoke("predict", "data.csv", "-o", "predictions.csv", folder=other).code == 0
    assert {path.name for path in other.iterdir()} == {"data.csv", "model.npz", "predictions.csv"}


@pytest.mark.slow
def test_twenty_fits_of_one_output(tmp_path):
    (tmp_path / "data.csv").write_bytes(wide_table())
    running = [start(tmp_path, "fit", "data.csv", "-q", "--epochs", str(3 + i % 2)) for i in range(20)]
    for process in running:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    load(str(tmp_path / "model.npz"))
    assert {path.name for path in tmp_path.iterdir()} == {"data.csv", "model.npz"}


@pytest.mark.slow
def test_predict_while_fit_replaces_the_model(tmp_path):
    (tmp_path / "data.csv").write_bytes(wide_table())
    finish(start(tmp_path, "fit", "data.csv", "-q", "--epochs", "2"))
    loop = (
        "import sys; from smtrain.fitting.fit import fit\n"
        "for i in range(60): fit('data.csv', epochs=1 + i % 3).save('model.npz')"
    )
    writer = subprocess.Popen([sys.executable, "-c", loop], cwd=tmp_path)
    runs = 0
    while writer.poll() is None:
        reader = start(tmp_path, "predict", "data.csv")
        stdout, stderr = reader.communicate()
        assert reader.returncode == 0, stderr
        assert stdout.count("\n") == 401
        runs += 1
    assert writer.returncode == 0
    assert runs >= 2
