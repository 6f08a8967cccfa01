"""Standard errors against statsmodels, and against the inverse of the Hessian of all K classes; the command line."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.api import GLM, MNLogit, add_constant, families

import smtrain as sm
from smtrain.errors import ExitCode
from tests.hostile.harness import invoke
from tests.reference import information_row
from tests.truth_of_separation import identified

IRIS = Path("sample_data/iris.csv").absolute()
COLUMNS = ["estimate", "error", "z", "p", "low", "high", "odds"]


def smtrain(folder, *arguments, code=0, stdin=""):
    outcome = invoke(*arguments, folder=folder, stdin=stdin.encode())
    assert outcome.code == code, outcome.stderr
    return outcome


def numbers(n=300, K=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * [1, 100, 0.01] + [0, 5000, 1]
    Z = (X - [0, 5000, 1]) / [1, 100, 0.01] @ rng.normal(size=(3, K)) + rng.gumbel(size=(n, K))
    return pd.DataFrame(X, columns=list("abc")).assign(y=np.array(list("pqrst"))[Z.argmax(axis=1)])


@pytest.mark.parametrize("K", [2, 4])
def test_all_columns_of_the_table_are_those_of_statsmodels(K):
    data = numbers(K=K)
    codes = data["y"].astype("category").cat.codes
    X = add_constant(data[["a", "b", "c"]])
    # Newton on the raw columns, whose sizes differ by 1e4, ends with fewer digits than ours: its result is polished.
    scaled = add_constant((data[["a", "b", "c"]] - X.mean()[1:]) / X.std(ddof=0)[1:])
    start = MNLogit(codes, scaled).fit(disp=0, method="newton")
    A = np.vstack(
        [np.append(1.0, -X.mean()[1:] / X.std(ddof=0)[1:]), np.c_[np.zeros(3), np.diag(1 / X.std(ddof=0)[1:])]]
    )
    estimates = A @ start.params.to_numpy()
    errors = np.stack(
        [np.sqrt(np.diag(A @ block @ A.T)) for block in diagonal_blocks(start.cov_params().to_numpy(), 4)], axis=1
    )
    found = sm.inference(sm.fit(data, l2=0.0, se=True))
    assert found.reference == "p"
    assert found.terms == ("(intercept)", "a", "b", "c")
    np.testing.assert_allclose(found.estimate, estimates, rtol=1e-5)
    np.testing.assert_allclose(found.error, errors, rtol=1e-6)
    z = estimates / errors
    np.testing.assert_allclose(found.p, 2 * norm.sf(np.abs(z)), rtol=1e-3, atol=1e-12)
    np.testing.assert_allclose(found.low, estimates - norm.ppf(0.975) * errors, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.odds, np.exp(estimates), rtol=1e-3)


def diagonal_blocks(covariance, size):
    return [covariance[i : i + size, i : i + size] for i in range(0, len(covariance), size)]


@pytest.mark.parametrize("reference", ["q", "r"])
def test_another_reference_is_another_fit_in_that_order(reference):
    data = numbers()
    renamed = data.assign(y=data["y"].replace(reference, "a"))  # now the first
    one = sm.inference(sm.fit(data, l2=0.0, se=True), reference).table()
    two = sm.inference(sm.fit(renamed, l2=0.0, se=True)).table()
    pd.testing.assert_frame_equal(one.loc[two.index], two, rtol=1e-5, atol=1e-9)


def test_weights_are_counts_of_rows():
    data = numbers(n=80)
    counts = np.random.default_rng(1).integers(1, 4, 80)
    repeated = data.loc[data.index.repeat(counts)]
    options = {"target": "y", "l2": 0.0, "se": True, "tol": 1e-14}
    one = sm.inference(sm.fit(data.assign(n=counts), weight="n", **options)).table()
    two = sm.inference(sm.fit(repeated, **options)).table()
    # An odds ratio of 1e154 has few digits: it is the exponential of an estimate.
    pd.testing.assert_frame_equal(one.drop(columns="odds"), two.drop(columns="odds"), rtol=1e-5, atol=1e-9)


def test_levels_are_counted_from_the_first():
    """The same as dummies of all levels but the first; the intercept is that of the first levels."""
    rng = np.random.default_rng(2)
    words = pd.DataFrame(
        {"x": rng.normal(size=300), "u": rng.choice(list("abc"), 300), "w": rng.choice(list("kl"), 300)}
    )
    label = np.where(words["x"] + (words["u"] == "b") - (words["w"] == "l") + rng.logistic(size=300) > 0, "yes", "no")
    found = sm.inference(sm.fit(words.assign(y=label), l2=0.0, se=True))
    assert found.terms == ("(intercept)", "x", "u=b", "u=c", "w=l")
    assert found.bases == ("u=a", "w=k")
    X = add_constant(pd.get_dummies(words, drop_first=True).astype(float))
    expected = GLM(label == "yes", X, families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(found.estimate[:, 0], expected.params, rtol=1e-5)
    np.testing.assert_allclose(found.error[:, 0], expected.bse, rtol=1e-5)


def test_penalised_errors_are_those_of_the_penalised_hessian_of_all_classes():
    l2 = 3.0
    data = numbers(n=120)
    model = sm.fit(data, l2=l2, se=True)
    X = np.c_[(data[["a", "b", "c"]] - model.encoder.means) / model.encoder.scales, np.ones(120)]
    theta = np.vstack([model.W, model.b])
    K, P = 3, 4
    wide = np.zeros((P, K + 1))
    wide[:, 1:] = theta  # a class before the first, of logit −∞, makes the other K classes free
    wide[-1, 0] = -1000
    H = sum(information_row(x, wide) for x in X)
    H += np.kron(np.eye(K), np.diag([l2] * 3 + [0]))
    covariance = np.linalg.pinv(H, rcond=1e-12, hermitian=True)
    found = sm.inference(model, "q")
    assert found.penalised
    for column, k in ((0, 0), (1, 2)):
        for term, j in (("a", 0), ("b", 1), ("c", 2)):
            c = np.zeros((K, P))
            c[k, j], c[1, j] = 1, -1
            error = np.sqrt(c.ravel() @ covariance @ c.ravel()) / model.encoder.scales[j]
            assert found.error[found.terms.index(term), column] == pytest.approx(error, rel=1e-7)


def test_what_the_rows_do_not_identify_is_said_so(tmp_path):
    data = numbers().assign(d=lambda t: 2 * t["a"] - t["c"])[["a", "b", "c", "d", "y"]]
    model = sm.fit(data, l2=0.0, se=True)
    table = sm.inference(model).table()
    assert table["error"].isna().groupby("term").all().to_dict() == {
        "(intercept)": False,  # d is a sum of a and c without a constant
        "a": True,
        "b": False,
        "c": True,
        "d": True,
    }
    assert model.fit.collinear == {"d": ("a", "c")}
    without = sm.inference(sm.fit(data.drop(columns="d"), l2=0.0, se=True)).table()
    pd.testing.assert_frame_equal(table.xs("b", level=1), without.xs("b", level=1), rtol=1e-4)
    model.save(str(tmp_path / "model.npz"))
    shown = smtrain(tmp_path, "show", "--se").stdout.decode()
    assert "d: collinear with a, c" in shown
    assert "not identified" in shown
    assert "nan" not in shown


def coarse(seed):
    """Few rows, levels that some class never has, columns of very different sizes."""
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(12, 120)), int(rng.integers(2, 4))
    numbers = (
        rng.integers(-1, 2, n).astype(float) if rng.random() < 0.5 else rng.normal(size=n) * 10.0 ** rng.integers(-3, 4)
    )
    table = pd.DataFrame({"x": numbers, "w": rng.choice(list("abcd")[: int(rng.integers(2, 5))], n)})
    Z = np.outer((numbers - numbers.mean()) / numbers.std(), rng.normal(size=K) * 1.5)
    Z += (rng.normal(size=(4, K)) * 1.5)[table["w"].astype("category").cat.codes]
    return table.assign(y=np.array(list("pqr"))[(Z + rng.gumbel(size=(n, K))).argmax(axis=1)])


def test_separated_coefficients_have_no_errors():
    """Against linear programming; those that are left have the errors of an ordinary fit."""
    seen = set()
    for seed in range(30):
        table = coarse(seed)
        if table["y"].nunique() < 2:
            continue
        found = sm.inference(sm.fit(table, l2=0.0, se=True))
        expected = identified(table, found.terms, [found.reference, *found.classes])
        assert (np.isfinite(found.error) == expected).all(), seed
        seen.add((bool(expected.any()), bool(expected.all())))
    assert len(seen) == 3


def test_a_level_that_a_class_never_has_has_no_error(tmp_path):
    """What is left has the errors of the fit without that level's rows where the class is looked at."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"w": rng.choice(list("abc"), 300), "age": rng.integers(18, 80, 300)})
    vote = np.where(table["w"] == "c", "no", rng.choice(["no", "yes"], 300))
    table = table.assign(vote=vote)
    table.to_csv(tmp_path / "d.csv", index=False)
    smtrain(tmp_path, "fit", "d.csv", "--l2", "0", "--se", "--quiet")
    shown = smtrain(tmp_path, "show", "--se").stdout.decode()
    assert "w=c          not identified" in shown
    document = json.loads(smtrain(tmp_path, "show", "--se", "--json").stdout)["inference"]["classes"]["yes"]
    assert set(document["w=c"].values()) == {None}
    left = table[table["w"] != "c"]
    X = add_constant(pd.DataFrame({"w=b": left["w"] == "b", "age": left["age"]}).astype(float))
    expected = GLM(left["vote"] == "yes", X, families.Binomial()).fit(tol=1e-14)
    for term, error in zip(("(intercept)", "w=b", "age"), expected.bse, strict=True):
        assert document[term]["error"] == pytest.approx(error, rel=1e-5)


