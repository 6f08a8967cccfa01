"""The rows of a source, read span after span, are those that one reader finds, wherever the files are cut.

The oracle is the sequential reader, which is read byte by byte as well. Every span goes through a pickle, as to another
process.
"""

import gzip
import os
import pickle
import random
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.fitting.arguments import config_of
from smtrain.fitting.blocks import read_block
from smtrain.fitting.roles import roles_of
from smtrain.fitting.summary import Summary
from smtrain.sources import ranges, records
from smtrain.sources.delimited import Delimited
from smtrain.sources.files import File
from smtrain.sources.interface import Reading
from smtrain.sources.opening import open_table
from smtrain.sources.table import Table
from tests.test_learning_sums import added, drawn
from tests.test_learning_sums import told as summary_told
from tests.test_learning_sums import written as write_table

LINES = b"n,w,y\n1,red,p\n2,blue,q\n,NA,p\n"
LATIN = b"n,w,y\n1,\xe9,p\n2,\xe9\xe9,q\n"
QUOTED = b'n,w,y\n1,"two\nlines",p\n2,"in ""side""",q\n3,"a,b",p\n4,"""",q\n"5","\n\n","p"\n'
HOSTILE = {
    "plain": LINES,
    "no last line end": LINES[:-1],
    "CRLF": LINES.replace(b"\n", b"\r\n"),
    "CRLF, no last line end": LINES.replace(b"\n", b"\r\n")[:-2],
    "CR": LINES.replace(b"\n", b"\r"),
    "CR, no last line end": LINES.replace(b"\n", b"\r")[:-1],
    "mixed line ends": b"n,w,y\r1,red,p\r\n2,blue,q\n\r3,NA,p\r\r4,x,q\n\n5,x,p\r\n\r\n",
    "blank lines": b"\n\n\r\nn,w,y\n\n1,red,p\n\n\n2,blue,q\r\n\r\n\n",
    "quoted": QUOTED,
    "quoted, CRLF": QUOTED.replace(b"\n", b"\r\n"),
    "quoted, CR": QUOTED.replace(b"\n", b"\r"),
    "quoted, no last line end": QUOTED[:-1],
    "a quote that closes at the end": b'n,w,y\n1,a,p\n2,b,"\nq\n"',
    "lines in quotes that look like records": b'n,w,y\n1,"\n2,b,q\n3,c,p\n""\n",r\n4,"d\n5,e"",q\n",p\n',
    "quotes in plain cells": b'n,w,y\n1,re"d,p\n2,b"l""ue,q\n3,"",p\n',
    "byte order mark": b"\xef\xbb\xbf" + LINES,
    "byte order marks inside": b"\xef\xbb\xbfn,w,y\n1,\xef\xbb\xbfa,p\n\xef\xbb\xbf2,b,q\n",
    "one column": b'y\np\n\n""\nq\n"a\nb"\n\n',
    "characters of several bytes": 'n,w,y\n1,é,p\n2,"日本\n語",q\n3,𝄞,é\n'.encode(),
    "not UTF-8": LINES + LATIN[6:],
    "not UTF-8, in quotes": QUOTED + b'6,"\n\xe9\n",q\n',
    "NUL": LINES + b'3,"\n\0",p\n4,x,q\n',
    "unclosed quote": QUOTED + b'6,"x,p\n7,y,q\n8,z,p\n',
    "ragged": QUOTED + b'6,x,q\n7,"\n",p,q\n8,x,q\n',
    "text after a quote": QUOTED + b'6,"x"y,q\n7,"\n"z,p\n',
    "blank before a quote": QUOTED + b'6, "x",q\n7,"\n",p\n',
    "not a number": QUOTED + b'6,x,q\n"\nseven",y,p\n8,z,q\n',
    "header only": b"n,w,y\n",
    "header only, no line end": b"n,w,y",
    "header in quotes": b'n,"w\n1,2,3\n",y\n1,red,p\n2,blue,q\n',
    "the header inside": QUOTED + b"n,w,y\n6,x,q\n",
    "units": b"n,w,y\n[cm],[kg],\n1,2,a\n2,3,b\n",
    "tabs": QUOTED.replace(b",", b"\t"),
    "several files": (QUOTED, LINES.replace(b"\n", b"\r\n")[:-2], b"\xef\xbb\xbf\n" + QUOTED),
    "files of two delimiters": (LINES, QUOTED.replace(b",", b"\t")),
    "an empty file behind": (LINES, b"", LINES),
    "a file without rows between": (QUOTED, b"n,w,y", LINES),
    "a fault before another header": (QUOTED + b"6,x\n", b"n,v,y\n1,red,p\n"),
    "another header": (QUOTED, b"n,v,y\n1,red,p\n", LINES),
    "a compressed file between": (QUOTED, gzip.compress(LINES), QUOTED),
    "another format behind": (LINES, "n,w,y\n".encode("utf-16")),
}
NO_HEADER = {
    "no header": b'1,red,p\n2,"x\ny",q\n',
    "no header, blank lines": b'\r\n\n1,red,p\n2,"x\ny",q\n',
    "no header, byte order marks": b'\xef\xbb\xbf\xef\xbb\xbf1,red,p\n2,"x\ny",q\n',
    "no header, quoted first": b'"1\n",red,p\n2,"x\ny",q\n',
    "no header, another width behind": (b"1,red,p\n", b"2,q\n"),
}
FRAME = pd.DataFrame(
    {
        "n": [None, *np.arange(1, 40) / 4],
        "w": [["red", "blue", None][i % 3] for i in range(40)],
        "late": [None] * 20 + ["x"] * 20,
        "y": ["p", "q"] * 20,
    }
)
SOUP = ["a", "1", ",", ",", '"', '"', '"', "\n", "\n", "\r", "\r\n", " ", "é", ",b\n", '"\n']


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder, contents):
    names = [f"{k}.csv" for k, _ in enumerate(contents)]
    for name, content in zip(names, contents, strict=True):
        (folder / name).write_bytes(content)
    return names


