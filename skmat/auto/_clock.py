"""When a fit ends early: a time limit, or Ctrl-C."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

__all__ = ["Deadline", "deferred_interrupt"]


class Deadline:
    """The end of a fit.

    Parameters
    ----------
    seconds : float or None
        Seconds from now. None is no limit.
    """

    def __init__(self, seconds=None):
        self.start = time.perf_counter()
        self.limit = float("inf") if seconds is None else float(seconds)
        self.is_interrupted = False

    def elapsed(self):
        """Return the seconds since the start."""
        return time.perf_counter() - self.start

    def left(self):
        """Return the seconds until the end, negative after it."""
        return -1.0 if self.is_interrupted else self.limit - self.elapsed()


@contextmanager
def deferred_interrupt(deadline):
    """Let the first Ctrl-C end the fit after the current candidate, and the second one at once.

    Outside of the main thread, and where a program has its own handler, nothing changes.
    """

    def handle(number, frame):
        if deadline.is_interrupted:
            raise KeyboardInterrupt
        deadline.is_interrupted = True
        text = "Stopping after this candidate. Press Ctrl-C again to stop now."
        print(text, file=sys.stderr, flush=True)

    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    is_ours = is_main and before is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, before)
