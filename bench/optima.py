"""Solvers of the same problem, each to the same true distance from the optimum, on the same arrays in memory."""

import sys

import numpy as np
from harness import PEERS, RunError, run, shape, sklearn, target_of
from harness import markdown as markdown_table

TITLE = "To the same gap"
NOTE = """All minimise Σ NLL + ½ ‖W‖² on the same scaled arrays of float32, with all processors; the seconds are those \
of the fit alone. Each is run with the tolerances 10⁻¹, 10⁻², … of its own, until its weights are within 1e-4 of the \
least objective, computed in float64; the table has the first run that is. So who stops too early pays nothing for it, \
and who proves a bound, as cyanure and smtrain do, gets nothing for it. The least objective is that of a fit of \
smtrain that is proved to 1e-9. The fastest is in bold."""
GAP = 1e-4
LEVELS = range(1, 11)
PROGRAMS = (
    *("smtrain", "scikit-learn lbfgs", "scikit-learn newton-cg", "scikit-learn newton-cholesky"),
    *("scikit-learn-intelex", "cyanure", "adelie"),
)
# adelie asks for a NumPy before 2, with which smtrain does not run.
PYTHONS = {"adelie": PEERS.parent.parent / ".venv-bench-adelie" / "bin" / "python"}


def measure(paths, options):
    """One result for each file and program."""
    return [result for path in paths for result in measure_file(path, options)]


def measure_file(path, options):
    """All programs in turn on one file."""
    arrays = options.folder / "arrays.npz"
    sklearn(2, "arrays", path, target_of(path), arrays)
    data = np.load(arrays)
    X, y = data["X"], data["y"]
    run_one("smtrain", arrays, 9, options)
    best = objective(X, y, options)
    facts = {"file": path.name, "rows": len(X), "features": X.shape[1], "classes": int(y.max()) + 1}
    return [facts | {"program": name} | measure_program(name, arrays, (X, y, best), options) for name in PROGRAMS]


def measure_program(name, arrays, problem, options):
    """The first run that is near enough, or why there is none."""
    X, y, best = problem
    gap = np.inf
    try:
        for level in LEVELS:
            seconds = run_one(name, arrays, level, options)
            gap = objective(X, y, options) / best - 1
            if gap <= GAP:
                return {"seconds": seconds, "tolerance": 10.0**-level, "gap": gap}
    except (RunError, OSError) as failure:
        return {"failed": str(failure)}
    return {"failed": f"gap {gap:.0e}"}


def run_one(name, arrays, level, options):
    """The seconds of a fit; its weights are in FOLDER/weights.npz."""
    python = PYTHONS.get(name, sys.executable)
    script = PEERS / "with_arrays.py"
    done = run(python, script, name, arrays, level, options.folder / "weights.npz", limit=options.limit)
    return float(done.output.splitlines()[-1])


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
    files = {r["file"]: r for r in results}
    by = {(r["file"], r["program"]): r for r in results}
    lines = []
    for file, facts in files.items():
        row = [by.get((file, name), {"failed": "–"}) for name in PROGRAMS]
        fastest = min((r["seconds"] for r in row if "seconds" in r), default=None)
        lines.append([file, shape(facts), *(_cell(r, fastest) for r in row)])
    return markdown_table(["file", "rows × features, classes", *PROGRAMS], lines)


def _cell(r, fastest):
    if "failed" in r:
        return r["failed"].replace("|", "¦")[:40]
    text = f"{r['seconds']:.2f} s"
    return f"**{text}**" if r["seconds"] == fastest else text
