"""Where a network runs and in which number format."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from skmat.exceptions import InvalidInputError

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

#: Kinds of device on which a caller may be autocasting.
AUTOCASTING = ("cpu", "cuda")

#: oneDNN, which computes in bf16 on CPUs, keeps code for each shape of a matrix that it meets, for
#: a thousand by default, of a megabyte or more each. Here no two batches have the same shape: that
#: would be gigabytes that are never read again.
_CACHES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64", "LRU_CACHE_CAPACITY": "64"}


def resolve_device(device: str) -> str:
    """Return the device that `device` names on this machine.

    Parameters
    ----------
    device : str
        "auto" takes a CUDA GPU if there is one, else the CPU; "cpu", "cuda", "cuda:1", "mps" as
        in torch.

    Raises
    ------
    InvalidInputError
        If torch does not know the device, or this machine does not have it.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError:
        raise InvalidInputError(
            f"device={device!r} is not a device of torch; use one of {DEVICES}."
        ) from None
    counts = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": torch.mps.device_count()}
    if (torch.device(device).index or 0) >= counts.get(kind, 0):
        raise InvalidInputError(
            f"device={device!r} is not available on this machine; use device='auto' or 'cpu'."
        )
    return device


def resolve_precision(precision: str, device: str) -> str:
    """Return "bf16" or "float32".

    "auto" takes bf16 only where the hardware computes in it: on a GPU that does, on a CPU with
    AVX512-BF16 or AMX. Elsewhere bf16 is emulated, and slower than float32.

    Raises
    ------
    InvalidInputError
        If `precision` is none of `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise InvalidInputError(f"precision={precision!r} is none of {PRECISIONS}.")
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
    """Run a forward pass in this number format."""
    kind = torch.device(device).type
    if precision == "bf16" and kind == "cpu":
        # oneDNN reads them when it multiplies the first matrix; what the user has set stays.
        for name, capacity in _CACHES.items():
            os.environ.setdefault(name, capacity)
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=precision == "bf16"):
        try:
            yield
        finally:
            # Inside a caller's own autocasting, torch would keep weights of before this step.
            torch.clear_autocast_cache()


def _cpu_computes_in_bf16() -> bool:
    # torch has no public name for this yet; a torch without the private one gets float32.
    return any(
        getattr(torch.cpu, name, lambda: False)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )
