"""Reports as pages: what stands in them, that they are safe and alone, small, and the same in two runs."""

import html
import json
import os
import re
import shutil
import subprocess
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.model.record import Candidate, SelectionRecord
from smtrain.reports.again import fit_command
from smtrain.reports.cards import BEGIN, END
from smtrain.reports.figures import Dot, confusion_matrix, dot_plot, near_the_diagonal
from smtrain.reports.html import PALETTE
from smtrain.reports.sections import Section, markdown
from smtrain.reports.svg import COLOURS, middle_cut

SAMPLES = Path("sample_data").resolve()
TARGETS = {"iris": "species", "penguins": "species"}
VOID = {"meta", "line", "circle", "rect", "polyline", "br"}
HOSTILE = ["</title><svg onload=alert(1)>", "<script>alert(1)</script>", "\u202eevil", "x" * 10_000, "a & b \"c\" 'd'"]
CHROMIUM = shutil.which("chromium")


class Page(HTMLParser):
    """The elements of a page, which must be well-formed, with their attributes and their text."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def tags(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def models():
    return {name: sm.fit(str(SAMPLES / f"{name}.csv"), target=target) for name, target in TARGETS.items()}


@pytest.fixture(scope="module")
def reports(models):
    made = {name: sm.report(model, str(SAMPLES / f"{name}.csv")) for name, model in models.items()}
    return made | {"a model alone": sm.report(models["iris"])}


def hostile_table():
    rng = np.random.default_rng(0)
    labels = np.array(HOSTILE, object)[np.arange(200) % len(HOSTILE)]
    levels = np.array(HOSTILE, object)[rng.integers(0, len(HOSTILE), 200)]
    return pd.DataFrame({"<b>x</b>": rng.normal(size=200), "url(javascript:1)": levels, "y&y": labels})


@pytest.fixture(scope="module")
def hostile():
    table = hostile_table()
    model = sm.fit(table)
    return sm.report(model, table)


def assert_safe(text):
    """No script, nothing that is fetched; ids are there once, and what is referred to is there."""
    page = Page(text)
    names = {tag for tag, _ in page.elements}
    allowed = "html head meta title style body main nav a h1 h2 p code span section div table thead tbody tr th td"
    assert names <= {*allowed.split(), "figure", "figcaption", "strong", "svg", "desc", "text", *VOID}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "style", "srcset"}]
        assert tag == "a" or "href" not in attributes
    assert all(attributes["href"].startswith("#") for attributes in page.tags("a"))
    styles = "".join(re.findall("<style.*?</style>", text, re.DOTALL))
    assert not re.search(r"url\(|@import|https?:", styles)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    wanted = {attributes["href"][1:] for attributes in page.tags("a")}
    wanted |= {name for one in page.tags("svg") for name in one["aria-labelledby"].split()}
    assert wanted <= set(ids)
    assert all(one["role"] == "img" for one in page.tags("svg"))
    # A table that is wider than a phone is scrolled by keys, too.
    tables = [one for one in page.tags("div") if one["class"].startswith("table")]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in tables)
    return page


@pytest.mark.parametrize("name", ["iris", "penguins", "a model alone"])
def test_pages_are_safe_and_small_and_the_same_in_two_runs(name, reports, models):
    text = reports[name].html()
    page = assert_safe(text)
    assert len(text.encode()) < 150_000
    assert len(page.tags("svg")) == len(page.tags("title")) - 1 == len(page.tags("desc"))
    # Each figure stands beside a table that says the same.
    assert len(page.tags("table")) > len(page.tags("svg"))
    target = TARGETS.get(name)
    again = sm.report(models[name], str(SAMPLES / f"{name}.csv")) if target else sm.report(models["iris"])
    assert again.html() == text
    assert again.markdown() == reports[name].markdown()


@pytest.mark.parametrize("more", [b"", b"## Use\r\n\xff\x00 no line end", b"\n\n| a table |\n"])
def test_a_card_keeps_the_sections_of_its_user(more, go, tmp_path, reports):
    """To the byte, in every new run, whichever command writes it; and the report is the whole of what is between."""
    shutil.copy(SAMPLES / "iris.csv", tmp_path)
    card = tmp_path / "CARD.md"
    before = b"---\nlicense: mit\n---\n# Card\r\n"
    card.write_bytes(before + BEGIN.encode() + b"\r\n" + END.encode() + b"\n" + more)
    go("fit", "iris.csv", "-q", "--report", card)
    for command in (["report", "iris.csv", "-o"], ["evaluate", "iris.csv", "--markdown"]):
        go(*command, card)
        start, middle, end = re.split(rb"(?:%b|%b)\n" % (BEGIN.encode(), END.encode()), card.read_bytes())
        assert (start, end) == (before, more)
        assert middle.startswith(b"### Model of species\n")
    reports["iris"].save(str(card))
    assert card.read_bytes() == before + f"{BEGIN}\n{reports['iris'].markdown()}{END}\n".encode() + more


@pytest.mark.parametrize("text", ["# Card\n", f"{BEGIN}\nno end\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{END}\n" * 2])
def test_a_card_without_a_place_is_not_touched(text, go, tmp_path, reports):
    shutil.copy(SAMPLES / "iris.csv", tmp_path)
    (tmp_path / "CARD.md").write_text(text)
    assert "for the report" in go("fit", "iris.csv", "-q", "--report", "CARD.md", code=2).err
    assert not (tmp_path / "model.npz").exists()
    with pytest.raises(sm.UsageError, match=r"stands between two lines|no place|several places"):
        reports["iris"].save("CARD.md")
    assert (tmp_path / "CARD.md").read_text() == text


def test_a_name_that_ends_a_card_ends_none(tmp_path):
    table = hostile_table().rename(columns={"y&y": f"x\n{END}"}).assign(town=END)
    table.loc[::2, "town"] = f"\n{BEGIN}\n"
    found = sm.report(sm.fit(table), table)
    for _ in range(2):
        found.save(str(tmp_path / "CARD.md"))
        assert (tmp_path / "CARD.md").read_text() == f"{BEGIN}\n{found.markdown()}{END}\n"


def test_hostile_names_are_text(hostile):
    page = assert_safe(hostile.html())
    text = "".join(page.text)
    assert "</title><svg onload=alert(1)>" in text
    assert "\u202e" not in hostile.html()
    assert "x" * 1000 not in text
    # In Markdown they are code, or their punctuation is written as numbers.
    bare = re.sub(r"`[^`\n]*`", "", hostile.markdown())
    assert "<script" not in bare
    assert "<svg" not in bare
    assert_safe(f"<body>{hostile._repr_html_()}</body>")


def test_the_first_sections_answer_five_questions_in_words(reports, models):
    first = reports["iris"].sections[:5]
    assert all(section.sentences and not section.rows for section in first)
    metrics = models["iris"].evaluate(str(SAMPLES / "iris.csv")).metrics
    good, wrong, why, trust, again = (" ".join(section.sentences) for section in first)
    assert f"{metrics['accuracy']:.1%} of 150 rows" in good
    assert "33.3%" in good
    assert "These seem to be the training rows" in good
    assert '3 of 50 rows of "versicolor" are taken for "virginica" (6.0%)' in wrong
    assert 'The class that is found least is "versicolor": 94.0% of its 50 rows (95 % interval 83.8% – 97.9%)' in wrong
    assert "petal_width speaks most for" in why
    assert "of the best possible" in trust
    assert models["iris"].data.sha256 in again


LONG = "a name of a column that is much longer than forty characters, with a comma"
AGAIN = {
    "plain": "",
    "zeros": "--l2 0 --epochs 0",
    "no tolerance": "--tol 0 --epochs 4",
    "all digits": "--l2 0.12345678901234567 --tol 1.2345678e-5 --solver gd --learning-rate 0.0123456789",
    "l1": "--l1 0.3333333333333333 --l2 0",
    "l1 auto": "--l1 auto --folds 3",
    "l2 auto": "--l2 auto --folds 3 --one-se",
    "mini-batches": "--batch-size 16 --momentum 0.7000000001 --epochs 3 --seed 12345678",
    "weights of classes": """--class-weight '"k,0=0.30000000000000004",\"\"\"q\"\"=1\"'",it's=2\"""",
    "balanced": "--class-weight balanced --weight w",
    "names": f"""--drop '"{LONG}"' --categorical n --numeric x --min-count 3""",
    "missing": """--na-values '0.5,"?,"' --unlabelled skip""",
    "dates": "--dates when --drop when.hour",
    "validation": "--validation 0.3 --patience 2 --calibrate",
    "a file": "--validation 'other rows.csv' --test 0.25",
    "single precision": "--precision float32 --se --loo",
    "no penalty": "--l2 0 --lr",
    "a start": "--init start.npz --epochs 2",
}

