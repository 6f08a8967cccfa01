"""Seconds since this process started, its own start-up included: what a user waits for."""

import os
import sys
import time
from pathlib import Path

_LOADED = time.monotonic()


def _age_when_loaded() -> float:
    """How old the process was when this module was loaded; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0.0
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return 0.0


_AGE = _age_when_loaded()


def process_seconds() -> float:
    """Seconds since the start of the process."""
    return _AGE + time.monotonic() - _LOADED
