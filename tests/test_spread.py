"""Rows on workers: the same bytes as in memory for every kind of fit, wherever a table is cut, whatever is lost."""

import csv
import gc

import numpy as np
import pytest

import smtrain as sm
from smtrain.fitting.fit import Observer
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import SpreadHome
from smtrain.softmax.curvature_cost import ROWS_PER_COLUMN
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


# The most rows that are drawn for a column of a block, for each class.
DRAWN = max(ROWS_PER_COLUMN)


@pytest.mark.parametrize(
    ("data", "options", "refreshes"),
    [
        ("narrow.csv", {"solver": "gd", "epochs": 12}, 0),
        ("narrow.csv", {"tol": 1e-9}, 1),
        ("wide.csv", {"tol": 1e-9}, 2),
    ],
)
def test_an_epoch_sends_weights_and_receives_sums(data, options, refreshes, folder):
    """Of (p + 1) K numbers. Where L-BFGS makes its curvature anew, the rows that are drawn for it come, too."""
    workers = Forgetful(forgets=0)
    wire = Wire(workers)
    size = {"narrow.csv": 450, "wide.csv": 9000}[data]
    model = fitted(folder, SpreadHome(workers, most_rows=16, span_bytes=size), data, observer=wire, **options)
    p, K = model.W.shape
    theta, drawn = 8 * (p + 1) * K, K * DRAWN * (p + 1)
    tasks, out, back = wire.epochs().T
    beyond = out + back - (tasks * theta + theta + 4096 * tasks)
    assert np.sum(beyond > 0) <= refreshes
    assert beyond.max() <= min(drawn, 3000) * 8 * (p + 3)


@pytest.mark.parametrize(
    ("total", "threads", "size"),
    [(0, 4, 1 << 20), (96 << 20, 4, 8 << 20), (1 << 40, 4, 1 << 26), (96 << 20, 1000, 1 << 20)],
)
def test_spans_suit_the_workers(total, threads, size):
    assert SpreadHome(Forgetful(threads)).span_size(total) == size
