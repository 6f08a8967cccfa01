"""Measure smtrain beside scikit-learn, whole processes, in turn.

    python bench/run.py [--data FOLDER] [--repeats N]

For each CSV file: the default `smtrain fit`; the moment at which its objective was down to scikit-learn's; and
scikit-learn with 1 and 2 threads, in float32 and float64, of which the fastest counts. Medians of the repeats.
Writes bench/results/DATE.json and .md. Run nothing else meanwhile.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import make_data

HERE = Path(__file__).parent


def run_smtrain(path, folder):
    """One fit: seconds of the process, its log, and its peak memory."""
    log = folder / "log.jsonl"
    command = [sys.executable, "-m", "smtrain", "fit", path, "--json", "-q", "-o", folder / "m.npz", "--log", log]
    done = subprocess.run(
        ["/usr/bin/time", "-f", "%e %M", *map(str, command)], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = done.stderr.split()[-2:]
    epochs = [json.loads(line) for line in log.read_text().splitlines()]
    return json.loads(done.stdout) | {"seconds": float(seconds), "peak_mb": int(kilobytes) / 1024, "log": epochs}


def run_peer(path, target, threads, precision):
    """One run of scikit-learn."""
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    command = [sys.executable, HERE / "peer_sklearn.py", path, target, precision]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout) | {"threads": threads, "precision": precision}


def measure(path, repeats):
    """The medians for one file."""
    target = path.open().readline().strip().split(",")[-1]
    ours, peers = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            ours.append(run_smtrain(path, Path(folder)))
            for threads in (1, 2):
                for precision in ("f32", "f64"):
                    peers.setdefault((threads, precision), []).append(run_peer(path, target, threads, precision))
    best = min(peers.values(), key=lambda runs: statistics.median(run["seconds"] for run in runs))
    goal = statistics.median(run["objective"] for run in best)
    reached = [next((e["seconds"] for e in run["log"] if e["objective"] <= goal), None) for run in ours]
    peer_seconds = statistics.median(run["seconds"] for run in best)
    return {
        "file": path.name,
        "rows": ours[0]["rows"],
        "features": ours[0]["features"],
        "classes": len(ours[0]["classes"]),
        "smtrain_seconds": statistics.median(run["seconds"] for run in ours),
        "smtrain_to_peer_objective": None if None in reached else statistics.median(reached),
        "smtrain_objective": ours[0]["objective"],
        "smtrain_status": ours[0]["status"],
        "smtrain_gap": ours[0]["gap"],
        "smtrain_epochs": ours[0]["epochs"],
        "smtrain_peak_mb": statistics.median(run["peak_mb"] for run in ours),
        "peer_seconds": peer_seconds,
        "peer_objective": goal,
        "peer_converged": best[0]["converged"],
        "peer_peak_mb": statistics.median(run["peak_mb"] for run in best),
        "peer_configuration": f"{best[0]['threads']} threads, {best[0]['precision']}",
    }


def table(results):
    """The results as Markdown."""
    head = ["file", "rows × features, classes", "smtrain, certified", "smtrain, to the peer's objective"]
    head += ["scikit-learn", "ratio", "ratio to its objective", "memory ratio"]
    return "\n".join([_line(head), _line(["---"] * len(head)), *(_line(cells(r)) for r in results)])


def _line(texts):
    return "| " + " | ".join(texts) + " |"


def cells(r):
    """One result as the cells of its line."""
    goal, peer = r["smtrain_to_peer_objective"], r["peer_seconds"]
    how = r["peer_configuration"] + ("" if r["peer_converged"] else ", not converged")
    return [
        r["file"],
        f"{r['rows']:,} × {r['features']}, {r['classes']}",
        f"{r['smtrain_seconds']:.2f} s" + ("" if r["smtrain_status"] == "converged" else " (not converged)"),
        "not reached" if goal is None else f"{goal:.2f} s",
        f"{peer:.2f} s ({how})",
        f"{peer / r['smtrain_seconds']:.1f}×",
        "–" if goal is None else f"{peer / goal:.1f}×",
        f"{r['peer_peak_mb'] / r['smtrain_peak_mb']:.1f}×",
    ]


def machine():
    """What it ran on."""
    import numpy
    import pandas
    import sklearn

    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "?")
    versions = f"numpy {numpy.__version__}, pandas {pandas.__version__}, scikit-learn {sklearn.__version__}"
    return f"{model}, {os.cpu_count()} processors; Python {platform.python_version()}, {versions}"


def main():
    """Measure every CSV file of the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of CSV files, made if it is not there")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not options.data.exists():
        make_data.main(options.data)
    results = []
    for path in sorted(options.data.glob("*.csv"), key=lambda p: p.stat().st_size):
        results.append(measure(path, options.repeats))
        print(json.dumps(results[-1]), file=sys.stderr)
    date = datetime.date.today().isoformat()
    text = f"{table(results)}\n\n{date}; medians of {options.repeats}; {machine()}\n"
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{date}.json").write_text(
        json.dumps({"machine": machine(), "results": results}, indent=1) + "\n"
    )
    (HERE / "results" / f"{date}.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
