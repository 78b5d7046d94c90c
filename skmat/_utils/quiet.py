"""Catch warnings of other packages, one thread at a time."""

import os
import threading
import warnings
from contextlib import contextmanager

__all__ = ["caught_warnings"]

#: `warnings.catch_warnings` replaces the filters of the whole process. Two threads inside it at
#: once would leave the filters changed, and catch each other's warnings.
_TURN = threading.RLock()


@contextmanager
def caught_warnings():
    """Yield a list that collects all warnings of the block. None of them is shown.

    Only one thread at a time enters such a block. The filters of the process are restored.
    """
    with _TURN, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        yield said


def _renew():
    """Free the lock in a child process: the thread that held it exists only in the parent."""
    global _TURN
    _TURN = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