QUICK = {"zeros", "names", "weights of classes"}
SOME = [pytest.param(given, id=name, marks=[] if name in QUICK else pytest.mark.slow) for name, given in AGAIN.items()]


def odd_table(rows):
    rng = np.random.default_rng(rows)
    labels = np.array(["k,0", "it's", '"q"', "  "])[rng.integers(0, 3, rows)]
    return pd.DataFrame(
        {
            "x": rng.normal(size=rows).round(2),
            "n": rng.integers(0, 5, rows),
            LONG: rng.choice(["u", "v", "?,"], rows),
            "w": 1 + rng.integers(0, 3, rows),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "it's the\n label": labels,
        }
    )


@pytest.fixture(scope="module")
def odd_tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("again")
    for name, rows in (("rows.csv", 90), ("other rows.csv", 40)):
        odd_table(rows).to_csv(folder / name, index=False)
    sm.fit(folder / "rows.csv", l2=3.0).save(str(folder / "start.npz"))
    return folder


def words(command):
    """What a shell makes of a command line."""
    done = subprocess.run(["bash", "-c", f"printf '%s\\0' words {command}"], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[1:-1]


def test_each_command_of_a_card_is_code_and_no_option_of_another_is_told(reports):
    for report in reports.values():
        card = report.markdown()
        assert re.findall("^.*smtrain (?:fit|verify) .*$", card, re.M) == re.findall("^`smtrain .*`$", card, re.M)
        assert "--json" not in card + report.html()


@pytest.mark.parametrize("given", SOME)
def test_the_command_of_a_report_makes_the_same_model(given, go, odd_tables, monkeypatch):
    monkeypatch.chdir(odd_tables)
    go("fit", "rows.csv", "-q", *words(given), "-o", "a.npz")
    model = sm.load("a.npz")
    page = " ".join("".join(Page(sm.report(model).html()).text).split())
    command = page[page.index("smtrain fit DATA") : page.index("smtrain verify MODEL")]
    told = command.replace("DATA", "rows.csv", 1).replace("--init INIT", "--init start.npz")
    go(*words(told)[1:], "-q", "-o", "b.npz")
    other = sm.load("b.npz")
    assert (other.W.tobytes(), other.b.tobytes()) == (model.W.tobytes(), model.b.tobytes())
    assert other.fit.options == replace(model.fit.options, target=model.encoder.target)
    assert other.data == model.data


def test_a_command_is_whole_or_not_told(models):
    """However many names it has; with those that cannot be seen in bytes of them."""
    options = replace(models["iris"].fit.options, drop=tuple(f"column {i}" for i in range(400)))
    model = replace(models["iris"], fit=replace(models["iris"].fit, options=options))
    found = sm.report(model)
    assert "column 399" in "".join(Page(found.html()).text)
    assert "column 399" in found.markdown()
    options = replace(options, drop=("x" * 10_000, "a\tb\u202e'\udcff"))
    found = sm.report(replace(model, fit=replace(model.fit, options=options)))
    assert "too long to be told" in found.markdown()
    assert "xxx" not in found.html()
    options = replace(options, drop=options.drop[1:])
    told = fit_command(replace(model, fit=replace(model.fit, options=options)))
    assert told.isprintable()
    assert words(told.replace(r"\xff", "!"))[4] == "a\tb\u202e'!"


def test_findings_are_told_and_can_be_ignored(models):
    moved = pd.read_csv(SAMPLES / "iris.csv").assign(petal_width=9.0)
    found = sm.report(models["iris"], moved)
    assert {"SM606", "SM604"} <= {one.code for one in found.findings.findings}
    assert "SM606" in found.html()
    quiet = sm.report(models["iris"], moved, ignore=["SM606"])
    assert "SM606" not in quiet.html()


def test_a_column_that_gives_the_label_away_is_told():
    """Of the rows that are given, as doctor tells it: words and numbers; and none where there is none."""
    rng = np.random.default_rng(0)
    y = rng.choice(["yes", "no", "maybe"], 300)
    plain = pd.DataFrame({"x": rng.normal(size=300) + (y == "yes"), "town": rng.choice([*"abc"], 300), "y": y})
    assert "leak" not in [one.kind for one in sm.report(sm.fit(plain), plain).findings.findings]
    code = pd.Series(y).map({"yes": 1.0, "no": 2.0, "maybe": 3.0})
    leaky = plain.assign(word=pd.Series(y).str.upper(), number=code + rng.normal(size=300) / 50)
    found = sm.report(sm.fit(leaky, target="y"), leaky)
    assert [one.column for one in found.findings.findings if one.code == "SM401"] == ["word", "number"]
    assert "SM401 leak: word: this column alone tells the label" in " ".join(found.sections[3].sentences)
    assert "But each of word, number alone tells the label (SM401)" in " ".join(found.sections[0].sentences)
    assert [row[3] for row in section_of(found, "Columns").rows if "SM401" in row[3]] == ["SM401 leak"] * 2
    told = sm.doctor(leaky, target="y").findings
    assert [(one.column, one.what) for one in told if one.code == "SM401"] == [
        (one.column, one.what) for one in found.findings.findings if one.code == "SM401"
    ]
    # Of rows of one class every column tells the label, and none is told of.
    one = leaky[leaky["y"] == "no"]
    assert "SM401" not in {finding.code for finding in sm.report(sm.fit(leaky, target="y"), one).findings.findings}


def test_what_was_planted_is_told_in_the_first_sections():
    """A rare class that is hardly found, and one whose probabilities do not come true on rows that came later."""
    rng = np.random.default_rng(5)
    y = rng.choice(["approved", "declined", "fraud"], 1500, p=[0.7, 0.285, 0.015])
    X = pd.DataFrame({"income": (y == "approved") * 2.0, "debt": (y == "fraud") * 1.5}) + rng.normal(size=(1500, 2))
    model = sm.fit(X.assign(y=y))
    later = np.where((y == "approved") & (rng.random(1500) < 0.35), "declined", y)
    found = sm.report(model, X.assign(y=later))
    _, wrong, _, trust, _ = (" ".join(one.sentences) for one in found.sections[:5])
    assert 'The class that is found least is "fraud"' in wrong
    assert re.search(r'\(expected calibration error\); .* most those of "(approved|declined)", by \d\d', trust)
    told = [one.what for one in found.findings.findings if one.code == "SM103"]
    assert [what[:35] for what in told] == [f'the probabilities of "{name}" are' for name in ("approved", "declined")]
    assert "more below, each with what helps" in trust


def section_of(report, title):
    (found,) = [one for one in report.sections if one.title.startswith(title)]
    return found


def test_the_probability_of_the_true_class(models):
    """Its table by a slow count over the rows, and the heights of its bars by the table."""
    rows = pd.read_csv(SAMPLES / "penguins.csv")
    found = section_of(sm.report(models["penguins"], rows), "probability of the true class")
    p, names = models["penguins"].predict_proba(rows), list(models["penguins"].classes)
    true = [p[i, names.index(label)] for i, label in enumerate(rows["species"])]
    counts = [sum(min(int(x * 15), 14) == i for x in true) for i in range(15)]
    assert [int(row[1]) for row in found.rows] == [n for n in counts if n]
    heights = [float(h) for h in re.findall(r'<rect .*? height="([\d.]+)"', "".join(found.figure.drawing.parts))]
    assert np.allclose(np.array(heights) / max(heights), [n / max(counts) for n in counts if n], atol=0.01)
    assert f"{np.mean([x > 8 / 15 for x in true]):.1%} of the rows" in found.figure.description


def test_the_size_does_not_grow_with_the_rows(models):
    """± 5 kB; at 10⁴ and 10⁶ rows it was measured."""
    rows = pd.read_csv(SAMPLES / "penguins.csv")
    few, many = (sm.report(models["penguins"], pd.concat([rows] * n, ignore_index=True)).html() for n in (3, 100))
    assert abs(len(few.encode()) - len(many.encode())) < 5_000


def test_the_pictures_of_a_report_are_small_and_shown():
    pictures = sorted(Path("docs/pictures").glob("*.png"))
    sizes = [path.stat().st_size for path in pictures]
    assert len(pictures) == 7
    assert max(sizes) < 100_000
    assert sum(sizes) < 600_000
    # A page that is empty, as when a rule for paper keeps everything together, has next to no bytes.
    assert min(sizes) > 10_000
    page = Path("docs/reports.md").read_text()
    assert [path.name for path in pictures if f"(pictures/{path.name})" not in page] == []
    assert "docs/pictures/report-768-light.png" in Path("README.md").read_text()


@pytest.mark.parametrize("wrong", [{"level": 2}, {"level": "a"}, {"ignore": "leak"}, {"ignore": ["SM1"]}])
def test_arguments_that_are_wrong(wrong, models):
    with pytest.raises(sm.UsageError, match=r"out of range|there is no finding"):
        sm.report(models["iris"], **wrong)


def test_levels_that_training_did_not_have_are_told_once():
    frame = pd.DataFrame({"town": ["Bern", "Rome"] * 20, "y": ["p", "q"] * 20})
    model = sm.fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.UnknownLevelWarning)
        found = sm.report(model, frame.replace("Rome", "Oslo"))
    assert [one.kind for one in found.findings.findings].count("unseen level") == 1


