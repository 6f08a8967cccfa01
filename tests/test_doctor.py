"""`smtrain doctor`: what is wrong with a table before it is fitted. A small table for each kind of finding."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from tests.cli import smtrain
from tests.hostile.harness import csv_text, invoke

ROWS = 200


def table(**columns):
    """Three clean columns and labels that they tell with noise; others before them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS).round(4)
    clean = {"x": x, "size": rng.normal(50, 9, ROWS).round(3), "colour": rng.choice(["red", "green", "blue"], ROWS)}
    label = np.where(x + rng.normal(size=ROWS) > 0, "yes", "no")
    return pd.DataFrame({**columns, **clean, "label": label})


def doctor(data, **options):
    """The findings on a file; a frame is written to one, for the texts of a file have no types."""
    if not isinstance(data, pd.DataFrame):
        return sm.doctor(data, **options)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data.to_csv(index=False, lineterminator="\r\n").encode())
        return sm.doctor(path, **options)


def found(frame, **options):
    """Findings by kind; a kind that is there twice fails."""
    findings = doctor(frame, **options).findings
    by_kind = {f.kind: f for f in findings}
    assert len(by_kind) == len(findings), findings
    return by_kind


def only(kind, severity, frame, **options):
    """The one finding."""
    findings = found(frame, **options)
    assert set(findings) == {kind}, findings
    assert findings[kind].severity.value == severity
    return findings[kind]


def with_cells(values, places):
    """A column of numbers as text with some cells replaced."""
    rng = np.random.default_rng(1)
    cells = rng.normal(size=ROWS).round(3).astype(str).astype(object)
    for place, value in zip(places, values, strict=True):
        cells[place] = value
    return cells


def test_a_clean_table_has_no_finding():
    assert not doctor(table()).findings


@pytest.mark.parametrize(
    ("name", "kinds"), [("iris", {"equal rows"}), ("penguins", {"missing cells"}), ("wine-semicolon", set())]
)
def test_sample_data(name, kinds):
    target = "species" if name == "penguins" else None
    assert set(found(f"sample_data/{name}.csv", target=target)) == kinds


def test_what_fit_refuses_in_the_car_data_is_found_and_mended():
    findings = doctor("sample_data/car.csv").findings
    assert [(f.kind, f.column, f.line) for f in findings] == [("mixture", "doors", 83), ("mixture", "persons", 20)]
    assert not doctor("sample_data/car.csv", categorical=("doors", "persons")).findings


# One column


def test_a_column_that_counts_the_rows():
    finding = only("identifier", "warning", table(id=range(100, 100 + ROWS)))
    assert (finding.column, finding.hint) == ("id", 'drop="id"')


def test_different_whole_numbers_with_the_name_of_an_identifier():
    numbers = np.random.default_rng(2).permutation(10_000)[:ROWS]
    assert only("identifier", "warning", table(customer_id=numbers)).column == "customer_id"
    assert not found(table(population=numbers))
    assert not found(table(customer_id=numbers), drop=("customer_id",))


