"""pyarrow is loaded when a Parquet file is met, and not before. Light: imported before numpy is loaded.

Where it is installed pandas loads it at once, for sorts of columns that smtrain has none of: 60 MB that a CSV file does
not need, and that `--memory` would have to count.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from smtrain.errors import UsageError

NAME = "pyarrow"
MODULES = cast(dict[str, Any], sys.modules)


def withhold() -> None:
    """From now on have an import of pyarrow fail, as if it were not installed, until it is needed."""
    MODULES.setdefault(NAME, None)  # Python's own sign for a module that is not to be imported


@contextmanager
def needing(what: str) -> Iterator[None]:
    """Let pyarrow be imported in here, for `what` is said. Raises UsageError where it is not installed."""
    if MODULES.get(NAME) is None:
        MODULES.pop(NAME, None)
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != NAME:
            raise
        hint = "pip install 'smtrain[parquet]'"
        raise UsageError(f"{what} by pyarrow, which is not installed", hint=hint) from error
