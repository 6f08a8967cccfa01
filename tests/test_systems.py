"""Other systems, as far as they can be imitated here, and the workflow that runs the tests there."""

import re
import subprocess
import sys
import tomllib

import yaml

from tests.cli import clean_environment
from tests.test_docs import ROOT

# What Windows lacks of what there is here. Libraries are loaded before: those that are installed here ask, too.
# `make types` looks for every such name, as on Windows and on macOS, that is used where the system was not asked.
WITHOUT = """
import os, signal, sys, time
import click, numpy, orjson, pandas, rich.console, concurrent.futures.process, multiprocessing.util, tempfile
for module, names in (
    (os, "fchmod fchown O_TMPFILE O_CLOEXEC sched_getaffinity sysconf pwrite preadv getuid geteuid statvfs fork"),
    (signal, "SIGHUP SIGPIPE pthread_sigmask SIG_BLOCK SIG_SETMASK"),
    (time, "clock_gettime CLOCK_BOOTTIME"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
sys.modules.update(dict.fromkeys(["fcntl", "resource", "termios", "pwd", "grp"]))
sys.platform = "win32"
"""
RUN = """
import smtrain
from smtrain.partitions.storage import _File
try:
    _File()
except smtrain.UsageError as error:
    assert "cannot keep them in a file" in error.message
else:
    raise AssertionError
from smtrain.cli.main import STOPPED, _prepare, run
assert len(STOPPED) == 2
_prepare()
for line in sys.argv[1:]:
    assert run(line.split()) == 0, line
"""
LINES = [
    "--help",
    "fit data.csv -q --threads 2",
    "fit data.csv -q --log log.jsonl",
    "predict data.csv -o out.csv",
    "show",
]


def test_a_system_that_lacks_what_windows_lacks(tmp_path):
    rows = "".join(f"{i},{'ab'[i % 2]},{'pq'[i % 3 > 0]}\n" for i in range(30))
    (tmp_path / "data.csv").write_text(f"x,word,y\n{rows}")
    (tmp_path / "report.json").write_text("")
    env = clean_environment(GITLAB_CI="true", SMTRAIN_CODE_QUALITY="report.json")
    command = [sys.executable, "-c", WITHOUT + RUN, *LINES]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 31
    assert "warning" not in done.stderr


def test_the_workflow_runs_what_there_is_on_every_system():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text())
    jobs = workflow["jobs"]
    text = str(jobs)
    assert set(re.findall(r"(\w+)-latest", text)) == {"ubuntu", "macos", "windows"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = [name.rpartition(" ")[2] for name in project["classifiers"] if re.search(r"Python :: 3\.", name)]
    for name in ("pythons", "windows"):
        assert jobs[name]["strategy"]["matrix"]["python"] == pythons
    assert pythons[0] == project["requires-python"].removeprefix(">=")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for step in (step for job in jobs.values() for step in job["steps"]):
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "actions/checkout@v5"))
        assert set(re.findall(r"make ([a-z-]+)", step.get("run", ""))) <= set(targets)
        assert all((ROOT / path).exists() for path in re.findall(r"(?:tests|sample_data)/[\w./]+", step.get("run", "")))
