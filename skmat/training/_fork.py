"""Safe use of torch in forked processes."""

import importlib
import os
import threading

import torch

from skmat.training._random import reset_gpu_lock

__all__ = ["import_for_training"]

# If one thread forks while another imports a module, the child cannot import that module.
_IMPORTING = threading.RLock()


def import_for_training() -> None:
    """Import ``torch._dynamo``, which the first optimizer would import. This takes seconds."""
    with _IMPORTING:
        importlib.import_module("torch._dynamo")


def _before_fork():
    _IMPORTING.acquire()


def _after_fork_in_parent():
    _IMPORTING.release()


def _after_fork_in_child():
    global _IMPORTING
    _IMPORTING = threading.RLock()
    reset_gpu_lock()
    # A child has none of its parent's OpenMP threads, and would wait for them forever.
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