def readings_of(table):
    """One number, then texts, then a label."""
    width = len(table.names)
    return (*(Reading.TEXT if i else Reading.NUMBER for i in range(width - 1)), Reading.LABEL)


def cells_of(rows):
    columns = [
        [None if code < 0 else rows.texts(i).levels[code] for code in rows.texts(i).codes]
        if rows.is_text(i)
        else rows.number(i).astype(str).tolist()
        for i, _ in enumerate(rows.readings)
    ]
    return list(zip([rows.place(i) for i in range(rows.count)], *columns, strict=True))


def said_of(error):
    return type(error), error.message, error.hint, vars(error).get("source"), vars(error).get("line")


def told(table):
    """The rows of a table with their places, and what is said at its end, if anything."""
    found = []
    try:
        for rows in table.rows(readings_of(table)):
            found += cells_of(rows)
    except sm.SmtrainError as error:
        return found, said_of(error)
    return found, None


def elsewhere(function, things):
    """How another process computes."""
    function = pickle.loads(pickle.dumps(function))
    return [pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(thing))))) for thing in things]


class SpanReader:
    """Reads spans one after another, each but once: most of them come again for other sizes."""

    def __init__(self):
        self.known = {}

    def told(self, spans):
        found = []
        for span in spans:
            if span not in self.known:
                self.known[span] = told(Table(pickle.loads(pickle.dumps(span)).open()))
            rows, error = self.known[span]
            found += rows
            if error is not None:
                return found, error
        return found, None


def without_hint(told):
    rows, error = told
    return rows, error and (*error[:2], *error[3:])


def told_by_one_reader(names, dialect):
    """The oracle; over single bytes and records it tells the same, but sees too few lines for most hints."""
    whole = told(open_table(names, dialect))
    bytewise = [(name, (bytes([byte]) for chunk in File(name, name) for byte in chunk)) for name in names]
    assert without_hint(told(Table(Delimited(bytewise, dialect, piece=1)))) == without_hint(whole)
    return whole


def check_all_sizes(names, dialect, sizes):
    """Spans of all sizes tell what the sequential reader tells; how many spans there are at most."""
    expected = told_by_one_reader(names, dialect)
    table, reader, most = open_table(names, dialect), SpanReader(), 0
    for size in sizes:
        spans = table.spans(size, elsewhere)
        assert reader.told(spans) == expected, size
        most = max(most, len(spans))
    return most


