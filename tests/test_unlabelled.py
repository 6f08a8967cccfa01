"""Rows without a label that can be used: an error that names the way out, or left out as if they were not there."""

import json

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.sources.dialect import Dialect
from smtrain.sources.opening import open_table
from tests.cli import smtrain

HEAD = "x,w,y\n"
GOOD = [f"{i % 7},{'uv'[i % 2]},{'abc'[i % 3]}" for i in range(60)]
# Cells of rows that are skipped may be anything, over several lines too.
BAD = ["1,u,", ",,", "Total,,", '"2",new level,""', '"a\nb","c\r\n\r\nd",', "7,u,  "]


def lines_with(bad, every=5):
    """The good rows with bad ones between them, one at both ends."""
    found = [bad[0]]
    for i, row in enumerate(GOOD):
        found += [row, bad[i % len(bad)]] if i % every == 0 else [row]
    return [*found, bad[-1]]


@pytest.fixture
def folder(go, tmp_path):
    (tmp_path / "clean.csv").write_text(HEAD + "\n".join(GOOD) + "\n")
    (tmp_path / "gaps.csv").write_text(HEAD + "\n".join(lines_with(BAD)) + "\n", newline="")
    (tmp_path / "crlf.csv").write_text(HEAD + "\r\n".join(lines_with(BAD)), newline="")
    turned = [",".join(row.split(",")[::-1]) for row in lines_with(BAD[:1])]
    (tmp_path / "first.csv").write_text("y,w,x\n" + "\n".join(turned) + "\n")
    (tmp_path / "none.csv").write_text(HEAD + "\n".join(BAD) + "\n")
    unknown = lines_with(["1,u,", "2,v,dodo", "3,u,emu", "4,u,dodo"])
    (tmp_path / "new.csv").write_text(HEAD + "\n".join(unknown) + "\n")
    go("fit", "clean.csv", "-q", "-t", "y")
    return tmp_path


def arrays(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "meta"}


@pytest.mark.parametrize("name", ["gaps.csv", "crlf.csv"])
def test_a_fit_is_as_if_the_rows_were_not_there(name, go, folder):
    said = go("fit", name, "-q", "-t", "y", "--unlabelled", "skip", "-o", "m.npz").err
    assert said == f"smtrain: warning: rows skipped: {len(lines_with(BAD)) - len(GOOD)} without a label [SM206]\n"
    one, other = arrays("model.npz"), arrays("m.npz")
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[key], other[key], equal_nan=True) for key in one if one[key].dtype == float)
    assert sm.load("m.npz").fit.rows == len(GOOD)
    assert go("verify", "m.npz", name, "-q").out.startswith("verified: the same")


def test_the_label_may_come_first(go, folder):
    go("fit", "first.csv", "-q", "-t", "y", "--unlabelled", "skip", "-o", "m.npz")
    model = sm.load("m.npz")
    assert (model.fit.rows, model.fit.skipped.unlabelled) == (60, 14)


def test_what_is_wrong_with_other_rows_keeps_its_line(go, folder):
    text = (folder / "gaps.csv").read_text()
    (folder / "wrong.csv").write_text(text + "1,u,a\nfive,u,a\n")
    said = go("fit", "wrong.csv", "-t", "y", "--unlabelled", "skip", code=ExitCode.DATA).err
    line = len((text + "1,u,a\nfive").splitlines())
    assert f'wrong.csv:{line}: column "x": not a number: "five"' in said


def test_today_is_an_error_that_names_the_option(go, folder):
    (folder / "gap.csv").write_text(HEAD + "1,u,a\n2,v,b\n3,u,\n")
    for command in ("fit", "doctor"):
        said = go(command, "gap.csv", code=None)
        assert "--unlabelled skip" in said.out + said.err
    said = go("evaluate", "gap.csv", code=ExitCode.DATA).err
    assert 'gap.csv:4: column "y": an empty label' in said
    assert "--unlabelled skip" in said
    (folder / "dodo.csv").write_text(HEAD + "1,u,dodo\n")
    said = go("evaluate", "dodo.csv", code=ExitCode.DATA).err
    assert 'the model has no class "dodo"' in said
    assert "--unlabelled skip" in said
    assert "--unlabelled" not in go("explain", "dodo.csv", code=ExitCode.DATA).err


