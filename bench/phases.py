"""Where the seconds of a fit go, phase by phase; with --before, beside those of an earlier version of smtrain."""

import json
import sys

from grid import MORE, MORE_FROM
from harness import PEERS, run, target_of
from harness import markdown as markdown_table
from scaling import MAKER

TITLE = "Phases of a fit"
NOTE = """Seconds of default fits. Each second counts for the innermost phase; "rows: …" are sums over the rows by \
the name of what is summed, the others are the driver's own work. *A pass* is the objective and its gradient, \
and *its products* are the two products with X alone, on the same rows and threads, in milliseconds, the best of five. \
*Before* is the same with an earlier version, where one was given."""
FILES = ("flights.csv", "cover.csv", "mnist.csv")
# Phases of less than this share of the whole are left out.
LEAST = 0.01


def measure(paths, options):
    """One result a file, and one for the made table."""
    some = [path for path in paths if path.name in FILES] or paths[:1]
    made = options.folder / "classes.csv"
    if options.work >= MORE_FROM:
        run(sys.executable, MAKER, made, *MORE[0], 0)
        some.append(made)
    return [measure_file(path, options) for path in some]


def measure_file(path, options):
    """The phases now and before."""
    versions = {"now": None} | ({"before": options.before} if options.before else {})
    return {"file": path.name} | {name: phases(path, version) for name, version in versions.items()}


def phases(path, version):
    """What the stopwatch says of the version of smtrain in a folder, None for the one that is installed."""
    environment = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment |= {"PYTHONPATH": str(version)} if version else {}
    done = run(sys.executable, PEERS / "stopwatch.py", path, target_of(path), **environment)
    return json.loads(done.output.splitlines()[-1])


def markdown(results):
    """A Markdown table for each file."""
    return "\n\n".join(f"**{r['file']}**\n\n{_table(r)}" for r in results)


def _table(result):
    names = [name for name in ("before", "now") if name in result]
    runs = [result[name] for name in names]
    wholes = [sum(one["seconds"].values()) for one in runs]
    lines = [["the whole", *(f"{whole:.2f}" for whole in wholes)]]
    every = dict.fromkeys(phase for one in reversed(runs) for phase in one["seconds"])
    for phase in every:
        seconds = [one["seconds"].get(phase, 0.0) for one in runs]
        if any(s >= LEAST * whole for s, whole in zip(seconds, wholes, strict=True)):
            lines.append([phase, *(f"{s:.2f}" for s in seconds)])
    lines.append(["passes", *(str(one["passes"]) for one in runs)])
    lines.append(["a pass, its products, ms", *(f"{one['pass']:.1f}, {one['products']:.1f}" for one in runs)])
    lines.append(["peak memory, MB", *(f"{one['peak_mb']:.0f}" for one in runs)])
    return markdown_table(["phase", *names], lines)
