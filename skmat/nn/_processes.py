"""Sums over the processes that train one network together.

Each process computes on its share of a batch. What depends on the whole batch, such as the
statistics of a BatchNorm, goes through the functions of this module. The gradient of the whole
loss is the sum of the gradients of all processes. Without other processes, they do nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "Processes",
    "current_processes",
    "gather_rows",
    "sharing_batches",
    "total",
]

_THREAD = threading.local()


class Processes(Protocol):
    """The processes of a training; see ``skmat/training/_processes.py``.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    size : int
        Number of processes, at least 2.
    """

    rank: int
    size: int

    def add_up(self, values: Tensor) -> Tensor:
        """Replace `values` by their sum over all processes, in place, and return them."""


@contextmanager
def sharing_batches(processes: Processes) -> Iterator[None]:
    """Let networks of this thread train on shares of batches."""
    _THREAD.processes = processes
    try:
        yield
    finally:
        _THREAD.processes = None


def current_processes() -> Processes | None:
    """Return the processes that share the batches of this thread, None for this one alone."""
    return getattr(_THREAD, "processes", None)


def total(values: Tensor) -> Tensor:
    """Return the sum of `values` over all processes. All of them must call it."""
    processes = current_processes()
    return values if processes is None else _Total.apply(values, processes)


def gather_rows(values: Tensor) -> Tensor:
    """Return the rows of all processes, in their order. All of them must call it.

    Parameters
    ----------
    values : Tensor of shape (n_rows, width)
        The rows of this process.

    Returns
    -------
    Tensor of shape (n_rows of all processes, width)
    """
    processes = current_processes()
    if processes is None:
        return values
    counts = values.new_zeros(processes.size, dtype=torch.float32)
    counts[processes.rank] = len(values)
    numbers = [int(each) for each in processes.add_up(counts).tolist()]
    before, after = sum(numbers[: processes.rank]), sum(numbers[processes.rank + 1 :])
    return total(F.pad(values, (0, 0, before, after)))


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, processes):
        ctx.processes = processes
        return processes.add_up(values.detach().clone())

    @staticmethod
    def backward(ctx, gradient):
        return ctx.processes.add_up(gradient.contiguous().clone()), None
