"""Likelihood-ratio tests and what goes with them: against statsmodels, published figures, and ranks by numpy."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from statsmodels.api import GLM, MNLogit, add_constant, families
from statsmodels.discrete.tests.results.results_discrete import Spector

import smtrain as sm
from smtrain.errors import ExitCode
from smtrain.softmax.distributions import chi_square
from tests.published import FOLDER

N = 240


def frame(K=3, seed=0):
    """Numbers with gaps, words with a level for missing cells, and a class."""
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(rng.normal(size=(N, 2)) * [1, 100] + [0, 5000], columns=["a", "b"])
    found["w"] = rng.choice(["u", "v", "x", "y"], N)
    Z = found[["a"]].to_numpy() @ rng.normal(size=(1, K)) + (found[["w"]] == "u").to_numpy() + rng.gumbel(size=(N, K))
    found["y"] = np.array(list("pqrst"))[Z.argmax(axis=1)]
    return found


def dense(table, columns):
    """A design as statsmodels takes it: dummies of words but for the first level, gaps as means and indicators."""
    parts = []
    for name in columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            parts.append(pd.get_dummies(table[name].fillna("?"), prefix=name, dtype=float).iloc[:, 1:])
        else:
            parts.append(table[name].fillna(table[name].mean()).rename(name))
            if table[name].isna().any():
                parts.append(table[name].isna().astype(float).rename(f"{name} is missing"))
    X = pd.concat(parts, axis=1)
    return add_constant((X - X.mean()) / X.std(ddof=0))


def theirs(table, columns):
    return MNLogit(table["y"].astype("category").cat.codes, dense(table, columns)).fit(disp=False, maxiter=200)


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.5, 3.0, 50.0, 900.0, 20000.0])
@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 50, 51, 1000, 20001])
def test_chi_square_is_that_of_scipy(x, degrees):
    assert chi_square(x, degrees) == pytest.approx(chi2.sf(x, degrees), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("K", [2, 4])
@pytest.mark.parametrize("gaps", [False, True])
def test_all_statistics_are_those_of_statsmodels(K, gaps):
    table = frame(K)
    if gaps:
        table.loc[::7, "b"] = np.nan
    found, whole = sm.likelihood(sm.fit(table, target="y", l2=0, lr=True)), theirs(table, "abw")
    assert found.log_likelihood == pytest.approx(whole.llf, rel=1e-9)
    assert found.null_log_likelihood == pytest.approx(whole.llnull, rel=1e-9)
    assert found.mcfadden == pytest.approx(whole.prsquared, rel=1e-8)
    assert found.test.chi2 == pytest.approx(whole.llr, rel=1e-8)
    assert found.test.p == pytest.approx(whole.llr_pvalue, rel=1e-6)
    assert found.test.degrees == whole.df_model
    assert found.parameters == whole.params.size
    assert found.aic == pytest.approx(-2 * whole.llf + 2 * whole.params.size, rel=1e-9)
    assert found.bic == pytest.approx(-2 * whole.llf + math.log(N) * whole.params.size, rel=1e-9)
    assert (found.deviance, found.null_deviance) == pytest.approx((-2 * whole.llf, -2 * whole.llnull), rel=1e-9)
    assert found.degrees == (K - 1) * N - whole.params.size
    likelihoods = np.exp(whole.llnull * 2 / N), np.exp(whole.llf * 2 / N)
    cox_snell = 1 - likelihoods[0] / likelihoods[1]
    assert found.nagelkerke == pytest.approx(cox_snell / (1 - likelihoods[0]), rel=1e-7)
    for name, test in found.columns.items():
        less = theirs(table, "abw".replace(name, ""))
        assert test.chi2 == pytest.approx(2 * (whole.llf - less.llf), rel=1e-5, abs=1e-6), name
        assert test.degrees == whole.params.size - less.params.size, name
        assert test.p == pytest.approx(chi2.sf(2 * (whole.llf - less.llf), test.degrees), rel=1e-4), name
    lines = found.table()
    assert list(lines.columns) == ["chi2", "degrees", "p"]
    assert lines.loc["a", "p"] == found.columns["a"].p


def test_degrees_of_freedom_know_of_collinear_columns():
    table = frame()
    table["twice"], table["both"] = 2 * table["a"] + 1, (table["w"] == "u") * 1.0 + (table["w"] == "v")
    table.loc[::9, "b"] = np.nan
    table["gap"] = np.where(table["b"].isna(), np.nan, table["a"] ** 2)  # its indicator is that of b
    found = sm.likelihood(sm.fit(table, target="y", l2=0, lr=True))
    names = [name for name in table if name != "y"]
    rank = np.linalg.matrix_rank(dense(table, names), tol=1e-6)
    assert found.test.degrees == 2 * (rank - 1)
    for name, test in found.columns.items():
        less = np.linalg.matrix_rank(dense(table, [other for other in names if other != name]), tol=1e-6)
        assert test.degrees == 2 * (rank - less), name
    assert found.columns["twice"].degrees == 0
    assert math.isnan(found.columns["twice"].p)
    assert found.columns["twice"].chi2 == pytest.approx(0, abs=1e-6)


def test_weights_are_counts_of_rows():
    table = frame().assign(n=np.arange(N) % 3)
    weighted = sm.likelihood(sm.fit(table, target="y", l2=0, lr=True, weight="n"))
    repeated = table.loc[table.index.repeat(table["n"])].drop(columns="n")
    rows = sm.likelihood(sm.fit(repeated, target="y", l2=0, lr=True))
    assert weighted.rows == rows.rows == len(repeated)
    assert weighted.bic == pytest.approx(rows.bic, rel=1e-9)
    for name in "abw":
        assert weighted.columns[name].chi2 == pytest.approx(rows.columns[name].chi2, rel=1e-5)


def test_one_column_alone_is_the_whole_model():
    found = sm.likelihood(sm.fit(frame()[["w", "y"]], target="y", l2=0, lr=True))
    assert found.columns["w"].chi2 == pytest.approx(found.test.chi2, rel=1e-6)
    assert found.columns["w"].degrees == found.test.degrees == 6


@pytest.mark.parametrize("options", [{"precision": "float32"}, {"threads": 2}, {"solver": "gd"}])
def test_the_same_in_other_ways(options):
    plain = sm.likelihood(sm.fit(frame(), target="y", l2=0, lr=True))
    found = sm.likelihood(sm.fit(frame(), target="y", l2=0, lr=True, **options))
    np.testing.assert_allclose(found.table(), plain.table(), rtol=2e-3, atol=1e-3)


# Real tables


def test_the_labour_force_of_women():
    """Rows that are counts. The deviance and AIC are those that nnet::multinom prints; the tests are statsmodels'."""
    found = sm.likelihood(sm.fit(FOLDER / "womenlf.csv", target="partic", weight="count", l2=0, lr=True))
    counts = pd.read_csv(FOLDER / "womenlf.csv")
    table = counts.loc[counts.index.repeat(counts["count"])].rename(columns={"partic": "y"}).reset_index(drop=True)
    assert found.rows == len(table) == 263
    assert (found.deviance, found.aic) == pytest.approx((422.8819, 434.8819), abs=1e-4)
    whole = theirs(table, ["hincome", "children"])
    for name, other in (("hincome", "children"), ("children", "hincome")):
        chi = 2 * (whole.llf - theirs(table, [other]).llf)
        assert found.columns[name].chi2 == pytest.approx(chi, rel=1e-6)
        assert found.columns[name].degrees == 2
        assert found.columns[name].p == pytest.approx(chi2.sf(chi, 2), rel=1e-5)


