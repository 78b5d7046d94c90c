"""What MTEncoder, its regressor and its classifier have in common that other families have not."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmat._utils.parameters import plain
from skmat.composition import ELEMENT_TABLES
from skmat.estimators._element_family import ElementFamily
from skmat.inputs import CompositionInputMixin
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


class MTEncoderFamily(CompositionInputMixin, ElementFamily):
    """How X is read and how the network is built."""

    _family = "mtencoder"
    _make_batch = staticmethod(CompositionBatch.from_arrays)
    _pretrained_defaults = {"preset": "base", "readout": "cpd", "element_features": "matscholar"}

    def _sizes(self):
        return {"readout": self.readout, **MTENCODER_PRESETS[self.preset]}

    def _make_network(self, table, sizes):
        return MTEncoderNetwork(table, dropout=plain(self.dropout), **sizes)
