"""Vectors of the elements."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._batch import MASK_ID

__all__ = ["ElementVectors"]


class ElementVectors(nn.Module):
    """A vector for each element: a learned linear map of its properties, or learned itself.

    Parameters
    ----------
    table : Tensor of shape (118, n_properties) or None
        Properties of the elements. None learns one vector per element.
    width : int
        Length of the vectors.
    """

    table: Tensor | None

    def __init__(self, table: Tensor | None, width: int):
        super().__init__()
        if table is None:
            self.embedding = nn.Embedding(MASK_ID + 1, width)
        else:
            # Rows of zeros for padding and [MASK]: nothing is known of a hidden element.
            table = F.pad(table.float(), (0, 0, 1, 1))
            self.linear = nn.Linear(table.shape[1], width)
        self.register_buffer("table", table)

    def forward(self, atomic_numbers: Tensor, mixtures: Tensor | None = None) -> Tensor:
        """Return the vectors, Tensor of shape (*atomic_numbers.shape, width).

        Rows of `mixtures`, of shape (n_mixtures, 118), are weights of the elements in a mean;
        atomic numbers above `MASK_ID` stand for them.
        """
        # One vector per element first, then a look-up: the table has 120 rows, a batch thousands.
        vectors = self.embedding.weight if self.table is None else self.linear(self.table)
        if mixtures is not None and len(mixtures):
            vectors = torch.cat([vectors, mixtures.to(vectors.dtype) @ vectors[1:MASK_ID]])
        return F.embedding(atomic_numbers, vectors)
