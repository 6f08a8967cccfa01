"""Rows put aside and dealt out by workers: those of one process, the same models and the same figures."""

import gc
import random
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain import partitions
from smtrain.fitting.strata import StrataCounts
from smtrain.fitting.vocabulary import Vocabulary
from smtrain.partitions.here import Here
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import Block, SpreadHome
from smtrain.sources.cells import TextCells
from smtrain.sources.dialect import Dialect
from tests.executors import Forgetful
from tests.hostile.test_processes import slowly
from tests.test_pure_sums import saved

ROWS = 2500


def odd_table():
    """Words, gaps, weights of which some are 0, labels of which some are missing, a class of one, groups, a date."""
    rng = np.random.default_rng(3)
    label = rng.choice(["a", "b", "c", "unknown", ""], ROWS, p=[0.5, 0.3, 0.1, 0.05, 0.05])
    label[1700] = "once"
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=ROWS).round(3) + (label == "b"),
            "gaps": np.where(rng.random(ROWS) < 0.1, np.nan, rng.integers(0, 90, ROWS)),
            "word": rng.choice(["one", "two", "three,\nquoted"], ROWS),
            "who": rng.integers(0, 70, ROWS),
            "day": (pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 500, ROWS), "D")).strftime("%Y-%m-%d"),
            "w": rng.integers(0, 3, ROWS),
            "y": label,
        }
    )
    frame.loc[1700, "w"] = 1
    frame.loc[2000:, "word"] = "late"  # a level that the first rows do not have
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dealing")
    frame = odd_table()
    frame.to_csv(folder / "d.csv", index=False)
    frame.to_csv(folder / "packed.csv.gz", index=False)
    frame.to_parquet(folder / "d.parquet", index=False, row_group_size=310)
    for part in range(3):
        frame[part * 900 : (part + 1) * 900].to_csv(folder / f"part-{part}.csv", index=False)
    frame[:400].to_csv(folder / "more.csv", index=False)
    return folder


OPTIONS = {"target": "y", "weight": "w", "unlabelled": "skip", "drop": ("who",)}
FORMS = {"d.csv": 9000, "part-*.csv": 5000, "d.parquet": 9000, "packed.csv.gz": 9000}


def paths(folder, data):
    return sorted(map(str, folder.glob(data)))


def spread_home(size):
    workers = Forgetful()
    return workers, SpreadHome(workers, most_rows=128, span_bytes=size)


@pytest.mark.parametrize("data", ["part-*.csv", *slowly(["d.csv", "d.parquet", "packed.csv.gz"])])
@pytest.mark.parametrize("test", [0.2, "more.csv"])
def test_a_fit_with_rows_held_out_has_the_same_bytes_on_workers(data, test, folder, tmp_path):
    options = OPTIONS | {
        "test": str(folder / test) if isinstance(test, str) else test,
        "dialect": Dialect(na_values=("unknown",), dates=("day",)),
        "seed": 4,
    }
    here = sm.fit(paths(folder, "d.csv"), home=MemoryHome(1, most_rows=128), **options)
    workers, home = spread_home(FORMS[data])
    there = sm.fit(paths(folder, data), home=home, **options)
    assert there.fit.test == here.fit.test
    if data in {"d.csv", "part-*.csv"}:  # other forms have other digests of their texts, and others say what they are
        assert saved(there, tmp_path) == saved(here, tmp_path)
    np.testing.assert_array_equal(there.W, here.W)
    gc.collect()
    assert (workers.closed, len(workers.alive)) == (True, 0)


CASES = {
    "classes": {"folds": 2},
    "groups": {"groups": "who", "dialect": Dialect(na_values=("unknown", "once"), dates=("day",))},
    "twice": {"repeats": 2, "folds": 2},
    "auto": {"l2": "auto", "folds": 2},
}


