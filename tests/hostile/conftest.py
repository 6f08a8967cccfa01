"""The environment of every test here, and the small data and models that they start from."""

import os
from functools import partial

import pytest

from tests.hostile.harness import csv_text, invoke

FORGOTTEN = ("SMTRAIN", "CI", "GITHUB", "GITLAB", "NO_COLOR", "FORCE_COLOR")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith(FORGOTTEN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "dumb")


@pytest.fixture
def cli(tmp_path):
    """`invoke` in a folder of its own."""
    return partial(invoke, folder=tmp_path)


SMALL = csv_text("a,b,y", "1,u,p", "2,v,q", "3,u,r", "4,v,p", "5.5,u,q", ",w,r")


@pytest.fixture(scope="session")
def model_bytes(tmp_path_factory):
    """A model of SMALL with all that is optional: a number with a missing cell, a category, three classes."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "data.csv").write_bytes(SMALL)
    invoke("fit", "data.csv", "-q", "--se", "--loo", folder=folder)
    return (folder / "model.npz").read_bytes()


@pytest.fixture
def trained(tmp_path, model_bytes):
    """A folder with data.csv and its model.npz."""
    (tmp_path / "data.csv").write_bytes(SMALL)
    (tmp_path / "model.npz").write_bytes(model_bytes)
    return tmp_path
