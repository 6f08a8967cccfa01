"""Tables parted in two: the same rows in any form, each record as it stood, nothing written if a part is empty."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.fitting.parting import Parting, copied, drawn, parted, to_part
from smtrain.sources.dialect import Dialect
from smtrain.sources.opening import open_table
from tests.forms.tables import table
from tests.forms.writing import FORMS, write
from tests.problems import held_rows

SAMPLES = Path("sample_data").absolute()
PENGUINS = pd.read_csv(SAMPLES / "penguins.csv")
BOM = b"\xef\xbb\xbf"
DECOMPRESSORS = {"": bytes, "gzip": gzip.decompress, "bz2": bz2.decompress, "xz": lzma.decompress}


def aside(data, dialect=None, piece=None, **how):
    """The mask of the rows of a table that are put aside."""
    dialect = dialect or Dialect()
    first, second = (to_part(open_table(data, dialect, piece=piece), Parting(**how)) for _ in range(2))
    return np.concatenate([mask for _, mask in parted(second, drawn(first, Parting(**how)), threads=2)])


def both(data, dialect=None, piece=None, **how):
    """The bytes of both parts."""
    dialect = dialect or Dialect()
    first, second = (to_part(open_table(data, dialect, piece=piece), Parting(**how)) for _ in range(2))
    outputs = io.BytesIO(), io.BytesIO()
    copied(second, drawn(first, Parting(**how)), outputs)
    return outputs[0].getvalue(), outputs[1].getvalue()


# Which rows


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=60).filter(lambda y: max(map(y.count, y)) > 1),
    st.integers(0, 5),
    st.sampled_from([0.2, 0.25, 0.5, 0.9]),
)
def test_a_share_of_each_class_is_drawn_as_for_validation(y, seed, share):
    codes = np.unique(y, return_inverse=True)[1]
    expected = held_rows(codes, np.ones(len(y)), share, seed, size=1024)
    frame = pd.DataFrame({"x": 1, "y": [f"k{k}" for k in y]})
    if not expected.any():
        with pytest.raises(sm.DataError, match="none can be put aside"):
            aside(frame, share=share, seed=seed)
    else:
        np.testing.assert_array_equal(aside(frame, share=share, seed=seed), expected)


@pytest.mark.parametrize("rows", [1023, 1024, 1025, 5000])
def test_many_rows_weights_and_gaps(rows, tmp_path):
    rng = np.random.default_rng(rows)
    y, w = rng.integers(0, 12, rows), rng.integers(0, 3, rows)
    labels = np.where(rng.random(rows) < 0.1, "", y.astype(str))
    pd.DataFrame({"w": w, "y": labels, "x": "long text " * 9}).to_csv(tmp_path / "d.csv", index=False)
    v = np.where(labels == "", 0, w)
    expected = held_rows(y, v, 0.3, 7, size=1024)
    for piece in (None, 3000):
        found = aside(tmp_path / "d.csv", piece=piece, share=0.3, seed=7, target="y", weight="w")
        np.testing.assert_array_equal(found, expected)
    assert not found[v == 0].any()
    assert abs(found.sum() - 0.3 * (v > 0).sum()) <= 1


def test_all_rows_alike_or_by_another_column():
    alike = aside(PENGUINS, stratify=False, share=0.1, seed=3)
    np.testing.assert_array_equal(alike, held_rows(np.zeros(344), np.ones(344), 0.1, 3, size=1024))
    codes = PENGUINS["island"].astype("category").cat.codes
    np.testing.assert_array_equal(
        aside(PENGUINS, stratify="island", target="species"), held_rows(codes, np.ones(344), 0.25, 0, size=1024)
    )
    # A stratum of cells without a text is one like others; rows without a label are none.
    sexes = aside(PENGUINS, stratify="sex", share=0.5)[PENGUINS["sex"].isna()]
    assert sexes.sum() in {5, 6}
    assert not aside(PENGUINS, target="sex", share=0.5)[PENGUINS["sex"].isna()].any()


def test_a_class_of_one_is_trained_on():
    frame = pd.DataFrame({"x": range(9), "y": [*"aaaabbbb", "once"]})
    for seed in range(9):
        assert not aside(frame, share=0.9, seed=seed)[-1]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("labels", ["nasty", "spellings"])
def test_the_same_rows_in_every_form_and_each_as_it_stood(form, labels, tmp_path):
    plain = table("gaps", labels, "split", rows=60)
    frame = pd.DataFrame(plain.rows, columns=plain.header)
    expected = aside(frame, share=0.3, target="kind_of")
    for place in ("first", "last"):
        moved = plain.with_label_at(place)
        data, _ = write(moved.header, moved.rows, form, moved.label, seed=place)
        path, dialect = tmp_path / "d.csv", Dialect(**form.options)
        path.write_bytes(data)
        # The rows of the file, one by one, by Python's csv module.
        text = DECOMPRESSORS[form.compression](data)
        rows = parsed(text, form.delimiter)
        for piece in (1, 40, None):
            parts = both(path, dialect, piece, share=0.3, target="kind_of")
            for part, mask in zip(parts, (~expected, expected), strict=True):
                assert part.startswith(BOM) == form.bom
                assert parsed(part, form.delimiter) == [rows[0], *(rows[1 + i] for i in np.flatnonzero(mask))]
        assert parts == both(path, dialect, 17, share=0.3, target="kind_of")


def parsed(text, delimiter):
    reader = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    return [cells for cells in reader if cells]


CELLS = [b"1", b"2.50", b" 3 ", b'"quoted"', b'"two\nlines"', b'"a\r\nb"', b'"say ""hi"""', b'"x\ry"', b'6" nail', b""]


