"""What cannot be beaten: X read once from memory, pandas imported and the file parsed, click imported."""

import json
import sys
from itertools import pairwise
from pathlib import Path

from harness import SMTRAIN, median, run, shape, smtrain_fit
from harness import markdown as markdown_table
from predict import head

TITLE = "The floor"
NOTE = """*A pass*: seconds of training by passes, and the median of the log's differences. *X from memory*: summing \
as many bytes as smtrain keeps of X, once they are there, on one core and on all. *Outside training*: the whole \
process less the time from the first pass to the last, beside `import pandas` with one chunked `read_csv` of the file, \
in the better of two sizes of chunk. Lower ratios are better."""
STREAM = Path(__file__).parent / "stream.py"
PARSER = "import pandas, sys\nfor chunk in pandas.read_csv(sys.argv[1], chunksize=int(sys.argv[2])): pass"
CELLS = (1 << 18, 1 << 22)  # of a chunk: narrow files are parsed faster in small ones, wide files in large ones


def measure(paths, options):
    """The start-up times, then one result a file."""
    start = [start_up(paths[0], options)] if paths else []
    return start + [measure_file(path, options) for path in paths]


def start_up(path, options):
    """`--help`, a prediction of one row and the smallest fit, beside the import that it cannot do without."""
    row = options.folder / "row.csv"
    smtrain_fit(path, options.folder)
    head(path, row, 2)
    commands = {
        "click": (sys.executable, "-c", "import click"),
        "help": (*SMTRAIN, "--help"),
        "pandas": (sys.executable, "-c", "import pandas"),
        "row": (*SMTRAIN, "predict", row, "--model", options.folder / "m.npz"),
        "fit": (*SMTRAIN, "fit", path, "--quiet", "--output", options.folder / "m.npz"),
    }
    seconds = {name: [] for name in commands}
    for _ in range(max(5, options.repeats) if options.repeats > 1 else 1):
        for name, command in commands.items():
            seconds[name].append(run(*command).seconds)
    return {f"{name}_seconds": median(found) for name, found in seconds.items()}


def measure_file(path, options):
    """One file: a pass beside streaming, the rest beside parsing, in turn."""
    fits, parses, streams = [], [], []
    for _ in range(options.repeats):
        fits.append(smtrain_fit(path, options.folder))
        parses.append(min(parse(path, cells // (fits[0].summary["columns"] + 1)) for cells in CELLS))
        size = bytes_of_x(options.folder / "m.npz")
        streams.append(json.loads(run(sys.executable, STREAM, size).output))
    summary = fits[0].summary
    return {
        "file": path.name,
        "rows": summary["rows"],
        "features": summary["features"],
        "classes": len(summary["classes"]),
        "x_mb": size / 2**20,
        "pass_seconds": median(fit.training / max(1, fit.passes) for fit in fits),
        "median_pass_seconds": median(median_pass(fit.log) for fit in fits),
        "stream_one_core_seconds": median(stream["one"] for stream in streams),
        "stream_all_cores_seconds": median(stream["all"] for stream in streams),
        "outside_seconds": median(fit.run.seconds - fit.training for fit in fits),
        "parse_seconds": median(parses),
    }


def parse(path, rows):
    """Seconds of a process that imports pandas and reads the file in chunks of so many rows."""
    return run(sys.executable, "-c", PARSER, path, max(100, rows)).seconds


def median_pass(log):
    """The median of the seconds a pass between consecutive records."""
    return median([(b["seconds"] - a["seconds"]) / max(1, b["epoch"] - a["epoch"]) for a, b in pairwise(log)] or [0.0])


def bytes_of_x(model):
    """The bytes of X as smtrain keeps it: 8 a number, indicator of missing cells, or code of a level."""
    shown = json.loads(run(*SMTRAIN, "show", model, "--json").output)
    columns = shown["schema"]["columns"]
    row = 8 * sum(1 + column.get("missing", False) for column in columns)
    return row * shown["fit"]["rows"]


def markdown(results):
    """The results as two Markdown tables."""
    first = [r for r in results if "file" not in r]
    files = [r for r in results if "file" in r]
    commands = ["command", "seconds", "floor", "seconds", "ratio"]
    names = ["file", "rows × features, classes", "a pass: mean, median", "X from memory: one core, all"]
    names += ["ratio, mean to one core", "outside training", "import pandas, parse", "ratio"]
    return f"{markdown_table(commands, _start_cells(first))}\n\n{markdown_table(names, map(_cells, files))}"


def _start_cells(results):
    pairs = (("`smtrain --help`", "help", "`import click`", "click"),)
    pairs += (("`smtrain predict` of one row", "row", "`import pandas`", "pandas"),)
    pairs += (("`smtrain fit` of the smallest file", "fit", "`import pandas`", "pandas"),)
    for r in results:
        for ours, name, floor, least in pairs:
            a, b = r[f"{name}_seconds"], r[f"{least}_seconds"]
            yield [ours, f"{a:.3f}", floor, f"{b:.3f}", f"{a / b:.2f}"]


def _cells(r):
    return [
        r["file"],
        shape(r),
        f"{1000 * r['pass_seconds']:.2f} ms, {1000 * r['median_pass_seconds']:.2f} ms",
        f"{1000 * r['stream_one_core_seconds']:.2f} ms, {1000 * r['stream_all_cores_seconds']:.2f} ms",
        f"{r['pass_seconds'] / r['stream_one_core_seconds']:.1f}",
        f"{r['outside_seconds']:.2f} s",
        f"{r['parse_seconds']:.2f} s",
        f"{r['outside_seconds'] / r['parse_seconds']:.2f}",
    ]
