"""Rows of a group stay together where a fit deals rows out: in the folds of l2="auto", in shares that are set aside."""

import random
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

import smtrain as sm
from smtrain.fitting.selection import mean_and_error
from smtrain.partitions.memory import MemoryHome
from smtrain.partitions.spread import SpreadHome
from smtrain.sklearn import SoftmaxRegression
from smtrain.softmax.holdout import NEVER, folds_of_groups
from smtrain.wording import in_shell
from tests.cli import smtrain
from tests.executors import Forgetful
from tests.homes import home_of
from tests.hostile.test_processes import slowly
from tests.test_digest import column_sum
from tests.test_pure_sums import saved

PANEL, ROWS = 40, 400
AUTO = {"l2": "auto", "groups": "who", "folds": 4, "seed": 2}


@pytest.fixture(scope="module")
def frame():
    """A panel: what a row has is mostly what its person has, and so has its label. Names are words and numbers."""
    rng = np.random.default_rng(1)
    who = np.minimum(rng.geometric(0.06, ROWS) - 1, PANEL - 1)
    names = np.array([f"{k}" if k % 3 else f"p{k}" for k in range(PANEL)])
    X = rng.normal(size=(PANEL, 8))[who] + 0.3 * rng.normal(size=(ROWS, 8))
    y = (X[:, :3] + rng.gumbel(size=(PANEL, 3))[who]).argmax(axis=1)
    columns = pd.DataFrame(X, columns=list("abcdefgh")).assign(who=names[who], w=rng.integers(0, 3, ROWS))
    return columns.assign(y=np.array(["low", "mid", "top"])[y])


@pytest.fixture(scope="module")
def plain(frame):
    return frame.drop(columns="w")


@pytest.fixture(scope="module")
def chosen(plain):
    return sm.fit(plain, **AUTO)


