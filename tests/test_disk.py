"""Rows on disk: the same bytes as in memory, within the limit, and nothing left behind."""

import errno
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.cli.kinds import Size
from smtrain.fitting.fit import Observer
from smtrain.fitting.learn import learn
from smtrain.fitting.options import FitConfig
from smtrain.partitions import storage
from smtrain.softmax.design import Design
from smtrain.softmax.loss import Partition
from smtrain.sources.dialect import Dialect
from smtrain.sources.opening import open_table
from tests.cli import SMTRAIN, clean_environment, smtrain
from tests.homes import home_of
from tests.observers import StopAt

pytestmark = pytest.mark.bits

MB = 1 << 20
N = 20_000


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Three partitions: a first column that counts the rows, gaps, words, a column that is empty for long, weights."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 4)), columns=list("abcd"), index=np.arange(1, N + 1))
    frame.loc[rng.random(N) < 0.05, "b"] = np.nan
    frame["late"] = pd.Series([None] * 12_000 + ["x", "y"] * 4_000, index=frame.index)
    frame["later number"] = pd.Series([None] * 12_000 + [1.5, 2.5] * 4_000, index=frame.index)
    frame["word"] = rng.choice(["up", "down", "", "side"], N)
    frame["times"] = rng.integers(0, 4, N)
    frame["label"] = np.where(frame["a"] + (frame["word"] == "up") + rng.gumbel(size=N) > 0.5, "yes", "no")
    frame.loc[rng.random(N) < 0.2, "label"] = "perhaps"
    path = tmp_path_factory.mktemp("disk") / "mixed.csv"
    frame.to_csv(path)
    return path


class Watcher(Observer):
    def on_learned(self, learned, _):
        self.on_disk = getattr(learned.home, "on_disk", 0)


def fit(path, folder, name="m.npz", *, memory=None, threads=1, **options):
    """The bytes of a model, and how many bytes of its rows were on disk."""
    watcher = Watcher()
    sm.fit(str(path), home=home_of(memory, threads), observer=watcher, **options).save(str(folder / name))
    return (folder / name).read_bytes(), watcher.on_disk


CASES = {
    "l-bfgs": {},
    "weights": {"weight": "times", "class_weight": "balanced"},
    "without penalty": {"l2": 0.0, "epochs": 15},
    "single": {"precision": "float32"},
    "words": {"categorical": ("later number",)},
    "descent": {"solver": "gd", "epochs": 4, "momentum": 0.5},
    "mini-batches": {"batch_size": 700, "epochs": 2, "weight": "times"},
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_bytes_as_in_memory(name, mixed, tmp_path):
    reference, on_disk = fit(mixed, tmp_path, **CASES[name])
    assert on_disk == 0
    for memory, threads in [(1, 1), (1, 2), (MB, 2)]:
        found, on_disk = fit(mixed, tmp_path, memory=memory, threads=threads, **CASES[name])
        assert found == reference
        assert on_disk > 0
    assert fit(mixed, tmp_path, memory=1 << 40, **CASES[name]) == (reference, 0)


def test_logits_on_disk(mixed, tmp_path, monkeypatch):
    """The trials of a line by logits, of which there is a number for each row and class: in the file, while needed."""
    monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)
    reference, _ = fit(mixed, tmp_path, tol=1e-9)
    for threads in (1, 2):
        home, sizes = home_of(1, threads), []
        watcher = Observer()
        watcher.on_epoch = lambda _, home=home, sizes=sizes: sizes.append(home.on_disk)
        sm.fit(str(mixed), home=home, observer=watcher, tol=1e-9).save(str(tmp_path / "m.npz"))
        assert (tmp_path / "m.npz").read_bytes() == reference
        logits = N * 3 * 8
        assert 0 < sizes[0] <= max(sizes) < sizes[0] + 4 * logits  # those of a step are let go with it


@pytest.mark.parametrize("by_logits", [False, True])
def test_a_checkpoint_goes_from_disk_to_memory_and_back(by_logits, mixed, tmp_path, monkeypatch):
    if by_logits:
        monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)
    options = {"tol": 1e-9, "checkpoint": str(tmp_path / "ck")}
    reference, _ = fit(mixed, tmp_path, tol=1e-9)
    for stop, memory in [(2, 1), (5, None), (8, 1)]:
        with pytest.raises(KeyboardInterrupt):
            sm.fit(str(mixed), home=home_of(memory), observer=StopAt(stop), **options)
    assert fit(mixed, tmp_path, memory=1, **options)[0] == reference


# ---- the storage ----


