"""Gates as a pipeline uses them: --fail-if, --junit, --worst, `smtrain compare`, and what GitHub Actions shows."""

import html
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smtrain
from smtrain.errors import ExitCode
from smtrain.reports.sections import Section, escaped, markdown

SAMPLES = Path("sample_data").absolute()
ODD = "a]<0.5 | `b` <i>&\x1b[31m"  # a class that an expression, Markdown, XML and a terminal could all trip over


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with the penguins and two models of them, the new one without its best column."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(SAMPLES / "penguins.csv", folder / "p.csv")
    old = smtrain.fit(str(folder / "p.csv"), target="species")
    old.save(str(folder / "old.npz"))
    drop = ("bill_length_mm", "island")
    smtrain.fit(str(folder / "p.csv"), target="species", drop=drop).save(str(folder / "new.npz"))
    return folder


@pytest.fixture
def odd(tmp_path):
    """A model and a file with the odd class."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x|y": rng.normal(size=60), "k": np.where(np.arange(60) % 2, ODD, "fine")})
    frame.to_csv(tmp_path / "odd.csv", index=False)
    smtrain.fit(frame).save(str(tmp_path / "odd.npz"))
    return tmp_path


# evaluate --fail-if


def test_all_failures_are_listed_and_the_report_is_still_printed(go, models):
    checks = ["--fail-if", "accuracy<0.9", "--fail-if", "nll>10", "--fail-if", "recall[Chinstrap] < 0.9"]
    data, model = models / "p.csv", models / "new.npz"
    said = go("evaluate", data, "-m", model, *checks, code=ExitCode.CHECK)
    lines = said.err.splitlines()
    assert [line.split(": it is ")[0] for line in lines[:2]] == [
        "smtrain: failed: accuracy<0.9",
        "smtrain: failed: recall[Chinstrap] < 0.9",
    ]
    assert lines[2] == "smtrain: error: 2 of 3 checks failed"
    assert "balanced_accuracy" in said.out
    found = json.loads(go("evaluate", data, "-m", model, *checks, "--json", code=ExitCode.CHECK).out)
    assert [check["failed"] for check in found["checks"]] == [True, False, True]
    assert [check["value"] for check in found["checks"]] == [
        found["accuracy"],
        found["nll"],
        found["per_class"]["Chinstrap"]["recall"],
    ]
    assert go("evaluate", data, "-m", models / "old.npz", *checks).err == ""


@pytest.mark.parametrize("expression", ["accuracy", "area<0.9", "recall<0.9", "recall[Emperor]<0.9"])
@pytest.mark.parametrize("command", [["evaluate", "-m"], ["compare", "old.npz"]])
def test_an_expression_that_cannot_be_is_a_usage_error_before_any_data_is_read(command, expression, go, models):
    arguments = [models / part if part.endswith("npz") else part for part in command]
    said = go(*arguments, models / "new.npz", "no-such.csv", "--fail-if", expression, code=ExitCode.USAGE)
    assert said.out == ""
    assert said.err.startswith("smtrain: error: --fail-if: ")
    assert len(said.err.splitlines()) == 2


def test_what_is_not_defined_fails_and_says_so(go, models, tmp_path):
    rows = (models / "p.csv").read_text().splitlines()
    (tmp_path / "two.csv").write_text("\n".join(row for row in rows if "Gentoo" not in row))
    check = ["--fail-if", "recall[Gentoo]<0.5"]
    said = go("evaluate", "two.csv", "-m", models / "old.npz", *check, "--json", code=ExitCode.CHECK)
    assert "recall[Gentoo]<0.5: it is not defined" in said.err
    assert json.loads(said.out)["checks"][0]["value"] is None


def test_checks_in_the_environment_are_one_a_line(go, models, monkeypatch):
    monkeypatch.setenv("SMTRAIN_EVALUATE_FAIL_IF", "nll > 10\nrecall[Gentoo] < 1.1\n")
    said = go("evaluate", models / "p.csv", "-m", models / "old.npz", code=ExitCode.CHECK)
    assert said.err.splitlines()[-1] == "smtrain: error: 1 of 2 checks failed"


def test_checks_from_python(models):
    evaluation = smtrain.evaluate(smtrain.load(str(models / "old.npz")), str(models / "p.csv"))
    assert [outcome.failed for outcome in evaluation.outcomes("accuracy<0.9", "support[Gentoo]==124")] == [False, True]
    with pytest.raises(smtrain.UsageError):
        evaluation.outcomes("recall[Emperor]<1")


# --junit


def test_junit_has_a_test_case_for_each_check(go, models):
    checks = ["--fail-if", "accuracy<0.9", "--fail-if", "nll>10"]
    go("evaluate", models / "p.csv", "-m", models / "new.npz", *checks, "--junit", "r.xml", code=ExitCode.CHECK)
    suites = ElementTree.parse("r.xml").getroot()
    (suite,) = suites
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite] == ["accuracy<0.9", "nll>10"]
    assert [len(case) for case in suite] == [1, 0]
    assert suite[0][0].tag == "failure"
    assert "it is 0.84" in suite[0][0].get("message")


def test_any_label_is_safe_in_xml_and_in_markdown(go, odd, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "s.md")
    check = ["--fail-if", f"recall[{ODD}\ufffe]<0.5", "--fail-if", f"recall[{ODD}]<1.5"]
    go("evaluate", "odd.csv", "-m", "odd.npz", *check[2:], "--worst", 2, "--junit", "r.xml", code=ExitCode.CHECK)
    case = ElementTree.parse("r.xml").getroot()[0][0]
    assert case.get("name") == f"recall[{ODD}]<1.5".replace("\x1b", "\\x1b")
    page = Path("s.md").read_text()
    assert "`b`" not in page
    assert "<i>" not in page
    for line in page.splitlines():
        if line.startswith("|"):
            assert line.count("|") in {3, 4, 5, 6, 7, 8, 9}
            assert "x|y" not in line
    go("evaluate", "odd.csv", "-m", "odd.npz", *check[:2], code=ExitCode.USAGE)


def test_junit_writes_what_xml_can_hold():
    from smtrain.reports.checks import check_cases
    from smtrain.reports.junit import junit
    from smtrain.scoring.fail_if import Outcome

    nasty = "".join(map(chr, [*range(32), 0x7F, 0x85, 0xD800, 0xFFFE, 0xFFFF])) + "]]>&\"'"
    case = ElementTree.fromstring(junit("evaluate", check_cases([Outcome(nasty, True, 0.0, nasty)])))[0][0]
    assert case.get("name").endswith("]]>&\"'")
    assert case[0].text.startswith("fail if ")


@pytest.mark.parametrize(
    ("junit", "checks"), [("r.xml", []), ("-", ["--fail-if", "nll>1"]), ("no/r.xml", ["--fail-if", "nll>1"])]
)
def test_junit_needs_checks_and_a_file(junit, checks, go, models):
    said = go("evaluate", "no.csv", "-m", models / "old.npz", "--junit", junit, *checks, code=ExitCode.USAGE)
    assert "no.csv" not in said.err


def test_junit_never_replaces_an_input_and_nothing_is_left_of_a_run_that_failed(go, models, tmp_path):
    shutil.copy(models / "p.csv", tmp_path)
    arguments = ["-m", models / "old.npz", "--fail-if", "nll>1", "--junit"]
    assert "is the input" in go("evaluate", "p.csv", *arguments, "p.csv", code=ExitCode.USAGE).err
    (tmp_path / "bad.csv").write_text("species\nx\n")
    go("evaluate", "bad.csv", *arguments, "no/r.xml", code=ExitCode.USAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv", "p.csv"]


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_an_error_is_in_the_junit_report_in_place_of_an_older_one(command, go, models, tmp_path):
    (tmp_path / "r.xml").write_text("passed, last time")
    (tmp_path / "bad.csv").write_text((models / "p.csv").read_text().replace("Adelie", "Emperor", 1))
    first = [models / "old.npz"] if command == "compare" else ["-m"]
    arguments = [command, *first, models / "old.npz", "bad.csv", "--fail-if", "nll>1", "--junit", "r.xml"]
    said = go(*arguments, code=ExitCode.DATA)
    (case,) = ElementTree.parse("r.xml").getroot()[0]
    assert (case.get("file"), case.get("line")) == ("bad.csv", "2")
    assert case[0].tag == "error"
    assert f"smtrain: error: {case[0].get('message')}" == said.err.splitlines()[0]


# evaluate --worst


def test_the_worst_rows_are_those_of_a_naive_loop(go, models, tmp_path):
    model, frame = smtrain.load(str(models / "new.npz")), pd.read_csv(models / "p.csv", dtype=str, na_filter=False)
    frame = pd.concat([frame, frame.iloc[[283]]])  # the worst once more: of equals the earlier comes first
    frame.iloc[:100].to_csv(tmp_path / "a.csv", index=False)
    text = frame.iloc[100:].to_csv(index=False)
    (tmp_path / "b.csv").write_text(text.replace("\n", "\n\n", 3))
    p = smtrain.predict_proba(model, [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    place = {name: k for k, name in enumerate(model.classes)}
    cost = [-np.log(p[i, place[label]]) for i, label in enumerate(frame["species"])]
    order = sorted(range(345), key=lambda i: (-round(cost[i], 9), i))[:7]
    arguments = ["evaluate", "a.csv", "b.csv", "-m", models / "new.npz", "--worst", 7]
    found = json.loads(go(*arguments, "--json").out)["worst"]
    assert [row["row"] for row in found] == [i + 1 for i in order]
    assert [row["nll"] for row in found] == pytest.approx([cost[i] for i in order])
    assert [(row["source"], row["line"]) for row in found] == [
        ("a.csv", i + 2) if i < 100 else ("b.csv", i - 98 + min(i - 99, 3)) for i in order
    ]
    assert [row["label"] for row in found] == [frame["species"].iloc[i] for i in order]
    assert f"b.csv:{found[0]['line']}" in go(*arguments).out


def test_pushes_add_up_to_what_the_label_is_behind(go, models):
    found = json.loads(go("evaluate", models / "p.csv", "-m", models / "old.npz", "--worst", 344, "--json").out)[
        "worst"
    ]
    model = smtrain.load(str(models / "old.npz"))
    p = smtrain.predict_proba(model, str(models / "p.csv"))
    assert sorted(row["row"] for row in found) == list(range(1, 345))
    for row in found[::40]:
        s = dict(zip(model.classes, p[row["row"] - 1], strict=True))
        assert row["rival"] == max((name for name in s if name != row["label"]), key=s.get)
        assert row["rival"] == row["prediction"] or row["label"] == row["prediction"]
        lead = sum(push["push"] for push in row["pushes"]) + row["intercept_push"]
        assert lead == pytest.approx(np.log(s[row["rival"]] / s[row["label"]]), rel=1e-6)


def test_rows_of_no_weight_are_not_among_the_worst():
    frame = pd.DataFrame({"x": [0.0, 1, 2, 3, 4, 5], "w": [1.0, 1, 1, 1, 1, 1], "y": list("aaabbb")})
    model = smtrain.fit(frame, weight="w", target="y")
    frame.loc[5, ["w", "y"]] = 0.0, "a"
    assert 6 not in [row.row for row in smtrain.evaluate(model, frame, worst=9).worst]


TRICKY = ("a,1", "b,2", '"c",3', '"d\ne",4', '"f\r\ng",5', "", '"h""",6', "i,7")


