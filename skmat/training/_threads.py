"""Number of threads of a training on the CPU."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["n_training_threads", "training_threads"]


def n_training_threads(batch_size: int, threads_from: int) -> int:
    """Return 1 for batches of fewer than `threads_from` materials, else torch's number.

    Threads that share little work mostly wait for each other, and on a busy machine for the other
    processes (``studies/speed_threads.py``). ``OMP_NUM_THREADS`` keeps its number.
    """
    if batch_size < threads_from and not os.environ.get("OMP_NUM_THREADS"):
        return 1
    return torch.get_num_threads()


@contextmanager
def training_threads(device: str, n_threads: int) -> Iterator[None]:
    """Run the block with `n_threads` threads if `device` is the CPU."""
    before = torch.get_num_threads()
    if device != "cpu" or n_threads == before:
        yield
        return
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
