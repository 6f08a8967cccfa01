"""What liblinear, mlpack and Vowpal Wabbit make of the sample data: writes in_python.json. See README.md.

Run in the folder of the project, in an environment that has them: python tests/peers/in_python.py. Each is given
columns of mean 0 and deviation 1, with n in its denominator; coefficients are written for the columns as in the files.
"""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlpack
import numpy as np
import pandas as pd
from liblinear.liblinearutil import predict, train
from vowpalwabbit import Workspace

FOLDER = Path(__file__).parent
PROGRAMS = ["liblinear-official", "mlpack", "vowpalwabbit"]
OUTCOMES = {}


class Problem:
    """Columns of a table of the sample data, by default all but the target, and the codes of its labels, `y` (n,)."""

    def __init__(self, table, target, columns=None, weights=None):
        numbers = table[columns] if columns else table.drop(columns=target)
        self.terms = ["(Intercept)", *map(str, numbers)]
        self.table, self.raw = table, numbers.to_numpy(float)
        self.mean = np.average(self.raw, axis=0, weights=weights)
        self.scale = np.sqrt(np.average((self.raw - self.mean) ** 2, axis=0, weights=weights))
        self.X = (self.raw - self.mean) / self.scale
        self.labels = sorted(table[target].unique())
        self.y = np.searchsorted(self.labels, table[target])

    def coefficients(self, w, b):
        """Those of the columns as they are."""
        raw = np.asarray(w) / self.scale
        return digits([b - raw @ self.mean, *raw])


def digits(values):
    return [float(f"{value:.12g}") for value in values]


def keep(name, call, problem, **outcome):
    OUTCOMES[name] = {"call": call, "terms": problem.terms, **outcome}


def problems():
    iris = pd.read_csv("sample_data/iris.csv")
    penguins = pd.read_csv("sample_data/penguins.csv").dropna()
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    return {
        "iris": Problem(iris, "species"),
        "flowers": Problem(iris[iris["species"] != "setosa"], "species"),
        "sexes": Problem(penguins, "sex", numbers),
        "islands": Problem(penguins, "island", numbers),
        "wine": Problem(pd.read_csv("sample_data/wine-semicolon.csv", sep=";"), "cultivar"),
    }


# ---- liblinear ----


def with_liblinear(name, problem, options, **more):
    """Of two classes, the vector of the second."""
    call = f"{options} -e 1e-10"
    model = train(problem.y.tolist(), problem.X.tolist(), f"{call} -q")
    w, b = model.get_decfun()
    sign = 1 if model.get_labels()[0] == 1 else -1
    coefficients = {problem.labels[1]: problem.coefficients(sign * np.array(w), sign * b)}
    keep(f"liblinear, {name}", f"train {call}", problem, coefficients=coefficients, **more)


def liblinear_of_three(problem):
    call = "-s 0 -c 1 -B 1 -R -e 1e-10"
    model = train(problem.y.tolist(), problem.X.tolist(), f"{call} -q")
    P = np.array(predict([], problem.X.tolist(), model, "-b 1 -q")[2])[::10, np.argsort(model.get_labels())]
    keep("liblinear, three classes", f"train {call}; predict -b 1", problem, probabilities=[*map(digits, P)])


def of_liblinear(found):
    for data in ("flowers", "sexes"):
        with_liblinear(f"ridge, {data}", found[data], "-s 0 -c 2 -B 1 -R")
        with_liblinear(f"lasso, {data}", found[data], "-s 6 -c 2 -B 1 -R")
        with_liblinear(f"penalised bias, {data}", found[data], "-s 0 -c 2 -B 1")
        with_liblinear(f"no bias, {data}", found[data], "-s 0 -c 2")
        with_liblinear(f"dual, {data}", found[data], "-s 7 -c 2 -B 1")
    sexes = found["sexes"]
    heavy = np.where(sexes.y == 1, 3.0, 1.0)
    again = Problem(sexes.table, "sex", sexes.terms[1:], heavy)
    with_liblinear("weights", again, "-s 0 -c 2 -B 1 -R -w1 3")
    liblinear_of_three(found["iris"])


# ---- mlpack ----