def sizes_of(contents):
    return range(1, max(map(len, contents)) + 2)


@pytest.mark.parametrize("name", [*HOSTILE, *NO_HEADER])
def test_spans_of_every_size_tell_what_one_reader_tells(name, here, monkeypatch):
    monkeypatch.setattr(ranges, "FURTHER", 2)
    contents = {**HOSTILE, **NO_HEADER}[name]
    contents = contents if isinstance(contents, tuple) else (contents,)
    check_all_sizes(written(here, contents), sm.Dialect(header=name in HOSTILE), sizes_of(contents))


def soup(chance, header):
    """A file of what means something to a reader; the most of it in records that are right."""
    rows = b"".join(
        chance.choice([b"1,a,p\n", b'2,"x\ny",q\n', b'3,"""\n,",r\r\n', b'4,"\r\n""\n""",s\r', b"\n"])
        if chance.random() < 0.8
        else "".join(chance.choice(SOUP) for _ in range(chance.randint(1, 6))).encode()
        for _ in range(chance.randint(1, 9))
    )
    return header + rows


def check_soup(seed, here, count):
    chance = random.Random(seed)
    for _ in range(count):
        contents = [soup(chance, b"n,w,y\n") for _ in range(chance.choice([1, 1, 2]))]
        check_all_sizes(written(here, contents), sm.Dialect(), sizes_of(contents))


@pytest.mark.parametrize("seed", range(4))
def test_spans_of_generated_files(seed, here):
    check_soup(seed, here, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_spans_of_many_generated_files(seed, here):
    check_soup(seed, here, 40)


def test_spans_are_about_as_long_as_they_are_asked_to_be(here):
    row = b'1,"two\nlines",p\n'
    (name,) = written(here, [b"n,w,y\n" + row * 100])
    spans = open_table(name, sm.Dialect()).spans(160, map)
    assert len(spans) == 10
    assert all(abs(span.text.end - span.text.begin - 160) <= len(row) for span in spans)
    assert check_all_sizes([name], sm.Dialect(), [1]) == 100


@pytest.mark.parametrize("opening", [b"", b'"'])
@pytest.mark.parametrize("length", [25, 26, 27, 28, 40])
def test_a_record_that_is_too_long_is_refused_by_its_span(opening, length, here, monkeypatch):
    for module in (records, ranges):
        monkeypatch.setattr(module, "LONGEST_RECORD", 32)
    long = b"1," + opening + b"x" * (length - len(opening)) + opening + b",p\n"
    contents = [b"n,w,y\n" + b"2,b,q\n" * 2 + long + b"3,c,q\n" * 4]
    check_all_sizes(written(here, contents), sm.Dialect(), sizes_of(contents))


def told_of_usable(table):
    """The rows with a label that can be used, what is said at the end, and how many rows were left out."""
    table.weigh_by(1)
    table.skip_unlabelled(2, ["p", "q"])
    return *told(table), table.skipped.unlabelled, table.skipped.unknown


def test_rows_without_labels_and_wrong_weights_are_those_of_one_reader(here):
    text = b'n,w,y\n1,1,p\n2,"\n1",\n3,2,q\n4,1,z\n5,2,q\nx,"1\n",p\n'
    (name,) = written(here, [text])
    rows, error, unlabelled, unknown = told_of_usable(open_table(name, sm.Dialect(), fitting=True, piece=1))
    assert (len(rows), error[-1], unlabelled, unknown) == (3, 8, 1, 1)
    for size in range(1, len(text)):
        spans = open_table(name, sm.Dialect(), fitting=True).spans(size, map)
        parts = [told_of_usable(Table(span.open())) for span in spans]
        assert [row for part in parts for row in part[0]] == rows
        assert parts[-1][1] == error
        assert (sum(part[2] for part in parts), sum(part[3] for part in parts)) == (unlabelled, unknown)


def learned(tables, config):
    """What is learned of the rows of some tables, each read without a word of the others."""
    parts = []
    for table in tables:
        roles = roles_of(table, config)
        table.weigh_by(roles.weight)
        read = partial(read_block, table=table, roles=roles, before=Summary.of_nothing(roles.kinds))
        parts += [block.summary for block in table.map(read)]
    return parts


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 6])
def test_what_is_learned_of_spans_adds_up_to_what_is_learned_of_the_table(seed, here):
    names, rows, options = drawn(seed)
    path, config, chance = write_table(here, names, rows), config_of(None, options), random.Random(seed)
    table = open_table(path, config.dialect, fitting=True)
    spans = table.spans(chance.choice([30, 100, 4000]), elsewhere)
    parts = learned([Table(pickle.loads(pickle.dumps(span)).open()) for span in spans], config)
    (whole,) = learned([open_table(path, config.dialect, fitting=True, piece=1 << 20)], config)
    assert summary_told(added(chance, parts), names) == summary_told(whole, names)


