"""What is given to others: sdist and wheel, with the same bytes wherever they are built, and the wheel installed."""

import contextlib
import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import click
import pytest

import smtrain
from smtrain.cli.main import COMMANDS, cli
from tests.cli import clean_environment
from tests.test_docs import BLOCK, README, ROOT, Runner, check_session

SDIST = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]


def built(folder, umask, *what):
    """The sdist, and the wheel that is made from it, or `what` alone, built in a copy of the sources."""
    for name in [*SDIST, "pyproject.toml", "hatch_build.py"]:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "build", "--no-isolation", *what]
    env = clean_environment(SOURCE_DATE_EPOCH="1700000000")
    subprocess.run(command, cwd=folder, env=env, umask=umask, check=True, capture_output=True)
    return sorted((folder / "dist").iterdir())


@pytest.fixture(scope="module")
def two_builds(tmp_path_factory):
    return [built(tmp_path_factory.mktemp(name), umask) for name, umask in (("a", 0o022), ("other", 0o077))]


@pytest.fixture(scope="module")
def wheel(two_builds):
    return two_builds[0][0]


@pytest.mark.slow
def test_the_same_bytes_in_two_folders_under_two_umasks(two_builds):
    wheels = [[(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths] for paths in two_builds]
    assert [Path(name).suffix for name, _ in wheels[0]] == [".whl", ".gz"]
    assert wheels[0] == wheels[1]


@pytest.mark.slow
def test_the_wheel_of_the_sdist_is_that_of_the_sources(wheel, tmp_path):
    (direct,) = built(tmp_path, 0o002, "--wheel")
    assert (direct.name, direct.read_bytes()) == (wheel.name, wheel.read_bytes())


@pytest.mark.slow
def test_the_wheel_has_its_types_pages_and_completions(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path)
    assert (tmp_path / "smtrain" / "py.typed").exists()
    share = tmp_path / f"smtrain-{smtrain.__version__}.data" / "data" / "share"
    pages = sorted((share / "man" / "man1").iterdir())
    assert [page.name for page in pages] == sorted(["smtrain.1", *(f"smtrain-{name}.1" for name in COMMANDS)])
    if shutil.which("groff"):
        command = ["groff", "-k", "-Tutf8", "-man", "-ww", "-z", *pages]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
    assert "complete" in (share / "bash-completion" / "completions" / "smtrain").read_text()


def by_pip(wheel, home):
    """Install into a new environment; return where it is, and the folder of the program."""
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", wheel], check=True)
    return home, home / "bin"


def by_pipx(wheel, home):
    names = ("PIPX_HOME", "PIPX_BIN_DIR", "PIPX_MAN_DIR", "PIPX_COMPLETION_DIR")
    env = clean_environment(**{name: str(home / name) for name in names})
    command = [sys.executable, "-m", "pipx", "install", "--python", sys.executable, wheel]
    subprocess.run(command, env=env, check=True, capture_output=True)
    assert (home / "PIPX_MAN_DIR" / "man1" / "smtrain-fit.1").exists()  # where `man` is told to look
    return home / "PIPX_HOME" / "venvs" / "smtrain", home / "PIPX_BIN_DIR"


def by_uv(wheel, home):
    env = clean_environment(UV_TOOL_DIR=str(home / "tools"), UV_TOOL_BIN_DIR=str(home / "bin"))
    command = [sys.executable, "-m", "uv", "tool", "install", "-q", "--python", sys.executable, wheel]
    subprocess.run(command, env=env, check=True, capture_output=True)
    return home / "tools" / "smtrain", home / "bin"


@pytest.mark.slow
@pytest.mark.parametrize("install", [by_pip, by_pipx, by_uv])
def test_the_wheel_runs_the_five_minutes_in_an_empty_environment(install, wheel, tmp_path):
    name = install.__name__.removeprefix("by_")
    pytest.importorskip(name, reason=f"{name} is not installed")
    home, programs = install(wheel, tmp_path / "home")
    told = json.loads(
        subprocess.run([programs / "smtrain", "--version", "--json"], check=True, capture_output=True).stdout
    )
    assert told["smtrain"] == smtrain.__version__
    assert told["libraries"]["pyarrow"] is None  # what is optional is not there
    assert (home / "share" / "man" / "man1" / "smtrain-fit.1").exists()
    assert [place for place in hook().COMPLETIONS.values() if not (home / place).exists()] == []
    if install is not by_pip:  # it is the same program: the minutes are taken once
        return
    (tmp_path / "here").mkdir()
    section = README.read_text().split("\n## Five minutes\n")[1].split("\n## ")[0]
    with contextlib.closing(Runner(tmp_path / "here", in_a_shell=True)) as runner:
        shutil.copy(programs / "smtrain", tmp_path / "here" / ".bin" / "smtrain")
        for _, session, _ in BLOCK.findall(section):
            check_session(runner, session, "the wheel")


def test_the_manual_has_every_option_of_every_command():
    pages = hook().man_pages("1.0")
    assert set(pages) == {f"share/man/man1/{name}.1" for name in ["smtrain", *(f"smtrain-{one}" for one in COMMANDS)]}
    for name in COMMANDS:
        page = pages[f"share/man/man1/smtrain-{name}.1"].replace("\\-", "-")
        options = [p.opts[-1] for p in cli.get_command(click.Context(cli), name).params if isinstance(p, click.Option)]
        assert [option for option in options if option not in page] == []
        assert "\b" not in page
    assert re.search(r"NAME\nsmtrain \\- Train.*\n", pages["share/man/man1/smtrain.1"])


def hook():
    """The module that builds: it is no part of the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
