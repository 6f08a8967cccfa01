"""Tables in terminals of any width: no number is ever cut, and wide ones are as before."""

import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import smtrain as sm

NUMBER = re.compile(r"(?<![\w.,])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?%?(?![\w.…])")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables and models of long names and long numbers."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(3)
    n = 120
    words = rng.choice(["a level of a long name", "another one", "third"], n)
    table = pd.DataFrame(rng.normal(size=(n, 3)) * [1, 1e6, 1e-6], columns=["one", "a column of a long name", "x"])
    table = table.assign(words=words, y=rng.choice(["the first class", "second", "third", "4"], n))
    table.to_csv(folder / "t.csv", index=False)
    two = table.assign(y=np.where(table["x"] > 0, "yes", "no"))
    two.to_csv(folder / "two.csv", index=False)
    sm.fit(table, target="y", l2=0, lr=True, se=True).save(str(folder / "model.npz"))
    sm.fit(table, target="y").save(str(folder / "old.npz"))
    sm.fit(two, target="y").save(str(folder / "two.npz"))
    return folder


@pytest.fixture
def at_width(go, monkeypatch, made):
    """What a command prints in a terminal so wide; None is a pipe."""
    monkeypatch.chdir(made)

    def printed(width, *arguments):
        if width is not None:
            monkeypatch.setattr(
                "smtrain.reports.console.make_console",
                lambda stream: Console(file=stream, width=width, soft_wrap=True, markup=False, highlight=False),
            )
        return go(*arguments, code=None).out

    return printed


COMMANDS = [
    ("show",),
    ("show", "--se"),
    ("show", "--lr"),
    ("show", "two.npz"),
    ("explain", "t.csv"),
    ("explain", "two.csv", "-m", "two.npz"),
    ("evaluate", "t.csv", "--worst", "3"),
    ("compare", "old.npz", "model.npz", "t.csv"),
    ("gradcheck", "t.csv"),
    ("doctor", "t.csv"),
]


def numbers(text):
    # Confusions are told in another way where the matrix has no room.
    parts = [part for part in text.split("\n\n") if "confusion" not in part.partition("\n")[0]]
    return sorted(NUMBER.findall("\n\n".join(parts)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_number_is_cut_in_any_terminal(command, at_width):
    wide = at_width(None, *command)
    assert len(numbers(wide)) > (0 if command[0] == "doctor" else 5)
    assert [line for line in wide.splitlines() if line != line.rstrip()] == []
    for width in (200, 80, 40):
        narrow = at_width(width, *command)
        missing = [number for number in numbers(wide) if number not in numbers(narrow)]
        assert not missing, (width, narrow)
        table = [line for line in narrow.splitlines() if "  " in line.strip() and not line.startswith("pushed by ")]
        assert all(len(line.rstrip()) <= width for line in table), (width, narrow)