def with_mlpack(name, problem, share):
    call = f"lambda_={share}, max_iterations=50000"
    fitted = mlpack.softmax_regression(
        training=problem.X, labels=problem.y, number_of_classes=len(problem.labels), lambda_=share, max_iterations=50000
    )
    P = mlpack.softmax_regression(input_model=fitted["output_model"], test=problem.X)["probabilities"][::10]
    keep(f"mlpack, {name}", f"softmax_regression({call})", problem, probabilities=[*map(digits, P)])


def of_mlpack(found):
    for data in ("iris", "wine", "sexes"):
        with_mlpack(f"penalty, {data}", found[data], 0.01)
    for data in ("islands", "sexes"):
        with_mlpack(f"no penalty, {data}", found[data], 0.0)


# ---- Vowpal Wabbit ----


def examples(path, problem, labels, weights=None):
    """The rows in Vowpal Wabbit's format, mixed: its online updates go by their order."""
    with path.open("w") as file:
        for row in np.random.default_rng(0).permutation(len(labels)):
            weight = "" if weights is None else f"{weights[row]} "
            cells = " ".join(f"x{j}:{value!r}" for j, value in enumerate(problem.X[row].tolist()))
            file.write(f"{labels[row]} {weight}| {cells}\n")


def trained(path, call):
    cache = path.with_suffix(".cache")
    cache.unlink(missing_ok=True)
    return Workspace(f"{call} -d {path} --cache_file {cache} --quiet")


def with_vowpal_wabbit(folder, name, problem, options, weights=None):
    call = f"--loss_function logistic {options}"
    examples(folder / "rows.vw", problem, 2 * problem.y - 1, weights)
    program = trained(folder / "rows.vw", call)
    b = program.predict("| ")
    w = [program.predict(f"| x{j}:1") - b for j in range(problem.X.shape[1])]
    program.finish()
    coefficients = {problem.labels[1]: problem.coefficients(w, b)}
    keep(f"vw, {name}", f"vw {call}", problem, coefficients=coefficients)


def vowpal_wabbit_of_three(folder, problem):
    call = f"--oaa 3 --loss_function logistic --probabilities {BATCH} --l2 1"
    examples(folder / "rows.vw", problem, problem.y + 1)
    program = trained(folder / "rows.vw", call)
    rows = (" ".join(f"x{j}:{value!r}" for j, value in enumerate(row)) for row in problem.X[::10].tolist())
    P = [program.predict(f"| {row}") for row in rows]
    program.finish()
    keep("vw, three classes", f"vw {call}", problem, probabilities=[*map(digits, P)])


BATCH = "--bfgs --passes 300 --termination 1e-12 --holdout_off"
ONLINE = "--passes 20000 --holdout_off"
DESCENT = f"--sgd --power_t 0.5 -l 0.5 {ONLINE}"


def of_vowpal_wabbit(found):
    sexes = found["sexes"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for data in ("flowers", "sexes"):
            with_vowpal_wabbit(folder, f"batch, {data}", found[data], f"{BATCH} --l2 1 --no_bias_regularization")
            with_vowpal_wabbit(folder, f"batch, penalised bias, {data}", found[data], f"{BATCH} --l2 1")
            with_vowpal_wabbit(folder, f"descent, {data}", found[data], f"{DESCENT} --l2 0.01")
            with_vowpal_wabbit(folder, f"online, {data}", found[data], f"{ONLINE} --l2 0.01")
        with_vowpal_wabbit(folder, "descent, l1", found["flowers"], f"{DESCENT} --l1 0.01")
        held_out = BATCH.replace(" --holdout_off", "")
        with_vowpal_wabbit(folder, "held out", sexes, f"{held_out} --l2 1 --no_bias_regularization")
        with_vowpal_wabbit(folder, "batch, l1", sexes, f"{BATCH} --l1 1 --no_bias_regularization")
        heavy = np.where(sexes.y == 1, 3, 1)
        again = Problem(sexes.table, "sex", sexes.terms[1:], heavy)
        with_vowpal_wabbit(folder, "batch, weights", again, f"{BATCH} --l2 1 --no_bias_regularization", heavy)
        vowpal_wabbit_of_three(folder, found["iris"])


if __name__ == "__main__":
    ready = problems()
    of_liblinear(ready)
    of_mlpack(ready)
    of_vowpal_wabbit(ready)
    versions = {name: version(name) for name in PROGRAMS}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(outcome)}" for name, outcome in OUTCOMES.items())
    (FOLDER / "in_python.json").write_text(f'{{"versions": {json.dumps(versions)},\n"outcomes": {{{lines}}}}}\n')
