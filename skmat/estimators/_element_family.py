"""What the families whose networks read a table of elements have in common."""

import numpy as np
import torch

from skmat.composition import MAX_ATOMIC_NUMBER, element_table

__all__ = ["ElementFamily"]


class ElementFamily:
    """How networks come by properties of the elements.

    A family adds ``_family``, ``_pretrained_defaults``, ``_sizes()``, ``_make_network``,
    ``_make_batch`` and, with a mixin for its kind of X, ``_read_X``.
    """

    #: Parameters of the network that ``pretrained="auto"`` loads, with their values.
    _pretrained_defaults: dict

    def _has_pretrained_defaults(self):
        """Say whether the network is of the kind that ``pretrained="auto"`` loads."""
        return all(getattr(self, name) == size for name, size in self._pretrained_defaults.items())

    def _network_config(self):
        """Return what it takes to build the network again, as plain data."""
        table = self.element_features
        return {
            "element_features": table,
            "n_element_features": 0 if table is None else element_table(table).shape[1],
            **self._sizes(),
        }

    def _network_keys(self):
        """Return the names of what ``_network_config`` returns."""
        return ["element_features", "n_element_features", *self._sizes()]

    def _build_network(self, config, *, fresh):
        """Build the network of `config`; a fresh one reads its element table from matminer."""
        config = dict(config)
        name, n_columns = config.pop("element_features"), config.pop("n_element_features")
        table = None
        if name is not None:
            table = _standardised(name) if fresh else torch.zeros(MAX_ATOMIC_NUMBER, n_columns)
        return self._make_network(table, config)


def _standardised(name):
    table = element_table(name)
    scale = table.std(axis=0)
    return torch.from_numpy((table - table.mean(axis=0)) / np.where(scale > 0, scale, 1.0))
