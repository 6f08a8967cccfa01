"""Fits on workers of Dask, in processes of their own: the same bytes, whatever happens to a worker."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributed import Client

import smtrain as sm
from smtrain.errors import ClusterError, DataError, UsageError
from smtrain.fitting.fit import Observer
from smtrain.partitions.cluster import Cluster
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import SpreadHome
from smtrain.sources.table import Table
from tests.cli import SMTRAIN, clean_environment
from tests.cluster.dask import Dask, Killing, waited_for
from tests.hostile.test_processes import slowly
from tests.lists import Lists, ListSpan
from tests.test_pure_sums import FITS, ROWS, saved, table

pytestmark = pytest.mark.usefixtures("lines_by_logits")

# Each starts processes that import Dask, which takes seconds. Those that are not slow are one of each kind.
QUICKLY = {"default"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    narrow, wide = table(3000, 3), table(700, 70)
    wide.iloc[:, 1:70] = wide.iloc[:, 1:70].cumsum(axis=1)
    narrow.to_csv(folder / "narrow.csv", index=False)
    narrow.to_csv(folder / "windows.csv", index=False, lineterminator="\r\n", quoting=1)
    narrow.to_csv(folder / "packed.csv.gz", index=False)
    narrow.to_parquet(folder / "narrow.parquet", index=False, row_group_size=410)
    for part in range(16):
        narrow[part * 188 : (part + 1) * 188].to_csv(folder / f"part-{part:02}.csv", index=False)
    wide.to_csv(folder / "wide.csv", index=False)
    table(600, 3, seed=1).to_csv(folder / "more.csv", index=False)
    return folder


def paths(folder, pattern):
    return sorted(map(str, folder.glob(pattern)))


def fitted(folder, home, data="narrow.csv", validation=None, **options):
    if isinstance(validation, str):
        validation = str(folder / validation)
    return sm.fit(paths(folder, data), target="y", home=home, validation=validation, **options)


def on(place, span_bytes=9000, **more):
    return SpreadHome(Cluster(place, **more), most_rows=ROWS, span_bytes=span_bytes)


@pytest.fixture(scope="module")
def reference(folder, tmp_path_factory):
    """The bytes of a model that was fitted in memory, by the name of its options."""
    at, made = tmp_path_factory.mktemp("reference"), {}

    def bytes_of(name):
        if name not in made:
            made[name] = saved(fitted(folder, MemoryHome(1, most_rows=ROWS), **FITS[name]), at)
        return made[name]

    return bytes_of


# ---- the same bytes ----


@pytest.mark.parametrize("name", [name if name in QUICKLY else slowly([name])[0] for name in FITS])
def test_the_same_bytes_as_in_memory(name, folder, dask, reference, tmp_path):
    assert saved(fitted(folder, on(dask.place), **FITS[name]), tmp_path) == reference(name)


@pytest.mark.parametrize("data", slowly(["part-*.csv", "narrow.parquet", "windows.csv", "packed.csv.gz"]))
def test_the_same_bytes_of_any_form(data, folder, dask, reference, tmp_path):
    assert saved(fitted(folder, on(dask.place), data=data), tmp_path) == reference("default")


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "threads"), [(1, 4), (2, 1), (4, 2), (6, 1)])
def test_the_same_bytes_on_any_number_of_workers(workers, threads, folder, reference, tmp_path):
    with Dask(tmp_path, workers, threads) as dask:
        for name in ("default", "wide"):
            assert saved(fitted(folder, on(dask.place, 4000), **FITS[name]), tmp_path) == reference(name)


def test_from_the_shell(folder, tmp_path):
    """local:N; the model has the bytes of one process, rows that are held out too, and nothing is left behind."""
    (tmp_path / "tmp").mkdir()
    for name, more in {"here.npz": (), "there.npz": ("--cluster", "local:2")}.items():
        options = ["-t", "y", "--test", "0.2", "-o", str(tmp_path / name), *more]
        command = [*SMTRAIN, "fit", *paths(folder, "part-*.csv"), *options]
        environment = clean_environment() | {"TMPDIR": str(tmp_path / "tmp")}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert list((tmp_path / "tmp").iterdir()) == []
    assert "rows on 2 workers, 2 threads" in done.stderr
    assert (tmp_path / "here.npz").read_bytes() == (tmp_path / "there.npz").read_bytes()


# ---- what may happen ----


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 3, 4, 6, 10, 17, 30])
def test_a_worker_is_killed(step, folder, reference, tmp_path):
    """Steps: the index of the files, reading, what is learned by sums, encoding, epochs, tries along lines."""
    with Dask(tmp_path, workers=2) as dask:
        cluster = Killing(dask, step)
        model = fitted(folder, SpreadHome(cluster, most_rows=ROWS, span_bytes=9000), **FITS["wide"])
        assert cluster.steps <= 0
        assert saved(model, tmp_path) == reference("wide")


def test_no_scheduler():
    with pytest.raises(ClusterError, match=r"no scheduler of Dask answers: \w"):
        Cluster("tcp://127.0.0.1:1", patience=1)


def test_a_host_that_is_not_there_is_told_at_once(monkeypatch):
    """Dask, which would try until its time is over, is not asked; it is after failures that may pass."""
    codes = [socket.EAI_NONAME, socket.EAI_AGAIN]

    def fails(host, *_, **__):
        raise socket.gaierror(codes.pop(0), "of the system")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    monkeypatch.setattr("smtrain.partitions.cluster.distributed.rpc", lambda *_, **__: 1 / 0)
    for says in ('no scheduler of Dask answers: there is no host "nowhere"', "division by zero"):
        with pytest.raises(ClusterError, match=says):
            Cluster("tcp://nowhere:1")


@pytest.mark.slow
def test_no_worker(tmp_path):
    with Dask(tmp_path, workers=0) as dask, pytest.raises(ClusterError, match="no worker came within 1 seconds"):
        Cluster(dask.place, patience=1)


@pytest.mark.slow
def test_how_long_to_wait_for_a_worker(folder, tmp_path):
    command = [*SMTRAIN, "fit", str(folder / "narrow.csv"), "-t", "y", "--cluster-wait", "1", "--cluster"]
    with Dask(tmp_path, workers=0) as dask:
        done = subprocess.run(
            [*command, dask.place], check=False, env=clean_environment(), capture_output=True, text=True
        )
    assert done.returncode == 6, done.stderr
    assert "no worker came within 1 seconds" in done.stderr


@pytest.mark.slow
def test_workers_that_are_paused_because_their_memory_is_full(folder, tmp_path):
    """Dask pauses them above a share of their limit, which these have reached at once."""
    paused = pytest.raises(ClusterError, match="all workers are paused for 2 seconds, because their memory is full")
    with Dask(tmp_path, DASK_DISTRIBUTED__WORKER__MEMORY__PAUSE="1e-6") as dask, paused:
        fitted(folder, on(dask.place, patience=2))


@pytest.mark.slow
def test_all_workers_leave(folder, tmp_path):
    with Dask(tmp_path) as dask:
        home = on(dask.place, patience=2)
        dask.kill()
        with pytest.raises(ClusterError, match="no worker came within 2 seconds"):
            fitted(folder, home)


@pytest.mark.slow
def test_the_scheduler_leaves(folder, tmp_path):
    class Leave(Observer):
        def on_learned(self, *_):
            dask.scheduler.kill()

    with Dask(tmp_path) as dask:
        home = on(dask.place, patience=2)
        with pytest.raises(ClusterError, match="the scheduler is gone"):
            fitted(folder, home, observer=Leave())


@pytest.mark.slow
def test_a_worker_of_another_python(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import platform\nplatform.python_version = lambda: '3.99.1'\n")
    with Dask(tmp_path, PYTHONPATH=str(tmp_path)) as dask, pytest.raises(ClusterError, match=r"Python 3\.99 on worker"):
        Cluster(dask.place)


@pytest.mark.slow
def test_a_file_that_workers_do_not_see(folder, dask, tmp_path):
    """The driver has looked at it before."""
    path = tmp_path / "here.csv"
    path.write_bytes((folder / "narrow.csv").read_bytes())
    home = on(dask.place)
    submit, home.executor.submit = (
        home.executor.submit,
        lambda *arguments: (path.unlink(missing_ok=True), submit(*arguments))[1],
    )
    with pytest.raises((DataError, UsageError), match=r"cannot (be )?read"):
        sm.fit(str(path), target="y", home=home)


@pytest.mark.slow
def test_what_others_cannot_read(folder, dask):
    command = [*SMTRAIN, "fit", "-", "-t", "y", "--cluster", dask.place]
    with (folder / "narrow.csv").open("rb") as file:
        done = subprocess.run(command, check=False, stdin=file, env=clean_environment(), capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "comes through a pipe" in done.stderr


@pytest.mark.slow
def test_interrupted(folder, dask, tmp_path):
    """Nothing of the fit is left on the cluster; what is another's stays."""
    with Client(dask.address, set_as_default=False) as other:
        theirs = other.submit(sum, [1, 2], key="theirs")
        command = [
            *SMTRAIN,
            "fit",
            str(folder / "narrow.csv"),
            "-t",
            "y",
            "--cluster",
            dask.place,
            "--tol",
            "0",
            "--solver",
            "gd",
            "--epochs",
            "100000",
        ]
        with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True) as fit:
            while "epoch" not in fit.stderr.readline():
                assert fit.poll() is None
            fit.send_signal(signal.SIGINT)
            assert fit.wait(timeout=30) == 130
            assert "interrupted" in fit.stderr.read()
        waited_for(lambda: other.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.tasks)) == ["theirs"])
        assert theirs.result() == 3


