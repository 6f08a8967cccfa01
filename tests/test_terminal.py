"""What a terminal gets besides tables: bars, shades, curves, the lines of epochs, an explanation in the row's cells."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smtrain as sm
from smtrain.reports.bars import LENGTH, MARK, bar, bar_with_mark, curve, shade, signed_bar
from smtrain.reports.progress import EPOCH_COLUMNS, epoch_cells, epoch_columns
from smtrain.solvers.base import Record
from tests.cli import SMTRAIN, clean_environment

SHARES = st.floats(0, 1)
SIZES = {character: i for i, character in enumerate(" ▏▎▍▌▋▊▉█")}


@given(value=SHARES, most=st.floats(1e-300, 1e300))
def test_a_bar_is_as_long_as_its_share(value, most):
    eighths = sum(SIZES[character] for character in bar(value * most, most))
    assert abs(eighths - 8 * LENGTH * value) <= 0.51
    right, left = signed_bar(value * most, most), signed_bar(-value * most, most)
    assert right.index("│") == left.index("│") == LENGTH // 2
    assert len(left) == LENGTH // 2 + 1
    assert abs(left.count("█") - LENGTH / 2 * value) <= 0.51


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_has_no_bar(value):
    assert bar(value, 1.0) == bar(1.0, 0.0) == ""
    assert signed_bar(0.0, 0.0).strip() == "│"


@given(value=SHARES, mark=SHARES)
def test_a_mark_is_where_its_share_would_end(value, mark):
    drawn = bar_with_mark(value, mark)
    assert drawn.count(MARK) == 1
    assert abs(drawn.index(MARK) - LENGTH * mark) <= 1
    assert len(drawn) <= LENGTH


def test_shades():
    assert "".join(map(shade, [0, 0.01, 0.25, 0.5, 0.75, 1])) == "·░▒▓██"


def test_a_curve_is_logarithmic():
    """Each tenth has the same height, so the end of a fit is seen as its beginning is."""
    assert curve(10.0 ** -np.arange(8)) == "1.0e+00 █▇▆▅▄▃▂▁ 1.0e-07"
    assert curve(np.array([0.0, np.nan, -1.0])) == ""
    assert curve(np.array([2.0, 0.0])) == "2.0e+00 ▁ 2.0e+00"
    assert len(curve(np.geomspace(1, 1e-9, 5000))) < 80


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("validated", [True, False])
def test_lines_of_epochs_fit(width, validated):
    columns = epoch_columns(width, validated=validated)
    assert sum(EPOCH_COLUMNS[name] + 2 for name in columns) - 2 <= width
    assert {"epoch", "objective", "gap"} - {*columns} <= ({"gap"} if validated else set())
    assert ("validation" in columns) is validated
    assert width == 40 or len(columns) == 6 + validated


def test_a_gap_with_which_nothing_is_proved_is_a_dash():
    cells = [epoch_cells(Record(3, 0.5, 0.6, gap, 0.1)) for gap in (None, 1.0, 0.25)]
    assert [one["gap"] for one in cells] == ["", "–", "2.50e-01"]
    assert cells[0]["objective"] == "0.600000"


def test_an_explanation_begins_with_the_cells_as_they_stand(go, tmp_path):
    (tmp_path / "t.csv").write_text("size,town,y\n" + "1.50,Bern,a\n 7,Rome,b\n2.5e0,Bern,a\nNA,Rome,b\n" * 10)
    go("fit", "t.csv", "-q")
    told, _, mathematics = go("explain", "t.csv", "--row", "3").out.partition("the mathematics\n")
    assert re.search(r"^size +2\.5e0 +mean 3\.667 +[+-]\d", told, re.MULTILINE)
    assert re.search(r"^town +Bern +\+\d", told, re.MULTILINE)
    assert 'predicted "a"' in told
    assert 'its label is "a": right' in told
    assert "x ⊗ (s − y)" in mathematics
    assert re.search(r"^size +NA ", go("explain", "t.csv", "--row", "4").out, re.MULTILINE)


def test_pushes_of_columns_add_up_to_the_lead():
    frame = pd.read_csv("sample_data/penguins.csv")
    model = sm.fit(frame, target="species")
    for row in (3, 100):
        found = model.explain(frame, row)
        lead = found.z[found.first] - found.z[found.second]
        intercept = model.b[found.first] - model.b[found.second]
        assert found.column_pushes.sum() + intercept == pytest.approx(lead)
        cells = [
            str(cell) for cell in frame.iloc[row].drop("species").astype(object).where(frame.iloc[row].notna(), "")
        ]
        assert [cell.removesuffix(".0") for cell in found.cells] == [cell.removesuffix(".0") for cell in cells]


def test_a_pipe_has_no_matrix_that_a_pager_would_break(go, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 26, 400)
    names = np.array([f"letter {chr(97 + k)}" for k in range(26)])
    pd.DataFrame({"x": y + rng.normal(size=400), "y": names[y]}).to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q", "--tol", "0.1")
    text = go("evaluate", "t.csv").out
    assert "most frequent confusions" in text
    matrix = text.partition("confusion: ")[2].partition("\n\n")[0].splitlines()
    assert len(matrix) == 28
    assert max(map(len, matrix[1:])) <= 80


def shown(arguments, cwd, **env):
    """What a command writes to a terminal, of 80 columns if nothing else is given."""
    ours, theirs = pty.openpty()
    env = clean_environment(**{"COLUMNS": "80"} | env)
    with subprocess.Popen([*SMTRAIN, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=env) as run:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 1 << 16):
                text += part
        except OSError:  # the other end is closed
            pass
        assert run.wait(60) == 0, text
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_a_terminal_without_colours_is_sent_plain_text(tmp_path):
    """NO_COLOR or a dumb terminal: no escape; and a terminal with colours has the same words and bars."""
    table, model = str(Path("sample_data/iris.csv").resolve()), str(tmp_path / "m.npz")
    dumb = shown(["fit", table, "-o", model], tmp_path, TERM="dumb")
    assert "\x1b" not in dumb
    assert "saved" in dumb
    fitted = shown(["fit", table, "-o", model], tmp_path, TERM="xterm-256color")
    assert re.search(r"objective above its proved bound.*\n\d\.\de[+-]\d\d [▁▂▃▄▅▆▇█]+ \d\.\de-\d\d\n", fitted)
    plain = shown(["evaluate", table, "-m", model], tmp_path, TERM="xterm-256color", NO_COLOR="1")
    coloured = shown(["evaluate", table, "-m", model], tmp_path, TERM="xterm-256color")
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain
    assert {"█", MARK} <= {*plain}


def test_findings_have_whole_words_on_a_narrow_terminal(tmp_path):
    """What helps is a line as it is: it can be copied."""
    shutil.copy("sample_data/penguins-raw.csv", tmp_path / "raw.csv")
    wide = shown(["doctor", "raw.csv", "-t", "Species"], tmp_path, TERM="xterm", NO_COLOR="1", COLUMNS="1000")
    narrow = shown(["doctor", "raw.csv", "-t", "Species"], tmp_path, TERM="xterm", NO_COLOR="1", COLUMNS="60")
    hints = [line for line in wide.splitlines() if line.startswith(" ")]
    assert hints == [line for line in narrow.splitlines() if line.startswith(" ")]
    assert all(len(line) <= 60 for line in narrow.splitlines() if line not in hints and " " in line)
    assert narrow.split() == wide.split()
