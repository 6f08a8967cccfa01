"""What is asked of a home for rows is pure: a home that pickles everything, and runs it twice, gives the same bytes."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.partitions.memory import MemoryHome
from smtrain.softmax.holdout import Folds, Share
from smtrain.softmax.line import LogitLine
from smtrain.softmax.rows import View, evenly_spread, reweighted
from smtrain.softmax.sampling import row_counts
from tests.homes import Pickling, home_of
from tests.observers import StopAt
from tests.problems import objective, partition, set_aside

pytestmark = [pytest.mark.bits, pytest.mark.usefixtures("lines_by_logits")]
ROWS = 256


def table(n, numbers, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, numbers)), columns=[f"x{j}" for j in range(numbers)])
    frame.loc[rng.random(n) < 0.1, "x0"] = np.nan
    frame["word"] = rng.choice(["up", "down", "", "side"], n)
    frame["w"] = rng.integers(0, 3, n).astype(float)
    z = frame[["x1", "x2"]].sum(axis=1) + (frame["word"] == "up") + rng.gumbel(size=n)
    frame["y"] = np.select([z < 0, z < 1], ["low", "middle"], "high")
    return frame


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A narrow table whose fit begins with a sample, a wide one whose lines are tried by logits, and further rows."""
    folder = tmp_path_factory.mktemp("pure")
    table(3000, 3).to_csv(folder / "narrow.csv", index=False)
    wide = table(700, 70)
    wide[["x1", "x2"]] *= 3
    wide.iloc[:, 1:70] = wide.iloc[:, 1:70].cumsum(axis=1)  # correlated columns take several trials a step
    wide.to_csv(folder / "wide.csv", index=False)
    table(600, 3, seed=1).to_csv(folder / "more.csv", index=False)
    return folder


FITS = {
    "default": {},
    "float32": {"precision": "float32"},
    "weights": {"weight": "w", "class_weight": "balanced"},
    "wide": {"data": "wide.csv", "tol": 1e-8},
    "wide in float32": {"data": "wide.csv", "precision": "float32"},
    "rare levels": {"min_count": 800, "epochs": 3},
    "l1": {"l1": 3.0},
    "statistics": {"l2": 0.0, "se": True, "loo": True},
    "likelihood ratios": {"l2": 0.0, "lr": True, "epochs": 30},
    "a share for validation": {"validation": 0.3, "weight": "w"},
    "a file for validation": {"validation": "more.csv", "patience": 5},
    "calibrated": {"validation": 0.3, "calibrate": True, "precision": "float32"},
    "l2 by cross-validation": {"l2": "auto", "folds": 3, "validation": 0.2},
    "l1 and l2 by cross-validation": {"l2": "auto", "l1": 1.0, "folds": 2},
    "gradient descent": {"solver": "gd", "epochs": 8, "momentum": 0.5},
    "mini-batches": {"batch_size": 100, "epochs": 3, "weight": "w"},
}


def saved(model, folder, name="m.npz"):
    model.save(str(folder / name))
    return (folder / name).read_bytes()


def fitted(folder, home, data="narrow.csv", validation=None, **options):
    if isinstance(validation, str):
        validation = str(folder / validation)
    return sm.fit(str(folder / data), target="y", home=home, validation=validation, **options)


@pytest.mark.parametrize("name", FITS)
def test_the_same_bytes_where_everything_is_pickled_and_run_twice(name, folder, tmp_path):
    reference = fitted(folder, MemoryHome(1, most_rows=ROWS), **FITS[name])
    pickled = fitted(folder, Pickling(2, most_rows=ROWS), **FITS[name])
    assert saved(pickled, tmp_path) == saved(reference, tmp_path)


def test_the_wide_table_tries_its_lines_by_logits(folder, monkeypatch):
    """Otherwise two of the fits above would test nothing new."""
    taken, take = [], LogitLine.take
    monkeypatch.setattr(LogitLine, "take", lambda line, t: taken.append(t) or take(line, t))
    fitted(folder, MemoryHome(1, most_rows=ROWS), **FITS["wide"])
    assert len(taken) > 3


