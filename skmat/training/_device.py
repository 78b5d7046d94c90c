"""Device and precision."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from skmat.exceptions import InvalidInputError
from skmat.training._group import own_gpu

__all__ = [
    "AUTOCASTING",
    "DEVICES",
    "PRECISIONS",
    "autocast",
    "resolve_device",
    "resolve_precision",
]

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bf16")

#: Kinds of device for which a caller may have switched autocast on.
AUTOCASTING = ("cpu", "cuda")

#: oneDNN computes in bf16 on CPUs. It caches code for up to 1,000 matrix shapes, of 1 MB or more
#: each. Batches of crystals rarely have the same shape twice, so that the cache would take
#: gigabytes in vain. Those of MTEncoder have a hundred shapes (see ``_n_added_tokens``).
_CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}


def resolve_device(device: str, *, else_cpu: bool = False) -> str:
    """Return the name of a device that this machine has.

    Parameters
    ----------
    device : str
        "auto" is a CUDA GPU if present, otherwise the CPU. "cpu", "cuda", "cuda:1" and "mps" are
        torch's names. If torchrun starts several processes, "auto" and "cuda" are the GPU of this
        process.
    else_cpu : bool, default=False
        Whether the CPU takes the place of a device that this machine does not have, and of a GPU
        in a process that was forked from one that uses CUDA.

    Raises
    ------
    InvalidInputError
        If torch does not know the device, or if this machine does not have it.
    """
    if else_cpu and _has_lost_gpu() and (device == "auto" or device.startswith("cuda")):
        return "cpu"
    is_auto = device == "auto"
    if is_auto:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and own_gpu() is not None:
        return f"cuda:{own_gpu()}"
    if is_auto:
        return device
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise InvalidInputError(
            f"device={device!r} is not a device of torch. Use one of {DEVICES}."
        ) from None
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": torch.mps.device_count()}
    if (torch.device(device).index or 0) >= counts.get(kind, 0):
        if else_cpu:
            return "cpu"
        raise InvalidInputError(
            f"device={device!r} is not available on this machine. Use device='auto' or 'cpu'."
        )
    return device


def resolve_precision(precision: str, device: str) -> str:
    """Return "bf16" or "float32".

    "auto" is bf16 only if the hardware computes in it: a GPU of compute capability 8.0 or higher,
    or a CPU with AVX512-BF16 or AMX. Other hardware emulates bf16, which is slower than float32.

    Raises
    ------
    InvalidInputError
        If `precision` is not in `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise InvalidInputError(f"Unknown precision {precision!r}. Choose one of {PRECISIONS}.")
    if precision != "auto":
        return precision
    kind = torch.device(device).type
    if kind == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "float32"
    if kind == "cpu" and _cpu_computes_in_bf16():
        return "bf16"
    return "float32"


@contextmanager
def autocast(device: str, precision: str) -> Iterator[None]:
    """Run forward passes inside the block at `precision`."""
    kind = torch.device(device).type
    if precision == "bf16" and kind == "cpu":
        # oneDNN reads these at its first product. Values set by the user stay.
        for name, capacity in _CACHES.items():
            os.environ.setdefault(name, capacity)
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16"):
        try:
            yield
        finally:
            # Inside a caller's autocast, torch would reuse cached weights of an earlier step.
            torch.clear_autocast_cache()


def _has_lost_gpu() -> bool:
    # torch has only a private function for this. Without it, such a process gets torch's error.
    return getattr(torch.cuda, "_is_in_bad_fork", lambda: False)()


def _cpu_computes_in_bf16() -> bool:
    # torch has only private functions for this. Without them, "auto" is float32.
    return any(
        getattr(torch.cpu, name, lambda: False)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