def test_what_stata_computes_of_spector_and_mazzeos_table():
    """Stata 11, by statsmodels' own tests; it kept the numbers of the table in single precision."""
    found, theirs = sm.likelihood(sm.fit(FOLDER / "spector.csv", target="GRADE", l2=0, lr=True)), Spector.logit
    assert found.test.degrees == theirs.df_model
    for ours, name in (
        (found.log_likelihood, "llf"),
        (found.null_log_likelihood, "llnull"),
        (found.test.chi2, "llr"),
        (found.test.p, "llr_pvalue"),
        (found.mcfadden, "prsquared"),
        (found.aic, "aic"),
        (found.bic, "bic"),
    ):
        assert ours == pytest.approx(getattr(theirs, name), rel=1e-6), name


def test_the_deviances_of_two_species_of_iris():
    """Those of statsmodels' GLM, and its degrees of freedom."""
    iris = pd.read_csv("sample_data/iris.csv").query("species != 'setosa'")
    found = sm.likelihood(sm.fit(iris, target="species", l2=0, lr=True))
    X = add_constant(iris.drop(columns="species"))
    theirs = GLM(iris["species"] == "virginica", X, families.Binomial()).fit(tol=1e-14)
    expected = theirs.null_deviance, theirs.deviance, theirs.aic
    assert (found.null_deviance, found.deviance, found.aic) == pytest.approx(expected, rel=1e-8)
    assert (found.null_degrees, found.degrees) == (theirs.nobs - 1, theirs.df_resid)


