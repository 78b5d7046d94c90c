"""Seeds that do not touch the caller's random generators."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

from skmat.nn import current_generator, drawing_from

__all__ = [
    "isolated_seed",
    "own_generator",
    "random_state",
    "reseed",
    "reset_gpu_lock",
    "set_random_state",
    "spawn_seeds",
]

#: Functions that use torch's default dtype.
_FLOATING = (
    *(torch.empty, torch.zeros, torch.ones, torch.eye, torch.linspace, torch.logspace),
    *(torch.rand, torch.randn),
)

#: Functions that use torch's default device.
_PLACED = (*_FLOATING, torch.arange, torch.full, torch.randint, torch.randperm, torch.tensor)

#: Functions that use torch's default generator.
_DRAWING = (
    *(torch.rand, torch.randn, torch.randint, torch.randperm),
    *(torch.bernoulli, torch.multinomial, torch.normal),
    *(torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.random_),
    *(torch.Tensor.bernoulli_, torch.Tensor.exponential_),
    *(init.uniform_, init.normal_, init.kaiming_uniform_),
)

# A GPU has one generator. Fits in several threads take turns.
_GPU_LOCK = threading.RLock()


def reset_gpu_lock() -> None:
    """Replace the lock in a forked process, whose parent may have held it."""
    global _GPU_LOCK
    _GPU_LOCK = threading.RLock()


@contextmanager
def own_generator(seed: int, device: str = "cpu") -> Iterator[torch.Generator]:
    """Seed the random numbers of skmat's networks inside the block.

    On a CPU, networks use a new generator. That of torch is not used, and threads run in parallel.
    On a CUDA GPU, dropout uses the GPU's generator. Threads take turns, and the block restores the
    generator's state at its end.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    with ExitStack() as held:
        if torch.device(device).type == "cuda":
            held.enter_context(_GPU_LOCK)
            held.enter_context(_seeded_gpu(seed, device))
        held.enter_context(drawing_from(generator))
        yield generator


@contextmanager
def isolated_seed(seed: int, device: str = "cpu") -> Iterator[None]:
    """Seed all random numbers of torch inside the block, on the CPU and of networks on `device`.

    Tensors are float32 and on the CPU unless the code says otherwise, whatever torch's defaults
    are. Use it to build networks. Each torch call takes 1 µs longer, so use :func:`own_generator`
    for training.
    """
    with own_generator(seed, device) as generator, _OwnTensors(generator):
        yield


class _OwnTensors(TorchFunctionMode):
    """Replace torch's default dtype, device and generator."""

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.generator = generator

    def __torch_function__(self, func, types, args=(), kwargs=None):
        given = dict(kwargs or {})
        if func in _FLOATING and given.get("dtype") is None:
            given["dtype"] = torch.float32
        if func in _PLACED and given.get("device") is None:
            given["device"] = "cpu"
        if func in _DRAWING and given.get("generator") is None:
            given["generator"] = self.generator
        return func(*args, **given)


@contextmanager
def _seeded_gpu(seed, device):
    index = torch.device(device).index
    index = torch.cuda.current_device() if index is None else index
    before = torch.cuda.get_rng_state(index)
    # torch.manual_seed would seed every GPU of the machine.
    torch.cuda.default_generators[index].manual_seed(seed)
    try:
        yield
    finally:
        torch.cuda.set_rng_state(before, index)


def reseed(seed: int, device: str) -> None:
    """Seed the generators that networks on `device` use in this thread."""
    generator = current_generator()
    if generator is not None:
        generator.manual_seed(seed)
    if torch.device(device).type == "cuda":
        index = torch.device(device).index
        index = torch.cuda.current_device() if index is None else index
        torch.cuda.default_generators[index].manual_seed(seed)


def random_state(device: str) -> dict[str, torch.Tensor]:
    """Return the states of the generators that networks use, by kind of device."""
    generator = current_generator()
    states = {"cpu": torch.get_rng_state() if generator is None else generator.get_state()}
    kind = torch.device(device).type
    if kind == "cuda":
        states[kind] = torch.cuda.get_rng_state(device)
    elif kind == "mps":
        states[kind] = torch.mps.get_rng_state()
    return states


def set_random_state(states: dict[str, torch.Tensor], device: str) -> None:
    """Restore the states that `random_state` returned for the same kind of device."""
    generator = current_generator()
    if generator is None:
        torch.set_rng_state(states["cpu"])
    else:
        generator.set_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent seeds derived from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
