"""One way to run the command line in tests: fails on an exit code that was not expected."""

import os
import subprocess
import sys
from dataclasses import dataclass

SMTRAIN = [sys.executable, "-m", "smtrain"]


@dataclass
class Result:
    stdout: str
    stderr: str
    code: int


def clean_environment(**extra):
    kept = {
        k: v
        for k, v in os.environ.items()
        # PYTHONUNBUFFERED: streams without a buffer fail elsewhere, as some tests ask for.
        if not k.startswith(("SMTRAIN", "CI", "GITHUB", "GITLAB", "NO_COLOR", "FORCE", "PYTHONUNBUFFERED"))
    }
    return {**kept, "TERM": "dumb", **extra}


def smtrain(*arguments, code=0, stdin=None, cwd=None, env=None, timeout=120, text=True):
    done = subprocess.run(
        [*SMTRAIN, *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        cwd=cwd,
        env=clean_environment(**(env or {})),
        timeout=timeout,
        text=text,
        check=False,
    )
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return Result(done.stdout, done.stderr, done.returncode)