@pytest.fixture
def workers(monkeypatch):
    """What --cluster asks for is played by this process, with spans of a few kB."""
    kept = []

    def opened(options):
        kept.append(
            SpreadHome(Forgetful(), most_rows=128, span_bytes=20_000)
            if options.cluster
            else MemoryHome(1, most_rows=128)
        )
        return kept[-1]

    monkeypatch.setattr(partitions, "home", opened)
    return kept


@pytest.mark.parametrize("case", ["classes", *slowly([case for case in CASES if case != "classes"])])
@pytest.mark.filterwarnings("ignore::smtrain.errors.FitWarning")
def test_a_cross_validation_has_the_same_bits_on_workers(case, folder, workers, tmp_path):
    options = OPTIONS | {"dialect": Dialect(na_values=("unknown",), dates=("day",)), "drop": ()} | CASES[case]
    here = sm.cross_validate(paths(folder, "d.csv"), **options)
    there = sm.cross_validate(paths(folder, "part-*.csv"), cluster="local:2", **options)
    pd.testing.assert_frame_equal(there.to_frame(), here.to_frame(), check_exact=True)
    pd.testing.assert_frame_equal(there.predictions, here.predictions, check_exact=True)
    pd.testing.assert_frame_equal(there.pooled.confusion, here.pooled.confusion)
    assert there.single == here.single == (() if case == "groups" else ("once",))
    for one, other in zip(there.models, here.models, strict=True):
        assert saved(one, tmp_path) == saved(other, tmp_path)
    del there, one
    gc.collect()
    spread = [home.executor for home in workers if isinstance(home, SpreadHome)]
    assert [(one.closed, len(one.alive)) for one in spread] == [(True, 0)]


@pytest.mark.parametrize("seed", range(20))
def test_pieces_of_what_was_drawn_are_those_of_one_array(seed):
    """Cut from arrays of so many rows each, wherever spans and blocks of arrays begin; some spans have no row."""
    chance = random.Random(seed)
    counts = [chance.choice([0, 1, 2, 9, 40]) for _ in range(chance.randint(1, 9))]
    rows = chance.choice([1, 3, 16, 500])
    whole = np.arange(sum(counts), dtype=np.int32)
    arrays = np.split(whole, range(rows, len(whole), rows)) if len(whole) else []
    for executor in (Here(), Forgetful()):
        home = SpreadHome(executor, 1)
        blocks, left = home.shelf(), arrays
        while left:
            size = chance.randint(1, len(left))
            blocks.tasks.append(executor.submit(Block, len(blocks), left[:size]))
            blocks.counts.append(size)
            left = left[size:]
        found = list(home.results(home.pieces(blocks, rows, counts)))
        for one, expected in zip(found, np.split(whole, np.cumsum(counts)[:-1]), strict=True):
            np.testing.assert_array_equal(one, expected)


@pytest.mark.parametrize("seed", range(20))
def test_counts_of_strata_are_those_of_a_counter_however_they_are_added(seed):
    chance, parts, expected = random.Random(seed), [], Counter()
    for _ in range(chance.randint(1, 6)):
        levels = chance.sample("abcdef", chance.randint(0, 6))
        codes = [chance.randrange(len(levels)) for _ in range(12)] if levels else []
        codes += range(len(levels))
        weighed = [code for code in codes if chance.random() < 0.6]
        totals = np.bincount(np.array(weighed, np.intp), minlength=max(1, len(levels)))
        parts.append(StrataCounts(Vocabulary.of(TextCells(np.array(codes, np.intp), levels)), totals, len(codes), 1))
        expected.update(levels[code] for code in weighed)
    n, rows = len(parts), sum(one.rows for one in parts)
    while len(parts) > 1:
        k = chance.randrange(len(parts) - 1)
        parts[k : k + 2] = [parts[k] + parts[k + 1]]
    for found in (parts[0], StrataCounts() + parts[0], parts[0] + StrataCounts()):
        assert +Counter(dict(zip(found.known.texts, found.totals.tolist(), strict=False))) == expected
        assert (found.rows, found.skipped, len(found.totals)) == (rows, n, max(1, len(found.known)))
