"""Laws that hold for texts and bytes of all kinds, tried on many of them."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smtrain import load
from tests.hostile.conftest import SMALL
from tests.hostile.harness import invoke

few = settings(max_examples=40, deadline=None, derandomize=True, database=None)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
cells = st.one_of(
    texts, st.text("\",;\n\r\t '1.e-", max_size=6), st.sampled_from(["", "NA", "1e400", '"', '""', "\r\n"])
)


def written(rows, line_end="\n"):
    """Rows as a CSV file, every cell in quotes if it has a line end of any kind."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    return out.getvalue().encode()


def read(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@few
@given(st.lists(texts.filter(bool), min_size=2, max_size=5, unique=True), st.sampled_from(["\n", "\r\n"]))
def test_any_label_survives_fit_and_predict(labels, line_end):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [["a", "b", "y"]] + [["uvwxz"[k], str(k), label] for k, label in enumerate(labels) for _ in range(4)]
        (folder / "data.csv").write_bytes(written(rows, line_end))
        fitted = invoke("fit", "data.csv", "--l2", "0.01", "-q", folder=folder)
        assert fitted.code == 0, fitted.stderr
        assert set(load(str(folder / "model.npz")).classes) == set(labels)
        predicted = read(invoke("predict", "data.csv", folder=folder).stdout)
        assert predicted == [["prediction"]] + [[row[2]] for row in rows[1:]]
        assert invoke("evaluate", "data.csv", "--json", folder=folder).document["accuracy"] == 1
        assert invoke("evaluate", "data.csv", folder=folder).code == 0


@few
@given(st.lists(cells, min_size=1, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_cell_of_a_column_that_is_not_used_is_kept(notes, line_end):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.csv").write_bytes(SMALL)
        assert invoke("fit", "data.csv", "-q", folder=folder).code == 0
        data = written([["note", "a", "b"]] + [[note, str(i), "u"] for i, note in enumerate(notes)], line_end)
        (folder / "new.csv").write_bytes(data)
        outcome = invoke("predict", "new.csv", "--keep", "all", folder=folder)
        assert outcome.code == 0, outcome.stderr
        lines = data[len(b'"note","a","b"' + line_end.encode()) :]
        for note, row in zip(notes, read(outcome.stdout)[1:], strict=True):
            cell = b'"' + note.replace('"', '""').encode() + b'"'
            assert row[0] == note
            assert cell in lines
            assert cell in outcome.stdout


@few
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_any_table_is_read_or_refused(rows, delimiter):
    text = "\n".join(delimiter.join(row) for row in [["a", "b", "y"], *rows])
    _fit_anything(text.encode())


@few
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    _fit_anything(data)


@few
@given(st.binary(max_size=40), st.integers(0, 2**16), st.booleans())
def test_any_bytes_in_a_good_file_are_read_or_refused(data, place, replaces):
    good = SMALL * 3
    at = place % len(good)
    _fit_anything(good[:at] + data + good[at + (len(data) if replaces else 0) :])


@few
@given(st.text('ab,"\n\r;\t1.5 ', max_size=80))
def test_any_punctuation_is_read_or_refused(text):
    _fit_anything(text.encode())
    _fit_anything(b"a,b,y\n1,u,p\n2,v,q\n" + text.encode())


def _fit_anything(data):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.csv").write_bytes(data)
        outcome = invoke("fit", "data.csv", "-q", folder=folder)
        assert outcome.code in {0, 3}, outcome.stderr
        _examine(folder, refused=outcome.code == 3)
        if outcome.code == 0:
            assert invoke("predict", "data.csv", "--proba", "--keep", "all", folder=folder).code == 0
            assert (
                b"nan"
                not in invoke("evaluate", "data.csv", "--json", folder=folder).stdout.lower().split(b'"classes"')[0]
            )


def _examine(folder, *, refused):
    """What a fit refuses, `doctor` calls an error; `check` finds nothing in the rows that were learned from."""
    outcome = invoke("doctor", "data.csv", "--json", folder=folder)
    assert outcome.code in {0, 3}
    if refused:
        assert outcome.code == 3 or outcome.document["errors"], outcome.stdout
    else:
        assert outcome.document["errors"] == 0, outcome.stdout
        checked = invoke("check", "data.csv", "--json", folder=folder)
        assert (checked.code, checked.document["findings"]) == (0, [])


@few
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8))
def test_any_numbers_give_finite_predictions(numbers):
    assume(len(set(numbers)) > 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [["a", "y"]] + [[repr(x), "pq"[i % 2]] for i, x in enumerate(numbers)]
        (folder / "data.csv").write_bytes(written(rows))
        outcome = invoke("fit", "data.csv", "-q", folder=folder)
        assert outcome.code in {0, 3}, outcome.stderr
        _examine(folder, refused=outcome.code == 3)
        if outcome.code == 0:
            for row in read(invoke("predict", "data.csv", "--proba", folder=folder).stdout)[1:]:
                assert abs(sum(map(float, row[1:])) - 1) < 1e-12
            assert invoke("show", "--json", folder=folder).code == 0