def test_what_is_in_memory_is_refused():
    data = pd.DataFrame({"x": [1, 2]})
    with pytest.raises(sm.UsageError, match="memory of this process") as caught:
        open_table(data, sm.Dialect()).spans(100, map)
    assert "give their paths" in caught.value.hint


@pytest.mark.parametrize("others", [[], ["0.csv"]])
def test_a_pipe_is_refused(others, here):
    written(here, [LINES])
    os.mkfifo("pipe.csv")
    threading.Thread(target=(here / "pipe.csv").write_bytes, args=(LINES,)).start()
    table = open_table(["pipe.csv", *others], sm.Dialect())
    with pytest.raises(sm.UsageError, match=r"pipe\.csv: .* pipe") as caught:
        table.spans(100, map)
    assert "write it to a file" in caught.value.hint


def test_standard_input_is_refused_behind_a_file(here):
    (name,) = written(here, [LINES])
    with pytest.raises(sm.UsageError, match=r"stdin: .* pipe"):
        open_table([name, "-"], sm.Dialect()).spans(100, map)


@pytest.mark.parametrize("change", [b"", LINES + b"3,x,q\n", None])
def test_a_file_that_is_another_one_where_it_is_read(change, here):
    """Found while records are looked for, and later when they are read."""
    (name,) = written(here, [LINES])
    table = open_table(name, sm.Dialect())
    spans = table.spans(8, map)

    def changed(function, things):
        (here / name).unlink() if change is None else (here / name).write_bytes(change)
        return map(function, things)

    with pytest.raises(sm.SmtrainError, match=r"cannot read|has changed"):
        table.spans(8, changed)
    rows, error = told(Table(spans[1].open()))
    assert not rows
    assert "No such file" in error[1] or "has changed" in error[1]


@pytest.mark.parametrize("behind", ["missing.csv", "."])
def test_a_later_file_that_cannot_be_read_is_refused_in_its_turn(behind, here):
    names = [*written(here, [QUOTED]), behind]
    expected = told_by_one_reader(names, sm.Dialect())
    assert expected[0]
    assert expected[1][1].startswith("cannot read")
    check_all_sizes(names, sm.Dialect(), [1, 20, 1000])


def test_another_python_opens_spans(here):
    written(here, [LINES])
    FRAME.to_parquet("t.parquet", row_group_size=10)
    spans = [span for name in ("0.csv", "t.parquet") for span in open_table(name, sm.Dialect()).spans(1, map)]
    (here / "spans").write_bytes(pickle.dumps(spans))
    code = "import pickle; print([len(list(s.open().batches())) for s in pickle.load(open('spans', 'rb'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([1] * 7)


def test_a_span_is_read_from_another_folder(here, monkeypatch):
    (name,) = written(here, [QUOTED])
    expected = told(open_table(name, sm.Dialect()))
    spans = open_table(name, sm.Dialect()).spans(1, elsewhere)
    monkeypatch.chdir("/")
    assert SpanReader().told(spans) == expected


# ---- Parquet ----


def told_of_parquet(tables):
    """The rows of several tables, one after another."""
    found = [told(table) for table in tables]
    assert [error for _, error in found if error] == []
    return [row for rows, _ in found for row in rows]