@pytest.mark.slow
def test_two_fits_at_once(folder, dask, reference, tmp_path):
    command = [*SMTRAIN, "fit", *paths(folder, "part-*.csv"), "-t", "y", "--cluster", dask.place, "-o"]
    started = [subprocess.Popen([*command, f"{k}.npz"], cwd=tmp_path, env=clean_environment()) for k in range(2)]
    assert [process.wait(timeout=120) for process in started] == [0, 0]
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()


@dataclass(frozen=True)
class Deadly(ListSpan):
    """Ends the process that reads it, as one that takes too much memory is ended."""

    def open(self):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_task_that_kills_workers(tmp_path):
    class Source(Lists):
        def spans(self, *_):
            return [Deadly(self.names, self._rows, (), 2)]

    root = str(Path(__file__).parents[2])
    with Dask(tmp_path, workers=2, PYTHONPATH=root, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as dask:
        table = Table(Source(["x", "y"], [["1", "a"], ["2", "b"]]))
        with pytest.raises(ClusterError, match="workers died of the same task"):
            sm.fit(table, target="y", home=on(dask.place))


@dataclass(frozen=True)
class Counted(ListSpan):
    """Leaves a mark each time that it is read."""

    marks: Path = Path()

    def open(self):
        with self.marks.open("a") as file:
            file.write(f"{self.start}\n")
        return super().open()


@pytest.mark.slow
def test_what_is_lost_is_read_once_more_and_nothing_else_is(tmp_path):
    names, rows, size = ["x", "y"], [[str(k * k % 101), "ab"[k % 2]] for k in range(4000)], 500

    class Source(Lists):
        def spans(self, *_):
            runs = [rows[start : start + size] for start in range(0, len(rows), size)]
            return [Counted(names, run, (), 2 + size * k, tmp_path / "marks") for k, run in enumerate(runs)]

    class Kill(Observer):
        def on_epoch(self, record):
            if record.epoch == 3:
                dask.kill()

    with Dask(tmp_path, workers=2, PYTHONPATH=str(Path(__file__).parents[2])) as dask:
        options = {"target": "y", "solver": "gd", "epochs": 8, "tol": 0}
        sm.fit(Table(Source(names, rows)), home=on(dask.place), observer=Kill(), **options)
    read = Counter((tmp_path / "marks").read_text().split())
    assert len(read) == 8
    assert 1 in read.values()
    assert 2 in read.values()
    assert max(read.values()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [None, 0.7, 1, 1.3, 1.6])
def test_ctrl_c_on_a_terminal_ends_local_workers_in_silence(seconds, folder, tmp_path):
    """A terminal sends it to every process: while they train, or so many seconds after the start, while they load."""
    command = [*SMTRAIN, "fit", str(folder / "narrow.csv"), "-t", "y", "--cluster", "local:2"]
    command += ["--tol", "0", "--solver", "gd", "--epochs", "100000"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as fit:
        while seconds is None and "epoch" not in fit.stderr.readline():
            assert fit.poll() is None
        time.sleep(seconds or 0)
        os.killpg(fit.pid, signal.SIGINT)
        said = fit.stderr.read()
        assert fit.wait(timeout=60) == 130
    assert "Traceback" not in said
    assert said.endswith("smtrain: error: interrupted\n")


@pytest.mark.parametrize("place", ["tls://127.0.0.1:1", "inproc://1", "http://127.0.0.1:1", "somewhere", "local:0"])
def test_a_place_that_is_none(place):
    with pytest.raises((ClusterError, UsageError), match=r"no scheduler|neither an address"):
        Cluster(place, patience=1)


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"address": 5}', "x,y\n1,a\n"])
def test_a_file_that_is_no_schedulers(text, tmp_path):
    (tmp_path / "file").write_text(text)
    with pytest.raises(UsageError, match="nor the file of a scheduler"):
        Cluster(str(tmp_path / "file"))


def test_a_port_that_answers_nothing():
    none = pytest.raises(ClusterError, match=r"no scheduler of Dask answers: \w")
    with socket.create_server(("127.0.0.1", 0)) as server, none:
        Cluster(f"127.0.0.1:{server.getsockname()[1]}", patience=1)


@pytest.mark.slow
def test_the_address_of_a_worker(dask):
    with Client(dask.address, set_as_default=False) as client:
        client.wait_for_workers(1)
        worker = next(iter(client.nthreads()))
    with pytest.raises(ClusterError, match="this is a worker of Dask"):
        Cluster(worker)


@pytest.mark.slow
def test_the_first_error_from_the_top_is_told(folder, dask):
    """Of a weight in the second file, and of a third file that is not there."""
    (folder / "worse.csv").write_text((folder / "narrow.csv").read_text().replace(",2.0,", ",-2.0,"))
    files = [str(folder / name) for name in ("narrow.csv", "worse.csv", "none.csv")]
    with pytest.raises(DataError) as here:
        sm.fit(files, target="y", weight="w")
    with pytest.raises(DataError) as there:
        sm.fit(files, target="y", weight="w", home=on(dask.place))
    assert (str(there.value), there.value.line) == (str(here.value), here.value.line)


@pytest.mark.slow
def test_where_an_event_loop_runs(folder, dask):
    async def notebook():
        return sm.fit(str(folder / "narrow.csv"), target="y", home=on(dask.place), epochs=1).fit.rows

    assert asyncio.run(notebook()) == 3000
