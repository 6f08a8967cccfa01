"""Faults of the data, shown at their line by the system that runs the job: GitHub Actions or GitLab."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from smtrain.cli.output import data_output
from smtrain.errors import SmtrainError, UsageError, quoted
from smtrain.reports import github
from smtrain.reports.annotations import Annotation
from smtrain.reports.console import errors
from smtrain.reports.text import message

# How often it is tried to lock the folder of the report, and the seconds between: 5 s in all. Another command holds the
# lock for milliseconds; whoever holds it for longer may be waiting for this one.
ATTEMPTS = 200
WAIT = 0.025


def begin() -> None:
    """In a job of GitLab that asks for a report, write an empty one, which tells no faults from no report."""
    path = _report()
    if path is not None and not os.path.lexists(path):
        _add(path, [])


def annotate(annotations: Sequence[Annotation]) -> None:
    """Show them: at once in GitHub, in the report of the job in GitLab. A report that cannot be is a warning."""
    github.annotate(annotations)
    path = _report()
    if path is not None and annotations and os.path.lexists(path):  # else `begin` has warned
        _add(path, annotations)


def _report() -> str | None:
    path = os.environ.get("SMTRAIN_CODE_QUALITY")
    return os.path.abspath(path) if path and os.environ.get("GITLAB_CI") == "true" else None  # noqa: PTH100 - of -


def _add(path: str, annotations: Sequence[Annotation]) -> None:
    """Add to the report, which is a whole one at all times."""
    from smtrain.reports import gitlab

    try:
        with _alone(path):
            content = gitlab.merged(_read(path), annotations)
            with data_output(path) as out:
                out.write(content)
    except SmtrainError as error:
        errors().write(message(f"smtrain: warning: no code quality report: {error.message}") + "\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is something else: {error}"
        errors().write(message(f"smtrain: warning: no code quality report: {quoted(path)}: {reason}") + "\n")


@contextlib.contextmanager
def _alone(path: str) -> Iterator[None]:
    """Keep other commands of the job from changing the report, where the system and the file system can.

    What is locked is the folder: a file for the lock would be left there.
    """
    if sys.platform == "win32":
        yield
        return
    folder = os.open(os.path.dirname(os.path.realpath(path)), os.O_RDONLY)  # noqa: PTH120
    try:
        _lock(folder)
        yield
    finally:
        os.close(folder)


def _lock(folder: int) -> None:
    """Lock an open folder; go on without the lock if others keep it for too long."""
    import time

    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl

    for _ in range(ATTEMPTS):
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(WAIT)
        except OSError:
            return None
    return None


def _read(path: str) -> bytes:
    if not os.path.lexists(path):
        return b""
    if not os.path.isfile(path):  # noqa: PTH113
        raise UsageError(f"{quoted(path)} is not a regular file")
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()
