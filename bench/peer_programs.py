"""Other programs beside smtrain on rows that none of them has seen: what they solve differs, so the NLL is compared."""

import json
import sys

from harness import PEERS, SMTRAIN, RunError, median, run, sklearn, smtrain_fit, target_of
from harness import markdown as markdown_table

TITLE = "Other programs"
NOTE = """Every fifth row is held out. *Whole*: from the start of the process to the trained model, with imports, \
reading and preparing; *training*: that alone. Each program is run as its own users would run it fast. They do not all \
minimise the same function, as the second column says; so they are compared by the mean NLL of the rows held out. A \
program that failed, is not installed or took too long says so. The memory of H2O is without its server's."""
FOLD = 5
OBJECTIVES = {
    "smtrain": "softmax, λ/2 ‖W‖², λ = 1, to a proved gap of 1e-4",
    "scikit-learn": "the same, at most 100 iterations of L-BFGS",
    "mlpack": "softmax, λ/2 ‖W‖², λ = 1, the intercept penalised too, at most 400 iterations of L-BFGS",
    "h2o": "softmax, λ/2 ‖W‖², λ = 1, coordinate-wise IRLSM",
    "statsmodels": "softmax without a penalty, Newton; L-BFGS where that fails",
    "liblinear": "one against the rest, each with λ/2 ‖w‖², λ = 1, the intercept penalised too",
    "vowpal-wabbit": "one against the rest, online: one pass, adaptive steps",
}


def measure(paths, options):
    """One result for each file and program."""
    return [result for path in paths for result in measure_file(path, options)]


def measure_file(path, options):
    """All programs in turn on one file."""
    target, parts = target_of(path), [options.folder / name for name in ("train.csv", "test.csv")]
    split(path, *parts)
    runs = {name: [] for name in OBJECTIVES}
    for _ in range(options.repeats):
        for name, found in runs.items():
            if not found or "failed" not in found[-1]:
                found.append(measure_program(name, *parts, target, options))
    return [{"file": path.name, "program": name, **medians(found)} for name, found in runs.items()]


def measure_program(name, train, test, target, options):
    """One run, or how it failed."""
    programs = {"smtrain": smtrain_runs, "scikit-learn": sklearn_runs}
    try:
        return programs.get(name, script_runs)(name, train, test, target, options)
    except RunError as failure:
        return {"failed": str(failure)}


def split(path, train, test):
    """Hold every FOLD-th row out; a line is a row in these files."""
    with path.open() as source, train.open("w") as seen, test.open("w") as unseen:
        for i, line in enumerate(source):
            if i == 0 or i % FOLD:
                seen.write(line)
            if i % FOLD == 0:
                unseen.write(line)


def smtrain_runs(_, train, test, target, options):
    """Fit, then evaluate."""
    fit = smtrain_fit(train, options.folder, "--target", target, limit=options.limit)
    evaluation = run(*SMTRAIN, "evaluate", test, "--json", "--model", options.folder / "m.npz")
    return {"whole": fit.run.seconds, "training": fit.training, "peak_mb": fit.run.peak_mb, **scores(evaluation)}


def sklearn_runs(_, train, test, target, options):
    """Fit in the first configuration, then evaluate."""
    (threads, precision), model = options.configurations[0], options.folder / "m.joblib"
    done = sklearn(threads, "fit", train, target, precision, model, limit=options.limit)
    told = json.loads(done.output)["seconds"]
    evaluation = sklearn(threads, "evaluate", test, target, model)
    return {"whole": done.seconds, "training": told["fit"], "peak_mb": done.peak_mb, **scores(evaluation)}


def script_runs(name, train, test, target, options):
    """A script of peers/, which fits and scores."""
    script = PEERS / f"with_{name.replace('-', '_')}.py"
    done = run(sys.executable, script, train, test, target, options.folder, limit=options.limit)
    return json.loads(done.output.splitlines()[-1]) | {"peak_mb": done.peak_mb}


def scores(evaluation):
    """What an evaluation says that the table shows."""
    told = json.loads(evaluation.output)
    return {name: told[name] for name in ("nll", "accuracy")}


def medians(runs):
    """The medians of the runs of one program, or its failure."""
    if "failed" in runs[-1]:
        return runs[-1]
    return {name: median(found[name] for found in runs) for name in runs[0]}


def markdown(results):
    """The results as a Markdown table for each file."""
    head = ["program", "minimises", "whole", "training", "held-out NLL", "accuracy", "memory, MB"]
    by_file = {}
    for r in results:
        by_file.setdefault(r["file"], []).append(_cells(r))
    return "\n\n".join(f"**{file}**\n\n{markdown_table(head, rows)}" for file, rows in by_file.items())


def _cells(r):
    cells = [r["program"], OBJECTIVES[r["program"]]]
    if "failed" in r:
        return [*cells, r["failed"].replace("|", "¦"), "", "", "", ""]
    times = [f"{r['whole']:.2f} s", f"{r['training']:.2f} s"]
    return [*cells, *times, f"{r['nll']:.6f}", f"{r['accuracy']:.4f}", f"{r['peak_mb']:.0f}"]