@pytest.mark.parametrize("penalty", ["l1", "l2"])
def test_a_report_on_a_choice_of_a_penalty_and_a_test(penalty, tmp_path):
    model = sm.fit(str(SAMPLES / "iris.csv"), **{penalty: "auto"}, folds=3, test=0.3)
    found = sm.report(model)
    (choice,) = [section for section in found.sections if section.title.startswith("Choice of")]
    assert choice.title == f"Choice of {penalty} by cross-validation"
    assert choice.head[0] == penalty
    values = [float(row[0]) for row in choice.rows]
    assert values == sorted(set(values))
    assert f"{penalty} = {getattr(model.fit.options, penalty):.4g} was chosen" in choice.figure.description
    assert "rows that the fit has not seen: accuracy" in " ".join(found.sections[0].sentences)
    assert_safe(found.html())
    found.save(str(tmp_path / "r.md"))
    assert (tmp_path / "r.md").read_text() == f"{BEGIN}\n{found.markdown()}{END}\n"
    with pytest.raises(sm.OutputError, match="cannot write"):
        found.save(str(tmp_path / "none" / "r.html"))


def forged(model):
    """Models whose record says what no fit says: a file may."""
    record, E = model.fit, len(model.history)
    candidates = tuple(Candidate(l2, 0.5, 0.0) for l2 in (0.1, 1.0))
    yield replace(model, history=np.full((E, 5), np.nan))
    yield replace(model, history=np.full((E, 5), np.inf))
    yield replace(model, history=-model.history)
    yield replace(model, fit=replace(record, class_counts=(0, 0, 0)))
    yield replace(model, fit=replace(record, selection=SelectionRecord(1, candidates)))
    yield replace(model, W=np.zeros_like(model.W))
    yield replace(model, W=1e150 * model.W)


