"""What an encoder is."""

from abc import abstractmethod
from typing import Any, NamedTuple

from torch import Tensor, nn

from skmat.exceptions import InvalidInputError

__all__ = ["Encoder", "Representation"]


class Representation(NamedTuple):
    """Vectors of a batch of materials.

    Attributes
    ----------
    material : Tensor of shape (n_materials, out_features)
        One vector per material.
    sites : Tensor of shape (n_sites, out_features) or None
        One vector per site (an element of a composition, an atom of a crystal), material by
        material; None unless they were asked for.
    graph : object, default=None
        What ``Encoder.task_layers`` go on from; None of encoders that have none.
    """

    material: Tensor
    sites: Tensor | None = None
    graph: Any = None


class Encoder(nn.Module):
    """Base of all encoders; other rooms know no more of them than this.

    Attributes
    ----------
    out_features : int
        Length of the vectors.
    config : dict
        Arguments to build the network again, as plain data; set by whoever built it.
    """

    out_features: int
    config: dict[str, Any]

    @abstractmethod
    def forward(self, batch: Any, sites: bool = False) -> Representation:
        """Encode `batch`; with `sites` also return the vector of every site."""

    @abstractmethod
    def last_modules(self) -> list[nn.Module]:
        """Return what ``trainable="last"`` trains."""

    def task_layers(self, n_layers: int) -> nn.Module:
        """Return new layers of one task's own, to go on from ``Representation.graph``.

        Parameters
        ----------
        n_layers : int
            How many, at least 1.

        Returns
        -------
        Module
            From that to vectors, Tensor of shape (n_materials, out_features).

        Raises
        ------
        InvalidInputError
            If the encoder has no such layers.
        """
        raise InvalidInputError(
            f"n_task_layers={n_layers} needs a network with layers that a task can have of its"
            f" own, as CGCNN's has; {type(self).__name__} has none: use n_task_layers=0."
        )

    def trainable_parts(self) -> dict[str, list[nn.Module]]:
        """Return what may be trained alone, by the name that ``trainable=`` has for it."""
        return {"last": self.last_modules()}

    @abstractmethod
    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return what learns, from the input to the output.

        Learning rates fall from group to group (``layer_decay``). Every parameter of the encoder
        stands in exactly one group, by itself or in its module.
        """
