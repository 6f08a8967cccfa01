"""A scheduler of Dask and its workers, each a process of its own on this machine, started and ended by a test."""

import json
import subprocess
import sys
import time

from smtrain.partitions.cluster import Cluster
from tests.cli import clean_environment

SECONDS = 60


def _started(what, *arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, arguments)],
        env=clean_environment() | {"OPENBLAS_NUM_THREADS": "1"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Dask:
    """`with Dask(folder, workers) as dask`: its `place` is a scheduler file. Ports are chosen by the system."""

    def __init__(self, folder, workers=1, threads=1, **environment):
        self.file, self.threads, self.environment = folder / "scheduler.json", threads, environment
        self.folder, self._wanted, self.workers = folder, workers, []

    def __enter__(self):
        self.scheduler = _started(
            "scheduler", "--scheduler-file", self.file, "--port", 0, "--host", "127.0.0.1", "--no-dashboard",
            **self.environment,
        )  # fmt: skip
        for _ in range(self._wanted):
            self.add()
        waited_for(lambda: self.file.exists() and self.file.read_text().strip().endswith("}"))
        self.address = json.loads(self.file.read_text())["address"]
        return self

    @property
    def place(self):
        return str(self.file)

    def add(self, **environment):
        """Another worker; nobody starts it again when it is killed."""
        worker = _started(
            "worker", "--scheduler-file", self.file, "--nthreads", self.threads, "--no-nanny", "--no-dashboard",
            "--local-directory", self.folder / f"worker{len(self.workers)}", **(self.environment | environment),
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def kill(self, index=0):
        """End a worker as a machine ends that loses its power."""
        self.workers[index].kill()
        self.workers.pop(index).wait()

    def __exit__(self, *exc):
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


class Killing(Cluster):
    """Ends a worker, and starts another, before the results of a step are asked for."""

    def __init__(self, dask, step):
        self.dask, self.steps = dask, step
        super().__init__(dask.place)

    def results(self, tasks):
        self.steps -= 1
        if self.steps == 0:
            self.dask.kill()
            self.dask.add()
        return super().results(tasks)


def waited_for(condition):
    for _ in range(20 * SECONDS):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about")