@pytest.mark.parametrize("ends", [[b"\n"], [b"\r\n"], [b"\r"], [b"\n", b"\r\n", b"\r"]], ids=repr)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("mark", [b"", BOM])
@pytest.mark.parametrize("blanks", [False, True])
@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("quotes", [True, False])
def test_records_are_copied_byte_for_byte(ends, last, mark, blanks, header, quotes, tmp_path):
    chance = random.Random(f"{ends} {last} {blanks}")
    cells = CELLS if quotes else [cell for cell in CELLS if b'"' not in cell]
    bodies = [b",".join([chance.choice(cells), chance.choice(cells), label]) for label in [b"p", b"q", b"r"] * 10]
    records = [body + chance.choice(ends) for body in bodies]
    head = b'"a\nb",b,y' + chance.choice(ends) if quotes else b"a,b,y" + chance.choice(ends)
    head = head if header else b""
    if not last:
        records[-1] = bodies[-1]
    between = [chance.choice([b"", chance.choice(ends) * 2 if blanks else b""]) for _ in records]
    if not last:
        between[-1] = b""
    # A CR at the end of a record and a LF behind it would be one line end.
    between = [
        b"" if one.startswith(b"\n") and record.endswith(b"\r") else one
        for one, record in zip(between, records, strict=True)
    ]
    (tmp_path / "d.csv").write_bytes(mark + head + b"".join(map(bytes.__add__, records, between)))
    for piece in (1, 50, None):
        dialect = Dialect(header=header)
        mask = aside(tmp_path / "d.csv", dialect, piece, share=0.4)
        assert mask.sum() == 12
        train, test = both(tmp_path / "d.csv", dialect, piece, share=0.4)
        assert train == mark + head + b"".join(record for record, out in zip(records, mask, strict=True) if not out)
        assert test == mark + head + b"".join(record for record, out in zip(records, mask, strict=True) if out)


