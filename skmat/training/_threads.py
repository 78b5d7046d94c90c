"""Number of threads of a training on the CPU."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from joblib.parallel import get_active_backend

__all__ = ["n_training_threads", "training_threads"]


def n_training_threads(batch_size: int, threads_from: int) -> int:
    """Return 1 for batches of fewer than `threads_from` materials, else torch's number.

    Threads that share little work mostly wait for each other, and on a busy machine for the other
    processes (``studies/speed_threads.py``). Trainings that joblib runs in threads side by side
    have one each. ``OMP_NUM_THREADS`` keeps its number.
    """
    few = batch_size < threads_from or _runs_in_a_thread_of_joblib()
    return 1 if few and not os.environ.get("OMP_NUM_THREADS") else torch.get_num_threads()


def _runs_in_a_thread_of_joblib() -> bool:
    """Tell whether this is one of several threads. Processes of joblib have fewer cores each."""
    if threading.current_thread() is threading.main_thread():
        return False
    return bool(get_active_backend()[0].nesting_level)


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