@pytest.mark.parametrize("group", [3, 7, 40, 100])
def test_spans_of_parquet_files_tell_what_one_reader_tells(group, here, monkeypatch):
    FRAME.to_parquet("a.parquet", row_group_size=group)
    FRAME.iloc[:0].astype({"late": object}).to_parquet("b.parquet")
    FRAME.iloc[20:].to_parquet("c.parquet", row_group_size=group)
    table = open_table(["a.parquet", "b.parquet", "c.parquet"], sm.Dialect())
    expected = told_of_parquet([open_table(["a.parquet", "b.parquet", "c.parquet"], sm.Dialect())])
    cuts = {size: pickle.dumps(table.spans(size, elsewhere)) for size in (1, 300, 900, 1 << 20)}
    monkeypatch.chdir("/")
    for cut in cuts.values():
        spans = pickle.loads(cut)
        opened = [Table(span.open()) for span in spans]
        assert told_of_parquet(opened) == expected
        assert {tuple(one.kind(i) for i in range(4)) for one in opened} == {tuple(table.kind(i) for i in range(4))}
        assert sum(one.bytes_read for one in opened) <= sum((here / f"{n}.parquet").stat().st_size for n in "abc")
    assert max(len(told(Table(span.open()))[0]) for span in pickle.loads(cuts[1])) == min(group, 40)
    assert len(pickle.loads(cuts[1 << 20])) == 2


def test_kinds_are_told_by_files_before_the_span(here):
    """A column without values in the first file is of words in the second, and in a span of the third too."""
    none = pd.DataFrame({"x": [None, None], "z": [1.0, 2.0], "y": ["p", "q"]})
    for name, frame in {"a": none, "b": none.assign(x=["u", "v"]), "c": none}.items():
        frame.to_parquet(f"{name}.parquet")
    table = open_table(["a.parquet", "b.parquet", "c.parquet"], sm.Dialect())
    spans = table.spans(1, elsewhere)
    assert [Table(span.open()).kind(0) for span in spans] == [Reading.TEXT] * 3


def test_an_error_in_a_span_has_the_row_of_the_file(here):
    frame = FRAME.assign(n=["1"] * 33 + ["seven"] + ["1"] * 6)
    frame.to_parquet("t.parquet", row_group_size=4)
    readings = (Reading.NUMBER, *[Reading.SKIP] * 2, Reading.LABEL)

    def said(table):
        with pytest.raises(sm.DataError) as caught:
            list(table.rows(readings))
        return said_of(caught.value)

    spans = open_table("t.parquet", sm.Dialect()).spans(1, map)
    error = said(Table(spans[8].open()))
    assert error == said(open_table("t.parquet", sm.Dialect()))
    assert error[-1] == 34


def test_a_column_that_was_not_asked_for_is_looked_up_in_its_span(here):
    FRAME.to_parquet("t.parquet", row_group_size=4)
    spans = open_table("t.parquet", sm.Dialect()).spans(1, map)
    (rows,) = Table(spans[3].open()).rows((Reading.NUMBER, Reading.SKIP, Reading.SKIP, Reading.LABEL))
    assert [rows.cell(i, 1) for i in range(4)] == list(FRAME["w"][12:16].fillna(""))


def test_a_parquet_file_that_is_another_one_where_it_is_read(here):
    FRAME.to_parquet("t.parquet", row_group_size=4)
    span = open_table("t.parquet", sm.Dialect()).spans(1, map)[3]
    FRAME.iloc[:9].to_parquet("t.parquet", row_group_size=4)
    assert "has changed" in told(Table(span.open()))[1][1]


def test_learned_of_spans_of_a_parquet_file(here):
    FRAME.to_parquet("t.parquet", row_group_size=3)
    config = config_of(None, {"target": "y"})
    table = open_table("t.parquet", config.dialect, fitting=True)
    parts = learned([Table(span.open()) for span in table.spans(200, map)], config)
    whole = learned([open_table("t.parquet", config.dialect, fitting=True)], config)
    assert summary_told(added(random.Random(0), parts), table.names) == summary_told(whole[0], table.names)