def test_collinear_columns_change_no_probability():
    data = numbers()[["a", "b", "c", "y"]]
    more = data.assign(k=5, d=data["a"], e=data["a"] + data["b"] + 1e-9 * data["c"])[
        ["k", "a", "b", "c", "d", "e", "y"]
    ]
    one, two = (sm.fit(table, l2=0.0, tol=1e-13) for table in (data, more))
    np.testing.assert_allclose(sm.predict_proba(two, more), sm.predict_proba(one, data), atol=1e-5)
    assert dict(two.encoder.ignored) == {"k": "it is constant"}
    assert two.fit.collinear == {"d": ("a",), "e": ("a", "b")}


@pytest.mark.parametrize("l2", [0.0, 1.0])
def test_an_offset_of_1e15_changes_no_probability_and_no_slope(l2):
    rng = np.random.default_rng(3)
    data = pd.DataFrame(rng.integers(-20, 20, size=(200, 2)), columns=["a", "b"], dtype=float)
    data["y"] = np.where(data["a"] - data["b"] + 10 * rng.logistic(size=200) > 0, "p", "q")
    far = data.assign(a=data["a"] + 1e15)
    one, two = (sm.fit(table, l2=l2, se=True) for table in (data, far))
    assert two.encoder.ignored == ()
    np.testing.assert_allclose(sm.predict_proba(two, far), sm.predict_proba(one, data), atol=1e-7)
    slopes = [sm.inference(model).table().loc["q"].loc[["a", "b"]] for model in (one, two)]
    pd.testing.assert_frame_equal(*slopes, rtol=1e-4)


