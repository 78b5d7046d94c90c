"""Batches of compositions for encoders."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["MASK_ID", "CompositionBatch"]

#: Atomic number of a hidden element in a batch.
MASK_ID = 119


class CompositionBatch(NamedTuple):
    """A batch of compositions, padded to the longest one.

    Attributes
    ----------
    atomic_numbers : Tensor of shape (n_materials, width), int64
        Atomic numbers from 1 to 118, `MASK_ID` for a hidden element, 0 for padding.
    fractions : Tensor of shape (n_materials, width), float32
        Atomic fractions, 0 for padding.
    """

    atomic_numbers: Tensor
    fractions: Tensor

    @property
    def n_materials(self) -> int:
        return self.atomic_numbers.shape[0]

    @property
    def site_mask(self) -> Tensor:
        """True for elements, False for padding, Tensor of shape (n_materials, width), bool."""
        return self.atomic_numbers > 0

    @property
    def site_materials(self) -> Tensor:
        """Row of the composition of each element, Tensor of shape (n_sites,), int64."""
        return self.site_mask.nonzero(as_tuple=True)[0]

    def to(self, device) -> "CompositionBatch":
        return CompositionBatch(*(tensor.to(device, non_blocking=True) for tensor in self))

    def take(self, rows: Tensor) -> "CompositionBatch":
        """Return some of the compositions, by row number."""
        return CompositionBatch(self.atomic_numbers[rows], self.fractions[rows])

    def with_atomic_numbers(self, atomic_numbers: Tensor) -> "CompositionBatch":
        """Return the same compositions with other elements."""
        return self._replace(atomic_numbers=atomic_numbers)

    @classmethod
    def from_arrays(cls, arrays, rows) -> "CompositionBatch":
        """Take `rows` of a ``CompositionArrays``."""
        taken = arrays.take(rows)
        return cls(
            torch.from_numpy(taken.atomic_numbers.astype("int64")),
            torch.from_numpy(taken.fractions.astype("float32")),
        )