def test_several_files_are_one_table(tmp_path):
    head, rows = "x,y\r\n", [f"{i},{'pq'[i % 2]}" for i in range(30)]
    (tmp_path / "a.csv").write_text(head + "\r\n".join(rows[:11]), newline="")  # its last line has no end
    (tmp_path / "b.csv").write_bytes(BOM + (head + "\r\n".join(rows[11:])).encode())
    (tmp_path / "all.csv").write_text(head + "\r\n".join(rows), newline="")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for seed in range(6):
        parts = [part.removesuffix(b"\r\n") for part in both(files, seed=seed)]
        assert parts == [part.removesuffix(b"\r\n") for part in both(tmp_path / "all.csv", seed=seed)]
    (tmp_path / "b.csv").write_text("x;y\n1;p\n2;q\n")
    with pytest.raises(sm.DataError, match=r'b\.csv: parted by ";", and .*a\.csv by ","'):
        both(files)


# Groups and later values


def test_groups_stay_together_and_their_draw_follows_from_text_and_seed(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"who": rng.integers(0, 60, 800), "y": rng.choice(["a", "b"], 800)})
    mask = aside(frame, by="who", share=0.3)
    assert (pd.Series(mask).groupby(frame["who"]).nunique() == 1).all()
    assert 0.25 <= mask.mean() <= 0.3
    assert (aside(frame, by="who", share=0.3, seed=1) != mask).any()
    frame.to_csv(tmp_path / "d.csv", index=False)
    np.testing.assert_array_equal(aside(tmp_path / "d.csv", by="who", share=0.3, piece=100), mask)
    # Another order of the rows moves no group to the other side.
    order = rng.permutation(800)
    np.testing.assert_array_equal(aside(frame.iloc[order], by="who", share=0.3), mask[order])


def test_rows_without_a_group_and_groups_that_do_not_fit(tmp_path):
    (tmp_path / "d.csv").write_text("g,y\n1,a\n,b\n")
    with pytest.raises(sm.DataError, match=r'd.csv:3: column "g": a row without a group'):
        aside(tmp_path / "d.csv", by="g")
    frame = pd.DataFrame({"g": [1, 1, 2, 2], "y": list("abab")})
    with pytest.raises(sm.DataError, match="no group is so small: the smallest has 2 of 4 rows"):
        aside(frame, by="g", share=0.3)
    assert aside(frame, by="g", share=0.5).sum() == 2
    with pytest.raises(sm.DataError, match="no group is so small"):
        aside(frame.assign(g=1), by="g", share=0.9)


MOMENTS = ["2024-01-05", "2024-01-05 00:00:01", "2024-01-04T23:59", "2024-01-06"]


@pytest.mark.parametrize(
    ("cells", "after", "expected"),
    [
        ([3, 20, 100, -5], "3", [False, True, True, False]),
        (["3.50", "3.5", " 3.6 ", "1e9"], "3.5", [False, False, True, True]),
        (MOMENTS, "2024-01-05", [False, True, False, True]),
        (MOMENTS, "2024-01-05 12:00", [False, False, False, True]),
        ([text.replace("-", "/") for text in MOMENTS], "2024.01.05", [False, True, False, True]),
        (["2024-01-05T10:00Z", "2024-01-05T10:00+02:00"], "2024-01-05T09:00+00:00", [True, False]),
        (pd.to_datetime(["2024-01-05", "2024-01-07"]), "2024-01-05", [False, True]),
    ],
    ids=str,
)
def test_later_rows_are_put_aside(cells, after, expected, tmp_path):
    frame = pd.DataFrame({"when": cells, "y": "a"})
    assert aside(frame, after=after, on="when").tolist() == expected
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.to_parquet(tmp_path / "d.parquet")
    for name in ("d.csv", "d.parquet"):
        assert aside(tmp_path / name, after=after, on="when").tolist() == expected