def test_what_is_kept_comes_back():
    rng = np.random.default_rng(0)
    codes = (rng.integers(0, 4, 30), rng.integers(0, 3, 30).astype(np.int32))
    for numeric in (rng.normal(size=(30, 3)), np.empty((30, 0)), np.asfortranarray(rng.normal(size=(30, 3)))):
        partition = Partition(Design(numeric, codes, (3, 2)), codes[0], rng.normal(size=30), start=7)
        with home_of(1) as home:
            shelf = home.shelf()
            for _ in range(3):
                shelf.append(partition)
            for found in (shelf[1], shelf.release(1), shelf[2]):
                assert found.start == 7
                assert found.X.levels == (3, 2)
                for new, old in zip(
                    (found.X.numeric, *found.X.codes, found.y, found.v),
                    (numeric, *codes, partition.y, partition.v),
                    strict=True,
                ):
                    np.testing.assert_array_equal(new, old)
                    assert new.dtype == old.dtype
                    assert new.flags.f_contiguous == old.flags.f_contiguous


def test_room_that_is_free_again_is_used_again():
    def thing():
        return np.arange(10_000.0)

    with home_of(100_000) as home:
        shelf = home.shelf()
        for _ in range(5):
            shelf.append(thing())
        size = home.on_disk
        assert 4 * 80_000 <= size < 4 * 90_000  # the first is in memory
        kept = home.listed(lambda i: shelf.release(i) + i, range(5))
        assert home.on_disk == size
        for i in range(5):
            np.testing.assert_array_equal(kept[i], thing() + i)
        with pytest.raises(ValueError, match="read-only"):
            kept[4][0] = 1
        del kept
        for i in range(5):
            shelf.append(thing() - i)
        assert home.on_disk == size
        np.testing.assert_array_equal(shelf[9], thing() - 4)


# ---- nothing is left behind ----


@pytest.fixture
def least(mixed, tmp_path):
    """A memory with which nearly all rows are on disk."""
    done = smtrain("fit", mixed, "--memory", "1M", "--threads", 1, code=2, cwd=tmp_path)
    assert "--memory is too little" in done.stderr
    return re.search(r"--memory (\d+M) or more", done.stderr)[1]


def start(data, least, folder, *arguments):
    (folder / "tmp").mkdir(exist_ok=True)
    command = [*SMTRAIN, "fit", str(data), "--memory", least, "--threads", "1", *arguments]
    environment = clean_environment(TMPDIR=str(folder / "tmp"))
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def nameless_files(process, folder):
    links = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            links.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return [link for link in links if link.startswith(str(folder)) and link.endswith("(deleted)")]


@pytest.fixture(scope="module")
def larger(tmp_path_factory):
    """A file whose rows are 10 MB."""
    path = tmp_path_factory.mktemp("disk") / "larger.csv"
    write_numbers(path, rows=120_000, columns=8)
    return path


