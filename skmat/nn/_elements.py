"""Vectors of the elements."""

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

    def forward(self, atomic_numbers: Tensor) -> Tensor:
        """Return the vectors, Tensor of shape (*atomic_numbers.shape, width)."""
        if self.table is None:
            return self.embedding(atomic_numbers)
        # One vector per element first, then a look-up: the table has 120 rows, a batch thousands.
        return F.embedding(atomic_numbers, self.linear(self.table))
