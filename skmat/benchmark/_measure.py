"""Time and memory of a block of code."""

import sys
import time
from contextlib import suppress
from pathlib import Path
from types import ModuleType

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows
    resource = None

__all__ = ["Stopwatch", "peak_memory_mb", "reset_peak_memory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class Stopwatch:
    """Seconds since the start or the last lap."""

    def __init__(self):
        self._start = time.perf_counter()

    def lap(self):
        """Return the seconds since the last lap and start the next lap."""
        now = time.perf_counter()
        seconds, self._start = now - self._start, now
        return seconds


def reset_peak_memory():
    """Reset the peak that `peak_memory_mb` reports. This works on Linux only."""
    with suppress(OSError):
        _CLEAR.write_text("5")


def peak_memory_mb():
    """Return the largest resident memory of this process in 1e6 bytes.

    On Linux it counts from the last `reset_peak_memory`. On other systems it counts from the start
    of the process. On Windows it is NaN.
    """
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    if resource is None:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
