"""Rows on workers: the same bytes as in memory for every kind of fit, wherever a table is cut, whatever is lost."""

import csv
import gc

import pytest

import smtrain as sm
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import SpreadHome
from smtrain.sources.table import Table
from tests.executors import Forgetful
from tests.lists import Lists
from tests.test_pure_sums import FITS, ROWS, saved, table

pytestmark = pytest.mark.bits


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


@pytest.mark.parametrize("name", FITS)
def test_the_same_bytes_on_workers(name, folder, tmp_path):
    reference = fitted(folder, MemoryHome(1, most_rows=ROWS), **FITS[name])
    workers = Forgetful()
    spread = SpreadHome(workers, most_rows=ROWS, span_bytes=450)
    assert saved(fitted(folder, spread, **FITS[name]), tmp_path) == saved(reference, tmp_path)
    gc.collect()
    assert (workers.closed, len(workers.alive)) == (True, 0)