def write_numbers(path, rows, columns, seed=0):
    """Numbers of some structure, fast: a block of rows, over and over."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(10_000, columns))
    y = (X @ rng.normal(size=(columns, 3)) + 3 * rng.gumbel(size=(10_000, 3))).argmax(axis=1)
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(columns)]).assign(y=y).astype({"y": str})
    header, _, text = frame.to_csv(index=False, float_format="%.5f").partition("\n")
    with path.open("w") as file:
        file.write(header + "\n")
        for _ in range(rows // 10_000):
            file.write(text)


def test_the_folder_is_clean_after_success_and_failure(larger, least, tmp_path):
    with start(larger, least, tmp_path, "-q") as process:
        assert process.wait() == 0, process.stderr.read()
    bad = tmp_path / "bad.csv"
    bad.write_text(larger.read_text() + "oh,no\n")
    with start(bad, least, tmp_path, "-q", "-o", "other.npz") as process:
        assert process.wait() == 3, process.stderr.read()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"tmp", "bad.csv", "model.npz"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are looked up in /proc")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_the_folder_is_clean_after_a_signal(signum, larger, least, tmp_path):
    with start(larger, least, tmp_path, "--solver", "gd", "--epochs", "100000", "--tol", "0") as process:
        while "epoch" not in process.stderr.readline():
            assert process.poll() is None
        assert nameless_files(process, tmp_path / "tmp")
        process.send_signal(signum)
        assert process.wait() == (143 if signum == signal.SIGTERM else -signal.SIGKILL)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"tmp"}


def test_a_full_disk(larger, least, tmp_path):
    """RLIMIT_FSIZE: the disk is full after so many bytes."""
    done = subprocess.run(
        [*SMTRAIN, "fit", str(larger), "--memory", least, "--threads", "1"],
        cwd=tmp_path,
        env=clean_environment(TMPDIR=str(tmp_path)),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5 * MB, 5 * MB)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 6, done.stderr
    error, hint = done.stderr.splitlines()
    assert error.startswith(f'smtrain: error: cannot write a temporary file in "{tmp_path}"'[:100])
    assert "TMPDIR" in hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["show"], ["show", "--json"]])
def test_what_half_fits_on_a_full_disk_is_no_success_without_a_buffer(command, tmp_path):
    """PYTHONUNBUFFERED makes standard output a file that may take a part only, and says so in what write returns."""
    model = Path(__file__).parent / "golden" / "model-1.npz"
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [*SMTRAIN, *command, model],
            env=clean_environment(PYTHONUNBUFFERED="1"),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (6, "smtrain: error: cannot write the output: File too large\n")


@pytest.mark.parametrize("function", ["pwrite", "ftruncate"])
def test_a_disk_that_fills_up_at_any_write(function, mixed, tmp_path, monkeypatch):
    monkeypatch.setattr("smtrain.softmax.line.WIDE", 1)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.os, function, full)
    with pytest.raises(sm.OutputError, match="No space left on device"):
        sm.fit(str(mixed), home=home_of(1))


def test_a_folder_that_is_not_there(mixed, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    monkeypatch.setattr(storage.tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(sm.OutputError, match="none"):
        sm.fit(str(mixed), home=home_of(1))


# ---- the option ----


def test_sizes():
    # As GNU coreutils read them.
    table = {"1": 1, "1500": 1500, "2k": 2048, "500M": 500 << 20, "1G": 1 << 30, "2GiB": 2 << 30, "1.5g": 3 << 29}
    table |= {"1KB": 1000, "3MB": 3_000_000, "1T": 1 << 40, "7B": 7}
    assert {text: Size().convert(text, None, None) for text in table} == table
    for text in ("", "0", "0.0G", "-1", "1 G", "G", "1X", "1e3", "nan", "inf", "1GG", "٣", "1.G", "9" * 400):
        with pytest.raises(click.BadParameter):
            Size().convert(text, None, None)


def test_the_limit_is_no_part_of_the_fit(mixed, least, tmp_path):
    for name, options in {"a": [], "b": ["--memory", least, "--threads", "1"]}.items():
        smtrain("fit", mixed, "-q", "-o", tmp_path / name, *options)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def peak(*arguments):
    """The peak of a command's resident memory, in bytes."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    command = [sys.executable, "-c", code, *SMTRAIN, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "columns", "memory", "options"),
    [
        (4_000_000, 30, 256, []),
        (1_000_000, 30, 300, ["--batch-size", "4096", "--epochs", "1"]),
        (500_000, 120, 400, []),  # tries steps by logits
        (110_000, 800, 900, ["--epochs", "10"]),
        (40_000, 2000, 900, ["--solver", "gd", "--epochs", "2"]),  # pieces of 32 MB of text
        (500_000, 120, 400, ["--l1", "1", "--epochs", "30"]),
    ],
)
def test_the_peak_is_within_the_limit(rows, columns, memory, options, tmp_path):
    write_numbers(tmp_path / "large.csv", rows, columns)
    out = ("fit", tmp_path / "large.csv", "-q", "-o", tmp_path / "m.npz", "--threads", "2")
    assert 8 * rows * columns > 0.6 * memory * MB
    assert peak(*out, "--memory", f"{memory}M", *options) <= memory * MB


@pytest.mark.slow
@pytest.mark.parametrize(
    ("memory", "options"),
    [
        (240, []),
        (240, ["--validation", "long.csv"]),
        (520, ["--validation", "0.3"]),
        (520, ["--l2", "auto", "--folds", "2"]),
    ],
)
def test_the_peak_is_within_the_limit_for_many_short_rows(memory, options, tmp_path):
    """4 bytes a row: two MiB of text have half a million of them."""
    rows = np.random.default_rng(0).integers(0, 10, (1 << 20, 2))
    text = "".join(f"{x},{'ab'[x + z > 9]}\n" for x, z in rows.tolist())
    (tmp_path / "short.csv").write_text("x,y\n" + text[:800_000])
    (tmp_path / "long.csv").write_text("x,y\n" + 4 * text)
    data = tmp_path / ("short.csv" if "long.csv" in options else "long.csv")
    options = [tmp_path / word if word == "long.csv" else word for word in options]
    out = ("fit", data, "-q", "-o", tmp_path / "m.npz", "--threads", "2", "--epochs", "12")
    assert peak(*out, "--memory", f"{memory}M", *options) <= memory * MB


def test_a_sample_of_the_rows_is_let_go(mixed):
    with home_of(1, 2) as home:
        learned = learn(open_table(str(mixed), Dialect(), fitting=True), FitConfig(), home, lambda *_: None)
        sizes = []
        for _ in range(3):
            few = learned.encoded.sampled(lambda partition: partition.take(np.arange(partition.rows // 2)), 2)
            assert few.count == pytest.approx(N / 2, abs=5)
            del few
            sizes.append(home.on_disk)
    assert sizes[0] == sizes[2]
