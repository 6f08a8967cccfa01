"""The benchmarks run to their end, and what they compare is comparable. Nothing here looks at a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"
PARTS = ("fit", "predict", "floor", "passes", "scaling", "grid", "optima", "phases", "peers")


@pytest.fixture
def bench(monkeypatch):
    """Import a module of bench/."""
    monkeypatch.syspath_prepend(str(BENCH))
    return __import__


def run_bench(folder, *parts):
    """Measure two small files once; the results by part, and the page."""
    data = folder / "data"
    data.mkdir()
    lines = (ROOT / "sample_data" / "iris.csv").read_text().splitlines()
    (data / "iris.csv").write_text("\n".join(lines) + "\n")
    (data / "two.csv").write_text("\n".join(lines[:1] + lines[51:]) + "\n")
    command = [sys.executable, BENCH / "run.py", "--data", data, "--results", folder / "results", "--repeats", "1"]
    command += ["--only", ",".join(parts), "--configurations", "1:f64", "--work", "7e4"]
    subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=300)
    (found,) = (folder / "results").glob("*.json")
    return json.loads(found.read_text())["parts"], found.with_suffix(".md").read_text()


def by_file(part):
    return {r["file"]: r for r in part["results"] if "file" in r}


def check_same_problem(results):
    """scikit-learn's L-BFGS went near the same minimum: for three classes, and for two."""
    assert set(results) == {"iris.csv", "two.csv"}
    for r in results.values():
        assert r["peer_converged"]
        assert r["smtrain_objective"] == pytest.approx(r["peer_objective"], rel=2e-4)


@pytest.mark.slow
def test_fit_and_its_peer_solve_the_same_problem(tmp_path):
    parts, page = run_bench(tmp_path, "fit")
    check_same_problem(by_file(parts["fit"]))
    assert "| iris.csv | 150 × 4, 3 |" in page


@pytest.mark.slow
def test_every_part_runs(tmp_path):
    parts, page = run_bench(tmp_path, *PARTS)
    assert set(parts) == set(PARTS)
    check_same_problem(by_file(parts["fit"]))
    for r in by_file(parts["passes"]).values():
        assert r["optimum_gap"] <= 1e-9
        assert r["passes_to_0.0001"] <= r["certified_passes"]
        assert r["certified_true_gap"] <= 1e-4
    peers = {(r["file"], r["program"]): r for r in parts["peers"]["results"]}
    for file in ("iris.csv", "two.csv"):
        ours, theirs = peers[file, "smtrain"], peers[file, "scikit-learn"]
        assert ours["nll"] == pytest.approx(theirs["nll"], rel=0.02)
        assert ours["accuracy"] == pytest.approx(theirs["accuracy"], abs=0.05)
    for title in (
        "Fit",
        "Predict and evaluate",
        "The floor",
        "Passes over the rows",
        "Growth",
        "Other programs",
        "Targets",
    ):
        assert f"\n## {title}\n" in page


def test_a_program_that_takes_too_long_is_stopped_and_one_that_fails_says_why(bench):
    harness = bench("harness")
    with pytest.raises(harness.RunError, match=r"^> 0.2 s$"):
        harness.run("sleep", "60", limit=0.2)
    with pytest.raises(harness.RunError, match="No module named 'there_is_none'"):
        harness.run(sys.executable, "-c", "import there_is_none")


def test_memory_is_the_childs():
    """Measured from a small process, as in bench/run.py: a child's peak begins with its parent's size."""
    code = "import sys, harness; print(harness.run(sys.executable, '-c', sys.argv[1]).peak_mb)"

    def peak(program):
        done = subprocess.run([sys.executable, "-c", code, program], cwd=BENCH, capture_output=True, check=True)
        return float(done.stdout)

    assert 90 <= peak("bytearray(b'x') * (100 << 20)") - peak("pass") <= 105


def test_slopes_are_those_of_powers(bench):
    scaling = bench("scaling")
    points = [{"axis": "start", "rows": 1, "reading_seconds": 1.0, "pass_seconds": 0}]
    points += [
        {"axis": "rows", "rows": n, "reading_seconds": 1.0 + 2e-6 * n, "pass_seconds": 3e-9 * n**2} for n in (1e4, 1e6)
    ]
    assert scaling.slopes(points, "rows", "reading_seconds") == [None, pytest.approx(1)]
    assert scaling.slopes(points, "rows", "pass_seconds") == [None, pytest.approx(2)]


@pytest.mark.parametrize(("rows", "levels"), [(7, 0), (250_003, 40)])
def test_a_made_table_has_the_size_that_was_asked_for(bench, tmp_path, rows, levels):
    import pandas as pd

    bench("make_table").main(str(tmp_path / "t.csv"), rows, 3, 5, levels)
    table = pd.read_csv(tmp_path / "t.csv")
    assert table.shape == (rows, 4 + (levels > 0))
    assert table["label"].nunique() == 5
    assert not levels or table["word"].nunique() == levels


def test_held_out_rows_are_every_fifth(bench, tmp_path):
    (tmp_path / "all.csv").write_text("x\n" + "".join(f"{i}\n" for i in range(1, 12)))
    bench("peer_programs").split(tmp_path / "all.csv", tmp_path / "a.csv", tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_text().split() == ["x", "1", "2", "3", "4", "6", "7", "8", "9", "11"]
    assert (tmp_path / "b.csv").read_text().split() == ["x", "5", "10"]


def test_the_table_of_the_readme_is_that_of_the_newest_page(bench, tmp_path, monkeypatch):
    readme = bench("readme")
    text = readme.README.read_text()
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    readme.README.write_text(text)
    readme.main()
    assert readme.README.read_text() == text


def test_targets_say_what_is_missed_and_by_how_much(bench):
    fits = [
        {"file": name, "peer_seconds": peer, "smtrain_to_peer_objective": 1.0, "smtrain_seconds": 2.0}
        | {"peer_peak_mb": 300, "smtrain_peak_mb": 100}
        for name, peer in (("a.csv", 6.0), ("b.csv", 1.0))
    ]
    page = bench("targets").markdown({"fit": {"results": fits}})
    assert "| 1 of 2 | b.csv 0.33× | b.csv 3.00× |" in page
    assert "default | 1 of 2 | b.csv 0.50× | b.csv 2.00× |" in page
    assert "half of its memory | 2 of 2 | a.csv 1.50× | – |" in page