@pytest.fixture(scope="module")
def folder(plain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    plain.to_csv(folder / "d.csv", index=False)
    plain.to_parquet(folder / "d.parquet", index=False, row_group_size=90)
    return folder


# ---- dealing, by hand ----


def final_order(texts):
    """Whole numbers by their values, then words."""
    numbers = sorted({text for text in texts if text.isdigit()}, key=int)
    return numbers + sorted({text for text in texts if not text.isdigit()})


def dealt_by_hand(texts, weights, folds, seed):
    """The fold of each row: groups from the largest to the smallest, each into the fold that has fewest rows then.

    Of groups of one size the seed says which comes first, of folds of one size the first is taken. Rows of no weight
    are in none.
    """
    order, sizes = final_order(texts), Counter(text for text, v in zip(texts, weights, strict=True) if v > 0)
    turn = {order[k]: place for place, k in enumerate(np.random.default_rng(seed).permutation(len(order)))}
    filled, fold_of = [0] * min(folds, len(sizes)), {}
    for group in sorted(sizes, key=lambda text: (-sizes[text], turn[text])):
        fold = filled.index(min(filled))
        fold_of[group] = fold
        filled[fold] += sizes[group]
    return [fold_of[text] if v > 0 else None for text, v in zip(texts, weights, strict=True)]


@pytest.mark.parametrize(("folds", "seed"), [(2, 0), (4, 2), (5, 7)])
def test_a_cross_validation_deals_groups_as_by_hand(frame, folds, seed):
    found = sm.cross_validate(frame, groups="who", weight="w", folds=folds, seed=seed, epochs=2).predictions["fold"]
    by_hand = dealt_by_hand(frame["who"].tolist(), frame["w"].tolist(), folds, seed)
    assert found.astype(object).where(found.notna(), None).tolist() == by_hand


@pytest.mark.parametrize("seed", range(40))
def test_groups_are_dealt_evenly_and_whole(seed):
    """Folds differ by the largest group at most; none is empty; a group without rows is in none."""
    chance = random.Random(seed)
    sizes = np.array([chance.choice([0, 1, 1, 2, 3, chance.randint(1, 60)]) for _ in range(chance.randint(2, 50))])
    folds = chance.randint(2, 9)
    fold_of = folds_of_groups(sizes, folds, seed)
    assert ((fold_of == NEVER) == (sizes == 0)).all()
    rows = np.bincount(fold_of[sizes > 0], weights=sizes[sizes > 0]) if sizes.any() else np.zeros(0)
    assert len(rows) == min(folds, np.count_nonzero(sizes))
    if len(rows):
        assert rows.max() - rows.min() <= sizes.max()
    rows = [size for k, size in enumerate(sizes) for _ in range(size)]
    texts = [str(k) for k, size in enumerate(sizes) for _ in range(max(size, 1))]
    weights = [size for size in sizes for _ in range(max(size, 1))]
    expected = dealt_by_hand(texts, weights, folds, seed)
    assert [None if fold_of[int(text)] == NEVER else fold_of[int(text)] for text in texts] == expected


# ---- the choice of a penalty ----


def test_the_nll_of_each_candidate_is_that_of_its_folds(plain, chosen):
    """Of scikit-learn's fits without the folds that were dealt by hand."""
    X, y = plain[list("abcdefgh")].to_numpy(), plain["y"].to_numpy()
    X = (X - X.mean(0)) / X.std(0)
    fold_of = np.array(dealt_by_hand(plain["who"].tolist(), [1] * ROWS, 4, 2))
    for candidate in chosen.fit.selection.candidates:
        peer = LogisticRegression(C=1 / candidate.l2, tol=1e-8, solver="newton-cholesky", max_iter=500)
        asides = [fold_of == fold for fold in range(4)]
        found = [log_loss(y[aside], peer.fit(X[~aside], y[~aside]).predict_proba(X[aside])) for aside in asides]
        mean, error = mean_and_error(np.array(found), np.bincount(fold_of).astype(float))
        assert candidate.nll == pytest.approx(mean, rel=5e-3)
        assert candidate.se == pytest.approx(error, rel=5e-2, abs=1e-4)


def test_groups_are_no_feature_and_change_the_choice(plain, chosen):
    by_rows = sm.fit(plain.drop(columns="who"), l2="auto", folds=4, seed=2)
    assert by_rows.features == chosen.features
    assert chosen.fit.options.groups == "who"
    assert chosen.fit.options.l2 > by_rows.fit.options.l2
    given = sm.fit(plain.drop(columns=["who", "y"]), plain["y"], **AUTO | {"groups": plain["who"].to_numpy()})
    assert (given.W == chosen.W).all()


def test_rows_of_no_weight_count_in_no_group(frame):
    with_nothing = sm.fit(frame, weight="w", **AUTO)
    without = sm.fit(frame[frame["w"] > 0], weight="w", **AUTO)
    for one, other in zip(with_nothing.fit.selection.candidates, without.fit.selection.candidates, strict=True):
        assert one.nll == pytest.approx(other.nll, rel=1e-3)


def test_the_finding_on_the_default_is_by_groups(plain, go):
    plain.to_csv("d.csv", index=False)
    said = go("fit", "d.csv", "--l2", "auto", "--groups", "who", "--folds", "4", "--seed", "2").err
    model = sm.load("model.npz")
    best = min(model.fit.selection.candidates, key=lambda one: one.nll)
    assert "l2 by 4-fold cross-validation of whole groups of who" in said
    assert f"with {best.l2:g} the NLL of cross-validation" in said
    assert "[SM207]" in said
    (finding,) = sm.cross_validate(plain, target="y", groups="who", folds=4, seed=2).findings
    assert (finding.code, finding.numbers["better"]) == ("SM207", 10)
    assert in_shell(finding.hint) == "--l2 auto --groups who"


def test_a_choice_within_a_fold_is_by_groups_too(plain):
    found = sm.cross_validate(plain, **AUTO | {"folds": 3}, epochs=40)
    fold = np.array(dealt_by_hand(plain["who"].tolist(), [1] * ROWS, 3, 2))
    alone = sm.fit(plain[fold != 1], **AUTO | {"folds": 3}, epochs=40)
    assert (found.models[1].W == alone.W).all()
    assert found.models[1].fit.selection == alone.fit.selection


# ---- wherever the rows are ----


def spread():
    return SpreadHome(Forgetful(), most_rows=128, span_bytes=9000)


OPTIONS = {
    "auto": AUTO,
    "validation": {"validation": 0.25, "groups": "who", "seed": 2},
    "test": {"test": 0.25, **AUTO, "folds": 2},
    "lasso, skipping": {"l1": "auto", "groups": "who", "unlabelled": "skip", "folds": 2, "epochs": 30, "test": 0.2},
}


@pytest.mark.parametrize("name", ["auto", "validation", *slowly(["test", "lasso, skipping"])])
def test_the_same_bytes_wherever_the_rows_are(name, folder, tmp_path):
    options = {**OPTIONS[name], "drop": list("bcdefgh"), "epochs": 20} | ({"folds": 2} if name == "auto" else {})
    expected = saved(sm.fit(str(folder / "d.csv"), home=MemoryHome(1, most_rows=128), **options), tmp_path)
    for home in (MemoryHome(2, most_rows=128), home_of(40_000, most_rows=128), spread()):
        assert saved(sm.fit(str(folder / "d.csv"), home=home, **options), tmp_path) == expected
    parquet = [
        saved(sm.fit(str(folder / "d.parquet"), home=home, **options), tmp_path)
        for home in (MemoryHome(1, most_rows=128), spread())
    ]
    assert parquet[0] == parquet[1]


def test_a_stream_is_read_once(folder, chosen, tmp_path):
    line = ["fit", "-", "--l2", "auto", "--groups", "who", "--folds", 4, "--seed", 2]
    smtrain(*line, cwd=tmp_path, stdin=(folder / "d.csv").read_text())
    np.testing.assert_allclose(sm.load(str(tmp_path / "model.npz")).W, chosen.W, rtol=1e-9)


@pytest.mark.parametrize("home", [lambda: MemoryHome(1, most_rows=128), spread])
def test_rows_of_another_file_are_in_no_group(folder, plain, home, tmp_path):
    """They are never dealt out, and need not have the column."""
    options = {**AUTO, "folds": 2, "drop": list("bcdefgh")}
    plain[:50].drop(columns="who").to_csv(tmp_path / "more.csv", index=False)
    alone = sm.fit(str(folder / "d.csv"), home=home(), **options)
    watched = sm.fit(str(folder / "d.csv"), home=home(), validation=str(tmp_path / "more.csv"), **options)
    assert watched.fit.selection == alone.fit.selection
    assert watched.fit.validation.rows == 50


@pytest.mark.slow
def test_the_same_bytes_on_workers_of_dask(folder, tmp_path):
    expected = saved(sm.fit(str(folder / "d.csv"), **AUTO), tmp_path)
    assert saved(sm.fit(str(folder / "d.csv"), cluster="local:2", **AUTO), tmp_path) == expected


# ---- shares that are set aside ----


def test_a_share_for_validation_is_that_of_split_by(plain):
    _, aside = sm.split(plain, 0.25, by="who", seed=2)
    model = sm.fit(plain, validation=0.25, groups="who", seed=2)
    assert model.fit.validation.rows == len(aside)
    assert model.fit.validation.nll == pytest.approx(sm.evaluate(model, aside).metrics["nll"], rel=1e-9)


def test_a_share_for_a_test_is_that_of_split_by(plain):
    train, test = sm.split(plain, 0.25, by="who", seed=2)
    model, alone = sm.fit(plain, test=0.25, **AUTO), sm.fit(train, **AUTO)
    assert (model.W == alone.W).all()
    assert model.fit.test.metrics["nll"] == pytest.approx(sm.evaluate(alone, test).metrics["nll"], rel=1e-12)


# ---- what a model keeps ----


def test_a_model_is_of_its_groups(plain, go, tmp_path):
    """Which rows belong together is in the digest, as the place of each group among all."""
    plain.to_csv("d.csv", index=False)
    line = ["fit", "d.csv", "--l2", "auto", "--groups", "who", "--epochs", "30"]
    go(*line)
    places = {text: k for k, text in enumerate(final_order(plain["who"]))}
    data = sm.load("model.npz").fit.document()["data"]
    assert data["groups"] == column_sum([places[text] for text in plain["who"]])
    assert "nothing to do" in go(*line, "--if-changed").err
    assert "verified: the same" in go("verify", "model.npz", "d.csv").out
    other = plain.assign(who=np.roll(plain["who"], 1))
    other.to_csv("d.csv", index=False)
    assert "other groups" in go("verify", "model.npz", "d.csv", code=7).out
    assert "nothing to do" not in go(*line, "--if-changed").err
    assert "groups" not in sm.fit(plain, drop="who").fit.document()["data"]


def test_a_checkpoint_is_of_its_groups(plain, tmp_path):
    class Stops(sm.fitting.fit.Observer):
        def on_selected(self, _):
            raise KeyboardInterrupt

    path = str(tmp_path / "checkpoint")
    with pytest.raises(KeyboardInterrupt):
        sm.fit(plain, checkpoint=path, observer=Stops(), **AUTO)
    with pytest.raises(sm.UsageError, match="its data differ"):
        sm.fit(plain.assign(who=np.roll(plain["who"], 1)), checkpoint=path, **AUTO)
    assert (sm.fit(plain, checkpoint=path, **AUTO).W == sm.fit(plain, **AUTO).W).all()


def test_the_estimator(plain):
    X, y, who = plain[list("abcdefgh")], plain["y"], plain["who"]
    theirs = SoftmaxRegression(l2="auto", random_state=2).fit(X, y, groups=who)
    ours = sm.fit(X, y, l2="auto", seed=2, groups=who)
    assert theirs.l2_ == ours.fit.options.l2
    assert (theirs.model_.W == ours.W).all()
    weightless = np.where(y == "low", 0.0, 1.0)
    some = SoftmaxRegression(l2="auto", random_state=2).fit(X, y, weightless, groups=list(who))
    assert some.classes_.tolist() == ["mid", "top"]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SoftmaxRegression(l2="auto").fit(X, y, groups=who[1:])
    with pytest.raises(ValueError, match="none are"):
        SoftmaxRegression().fit(X, y, groups=who)


# ---- what cannot be ----


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"groups": "who"}, "groups= keeps rows together where they are dealt out, and none are"),
        ({"groups": "who", "validation": "more.csv"}, "none are"),
        ({"groups": "wh", "l2": "auto"}, 'groups=: there is no column "wh"'),
        ({"groups": "y", "l2": "auto"}, "is the target, not a feature"),
        ({"groups": "w", "weight": "w", "l2": "auto"}, "is the weight, and cannot be the groups"),
        ({"groups": "who", "dates": "who", "l2": "auto"}, "both in groups= and in dates="),
        ({"groups": ["who"], "l2": "auto"}, "groups must be the name of a column"),
        ({"groups": np.arange(9), "l2": "auto"}, "there are 9 groups for 400 rows"),
    ],
)
def test_options_that_cannot_be(frame, options, says):
    with pytest.raises(sm.UsageError, match=says):
        sm.fit(frame, target="y", **options)


