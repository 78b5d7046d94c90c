"""When a fit ends early: a time limit, or Ctrl-C."""

import signal
import sys
import threading
import time
from contextlib import contextmanager

from skorch.callbacks import Callback

__all__ = [
    "Deadline",
    "OutOfTimeError",
    "StopAtDeadline",
    "deferred_interrupt",
    "processes_without_interrupts",
]


class OutOfTimeError(Exception):
    """The time limit is reached, or will be before a candidate is done."""


class StopAtDeadline(Callback):
    """End the training of a network at a deadline.

    Parameters
    ----------
    deadline : Deadline
        All processes of a machine share its time. Ctrl-C reaches only the copy of its own process.
    """

    def __init__(self, deadline):
        self.deadline = deadline

    def on_batch_end(self, net, **kwargs):
        """Raise an error after the end."""
        if self.deadline.left() < 0:
            raise OutOfTimeError


class Deadline:
    """The end of a fit.

    Parameters
    ----------
    seconds : float or None
        Time limit in seconds, from now. None sets no limit.

    Attributes
    ----------
    reserved : float
        Seconds that are kept for what follows the candidates.
    """

    def __init__(self, seconds=None):
        self.start = time.monotonic()
        self.end = float("inf") if seconds is None else self.start + float(seconds)
        self.reserved = 0.0
        self.is_interrupted = False

    def left(self):
        """Return the seconds until the end that are not reserved, negative after it."""
        return -1.0 if self.is_interrupted else self.end - self.reserved - time.monotonic()


@contextmanager
def deferred_interrupt(deadline):
    """Let the first Ctrl-C end the fit with the candidates that are done, and the second at once.

    Outside of the main thread, and where a program has its own handler, nothing changes.
    """

    def handle(number, frame):
        if deadline.is_interrupted:
            raise KeyboardInterrupt
        deadline.is_interrupted = True
        text = "Stopping. The candidate in progress is left out. Press Ctrl-C again to stop now."
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


@contextmanager
def processes_without_interrupts():
    """Keep Ctrl-C from processes that start meanwhile: their parent ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