def test_evaluate_leaves_out_what_the_model_does_not_know(go, folder):
    clean = json.loads(go("evaluate", "clean.csv", "--json").out)
    said = go("evaluate", "new.csv", "--json", "--unlabelled", "skip", "--worst", 3)
    found = json.loads(said.out)
    counts = {"unlabelled": 4, "unknown": 10, "labels": {"dodo": 7, "emu": 3}}
    assert found["skipped"] == counts
    assert said.err == (
        'smtrain: warning: rows skipped: 4 without a label, 10 with a label that is no class ("dodo" 7, "emu" 3)\n'
    )
    assert clean["skipped"] == {"unlabelled": 0, "unknown": 0, "labels": {}}
    for metric in ("rows", "nll", "accuracy", "brier", "confusion"):
        assert found[metric] == pytest.approx(clean[metric]) if metric != "confusion" else clean[metric]
    text = (folder / "new.csv").read_text().splitlines()
    assert all(text[row["line"] - 1].endswith(("a", "b", "c")) for row in found["worst"])


def test_compare_leaves_out_what_one_of_the_models_does_not_know(go, folder):
    (folder / "two.csv").write_text(HEAD + "\n".join(row for row in GOOD if not row.endswith("c")) + "\n")
    go("fit", "two.csv", "-q", "-t", "y", "-o", "two.npz")
    said = go("compare", "two.npz", "model.npz", "new.csv", "--unlabelled", "skip", "--json")
    found = json.loads(said.out)
    assert (found["rows"], found["skipped"]["unknown"], found["skipped"]["unlabelled"]) == (40, 30, 4)
    assert '"c" 20' in said.err
    go("compare", "two.npz", "model.npz", "new.csv", code=ExitCode.DATA)


def test_a_file_of_validation_is_treated_alike(go, folder):
    line = ("fit", "clean.csv", "-q", "-t", "y", "--validation", "new.csv", "-o", "m.npz")
    assert "--unlabelled skip" in go(*line, code=ExitCode.DATA).err
    said = go(*line, "--unlabelled", "skip", "--json")
    assert "4 without a label, 10 with a label that is no class" in said.err
    found = json.loads(said.out)
    assert found["validation"]["rows"] == len(GOOD)
    assert found["skipped"] == {"unlabelled": 4, "unknown": 10}
    assert "rows skipped: 4 without a label, 10 with a label that is no class" in go("show", "m.npz").out


@pytest.mark.parametrize("command", ["fit", "evaluate", "doctor", "gradcheck"])
def test_nothing_left_is_an_error(command, go, folder):
    said = go(
        command, "none.csv", "--unlabelled", "skip", *([] if command == "evaluate" else ["-t", "y"]), code=ExitCode.DATA
    )
    assert "no row has a label that can be used: 6 were skipped" in said.err


def test_doctor_and_gradcheck_read_as_fit_does(go, folder):
    said = go("doctor", "gaps.csv", "-t", "y", "--unlabelled", "skip").out
    assert "14 without a label, which a fit skips" in said
    assert "empty label" not in said
    assert "Total" not in said
    go("gradcheck", "gaps.csv", "-t", "y", "--unlabelled", "skip")


def test_a_piece_may_lose_all_its_rows(tmp_path):
    rows = [f"{i % 7},{'ab'[i % 2] if i < 2000 or i > 60_000 else ''}" for i in range(62_000)]
    (tmp_path / "t.csv").write_text("x,y\n" + "\n".join(rows) + "\n")
    kept = [row for row in rows if not row.endswith(",")]
    (tmp_path / "kept.csv").write_text("x,y\n" + "\n".join(kept) + "\n")
    for threads in (1, 3):
        model = sm.fit(tmp_path / "t.csv", unlabelled="skip", threads=threads)
        plain = sm.fit(tmp_path / "kept.csv")
        assert model.fit.rows == len(kept)
        assert vars(model.fit.skipped) == {"unlabelled": len(rows) - len(kept), "unknown": 0}
        assert np.array_equal(model.W, plain.W)
    found = sm.evaluate(plain, tmp_path / "t.csv", unlabelled="skip")
    assert (found.sums.rows, found.skipped.unlabelled) == (len(kept), len(rows) - len(kept))


def test_from_python(tmp_path):
    frame = pd.DataFrame({"x": range(20), "y": [*("ab" * 9), None, ""]})
    with pytest.raises(sm.DataError, match="an empty label"):
        sm.fit(frame)
    model = sm.fit(frame, unlabelled="skip")
    assert vars(model.fit.skipped) == {"unlabelled": 2, "unknown": 0}
    assert sm.evaluate(model, frame, unlabelled="skip").skipped.rows == 2
    for wrong in (lambda: sm.fit(frame, unlabelled="drop"), lambda: sm.evaluate(model, frame, unlabelled="drop")):
        with pytest.raises(sm.UsageError):
            wrong()


def test_a_checkpoint_goes_with_it(tmp_path):
    rows = "\n".join(lines_with(BAD))
    (tmp_path / "t.csv").write_text(HEAD + rows + "\n")
    smtrain("fit", "t.csv", "-q", "-t", "y", "--unlabelled", "skip", "--checkpoint", "ck", cwd=tmp_path)
    assert not (tmp_path / "ck").exists()


