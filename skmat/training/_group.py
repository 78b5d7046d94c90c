"""The group of processes that ``torchrun`` started."""

import atexit
import hashlib
import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from skmat._utils.torchrun import TORCHRUN_VARIABLES, is_started_by_torchrun
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.training._fork import import_for_training

__all__ = [
    "are_several_processes",
    "check_same_arrays",
    "in_touch",
    "is_first_process",
    "of_first_process",
    "own_gpu",
]

#: Variable with the number of the process that joined the group. Its children do not join.
_JOINED = "SKMAT_JOINED_BY"

_is_forked = False


def are_several_processes() -> bool:
    """Tell whether this process trains together with others. The first call joins them.

    Only the main thread of a process that torchrun started does. Other threads, and processes that
    it starts itself, such as workers of joblib, train alone.

    Raises
    ------
    SkmatError
        If the other processes cannot be reached.
    """
    if threading.current_thread() is not threading.main_thread() or not dist.is_available():
        return False
    if not dist.is_initialized():
        if not is_started_by_torchrun() or _is_child():
            return False
        _join()
    if _is_forked:
        return False
    os.environ[_JOINED] = str(os.getpid())
    return dist.get_world_size() > 1


def is_first_process() -> bool:
    """Tell whether this process writes and prints: the first one, or one that trains alone."""
    return not are_several_processes() or dist.get_rank() == 0


def of_first_process(value: Any) -> Any:
    """Return the value that the first process has, on all processes."""
    if not are_several_processes():
        return value
    box = [value]
    with in_touch():
        dist.broadcast_object_list(box, src=0)
    return box[0]


@contextmanager
def in_touch() -> Iterator[None]:
    """Report that another process is gone, which the block finds out.

    Raises
    ------
    SkmatError
        In the place of torch's RuntimeError.
    """
    try:
        yield
    except RuntimeError as error:
        raise SkmatError(
            f"Process {dist.get_rank()} of {dist.get_world_size()} has lost the others: one of"
            " them has ended, or the connection has. All processes must call the same fits in the"
            f" same order. ({error})"
        ) from error


def check_same_arrays(arrays: Iterable[np.ndarray | None], what: str) -> None:
    """Raise an error on all processes unless they have equal arrays.

    Parameters
    ----------
    arrays : iterable of ndarray or None
        The arrays. None is left out.
    what : str
        What they hold, for the error.

    Raises
    ------
    InvalidInputError
        If they differ.
    """
    if not are_several_processes():
        return
    parts = [np.ascontiguousarray(each).tobytes() for each in arrays if each is not None]
    hashes: list[Any] = [None] * dist.get_world_size()
    with in_touch():
        dist.all_gather_object(hashes, hashlib.sha256(b"".join(parts)).hexdigest())
    others = [rank for rank, each in enumerate(hashes) if each != hashes[0]]
    if others:
        raise InvalidInputError(
            f"Processes {others} have other {what} than process 0. Run the same script with the"
            " same data on all processes, and set random_state where rows are drawn. To train"
            " another network in each process, run `del os.environ['WORLD_SIZE']` before the first"
            " fit."
        )


def own_gpu() -> int | None:
    """Return the number of this process's GPU, None if torchrun did not start it.

    Raises
    ------
    InvalidInputError
        If this machine has fewer GPUs than processes.
    """
    local, n_gpus = os.environ.get("LOCAL_RANK"), torch.cuda.device_count()
    if local is None or not is_started_by_torchrun():
        return None
    if int(local) >= n_gpus:
        raise InvalidInputError(
            f"LOCAL_RANK is {local}, but this machine has {n_gpus} GPUs. Start at most one process"
            " per GPU, or use device='cpu'."
        )
    return int(local)


def _is_child():
    """Tell whether a process of the group, and not torchrun, started this one."""
    is_worker = _is_forked or multiprocessing.current_process().name != "MainProcess"
    return is_worker or os.environ.get(_JOINED, str(os.getpid())) != str(os.getpid())


def _join():
    # Modules of torch that are imported later hold the group as the default of arguments. It then
    # outlives `_leave`, and the process may abort when it ends.
    import_for_training()
    has_gpu = int(os.environ.get("LOCAL_RANK", "0")) < torch.cuda.device_count()
    if has_gpu:
        torch.cuda.set_device(own_gpu())
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if has_gpu else "gloo")
    except (RuntimeError, ValueError) as error:
        values = ", ".join(f"{name}={os.environ[name]}" for name in TORCHRUN_VARIABLES)
        raise SkmatError(
            f"The other processes cannot be reached with {values} ({error}). Start the script with"
            " torchrun, or delete WORLD_SIZE from the environment to train alone."
        ) from error
    atexit.register(_leave)


def _leave():
    if dist.is_initialized():
        dist.destroy_process_group()


def _after_fork_in_child():
    global _is_forked
    _is_forked = True


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