@pytest.mark.parametrize(
    ("cells", "after", "says"),
    [
        ("1 x", "0", r':3: column "when": cannot be compared: "x"'),
        ("1 ", "0", r':3: column "when": cannot be compared: ""'),
        (
            "2024-01-05 05.01.2024",
            "2024-01-01",
            ':3: .*"05.01.2024"\nhint: after= is a date without a time zone; a date',
        ),
        ("2024-01-05 2024-01-05Z", "2024-01-01", ":3: .*cannot be compared"),
        ("1 2", "last year", "neither a number nor a date"),
        ("1 2", "5", "no row is later"),
        ("1 2", "0", "every row is later"),
    ],
)
def test_values_that_cannot_be_compared(cells, after, says, tmp_path):
    (tmp_path / "d.csv").write_text("when,y\n" + "".join(f"{cell},a\n" for cell in cells.split(" ")))
    with pytest.raises(sm.SmtrainError, match=says):
        both(tmp_path / "d.csv", after=after, on="when")


# Parquet


def test_parquet_keeps_types_metadata_and_index(tmp_path):
    frame = PENGUINS.assign(
        day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(344), "D"),
        small=np.arange(344).astype("int8"),
        sort=PENGUINS["island"].astype("category"),
        binary=[b"\0\xff"] * 344,
    ).set_index(pd.Index(np.arange(344) ** 2, name="key"))
    frame.to_parquet(tmp_path / "p.parquet", row_group_size=50)
    schema = pq.read_schema(tmp_path / "p.parquet")
    mask = aside(PENGUINS, target="species")
    for part, some in zip(both(tmp_path / "p.parquet", target="species"), (~mask, mask), strict=True):
        assert pq.read_schema(io.BytesIO(part)).equals(schema, check_metadata=True)
        pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(part)), frame[some])
    alike = aside(PENGUINS, stratify=False)
    pd.testing.assert_frame_equal(
        pd.read_parquet(io.BytesIO(both(tmp_path / "p.parquet", stratify=False)[1])), frame[alike]
    )


def test_several_parquet_files_have_one_schema(tmp_path):
    files = [tmp_path / name for name in ("a.parquet", "b.parquet")]
    PENGUINS[:100].to_parquet(files[0])
    PENGUINS[100:].to_parquet(files[1])
    mask = aside(PENGUINS, target="species")
    test = pd.read_parquet(io.BytesIO(both(files, target="species")[1]))
    pd.testing.assert_frame_equal(test, PENGUINS[mask].reset_index(drop=True), check_dtype=False)
    pq.write_table(pa.table({"x": pa.array([1], pa.int8()), "y": ["a"]}), files[0])
    pq.write_table(pa.table({"x": pa.array([1], pa.int64()), "y": ["a"]}), files[1])
    with pytest.raises(sm.DataError, match="of other types"):
        both(files, stratify=False, share=0.5)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b", None] * 20).cast(pa.string_view()),
        pa.array([b"a", b"\xff", None] * 20).cast(pa.binary_view()),
        pa.array(["a", "b", None] * 20).cast(pa.large_string()),
        pa.array(["a", "b", None] * 20).dictionary_encode(),
        pa.array([["a"], [], None] * 20),
    ],
    ids=lambda column: str(column.type).split("<")[0],
)
@pytest.mark.parametrize("unlabelled", ["error", "skip"])
def test_parquet_of_every_type_of_text(column, unlabelled, tmp_path):
    whole = pa.table({"x": range(60), "z": column, "y": ["p", "q", "", "p"] * 15})
    pq.write_table(whole, tmp_path / "d.parquet")
    parts = [pq.read_table(io.BytesIO(part)) for part in both(tmp_path / "d.parquet", unlabelled=unlabelled)]
    assert all(part.schema.equals(whole.schema) for part in parts)
    rows = sorted(row for part in parts for row in part["x"].to_pylist())
    assert rows == [i for i in range(60) if unlabelled == "error" or i % 4 != 2]
    assert all(part["z"].to_pylist() == [column[i].as_py() for i in part["x"].to_pylist()] for part in parts)


