"""`smtrain fit` beside scikit-learn: whole processes, from the CSV file to the saved model."""

import json

from harness import markdown as markdown_table
from harness import median, shape, sklearn, smtrain_fit, target_of

TITLE = "Fit"
NOTE = """The default `smtrain fit`, which goes on to a relative gap that is proved to be at most 1e-4; the moment at \
which its objective was down to the one that scikit-learn stops at, read off its log; and scikit-learn's defaults in \
the fastest of the configurations. Ratios above 1 are in smtrain's favour. scikit-learn stops at 100 iterations; where \
it says so, it had not converged."""


def measure(paths, options):
    """One result a file."""
    return [measure_file(path, options) for path in paths]


def measure_file(path, options):
    """Both programs in turn, `options.repeats` times; the medians."""
    target, ours, peers = target_of(path), [], {}
    for _ in range(options.repeats):
        ours.append(smtrain_fit(path, options.folder))
        for threads, precision in options.configurations:
            done = sklearn(threads, "fit", path, target, precision, options.folder / "m.joblib")
            peers.setdefault((threads, precision), []).append((done, json.loads(done.output)))
    best = min(peers, key=lambda key: median(done.seconds for done, _ in peers[key]))
    return ours_of(path, ours) | peer_of(best, peers[best]) | meeting(ours, peers[best])


def ours_of(path, fits):
    """The medians of smtrain."""
    summary = fits[0].summary
    return {
        "file": path.name,
        "rows": summary["rows"],
        "features": summary["features"],
        "classes": len(summary["classes"]),
        "smtrain_seconds": median(fit.run.seconds for fit in fits),
        "smtrain_training_seconds": median(fit.training for fit in fits),
        "smtrain_objective": summary["objective"],
        "smtrain_gap": summary["gap"],
        "smtrain_status": summary["status"],
        "smtrain_passes": summary["epochs"],
        "smtrain_peak_mb": median(fit.run.peak_mb for fit in fits),
    }


def peer_of(configuration, runs):
    """The medians of scikit-learn in one configuration."""
    threads, precision = configuration
    stages = {name: median(told["seconds"][name] for _, told in runs) for name in runs[0][1]["seconds"]}
    return {
        "peer_seconds": median(done.seconds for done, _ in runs),
        "peer_stages": stages,
        "peer_objective": median(told["objective"] for _, told in runs),
        "peer_converged": runs[0][1]["converged"],
        "peer_iterations": runs[0][1]["iterations"],
        "peer_peak_mb": median(done.peak_mb for done, _ in runs),
        "peer_configuration": f"{threads} thread{'s' * (threads > 1)}, {precision}",
    }


def meeting(fits, runs):
    """When smtrain was down to the peer's objective: seconds since the start of its process; None if it was not."""
    goal = median(told["objective"] for _, told in runs)
    records = [fit.reached(goal) for fit in fits]
    return {"smtrain_to_peer_objective": None if None in records else median(r["seconds"] for r in records)}


def markdown(results):
    """The results as a Markdown table."""
    head = ["file", "rows × features, classes", "smtrain, certified", "smtrain, to the peer's objective"]
    head += ["scikit-learn", "ratio", "ratio to its objective", "memory, MB: smtrain, scikit-learn", "memory ratio"]
    return markdown_table(head, map(_cells, results))


def _cells(r):
    goal, peer = r["smtrain_to_peer_objective"], r["peer_seconds"]
    how = r["peer_configuration"] + ("" if r["peer_converged"] else ", not converged")
    return [
        r["file"],
        shape(r),
        f"{r['smtrain_seconds']:.2f} s" + ("" if r["smtrain_status"] == "converged" else " (not converged)"),
        "not reached" if goal is None else f"{goal:.2f} s",
        f"{peer:.2f} s ({how})",
        f"{peer / r['smtrain_seconds']:.1f}×",
        "–" if goal is None else f"{peer / goal:.1f}×",
        f"{r['smtrain_peak_mb']:.0f}, {r['peer_peak_mb']:.0f}",
        f"{r['peer_peak_mb'] / r['smtrain_peak_mb']:.1f}×",
    ]
