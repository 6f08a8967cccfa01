"""What an epoch costs on a cluster: the time beside that of one process with as many threads, on made tables."""

import sys

from harness import markdown as markdown_table
from harness import median, run, smtrain_fit
from scaling import MAKER

TITLE = "Clusters"
NOTE = """Made tables; gradient descent, so that an epoch is one sum over the rows. *A process*: an epoch with so many \
threads. *Workers*: with so many processes on the same machine, by `--cluster local:N`. *Overhead*: the difference. \
Starting the workers takes *start* seconds, once."""
EPOCHS = 30
TABLES = [(10**4, 10, 3), (10**5, 10, 3), (10**6, 10, 3), (10**5, 100, 10)]
WORKERS = (1, 2)


def measure(_, options):
    """One result for a table and a number of workers."""
    return [measure_table(sizes, workers, options) for sizes in TABLES for workers in WORKERS]


def measure_table(sizes, workers, options):
    """The medians of one made table."""
    path = options.folder / "table.csv"
    run(sys.executable, MAKER, path, *sizes, 0)
    here = [_fit(path, options, "--threads", workers) for _ in range(options.repeats)]
    there = [_fit(path, options, "--cluster", f"local:{workers}") for _ in range(options.repeats)]
    path.unlink()
    return dict(zip(("rows", "columns", "classes"), sizes, strict=True)) | {
        "workers": workers,
        "here": median(fit.training / fit.passes for fit in here),
        "there": median(fit.training / fit.passes for fit in there),
        "start": median(fit.log[0]["seconds"] for fit in there) - median(fit.log[0]["seconds"] for fit in here),
    }


def _fit(path, options, *more):
    return smtrain_fit(path, options.folder, "--solver", "gd", "--tol", 0, "--epochs", EPOCHS, *more)


def markdown(results):
    """A Markdown table."""
    head = ["rows × columns, classes", "workers", "a process, ms", "workers, ms", "overhead, ms", "start, s"]
    return markdown_table(head, map(_line, results))


def _line(r):
    here, there = 1000 * r["here"], 1000 * r["there"]
    table = f"{r['rows']:,} × {r['columns']}, {r['classes']}"
    return [table, str(r["workers"]), f"{here:.1f}", f"{there:.1f}", f"{there - here:.1f}", f"{r['start']:.1f}"]