def test_texts_that_name_the_rows():
    names = [f"name {i * 7919 % 1000}" for i in range(ROWS)]
    assert only("unique text", "note", table(name=names)).hint == 'drop="name"'
    half = [names[i // 3 * 2] if i % 3 else names[i] for i in range(ROWS)]
    assert only("unique text", "warning", table(name=half)).numbers["distinct"] == len(set(half))


def test_the_largest_numbers_are_no_constant():
    """Their sum is a number, and its square is none."""
    assert found(table(large=np.where(np.arange(ROWS) % 4 > 0, 1e152, 0.0))) == {}


def test_constants():
    assert only("constant", "note", table(same=[3] * ROWS)).column == "same"
    assert only("constant", "note", table(same=["a"] * ROWS)).column == "same"
    assert only("empty column", "note", table(none=[None] * ROWS)).column == "none"


def test_words_among_numbers():
    finding = only("mixture", "error", table(age=with_cells(["?", "?", "unknown"], [9, 20, 31])))
    assert (finding.line, finding.column) == (11, "age")
    assert (
        finding.hint == 'na_values=["?", "unknown"] if that means missing; categorical="age" takes all cells as names'
    )
    many = with_cells(["low", "high"] * 45, range(90))
    finding = only("mixture", "error", table(age=many))
    assert finding.hint == 'categorical="age" takes all cells as names'
    assert not [f for f in doctor(table(age=many), categorical=("age",)).findings if f.kind == "mixture"]


def test_numbers_among_words():
    words = np.random.default_rng(3).choice(["low", "high"], ROWS).astype(object)
    words[150] = "3"
    finding = only("mixture", "error", table(level=words))
    assert (finding.line, finding.numbers["numbers"]) == (152, 1)


@pytest.mark.parametrize(
    ("write", "hint"),
    [
        (lambda x: f"{x:.2f}".replace(".", ","), 'decimal="," reads a decimal comma'),
        (lambda x: f"{x:.1f}%", "write plain numbers"),
        (lambda x: f"${1000 * x:,.2f}", "write plain numbers"),
        (lambda x: f"{1e6 * x:,.0f}", "write plain numbers"),
    ],
)
def test_numbers_in_another_notation(write, hint):
    finding = only("notation", "error", table(price=[write(1.5 + i / 7) for i in range(ROWS)]))
    assert (finding.line, finding.column) == (2, "price")
    assert finding.hint.startswith(hint)


def test_dates():
    days = pd.date_range("2024-01-01", periods=ROWS // 4).strftime("%Y-%m-%d").tolist() * 4
    assert only("date", "warning", table(day=days)).line == 2
    assert only("date", "warning", table(at=[f"{i % 24:02d}:{i % 60:02d}" for i in range(ROWS)])).column == "at"


def test_words_for_missing_cells_in_a_column_of_words():
    words = np.random.default_rng(3).choice(["low", "high"], ROWS).astype(object)
    words[[4, 90]] = ["n.a.", "?"]
    finding = only("na-like", "note", table(level=words))
    assert (finding.line, finding.numbers["texts"]) == (6, {"n.a.": 1, "?": 1})
    assert finding.hint == 'na_values=["n.a.", "?"] if that means missing'


def test_zeros_in_front():
    codes = [f"{i * 37 % 500:05d}" for i in range(ROWS)]
    assert only("zeros", "warning", table(zip=codes)).hint == 'categorical="zip"'


def test_spellings():
    words = np.random.default_rng(3).choice(["low", "high"], ROWS).astype(object)
    words[7] = "Low "
    finding = only("spelling", "warning", table(level=words))
    assert (finding.column, finding.line) == ("level", 9)


def test_spellings_that_cannot_be_seen():
    words = np.random.default_rng(3).choice(["low", "high"], ROWS).astype(object)
    words[7] = "low\u200b"
    assert "characters that cannot be seen" in only("spelling", "warning", table(level=words)).what
    words[7] = "\uff4cow"
    assert "width or shape" in only("spelling", "warning", table(level=words)).what


@pytest.mark.parametrize(("one", "two"), [("Size2", "size2"), ("e\u0301t", "\u00e9t"), ("a b", "a\u200b b")])
def test_names_that_look_alike(one, two):
    rng = np.random.default_rng(6)
    finding = only("names", "warning", table(**{one: rng.normal(size=ROWS), two: rng.normal(size=ROWS)}))
    assert (finding.line, finding.numbers["names"]) == (1, [[one, two]])


@pytest.mark.parametrize(
    "word",
    [
        *(
            "<NA>",
            "n/a",
            "#NA",
            "-nan",
            "1.#IND",
            "\\N",
            "(null)",
            "NaT",
            "[null]",
            "#VALUE!",
            "#DIV/0!",
            "{None}",
            "<blank>",
        )
    ],
)
def test_words_that_other_programs_write_for_missing(word):
    words = np.random.default_rng(3).choice(["low", "high"], ROWS).astype(object)
    words[4] = word
    assert only("na-like", "note", table(level=words)).numbers["texts"] == {word: 1}


def test_very_many_texts(tmp_path):
    towns = [f"town {i * i % 211}" for i in range(4 * ROWS)]
    frame = pd.concat([table()] * 4, ignore_index=True).assign(
        town=towns, z=np.random.default_rng(1).normal(size=4 * ROWS)
    )
    frame = frame[["town", "z", "size", "label"]]
    finding = {f.kind: f for f in doctor(frame).findings}["many texts"]
    assert (finding.severity, finding.column) == (sm.Severity.WARNING, "town")
    assert finding.numbers["distinct"] == len(set(towns))


def test_whole_numbers_of_too_many_digits(tmp_path):
    codes = [f"{9007199254740993 + 2 * (i % 7)}" for i in range(ROWS)]
    finding = only("long number", "warning", table(account=codes))
    assert (finding.column, finding.line) == ("account", 2)
    assert not found(table(account=codes), categorical=("account",))
    same = [str(11898508762506083287 + i % 2) for i in range(ROWS)]
    assert set(found(table(account=same))) == {"long number", "constant"}
    table(account=same).to_csv(tmp_path / "t.csv", index=False)
    assert "constant in floating point" in smtrain("fit", "t.csv", cwd=tmp_path).stderr
    late = [*range(ROWS - 1), "9007199254740993"]
    np.random.default_rng(0).shuffle(late)
    assert "long number" in found(table(account=late))


# The labels


def test_grades_and_counts_are_told():
    finding = only("ordered labels", "note", table().assign(label=np.arange(ROWS) * 7 % 6))
    assert "0 to 5" in finding.what
    assert not found(table().assign(label=np.arange(ROWS) * 7 % 3))


def test_very_many_classes():
    labels = [f"word {i // 2}" for i in range(ROWS)]
    assert "many classes" in found(table().assign(label=labels))


def test_labels():
    frame = table()
    assert only("one class", "error", frame.assign(label="yes")).column == "label"
    assert only("no classes", "error", frame.assign(label=np.arange(ROWS) / 7)).column == "label"
    empty = frame.copy()
    empty.loc[8, "label"] = ""
    assert only("empty label", "error", empty).line == 10
    rare = frame.copy()
    rare.loc[[3, 8], "label"] = "perhaps"
    assert only("rare class", "warning", rare).numbers == {"classes": {"perhaps": 2}}
    unknown = frame.copy()
    unknown.loc[:20, "label"] = "unknown"
    assert only("missing label", "warning", unknown).line == 2
    spelled = frame.copy()
    spelled.loc[:30, "label"] = "Yes"
    assert only("spelling", "warning", spelled).column == "label"


def test_nothing_to_learn_from_and_no_name():
    findings = found(table()[["label"]].assign(same=1)[["same", "label"]])
    assert findings["no features"].severity is sm.Severity.ERROR
    assert only("no name", "error", table().rename(columns={"x": ""})).line == 1


def test_numbers_that_are_too_large():
    finding = only("large number", "error", table(mass=with_cells(["1e200"], [4])))
    assert (finding.line, finding.column) == (6, "mass")


def test_rows_that_weigh_nothing():
    v = np.where(table()["label"] == "no", 0, 1)
    assert only("weight", "error", table(v=v), weight="v").what == 'the rows of class "no" weigh nothing together'


def test_weights():
    v = np.ones(ROWS)
    v[[5, 9]] = -1, np.nan
    finding = only("weight", "error", table(v=v), weight="v")
    assert (finding.line, finding.numbers) == (7, {"cells": 2})


# Columns and rows beside each other


def test_leaks():
    labels = table()["label"]
    assert only("leak", "warning", table(answer=labels.replace({"yes": "A", "no": "B"}))).column == "answer"
    score = np.where(labels == "yes", 5.0, 1.0) + np.random.default_rng(4).normal(size=ROWS).round(3) / 4
    finding = only("leak", "warning", table(score=score))
    assert finding.numbers["right"] == 1
    assert finding.hint.startswith('drop="score"')
    assert not found(table(good=score + np.random.default_rng(5).normal(size=ROWS)))  # much, and not all


def test_a_column_of_very_many_texts_that_tells_the_label():
    """In a sample of the rows most texts are there once or twice."""
    rng = np.random.default_rng(7)
    n, levels = 40_000, 4043
    level = rng.integers(0, levels, n)
    label = rng.permutation(np.arange(levels) % 3)[level]
    label[:20] = 0
    frame = pd.DataFrame({"shop": [f"shop {i}" for i in level], "x": rng.normal(size=n), "y": label})
    leak = {f.kind: f for f in doctor(frame).findings}["leak"]
    assert leak.column == "shop"
    assert leak.numbers["right"] > 0.995
    mixed = frame.assign(y=np.where(rng.random(n) < 0.1, rng.integers(0, 3, n), label))
    assert "leak" not in {f.kind for f in doctor(mixed).findings}


def test_a_rare_class_is_no_leak():
    frame = table()
    frame["label"] = np.where(np.arange(ROWS) == 100, "rare", "usual")
    assert "leak" not in {f.kind for f in doctor(frame).findings}


def test_equal_columns():
    finding = only("equal columns", "warning", table(copy=table()["x"]))
    assert (finding.column, finding.hint, finding.numbers) == ("x", 'drop="x"', {"other": "copy"})
    assert only("equal columns", "warning", table(copy=table()["colour"])).column == "colour"


def test_columns_that_others_determine(tmp_path):
    frame = table()
    frame = frame.assign(both=frame["x"] * 3 - frame["size"] + 7)[["x", "size", "both", "colour", "label"]]
    finding = only("collinear", "note", frame)
    assert finding.column == "both"
    assert finding.what.startswith('collinear with "x", "size":')
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert "both: collinear with x, size" in smtrain("fit", "t.csv", cwd=tmp_path).stderr
    frame.loc[::7, "both"] += 1e-3
    assert not found(frame)


def test_equal_and_contradicting_rows():
    frame = table()
    frame.loc[50] = frame.loc[7]
    frame.loc[60] = frame.loc[7]
    assert only("equal rows", "note", frame).numbers == {
        "compared": ROWS,
        "distinct": ROWS - 2,
        "rows": 2,
        "lines": [9, 52],
    }
    frame.loc[70] = frame.loc[8]
    frame.loc[70, "label"] = "no" if frame.loc[8, "label"] == "yes" else "yes"
    findings = found(frame)
    assert set(findings) == {"equal rows", "contradiction"}
    assert findings["contradiction"].severity is sm.Severity.WARNING
    assert findings["contradiction"].numbers["lines"] == [10, 72]
    assert findings["contradiction"].numbers["rows"] == 2


def test_rows_of_a_frame_are_told_by_their_number():
    frame = table()
    frame.loc[50] = frame.loc[7]
    (finding,) = sm.doctor(frame).findings
    assert finding.what.endswith(": rows 7 and 50")
    assert finding.numbers["lines"] == [7, 50]


def test_rows_are_compared_without_the_columns_that_name_them():
    frame = table(id=range(ROWS))
    frame.loc[50, frame.columns[1:]] = frame.loc[7, frame.columns[1:]]
    assert found(frame)["equal rows"].numbers["lines"] == [9, 52]


def test_coarse_features_contradict_each_other_as_a_matter_of_course():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 3, 300), "b": rng.integers(0, 3, 300), "y": rng.choice(["p", "q"], 300)})
    assert found(frame)["contradiction"].severity is sm.Severity.NOTE


