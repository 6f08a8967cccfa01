"""Files that are nearly a table, and words that are nearly a name: the message says what to do."""

import csv
import gzip
import re
import shlex
import shutil
import subprocess
import tarfile
import unicodedata
import zipfile

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smtrain as sm
from smtrain.errors import DataError, ExitCode
from smtrain.sources.hints import Beginning, advise, first_lines
from tests.cli import smtrain

BODY = "x,z,y\n1,2,a\n2,3,b\n3,1,a\n"


def separated(delimiter, body=BODY):
    return body.replace(",", delimiter)


TABLES = {
    "pipe": (separated("|"), "--delimiter pipe"),
    "caret": (separated("^"), "--delimiter '^'"),
    "tilde": (separated("~"), "--delimiter '~'"),
    "colon": (separated(":"), "--delimiter ':'"),
    "blank": (separated(" "), "--delimiter space"),
    "a comma in a name of a semicolon file": ("a, b;z;y\n1;2;a\n2;3;b\n3;1;a\n", "--delimiter semicolon"),
    "a comma in a name of a tab file": ("a, b\tz\ty\n1\t2\ta\n2\t3\tb\n3\t1\ta\n", "--delimiter tab"),
    "quoted cells": ('"x"|"z"|"y"\n"1"|"2"|"a|b"\n"2"|"3"|"b"\n', "--delimiter pipe"),
    "aligned": ("x    z  y\n1   20  a\n2    3  b\n", "several blanks"),
    "aligned to the right": ("   x  z y\n   1  2 a\n  20 13 b\n", "several blanks"),
    "encoding": ("UTF-8\n" + BODY, "tail -n +2"),
    "comment": ("# made by hand, in May\n" + BODY, "tail -n +2"),
    "title with commas": ("Report of sales,,\n" + BODY, "tail -n +2"),
    "titles": ("Report\nof sales; 2024\n\n" + BODY, "tail -n +4"),
    "title above semicolons": ("Report\n" + separated(";"), "tail -n +2"),
    "excel": ("sep=;\r\n" + separated(";"), "tail -n +2"),
    "excel, commas": ("sep=,\n" + BODY, "tail -n +2"),
    "excel, a pipe": ('"sep=|"\n' + separated("|"), "tail -n +2"),
    "units": ("x,z,y\n[cm],[kg],\n1,2,a\n2,3,b\n", "sed 2d"),
    "units without brackets": ("x,z,y\ncm,kg,kind\n1,2,a\n2,3,b\n", "sed 2d"),
    "units of one column": ("x,y\n(cm),\n1,a\n2,b\n", "sed 2d"),
    "row names": ('"len","wid","kind"\n"1",1,2.5,"a"\n"2",2,3.5,"b"\n"3",3,1.5,"a"\n', "R writes row names"),
    "row names in words": ("mpg\tcyl\nMazda RX4\t21\t6\nDatsun 710\t22\t4\n", "R writes row names"),
    "row names between blanks": ('"len" "wid" "kind"\n"1" 1 2.5 "a"\n"2" 2 3.5 "b"\n', "R writes row names"),
    "a long preamble": ("".join(f"# setting {i}: {i}, on\n" for i in range(12)) + BODY, "tail -n +13"),
    "a title above words": ("Animals\nsize,kind\nbig,dog\nsmall,cat\nbig,cow\n", "tail -n +2"),
    "markdown": ("| x | y |\n|---|---|\n| 1 | a |\n| 2 | b |\n", "psql --csv"),
    "psql": (" x | y \n---+---\n 1 | a\n 2 | b\n", "psql --csv"),
    "mysql": ("+---+---+\n| x | y |\n+---+---+\n| 1 | a |\n", "psql --csv"),
    "two colons": ("x::z::y\n1::2::a\n2::3::b\n", "sed 's/::/|/g'"),
    "wide commas": ("x\uff0cz\uff0cy\n1\uff0c2\uff0ca\n2\uff0c3\uff0cb\n", "one character of ASCII"),
    "Hive": (separated("\x01"), "--delimiter $'"),
    "a comma at the end of the header too": ("x,z,y,\n1,2,a,\n2,3,b,\n", "sed 's/,\\r*$//'"),
    "a pipe at the end": ("x|z|y|\n1|2|a|\n2|3|b|\n", "--delimiter pipe"),
    "a comma at the end": ("x,z,y\n1,2,a,\n2,3,b,\n", 'every row ends in ","'),
    "a row of numbers and words": (
        "39,State-gov,0,0,<=50K\n50,Private,0,0,<=50K\n38,Private,0,0,>50K\n",
        "--no-header",
    ),
    "a row of words": ("p,x,s,x,n\ne,x,s,y,n\np,b,s,x,n\ne,x,y,y,p\n", "--no-header"),
    "a row with a missing cell": ("5.1,,1.4,setosa\n4.9,3.0,1.4,virginica\n", "--no-header"),
    "a header with a name twice": ("x,x,y\n1,2,a\n2,3,b\n", "rename one of them"),
    "a header with a blank name": ("x,,y\n1,2,a\n2,3,b\n", "name it in the header"),
    "decimal commas": ("x;z;y\n1;1,5;a\n2;2,5;b\n", "--decimal ,"),
    "one long row": ("x,z,y\n1,2,a\n2,3,b,c\n", "a cell with a delimiter inside"),
    "a bad cell in the second row": ("x,z,y\n1,?,a\n2,3,b\n2,4,b\n", "--na-values '?'"),
    "one column of words for a number": ("x,y\n?,a\n2,b\n3,b\n", "--na-values '?'"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("text", "words"), TABLES.values(), ids=TABLES)
def test_what_is_nearly_a_table_has_its_hint(text, words, end, go, tmp_path):
    (tmp_path / "t.csv").write_bytes(text.replace("\r\n", "\n").replace("\n", end).encode())
    said = go("fit", "t.csv", code=ExitCode.DATA).err
    error, hint = said.splitlines()
    assert error.startswith("smtrain: error: t.csv")
    assert hint.startswith("hint: ")
    assert words in hint
    assert words in "".join(go("doctor", "t.csv", code=None))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (separated("|"), ["--delimiter", "pipe"]),
        (separated(" "), ["--delimiter", "space"]),
        (separated("\t"), ["--delimiter", "tab"]),
        (separated(";"), ["--delimiter", "semicolon"]),
        (BODY, ["--delimiter", "comma"]),
        (separated("^"), ["--delimiter", "^"]),
    ],
)
def test_delimiters_have_words(text, options, go, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "plain.csv").write_text(BODY)
    go("fit", "t.csv", "-q", *options)
    assert go("predict", "t.csv").out == go("predict", "t.csv").out
    assert list(sm.predict(sm.load("model.npz"), "t.csv")) == list(sm.predict(sm.fit("plain.csv"), "plain.csv"))


