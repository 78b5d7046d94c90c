"""Seeds that leave the caller's generators alone."""

from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_seed", "spawn_seeds"]


@contextmanager
def isolated_seed(seed: int, device: str = "cpu"):
    """Seed torch inside the block and put its global state back afterwards."""
    gpus = []
    if torch.device(device).type == "cuda":
        index = torch.device(device).index
        gpus = [torch.cuda.current_device() if index is None else index]
    with torch.random.fork_rng(devices=gpus):
        # torch.manual_seed would seed every GPU of the machine, and fork_rng restores only these.
        torch.default_generator.manual_seed(seed)
        for index in gpus:
            torch.cuda.default_generators[index].manual_seed(seed)
        yield


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent seeds that follow from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