def naive_repeats(frame):
    seen, labels, same, mixed = {}, {}, 0, set()
    for *features, label in frame.itertuples(index=False):
        key = tuple(features)
        same += (key, label) in seen
        seen[key, label] = True
        labels.setdefault(key, set()).add(label)
    mixed = {key for key, found in labels.items() if len(found) > 1}
    rows = sum(tuple(features) in mixed for *features, _ in frame.itertuples(index=False))
    return same, rows, len(labels)


@pytest.mark.parametrize("seed", range(3))
def test_repeats_are_those_of_a_naive_search(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"a": rng.integers(0, 9, 200), "b": rng.choice(list("uvwxyz"), 200), "y": rng.choice(["p", "q"], 200)}
    )
    findings = found(frame)
    same, rows, distinct = naive_repeats(frame)
    assert findings["equal rows"].numbers["rows"] == same
    assert findings["contradiction"].numbers["rows"] == rows
    assert findings["contradiction"].numbers["distinct"] == distinct


# Ways of reading


def test_pieces_and_threads_change_nothing(tmp_path, monkeypatch):
    cells = with_cells(["?"], [150])
    frame = table(age=cells, id=range(ROWS), copy=cells, note=['say "a\nb"'] * 3 + ["plain"] * (ROWS - 3))
    frame.loc[190, frame.columns.drop("id")] = frame.loc[20, frame.columns.drop("id")]
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    whole = doctor(str(path), threads=1)
    monkeypatch.setattr("smtrain.sources.records.PIECE", 700)
    monkeypatch.setattr("smtrain.sources.records.FIRST_PIECE", 1700)
    monkeypatch.setattr("smtrain.sources.records.PIECE_PER_COLUMN", 1)
    assert doctor(str(path), threads=1) == doctor(str(path), threads=3) == whole
    kinds = {f.kind: f for f in whole.findings}
    assert kinds["equal columns"].numbers == {"other": "age"}
    text = path.read_text().split("\n")
    first, second = kinds["equal rows"].numbers["lines"]
    assert text[first - 1].replace(",20,", ",190,") == text[second - 1]