def test_a_word_that_is_no_delimiter_has_the_list_of_those_that_are(go):
    said = go("fit", "t.csv", "--delimiter", "blank", code=ExitCode.USAGE).err
    assert all(word in said for word in ("comma", "semicolon", "tab", "space", "pipe"))


def test_the_model_says_how_it_reads(go, tmp_path):
    (tmp_path / "t.csv").write_text(BODY)
    go("fit", "t.csv", "-q")
    for delimiter in "|^ ":
        (tmp_path / "new.csv").write_text(separated(delimiter))
        said = go("predict", "new.csv", code=ExitCode.MODEL).err
        assert "between them, and the model reads" in said
        assert "--delimiter" not in said
    (tmp_path / "new.csv").write_text("A title\n" + BODY)
    assert "tail -n +2" in go("predict", "new.csv", code=ExitCode.MODEL).err


# Other formats


def archive(path, member):
    with zipfile.ZipFile(path, "w") as found:
        found.writestr(member, "x")


def test_a_file_of_another_format_is_named(go, tmp_path):
    archive("t.xlsx", "[Content_Types].xml")
    archive("t2.xlsx", "xl/workbook.xml")
    archive("t.ods", "mimetype")
    archive("t.zip", "t.csv")
    formats = {
        "t.xlsx": ("an Excel workbook", "save it as CSV"),
        "t2.xlsx": ("an Excel workbook", "save it as CSV"),
        "t.ods": ("an OpenDocument file", "save it as CSV"),
        "t.zip": ("a zip archive", "unzip"),
        "t.jsonl": ("JSON lines", "lines=True"),
        "t.json": ("JSON", "pandas.read_json"),
        "t.html": ("a web page", "download"),
        "t.xml": ("XML", "CSV"),
        "t.arff": ("an ARFF file", "@data"),
        "t.svm": ("LIBSVM text", "load_svmlight_file"),
        "t.pickle": ("a Python pickle", "to_csv"),
    }
    (tmp_path / "t.jsonl").write_text('{"x": 1, "y": "a"}\n{"x": 2, "y": "b"}\n')
    (tmp_path / "t.json").write_text('[\n {"x": 1, "y": "a"}\n]\n')
    (tmp_path / "t.html").write_text("\n<!DOCTYPE html>\n<html>,</html>\n")
    (tmp_path / "t.xml").write_text('<?xml version="1.0"?>\n<a/>\n')
    (tmp_path / "t.arff").write_text("% title\n\n@RELATION iris\n@data\n1,2\n")
    (tmp_path / "t.svm").write_text("1 1:0.5 3:0.3\n-1 2:0.2 4:1e-1\n")
    pd.DataFrame({"x": [1]}).to_pickle("t.pickle")
    for name, packed in (("t.tar", ""), ("t.tgz", "gz"), ("t.tbz", "bz2"), ("t.txz", "xz")):
        with tarfile.open(name, f"w:{packed}") as found:
            found.add("t.xml")
        formats[name] = ("a tar archive", "unpack it first")
    for name, (what, hint) in formats.items():
        for path in [name] if name.startswith("t.t") else [name, f"{name}.gz"]:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
            said = go("fit", path, code=ExitCode.DATA).err
            assert f"this is {what}, not CSV" in said
            assert hint in said


