"""Embeddings of the elements."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._batch import MASK_ID

__all__ = ["ElementEmbedding", "ElementVectors"]


class ElementEmbedding(nn.Embedding):
    """An embedding that does not draw weights on the meta device.

    There, drawing from a normal distribution imports torch's compiler, which takes seconds.

    Parameters
    ----------
    width : int
        Length of the vectors.
    std : float, default=1.0
        Standard deviation of the initial weights.
    """

    def __init__(self, width: int, std: float = 1.0):
        self._std = std
        super().__init__(MASK_ID + 1, width)

    def reset_parameters(self):
        """Draw the weights, if they exist."""
        if self.weight.is_meta:
            return
        super().reset_parameters()
        if self._std != 1.0:
            nn.init.normal_(self.weight, std=self._std)


class ElementVectors(nn.Module):
    """One vector per element: a learned linear map of its properties, or a learned vector.

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
            self.embedding = ElementEmbedding(width)
        else:
            # Rows of zeros for padding and [MASK]: a hidden element has no known properties.
            table = F.pad(table.float(), (0, 0, 1, 1))
            self.linear = nn.Linear(table.shape[1], width)
        self.register_buffer("table", table)

    def forward(self, atomic_numbers: Tensor, mixtures: Tensor | None = None) -> Tensor:
        """Return the vectors, Tensor of shape (*atomic_numbers.shape, width).

        An atomic number above `MASK_ID` is a row of `mixtures`, a Tensor of shape
        (n_mixtures, 118). Its vector is the mean over elements with the weights of that row.
        """
        # Compute 120 vectors, then look them up: a batch has thousands of elements.
        vectors = self.embedding.weight if self.table is None else self.linear(self.table)
        if mixtures is not None and len(mixtures):
            vectors = torch.cat([vectors, mixtures.to(vectors.dtype) @ vectors[1:MASK_ID]])
        return F.embedding(atomic_numbers, vectors)
