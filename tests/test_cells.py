"""Labels read off the edge of a table are those that a parser finds."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smtrain as sm
from smtrain.sources.cells import edge_cells
from smtrain.sources.delimited import Delimited
from smtrain.sources.dialect import Dialect
from smtrain.sources.interface import Reading
from smtrain.sources.records import RecordReader

LABEL = st.text(st.characters(blacklist_characters=',"\r\n\0', blacklist_categories=["Cs"]), max_size=9)


ENDED_LABEL = st.tuples(LABEL, st.sampled_from(["\n", "\r\n", "\r"]))


@given(st.lists(ENDED_LABEL, min_size=1), st.booleans(), st.booleans(), st.integers(0, 12))
def test_the_cells_of_an_outer_column(lines, ended, last, digits):
    labels, number = [label for label, _ in lines], "7" * digits
    text = "".join((f"{number},{x}" if last else f"{x},{number}") + end for x, end in lines)
    text = text if ended else text.rstrip("\r\n")
    (piece,) = RecordReader(iter([b"\n" + text.encode()]), "t.csv", ",")
    found = edge_cells(piece.checked(2), ",", last=last)
    if max(len(label.encode()) for label in labels) > 8:
        assert found is None
    else:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert [found.levels[code] for code in found.codes] == [row[-1 if last else 0] for row in rows] == labels
        assert len(set(found.levels)) == len(found.levels)


def test_a_quote_is_left_to_the_parser():
    assert edge_cells(b'1,"a"\n', ",", last=True) is None


@pytest.mark.parametrize("target", ["first", "last"])
@pytest.mark.parametrize("labels", [["01", "1", "NA"], ["é", "x y ", " x y"], ["a long label", "another one", "b"]])
def test_labels_at_the_edge_stay_as_they_are(tmp_path, target, labels):
    path = tmp_path / "t.csv"
    rows = [[labels[i % 3], f"{i % 7}.5", str(i % 5)] for i in range(60)]
    rows = [row if target == "first" else [*row[1:], row[0]] for row in rows]
    header = ["y", "a", "b"] if target == "first" else ["a", "b", "y"]
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n")
    model = sm.fit(str(path), target="y", epochs=2)
    assert sorted(model.classes) == sorted(labels)
    kept = pd.read_csv(path, dtype=str, keep_default_na=False)["y"].value_counts()
    assert list(model.fit.class_counts) == [int(kept[name]) for name in model.classes]


DIGITS = st.text("0123456789", min_size=1, max_size=25)
BLANK = st.sampled_from(["", "", " ", "\t", "  "])
SPELLING = st.builds(
    "".join,
    st.tuples(
        BLANK,
        st.sampled_from(["", "+", "-"]),
        st.one_of(
            DIGITS,
            st.builds("{}.".format, DIGITS),
            st.builds(".{}".format, DIGITS),
            st.builds("{}.{}".format, DIGITS, DIGITS),
        ),
        st.sampled_from(["", "", "e5", "E-07", "e+12", "e0"]),
        BLANK,
    ),
)


@settings(max_examples=300)
@given(st.lists(SPELLING, min_size=1, max_size=30), st.sampled_from([".", ","]))
def test_numbers_are_the_nearest_however_they_are_spelled(spellings, decimal):
    text = "".join(f"{cell.replace('.', decimal)};1;p\n" for cell in spellings)
    dialect = Dialect(header=False, delimiter=";", decimal=decimal)
    source = Delimited([("t.csv", iter([text.encode()]))], dialect)
    (batch,) = source.batches()
    rows = batch.read((Reading.NUMBER, Reading.NUMBER, Reading.LABEL))
    assert [float(cell) for cell in spellings] == rows.number(0).tolist()
