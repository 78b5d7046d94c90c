"""Encode atomic fractions as vectors."""

import math

import torch
from torch import Tensor, nn

__all__ = ["FractionEncoding"]

_BASE = 50.0
_RESOLUTION = 5000


class FractionEncoding(nn.Module):
    """Sinusoids of the atomic fraction and of its squared logarithm.

    The first half of the vector resolves fractions linearly (major elements). The second half
    resolves `log2(fraction)**2` (dopants). Each half has a learned scale. The encoding follows
    CrabNet (Wang et al., npj Comput. Mater. 7, 77, 2021), with two differences. The sinusoids are
    evaluated at the fraction itself, not in a table of 5,000 steps. The learned scale is `2**s`,
    because the gradient of CrabNet's `2**((1 - s)**2)` vanishes at its initial value.

    Parameters
    ----------
    d_model : int
        Length of the vectors, a multiple of 4.
    """

    frequencies: Tensor

    def __init__(self, d_model: int):
        super().__init__()
        exponents = torch.arange(0, d_model // 2, 2, dtype=torch.float32) / (d_model // 2)
        self.register_buffer("frequencies", _RESOLUTION * _BASE**-exponents, persistent=False)
        self.log2_scales = nn.Parameter(torch.zeros(2, dtype=torch.float32))

    def forward(self, fractions: Tensor) -> Tensor:
        """Encode `fractions` of shape (n_sites,) as a Tensor of shape (n_sites, d_model)."""
        # The phases reach 5,000 rad, too much for half precision.
        fractions = fractions.to(torch.promote_types(fractions.dtype, torch.float32))
        smallest = 1.0 / _RESOLUTION
        linear = fractions.clamp(smallest, 1.0)
        logarithmic = (0.0025 * torch.log2(linear) ** 2).clamp(smallest, 1.0)
        scales = torch.exp(math.log(2.0) * self.log2_scales)
        return torch.cat(
            [scales[0] * self._sinusoids(linear), scales[1] * self._sinusoids(logarithmic)], dim=1
        )

    def _sinusoids(self, positions: Tensor) -> Tensor:
        angles = positions.unsqueeze(1) * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=1)
