"""Run the command line inside this process, and check what must hold whatever it is given.

`invoke` is the only way that the tests of this folder run a command in-process. It fails on: an exit code that is not
one of the public ones, a bug's exit code or traceback, control characters on standard error, a failure that is not one
`smtrain: error:` line and at most one `hint:` line, anything on standard output or any file left by a failure, files
that were not asked for, a model that cannot be loaded again, and numbers in JSON that are not finite.
"""

import contextlib
import gzip
import io
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from smtrain.cli.main import run

ALLOWED_CODES = {0, 2, 3, 4, 5, 6, 7}
SECONDS = 60
LONGEST_LINE = 500
# C0 but the line end, DEL, C1, and what turns the direction of text around.
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
DEFAULT_MODEL = "model.npz"

Files = dict[str, tuple[int, int, int]]


@dataclass(frozen=True)
class Outcome:
    """What a command did: its exit code and what it wrote."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def document(self):
        """Standard output as JSON, every number finite."""
        return finite_json(self.stdout.decode())

    @property
    def error(self) -> str:
        """The line that says what failed."""
        return next(line for line in self.stderr.split("\n") if line.startswith("smtrain: error: "))


def finite_json(text: str):
    """Parse JSON; NaN, Infinity and numbers that overflow fail."""

    def refuse(constant: str):
        raise AssertionError(f"{constant} in JSON")

    def number(digits: str) -> float:
        value = float(digits)
        assert value - value == 0, f"{digits} in JSON"
        return value

    return json.loads(text, parse_constant=refuse, parse_float=number)


def invoke(
    *arguments,
    folder: Path,
    stdin: bytes = b"",
    allowed: Collection[int] = ALLOWED_CODES,
    may_change: Collection[str] = (),
) -> Outcome:
    """Run a command in `folder` and check the invariants; a failure may change the files `may_change` all the same."""
    words = [os.fspath(argument) if isinstance(argument, os.PathLike) else str(argument) for argument in arguments]
    before = files(folder)
    with contextlib.chdir(folder), time_limit(), _streams(stdin) as (out, err):
        code = int(run(words))
    outcome = Outcome(code, out.getvalue(), err.getvalue().decode())
    check_invariants(words, outcome, allowed)
    check_files(words, outcome, folder, before, may_change)
    return outcome


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    out, err = io.BytesIO(), io.BytesIO()
    with tempfile.TemporaryFile() as given, contextlib.ExitStack() as stack:
        given.write(stdin)
        given.seek(0)
        old, sys.stdin = sys.stdin, given
        stack.callback(setattr, sys, "stdin", old)
        texts = [io.TextIOWrapper(b, "utf-8", errors="backslashreplace", write_through=True) for b in (out, err)]
        stack.enter_context(contextlib.redirect_stdout(texts[0]))
        stack.enter_context(contextlib.redirect_stderr(texts[1]))
        try:
            yield out, err
        finally:
            for text in texts:
                text.flush()
    for text in texts:
        text.detach()


@contextlib.contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Fail rather than hang."""

    def stop(signum, frame):
        raise AssertionError(f"still running after {seconds} seconds")

    old = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


def files(folder: Path) -> Files:
    """Every file below `folder`: name, and what changes when it is written to or replaced."""
    found = {}
    for path in folder.rglob("*"):
        if not path.is_dir():
            status = path.lstat()
            found[str(path.relative_to(folder))] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def check_invariants(words: Sequence[str], outcome: Outcome, allowed: Collection[int]) -> None:
    """What holds for every command, whatever the files are."""
    shown = f"{' '.join(words)!r:.500} gave {outcome.code}\n{outcome.stderr[-3000:]}"
    assert outcome.code in allowed, shown
    assert "Traceback" not in outcome.stderr, shown
    assert not UNSAFE.search(outcome.stderr), shown
    if outcome.code:
        check_failure(words, outcome, shown)
    elif "--json" in words:
        finite_json(outcome.stdout.decode())
    elif "jsonl" in words:
        for line in outcome.stdout.decode().split("\n")[:-1]:
            finite_json(line)


def check_failure(words: Sequence[str], outcome: Outcome, shown: str) -> None:
    """A failure is one line, and one more with a hint, at the end of standard error."""
    assert outcome.stderr.endswith("\n"), shown
    lines = outcome.stderr[:-1].split("\n")
    assert all(len(line.encode()) <= LONGEST_LINE for line in lines), shown
    at = [i for i, line in enumerate(lines) if line.startswith("smtrain: error: ")]
    assert len(at) == 1, shown
    rest = lines[at[0] + 1 :]
    assert len(rest) <= 1, shown
    assert all(line.startswith("hint: ") for line in rest), shown
    if outcome.code in {2, 3} and words[:1] != ["predict"]:
        assert at == [0], shown
    if words and words[0] in {"fit", "evaluate", "show"}:
        assert outcome.stdout == b"", shown


def check_files(
    words: Sequence[str], outcome: Outcome, folder: Path, before: Files, may_change: Collection[str] = ()
) -> None:
    """Nothing is written that was not asked for, nothing at all by a failure, and what is written can be read."""
    after = files(folder)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    changed -= {*_values(words, "--log"), *may_change}
    asked = (_values(words, "-o", "--output") or {DEFAULT_MODEL}) if words[:1] == ["fit"] else set()
    if outcome.code == 0:
        asked |= _values(words, "-o", "--output")
        places = {os.path.relpath(os.path.realpath(folder / name), os.path.realpath(folder)) for name in asked}
        assert changed <= places, f"files that were not asked for: {changed}"
    else:
        assert not changed, f"changed by a failure: {changed}"
    if words[:1] == ["fit"] and outcome.code == 0:
        from smtrain import load

        load(str(folder / next(iter(asked))))
    for name in _values(words, "--log"):
        path = folder / name
        if path.is_file():
            for line in path.read_text("utf-8").split("\n")[:-1]:
                finite_json(line)


def _values(words: Sequence[str], *options: str) -> set[str]:
    return {words[i + 1] for i, word in enumerate(words[:-1]) if word in options}


def csv_text(*lines: str, end: str = "\n") -> bytes:
    """Lines of text as a file."""
    return "".join(line + end for line in lines).encode()


def gzipped(data: bytes) -> bytes:
    """The same bytes at every run."""
    return gzip.compress(data, 1, mtime=0)
