"""What MTEncoder, its regressor and its classifier have in common that other families have not."""

from numbers import Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from skmat.base import CompositionInputMixin
from skmat.composition import ELEMENT_TABLES, MAX_ATOMIC_NUMBER, element_table
from skmat.nn import MTENCODER_PRESETS, CompositionBatch, MTEncoderNetwork

__all__ = ["NETWORK_CONSTRAINTS", "NETWORK_DOC", "REFERENCES", "MTEncoderFamily"]

NETWORK_CONSTRAINTS: dict = {
    "preset": [StrOptions(set(MTENCODER_PRESETS))],
    "readout": [StrOptions({"cpd", "mean"})],
    "element_features": [StrOptions(set(ELEMENT_TABLES)), None],
    "dropout": [Interval(Real, 0, 1, closed="left")],
}


NETWORK_DOC = """
    preset : {"tiny", "base", "deep", "paper", "large"}, default="base"
        Size of the network: "tiny" (64 wide, 2 layers), "base" (256 wide, 3 layers, 2.5 million
        parameters), "deep" (256 wide, 6 layers), "paper" (512 wide, 3 layers), "large" (512 wide,
        6 layers). Taken from `pretrained` where that is given, as are the next two.
    readout : {"cpd", "mean"}, default="cpd"
        Where the material's vector is read: at the [CPD] token, or as the mean over its elements.
    element_features : {"matscholar", "magpie", "megnet"} or None, default="matscholar"
        Table of element properties beside the learned element vectors; see
        :func:`skmat.composition.element_table`.
    dropout : float, default=0.1
        Dropout probability in the encoder.
"""

REFERENCES = """
    References
    ----------
    T. Prein et al., "MTEncoder: A Multi-task Pretrained Transformer Encoder for Materials
    Representation Learning", AI4Mat workshop, NeurIPS 2023. A. Wang et al., npj Comput. Mater.
    7, 77 (2021) (CrabNet).
"""


class MTEncoderFamily(CompositionInputMixin):
    """How X is read and how the network is built."""

    _family = "mtencoder"
    _make_batch = staticmethod(CompositionBatch.from_arrays)

    def _has_sizes_of_best(self):
        """Say whether the network is of the kind that ``pretrained="auto"`` loads."""
        sizes = (self.preset, self.readout, self.element_features)
        return sizes == ("base", "cpd", "matscholar")

    def _network_config(self):
        """Return what it takes to build the network again, as plain data."""
        table = self.element_features
        return {
            "element_features": table,
            "n_element_features": 0 if table is None else element_table(table).shape[1],
            "readout": self.readout,
            **MTENCODER_PRESETS[self.preset],
        }

    def _build_network(self, config, *, fresh):
        """Build the network of `config`; a fresh one reads its element table from matminer."""
        config = dict(config)
        name, n_columns = config.pop("element_features"), config.pop("n_element_features")
        table = None
        if name is not None:
            table = _standardised(name) if fresh else torch.zeros(MAX_ATOMIC_NUMBER, n_columns)
        return MTEncoderNetwork(table, dropout=self.dropout, **config)


def _standardised(name):
    table = element_table(name)
    scale = table.std(axis=0)
    return torch.from_numpy((table - table.mean(axis=0)) / np.where(scale > 0, scale, 1.0))
