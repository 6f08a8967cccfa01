"""Too little memory, wherever it is noticed first: exit code 6 and one line of ours, never a traceback."""

import os
import resource
import subprocess
import sys

import pytest

from tests.cli import SMTRAIN, clean_environment, smtrain

KIB = 1024
ROWS = 3000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("memory")
    rows = [f"{i % 7},{i % 11},{'uvw'[i % 3]},{'ab'[i % 2]}" for i in range(ROWS)]
    (found / "t.csv").write_text("\n".join(["x,z,w,y", *rows]) + "\n")
    smtrain("fit", "t.csv", "-q", cwd=found)
    return found


def limited(folder, kib, *line, kind=resource.RLIMIT_AS):
    def limit():
        resource.setrlimit(kind, (kib * KIB, kib * KIB))

    return subprocess.run(
        [*SMTRAIN, *line],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=limit,
    )


def some(limits, step):
    """All limits; one of `step` in the fast suite."""
    return [pytest.param(limit, marks=[] if i % step == 1 else pytest.mark.slow) for i, limit in enumerate(limits)]


def assert_ended_well(done):
    assert done.returncode in {0, 6}, done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode == 6:
        assert "smtrain: error: not enough memory" in done.stderr


@pytest.mark.parametrize("kib", some(range(40_000, 400_000, 20_000), 5))
def test_a_fit_under_a_limit_of_address_space(kib, folder):
    assert_ended_well(limited(folder, kib, "fit", "t.csv", "-q", "-o", "m.npz"))


@pytest.mark.parametrize("kib", some([60_000, 100_000, 140_000, 180_000, 220_000], 3))
@pytest.mark.parametrize("line", ["predict t.csv", "evaluate t.csv", "doctor t.csv", "show", "check t.csv --json"])
def test_any_command_under_a_limit_of_address_space(line, kib, folder):
    assert_ended_well(limited(folder, kib, *line.split()))


@pytest.mark.parametrize("kib", [30_000, 60_000, 100_000])
def test_a_fit_under_a_limit_of_data(kib, folder):
    assert_ended_well(limited(folder, kib, "fit", "t.csv", "-q", "-o", "m.npz", kind=resource.RLIMIT_DATA))


def test_under_a_limit_that_is_enough_all_is_as_without(folder):
    enough = 4_000_000
    free = smtrain("predict", "t.csv", cwd=folder)
    done = limited(folder, enough, "predict", "t.csv")
    assert (done.returncode, done.stdout) == (0, free.stdout)
    assert limited(folder, enough, "fit", "no.csv").returncode == 2
    assert limited(folder, enough, "evaluate", "t.csv", "--fail-if", "nll>=0", "--json").returncode == 7
    assert limited(folder, enough, "--help").stdout == smtrain("--help").stdout
    command = f"ulimit -v {enough}; {' '.join(SMTRAIN)} predict t.csv | head -n 1"
    piped = subprocess.run(command, shell=True, cwd=folder, env=clean_environment(), capture_output=True, check=True)
    assert (piped.stdout, piped.stderr) == (b"prediction\n", b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")  # noqa: PTH110
def test_a_full_disk_is_told_under_a_limit_too(folder):
    command = f"ulimit -v 4000000; {' '.join(SMTRAIN)} predict t.csv > /dev/full"
    done = subprocess.run(command, shell=True, cwd=folder, env=clean_environment(), capture_output=True, check=False)
    assert done.returncode == 6
    assert b"cannot write the output" in done.stderr


@pytest.mark.parametrize("end", ["ctypes.string_at(0)", "os.abort()", "ctypes.CDLL(None).exit(1)"])
def test_whatever_ends_a_limited_process_from_below_has_our_exit_code(end):
    lines = [
        "import ctypes, os, threading",
        "from smtrain.cli import memory",
        "memory.exit_as_memory()",
        "import pandas",
    ]
    lines += [f"thread = threading.Thread(target=lambda: {end})", "thread.start()", "thread.join()"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert done.stderr.startswith("smtrain: error: not enough memory")