@pytest.mark.parametrize("text", ["{x},[y]\n1,a\n2,b\n", "[cm],y\n1,a\n2,b\n", "<a>,y\n1,a\n2,b\n", "%,y\n1,a\n2,b\n"])
def test_names_in_brackets_are_no_other_format(text, go, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    go("fit", "t.csv", "-q")


def test_a_model_where_data_belong_and_data_where_a_model_belongs(go, tmp_path):
    (tmp_path / "t.csv").write_text(BODY)
    go("fit", "t.csv", "-q")
    for line in (["predict", "model.npz"], ["evaluate", "model.npz"], ["doctor", "model.npz"]):
        assert "a model is given with -m" in go(*line, code=ExitCode.DATA).err
    for line in (["predict", "t.csv", "-m", "t.csv"], ["show", "t.csv"], ["compare", "t.csv", "model.npz", "t.csv"],
                 ["verify", "t.csv", "model.npz"], ["fit", "t.csv", "--init", "t.csv", "-o", "m"]):  # fmt: skip
        assert "this looks like data" in go(*line, code=ExitCode.MODEL).err
    shutil.copy("model.npz", "cut.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "model.npz").read_bytes()[:-9])
    assert "data" not in go("show", "cut.npz", code=ExitCode.MODEL).err


# Names


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("Y", 'did you mean "y"?'),
        (" kind of ", 'did you mean "Kind_of"?'),
        ("sepal lenght", 'did you mean "Sepal.Length"?'),
        ("lsat", 'did you mean "last"?'),
        ("nume\u0301ro", "the same text in another Unicode form: NFC, here NFD"),
        ("price", "the columns are"),
    ],
)
@pytest.mark.parametrize("option", ["--target", "--drop", "--weight", "--categorical"])
def test_a_column_that_is_not_there_may_have_another_name(option, asked, hint, go, tmp_path):
    (tmp_path / "t.csv").write_text("y,Kind_of,Sepal.Length,num\u00e9ro,last\n1,a,2,3,u\n2,b,3,4,v\n", "utf-8")
    assert hint in go("fit", "t.csv", option, asked, code=ExitCode.USAGE).err


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_another_unicode_form_are_told(form, go, tmp_path):
    text = "num\u00e9ro,ville,\u00e9\n" + "1,Orl\u00e9ans,a\n2,N\u00eemes,b\n3,N\u00eemes,b\n"
    (tmp_path / "t.csv").write_text(unicodedata.normalize("NFC" if form == "NFD" else "NFD", text), "utf-8")
    (tmp_path / "new.csv").write_text(unicodedata.normalize(form, text), "utf-8")
    go("fit", "t.csv", "-q")
    for command in ("predict", "evaluate"):
        said = go(command, "new.csv", code=ExitCode.MODEL).err
        assert f"the same text in another Unicode form: {form}" in said