@pytest.mark.parametrize("which", range(7))
def test_a_record_that_no_fit_has_made(which, models):
    model = list(forged(models["iris"]))[which]
    page = assert_safe(sm.report(model).html())
    values = [value for _, attributes in page.elements for value in attributes.values() if value]
    assert not [value for value in values if re.search(r"\b(nan|inf)\b", value)]


@pytest.mark.parametrize("call", [sm.report, lambda _, data: sm.verify("m.npz", data)], ids=["report", "verify"])
def test_data_that_can_be_read_once(call, models, tmp_path, monkeypatch):
    """An iterator of paths is gone through once; a pipe is refused before it is opened."""
    monkeypatch.chdir(tmp_path)
    models["iris"].save("m.npz")
    call(models["iris"], iter([SAMPLES / "iris.csv"]))
    os.mkfifo("pipe.csv")
    with pytest.raises(sm.UsageError, match=r"pipe.csv: .* reads the data twice"):
        call(models["iris"], "pipe.csv")


@pytest.mark.parametrize("level", [1e-300, 0.5, 0.9999999999999999])
def test_levels_of_any_width(level, models):
    found = sm.report(models["iris"], str(SAMPLES / "iris.csv"), level=level)
    assert_safe(found.html())
    assert "nan" not in found.markdown()


