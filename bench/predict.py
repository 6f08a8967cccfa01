"""`smtrain predict --proba` and `evaluate` beside a saved scikit-learn pipeline: whole processes, imports included."""

from harness import SMTRAIN, median, run, shape, sklearn, smtrain_fit, target_of
from harness import markdown as markdown_table

TITLE = "Predict and evaluate"
NOTE = """Models fitted on the same file. Predict: from the CSV file to a CSV file with the label and the probability \
of every class. scikit-learn: `joblib.load`, `read_csv`, `predict_proba`, `to_csv`, and for evaluate the functions of \
`sklearn.metrics`, the fastest of the configurations. The last column is smtrain's peak memory for the first tenth of \
the rows and for all of them: it should not grow with the file."""
SHARE = 10


def measure(paths, options):
    """One result a file."""
    return [measure_file(path, options) for path in paths]


def measure_file(path, options):
    """Both programs in turn; medians, for the peer those of its fastest configuration."""
    folder, target = options.folder, target_of(path)
    summary = smtrain_fit(path, folder, "--epochs", 20).summary
    for precision in {precision for _, precision in options.configurations}:
        sklearn(1, "fit", path, target, precision, folder / f"{precision}.joblib")
    ours, peers = {"predict": [], "evaluate": []}, {"predict": {}, "evaluate": {}}
    for _ in range(options.repeats):
        ours["predict"].append(predict(path, folder))
        ours["evaluate"].append(run(*SMTRAIN, "evaluate", path, "--json", "--model", folder / "m.npz"))
        for threads, precision in options.configurations:
            model = folder / f"{precision}.joblib"
            for job, more in {"predict": [folder / "peer.csv"], "evaluate": []}.items():
                done = sklearn(threads, job, path, target, model, *more)
                peers[job].setdefault((threads, precision), []).append(done)
    found = {"file": path.name, "rows": summary["rows"], "features": summary["features"]}
    found |= {"classes": len(summary["classes"])}
    for job, mine in ours.items():
        best = min(peers[job].values(), key=lambda runs: median(done.seconds for done in runs))
        for who, runs in {"smtrain": mine, "peer": best}.items():
            found[f"{who}_{job}_seconds"] = median(done.seconds for done in runs)
            found[f"{who}_{job}_peak_mb"] = median(done.peak_mb for done in runs)
    part = folder / "part.csv"
    head(path, part, 1 + summary["rows"] // SHARE)
    return found | {"smtrain_predict_part_peak_mb": predict(part, folder).peak_mb}


def predict(path, folder):
    """One run of smtrain."""
    command = (*SMTRAIN, "predict", path, "--proba", "--model", folder / "m.npz", "--output", folder / "ours.csv")
    return run(*command)


def head(path, output, lines):
    """Write the first lines of a file."""
    with path.open("rb") as source, output.open("wb") as sink:
        for _ in range(lines):
            sink.write(source.readline())


def markdown(results):
    """The results as a Markdown table."""
    names = ["file", "rows × features, classes", "predict: smtrain, scikit-learn", "ratio"]
    names += ["evaluate: smtrain, scikit-learn", "ratio", "memory ratios", "predict, MB: a tenth, all"]
    return markdown_table(names, map(_cells, results))


def _cells(r):
    cells = [r["file"], shape(r)]
    for job in ("predict", "evaluate"):
        ours, peer = r[f"smtrain_{job}_seconds"], r[f"peer_{job}_seconds"]
        cells += [f"{ours:.2f} s, {peer:.2f} s", f"{peer / ours:.1f}×"]
    memory = [r[f"peer_{job}_peak_mb"] / r[f"smtrain_{job}_peak_mb"] for job in ("predict", "evaluate")]
    cells.append(", ".join(f"{ratio:.1f}×" for ratio in memory))
    cells.append(f"{r['smtrain_predict_part_peak_mb']:.0f}, {r['smtrain_predict_peak_mb']:.0f}")
    return cells