def test_doctor_tells_of_texts_that_look_alike(go, tmp_path):
    one, other = "Orl\u00e9ans", "Orle\u0301ans"
    rows = "".join(f"{i % 5},{town},{label}\n" for i, (town, label) in enumerate([(one, "p"), (other, "q")] * 6))
    (tmp_path / "t.csv").write_text("x,town,y\n" + rows, "utf-8")
    assert "warning  SM416 t.csv:2: town: texts that look alike" in go("doctor", "t.csv").out
    (tmp_path / "t.csv").write_text("x,town,y\n" + rows.replace(one, "N\u00eemes"), "utf-8")
    assert "in NFC" in go("doctor", "t.csv").out
    (tmp_path / "t.csv").write_text("x,town,y\n" + rows.replace(other, "N\u00eemes"), "utf-8")
    assert "NFC" not in go("doctor", "t.csv").out


def test_a_class_that_is_not_there_may_have_another_name(go, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,Setosa\n2,Virginica\n3,Setosa\n")
    go("fit", "t.csv", "-q")
    hint = 'did you mean "Setosa"?'
    assert hint in go("fit", "t.csv", "--class-weight", "setosa=2", "-o", "m", code=ExitCode.USAGE).err
    assert hint in go("show", "--reference", "setosa ", code=ExitCode.USAGE).err
    assert hint in go("evaluate", "t.csv", "--fail-if", "recall[Sestosa]<1", code=ExitCode.USAGE).err


def test_class_weights_show_their_form(go, tmp_path):
    (tmp_path / "t.csv").write_text('x,y\n1,"Bern, BE"\n2,Uri\n3,Uri\n')
    said = go("fit", "t.csv", "--class-weight", "Bern, BE=2", code=ExitCode.USAGE).err
    assert """'"Bern, BE=2",Uri=3'""" in said
    go("fit", "t.csv", "-q", "--class-weight", '"Bern, BE=2",Uri=3')


def test_smtrain_alone_prints_its_help():
    alone = smtrain()
    assert alone.stdout == smtrain("--help").stdout
    assert alone.stderr == ""


# Whatever a file begins with

LINE = st.text('ab1 ,;|"=\t^#[]', max_size=12)


@settings(max_examples=500, deadline=None)
@given(st.lists(LINE, max_size=8).map("\n".join), st.sampled_from(",;\t |"), st.booleans(), st.integers(1, 4))
def test_any_beginning_is_looked_at_without_an_error(text, delimiter, header, line):
    error = DataError("what", source="t.csv", line=line, hint="hint")
    advise(error, Beginning(first_lines(text, 1), delimiter, ".", header, True))
    assert error.hint is not None
    assert len(error.hint) < 300


def test_check_tells_of_texts_that_look_alike(go, tmp_path):
    text = "nume\u0301ro,ville,y\n" + "1,Orle\u0301ans,a\u0308\n2,Nantes,b\n3,Nantes,b\n"
    (tmp_path / "t.csv").write_text(text, "utf-8")
    (tmp_path / "new.csv").write_text(unicodedata.normalize("NFC", text), "utf-8")
    go("fit", "t.csv", "-q")
    said = go("check", "new.csv", code=ExitCode.CHECK).out
    assert said.count("the same text in another Unicode form") == 3
    (tmp_path / "new.csv").write_text("nume\u0301ro,ville,y\n1,3,a\u0308\n2,4,b\n", "utf-8")
    go("fit", "new.csv", "-q", "--categorical", "ville")
    (tmp_path / "new.csv").write_text("nume\u0301ro,ville,y\n1,3.0,a\u0308\n2,4.0,b\n", "utf-8")
    assert 'there is "3", the same number written otherwise' in go("check", "new.csv", code=ExitCode.CHECK).out


# Hints that are followed


def options_of(hint, option):
    """The value that a hint gives to an option, as a shell hands it on."""
    return [option, next(words_of(hint.split(option, 1)[1]))]


def words_of(line):
    words = shlex.shlex(line, posix=True)
    words.whitespace_split, words.commenters = True, ""
    return words


NAMES = ["a,b", 'say "x"', '"', " a", "it's, so", "a,"]


def table_file(path, records):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(records)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("word", ["?,", '"?"', "n , a", "'", ","])
def test_names_and_texts_in_hints_are_values_of_their_options(name, word, go, tmp_path):
    rows = [[str(i % 7), "pqr"[i % 3]] for i in range(40)]
    table_file(tmp_path / "t.csv", [[name, "y"], *rows, [word, "q"]])
    hint = go("fit", "t.csv", code=ExitCode.DATA).err.splitlines()[1]
    found = next(line for line in go("doctor", "t.csv", code=None).out.splitlines() if "--na-values" in line)
    for said in (hint, found):
        go("fit", "t.csv", "-q", *options_of(said, "--na-values"))
        assert sm.load("model.npz").encoder.numeric
        if name == name.strip():
            go("fit", "t.csv", "-q", *options_of(said, "--categorical"))
            assert sm.load("model.npz").encoder.categorical


def test_several_texts_in_a_hint_are_one_value(go, tmp_path):
    rows = [[str(i % 7), "pqr"[i % 3]] for i in range(80)]
    table_file(tmp_path / "t.csv", [["x", "y"], *rows, ["?,", "q"], ["n a", "p"]])
    said = go("doctor", "t.csv", code=None).out.split("--na-values", 1)[1]
    go("fit", "t.csv", "-q", *options_of(f"--na-values{said.splitlines()[0]}", "--na-values"))
    assert sm.load("model.npz").encoder.numeric


def test_a_column_with_a_comma_in_its_name_is_dropped_as_said(go, tmp_path):
    table_file(tmp_path / "t.csv", [["when, at", "x", "y"], *([i + 1, i % 7, "pqr"[i % 3]] for i in range(60))])
    said = next(line for line in go("doctor", "t.csv", code=None).out.splitlines() if "--drop" in line)
    go("fit", "t.csv", "-q", *options_of(said, "--drop"))
    assert [c.name for c in sm.load("model.npz").encoder.numeric] == ["x"]


def followed(hint, data):
    """What the last command of sed in a hint makes of a file."""
    script = re.findall(r": sed '(.*?)'", hint)[-1]
    return subprocess.run(["sed", script], input=data, capture_output=True, check=True).stdout


ENDS = {"LF": "\n", "CRLF": "\r\n"}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "\x01", "$", ".", "&", "*", "[", "/"])
@pytest.mark.parametrize("header", ["x,z,y,\n", "z,y\n"], ids=["an end too many", "a name too few"])
def test_what_sed_is_told_to_do_mends_the_file(header, delimiter, end, go, tmp_path):
    rows = "1,2,a\n2,3,b\n" if header == "z,y\n" else "1,2,a,\n2,3,b,\n"
    (tmp_path / "t.csv").write_bytes((header + rows).replace(",", delimiter).replace("\n", end).encode())
    said = go("fit", "t.csv", "--delimiter", delimiter, code=ExitCode.DATA).err
    (tmp_path / "t.csv").write_bytes(followed(said, (tmp_path / "t.csv").read_bytes()))
    go("fit", "t.csv", "-q", "--delimiter", delimiter)
    assert "z" in [c.name for c in sm.load("model.npz").encoder.columns]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize(
    "text", ["x   z   y  \n1   2   a  \n2   3   b  \n", "  x  z y\n  1  2 a \n 20 13 b\n", "x z y \n1 2 a \n2 3 b \n"]
)
def test_what_sed_is_told_to_do_mends_aligned_columns(text, end, go, tmp_path):
    (tmp_path / "t.csv").write_bytes(text.replace("\n", end).encode())
    said = go("fit", "t.csv", code=ExitCode.DATA).err
    assert "several blanks" in said
    (tmp_path / "t.csv").write_bytes(followed(said, (tmp_path / "t.csv").read_bytes()))
    go("fit", "t.csv", "-q", "--delimiter", "space")
    assert [c.name for c in sm.load("model.npz").encoder.numeric] == ["x", "z"]


