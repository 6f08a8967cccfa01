"""Where the rows are that a model is applied to: in this process, or on workers that read them."""

from typing import Any

from smtrain import partitions
from smtrain.partitions.interface import Home, Where
from smtrain.sources.arguments import path_of, threads_of

CLUSTER = "the address or the file of a scheduler, or local:N"


def home_of(home: Home | None, threads: Any, cluster: Any) -> Home:
    """The home that a caller gave, or else the one that other arguments ask for.

    Raises UsageError for arguments that are not what they must be, ClusterError for a cluster that is not there.
    """
    return home or partitions.home(Where(threads_of(threads), path_of("cluster", cluster, CLUSTER)))