def test_new_rows_of_a_check_may_have_no_label_yet(go, folder):
    (folder / "some.csv").write_text((folder / "clean.csv").read_text() + "3,u,\n4,v, \n")
    said = go("check", "some.csv").out
    assert "note     SM505 y: 2 rows have no label" in said
    found = json.loads(go("check", "some.csv", "--json").out)
    assert [one["kind"] for one in found["findings"]] == ["unlabelled rows"]


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("dropped", [True, False])
def test_pieces_without_any_label(place, dropped, tmp_path):
    rows = [["1", "u", "a"], ["2", "w", "b"], ["3", "u", "a"], *([["1", "u", ""]] * 60), ["2", "u", "b"]]
    order = [2, 0, 1] if place == "first" else [0, 1, 2]
    path = tmp_path / "t.csv"
    options = {"target": "y", "drop": ("w",) if dropped else (), "epochs": 2}
    models = []
    for kept in (rows, [row for row in rows if row[2]]):
        path.write_text("\n".join(",".join(row[i] for i in order) for row in [["x", "w", "y"], *kept]) + "\n")
        for piece in (20, None):
            table = open_table(str(path), Dialect(), fitting=True, piece=piece)
            models.append(sm.fit(table, unlabelled="skip", **options))
    assert all(model.W.tobytes() == models[0].W.tobytes() for model in models)
    path.write_text("x,w,y\n1,2,\n")
    with pytest.raises(sm.DataError, match="no row has a label"):
        sm.fit(str(path), unlabelled="skip", drop=("w",))


def test_texts_that_mean_missing_cells_mean_missing_labels_where_these_are_skipped(go, folder):
    named = ["1,u,NA", '2,v," ?"', "3,u,", "4,v,NA"]
    (folder / "named.csv").write_text(HEAD + "\n".join(lines_with(named)) + "\n")
    options = ("-q", "-t", "y", "--na-values", "NA", "--na-values", "?")
    said = go("fit", "named.csv", *options, "--unlabelled", "skip", "-o", "m.npz").err
    assert said == f"smtrain: warning: rows skipped: {len(lines_with(named)) - len(GOOD)} without a label [SM206]\n"
    one, other = arrays("model.npz"), arrays("m.npz")
    assert np.array_equal(one["W"], other["W"])
    evaluated = go("evaluate", "named.csv", "-m", "m.npz", "--unlabelled", "skip", "--json").out
    assert json.loads(evaluated)["skipped"] == {"labels": {}, "unknown": 0, "unlabelled": 14}
    assert json.loads(go("fit", "named.csv", *options, "--unlabelled", "skip", "--test", "0.2", "--json").out)["test"]
    (one, other) = (
        sm.cross_validate(name, target="y", na_values=("NA", "?"), unlabelled="skip")
        for name in ("named.csv", "clean.csv")
    )
    assert len(one.predictions) == len(lines_with(named))
    assert one.pooled.confusion.sum(axis=None) == other.pooled.confusion.sum(axis=None) == 60
    kinds = {finding.kind for finding in sm.check(sm.load("m.npz"), "named.csv").findings}
    assert "unlabelled rows" in kinds
    assert "unseen class" not in kinds
    (folder / "na.csv").write_text(HEAD + "\n".join([*GOOD, "1,u,NA", "2,v,NA"]) + "\n")
    said = go("fit", "na.csv", "-t", "y", "--na-values", "NA", "-o", "k.npz").err
    assert "NA: a class, though --na-values names it; --unlabelled skip leaves its rows out" in said
    evaluated = go("evaluate", "na.csv", "-m", "k.npz", "--unlabelled", "skip", "--json").out
    assert json.loads(evaluated)["rows"] == 62  # a class that a model has stays one
    hint = next(
        f["hint"] for f in json.loads(go("doctor", "na.csv", "--json").out)["findings"] if "missing" in f["what"]
    )
    assert hint.startswith("--na-values NA --unlabelled skip leaves these rows out")


def test_a_row_without_a_label_is_explained_and_so_is_one_beside_it(go, folder):
    rows = [GOOD[0], "1,u,", GOOD[1], "2,v,dodo"]
    (folder / "some.csv").write_text(HEAD + "\n".join(rows) + "\n")
    (folder / "bare.csv").write_text("x,w\n" + "\n".join(row.rsplit(",", 1)[0] for row in rows) + "\n")
    for row in (1, 2, 3):
        found, bare = (
            json.loads(go("explain", name, "--row", str(row), "--json").out) for name in ("some.csv", "bare.csv")
        )
        assert found.get("label") == (None if row == 2 else GOOD[row // 2][-1])
        assert {key: found[key] for key in bare} == bare
    assert (
        'some.csv:5: column "y": the model has no class "dodo"' in go("explain", "some.csv", "--row", "4", code=3).err
    )
