"""Base of all families: sizes by preset, and a table of element properties."""

from typing import ClassVar

import numpy as np
import torch
from sklearn.utils._param_validation import StrOptions

from skmat.composition import ELEMENT_TABLES, MAX_ATOMIC_NUMBER, element_table
from skmat.estimators._automatic import n_epochs
from skmat.estimators._params import dataclass_of_parameters, param
from skmat.inputs import CompositionInputMixin
from skmat.nn import CompositionBatch, Encoder

__all__ = ["CompositionFamily", "ElementFamily"]


@dataclass_of_parameters()
class ElementFamily:
    """How a family builds its network.

    A family sets ``_network``, ``_presets`` and, if it has shipped weights,
    ``_pretrained_defaults``.

    Parameters
    ----------
    element_features : {"matscholar", "magpie", "megnet"} or None
        Table of element properties that element vectors are computed from. None learns a vector
        per element. See :func:`skmat.composition.element_table`.
    """

    element_features: str | None = param("matscholar", [StrOptions(set(ELEMENT_TABLES)), None])

    #: Class of the network. Called with the element table and the sizes of a preset.
    _network: ClassVar[type[Encoder]]
    #: Sizes by the name of the preset: text, booleans, positive numbers, lists of positive
    #: integers. The name of a number of layers ends in "layers".
    _presets: ClassVar[dict[str, dict]]
    #: Parameters of the network that ``pretrained="auto"`` loads.
    _pretrained_defaults: ClassVar[dict] = {}
    #: Section "References" of the docstrings.
    _references: ClassVar[str] = ""
    #: Values of `trainable`: "all", "head" and the network's ``trainable_parts()``.
    _trainable_choices: ClassVar[tuple[str, ...]] = ("all", "head", "last")
    #: Factor of ``max_epochs="auto"``.
    _epochs_factor: ClassVar[int] = 1
    #: Whether materials of one composition are equal inputs, whose labels may contradict.
    _composition_is_all: ClassVar[bool] = True
    #: Largest ``batch_size="auto"``.
    _max_batch_size: ClassVar[int] = 512
    #: Materials per batch from which several threads of a CPU pay.
    _threads_from: ClassVar[int] = 128
    #: Materials that a core of a CPU trains on per second, at least.
    _training_rate: ClassVar[int] = 1_000

    def _sizes(self):
        """Return the sizes of the network, as plain data that JSON can hold."""
        return dict(self._presets[self.preset])

    def _make_network(self, table, sizes):
        """Build the network from a table of elements, or None, and its sizes."""
        return self._network(table, **sizes)

    def _head_settings(self):
        """Return the arguments of ``Properties`` other than the loss."""
        return {}

    def _has_pretrained_defaults(self):
        """Tell whether the network is the one that ``pretrained="auto"`` loads."""
        return all(getattr(self, name) == size for name, size in self._pretrained_defaults.items())

    def _seconds_of_training(self, n_training):
        """Return how long a fit takes on one core of a CPU, about and at most."""
        epochs = n_epochs(self.max_epochs, n_training, self._epochs_factor)
        return self._n_networks * epochs * n_training / self._training_rate

    def _network_config(self):
        """Return the settings that ``_build_network`` needs, as plain data."""
        table = self.element_features
        return {
            "element_features": table,
            "n_element_features": 0 if table is None else element_table(table).shape[1],
            **self._sizes(),
        }

    def _network_keys(self):
        """Return the keys of ``_network_config``."""
        return ["element_features", "n_element_features", *self._sizes()]

    def _build_network(self, config, *, fresh):
        """Build a network. A fresh one reads its element table, others load it with weights."""
        config = dict(config)
        name, n_columns = config.pop("element_features"), config.pop("n_element_features")
        table = None
        if name is not None:
            table = _standardised(name) if fresh else torch.zeros(MAX_ATOMIC_NUMBER, n_columns)
        return self._make_network(table, config)

    def _read_materials(self, X, config, *, reset, on_invalid="raise"):
        """Return `X` as arrays for the network of `config`."""
        return self._read_X(X, reset=reset, on_invalid=on_invalid, allow_empty=True)


@dataclass_of_parameters()
class CompositionFamily(CompositionInputMixin, ElementFamily):
    """Families that read compositions."""

    _input = "formula"
    _make_batch = staticmethod(CompositionBatch.from_arrays)

    def _compositions(self, materials):
        return materials


def _standardised(name):
    table = element_table(name)
    scale = table.std(axis=0)
    return torch.from_numpy((table - table.mean(axis=0)) / np.where(scale > 0, scale, 1.0))
