"""What a terminal of 40, 80 and 200 columns shows, of 2, 3, 26 and 100 classes, beside what it has shown.

`python -m tests.test_screens` writes the present screens; look at the difference. Weights are set by hand, for those of
a fit end in other digits on other processors.
"""

import re
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import smtrain as sm
from smtrain.cli.main import run
from tests.test_tables import NUMBER

SCREENS = Path(__file__).parent / "screens"
CLASSES, WIDTHS = (2, 3, 26, 100), (40, 80, 200)
COMMANDS = {
    "fit": ["fit", "t.csv", "-t", "kind", "--solver", "gd", "--tol", "0.05", "-o", "new.npz"],
    "show": ["show", "m.npz"],
    "show --se": ["show", "m.npz", "--se"],
    "evaluate": ["evaluate", "t.csv", "-m", "m.npz", "--worst", "3"],
    "explain": ["explain", "t.csv", "-m", "m.npz", "--row", "5"],
    "compare": ["compare", "half.npz", "m.npz", "t.csv"],
}
# Of many classes the errors of one, which has a name with a comma, stand for those of all; of very many there are none.
ONE_CLASS = ["--class", "Ahtila, Eija-Liisa"]
LEVELS = ["north", "south of the river", "west"]


def names(classes):
    """Names as people have them: with commas, blanks, and longer than a column."""
    first = ["no", "yes"] if classes == 2 else ["Ackroyd, Norman", "Ahtila, Eija-Liisa", "a class of a very long name"]
    return [*first, *(f"class {k}" for k in range(len(first), classes))][:classes]


def make(folder, classes):
    """A table and a model of it whose weights have two decimals."""
    rng, n = np.random.default_rng(classes), max(120, 6 * classes)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    y[-5:] = 0
    centres = rng.normal(size=(classes, 2))
    X = (centres[y] + rng.normal(size=(n, 2))).round(2) * [1, 1000]
    table = pd.DataFrame({"width in cm": X[:, 0], "a column of a long name": X[:, 1].round(1)})
    table["place"] = np.array(LEVELS)[(y + rng.integers(0, 2, n)) % 3]
    table["kind"] = np.array(names(classes))[y]
    table.to_csv(folder / "t.csv", index=False)
    model = sm.fit(table, target="kind", se=True, tol=1e-9)
    rounded = replace(model, W=model.W.round(2), b=model.b.round(2))
    # Whatever the solver's way is, the optimum is where it is; the screens are not about the way.
    record = replace(
        rounded.fit, epochs=7, epoch=7, nll=round(rounded.evaluate(table).metrics["nll"], 2), objective=0.75, gap=0.001
    )
    replace(rounded, fit=record, information=rounded.information.round(3)).save(str(folder / "m.npz"))
    replace(rounded, W=0.5 * rounded.W, fit=record).save(str(folder / "half.npz"))


def screen(arguments, width):
    """What the command prints in a terminal so wide, both streams, with the times and the version left out."""
    out = TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True)

    def console(_):
        return Console(file=out, width=width, soft_wrap=True, markup=False, highlight=False, emoji=False)

    with (
        patch("smtrain.reports.console.make_console", console),
        patch("smtrain.reports.progress.make_console", console),
        patch("smtrain.reports.progress.process_seconds", lambda: 0.0),
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        code = run(arguments)
    text = out.buffer.getvalue().decode()
    assert code == 0, text
    return re.sub(r"(?m) +$", "", text)


def screens(classes, width):
    """All commands in the folder that `make` has filled, as one text."""
    shown = []
    for title, arguments in COMMANDS.items():
        if classes < 100 or title not in ("show --se", "compare"):
            some = ONE_CLASS if title == "show --se" and classes > 3 else []
            shown.append(f"$ smtrain {title}\n{screen([*arguments, *some], width)}")
    return "\n".join(shown)


def write():
    """Write the screens as they are now."""
    SCREENS.mkdir(exist_ok=True)
    for classes in CLASSES:
        with TemporaryDirectory() as name, chdir(name):
            make(Path(name), classes)
            for width in WIDTHS:
                (SCREENS / f"{classes}-classes-{width}.txt").write_text(screens(classes, width))


# The screens of 3 and 26 classes stand for the others where time is short.
SLOW = [pytest.param(classes, marks=[] if classes in (3, 26) else pytest.mark.slow) for classes in CLASSES]


@pytest.fixture(scope="module", params=SLOW)
def folder(request, tmp_path_factory):
    made = tmp_path_factory.mktemp("made")
    make(made, request.param)
    return request.param, made


@pytest.mark.bits
@pytest.mark.parametrize("width", WIDTHS)
def test_a_screen_is_as_it_was(width, folder, monkeypatch):
    classes, made = folder
    monkeypatch.chdir(made)
    path = SCREENS / f"{classes}-classes-{width}.txt"
    assert screens(classes, width) == path.read_text(), "python -m tests.test_screens writes the present ones"


def blocks(text):
    """The screens of a file by their commands."""
    return dict(part.split("\n", maxsplit=1) for part in re.split(r"(?m)^\$ smtrain ", text)[1:])


def joined(text):
    """A text whose names and words are not broken any more."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("classes", CLASSES)
def test_no_number_is_cut_and_no_class_is_missing(classes, width):
    """Of each golden file: numbers of the widest terminal are there, and each class has its line in each table."""
    widest = blocks((SCREENS / f"{classes}-classes-{max(WIDTHS)}.txt").read_text())
    for command, text in blocks((SCREENS / f"{classes}-classes-{width}.txt").read_text()).items():
        assert "…" not in confusions_apart(text).replace("always Ackroy… Norman", ""), command
        if command in ("show", "evaluate", "explain"):
            assert [name for name in names(classes) if joined(name) not in joined(text)] == []
        if command != "fit":  # a narrow terminal has fewer columns of its epochs
            assert set(NUMBER.findall(confusions_apart(widest[command]))) <= set(NUMBER.findall(text)), command


def confusions_apart(text):
    """A screen without its confusions: where the matrix has no room, the most frequent ones stand."""
    return "\n\n".join(part for part in text.split("\n\n") if "confusion" not in part.partition("\n")[0])


if __name__ == "__main__":
    sys.exit(write())
