"""Solvers of the same problem, each to the same true distance from the optimum, on the same arrays in memory."""

import sys
from pathlib import Path

import numpy as np
from harness import PEERS, RunError, run, shape, sklearn, target_of
from harness import markdown as markdown_table

TITLE = "To the same gap"
NOTE = """All minimise Σ NLL + ½ ‖W‖² on the same scaled arrays of float32, words as columns of zeros and ones, \
scaled too; the seconds are those of the fit alone, with all processors; scikit-learn has one thread, for two are \
slower (see Fit). Each is run with the tolerances 10⁻¹, 10⁻², … of its own, until its weights are within 1e-4 of the \
least objective, computed in float64; the table has the first run that is. So who stops too early pays nothing for \
it, and who proves a bound, as cyanure and smtrain do, gets nothing for it. The least objective is what smtrain's \
certificate proves, to 1e-7. The fastest of a row is named; a program that takes more than ten seconds and three \
times as long as the fastest so far is stopped."""
GAP = 1e-4
# The tolerance of the fit that gives the least objective is 10 to the minus this.
LEAST = 7
# The programs, with the first of their tolerances that is tried: coarser ones were never enough.
PROGRAMS = {
    "smtrain": 1,
    "scikit-learn lbfgs": 4,
    "scikit-learn newton-cg": 4,
    "scikit-learn newton-cholesky": 3,
    "scikit-learn-intelex": 1,
    "cyanure": 1,
    "adelie": 1,
}
SKLEARN = {name for name in PROGRAMS if name.startswith("scikit-learn ")}
LAST = 10
# Seconds that every run may take, and how many times as long as the fastest besides.
PATIENCE = 10.0
TIMES = 3.0
# adelie asks for a NumPy before 2, with which smtrain does not run.
PYTHONS = {"adelie": Path(f"{sys.prefix}-adelie") / "bin" / "python"}


def measure(paths, options):
    """One result for each file and program."""
    return [result for path in paths for result in measure_file(path, options)]


def measure_file(path, options):
    """All programs in turn on one file."""
    arrays = options.folder / "arrays.npz"
    sklearn(2, "arrays", path, target_of(path), arrays)
    data = np.load(arrays)
    X, y = data["X"], data["y"]
    run_one("smtrain", arrays, LEAST, options, None)
    best = objective(X, y, options) / (1 + 10.0**-LEAST)
    facts = {"file": path.name, "rows": len(X), "features": X.shape[1], "classes": int(y.max()) + 1}
    results, fastest = [], options.limit
    for name in PROGRAMS:
        limit = min(options.limit, round(PATIENCE + TIMES * fastest))
        results.append(facts | {"program": name} | measure_program(name, arrays, (X, y, best), options, limit))
        fastest = min(fastest, results[-1].get("seconds", fastest))
    return results


def measure_program(name, arrays, problem, options, limit):
    """The first run that is near enough, or why there is none."""
    X, y, best = problem
    gap = np.inf
    try:
        for level in range(PROGRAMS[name], LAST + 1):
            seconds = run_one(name, arrays, level, options, limit)
            gap = objective(X, y, options) / best - 1
            if gap < -GAP:  # no weights are better than the best: they are those of another function
                return {"failed": f"another problem, gap {gap:.0e}"}
            if gap <= GAP:
                return {"seconds": seconds, "tolerance": 10.0**-level, "gap": gap}
    except RunError as failure:
        return {"failed": str(failure)}
    except FileNotFoundError:
        return {"failed": "not installed"}
    return {"failed": f"gap {gap:.0e}"}


def run_one(name, arrays, level, options, limit):
    """The seconds of a fit; its weights are in FOLDER/weights.npz."""
    python = PYTHONS.get(name, sys.executable)
    command = (python, PEERS / "with_arrays.py", name, arrays, level, options.folder / "weights.npz")
    threads = {"OMP_NUM_THREADS": "1"} if name in SKLEARN else {}
    return float(run(*command, limit=limit, **threads).output.splitlines()[-1])


def objective(X, y, options, block=1 << 16):
    """Σ NLL + ½ ‖W‖² of the weights in FOLDER/weights.npz, in float64. The mean over the classes is taken off W."""
    weights = np.load(options.folder / "weights.npz")
    W, b = weights["W"], weights["b"]
    total = 0.5 * np.sum((W - W.mean(axis=1, keepdims=True)) ** 2)
    for first in range(0, len(X), block):
        Z = X[first : first + block].astype(float) @ W + b
        total += np.sum(np.logaddexp.reduce(Z, axis=1) - Z[np.arange(len(Z)), y[first : first + block]])
    return total


def markdown(results):
    """The results as a Markdown table: a line a file, a column a program."""
    lines = []
    for file, row in by_file(results).items():
        cells = [row.get(name, {"failed": "–"}) for name in PROGRAMS]
        first = winner(row)
        lines.append([file, shape(next(iter(row.values()))), first or "none", *(_cell(r, first) for r in cells)])
    return markdown_table(["file", "rows × features, classes", "the fastest", *PROGRAMS], lines)


def by_file(results):
    """The results by file and program."""
    files = {}
    for r in results:
        files.setdefault(r["file"], {})[r["program"]] = r
    return files


def winner(row):
    """The name of the fastest program of a file, None if none came near enough."""
    return min((name for name, r in row.items() if "seconds" in r), key=lambda name: row[name]["seconds"], default=None)


def _cell(r, first):
    if "failed" in r:
        return r["failed"].replace("|", "¦")[:40]
    text = f"{r['seconds']:.2f} s"
    return f"**{text}**" if r.get("program") == first else text