def test_parquet_of_types_that_have_no_part(tmp_path):
    nested = pa.StructArray.from_arrays([pa.array(["a"] * 60).cast(pa.string_view())], ["u"])
    pq.write_table(pa.table({"z": nested, "y": ["p", "q"] * 30}), tmp_path / "d.parquet")
    with pytest.raises(sm.DataError, match="pyarrow takes no rows") as failure:
        both(tmp_path / "d.parquet")
    assert failure.value.column == "z"


@pytest.mark.parametrize("after", ["2,5", "2"])
def test_numbers_of_a_type_have_no_decimal_comma(after, tmp_path):
    frame = pd.DataFrame({"x": [1.5, 2.25, 2.75, 1e20], "text": ["1,5", "2,25", "2,75", "1e20"], "y": list("abab")})
    frame.to_parquet(tmp_path / "d.parquet")
    mask = [False, False, True, True] if after == "2,5" else [False, True, True, True]
    for on in ("x", "text"):
        assert list(aside(tmp_path / "d.parquet", Dialect(decimal=","), after=after, on=on)) == mask


# The command


def test_the_command_writes_both_parts_and_replaces_nothing(go, tmp_path):
    said = go("split", SAMPLES / "penguins.csv", "-t", "species", "--test", "0.2", "--seed", "4")
    mask = aside(PENGUINS, target="species", share=0.2, seed=4)
    assert said.err == f"train.csv: {(~mask).sum()} rows\ntest.csv: {mask.sum()} rows\n"
    assert said.out == ""
    pd.testing.assert_frame_equal(pd.read_csv("test.csv"), PENGUINS[mask].reset_index(drop=True))
    before = Path("train.csv").read_bytes()
    said = go("split", SAMPLES / "penguins.csv", code=ExitCode.USAGE)
    assert '"train.csv" is there already' in said.err
    assert Path("train.csv").read_bytes() == before
    document = json.loads(go("split", SAMPLES / "penguins.csv", "--force", "--json", "-t", "species").out)
    assert document == {
        "train": {"file": "train.csv", "rows": 258},
        "test": {"file": "test.csv", "rows": 86},
        "rows": 344,
        "seed": 0,
        "skipped": {"unlabelled": 0},
    }
    assert go("split", "train.csv", "--force", code=ExitCode.USAGE).err.startswith("smtrain: error: --output: ")
    go("split", "train.csv", "-o", "further/", "-q", "-t", "species")
    assert len(pd.read_csv("further/train.csv")) + len(pd.read_csv("further/test.csv")) == 258


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.csv.gz", ".csv"), ("a.tsv", ".tsv"), ("a", ".csv"), ("a.parquet", ".parquet"), ("b", ".parquet")],
)
def test_the_parts_end_as_the_table_does(name, ending, go):
    if ending == ".parquet":
        PENGUINS.to_parquet(name)
    else:
        PENGUINS.to_csv(name, index=False, compression="gzip" if name.endswith("gz") else None)
    go("split", name, "-t", "species", "-o", "parts", "-q")
    read = pd.read_parquet if ending == ".parquet" else pd.read_csv
    assert len(read(f"parts/test{ending}")) == 86
    assert sorted(path.name for path in Path("parts").iterdir()) == [f"test{ending}", f"train{ending}"]


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("-", 2, "stdin: split reads the data twice"),
        ("d.csv --test 1", 2, "--test"),
        ("d.csv --test 0.2 --after 3 --on x", 2, "--test and --after exclude each other"),
        ("d.csv --after 3", 2, "--after and --on go together"),
        ("d.csv --on x", 2, "--after and --on go together"),
        ("d.csv --by x --stratify y", 2, "--by and --stratify exclude each other"),
        ("d.csv --by x --after 1 --on x", 2, "--by and --after exclude each other"),
        ("d.csv --stratify x --no-stratify", 2, "exclude each other"),
        ("d.csv --stratify z", 2, '--stratify: there is no column "z"'),
        ("d.csv --stratify w --weight w", 2, "is the weight"),
        ("d.csv --weight y --no-stratify", 3, "not a number"),
        ("d.csv -o d.csv", 2, "is the input"),
        ("d.csv -o one.csv", 2, "cannot make the folder"),
        ("one.csv", 3, "of 1 rows none can be put aside: one of each class must be left"),
        ("one.csv --no-stratify", 3, "of 1 rows none can be put aside: one must be left"),
        ("header.csv", 3, "no rows below the header"),
        ("header.csv --by x", 3, "no rows below the header"),
        ("header.csv --after 1 --on x", 3, "no rows"),
        ("empty.csv", 3, "the file is empty"),
        ("ragged.csv --no-stratify", 3, "ragged.csv:3: 1 cell where the header has 3"),
        ("late.csv --after 0 --on x", 3, "late.csv:40: 1 cell"),
    ],
)
def test_what_cannot_be_parted_leaves_no_file(line, code, says, go):
    Path("d.csv").write_text("x,w,y\n1,1,a\n2,1,a\n3,0,b\n")
    Path("one.csv").write_text("x,w,y\n1,1,a\n")
    Path("header.csv").write_text("x,w,y\n")
    Path("empty.csv").write_text("")
    Path("ragged.csv").write_text("x,w,y\n1,1,a\n2\n")
    Path("late.csv").write_text("x,w,y\n" + "-1,1,a\n1,1,a\n" * 19 + "2\n")
    before = sorted(Path().iterdir())
    said = go("split", *line.split(), code=code)
    assert says in said.err
    assert len(said.err.splitlines()) <= 2
    assert sorted(Path().rglob("t*.csv")) == []
    assert sorted(path for path in Path().iterdir() if path.is_file()) == before


