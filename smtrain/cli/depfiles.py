"""What an output was made from, as make and ninja read it: `fit --depfile`."""

import os
import re
from collections.abc import Sequence

from smtrain.cli.output import data_output
from smtrain.errors import UsageError, quoted

# Before these a backslash; a dollar is doubled. Backslashes themselves are doubled only where one of these follows.
SPECIAL = re.compile(r"(\\*)([ \t#:])")
# What GNU make 4.3 or ninja 1.11 reads as something else, however it is written.
UNREADABLE = re.compile(r"""[\n\r%|*?\[\]'"<>;&]""")


def rules(target: str, sources: Sequence[str]) -> str:
    """The rule of a target and, as `gcc -MP` writes it, one without a recipe for each source: one may be removed.

    Raises UsageError for a path that no such file can hold.
    """
    names = [escaped(source) for source in dict.fromkeys(sources)]
    lines = [" ".join([f"{escaped(target)}:", *names]), *(f"{name}:" for name in names)]
    return "".join(f"{line}\n" for line in lines)


def write(path: str | None, text: str) -> None:
    """Write rules to a file; nothing if there is no path."""
    if path is not None:
        with data_output(path) as out:
            out.write(os.fsencode(text))


def escaped(path: str) -> str:
    """A path as make and ninja read it."""
    if UNREADABLE.search(path):
        raise UsageError(f"--depfile: make and ninja cannot read the path {quoted(path)}", hint="another name")
    return SPECIAL.sub(lambda found: f"{found[1] * 2}\\{found[2]}", path.replace("$", "$$"))