@pytest.mark.parametrize("rows", [slice(0, 1), slice(0, 2), slice(40, 60)])
def test_few_rows(rows, models):
    few = pd.read_csv(SAMPLES / "iris.csv")[rows]
    text = sm.report(models["iris"], few).html()
    assert_safe(text)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)


def test_rows_with_small_weights(models):
    rows = pd.read_csv(SAMPLES / "iris.csv")
    found = sm.report(models["iris"], rows.drop(columns="species"), rows["species"], np.full(150, 1e-3))
    assert_safe(found.html())
    assert "nan" not in found.markdown()


def test_titles_are_headings_in_markdown_where_something_is_below_them():
    text = markdown("t", [Section("a", sentences=["s"]), Section("b", ["c"], [["d"]]), Section("nothing moved")])
    assert [line for line in text.splitlines() if line.startswith("#")] == ["### t", "#### a", "#### b"]


def test_markdown_is_cut_at_a_section():
    sections = [Section(f"section {i}", ["text"], [["w" * 190]] * 90) for i in range(9)]
    text = markdown("title", sections, 60_000)
    assert len(text.encode()) <= 60_000
    assert text.endswith("There is no room for the last sections: 6.\n")
    assert [f"section {i}" in text for i in range(4)] == [True, True, True, False]
    assert text.startswith(markdown("title", sections[:3], 60_000))


