"""The recipes of examples/: what they would run in a project is run in one; docs/recipes.md shows them as they are."""

import json
import os
from xml.etree import ElementTree

import pytest
import yaml

from tests.project import EXAMPLES, first_model, run, set_up

pytestmark = pytest.mark.bits


@pytest.fixture(scope="module")
def production(tmp_path_factory):
    return first_model(tmp_path_factory.mktemp("main"))


@pytest.fixture
def project(tmp_path, production):
    set_up(tmp_path, production)
    (tmp_path / "Makefile").write_bytes((EXAMPLES / "Makefile").read_bytes())
    return tmp_path


def run_job(project, scripts, **environment):
    """Run the scripts of a job but for the first, which installs."""
    install, *others = scripts
    assert install.startswith("pip install ")
    for script in others:
        done = run(project, "bash", "-e", "-o", "pipefail", "-c", script, **environment)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"


@pytest.mark.slow
def test_the_github_workflow(project):
    workflow = yaml.safe_load((EXAMPLES / "github-workflow.yml").read_text())
    steps = workflow["jobs"]["model"]["steps"]
    summary = project / "summary.md"
    scripts = [step["run"] for step in steps if "run" in step]
    run_job(project, scripts, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert "smtrain compare" in summary.read_text()
    for path in steps[-1]["with"]["path"].split():
        assert (project / path).exists()


@pytest.mark.slow
def test_the_gitlab_job(project):
    job = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text())["model"]
    run_job(project, job["script"], GITLAB_CI="true", **job["variables"])
    assert isinstance(json.loads((project / job["artifacts"]["reports"]["codequality"]).read_text()), list)
    assert all((project / path).exists() for path in job["artifacts"]["paths"])
    suite = ElementTree.parse(project / job["artifacts"]["reports"]["junit"])
    assert len(suite.findall(".//testcase")) == 2


def made(project, *arguments):
    """What make runs of smtrain, in order."""
    done = run(project, "make", *arguments)
    assert done.returncode == 0, done.stderr
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("smtrain ")]


def test_the_makefile_makes_each_thing_once(project):
    assert made(project) == ["doctor", "fit", "evaluate", "predict"]
    assert made(project) == []
    assert (project / "predictions.csv").read_text().startswith("island,prediction,p(adelie),p(chinstrap),p(gentoo)\n")
    assert json.loads((project / "evaluation.json").read_text())["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("data/unlabelled.csv", ["predict"]),
        ("data/test.csv", ["evaluate", "predict"]),
        ("data/main.csv", ["doctor", "fit", "evaluate", "predict"]),
        ("data/new.csv", ["doctor", "fit", "evaluate", "predict"]),
        ("train.toml", ["doctor", "fit", "evaluate", "predict"]),
    ],
)
def test_the_makefile_knows_what_depends_on_what(changed, expected, project):
    run(project, "make", "--touch")
    assert made(project, "--dry-run") == []
    newest = max(path.stat().st_mtime for path in project.rglob("*"))
    os.utime(project / changed, (newest + 2, newest + 2))
    assert made(project, "--dry-run") == expected


@pytest.mark.slow
def test_a_gate_of_the_makefile_that_fails_leaves_nothing_behind(project):
    strict = (project / "train.toml").read_text().replace("accuracy<0.8", "accuracy<0.999")
    (project / "train.toml").write_text(strict)
    done = run(project, "make")
    assert done.returncode != 0
    assert "smtrain: failed: accuracy" in done.stderr
    assert not {"evaluation.json", "predictions.csv"} & {path.name for path in project.iterdir()}


def test_the_page_shows_the_files():
    page = (EXAMPLES.parent / "docs" / "recipes.md").read_text()
    for path in EXAMPLES.iterdir():
        assert f"(../examples/{path.name})" in page
        assert f"\n{path.read_text()}```\n" in page, f"docs/recipes.md does not show {path.name} as it is"
