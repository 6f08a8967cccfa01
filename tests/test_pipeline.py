"""A small team's pipeline, examples/pipeline.sh, in real processes.

A run that passes, and runs that must fail, each with the exit code and message of its fault, and with nothing changed
and nothing half-written.
"""

import numpy as np
import pytest

from tests.cli import smtrain
from tests.project import EXAMPLES, SPECIES, first_model, penguins, rows_of, run, set_up, write


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    return first_model(tmp_path_factory.mktemp("main"))


@pytest.fixture
def project(tmp_path, production):
    """A project before the new rows are used, with the predictions of yesterday."""
    set_up(tmp_path, production)
    (tmp_path / "predictions.csv").write_text("yesterday\n")
    return tmp_path


def pipeline(project, change=None):
    """Run the script, with a text of it changed; its exit code and what it says."""
    script = (EXAMPLES / "pipeline.sh").read_text()
    if change is not None:
        assert change[0] in script
        script = script.replace(*change)
    return run(project, "sh", "-c", script)


KEPT = {"bin", "data", "production.npz", "predictions.csv", "train.toml"}


def test_a_run_that_passes(project, production):
    done = pipeline(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "smtrain: error" not in done.stderr
    assert (project / "production.npz").read_bytes() != production
    smtrain("verify", "production.npz", "data/main.csv", "data/new.csv", cwd=project)
    predictions = rows_of(project / "predictions.csv")
    right = [found == row[3] for (_, found, *_), row in zip(predictions, penguins(4, 50), strict=True)]
    assert np.mean(right) > 0.8
    assert {path.name for path in project.iterdir()} == KEPT


def contradicting(project):
    """Fifteen rows twice, with another label the second time."""
    rows = rows_of(project / "data" / "new.csv")
    write(project / "data" / "new.csv", [*rows, *([*row[:3], "gentoo"] for row in rows if row[3] != "gentoo")][:315])


def in_kilograms(project):
    rows = rows_of(project / "data" / "new.csv")
    write(project / "data" / "new.csv", [[f"{float(mass) / 1000:.4f}", *rest] for mass, *rest in rows])


def another_island(project):
    rows = rows_of(project / "data" / "new.csv")
    write(project / "data" / "new.csv", [[*row[:2], "deception", row[3]] for row in rows])


def a_cell_too_many(project):
    rows = rows_of(project / "data" / "new.csv")
    rows[40].append("extra")
    write(project / "data" / "new.csv", rows)


def wrong_labels(project):
    """Each species under the name of the next: sound rows, of the shares of before, that teach the wrong thing."""
    rows = rows_of(project / "data" / "new.csv")
    write(
        project / "data" / "new.csv",
        [[*row[:3], SPECIES[(SPECIES.index(row[3]) + 1) % 3]] for row in rows],
    )


def no_length(project):
    rows = rows_of(project / "data" / "unlabelled.csv")
    write(project / "data" / "unlabelled.csv", [[row[0], row[2]] for row in rows], ["mass", "island"])


def a_damaged_model(project):
    data = bytearray((project / "production.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (project / "production.npz").write_bytes(bytes(data))


def a_gate_too_high(project):
    gates(project, '"accuracy<0.999", "nll>0.001"')


def a_gate_of_no_metric(project):
    gates(project, '"acuracy<0.8"')


def gates(project, checks):
    options = (project / "train.toml").read_text()
    (project / "train.toml").write_text(options.replace('"accuracy<0.8", "recall[gentoo]<0.8"', checks))


def an_option_misspelt(project):
    options = (project / "train.toml").read_text()
    (project / "train.toml").write_text(options.replace("[fit]\n", "[fit]\nepoch = 3\n"))


FAULTS = {
    "contradicting rows": (contradicting, None, 7, "data/new.csv:302: ", False),
    "another unit": (in_kilograms, None, 7, "mass", False),
    "an unseen level": (another_island, None, 7, "deception", False),
    "a cell too many": (a_cell_too_many, None, 3, "data/new.csv:42: ", False),
    "a damaged model": (a_damaged_model, None, 4, "production.npz", False),
    "a misspelt key": (an_option_misspelt, None, 2, 'train.toml: "epoch" is not an option of smtrain fit', False),
    "a wrong option": (None, ("--output candidate.npz", "--outptu candidate.npz"), 2, "--outptu", False),
    "a fit that does not converge": (
        None,
        ("--quiet", "--quiet --epochs 1 --require-convergence"),
        5,
        "required",
        False,
    ),
    "a model that is worse": (wrong_labels, None, 7, "worse", True),
    "a model that is not good enough": (a_gate_too_high, None, 7, "failed: nll>0.001", True),
    "a metric that there is not": (a_gate_of_no_metric, None, 2, 'train.toml: "fail-if": ', True),
    "a column that is missing": (no_length, None, 4, "length", True),
}


FAST = ("contradicting rows", "a cell too many")


@pytest.mark.parametrize("fault", [f if f in FAST else pytest.param(f, marks=pytest.mark.slow) for f in FAULTS])
def test_a_run_that_must_fail(fault, project):
    damage, change, code, message, fitted = FAULTS[fault]
    if damage is not None:
        damage(project)
    before = (project / "production.npz").read_bytes()
    done = pipeline(project, change)
    assert done.returncode == code, done.stdout + done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("smtrain: error: ")]
    assert len(errors) == 1, done.stderr
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "production.npz").read_bytes() == before
    assert (project / "predictions.csv").read_text() == "yesterday\n"
    left = {"candidate.npz"} if fitted else set()
    assert {path.name for path in project.iterdir()} == KEPT | left
    if fitted:
        smtrain("show", "candidate.npz", cwd=project)
