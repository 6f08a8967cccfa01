"""Where the rows are that a model is applied to: in this process, or on workers that read them."""

from dataclasses import replace
from typing import Any

from smtrain import partitions
from smtrain.model.model import Model
from smtrain.partitions import PATIENCE
from smtrain.partitions.interface import Home, Where
from smtrain.sources.arguments import Range, check_range, path_of, threads_of, whole

# How messages call what `cluster` must be.
CLUSTER = "the address or the file of a scheduler, or local:N"
WAIT = Range(1, 10**6)


def home_of(home: Home | None, threads: Any, cluster: Any, cluster_wait: Any = PATIENCE) -> Home:
    """The home that a caller gave, or else the one that other arguments ask for.

    Raises UsageError for arguments that are not what they must be, ClusterError for a cluster that is not there.
    """
    wait = check_range("cluster_wait", whole("cluster_wait", cluster_wait), WAIT)
    return home or partitions.home(Where(threads_of(threads), path_of("cluster", cluster, CLUSTER), wait))


def sent(model: Model) -> Model:
    """The model that workers get: without what only standard errors need, which may be larger than all the rest."""
    return replace(model, information=None)
