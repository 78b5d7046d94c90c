"""Seeds that leave the caller's generators alone."""

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
    "new_turn",
    "own_generator",
    "random_state",
    "set_random_state",
    "spawn_seeds",
]

#: What makes tensors of the default dtype if no other is given.
_FLOATING = (
    *(torch.empty, torch.zeros, torch.ones, torch.eye, torch.linspace, torch.logspace),
    *(torch.rand, torch.randn),
)

#: What makes tensors on the default device if no other is given.
_PLACED = (*_FLOATING, torch.arange, torch.full, torch.randint, torch.randperm, torch.tensor)

#: What draws from the default generator if no other is given.
_DRAWING = (
    *(torch.rand, torch.randn, torch.randint, torch.randperm),
    *(torch.bernoulli, torch.multinomial, torch.normal),
    *(torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.random_),
    *(torch.Tensor.bernoulli_, torch.Tensor.exponential_),
    *(init.uniform_, init.normal_, init.kaiming_uniform_),
)

# Fits on a GPU draw from the one generator that it has, and take turns.
_TURN = threading.RLock()


def new_turn() -> None:
    """Begin anew with nobody's turn, in a process that was forked while it was somebody's."""
    global _TURN
    _TURN = threading.RLock()


@contextmanager
def own_generator(seed: int, device: str = "cpu") -> Iterator[torch.Generator]:
    """Seed what our networks draw inside the block.

    On a CPU they draw from a generator of the block's own: torch's is neither read nor changed,
    and blocks of several threads do not wait for each other. On a CUDA GPU dropout draws from the
    GPU's generator: blocks take turns, and its state is put back afterwards.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    with ExitStack() as held:
        if torch.device(device).type == "cuda":
            held.enter_context(_TURN)
            held.enter_context(_seeded_gpu(seed, device))
        held.enter_context(drawing_from(generator))
        yield generator


@contextmanager
def isolated_seed(seed: int, device: str = "cpu") -> Iterator[None]:
    """Seed all that torch draws inside the block, on the CPU or by networks on `device`.

    What a block makes without saying otherwise is float32 and on the CPU, whatever torch's
    defaults are. Every call of a torch function takes longer by a microsecond: this is for
    building networks, :func:`own_generator` for training them.
    """
    with own_generator(seed, device) as generator, _OwnTensors(generator):
        yield


class _OwnTensors(TorchFunctionMode):
    """Tensors of a dtype, on a device and from a generator that the caller has no say in."""

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


def random_state(device: str) -> dict[str, torch.Tensor]:
    """Return the states of the generators that networks draw from, by kind of device."""
    generator = current_generator()
    states = {"cpu": torch.get_rng_state() if generator is None else generator.get_state()}
    kind = torch.device(device).type
    if kind == "cuda":
        states[kind] = torch.cuda.get_rng_state(device)
    elif kind == "mps":
        states[kind] = torch.mps.get_rng_state()
    return states


def set_random_state(states: dict[str, torch.Tensor], device: str) -> None:
    """Put the generators into the states that `random_state` returned for such a device."""
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
    """Return `n` independent seeds that follow from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
