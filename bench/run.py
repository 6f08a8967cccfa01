"""Measure smtrain beside other programs: whole processes, one after the other.

    python bench/run.py [--data FOLDER] [--repeats N] [--only fit,predict,floor,passes,scaling,cluster,grid,…]

Writes DATE.json, DATE.md and, with scaling, DATE.svg into bench/results; parts that were measured on the same day on
the same machine are kept. Run nothing else meanwhile.
"""

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import cluster
import fit
import floor
import grid
import optima
import passes
import peer_programs
import phases
import predict
import scaling
import targets
from harness import RunError, run

HERE = Path(__file__).parent
PARTS = {
    "fit": fit,
    "predict": predict,
    "floor": floor,
    "passes": passes,
    "scaling": scaling,
    "cluster": cluster,
    "grid": grid,
    "optima": optima,
    "phases": phases,
    "peers": peer_programs,
}
LIBRARIES = ("numpy", "pandas", "scikit-learn")


def arguments():
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE / "data", help="folder of CSV files, made if it is not there")
    parser.add_argument("--repeats", type=int, default=3, help="medians of so many")
    parser.add_argument("--only", type=parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--files", type=names, help="names of the files to measure, without .csv; all if not given")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="folder to write to")
    parser.add_argument(
        "--configurations",
        type=configurations,
        default=configurations("1:f32,1:f64,2:f32,2:f64"),
        help="THREADS:PRECISION of scikit-learn, of which the fastest counts",
    )
    parser.add_argument("--limit", type=float, default=300, help="most seconds for one run of another program")
    parser.add_argument("--work", type=float, default=1e10, help="largest rows × columns × classes of the made tables")
    parser.add_argument("--before", type=Path, help="checkout of an earlier version, for the phases beside")
    return parser.parse_args()


def names(text):
    """A list of names."""
    return text.split(",")


def parts(text):
    """A list of parts."""
    unknown = set(names(text)) - set(PARTS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(sorted(unknown))}")
    return names(text)


def configurations(text):
    """(threads, precision) of each configuration."""
    found = [item.split(":") for item in names(text)]
    return [(int(threads), precision) for threads, precision in found]


def machine():
    """What it ran on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "?")
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{model}, {os.cpu_count()} processors; Python {platform.python_version()}, {versions}"


def files(options):
    """The CSV files, the smallest first."""
    if not options.data.exists():
        subprocess.run([sys.executable, HERE / "make_data.py", options.data], check=True)
    paths = sorted(options.data.glob("*.csv"), key=lambda path: path.stat().st_size)
    return [path for path in paths if options.files is None or path.stem in options.files]


def report(found, picture):
    """The results as a Markdown page; `picture` is the name of the plot's file, if there is one."""
    sections = []
    for name, part in found["parts"].items():
        module, results = PARTS[name], part["results"]
        note = module.note(results) if module is scaling else module.NOTE
        medians = "" if module is passes else f" Medians of {part['repeats']}."
        sections.append(f"## {module.TITLE}\n\n{note}{medians}\n\n{module.markdown(results)}\n")
        if module is scaling and picture:
            sections.append(f"![Cost over size]({picture})\n")
    summary = f"## {targets.TITLE}\n\n{targets.NOTE}\n\n{targets.markdown(found['parts'])}\n"
    return "\n".join([f"# Speed, {found['date']}\n\n{found['machine']}\n", summary, *sections])


def earlier(path, machine):
    """The parts that were measured today on this machine."""
    found = json.loads(path.read_text()) if path.exists() else {}
    return found.get("parts", {}) if found.get("machine") == machine else {}


def write(found, out):
    """Write the results as JSON, the plot if there is something to draw and matplotlib to do it, and the page."""
    out.write_text(json.dumps(found, indent=1) + "\n")
    picture = out.with_suffix(".svg")
    if "scaling" in found["parts"]:
        try:
            run(sys.executable, HERE / "plot.py", out, picture)
        except RunError as failure:
            print(f"no plot: {failure}", file=sys.stderr)
    out.with_suffix(".md").write_text(report(found, picture.name if picture.exists() else None))


def main():
    """Measure the parts; write the results after each, so that a stop loses one part only."""
    options, date, here = arguments(), datetime.date.today().isoformat(), machine()
    paths = files(options)
    options.results.mkdir(parents=True, exist_ok=True)
    out = options.results / f"{date}.json"
    measured = earlier(out, here)
    for name in options.only:
        print(f"measuring: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            options.folder = Path(folder)
            part = {"repeats": options.repeats, "results": PARTS[name].measure(paths, options)}
        measured[name] = part
        write({"date": date, "machine": here, "parts": {p: measured[p] for p in PARTS if p in measured}}, out)
    print(out.with_suffix(".md").read_text())


if __name__ == "__main__":
    main()
