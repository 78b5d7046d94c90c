"""Gaussians of distances and angles."""

import torch
from torch import Tensor

__all__ = ["gaussians"]

#: Beyond this exponent a Gaussian counts as zero: exp(-30) is 1e-13.
_FAR = 30.0


def gaussians(exponents: Tensor) -> Tensor:
    """Return ``exp(-exponents)``, and exact zeros where next to nothing is left.

    Products with the smallest numbers that there are take ten times as long on a CPU, and so do
    they themselves: no exponential of more than `_FAR` is taken.
    """
    return torch.where(exponents < _FAR, torch.exp(-exponents.clamp_max(_FAR)), 0.0)