def test_the_markdown_of_a_comparison_is_short_enough_for_a_comment(go, tmp_path):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.normal(size=330), "y": [f"{i % 110} " + "漢" * 150 for i in range(330)]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    go("fit", "d.csv", "-q", "--epochs", "2", "-o", "a.npz")
    go("fit", "d.csv", "-q", "--epochs", "9", "--l2", "0.01", "-o", "b.npz")
    printed = go("compare", "a.npz", "b.npz", "d.csv", "--format", "markdown", "--markdown", "c.md", code=None).out
    text = (tmp_path / "c.md").read_text()
    assert "There is no room" in text
    assert len(text.encode()) <= 60_000
    assert text == f"{BEGIN}\n{printed}{END}\n"


def test_coefficients_with_intervals():
    model = sm.fit(str(SAMPLES / "iris.csv"), se=True)
    (section,) = [one for one in sm.report(model).sections if one.title == "Coefficients with intervals"]
    table = model.coef("setosa", se=True)
    for name, term, estimate, low, high, _ in section.rows:
        assert float(estimate) == pytest.approx(table.loc[(name, term), "estimate"], rel=1e-3)
        assert float(low) < float(estimate) < float(high)
    assert len(section.rows) == 10


def test_a_notebook_shows_what_a_cell_ends_with(models):
    """Several in one notebook have no id in common."""
    model, rows = models["iris"], str(SAMPLES / "iris.csv")
    shown = [model, model.evaluate(rows), sm.compare(model, model, rows), sm.report(model, rows)]
    assert_safe(f"<body>{''.join(one._repr_html_() for one in shown)}</body>")


@pytest.mark.parametrize("classes", [2, 26, 60])
def test_many_classes(classes):
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, 30 * classes)
    X = rng.normal(size=(classes, 8))[y] + rng.normal(size=(len(y), 8))
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)]).assign(y=[f"class {k}" for k in y])
    found = sm.report(sm.fit(frame, epochs=20, tol=0.1), frame)
    page = assert_safe(found.html())
    assert len(found.html().encode()) < 500_000
    assert len(found.markdown().encode()) < 60_000
    assert len(page.tags("svg")) == 7


