"""Seeds that leave the caller's generators alone."""

import threading
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_seed", "random_state", "set_random_state", "spawn_seeds"]


# torch draws initial weights and dropout from one generator per process. Fits in several threads
# take turns, or each would draw from the middle of the others' sequences.
_TURN = threading.RLock()


@contextmanager
def isolated_seed(seed: int, device: str = "cpu"):
    """Seed torch inside the block, one thread at a time, and put its state back afterwards."""
    gpus = []
    if torch.device(device).type == "cuda":
        index = torch.device(device).index
        gpus = [torch.cuda.current_device() if index is None else index]
    with _TURN, torch.random.fork_rng(devices=gpus):
        # torch.manual_seed would seed every GPU of the machine, and fork_rng restores only these.
        torch.default_generator.manual_seed(seed)
        for index in gpus:
            torch.cuda.default_generators[index].manual_seed(seed)
        yield


def random_state(device: str) -> dict[str, torch.Tensor]:
    """Return the states of torch's own generators, which dropout draws from, by kind of device."""
    states = {"cpu": torch.get_rng_state()}
    kind = torch.device(device).type
    if kind == "cuda":
        states[kind] = torch.cuda.get_rng_state(device)
    elif kind == "mps":
        states[kind] = torch.mps.get_rng_state()
    return states


def set_random_state(states: dict[str, torch.Tensor], device: str) -> None:
    """Put the generators into the states that `random_state` returned for such a device."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent seeds that follow from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
