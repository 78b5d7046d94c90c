"""Warnings of other packages, caught by one thread at a time."""

import os
import threading
import warnings
from contextlib import contextmanager

__all__ = ["caught_warnings"]

#: `warnings.catch_warnings` swaps the filters of the whole process and puts back what it found.
#: Two threads inside it at once leave the filters changed, and take each other's warnings.
_TURN = threading.RLock()


@contextmanager
def caught_warnings():
    """Yield the list in which every warning of the block is collected; none is shown.

    One thread at a time is inside such a block. The filters of the process are the same before
    and after it.
    """
    with _TURN, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


def _renew():
    """Free the lock in a child process: the thread that held it exists in the parent alone."""
    global _TURN
    _TURN = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