def test_options_of_reading(tmp_path):
    text = csv_text("a;b;y", *(f"{i % 7},5;?;{'pq'[i % 2]}" for i in range(40)))
    (tmp_path / "t.csv").write_bytes(text)
    findings = found(tmp_path / "t.csv", dialect=sm.Dialect(na_values=("?",)))
    assert findings["notation"].hint.startswith('decimal=","')
    assert "empty column" in findings


def test_annotations_in_a_job_of_github(tmp_path):
    table(age=with_cells(["?", "?"], [9, 20])).to_csv(tmp_path / "t.csv", index=False)
    done = smtrain("doctor", "t.csv", cwd=tmp_path, env={"GITHUB_ACTIONS": "true"})
    assert done.stderr == '::error file=t.csv,line=11::SM306 age: 2 words among 198 numbers: "?" 2\n'


def test_more_annotations_than_github_shows(tmp_path):
    columns = {f"c{i}": with_cells(["?"], [9]) for i in range(12)}
    table(**columns).to_csv(tmp_path / "t.csv", index=False)
    done = smtrain("doctor", "t.csv", cwd=tmp_path, env={"GITHUB_ACTIONS": "true"})
    lines = [line for line in done.stderr.splitlines() if line.startswith("::error")]
    assert [line.split("::")[2].split(":")[0] for line in lines[:9]] == [f"SM306 c{i}" for i in range(9)]
    assert lines[9:] == ["::error::and 3 more, which the log has"]


