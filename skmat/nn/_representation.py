"""What every encoder returns."""

from typing import NamedTuple

from torch import Tensor

__all__ = ["Representation"]


class Representation(NamedTuple):
    """Vectors of a batch of materials.

    Attributes
    ----------
    material : Tensor of shape (n_materials, out_features)
        One vector per material.
    sites : Tensor of shape (n_sites, out_features) or None
        One vector per site (an element of a composition, an atom of a crystal), material by
        material; None unless they were asked for.
    """

    material: Tensor
    sites: Tensor | None = None
