"""The cross-validated NLL is that of scikit-learn's fits on the same folds; the choice follows from it."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

import smtrain as sm
from smtrain.errors import UsageError
from smtrain.fitting.selection import mean_and_error
from tests.cli import smtrain
from tests.problems import fold_numbers

SKLEARN = tuple(map(int, sklearn.__version__.split(".")[:2]))


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(120, 8))
    y = (2 * X[:, :3] + rng.gumbel(size=(120, 3))).argmax(1)
    return pd.DataFrame(X, columns=list("abcdefgh")).assign(y=[f"k{k}" for k in y])


@pytest.fixture(scope="module")
def chosen(table):
    return sm.fit(table, l2="auto", folds=4, seed=1)


def test_the_nll_of_each_candidate_is_that_of_its_folds(table, chosen):
    X = table.iloc[:, :8].to_numpy()
    X = (X - X.mean(0)) / X.std(0)
    y = np.unique(table["y"], return_inverse=True)[1]
    fold_of = fold_numbers(y, np.ones(120), 4, 1)
    for candidate in chosen.fit.selection.candidates:
        peer = LogisticRegression(C=1 / candidate.l2, tol=1e-8, max_iter=5000)
        found, sizes = [], []
        for fold in range(4):
            aside = fold_of == fold
            found.append(log_loss(y[aside], peer.fit(X[~aside], y[~aside]).predict_proba(X[aside])))
            sizes.append(aside.sum())
        mean, error = mean_and_error(np.array(found), np.array(sizes, float))
        assert candidate.nll == pytest.approx(mean, rel=5e-3)
        assert candidate.se == pytest.approx(error, rel=5e-2, abs=1e-4)


@pytest.fixture(scope="module")
def lasso(table):
    return sm.fit(table, l1="auto", folds=3, seed=1)


@pytest.mark.skipif(SKLEARN < (1, 8), reason="scikit-learn 1.7 has another name for the lasso")
def test_the_nll_of_each_l1_is_that_of_its_folds(table, lasso):
    """Of scikit-learn's lasso, whose intercept has no penalty with this solver either."""
    X = table.iloc[:, :8].to_numpy()
    X = (X - X.mean(0)) / X.std(0)
    y = np.unique(table["y"], return_inverse=True)[1]
    fold_of = fold_numbers(y, np.ones(120), 3, 1)
    candidates = lasso.fit.selection.candidates
    assert {one.l2 for one in candidates} == {0.0}
    for candidate in candidates:
        if candidate.l1 < 0.1:
            continue  # saga takes long there
        peer = LogisticRegression(C=1 / candidate.l1, solver="saga", l1_ratio=1, tol=1e-6, max_iter=20000)
        found = [
            log_loss(
                y[fold_of == fold], peer.fit(X[fold_of != fold], y[fold_of != fold]).predict_proba(X[fold_of == fold])
            )
            for fold in range(3)
        ]
        mean, error = mean_and_error(np.array(found), np.bincount(fold_of).astype(float))
        assert candidate.nll == pytest.approx(mean, rel=5e-3)
        assert candidate.se == pytest.approx(error, rel=5e-2, abs=1e-4)


def test_the_l1_of_the_lowest_nll_is_chosen(table, lasso):
    candidates = lasso.fit.selection.candidates
    best = min(candidates, key=lambda one: one.nll)
    values = [one.l1 for one in candidates]
    assert (lasso.fit.options.l1, lasso.fit.options.l2) == (best.l1, 0.0)
    assert values == sorted(values, reverse=True)
    assert lasso.fit.selection.penalty == "l1"
    plain = sm.fit(table, l1=best.l1, tol=1e-9)
    assert lasso.fit.objective == pytest.approx(plain.fit.objective, rel=1e-4)
    sparse = sm.fit(table, l1="auto", folds=3, seed=1, one_se=True)
    assert sparse.fit.options.l1 == max(one.l1 for one in candidates if one.nll <= best.nll + best.se)
    # With an l2 besides, the path is one of elastic nets.
    net = sm.fit(table, l1="auto", l2=2, folds=2)
    assert {one.l2 for one in net.fit.selection.candidates} == {2.0}


