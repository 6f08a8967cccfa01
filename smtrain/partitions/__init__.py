"""Homes of encoded rows during a fit: memory, disk.

To add a home: a module here with `open_home`, and its line in HOMES.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line loads no numpy before a command is called
    from smtrain.partitions.interface import Home, Options

# The first home whose condition holds for the options is taken.
HOMES: dict[str, "Callable[[Options], bool]"] = {
    "smtrain.partitions.disk": lambda options: options.memory is not None,
    "smtrain.partitions.memory": lambda options: options.memory is None,
}


def home(options: "Options") -> "Home":
    """Return the home that the options of a fit ask for. `with` opens it, the end of the block closes it."""
    name = next(name for name, wanted in HOMES.items() if wanted(options))
    opened: Home = import_module(name).open_home(options)
    return opened
