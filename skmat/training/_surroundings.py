"""Isolation from torch settings of the caller."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from skmat.training._device import AUTOCASTING

__all__ = ["own_surroundings"]


@contextmanager
def own_surroundings() -> Iterator[None]:
    """Run the block, or the decorated function, without the caller's torch settings.

    The caller's autocast, ``no_grad``, ``inference_mode`` and default device do not apply inside.
    The default dtype does, because all threads share it. Code inside must therefore give a dtype
    to each new tensor.
    """
    with ExitStack() as held:
        if torch.get_default_device().type != "cpu":
            held.enter_context(torch.device("cpu"))
        for kind in AUTOCASTING:
            if torch.is_autocast_enabled(kind):
                held.enter_context(torch.autocast(kind, enabled=False))
        held.enter_context(torch.inference_mode(False))
        held.enter_context(torch.set_grad_enabled(True))
        yield
