"""Same input, same bytes: for any number of threads, any way of reading, any order of the command's work."""

import numpy as np
import pandas as pd
import pytest

import smtrain as sm
from smtrain.sources import records
from smtrain.sources.opening import open_table
from tests.cli import smtrain

pytestmark = pytest.mark.bits


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """30,000 rows: numbers with gaps, words, quoted cells with line ends; several partitions and pieces."""
    rng = np.random.default_rng(0)
    n = 30_000
    frame = pd.DataFrame(rng.normal(size=(n, 5)), columns=list("abcde"))
    frame.loc[rng.random(n) < 0.05, "b"] = np.nan
    frame["late"] = pd.Series([None] * 20_000 + ["x", "y"] * 5_000)
    frame["word"] = rng.choice(["up", "down", "side\nways", 'quo"te'], n)
    frame["label"] = np.where(frame["a"] + (frame["word"] == "up") + rng.normal(size=n) > 0.5, "yes", "no")
    path = tmp_path_factory.mktemp("bits") / "mixed.csv"
    frame.to_csv(path, index=False)
    return path


def bytes_of(model, folder, name="m.npz"):
    path = folder / name
    model.save(str(path))
    return path.read_bytes()


def test_threads_and_hash_seeds(mixed, tmp_path):
    found = set()
    for threads, seed in [(1, "0"), (2, "1"), (3, "2")]:
        out = tmp_path / f"{threads}.npz"
        smtrain("fit", mixed, "-q", "--threads", threads, "-o", out, env={"PYTHONHASHSEED": seed})
        found.add(out.read_bytes())
    assert len(found) == 1


@pytest.mark.slow
def test_sizes_of_reads_and_pieces(mixed, tmp_path, monkeypatch):
    reference = bytes_of(sm.fit(str(mixed)), tmp_path)
    for first, piece in [(100, 5_000), (1 << 20, 1 << 25), (7, 1 << 16)]:
        monkeypatch.setattr(records, "FIRST_PIECE", first)
        monkeypatch.setattr(records, "PIECE", piece)
        monkeypatch.setattr(records, "PIECE_PER_COLUMN", 1)
        monkeypatch.setattr("smtrain.sources.files.READ_BYTES", max(64, piece // 3))
        assert bytes_of(sm.fit(str(mixed), threads=2), tmp_path) == reference


def test_numbers_that_are_exact_in_float32_at_first_are_widened(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n1,a\n2,b\n0.1,a\n3,b\n")
    model = sm.fit(open_table(str(tmp_path / "t.csv"), sm.Dialect(), fitting=True, piece=4))
    assert model.encoder.means[0] == pytest.approx(6.1 / 4)


def test_two_halves_are_the_whole(mixed, tmp_path):
    frame = pd.read_csv(mixed, dtype=str, keep_default_na=False)
    halves = [tmp_path / "one.csv", tmp_path / "two.csv"]
    frame[:11_111].to_csv(halves[0], index=False)
    frame[11_111:].to_csv(halves[1], index=False)
    whole = sm.fit(str(mixed))
    assert bytes_of(sm.fit([str(half) for half in halves]), tmp_path) == bytes_of(whole, tmp_path)


def test_a_frame_is_the_file(mixed, tmp_path):
    frame = pd.read_csv(mixed)
    from_file, from_frame = sm.fit(str(mixed)), sm.fit(frame)
    np.testing.assert_array_equal(from_frame.W, from_file.W)
    np.testing.assert_array_equal(sm.predict_proba(from_file, frame), sm.predict_proba(from_file, str(mixed)))


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 512, "epochs": 3},
        pytest.param({"solver": "gd", "epochs": 5, "momentum": 0.5}, marks=pytest.mark.slow),
    ],
)
def test_descent_is_reproducible_and_seeded(mixed, tmp_path, options):
    one, two = (bytes_of(sm.fit(str(mixed), threads=t, **options), tmp_path) for t in (1, 2))
    assert one == two
    other = sm.fit(str(mixed), seed=1, **options)
    same = np.array_equal(other.W, sm.fit(str(mixed), **options).W)
    assert same == ("batch_size" not in options)  # a full batch has nothing to shuffle


@pytest.mark.slow
def test_float32_is_close_to_float64(mixed):
    double, single = (sm.fit(str(mixed), precision=p, tol=1e-8) for p in ("float64", "float32"))
    assert single.fit.objective == pytest.approx(double.fit.objective, rel=1e-6)
    np.testing.assert_allclose(single.W, double.W, atol=1e-3)
    assert single.W.dtype == np.float64


def test_float32_tells_the_nll_and_the_gap_of_its_weights(mixed, monkeypatch):
    """`auto` takes it for a large table; what it says holds in float64."""
    monkeypatch.setattr("smtrain.fitting.options.FEWEST_FLOAT32", 1000)
    single = sm.fit(str(mixed))
    assert single.fit.options.precision == "float32"
    assert single.fit.nll == pytest.approx(sm.evaluate(single, str(mixed)).metrics["nll"], rel=1e-6)
    best = sm.fit(str(mixed), precision="float64", tol=1e-11).fit.objective
    assert best * (1 - 1e-6) <= single.fit.objective <= best + single.fit.gap * single.fit.objective


@pytest.mark.parametrize("options", [{"tol": 1e-6}, {"l2": 0.01}, {"l2": 0.0}])
def test_auto_keeps_float64_where_digits_matter(mixed, monkeypatch, options):
    monkeypatch.setattr("smtrain.fitting.options.FEWEST_FLOAT32", 1000)
    assert sm.fit(str(mixed), epochs=3, **options).fit.options.precision == "float64"


def test_weights_equal_repeated_rows(mixed, tmp_path):
    frame = pd.read_csv(mixed).iloc[:2000]
    times = np.random.default_rng(1).integers(1, 4, len(frame))
    weighted = frame.assign(times=times)[[*frame.columns[:-1], "times", "label"]]
    one = sm.fit(weighted, weight="times", tol=1e-10)
    two = sm.fit(frame.loc[frame.index.repeat(times)], tol=1e-10)
    assert one.features == two.features
    assert one.fit.objective == pytest.approx(two.fit.objective, rel=1e-9)
    np.testing.assert_allclose(one.W, two.W, atol=1e-4)


def test_what_was_in_memory_does_not_matter(tmp_path, monkeypatch):
    """Rows of a partition that are not filled yet hold anything, such as a NaN that warns when it is converted."""
    empty = np.empty

    def garbage(shape, dtype=float, **more):
        found = empty(shape, dtype, **more)
        if found.dtype == np.float32:
            found.view(np.uint32)[...] = 0x7F800001
        return found

    monkeypatch.setattr(np, "empty", garbage)
    monkeypatch.setattr(records, "FIRST_PIECE", 20)
    monkeypatch.setattr(records, "PIECE", 20)
    monkeypatch.setattr(records, "PIECE_PER_COLUMN", 1)
    (tmp_path / "rows.csv").write_text("x,y\n" + "1.5,a\n2.5,b\n" * 9 + "0.1,a\n0.3,b\n" * 9)
    assert sm.fit(str(tmp_path / "rows.csv")).fit.rows == 36
