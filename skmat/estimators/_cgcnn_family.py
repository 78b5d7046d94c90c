"""What CGCNN's encoder, regressor and classifier have in common that other families have not."""

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from skmat.estimators._crystal_family import (
    GRAPH_CONSTRAINTS,
    GRAPH_DEFAULTS,
    GRAPH_DOC,
    CrystalFamily,
)
from skmat.nn import CGCNN_PRESETS, CGCNNNetwork

__all__ = [
    "HEAD_CONSTRAINTS",
    "HEAD_DOC",
    "NETWORK_CONSTRAINTS",
    "NETWORK_DOC",
    "REFERENCES",
    "CGCNNFamily",
]

NETWORK_CONSTRAINTS: dict = {
    "preset": [StrOptions(set(CGCNN_PRESETS))],
    **GRAPH_CONSTRAINTS,
}

#: Of the regressor and the classifier; an encoder's heads are chosen with its objectives.
HEAD_CONSTRAINTS: dict = {"n_task_layers": [Interval(Integral, 0, None, closed="left")]}

HEAD_DOC = """
    n_task_layers : int, default=0
        Convolutions that each column of y has of its own, behind those that all columns share, so
        that less has to be shared. They are parts of the heads: always new, trained whatever
        `trainable` says, and neither seen by ``transform`` nor saved by ``save_pretrained``. Each
        column takes as much time and memory as a convolution more.
"""

NETWORK_DOC = """
    preset : {"tiny", "base", "large"}, default="base"
        Size of the network: "tiny" (16 numbers per atom, 1 convolution, 32 per crystal), "base"
        (64, 3 and 128), "large" (128, 4 and 256). Taken from `pretrained` where that is given, as
        are the next ones.
""" + GRAPH_DOC[1:]

REFERENCES = """
    References
    ----------
    T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018) (CGCNN). S. Sanyal et al.,
    arXiv:1811.05660 (2018) (MT-CGCNN). R. Magar, Y. Wang and A. Barati Farimani, npj Comput.
    Mater. 8, 231 (2022) (Crystal Twins).
"""


class CGCNNFamily(CrystalFamily):
    """How the network and the heads for y are built."""

    _family = "cgcnn"
    _pretrained_defaults = {"preset": "base", **GRAPH_DEFAULTS}

    def _sizes(self):
        return dict(CGCNN_PRESETS[self.preset])

    def _make_network(self, table, sizes):
        return CGCNNNetwork(table, **sizes)

    def _head_settings(self):
        return {"n_task_layers": int(self.n_task_layers)}
