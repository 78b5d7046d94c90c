"""Seeds that leave the caller's generators alone."""

import threading
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_seed", "spawn_seeds"]


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


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent seeds that follow from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
