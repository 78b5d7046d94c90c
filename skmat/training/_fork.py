"""What holds in a process that was forked."""

import importlib
import os
import threading

import torch

from skmat.training._random import new_turn

__all__ = ["import_for_training"]

# A module that one thread imports while another forks would never be imported in the child.
_IMPORTING = threading.RLock()


def import_for_training() -> None:
    """Import what torch's optimizers import when the first of them is made; it takes seconds."""
    with _IMPORTING:
        importlib.import_module("torch._dynamo")


def _before_fork():
    _IMPORTING.acquire()


def _after_fork_in_parent():
    _IMPORTING.release()


def _after_fork_in_child():
    global _IMPORTING
    _IMPORTING = threading.RLock()
    new_turn()
    # Threads do not live on in a child: it would wait for ever for those that OpenMP had begun.
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
