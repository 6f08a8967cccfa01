"""Predictions of many files, each written to a file of its name in a folder: here, or by workers."""

import shutil
from pathlib import Path

import pytest

import smtrain as sm
from smtrain import partitions
from smtrain.errors import ExitCode
from tests.test_pure_sums import table

HERE, WORKERS = (), ("--cluster", "workers of a test")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Files of several forms, one of them of other rows, and a model."""
    folder = tmp_path_factory.mktemp("made")
    frame = table(600, 3)
    sm.fit(frame, target="y", weight="w").save(str(folder / "model.npz"))
    frame[:200].to_csv(folder / "a.csv", index=False)
    frame[200:300].assign(word="new", more=1).to_csv(folder / "b.tsv.gz", index=False, sep="\t")
    frame[300:310].assign(word="new", more=1).to_csv(folder / "without-ending", index=False)
    frame[310:].to_parquet(folder / "c.v2.parquet", index=False)
    frame[:9].assign(x1="?").to_csv(folder / "bad.csv", index=False)
    frame[:9].drop(columns="x1").to_csv(folder / "short.csv", index=False)
    return folder


@pytest.fixture
def files(made, go, tmp_path, monkeypatch):
    """A folder of its own with them, where --cluster is an executor of the tests."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    homes = {"tests.executors": lambda options: options.cluster is not None} | partitions.HOMES
    monkeypatch.setattr(partitions, "HOMES", homes)
    return go


NAMES = {"a.csv": "a", "b.tsv.gz": "b", "without-ending": "without-ending", "c.v2.parquet": "c.v2"}


@pytest.mark.parametrize("how", [HERE, WORKERS], ids=["here", "by workers"])
@pytest.mark.parametrize(
    "more", [["--proba"], ["--format", "jsonl", "--top", 2], ["--format", "parquet", "--keep", "x1"]]
)
def test_each_file_is_that_of_the_file_alone(more, how, files):
    form = more[1] if more[0] == "--format" else "csv"
    files("predict", *NAMES, *more, "-o", "out/", *how)
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(f"{name}.{form}" for name in NAMES.values())
    for data, name in NAMES.items():
        files("predict", data, *more, "-o", "alone")
        assert Path("alone").read_bytes() == Path(f"out/{name}.{form}").read_bytes()


@pytest.mark.parametrize("how", [HERE, WORKERS], ids=["here", "by workers"])
def test_what_is_said_is_the_sum(how, files):
    said = files("predict", *NAMES, "-o", "out/", *how).err
    assert "the model does not use: more\n" in said
    assert "110 cells with a level" in said
    assert said.count("\n") == 2


@pytest.mark.parametrize("how", [HERE, WORKERS], ids=["here", "by workers"])
def test_the_other_files_are_finished(how, files):
    Path("out").mkdir()
    Path("out/bad.csv").write_text("of before\n")
    alone = [files("predict", name, code=None).err for name in ("bad.csv", "none.csv", "short.csv")]
    said = files("predict", "a.csv", "bad.csv", "none.csv", "short.csv", "c.v2.parquet", "-o", "out", *how, code=3).err
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.csv", "bad.csv", "c.v2.csv"]
    assert Path("out/bad.csv").read_text() == "of before\n"
    # The first error is that of the command, the sentences of the others are warnings before it.
    others = [one.replace("error", "warning", 1).partition("\n")[0] + "\n" for one in alone[1:]]
    assert said == "".join(others) + alone[0]


@pytest.mark.parametrize("how", [HERE, WORKERS], ids=["here", "by workers"])
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("a.csv ./a.csv -o out/", '"a.csv" and "./a.csv" would both be written to "out/a.csv"'),
        ("a.csv sub/a.csv.gz -o out/", '"out/a.csv"'),
        ("a.csv b.tsv.gz -o .", "is the input"),
        ("a.csv - -o out/", "stdin: what comes through a pipe"),
        ("a.csv --config t.csv -o link/", "--config and --output are the same file"),
        ("a.csv -o no/such/", 'cannot make the folder "no/such/"'),
        ("a.csv -o a.csv/", 'cannot make the folder "a.csv/"'),
        ("a.csv b.tsv.gz", "go to a folder"),
        ("a.csv b.tsv.gz -o out.csv", "go to a folder"),
    ],
)
def test_refused_before_anything_is_written(line, what, how, files, tmp_path):
    Path("t.csv").write_text("")
    Path("link").mkdir()
    Path("link/a.csv").symlink_to(tmp_path / "t.csv")
    before = sorted(tmp_path.rglob("*"))
    assert what in files("predict", *line.split(), *how, code=ExitCode.USAGE).err
    assert sorted(tmp_path.rglob("*")) == before


def test_workers_write_into_a_folder_only(files):
    assert "the output is no folder" in files("predict", "a.csv", *WORKERS, code=ExitCode.USAGE).err
