"""Workers of Dask, on a cluster or on this machine. The only module that knows `distributed`.

A worker may leave at any time: the scheduler then has what it held computed again by others. Nothing waits without an
end: a cluster without workers, one that is gone, and a task that kills its workers are errors.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import pickle
import platform
import re
import signal
import socket
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from importlib.metadata import version
from itertools import count, takewhile
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, NamedTuple

import dask.config
import distributed
import numpy as np

from smtrain.errors import ClusterError, UsageError, quoted
from smtrain.partitions import PATIENCE
from smtrain.partitions.executor import Task
from smtrain.partitions.interface import Options
from smtrain.partitions.spread import SpreadHome
from smtrain.version import __version__

# Seconds that the scheduler may take to answer, which is there or is not.
ANSWER = 10
# Bytes of a function from which on it is sent to each worker once, not with each task.
SHARED_BYTES = 2048
# Tasks whose results are asked for together: their sums are here at a time.
TOGETHER = 32
LOCAL = re.compile(r"local:([1-9][0-9]{0,3})")
ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx)://)?(?!local:)(?:([^\s/:]+)|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")


class Cluster:
    """An executor on the workers of Dask at a `place`: an address, the file of a scheduler, or local:N."""

    def __init__(self, place: str, *, patience: int = PATIENCE) -> None:
        self._place, self._patience, self._alone, self._wanted = place, patience, 0, 1
        # The names of tasks. Threads of this process submit some: the numbers come from a counter that is atomic.
        self._prefix, self._numbers = f"smtrain-{uuid.uuid4().hex}", count()
        self._level = _hush(logging.CRITICAL)
        self._local: distributed.LocalCluster | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # of the workers that are started here
        self._client: distributed.Client | None = None
        try:
            self._client = self._connected()
            self._alike = self._check_workers()
        except BaseException:
            self.close()
            raise

    @property
    def client(self) -> distributed.Client:
        """The connection."""
        assert self._client is not None
        return self._client

    def _connected(self) -> distributed.Client:
        """Return the connection. Raises UsageError for a place that is none, ClusterError if there is no scheduler."""
        local = LOCAL.fullmatch(self._place)
        if local:
            self._wanted = int(local[1])
            self._local = self._started(self._wanted)
            return distributed.Client(self._local, set_as_default=False)
        address, seconds = self._address(), min(self._patience, ANSWER)
        try:
            # A client that finds no scheduler waits for minutes as it is given up. So this is found out before.
            with ThreadPoolExecutor(1) as pool:  # there may be an event loop here, as in a notebook
                kind = pool.submit(asyncio.run, kind_of(address, seconds)).result()
        except Exception as error:  # Dask has an error of its own for each sort of address that cannot be
            why = str(error) or f"nothing came within {seconds} seconds"  # that of a wait that ended says nothing
            raise self._error(f"no scheduler of Dask answers: {why}", "dask scheduler starts one") from error
        if kind != "Scheduler":
            raise self._error(f"this is a {kind.lower()} of Dask, not the scheduler", "the address of the scheduler")
        return distributed.Client(address, timeout=self._patience, set_as_default=False)

    def _started(self, workers: int) -> distributed.LocalCluster:
        """Return a scheduler in this process, which starts so many workers of one thread each."""
        self._folder = tempfile.TemporaryDirectory(prefix="smtrain-", ignore_cleanup_errors=True)
        # The scheduler has the temporary directory of the settings, the workers, which start later, the local one.
        with dask.config.set({"temporary-directory": self._folder.name}), _interrupts_held():
            # Its thread starts the workers, and they hold interrupts as it does.
            cluster = distributed.LocalCluster(
                n_workers=0,
                threads_per_worker=1,
                local_directory=self._folder.name,
                memory_limit=1 / workers,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
        cluster.scale(workers)
        return cluster

    def _address(self) -> str:
        """Return the address of the scheduler that the place names. Raises UsageError if it names none."""
        if ADDRESS.fullmatch(self._place):
            return self._place
        try:
            address = json.loads(Path(self._place).read_text(encoding="utf-8"))["address"]
        except (OSError, ValueError, LookupError, TypeError):
            address = None
        if not isinstance(address, str):
            what = "neither an address such as tcp://host:8786, nor the file of a scheduler, nor local:N"
            raise UsageError(f"--cluster {quoted(self._place)} is {what}")
        return address

    def _check_workers(self) -> bool:
        """Return whether all workers round as this process does.

        Raises ClusterError if no worker comes, or one has other versions than this process.
        """
        try:
            with contextlib.suppress(TimeoutError):  # of local workers those that are there will do
                self.client.wait_for_workers(self._wanted, timeout=self._patience)
            if not self.client.nthreads():
                raise self._no_worker()
            told = self.client.run(itself)
        except ImportError as error:
            what = f"a worker has no smtrain: {error}"
            raise self._error(what, "install the same version on every worker") from error
        ours = itself()
        for worker, theirs in told.items():
            for name, needed in ours.versions.items():
                if theirs.versions.get(name) != needed:
                    what = f"{name} {theirs.versions.get(name)} on worker {worker}, {needed} here"
                    raise self._error(what, "install the same versions on every worker")
        return all(theirs.rounding == ours.rounding for theirs in told.values())

    @property
    def threads(self) -> int:
        """The threads of all workers."""
        return max(1, sum(map(int, self.client.nthreads().values())))

    @property
    def description(self) -> str:
        """The cluster in a line."""
        workers = self._workers()
        memory = sum(worker["memory_limit"] or 0 for worker in workers)
        odd = "" if self._alike else "; some round otherwise than this machine: last digits may differ"
        return f"{len(workers)} workers, {self.threads} threads, {memory / 2**30:.1f} GiB{odd}"

    def _workers(self) -> list[dict[str, Any]]:
        """What the scheduler knows of each worker."""
        return list(self.client.scheduler_info(n_workers=-1)["workers"].values())

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Task:
        """Have function(*arguments) computed by a worker."""
        task: Task = self.client.submit(function, *arguments, key=f"{self._prefix}-{next(self._numbers)}", pure=False)
        return task

    def share(self, thing: Any) -> Any:
        """Return a small thing as it is; of a large one the task of its pickle, which each worker fetches once."""
        pickled = pickle.dumps(thing)
        return thing if len(pickled) < SHARED_BYTES else self.submit(pickle.loads, pickled)

    def results(self, tasks: Sequence[Task]) -> Iterator[Any]:
        """Yield the results of some tasks, in their order. Raises the error of one that failed, or ClusterError."""
        for first in range(0, len(tasks), TOGETHER):
            yield from self._results(list(tasks[first : first + TOGETHER]))

    def _results(self, futures: list[Any]) -> Iterator[Any]:
        """Yield the results of some futures: when all are there, or those that are after a second, for who watches."""
        while futures:
            try:
                ready = self._ready(futures)
                found: list[Any] = self.client.sync(self._gathered, ready)
            except CancelledError as error:
                raise self._gone() from error
            except TimeoutError:
                self._check_alive()
                continue
            self._alone, futures = 0, futures[len(ready) :]
            yield from found

    def _ready(self, futures: list[Any]) -> list[Any]:
        """Return the first futures whose results are there. Raises TimeoutError for none, or the error of the first."""
        with self.client.as_current(), contextlib.suppress(TimeoutError):
            distributed.wait(futures, timeout=1)
        # What is before one that failed counts: its results may have another error to tell.
        ready = list(takewhile(lambda future: future.status == "finished", futures))
        if ready:
            return ready
        if futures[0].status == "pending":
            raise TimeoutError
        raise self._failure(futures[0])

    async def _gathered(self, futures: list[Any]) -> list[Any]:
        # A worker may leave between the end of its task and this; without another one that would wait for ever.
        found: list[Any] = await asyncio.wait_for(self.client.gather(futures, asynchronous=True), self._patience)
        return found

    def _failure(self, future: Any) -> BaseException:
        """Return the error of a task that failed."""
        if future.status in {"cancelled", "lost"}:
            return self._gone()
        error: BaseException = future.exception()
        if isinstance(error, distributed.KilledWorker):
            what = "workers died of the same task again and again"
            return self._error(what, "most often they have too little memory: more of it, or more workers")
        return error

    def _check_alive(self) -> None:
        """Raise ClusterError if the scheduler is gone, or no worker worked for too long. Called each second."""
        if self.client.status != "running":
            raise self._gone()
        # Dask pauses a worker whose memory is nearly full, and waits for ever for what may never be freed.
        paused = [worker["status"] == "paused" for worker in self._workers()]
        self._alone = self._alone + 1 if all(paused) else 0
        if self._alone >= self._patience:
            raise self._full() if paused else self._no_worker()

    def _full(self) -> ClusterError:
        what = f"all workers are paused for {self._patience} seconds, because their memory is full"
        return self._error(what, "more memory for each, or more workers")

    def _gone(self) -> ClusterError:
        what = "the scheduler is gone, or was told to give the work up"
        return self._error(what, "give the command again; a fit with --checkpoint goes on from where it was")

    def _no_worker(self) -> ClusterError:
        return self._error(f"no worker came within {self._patience} seconds", f"dask worker {self._place} starts one")

    def _error(self, what: str, hint: str) -> ClusterError:
        return ClusterError(f"--cluster {quoted(self._place)}: {what}", hint=hint)

    def close(self) -> None:
        """Give up all tasks, and leave; workers of this machine are ended."""
        if self._client is not None:
            self._client.close()  # the scheduler forgets what no client wants
        if self._local is not None:
            self._local.close()
        if self._folder is not None:
            self._folder.cleanup()
        _hush(self._level)


async def kind_of(address: str, seconds: float) -> str:
    """Return what Dask has at an address, Scheduler or Worker. Raises what Dask raises, and TimeoutError."""
    await asyncio.wait_for(_check_name(address), seconds)
    arguments = distributed.Security().get_connection_args("client")
    async with distributed.rpc(address, timeout=seconds, connection_args=arguments) as there:
        told = await asyncio.wait_for(there.identity(), seconds)
    return str(told["type"])


async def _check_name(address: str) -> None:
    """Raise an OSError for a name of a host that is not there. Dask would look it up again until its time is over."""
    found = ADDRESS.fullmatch(address)
    if found and found[1]:
        try:
            await asyncio.get_running_loop().getaddrinfo(found[1], None)
        except socket.gaierror as error:
            if error.errno == socket.EAI_NONAME:  # other failures may pass
                raise OSError(f"there is no host {quoted(found[1])}") from error


class Itself(NamedTuple):
    """The `versions` of a process, which must be the same on all workers, and a digest of how it rounds."""

    versions: dict[str, str]
    rounding: str


def itself() -> Itself:
    """Return what a process has to tell of itself."""
    names = {"smtrain": __version__} | {name: version(name.lower()) for name in ("NumPy", "pandas")}
    # A product whose last digits hang on the kernels of the BLAS, and so on the processor.
    X = np.random.default_rng(0).normal(size=(1000, 40))
    rounding = hashlib.sha256((X.T @ X[:, :7]).tobytes()).hexdigest()
    return Itself(names | {"Python": platform.python_version().rpartition(".")[0]}, rounding)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold SIGINT back meanwhile, for ever in threads that begin meanwhile and in the processes that these start.

    A terminal sends Ctrl-C to all of its processes. The one that was called ends the others, also those that have just
    begun to load Python. Windows has no such thing: there they may say that they were interrupted.
    """
    if sys.platform == "win32":
        yield
        return
    # It is started with the first process otherwise, and lets interrupts through in the thread that starts it.
    resource_tracker.ensure_running()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _hush(level: int) -> int:
    """Set what Dask's own log says from on, and return what it said before: errors are told in smtrain's words."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(level)
    return before


def open_home(options: Options) -> SpreadHome:
    """Return the home on the cluster that the options name."""
    assert options.cluster is not None
    return SpreadHome(Cluster(os.fspath(options.cluster), patience=options.cluster_wait), options.threads)
