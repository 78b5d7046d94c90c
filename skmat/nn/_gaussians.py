"""Gaussians of distances and angles."""

import torch
from torch import Tensor

__all__ = ["gaussians"]

#: Above this exponent a Gaussian is set to zero: exp(-30) is 1e-13.
_FAR = 30.0


def gaussians(exponents: Tensor) -> Tensor:
    """Return ``exp(-exponents)``, with exact zeros for exponents above 30.

    Computing denormal numbers, and products with them, takes ten times as long on a CPU. So the
    exponents are clipped first.
    """
    return torch.where(exponents < _FAR, torch.exp(-exponents.clamp_max(_FAR)), 0.0)