def test_the_target_is_named(tmp_path):
    table().to_csv(tmp_path / "t.csv", index=False)
    assert smtrain("doctor", "t.csv", cwd=tmp_path).stdout.startswith(f"{ROWS} rows, target label (the last column): 0")
    shown = smtrain("doctor", "t.csv", "-t", "colour", cwd=tmp_path).stdout
    assert shown.startswith(f"{ROWS} rows, target colour: 0 errors")
    document = invoke("doctor", "t.csv", "--json", folder=tmp_path).document
    assert document["target"] == "label"


def test_the_command(tmp_path):
    table(id=range(ROWS)).to_csv(tmp_path / "t.csv", index=False)
    table().to_csv(tmp_path / "clean.csv", index=False)
    (tmp_path / "ragged.csv").write_bytes(csv_text("a,y", "1,p", "2"))
    shown = smtrain("doctor", "t.csv", cwd=tmp_path).stdout
    head = f"{ROWS} rows, target label (the last column): 0 errors, 1 warning, 0 notes\n"
    assert shown == head + "warning  SM402 id: it counts the rows\n               --drop id\n"
    for arguments, code in [
        (["t.csv", "--strict"], 7),
        (["t.csv", "--strict", "--drop", "id"], 0),
        (["clean.csv", "--strict"], 0),
        (["ragged.csv"], 3),
        (["clean.csv", "-t", "none"], 2),
    ]:
        assert invoke("doctor", *arguments, folder=tmp_path).code == code
    document = invoke("doctor", "t.csv", "--json", folder=tmp_path).document
    assert (document["passed"], document["warnings"], document["findings"][0]["hint"]) == (True, 1, "--drop id")


BROKEN = {
    "ragged": ("a,b,y\n1,u,p\n2,v,q\n3,w\n4,v,q\n", 4, "2 cells where the header has 3"),
    "the header again": ("a,b,y\n1,u,p\n2,v,q\na,b,y\n3,u,p\n", 4, "the header once more"),
    "a blank before a quote": ('a,b,y\n1,u,p\n2,v,q\n3, "w",p\n', 4, "a blank before the quote"),
    "text after a quote": ('a,b,y\n1,u,p\n2,v,q\n3,"w"w,p\n', 4, "text after the quote"),
    "never closed": ('a,b,y\n1,u,p\n2,v,q\n3,"w,p\n', 4, "never closed"),
    "at once": ("a,b,y\n1,u\n2,v,q\n3,w,p\n", 2, "2 cells where the header has 3"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_is_none_is_an_error_and_the_rows_before_it_are_examined(name, tmp_path):
    text, line, says = BROKEN[name]
    (tmp_path / "t.csv").write_text(text)
    found = doctor(str(tmp_path / "t.csv"))
    (error,) = [finding for finding in found.findings if finding.severity is sm.Severity.ERROR]
    assert (error.line, found.rows) == (line, line - 2)
    assert says in error.what
    with pytest.raises(sm.DataError) as failure:
        sm.fit(str(tmp_path / "t.csv"))
    assert (failure.value.line, failure.value.hint) == (line, error.hint)


def test_single_quotes_are_named(tmp_path):
    rows = "".join(f"{i},'{'ab'[i % 2]} b',{'pq'[i % 3 > 0]}\n" for i in range(9))
    (tmp_path / "t.csv").write_text("x,w,y\n" + rows)
    (finding,) = [one for one in doctor(str(tmp_path / "t.csv")).findings if one.kind == "quotes"]
    assert (finding.column, finding.line) == ("w", 2)