def test_classes_that_are_confused_stand_side_by_side():
    matrix = np.diag([50.0] * 6)
    for i, j in ((0, 3), (3, 5), (5, 1), (1, 4), (4, 2)):
        matrix[i, j] = 10
    order = near_the_diagonal(matrix.copy())
    steps = {frozenset(pair) for pair in pairwise(order)}
    assert sorted(order) == list(range(6))
    assert len(steps & {frozenset(p) for p in ((0, 3), (3, 5), (5, 1), (1, 4), (4, 2))}) >= 4


def test_a_matrix_has_a_cell_for_each_pair_that_occurs():
    figure = confusion_matrix(["a", "b"], np.array([[3.0, 1.0], [0.0, 2.5]]))
    texts = re.findall(r">([^<]*)</text>", "".join(figure.drawing.parts))
    assert texts == ["predicted", "true", "a", "a", "b", "b", "3", "1", "2.5"]
    assert "84.6% of the rows" in figure.description


def test_dots_stand_where_their_values_are():
    figure = dot_plot("t", "d", [("one", [Dot(0.25, 0.0, 0.5)]), ("two", [Dot(0.75)])], (0.0, 1.0))
    (a,), (b,) = (re.findall(r'cx="([\d.]+)"', part) for part in figure.drawing.parts if "<circle" in part)
    low, high = next(
        (float(x), float(y))
        for part in figure.drawing.parts
        for x, y in re.findall(r'x1="([\d.]+)".*x2="([\d.]+)".*stroke="#0b57a4"', part)
    )
    assert low < float(a) < float(b)
    assert float(a) == pytest.approx((low + high) / 2, abs=0.11)


