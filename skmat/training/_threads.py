"""Number of threads of a training on the CPU."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["n_threads_that_pay", "training_threads"]

#: Materials per batch below which one thread is as fast as two, or faster, with all networks
#: (``studies/speed_threads.py``). Threads that share a small batch mostly wait for each other.
_LEAST_BATCH = 256


def n_threads_that_pay(batch_size: int) -> int:
    """Return 1 for small batches, else torch's number, which ``OMP_NUM_THREADS`` keeps."""
    if batch_size < _LEAST_BATCH and not os.environ.get("OMP_NUM_THREADS"):
        return 1
    return torch.get_num_threads()


@contextmanager
def training_threads(device: str, batch_size: int) -> Iterator[None]:
    """Run the block with `n_threads_that_pay` threads if `device` is the CPU."""
    before = torch.get_num_threads()
    during = n_threads_that_pay(batch_size) if device == "cpu" else before
    if during == before:
        yield
        return
    torch.set_num_threads(during)
    try:
        yield
    finally:
        torch.set_num_threads(before)