def test_more_columns_than_rows(tmp_path):
    rng = np.random.default_rng(4)
    wide = pd.DataFrame(rng.normal(size=(20, 40)), columns=[f"x{j}" for j in range(40)]).assign(y=list("ab") * 10)
    wide.to_csv(tmp_path / "wide.csv", index=False)
    done = smtrain(tmp_path, "fit", "wide.csv")
    assert "40 features for 20 rows" in done.stderr
    assert "converged" in done.stderr


# The command line


def test_show_se(tmp_path):
    smtrain(tmp_path, "fit", IRIS, "--se", "-q", "-o", "model.npz")
    plain = smtrain(tmp_path, "show", "--se").stdout.decode()
    assert "against the class setosa" in plain
    assert "penalised" in plain
    assert "95 % interval" in plain
    wide = smtrain(tmp_path, "show", "--se", "--level", 0.5, "--json").document["inference"]
    assert (wide["level"], wide["reference"], wide["penalised"]) == (0.5, "setosa", True)
    line = wide["classes"]["virginica"]["petal_width"]
    assert list(line) == COLUMNS
    assert line["high"] - line["estimate"] == pytest.approx(norm.ppf(0.75) * line["error"])
    assert line["p"] == pytest.approx(math.erfc(abs(line["z"]) / math.sqrt(2)))


def test_weights_from_a_reference_class(tmp_path):
    smtrain(tmp_path, "fit", IRIS, "-q", "-o", "model.npz")
    plain, against = (
        smtrain(tmp_path, "show", "--json", *more).document for more in ([], ["--reference", "virginica"])
    )
    W = np.array(plain["raw_weights"])
    np.testing.assert_array_equal(against["raw_weights"], W - W[:, [2]])
    assert against["raw_intercept"][2] == 0
    assert "against the class virginica" in smtrain(tmp_path, "show", "--reference", "virginica").stdout.decode()


def test_what_cannot_be_asked(tmp_path):
    smtrain(tmp_path, "fit", IRIS, "-q", "-o", "model.npz")
    assert "a fit with --se" in smtrain(tmp_path, "show", "--se", code=ExitCode.MODEL).stderr
    for options in (["--reference", "rose"], ["--level", 0.9], ["--se", "--level", 1], ["--se", "--level", 0]):
        smtrain(tmp_path, "show", *options, code=ExitCode.USAGE)


@pytest.mark.parametrize("option", ["--se", "--loo"])
@pytest.mark.parametrize("other", [["--calibrate"], ["--patience", 5], ["--l1", 1]])
def test_what_holds_at_the_smooth_optimum_only(option, other, tmp_path):
    done = smtrain(tmp_path, "fit", IRIS, "--validation", 0.2, option, *other, code=ExitCode.USAGE)
    assert f"{option} needs" in done.stderr
    assert other[0] in done.stderr


