"""Ctrl-C on the command line: one line, and the exit status that shells know."""

import os
import signal
import sys
import threading
from contextlib import contextmanager

__all__ = ["INTERRUPTED", "interrupts_said", "say_interrupted"]

#: Exit status of a process that Ctrl-C ended, as shells have it: 128 and the number of the signal.
INTERRUPTED = 130

#: What is left of a command; of those that are not here, nothing.
_LEFT = {
    "benchmark": "finished folds are kept; run the same command to resume",
    "demo": "the folder may hold a part of the files",
    "pretrain": "finished epochs are kept; run the same command to resume",
}


def say_interrupted(command: str) -> None:
    """Print the line."""
    left = _LEFT.get(command, "nothing was written")
    print(f"skmat {command}: interrupted; {left}.", file=sys.stderr, flush=True)


@contextmanager
def interrupts_said(command: str):
    """End the process at once where Ctrl-C comes while a module is imported.

    Modules that are half imported turn KeyboardInterrupt into other errors, and their tracebacks
    tell nobody anything. Elsewhere it is raised as ever.
    """

    def handle(number, frame):
        if not _is_importing(frame):
            raise KeyboardInterrupt
        say_interrupted(command)
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    # The main thread alone gets signals; and who has another handler has other plans.
    is_ours = threading.current_thread() is threading.main_thread()
    is_ours = is_ours and before is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, before)


def _is_importing(frame) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False
