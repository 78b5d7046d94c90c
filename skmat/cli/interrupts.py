"""Ctrl-C on the command line: one message, and the usual exit status."""

import os
import signal
import sys
import threading
from contextlib import contextmanager

__all__ = [
    "INTERRUPTED",
    "PARTS_ARE_KEPT",
    "interrupts_left_to",
    "interrupts_said",
    "say_interrupted",
]

#: Exit status after Ctrl-C, as in shells: 128 plus the number of the signal.
INTERRUPTED = 130

PARTS_ARE_KEPT = "finished parts are kept, run the same command to resume"

#: What a command leaves behind. Commands not listed leave nothing, unless ``arguments.left`` says
#: what they have written.
_LEFT = {
    "benchmark": "finished folds are kept, run the same command to resume",
    "demo": "the folder may hold a part of the files",
    "pretrain": "finished epochs are kept, run the same command to resume",
    "screen": PARTS_ARE_KEPT,
}


def say_interrupted(arguments) -> None:
    """Print one line to standard error: what the command left behind."""
    command = arguments.command
    left = getattr(arguments, "left", None) or _LEFT.get(command, "nothing was written")
    print(f"skmat {command}: interrupted: {left}.", file=sys.stderr, flush=True)


@contextmanager
def interrupts_said(arguments):
    """End the process at once if Ctrl-C arrives during an import.

    Half-imported modules turn KeyboardInterrupt into confusing errors. At other times Ctrl-C
    raises KeyboardInterrupt as usual.
    """

    def handle(number, frame):
        if not _is_importing(frame):
            raise KeyboardInterrupt
        say_interrupted(arguments)
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    # Only the main thread can set handlers. Leave a handler of the caller in place.
    is_ours = threading.current_thread() is threading.main_thread()
    is_ours = is_ours and before is signal.default_int_handler
    if is_ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, before)


@contextmanager
def interrupts_left_to(model):
    """Let an average of models end its fit in order after Ctrl-C, and keep what it has fitted.

    Its ``fit`` sets a handler of its own, but only in the place of Python's.
    """
    before = signal.getsignal(signal.SIGINT)
    is_ours = getattr(before, "__qualname__", "").startswith(interrupts_said.__qualname__)
    if not is_ours or not hasattr(model, "candidates"):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_importing(frame) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False
