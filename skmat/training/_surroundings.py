"""What a caller has set in torch, and what of it computations of ours take no part in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from skmat.training._device import AUTOCASTING

__all__ = ["own_surroundings"]


@contextmanager
def own_surroundings() -> Iterator[None]:
    """Compute inside the block, or the function, as if the caller had set nothing in torch.

    Autocasting, ``no_grad``, ``inference_mode`` and the default device of the caller do not reach
    into the block. The default dtype does, because it is one for all threads: whatever is made
    inside says its dtype.
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