@given(st.lists(st.sampled_from(TRICKY)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_every_row_knows_its_line(records, end):
    from smtrain.sources.delimited import Delimited
    from smtrain.sources.interface import Reading
    from smtrain.sources.piece import Piece
    from smtrain.sources.text import TextBatch

    text = "".join(record + end for record in records).encode()
    source = Delimited([("t", iter([b"y,x\n"]))], smtrain.Dialect())
    rows = TextBatch(Piece("t", text + b"z,0\n", 5, ","), source).read((Reading.TEXT, Reading.NUMBER))
    lines, line = [], 5
    for record in records:
        lines += [line] if record else []
        line += 1 + record.count("\n")
    assert [rows.place(i).line for i in range(rows.count)] == [*lines, line]


# compare


def test_compare_is_what_evaluate_says_of_each(go, models):
    data = models / "p.csv"
    found = json.loads(go("compare", models / "old.npz", models / "new.npz", data, "--json").out)
    for side in ("old", "new"):
        alone = json.loads(go("evaluate", data, "-m", models / f"{side}.npz", "--json").out)
        for name, values in found["metrics"].items():
            assert values[side] == pytest.approx(alone[name])
        for name, metrics in found["per_class"].items():
            of_class = {key: value for key, value in alone["per_class"][name].items() if key != "intervals"}
            assert {m: v[side] for m, v in metrics.items()} == pytest.approx(of_class)
    tests = found["tests"]
    assert tests["nll"]["mean"] == pytest.approx(found["metrics"]["nll"]["difference"])
    assert tests["errors"]["difference"] == pytest.approx(found["metrics"]["accuracy"]["difference"])
    assert found["schema"]["columns"] == {"added": [], "removed": ["island", "bill_length_mm"]}
    predictions = [smtrain.predict(smtrain.load(str(models / f"{side}.npz")), str(data)) for side in ("old", "new")]
    labels = pd.read_csv(data)["species"]
    rows = pd.DataFrame({"old": predictions[0], "new": predictions[1], "y": labels}).query("old != new")
    flips = {(flip["old"], flip["new"]): flip for flip in found["flips"]}
    assert {pair: flip["rows"] for pair, flip in flips.items()} == rows.groupby(["old", "new"]).size().to_dict()
    assert sum(flip["better"] for flip in found["flips"]) == (rows.new == rows.y).sum() == tests["errors"]["gained"]
    assert sum(flip["worse"] for flip in found["flips"]) == (rows.old == rows.y).sum() == tests["errors"]["lost"]


def test_weights_that_moved_are_in_raw_units(go, models):
    found = json.loads(go("compare", models / "old.npz", models / "new.npz", models / "p.csv", "--json").out)
    old, new = (smtrain.load(str(models / f"{side}.npz")) for side in ("old", "new"))
    for moved in found["weights"]:
        for side, model in (("old", old), ("new", new)):
            j, k = model.features.index(moved["feature"]), model.classes.index(moved["class"])
            assert moved[side] == model.raw_weights[0][j, k]
    scale = dict(zip(new.features, new.encoder.scales, strict=True))
    effects = [abs(moved["difference"]) * scale[moved["feature"]] for moved in found["weights"]]
    assert effects == pytest.approx(sorted(effects, reverse=True), rel=1e-8)  # ties are in their order
    shared = set(old.features) & set(new.features)
    assert {moved["feature"] for moved in found["weights"]} == shared
    assert found["weights_moved"] == len(found["weights"])


def test_worse_fails_for_a_loss_and_not_for_a_gain_or_the_same(go, models):
    old, new, data = models / "old.npz", models / "new.npz", models / "p.csv"
    said = go("compare", old, new, data, "--fail-if", "worse", "--fail-if", "accuracy<0.5", code=ExitCode.CHECK)
    assert said.err.splitlines()[-1] == "smtrain: error: 1 of 2 checks failed"
    assert "smtrain: failed: worse: the NLL changed by +" in said.err
    go("compare", new, old, data, "--fail-if", "worse")
    same = go("compare", old, old, data, "--fail-if", "worse").out
    for text in ("no prediction changed", "the same columns, levels and classes", "no weight moved", "1 check passed"):
        assert text in same


def test_checks_of_a_comparison_are_of_the_new_model(go, models):
    old, new, data = models / "old.npz", models / "new.npz", models / "p.csv"
    go("compare", old, new, data, "--fail-if", "accuracy<0.9", "--junit", "r.xml", code=ExitCode.CHECK)
    go("compare", new, old, data, "--fail-if", "accuracy<0.9")
    assert ElementTree.parse("r.xml").getroot()[0].get("name") == "smtrain compare"


def test_markdown_is_the_same_report(go, models):
    old, new, data = models / "old.npz", models / "new.npz", models / "p.csv"
    table = go("compare", old, new, data).out
    page = go("compare", old, new, data, "--format", "markdown").out
    assert page.startswith("### smtrain compare\n")
    words = set(re.findall(r"[-+]?\d+\.\d{4,}", table))
    assert words
    assert words <= set(re.findall(r"[-+]?\d+\.\d{4,}", page))
    go("compare", old, new, data, "--format", "markdown", "--json", code=ExitCode.USAGE)


def frame_of(**columns):
    return pd.DataFrame(columns)


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
def test_models_of_other_kinds_levels_classes_and_missing_cells_are_compared(tmp_path):
    rng = np.random.default_rng(0)
    n = 80
    first = frame_of(x=rng.normal(size=n), c=rng.choice(["u", "v"], n), k=rng.choice(["1", "2"], n), y=list("ab") * 40)
    second = first.assign(z=rng.normal(size=n), y=["a", "b", "a", "c"] * 20)
    second.loc[0, "x"], second.loc[1, "c"] = np.nan, "w"
    old = smtrain.fit(first.drop(columns=[]), target="y", numeric=("k",))
    new = smtrain.fit(second, target="y", categorical=("k",), dialect=smtrain.Dialect(na_values=("v",)))
    both = second[second.y != "c"]
    found = smtrain.compare(old, new, both)
    assert found.classes == ("a", "b", "c")
    assert found.schema.columns.added == ("z",)
    assert found.schema.kinds == {"k": ("numeric", "categorical")}
    assert found.schema.levels["x"].added == (None,)
    assert set(found.schema.levels["c"].added) == {"w", None}
    assert found.schema.levels["c"].removed == ("v",)
    assert found.schema.classes.added == ("c",)
    for model, side in ((old, found.old), (new, found.new)):
        assert side.metrics == pytest.approx(smtrain.evaluate(model, both).metrics, nan_ok=True)
        assert side.unseen == smtrain.evaluate(model, both).unseen
    with pytest.raises(smtrain.DataError, match='the old model has no class "c"'):
        smtrain.compare(old, new, second)


def test_the_rows_weigh_as_the_new_model_says():
    rng = np.random.default_rng(1)
    frame = frame_of(x=rng.normal(size=60), w=rng.uniform(0, 2, 60), y=rng.choice(["a", "b"], 60))
    frame.loc[:5, "w"] = 0
    old, new = smtrain.fit(frame.drop(columns="w"), target="y"), smtrain.fit(frame, target="y", weight="w", l2=9)
    found = smtrain.compare(old, new, frame)
    assert found.new.metrics == pytest.approx(smtrain.evaluate(new, frame).metrics, nan_ok=True)
    assert found.pairs.nll.rows == 54
    p = [smtrain.predict_proba(model, frame)[np.arange(60), (frame.y == "b").astype(int)] for model in (old, new)]
    change = np.average(np.log(p[0]) - np.log(p[1]), weights=frame.w)
    assert found.pairs.nll.vd / found.pairs.nll.v == pytest.approx(change)


def test_models_that_cannot_be_compared(tmp_path):
    frame = frame_of(x=[1.0, 2, 3, 4], z=list("abab"), y=list("abba"))
    model = smtrain.fit(frame, target="y")
    with pytest.raises(smtrain.ModelError, match='different columns: "y" and "z"'):
        smtrain.compare(model, smtrain.fit(frame, target="z"), frame)
    for name, text in (("s.csv", "x;y\n1;a\n2;b\n3;a\n"), ("n.csv", "1,a\n2,b\n3,a\n")):
        (tmp_path / name).write_text(text)
    plain = smtrain.fit(frame_of(c1=[1.0, 2, 3], c2=list("aba")))
    bare = smtrain.fit(str(tmp_path / "n.csv"), dialect=smtrain.Dialect(header=False))
    with pytest.raises(smtrain.ModelError, match="header line"):
        smtrain.compare(plain, bare, frame)
    one, two = (
        smtrain.fit(str(tmp_path / "s.csv"), target="y", dialect=smtrain.Dialect(delimiter=";")),
        smtrain.fit(frame_of(x=[1.0, 2, 3], y=list("aba")), dialect=smtrain.Dialect(delimiter=",")),
    )
    with pytest.raises(smtrain.ModelError, match="delimiters"):
        smtrain.compare(one, two, str(tmp_path / "s.csv"))
    with pytest.raises(smtrain.DataError, match="no rows"):
        smtrain.compare(model, model, frame.iloc[:0])
    with pytest.raises(smtrain.ModelError, match='"x" of the old model is not there'):
        smtrain.compare(model, model, frame.drop(columns="x"))


def test_threads_do_not_change_a_comparison(models):
    old, new = (smtrain.load(str(models / f"{side}.npz")) for side in ("old", "new"))
    frame = pd.concat([pd.read_csv(models / "p.csv")] * 40)
    one, two = (smtrain.compare(old, new, frame, threads=threads) for threads in (1, 3))
    assert one.pairs.nll == two.pairs.nll
    assert one.new.metrics == two.new.metrics


# GitHub Actions


def test_a_fault_of_the_data_is_an_annotation_at_its_line(go, models, monkeypatch, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    lines = (models / "p.csv").read_text().splitlines()
    lines[16] = lines[16].replace("Torgersen,", "Torgersen,100%,")
    (folder / "a,b: 5%.csv").write_text("\n".join(lines))
    arguments = ["evaluate", "data/a,b: 5%.csv", "-m", models / "old.npz"]
    plain = go(*arguments, code=ExitCode.DATA)
    assert "::" not in plain.err
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    said = go(*arguments, code=ExitCode.DATA)
    command, *rest = said.err.splitlines()
    assert command == "::error file=data/a%2Cb%3A 5%25.csv,line=17::9 cells where the header has 8"
    assert rest == plain.err.splitlines()
    assert said.out == ""
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    assert "file=a%2Cb%3A 5%25.csv," in go(*arguments, code=ExitCode.DATA).err


def test_only_data_errors_of_files_are_annotations(go, models, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (tmp_path / "e.csv").touch()
    assert "::" not in go("evaluate", "e.csv", "-m", models / "old.npz", code=ExitCode.DATA).err
    assert "::" not in go("evaluate", "no.csv", "-m", models / "old.npz", code=ExitCode.USAGE).err


def test_a_cell_cannot_forge_a_command(go, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (tmp_path / "d.csv").write_text('x,y\n1,a\n"5\n::set-env name=A::%0Ab",b\n')
    said = go("fit", "d.csv", "--numeric", "x", code=ExitCode.DATA)
    commands = [line for line in said.err.splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith('::error file=d.csv,line=3::column "x": not a number: ')
    assert "%250Ab" in commands[0]


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_the_summary_of_the_job_is_appended_to(command, go, models, monkeypatch, tmp_path):
    (tmp_path / "s.md").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "s.md"))
    first = [models / "old.npz"] if command == "compare" else ["-m"]
    arguments = [command, *first, models / "new.npz", models / "p.csv"]
    go(*arguments, "--fail-if", "accuracy<0.9", code=ExitCode.CHECK)
    go(*arguments, "--json")
    page = (tmp_path / "s.md").read_text()
    assert page.startswith("before\n")
    assert page.count(f"### smtrain {command}\n") == 2
    assert "| `accuracy<0.9` | failed | it is 0.840116 |" in page
    assert "| accuracy |" in page


def test_a_summary_that_cannot_be_written_is_a_warning(go, models, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    said = go("evaluate", models / "p.csv", "-m", models / "old.npz")
    assert said.err.startswith("smtrain: warning: cannot write the summary of the job: ")
    assert "accuracy" in said.out


@pytest.mark.parametrize("text", ["Adelie", "bill_length_mm", "sex=male", "x is missing", "a, b", "3.25", "élan", ""])
def test_plain_text_stays_as_it_is_in_markdown(text):
    assert escaped(text) == text


@pytest.mark.parametrize("text", ["<b>", "&amp;", "*x*", "_x_", "[a](b)", "#1", "@you", "$x$", "~~x~~", "www.evil.com",
                                  "http://evil.com", ":tada:", "![](x)", "a_*b", "+1.5"])  # fmt: skip
def test_what_markdown_could_take_for_its_own_is_code(text):
    assert escaped(text) == f"`{text}`"


@pytest.mark.parametrize("text", ["a|b", "`x`", "``x", "a\\|b", "<b>|", "\n# x"])
def test_what_code_cannot_hold_is_html_with_its_punctuation_as_numbers(text):
    inner = re.fullmatch(r"<code>(.*)</code>", escaped(text))[1]
    assert html.unescape(inner) == text.replace("\n", "\\n")
    assert re.fullmatch(r"(?:[\w ()/-]|&#\d+;)+", inner)


def test_a_long_table_is_cut_in_markdown():
    page = markdown("t", [Section("s", ["a", "b"], [[str(i), "1"] for i in range(250)])])
    assert "150 more" in page
    assert page.count("\n|") == 102
