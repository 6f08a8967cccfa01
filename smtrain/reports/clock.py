"""Seconds since this process started, its own start-up included: what a user waits for."""

import os
import time
from pathlib import Path

_LOADED = time.monotonic()


def _age_when_loaded() -> float:
    """How old the process was when this module was loaded; 0 where the system does not tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


_AGE = _age_when_loaded()


def process_seconds() -> float:
    """Seconds since the start of the process."""
    return _AGE + time.monotonic() - _LOADED