@pytest.mark.parametrize("option", ["--se", "--loo"])
def test_too_many_parameters_are_refused_before_training(option, tmp_path):
    names = ",".join(f"x{j}" for j in range(1001))
    rows = [",".join(map(str, np.random.default_rng(i).integers(0, 9, 1001))) for i in range(9)]
    text = "\n".join([f"{names},y", *(f"{row},{'abc'[i % 3]}" for i, row in enumerate(rows))])
    done = smtrain(tmp_path, "fit", "-", option, "-q", stdin=text, code=ExitCode.USAGE)
    assert f"{option} is for at most 2,000 parameters, and these are 2,004" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_model_does_not_depend_on_threads(tmp_path):
    for threads in (1, 3):
        smtrain(tmp_path, "fit", IRIS, "--se", "--loo", "-q", "--threads", threads, "-o", f"{threads}.npz")
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "3.npz").read_bytes()


def test_leave_one_out_on_iris_is_near_the_real_one(tmp_path):
    done = smtrain(tmp_path, "fit", IRIS, "--loo", "--json", "-o", "m.npz")
    fit = done.document
    assert f"leave-one-out NLL, approximately: {fit['loo_nll']:.6f}" in done.stderr
    data = pd.read_csv(IRIS)
    chosen = range(0, 150, 15)
    real = [-math.log(one_left_out(data, n)) for n in chosen]
    model = sm.load(str(tmp_path / "m.npz"))
    trained = -np.log(sm.predict_proba(model, data)[list(chosen), [n // 50 for n in chosen]])
    assert np.mean(real) > trained.mean()
    assert fit["loo_nll"] > fit["nll"]


def one_left_out(data, n):
    model = sm.fit(data.drop(index=n), threads=1)
    return sm.predict_proba(model, data.iloc[[n]])[0, model.classes.index(data["species"][n])]


@pytest.mark.parametrize("size", [1e50, 1e101, 1e152])
def test_weights_of_any_size(size, tmp_path):
    """Errors of w times as many rows are √w times smaller; and a row that outweighs all others breaks nothing."""
    data = numbers(n=60)
    one, many, odd = (
        sm.fit(data.assign(w=w), target="y", weight="w", l2=0.0, se=True, loo=True, epochs=50)
        for w in (1.0, size, np.where(data.index % 20 == 3, size, 1.0))
    )
    for model in (many, odd):
        model.save(tmp_path / "m.npz")
    np.testing.assert_allclose(sm.inference(many).error * math.sqrt(size), sm.inference(one).error, rtol=1e-6)
    assert many.fit.loo_nll == pytest.approx(one.fit.loo_nll)
    assert not np.isinf(sm.inference(sm.load(tmp_path / "m.npz")).error).any()


# What a fit says


def test_rare_classes_are_named_and_kept(tmp_path):
    rng = np.random.default_rng(5)
    label = np.where(np.arange(500) == 17, "rare", np.where(rng.random(500) < 0.5, "u", "w"))
    pd.DataFrame({"x": rng.normal(size=500), "y": label}).to_csv(tmp_path / "d.csv", index=False)
    done = smtrain(tmp_path, "fit", "d.csv", "--json")
    assert 'rare classes: "rare" 1 row' in done.stderr
    fit = done.document
    assert fit["rare_classes"] == {"rare": 1}
    assert fit["classes"] == ["rare", "u", "w"]


def test_separation_is_a_warning_and_no_error(tmp_path):
    text = "x,w,y\n" + "\n".join(f"{i},{i % 5},{'a' if i < 20 else 'b'}" for i in range(40))
    done = smtrain(tmp_path, "fit", "-", "--l2", 0, "-q", "--json", stdin=text)
    assert "smtrain: warning: complete separation of the classes along x; without a penalty" in done.stderr
    fit = done.document
    assert fit["separation"] == {"complete": True, "pairs": [["a", "b"]], "columns": ["x"]}
    assert fit["nll"] >= 0
    assert "complete separation" in smtrain(tmp_path, "show").stdout.decode()
    assert "separation" not in smtrain(tmp_path, "fit", "-", "-q", stdin=text).stderr
    smtrain(tmp_path, "fit", "-", "--l2", 0, "--require-convergence", stdin=text, code=ExitCode.TRAINING)


def test_an_empty_cell_of_a_cross_table_separates():
    rng = np.random.default_rng(6)
    data = pd.DataFrame({"x": rng.normal(size=200), "w": rng.choice(list("uvw"), 200)})
    data["y"] = np.where((data["w"] == "u") & (rng.random(200) < 0.5), "only with u", rng.choice(["p", "q"], 200))
    found = sm.fit(data, l2=0.0).fit.separation
    assert not found.complete
    assert found.pairs == (("only with u", "p"), ("only with u", "q"))
    assert "w=u" in found.columns
    assert "x" not in found.columns