@pytest.mark.parametrize("how", ["-t y", "--by g", "--no-stratify", "--stratify g", "--after 700 --on x", "--weight w"])
def test_rows_without_a_label_are_in_neither_part(how, go):
    """As if they were not in the file, whatever is in them, in a table of more rows than are shuffled together."""
    rows = [f"{i},{i % 5},{1 + i % 3},{'ab'[i % 7 > 2]}\n" for i in range(1400)]
    junk = ["Total,,many,\n", '"2",new,"",NA\n', '"a\nb",c,-1,"  "\n']
    mixed = [line for i, row in enumerate(rows) for line in ([junk[i // 6 % 3], row] if i % 6 == 1 else [row])]
    for name, lines in (("clean.csv", rows), ("gaps.csv", mixed)):
        Path(name).write_text("x,g,w,y\n" + "".join(lines))
    go("split", "clean.csv", *how.split(), "-q", "-o", "clean")
    line = ["--na-values", "NA", "--unlabelled", "skip"]
    said = go("split", "gaps.csv", *how.split(), *line, "--json", "-o", "gaps")
    assert said.err == "smtrain: warning: rows skipped: 234 without a label\n"
    assert json.loads(said.out)["skipped"] == {"unlabelled": 234}
    for part in ("train.csv", "test.csv"):
        assert Path("gaps", part).read_bytes() == Path("clean", part).read_bytes()


def test_later_rows_of_a_pipe(go, monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"x,y\n1,a\n5,b\n")
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        go("split", "-", "--after", "3", "--on", "x", "-q")
    assert Path("test.csv").read_bytes() == b"x,y\n5,b\n"


# From Python


def test_from_python_frames_keep_their_index():
    frame = PENGUINS.set_index(PENGUINS.index[::-1] * 7)
    train, test = sm.split(frame, 0.2, target="species", seed=4)
    mask = aside(PENGUINS, target="species", share=0.2, seed=4)
    pd.testing.assert_frame_equal(train, frame[~mask])
    pd.testing.assert_frame_equal(test, frame[mask])
    later = sm.split(frame, after=2008, on="year")[1]
    assert set(later["year"]) == {2009}
    assert len(sm.split(frame, stratify=False)[1]) == 86
    assert sm.split(frame, by="island", test=0.4)[1]["island"].nunique() == 1
    gaps = frame.assign(species=frame["species"].where(np.arange(344) % 7 > 0))
    found = sm.split(gaps, target="species", unlabelled="skip")
    for part, expected in zip(found, sm.split(gaps.dropna(subset="species"), target="species"), strict=True):
        pd.testing.assert_frame_equal(part, expected)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"test": 1}, "test is out of range: 1.0 is not less than 1"),
        ({"test": "a"}, "test must be a share of the rows"),
        ({"test": 0.5, "after": 3}, "test= and after= exclude each other"),
        ({"after": 3}, "after= and on= go together"),
        ({"by": ["a"]}, "by must be the name of a column"),
        ({"stratify": 3.5}, "stratify=: there is no column"),
        ({"seed": -1}, "seed is out of range"),
        ({"unlabelled": "drop"}, 'unlabelled is "drop"'),
        ({"target": "z"}, "target=: there is no column"),
    ],
)
def test_arguments_that_cannot_be(arguments, says):
    with pytest.raises(sm.UsageError, match=says):
        sm.split(PENGUINS, **arguments)