@pytest.mark.parametrize("name", ["wide", "l1", "mini-batches", "a share for validation"])
def test_a_checkpoint_goes_from_home_to_home(name, folder, tmp_path):
    options = FITS[name]
    reference = fitted(folder, MemoryHome(1, most_rows=ROWS), **options)
    homes = Pickling(2, most_rows=ROWS), home_of(1, 2, most_rows=ROWS), MemoryHome(1, most_rows=ROWS)
    for epoch, home in enumerate(homes, 1):
        with pytest.raises(KeyboardInterrupt):
            fitted(folder, home, checkpoint=str(tmp_path / "c"), observer=StopAt(epoch), **options)
    last = fitted(folder, Pickling(1, most_rows=ROWS), checkpoint=str(tmp_path / "c"), **options)
    assert saved(last, tmp_path) == saved(reference, tmp_path)


# ---- the homes and their views, against the rows in one piece ----


@pytest.mark.parametrize("home", [MemoryHome(1), MemoryHome(2), home_of(1), home_of(5000, 2), Pickling(2)])
@pytest.mark.parametrize("size", [1, 7, 40])
def test_every_home_gives_the_rows_back(home, size):
    whole = partition("mixed", weights=True)
    rows = home.rows(home.listed(partial(_stretch, whole, size), range(-(-whole.rows // size))))
    assert (rows.count, rows.features, rows.cells, rows.single) == (40, whole.X.columns, 5, False)
    back = rows.gather(_itself)
    np.testing.assert_array_equal(back.X.toarray(), whole.X.toarray())
    np.testing.assert_array_equal(back.v, whole.v)
    squares = rows.keep(_squares)
    assert rows.sum(_total, squares) == pytest.approx((whole.v**2).sum(), rel=1e-14)
    doubled = reweighted(rows, np.array([2.0, 0.0, 1.0, 3.0]))
    factors = np.array([2.0, 0.0, 1.0, 3.0])[whole.y]
    np.testing.assert_array_equal(doubled.gather(_itself).v, whole.v * factors)
    assert doubled.sum(_total, doubled.keep(_squares)) == pytest.approx(((whole.v * factors) ** 2).sum(), rel=1e-14)
    few = doubled.sampled(_first_half, 3)
    assert few.count == sum(min(size, 40 - start) // 2 for start in range(0, 40, size))
    some = doubled.gather(_last, squares, at=np.array([0, 1, 39]))
    ends = sorted({min(40, (at // size + 1) * size) - 1 for at in (0, 1, 39)})
    np.testing.assert_array_equal(some.v, (whole.v * factors)[ends])
    spread = evenly_spread(doubled, 9)
    np.testing.assert_array_equal(spread.v, (whole.v * factors)[np.arange(9) * 40 // 9])


def _stretch(whole, size, k):
    return whole.take(slice(k * size, (k + 1) * size))


def _itself(part):
    return part


def _last(part, squares):
    assert squares.shape == part.v.shape
    return part.take(slice(part.rows - 1, None))


def _squares(part):
    return part.v**2


def _total(part, squares):
    assert squares.shape == part.v.shape
    return float(squares.sum())


def _first_half(part):
    return part.take(np.arange(part.rows // 2))


def test_views_of_views_see_all_changes():
    whole = partition("mixed", weights=True)
    f = objective(whole, size=7)
    aside = np.arange(whole.rows) % 3 == 0
    factors = np.array([2.0, 1.0, 1.0, 0.5])
    view = reweighted(set_aside(f, aside).rows, factors)
    assert isinstance(view, View)
    seen = view.gather(_itself)
    np.testing.assert_array_equal(seen.v, np.where(aside, 0, whole.v * factors[whole.y]))
    np.testing.assert_array_equal(seen.u, np.where(aside, whole.v, 0))
    assert not hasattr(view, "append")


# ---- what is drawn follows from the seed, the place of a partition, the class and the counts ----


def drawn(rows, make, classes=4):
    counts = rows.sum(lambda part: row_counts(part, classes))
    return rows.sum(lambda part: [make(counts)(part)])


@pytest.mark.parametrize("make", [lambda c: Share(c, 0.3, 5), lambda c: Folds(c, 3, 5)])
def test_what_is_drawn_in_a_partition_needs_no_other(make):
    """Only the numbers of rows of each class that are before it: the same rows after others of the same classes."""
    whole = partition("mixed", m=90)
    parts = [whole.take(slice(start, start + 30)) for start in (0, 30, 60)]
    first, _, last = drawn(MemoryHome().rows(parts), make)
    shuffled = parts[1].take(np.random.default_rng(0).permutation(30))
    other = drawn(MemoryHome().rows([parts[0], shuffled, parts[2]]), make)
    np.testing.assert_array_equal(other[0], first)
    np.testing.assert_array_equal(other[2], last)
