"""What each worker process that is started on this machine does first; Dask loads it by its name."""

import signal
from typing import Any


def dask_setup(worker: Any) -> None:  # noqa: ARG001 - Dask's signature
    """Leave Ctrl-C, which a terminal sends to all of its processes, to the one that started the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
