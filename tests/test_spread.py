"""Rows on workers: the same bytes as in memory for every kind of fit, wherever a table is cut, whatever is lost."""

import csv
import gc

import numpy as np
import pytest

import smtrain as sm
from smtrain.fitting.fit import Observer
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import SpreadHome
from smtrain.sources.table import Table
from tests.executors import Forgetful
from tests.lists import Lists
from tests.test_pure_sums import FITS, ROWS, saved, table

pytestmark = [pytest.mark.bits, pytest.mark.usefixtures("lines_by_logits")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spread")
    table(3000, 3).to_csv(folder / "narrow.csv", index=False)
    wide = table(700, 70)
    wide.iloc[:, 1:70] = wide.iloc[:, 1:70].cumsum(axis=1)
    wide.to_csv(folder / "wide.csv", index=False)
    table(600, 3, seed=1).to_csv(folder / "more.csv", index=False)
    return folder


def lists(path):
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    return Table(Lists(names, rows))


def fitted(folder, home, data="narrow.csv", validation=None, **options):
    if isinstance(validation, str):
        validation = str(folder / validation)
    return sm.fit(lists(folder / data), target="y", home=home, validation=validation, **options)


# The others are fits of the same kinds, and take seconds each.
QUICKLY = {"default", "weights", "wide", "statistics", "a file for validation", "mini-batches"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICKLY else pytest.mark.slow) for name in FITS]
)
def test_the_same_bytes_on_workers(name, folder, tmp_path):
    reference = fitted(folder, MemoryHome(1, most_rows=ROWS), **FITS[name])
    workers = Forgetful()
    spread = SpreadHome(workers, most_rows=ROWS, span_bytes=450)
    assert saved(fitted(folder, spread, **FITS[name]), tmp_path) == saved(reference, tmp_path)
    gc.collect()
    assert (workers.closed, len(workers.alive)) == (True, 0)


class Wire(Observer):
    """What was sent and received in each epoch."""

    def __init__(self, workers):
        self.workers, self.counts = workers, []

    def on_epoch(self, _):
        self.counts.append((self.workers.tasks, self.workers.sent, self.workers.received))

    def epochs(self):
        return np.diff(self.counts, axis=0)


@pytest.mark.parametrize(("options", "all_of"), [({"solver": "gd", "epochs": 12}, 1.0), ({"tol": 1e-9}, 0.4)])
def test_an_epoch_sends_weights_and_receives_sums(options, all_of, folder):
    """Of (p + 1) K numbers. L-BFGS refreshes its curvature in some epochs, which takes rows that are drawn."""
    workers = Forgetful(forgets=0)
    wire = Wire(workers)
    model = fitted(folder, SpreadHome(workers, most_rows=16, span_bytes=450), observer=wire, **options)
    theta = 8 * (model.W.size + model.b.size)
    within = [out + back <= tasks * theta + theta + 4096 * tasks for tasks, out, back in wire.epochs()]
    assert np.mean(within) >= all_of


@pytest.mark.parametrize(
    ("total", "threads", "size"),
    [(0, 4, 1 << 20), (96 << 20, 4, 8 << 20), (1 << 40, 4, 1 << 26), (96 << 20, 1000, 1 << 20)],
)
def test_spans_suit_the_workers(total, threads, size):
    assert SpreadHome(Forgetful(threads)).span_size(total) == size
