"""Write the table of README.md from a page of results: python readme.py [RESULTS.json], the newest if none is given.

The table, and the sentence below it that says when and where it was measured, are found by their first words.
"""

import json
import re
import sys
from pathlib import Path

from harness import markdown as markdown_table
from harness import shape

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
# The files that stand there, as they are called.
FILES = {
    "digits.csv": "digits",
    "letter.csv": "letter",
    "cover.csv": "cover, made",
    "flights.csv": "flights",
    "mnist.csv": "MNIST",
}
HEAD = (
    "file",
    "rows × features, classes",
    "smtrain, certified to 1e-4",
    "smtrain, to the peer's objective",
    "scikit-learn",
)
TABLE = re.compile(r"\| file \|.*?\n\n", re.DOTALL)
SENTENCE = re.compile(r"(One run each|Medians of \d+), .*?\)\.", re.DOTALL)


def newest():
    """The newest page of results that has fits."""
    pages = sorted((HERE / "results").glob("*.json"), reverse=True)
    return next(page for page in pages if "fit" in json.loads(page.read_text())["parts"])


def table(results):
    """The table of fits."""
    by_file = {r["file"]: r for r in results}
    return markdown_table(HEAD, [_cells(name, by_file[file]) for file, name in FILES.items() if file in by_file])


def _cells(name, r):
    reached = r["smtrain_to_peer_objective"]
    peer = f"{r['peer_seconds']:.2f} s" + ("" if r["peer_converged"] else ", not converged")
    ours = ["not reached" if reached is None else f"{reached:.2f} s", peer]
    return [name, shape(r), f"{r['smtrain_seconds']:.2f} s", *ours]


def sentence(found, page):
    """When and with what it was measured."""
    repeats = found["parts"]["fit"]["repeats"]
    times = "One run each" if repeats == 1 else f"Medians of {repeats}"
    with_what = found["machine"].split("; ")[1].split(", ", 1)[1]
    where = f"[bench/results](bench/results/{page.stem}.md)."
    return f"{times}, {found['date']}, {with_what}; the machine and more figures are in\n{where}"


def main(page=None):
    """Write the table and the sentence."""
    page = Path(page) if page else newest()
    found, text = json.loads(page.read_text()), README.read_text()
    before, section = text.split("\n## Speed\n")
    section = TABLE.sub(lambda _: table(found["parts"]["fit"]["results"]) + "\n\n", section, count=1)
    section = SENTENCE.sub(lambda _: sentence(found, page), section, count=1)
    README.write_text(f"{before}\n## Speed\n{section}")


if __name__ == "__main__":
    main(*sys.argv[1:])
