"""What networks draw: noise from a generator of the training's own.

torch draws dropout from one generator per process, which other threads draw from too. On a CPU,
what is here draws from the generator that a training has set for its thread. Numbers are those
that torch's own functions draw from a generator in the same state.
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
    """Let networks of this thread draw from `generator`, where they are on its device."""
    before = getattr(_THREAD, "generator", None)
    _THREAD.generator = generator
    try:
        yield
    finally:
        _THREAD.generator = before


def current_generator(device="cpu") -> torch.Generator | None:
    """Return the generator that was set for this thread; None, torch's own, for other devices."""
    generator = getattr(_THREAD, "generator", None)
    if generator is None or generator.device.type != torch.device(device).type:
        return None
    return generator


def randn_like(values: Tensor) -> Tensor:
    """Return normal variates of the shape and the dtype of `values`."""
    generator = current_generator(values.device)
    return torch.empty_like(values).normal_(generator=generator)


class Dropout(nn.Dropout):
    """``torch.nn.Dropout`` that draws from the generator of the training."""

    def forward(self, values: Tensor) -> Tensor:
        """Return `values`, in training some of them zero and the others larger."""
        generator = current_generator(values.device)
        draws = self.training and 0 < self.p < 1 and values.numel() > 0
        if generator is None or not draws:
            return super().forward(values)
        kept = torch.empty_like(values).bernoulli_(1 - self.p, generator=generator)
        return values * kept.div_(1 - self.p)


def with_own_dropout(module: nn.Module) -> nn.Module:
    """Make every ``torch.nn.Dropout`` in `module` a :class:`Dropout`; return `module`."""
    for part in module.modules():
        if type(part) is nn.Dropout:
            part.__class__ = Dropout
    return module
