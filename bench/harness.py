"""Run other programs and measure them; nothing heavy is imported here, so that the measured processes start clean.

(The peak memory of a child counts from the fork on, so a large parent would be measured with it.)
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SMTRAIN = (sys.executable, "-m", "smtrain")
# An installed program has its bytecode; this one would be compiled anew by every process where this is set.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
PEERS = Path(__file__).parent / "peers"


class RunError(Exception):
    """A program ended with an error, or ran out of its time; the message says which."""


@dataclass(frozen=True)
class Run:
    """One process: wall seconds from start to end, peak resident memory, and its standard output."""

    seconds: float
    peak_mb: float
    output: str


def run(*command, limit=None, **environment):
    """Run a command to its end. Raises RunError if it fails or takes longer than `limit` seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=ENVIRONMENT | environment,
            start_new_session=True,
        )
        late = threading.Event()
        timer = threading.Timer(limit or threading.TIMEOUT_MAX, _stop, (process, late))
        timer.daemon = True
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if late.is_set():
            raise RunError(f"> {limit:g} s")
        if process.returncode:
            raise RunError(_last_line(err) or f"exit {process.returncode}")
        out.seek(0)
        return Run(seconds, usage.ru_maxrss / 1024, out.read().decode())


def _stop(process, late):
    """End the process and its children."""
    late.set()
    os.killpg(process.pid, signal.SIGKILL)


def _last_line(stream):
    stream.seek(0)
    lines = stream.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


@dataclass(frozen=True)
class Fit:
    """One `smtrain fit`: its process, its JSON summary, and the records of its log."""

    run: Run
    summary: dict
    log: list

    @property
    def training(self):
        """Seconds from the first pass over the rows to the last."""
        return self.log[-1]["seconds"] - self.log[0]["seconds"]

    @property
    def passes(self):
        """Passes over the rows in that time."""
        return self.log[-1]["epoch"] - self.log[0]["epoch"]

    def reached(self, objective):
        """The first record whose objective is as low, or None."""
        return next((record for record in self.log if record["objective"] <= objective), None)


def smtrain_fit(path, folder, *options, limit=None):
    """Fit `path`; the model is FOLDER/m.npz afterwards."""
    log = folder / "log.jsonl"
    command = (*SMTRAIN, "fit", path, "--quiet", "--json", "--output", folder / "m.npz", "--log", log)
    done = run(*command, *options, limit=limit)
    return Fit(done, json.loads(done.output), [json.loads(line) for line in log.read_text().splitlines()])


def sklearn(threads, *arguments, limit=None):
    """Run peers/with_sklearn.py with so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    command = (sys.executable, PEERS / "with_sklearn.py", *arguments)
    return run(*command, limit=limit, **dict.fromkeys(names, str(threads)))


def median(values):
    """The median."""
    return statistics.median(values)


def target_of(path):
    """The name of the last column."""
    with path.open() as file:
        return file.readline().strip().split(",")[-1]


def markdown(head, rows):
    """A Markdown table."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def shape(result):
    """Rows × features, classes."""
    return f"{result['rows']:,} × {result['features']:,}, {result['classes']:,}"