def test_long_names_lose_their_middle():
    assert middle_cut("abcdefghij", 10) == "abcdefghij"
    assert middle_cut("abcdefghijk", 5) == "ab…jk"


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def blended(colour, ground, opacity):
    mixed = [
        round(opacity * int(colour[i : i + 2], 16) + (1 - opacity) * int(ground[i : i + 2], 16)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{x:02x}" for x in mixed)


@pytest.mark.parametrize("scheme", [0, 1])
def test_contrast(scheme):
    """By WCAG 2.1: text has 4.5 at least on the ground, and on the fullest cell of a matrix."""
    ground = PALETTE["ground"][scheme]
    for name in ("ink", "soft", "blue", "orange"):
        assert contrast(PALETTE[name][scheme], ground) >= 4.5
    for name in ("blue", "orange"):
        assert contrast(PALETTE["ink"][scheme], blended(PALETTE[name][scheme], ground, 0.48)) >= 4.5
    assert {name: colour for name, (colour, _) in PALETTE.items() if name in COLOURS} == COLOURS


def test_commands_write_pages(go, tmp_path):
    shutil.copy(SAMPLES / "iris.csv", tmp_path)
    go("fit", "iris.csv", "-q", "--report", "fit.html")
    go("report", "iris.csv")
    go("report", "-o", "alone.md")
    go("evaluate", "iris.csv", "--html", "e.html", "--markdown", "e.md", "--worst", "3", "--fail-if", "accuracy<0.5")
    go("compare", "model.npz", "model.npz", "iris.csv", "--html", "c.html", "--markdown", "c.md")
    for name in ("fit.html", "report.html", "e.html", "c.html"):
        assert_safe((tmp_path / name).read_text())
    assert (tmp_path / "report.html").read_text() == sm.report(sm.load("model.npz"), "iris.csv").html()
    assert (tmp_path / "fit.html").read_text() == sm.report(sm.load("model.npz")).html()
    assert "1 check passed" in (tmp_path / "e.html").read_text()
    assert (tmp_path / "alone.md").read_text().startswith(f"{BEGIN}\n### Model of species\n")
    assert "Which one is better?" in (tmp_path / "c.html").read_text()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (("report", "iris.csv", "-o", "-"), "standard output"),
        (("report", "-"), "stdin: a report reads the data twice"),
        (("report", "iris.csv", "-o", "iris.csv"), "is the input"),
        (("evaluate", "iris.csv", "--html", "-"), "standard output"),
        (("evaluate", "iris.csv", "--html", "none/e.html"), "cannot write"),
        (("fit", "iris.csv", "--report", "model.npz"), "are the same file"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(line, told, go, tmp_path):
    shutil.copy(SAMPLES / "iris.csv", tmp_path)
    sm.fit("iris.csv").save("model.npz")
    assert told in go(*line, code=2).err


# A page that has the report in a frame, and says in its title, as JSON, what a script finds there.
OUTER = """<!DOCTYPE html><title></title>
<iframe id="f" src="r.html" style="width:320px;height:800px;border:0"></iframe>
<script>onload = () => {
  const frame = document.getElementById("f").contentWindow, page = frame.document;
  const style = (one) => frame.getComputedStyle(one);
  const texts = [...page.querySelectorAll("h1, h2, p, td, th, a, figcaption, code")].map((one) => style(one).color);
  const drawn = [...page.querySelectorAll("svg *")].filter((one) => one.hasAttribute("fill"));
  document.title = JSON.stringify({
    width: page.documentElement.scrollWidth,
    figures: page.querySelectorAll("svg").length,
    fetched: frame.performance.getEntriesByType("resource").length,
    ground: style(page.querySelector("main")).backgroundColor,
    texts: [...new Set(texts)],
    fills: [...new Set(drawn.map((one) => one.getAttribute("fill") + " " + style(one).fill))],
    letters: [...new Set([...page.querySelectorAll("svg text")].map((one) => style(one).fill))],
    words: page.body.innerText.length,
  });
}</script>"""


def hexadecimal(colour):
    """rgb(…), as a browser says it, as #rrggbb."""
    return "#" + "".join(f"{int(x):02x}" for x in re.findall(r"\d+", colour)[:3])


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
class TestInABrowser:
    """In Chromium: pages load in silence, fit a phone, can be read, and keep words and colours without their styles."""

    def looked_at(self, folder, text, *options):
        """What the page around the report finds in it, and what the console says."""
        (folder / "r.html").write_text(text)
        (folder / "outer.html").write_text(OUTER)
        always = "--headless --no-sandbox --disable-gpu --allow-file-access-from-files --enable-logging=stderr"
        command = [CHROMIUM, *always.split(), *options, "--virtual-time-budget=4000", "--dump-dom"]
        page = (folder / "outer.html").as_uri()
        done = subprocess.run([*command, page], capture_output=True, text=True, timeout=120, check=True)
        return json.loads(html.unescape(re.search(r"<title>(.*?)</title>", done.stdout)[1])), done.stderr

    @pytest.mark.parametrize("name", ["penguins", "a model alone"])
    def test_it_fits_a_phone_and_says_nothing_on_the_console(self, name, reports, tmp_path):
        found, said = self.looked_at(tmp_path, reports[name].html())
        assert found["width"] <= 320
        assert found["figures"] == reports[name].html().count("<svg")
        assert found["fetched"] == 0
        assert "CONSOLE" not in said

    def test_hostile_names_do_nothing(self, hostile, tmp_path):
        found, said = self.looked_at(tmp_path, hostile.html())
        assert found["width"] <= 320
        assert found["fetched"] == 0
        assert "CONSOLE" not in said

    @pytest.mark.parametrize(("scheme", "ground"), [("1", "#ffffff"), ("0", "#14171b")])
    def test_contrast_as_it_is_shown(self, scheme, ground, reports, tmp_path):
        chosen = f"--blink-settings=preferredColorScheme={scheme}"
        found, _ = self.looked_at(tmp_path, reports["penguins"].html(), chosen)
        assert hexadecimal(found["ground"]) == ground
        for colour in [*found["texts"], *found["letters"]]:
            assert contrast(hexadecimal(colour), ground) >= 4.5

    def test_without_its_styles(self, reports, tmp_path):
        """As under the header of Jenkins, which forbids them: the figures keep their colours, and no word is lost."""
        text = reports["penguins"].html()
        policy = "default-src 'none'; img-src 'self'; style-src 'self'"
        tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        bare, _ = self.looked_at(tmp_path, text.replace("<head>", f"<head>{tag}"))
        plain, _ = self.looked_at(tmp_path, text)
        assert bare["ground"] != plain["ground"]
        assert bare["words"] >= plain["words"]
        assert len(bare["fills"]) > 3
        for fill in bare["fills"]:
            given, shown = fill.split(" ", maxsplit=1)
            assert given == "none" or hexadecimal(shown) == given