@pytest.mark.parametrize(
    "text",
    [
        "x,z,y\n1,2,a\n2,3,b\nx;z;y\r\n4;9;a\r\n7;3;b",
        "x,z,y\n1,2,a\n2,,b\nq;r;s\n4;9;a\n7;3;b\n",
        "u,y\np,a\nq,b\nu;y\np;a\nq;b\n",
        "x,y\n1,a\n2,b\nx,z,y\n1,2,a\n2,3,b\n",
    ],
)
def test_a_table_above_another_is_not_to_be_removed(text, go, tmp_path):
    (tmp_path / "t.csv").write_bytes(text.encode())
    said = go("fit", "t.csv", code=ExitCode.DATA).err
    assert "t.csv:4: " in said
    assert "remove" not in said


@pytest.mark.parametrize("text", ["site,Bern\nowner,me\nyear,2024\n", "Report, of 2024\n", "made: May 3\nby: 12\n"])
def test_what_is_told_of_a_table_may_be_removed(text, go, tmp_path):
    (tmp_path / "t.csv").write_text(text + "x,z,y\n1,2,a\n2,3,b\n")
    assert f"tail -n +{text.count(chr(10)) + 1}" in go("fit", "t.csv", code=ExitCode.DATA).err


def test_decimal_commas_between_commas_look_like_names_of_rows(go, tmp_path):
    hint = "or cells with a decimal comma need quotes"
    (tmp_path / "t.csv").write_text("x,y\n1,5,a\n2,5,b\n3,5,b\n")
    assert hint in go("fit", "t.csv", code=ExitCode.DATA).err
    (tmp_path / "t.csv").write_text('x,y\n"1,5",a\n"2,5",b\n"3,5",b\n')
    go("fit", "t.csv", "-q", "--decimal", ",")
    (tmp_path / "t.csv").write_text('x,y\n"1",5.5,a\n"2",5,b\n')
    assert hint not in go("fit", "t.csv", code=ExitCode.DATA).err