# What is said


def test_show_lr(go, tmp_path):
    frame().to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q", "--l2", 0, "--lr", "--se")
    found = sm.likelihood(sm.load("model.npz"))
    said = go("show", "--lr").out
    assert f"AIC {found.aic:.4f}, BIC {found.bic:.4f}: 12 parameters, 240 rows" in said
    assert f"McFadden's R² {found.mcfadden:.4f}, Nagelkerke's R² {found.nagelkerke:.4f}" in said
    line = [line for line in said.splitlines() if line.startswith("w ")][-1]  # the first is that of the column
    assert line.split() == ["w", f"{found.columns['w'].chi2:.4f}", "6", f"{found.columns['w'].p:.4f}"]
    both = go("show", "--lr", "--se").out
    assert "all columns" in both
    assert "std. error" in both
    document = json.loads(go("show", "--lr", "--json").out)["likelihood"]
    assert document["columns"]["a"]["chi2"] == found.columns["a"].chi2
    assert document["aic"] == found.aic
    assert go("verify", "model.npz", "t.csv", "-q").out.startswith("verified: the same")


def test_what_determined_columns_and_unfinished_fits_have_instead_of_a_test(go, tmp_path):
    frame().assign(c=lambda t: 3 * t["a"])[["a", "c", "w", "y"]].to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q", "--l2", 0, "--lr", "--epochs", 2)
    said = go("show", "--lr").out
    assert "determined" in said
    assert "tests marked *" in said
    assert json.loads(go("show", "--lr", "--json").out)["likelihood"]["columns"]["c"]["p"] is None


@pytest.mark.parametrize(
    "options",
    [{"l2": 1}, {}, {"l2": "auto"}, {"l1": 1}, {"l2": 0, "validation": 0.2, "calibrate": True}],
    ids=["l2", "default", "auto", "l1", "calibrate"],
)
def test_it_is_for_maximum_likelihood_alone(options):
    with pytest.raises(sm.UsageError, match="lr"):
        sm.fit(frame(), target="y", lr=True, **options)


def test_wide_tables_are_refused_before_training():
    wide = pd.DataFrame(np.random.default_rng(0).integers(0, 9, (6, 1001)), columns=[f"x{j}" for j in range(1001)])
    with pytest.raises(sm.UsageError, match="at most 1,000 features, and these are"):
        sm.fit(wide.assign(y=list("abcabc")), target="y", l2=0, lr=True)


def test_a_model_without_them(go, tmp_path):
    frame().to_csv("t.csv", index=False)
    go("fit", "t.csv", "-q", "--l2", 0)
    assert "--lr" in go("show", "--lr", code=ExitCode.MODEL).err
    with pytest.raises(sm.ModelError, match="no statistics"):
        sm.likelihood(sm.load("model.npz"))
