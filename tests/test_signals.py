"""Signals that whoever starts smtrain has set to be ignored, as nohup and & in a script do, stay ignored."""

import signal
import subprocess
import sys

import pytest

from tests.cli import SMTRAIN, clean_environment, smtrain

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
TABLE = "x,y\n" + "1,a\n2,b\n" * 50_000  # more than a pipe holds: once it is written, the command is reading


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("signals")
    smtrain("fit", "-", "-q", stdin=TABLE, cwd=found)
    return found


def started(folder, command, *ignored):
    """A command that reads the table from its standard input, and has read most of it."""

    def ignore():
        for signum in ignored:
            signal.signal(signum, signal.SIG_IGN)

    process = subprocess.Popen(
        [*SMTRAIN, command, "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=clean_environment(),
        preexec_fn=ignore,  # noqa: PLW1509 - there are no threads here
    )
    process.stdin.write(TABLE.encode())
    process.stdin.flush()
    return process


@pytest.mark.parametrize("command", ["fit", "predict", "evaluate", "check", "doctor"])
def test_an_ignored_signal_stays_ignored(command, folder):
    process = started(folder, command, *SIGNALS)
    for signum in SIGNALS:
        process.send_signal(signum)
    error = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0, error
    assert not any(word in error for word in ("hung up", "interrupted", "terminated"))


@pytest.mark.parametrize("ignored", SIGNALS)
def test_the_others_still_end_it(ignored, folder):
    other = SIGNALS[SIGNALS.index(ignored) - 1]
    process = started(folder, "fit", ignored)
    process.send_signal(ignored)
    process.send_signal(other)
    process.communicate(timeout=60)
    assert process.returncode == 128 + other


@pytest.mark.parametrize(
    "hidden", ["class T:\n    x = Late()", "try:\n    stop()\nfinally:\n    1 / 0"], ids=["class", "finally"]
)
def test_a_signal_behind_another_exception(hidden, folder):
    """Python 3.11 turns what is raised while a class is made into a RuntimeError."""
    program = f"""
import os, signal, sys, types
import smtrain.cli.main as main

def stop():
    os.kill(os.getpid(), signal.SIGTERM)

class Late:
    def __set_name__(self, owner, name):
        stop()

class Command(types.ModuleType):
    @property
    def command(self):
        exec({hidden!r}, globals())

sys.modules["smtrain.cli.commands.fit"] = Command("fit")
sys.argv = ["smtrain", "fit"]
main.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (143, "smtrain: error: terminated\n")