@pytest.mark.parametrize(
    ("cell", "options", "hint"),
    [
        ("0,5", [], "--decimal , reads a decimal comma"),
        ("0.5", ["--decimal", ","], "leave out --decimal , for decimal points"),
        ("1.000,5", [], "write plain numbers, such as 1234.5"),
        ("1e999", [], "give the column in another unit"),
        ("half", [], "a weight is 0 or a positive number"),
        ("", [], None),
    ],
)
def test_a_weight_is_never_to_be_a_name_or_missing(cell, options, hint, go, tmp_path):
    (tmp_path / "t.csv").write_text(f"x;w;y\n1;{cell};a\n2;1;b\n3;1;b\n")
    said = go("fit", "t.csv", "--weight", "w", *options, code=ExitCode.DATA).err.splitlines()
    assert said[1:] == ([f"hint: {hint}"] if hint else said[1:])
    assert not any("--categorical" in line or "--na-values" in line for line in said)
    if "reads" in (hint or ""):
        go("fit", "t.csv", "-q", "--weight", "w", "--decimal", ",")


def test_a_label_that_is_the_same_number_written_otherwise(go):
    """Pandas writes 1.0 where a column of whole numbers came as floats; from a frame the label is 1."""
    frame = pd.DataFrame({"x": range(40), "y": [1.0, 2.0] * 20})
    frame.to_csv("floats.csv", index=False)
    model, hint = sm.fit("floats.csv"), 'there is "1.0", the same number written otherwise'
    assert model.classes == ("1.0", "2.0")
    with pytest.raises(sm.DataError, match=r'the model has no class "1"') as caught:
        sm.evaluate(model, frame)
    assert hint in str(caught.value)
    with pytest.raises(sm.UsageError, match=hint):
        sm.evaluate(model, "floats.csv").outcomes("recall[1]<0.5")
    with pytest.raises(sm.DataError, match=hint):
        sm.evaluate(model, "floats.csv", cost=pd.DataFrame([[0, 1], [1, 0]], [1, 2], [1, 2]))
