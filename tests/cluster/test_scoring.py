"""A model applied to tables by workers of Dask: what is said and written is what one process says and writes."""

import subprocess

import pytest

import smtrain as sm
from smtrain.cli.predicting import Predicting, done, jobs_of, summed
from smtrain.partitions.spread import SpreadHome
from tests.cli import SMTRAIN, clean_environment
from tests.cluster.dask import Dask, Killing
from tests.test_pure_sums import table


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scoring")
    frame = table(9000, 3)
    sm.fit(frame[:500], target="y", weight="w").save(str(folder / "model.npz"))
    frame.loc[100:130, "word"] = "new"
    for part in range(3):
        frame[part * 3000 : (part + 1) * 3000].to_csv(folder / f"part-{part}.csv", index=False)
    return folder


def said(folder, command, *more):
    data = [path.name for path in sorted(folder.glob("part-*.csv"))]
    command = [*SMTRAIN, *command, *data, *more]
    done = subprocess.run(command, check=False, cwd=folder, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode in {0, 7}, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["evaluate --worst 5 --json", "check --json", "cv -t y --weight w --folds 2"], ids=lambda text: text[:5]
)
def test_from_the_shell(command, folder):
    assert said(folder, command.split(), "--cluster", "local:2") == said(folder, command.split())


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
def test_evaluate_and_check(folder, dask):
    model, paths = sm.load(str(folder / "model.npz")), sorted(map(str, folder.glob("part-*.csv")))
    assert repr(sm.check(model, paths, cluster=dask.place).findings) == repr(sm.check(model, paths).findings)
    there, here = (sm.evaluate(model, paths, cluster=place) for place in (dask.place, None))
    assert (there.metrics, there.unseen) == (here.metrics, here.unseen)


def test_predict(folder, dask):
    said(folder, ["predict", "--proba", "-o", "here/"])
    said(folder, ["predict", "--proba", "-o", "there/"], "--cluster", dask.place)
    for path in sorted((folder / "here").iterdir()):
        assert path.read_bytes() == (folder / "there" / path.name).read_bytes()
    assert len([*(folder / "there").iterdir()]) == 3


@pytest.mark.filterwarnings("ignore::smtrain.errors.UnknownLevelWarning")
@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 5])
def test_a_worker_is_killed(step, folder, tmp_path):
    """While spans are read, and while sums are added."""
    model, paths = sm.load(str(folder / "model.npz")), sorted(map(str, folder.glob("part-*.csv")))
    with Dask(tmp_path, workers=2) as dask:
        cluster = Killing(dask, step)
        found = sm.evaluate(model, paths, home=SpreadHome(cluster, span_bytes=20_000))
        assert cluster.steps <= 0
    assert found.metrics == sm.evaluate(model, paths).metrics


@pytest.mark.slow
def test_a_worker_is_killed_that_writes(folder, tmp_path):
    """Each file is there whole, as if nothing had been."""
    model, paths = sm.load(str(folder / "model.npz")), sorted(map(str, folder.glob("part-*.csv")))
    options = {
        "proba": True,
        "top": None,
        "keep": (),
        "format": "csv",
        "csv_safe": False,
        "digits": None,
        "explain": None,
    }
    for where in ("here", "there"):
        (tmp_path / where).mkdir()
    predicting, jobs = Predicting(model, "m", "warn", options), jobs_of(paths, str(tmp_path / "there"), "csv")
    with Dask(tmp_path, workers=2) as dask:
        home = SpreadHome(Killing(dask, 1))
        assert not summed(done(jobs, predicting, home))[2]
        home.close()
    assert not summed(map(predicting, jobs_of(paths, str(tmp_path / "here"), "csv")))[2]
    for path in sorted((tmp_path / "here").iterdir()):
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes()