@pytest.mark.parametrize("home", [lambda: MemoryHome(1, most_rows=128), spread])
@pytest.mark.parametrize(
    ("options", "change", "says"),
    [
        (AUTO, lambda rows: rows.assign(who=rows["y"]), 'all rows of the class "low" are in one fold'),
        (AUTO, lambda rows: rows.assign(who="one"), "there are no two folds"),
        (
            AUTO,
            lambda rows: rows.assign(who=rows["who"].where(rows.index != 300)),
            ":302: .*a row without a group",
        ),
        (OPTIONS["validation"], lambda rows: rows.assign(who="one"), "validation=0.25: no group is so small"),
        (OPTIONS["test"], lambda rows: rows.assign(who="one"), "test=0.25: no group is so small"),
        (OPTIONS["test"], lambda rows: rows.assign(who=rows["who"].where(rows.index != 300)), "a row without a group"),
        (
            {"validation": 0.45, "groups": "who"},
            lambda rows: rows.assign(who=rows["y"]),
            'validation=0.45: all rows of the class "[a-z]*" are set aside',
        ),
    ],
)
def test_groups_that_cannot_be_dealt(plain, options, change, says, home, tmp_path):
    change(plain).to_csv(tmp_path / "d.csv", index=False)
    with pytest.raises(sm.DataError, match=says):
        sm.fit(str(tmp_path / "d.csv"), home=home(), **options)


def test_exit_codes(plain, go):
    plain.to_csv("d.csv", index=False)
    assert "--groups keeps rows together" in go("fit", "d.csv", "--groups", "who", code=2).err
    go("fit", "d.csv", "--groups", "nobody", "--l2", "auto", code=2)
    plain.assign(who=plain["y"]).to_csv("d.csv", index=False)
    go("fit", "d.csv", "--groups", "who", "--l2", "auto", code=3)
