"""Fixtures that several files of tests share."""

import os
import signal

import pytest

from smtrain.cli.main import run
from smtrain.errors import ExitCode
from tests.cli import clean_environment

# What is ignored here, under nohup or in the background of a script, would be by every command that a test starts.
for signum in {signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)}:
    if signal.getsignal(signum) is signal.SIG_IGN:
        signal.signal(signum, signal.SIG_DFL)


@pytest.fixture
def lines_by_logits(monkeypatch):
    """Lines are tried by logits in tables that are less wide than those where it pays."""
    monkeypatch.setattr("smtrain.softmax.line.WIDE", 64)


@pytest.fixture
def go(monkeypatch, capsys, tmp_path):
    """Run one command line here, in a folder of its own."""
    for name in list(os.environ):
        if name not in clean_environment():
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run_it(*arguments, code=ExitCode.OK):
        found = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert code is None or found == code, said.err
        return said

    return run_it
