"""Seeds that leave the caller's generators alone."""

from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["isolated_seed", "spawn_seeds"]


@contextmanager
def isolated_seed(seed: int, device: str = "cpu"):
    """Seed torch inside the block and put its global state back afterwards."""
    on_gpu = torch.device(device).type == "cuda"
    devices = [torch.device(device).index or torch.cuda.current_device()] if on_gpu else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def spawn_seeds(seed: int, n: int) -> list[int]:
    """Return `n` independent seeds that follow from `seed`."""
    return [int(child.generate_state(1)[0]) for child in np.random.SeedSequence(seed).spawn(n)]
