"""Safe use of torch in forked processes."""

import importlib
import os

import torch

from skmat._utils.imports import importing
from skmat.training._random import reset_gpu_lock

__all__ = ["import_for_training"]


def import_for_training() -> None:
    """Import ``torch._dynamo``, which the first optimizer would import. This takes seconds."""
    with importing():
        importlib.import_module("torch._dynamo")


def _after_fork_in_child():
    reset_gpu_lock()
    # A child has none of its parent's OpenMP threads, and would wait for them forever.
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