def test_a_target_that_has_no_classes_has_a_way_out(go):
    frame = pd.DataFrame({"x": range(9), "y": range(9)})
    with pytest.raises(
        sm.DataError, match=r"test=0.25: of 9 rows none .*\nhint: a larger share; or stratify=False draws"
    ):
        sm.split(frame)
    frame.to_csv("d.csv", index=False)
    assert "or --no-stratify draws from all rows alike" in go("split", "d.csv", code=ExitCode.DATA).err
    assert len(sm.split(frame, stratify=False)[1]) == 2


def test_other_data_than_frames():
    for data in ("iris.csv", np.zeros((3, 2)), None):
        with pytest.raises(sm.UsageError, match="data must be a DataFrame"):
            sm.split(data)
    with pytest.raises(sm.DataError, match="no rows"):
        sm.split(PENGUINS[:0])


@pytest.mark.parametrize("other", [PENGUINS[:300], pd.concat([PENGUINS] * 2), PENGUINS.assign(species="Dodo")])
def test_a_table_that_changes_between_the_two_readings(other):
    draw = drawn(open_table(PENGUINS, Dialect()), Parting(target="species"))
    with pytest.raises(sm.DataError, match="has changed"):
        list(parted(open_table(other, Dialect()), draw))


@pytest.mark.slow
@pytest.mark.parametrize("how", [["--no-stratify"], ["-t", "y"], ["--by", "g"], ["--after", "5", "--on", "x"]], ids=str)
def test_memory_does_not_grow_with_the_file(how, tmp_path):
    """Two files, the second of them eight times as long: 8 MB and 64 MB."""
    peaks = []
    for times in (1, 8):
        row = "".join(f"{i % 11},{i % 3},{i % 100},{'abc'[i % 3]},{'w' * 60}\n" for i in range(110_000))
        (tmp_path / "d.csv").write_text("x,z,g,y,t\n" + times * row)
        # VmHWM is of this program alone; the peak that getrusage has is that of its parent, too.
        code = "import re, sys\nfrom smtrain.cli.main import run\ncode = run(sys.argv[1:])\n"
        code += "print(int(code), re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
        line = ["split", "d.csv", "-o", "parts", "-q", "--force", "--threads", "2", *how]
        done = subprocess.run(
            [sys.executable, "-c", code, *line], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
        )
        assert done.stdout.startswith("0 "), done.stderr
        peaks.append(int(done.stdout.split()[1]) / 1024)
    assert peaks[1] < peaks[0] + 25, peaks
