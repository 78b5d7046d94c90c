"""Random numbers of networks, from a generator per training.

torch draws dropout from one generator per process, which all threads share. On a CPU, the
functions of this module draw from the generator that a training sets for its thread. A generator
in the same state gives the same numbers as torch's own functions.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["Dropout", "current_generator", "drawing_from", "randn_like", "with_own_dropout"]

_THREAD = threading.local()


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let networks of this thread on the device of `generator` draw from it."""
    before = getattr(_THREAD, "generator", None)
    _THREAD.generator = generator
    try:
        yield
    finally:
        _THREAD.generator = before


def current_generator(device="cpu") -> torch.Generator | None:
    """Return the generator set for this thread, or None (torch's own) for other devices."""
    generator = getattr(_THREAD, "generator", None)
    if generator is None or generator.device.type != torch.device(device).type:
        return None
    return generator


def randn_like(values: Tensor) -> Tensor:
    """Return normal variates with the shape and dtype of `values`."""
    generator = current_generator(values.device)
    return torch.empty_like(values).normal_(generator=generator)


class Dropout(nn.Dropout):
    """``torch.nn.Dropout`` that draws from the generator of the training."""

    def forward(self, values: Tensor) -> Tensor:
        """Return `values`. In training, set some to zero and scale up the others."""
        generator = current_generator(values.device)
        draws = self.training and 0 < self.p < 1 and values.numel() > 0
        if generator is None or not draws:
            return super().forward(values)
        kept = torch.empty_like(values).bernoulli_(1 - self.p, generator=generator)
        return values * kept.div_(1 - self.p)


def with_own_dropout(module: nn.Module) -> nn.Module:
    """Turn every ``torch.nn.Dropout`` in `module` into :class:`Dropout`, and return `module`."""
    for part in module.modules():
        if type(part) is nn.Dropout:
            part.__class__ = Dropout
    return module
