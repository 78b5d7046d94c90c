"""The interface of encoders."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from torch import Tensor, nn

from skmat.exceptions import InvalidInputError

__all__ = ["Encoder", "Representation"]


class Representation(NamedTuple):
    """Embeddings of a batch of materials.

    Attributes
    ----------
    material : Tensor of shape (n_materials, out_features)
        One vector per material.
    sites : Tensor of shape (n_sites, out_features) or None
        One vector per site (an element of a composition, an atom of a structure), material by
        material. None unless requested.
    graph : object, default=None
        Input of ``Encoder.task_layers``. None if the encoder has no such layers.
    extra : Tensor of shape (n_materials, n_extra) or None
        Further numbers of each material that heads of properties read. The encoder has not seen
        them.
    """

    material: Tensor
    sites: Tensor | None = None
    graph: Any = None
    extra: Tensor | None = None


class Encoder(nn.Module, ABC):
    """Base class and interface of all encoders.

    A family builds it as ``network(table, **sizes)``. `table` is a standardised Tensor of shape
    (118, n) or None. `sizes` are those of a preset.

    Attributes
    ----------
    out_features : int
        Length of the vectors. ``__init__`` sets it.
    config : dict
        Arguments to build the network again, as plain data. The code that builds it sets them.
    """

    out_features: int
    config: dict[str, Any]

    @abstractmethod
    def forward(self, batch: Any, sites: bool = False) -> Representation:
        """Encode `batch`. With `sites`, also return the vector of each site.

        The vector of a site must depend on the other sites of its material: masked elements are
        predicted from it. Under autocast, bring arrays of the batch to the dtype of the vectors.
        """

    @abstractmethod
    def last_modules(self) -> list[nn.Module]:
        """Return the modules that ``trainable="last"`` trains."""

    def task_layers(self, n_layers: int) -> nn.Module:
        """Return new layers for a single task.

        Parameters
        ----------
        n_layers : int
            Number of layers, at least 1.

        Returns
        -------
        Module
            Maps ``Representation.graph`` to a Tensor of shape (n_materials, out_features).

        Raises
        ------
        InvalidInputError
            If the encoder has no such layers.
        """
        raise InvalidInputError(
            f"n_task_layers={n_layers} needs a network with task layers, such as CGCNN."
            f" {type(self).__name__} has none. Set n_task_layers=0."
        )

    def trainable_parts(self) -> dict[str, list[nn.Module]]:
        """Return the modules that each value of ``trainable`` trains."""
        return {"last": self.last_modules()}

    @abstractmethod
    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        """Return all modules and parameters in groups, from the input to the output.

        ``layer_decay`` lowers the learning rate from group to group, towards the input. Each
        parameter of the encoder is in exactly one group, by itself or in its module.
        """
