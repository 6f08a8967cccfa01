"""Homes of encoded rows during a fit: memory, disk, a cluster.

To add a home: a module here with `open_home`, and its line in HOMES.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from smtrain.errors import UsageError

if TYPE_CHECKING:  # the command line loads no numpy before a command is called
    from smtrain.partitions.interface import Home, Options

# Seconds that a cluster may be without a worker: new ones may have to be got first.
PATIENCE = 60
# The first home whose condition holds for the options is taken.
HOMES: dict[str, "Callable[[Options], bool]"] = {
    "smtrain.partitions.cluster": lambda options: options.cluster is not None,
    "smtrain.partitions.disk": lambda options: options.memory is not None,
    "smtrain.partitions.memory": lambda options: options.memory is None,
}


def home(options: "Options") -> "Home":
    """Return the home that the options of a fit ask for. `with` opens it, the end of the block closes it.

    Raises UsageError for a cluster without the library that it takes, ClusterError for one that is not there.
    """
    name = next(name for name, wanted in HOMES.items() if wanted(options))
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in {"distributed", "dask"}:
            raise
        raise UsageError("--cluster needs Dask", hint="pip install 'smtrain[cluster]'") from error
    opened: Home = module.open_home(options)
    return opened