def test_the_lowest_is_chosen_and_fitted_on_all_rows(table, chosen):
    candidates = chosen.fit.selection.candidates
    best = min(candidates, key=lambda c: c.nll)
    assert chosen.fit.options.l2 == best.l2
    assert [c.l2 for c in candidates] == sorted((c.l2 for c in candidates), reverse=True)
    plain = sm.fit(table, l2=best.l2, tol=1e-9)
    assert chosen.fit.objective == pytest.approx(plain.fit.objective, rel=1e-4)
    assert chosen.fit.gap <= 1e-4


def test_one_standard_error(table, chosen):
    """The rule of Breiman et al.: the simplest within one error of the best."""
    candidates = chosen.fit.selection.candidates
    best = min(candidates, key=lambda c: c.nll)
    expected = max(c.l2 for c in candidates if c.nll <= best.nll + best.se)
    assert expected > best.l2
    assert sm.fit(table, l2="auto", folds=4, seed=1, one_se=True).fit.options.l2 == expected


def test_the_error_of_a_mean_is_the_usual_one():
    x = np.array([1.0, 2.0, 4.0, 4.5])
    mean, error = mean_and_error(x, np.ones(4))
    assert (mean, error) == (pytest.approx(x.mean()), pytest.approx(x.std(ddof=1) / 2))


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_bytes_on_any_number_of_threads(table, chosen, threads, tmp_path):
    again = sm.fit(table, l2="auto", folds=4, seed=1, threads=threads)
    again.save(str(tmp_path / "a.npz"))
    chosen.save(str(tmp_path / "b.npz"))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_words_missing_cells_l1_and_validation_go_with_it():
    model = sm.fit("sample_data/penguins.csv", target="species", l2="auto", l1=0.1, validation=0.2, folds=3)
    assert model.fit.status.name == "CONVERGED"
    assert model.fit.validation.nll < 0.2


def test_gradient_descent_has_no_path():
    with pytest.raises(UsageError):
        sm.fit("sample_data/iris.csv", l2="auto", solver="gd")


def test_the_command_line(tmp_path, table):
    table.to_csv(tmp_path / "t.csv", index=False)
    done = smtrain("fit", "t.csv", "--l2", "auto", "--folds", "4", "--seed", "1", "--one-se", cwd=tmp_path)
    assert "l2 by 4-fold cross-validation" in done.stderr
    assert "of the lowest NLL" in done.stderr
    smtrain("fit", "t.csv", "--l2", "best", cwd=tmp_path, code=2)


def test_the_values_are_shown_in_order_and_the_chosen_one_is_marked(table, go):
    table.to_csv("t.csv", index=False)
    lines = go("fit", "t.csv", "--l1", "auto", "--folds", "2", "--epochs", "40").err.splitlines()
    candidates = sm.load("model.npz").fit.selection.candidates
    at = next(i for i, line in enumerate(lines) if line.split() == ["l1", "NLL", "±", "error"])
    shown = lines[at + 1 : at + 1 + len(candidates)]
    assert [float(line.split()[0]) for line in shown] == [one.l1 for one in candidates]
    (marked,) = (line for line in shown if line.endswith("  chosen"))
    assert float(marked.split()[0]) == sm.load("model.npz").fit.options.l1
    assert sum(line.startswith("l1 = ") for line in lines[:at]) == len(candidates)
    assert "l1 by 2-fold cross-validation" in "\n".join(lines)


def test_both_penalties_cannot_be_chosen_at_once():
    with pytest.raises(UsageError, match='l1="auto" and l2="auto" exclude each other'):
        sm.fit("sample_data/iris.csv", l1="auto", l2="auto")
    for solver, able in (("gd", "proximal"), ("lbfgs", "proximal")):
        with pytest.raises(UsageError, match=f'hint: solver="{able}" does$'):
            sm.fit("sample_data/iris.csv", l1="auto", solver=solver)
    with pytest.raises(UsageError, match='l1 must be a number or "auto"'):
        sm.fit("sample_data/iris.csv", l1="best")
