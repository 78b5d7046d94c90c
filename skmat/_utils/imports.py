"""Imports in the middle of the work, which a fork waits for."""

import os
import threading
from contextlib import contextmanager

__all__ = ["importing"]

# If one thread forks while another imports a module, the child cannot import that module.
_LOCK = threading.RLock()


@contextmanager
def importing():
    """Import slow modules inside the block. No thread forks meanwhile."""
    with _LOCK:
        yield


def _before_fork():
    _LOCK.acquire()


def _after_fork_in_parent():
    _LOCK.release()


def _after_fork_in_child():
    global _LOCK
    _LOCK = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
