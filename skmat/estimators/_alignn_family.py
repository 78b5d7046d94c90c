"""What ALIGNN's encoder, regressor and classifier have in common that other families have not."""

from sklearn.utils._param_validation import StrOptions

from skmat.estimators._crystal_family import (
    GRAPH_CONSTRAINTS,
    GRAPH_DEFAULTS,
    GRAPH_DOC,
    CrystalFamily,
)
from skmat.nn import ALIGNN_PRESETS, ALIGNNNetwork

__all__ = ["NETWORK_CONSTRAINTS", "NETWORK_DOC", "REFERENCES", "ALIGNNFamily"]

NETWORK_CONSTRAINTS: dict = {
    "preset": [StrOptions(set(ALIGNN_PRESETS))],
    **GRAPH_CONSTRAINTS,
}


NETWORK_DOC = """
    preset : {"tiny", "small", "paper"}, default="small"
        Size of the network: "tiny" (16 numbers per vector, 1 layer with angles and 1 without),
        "small" (64, 2 and 2), "paper" (256, 4 and 4; for a GPU). Taken from `pretrained` where
        that is given, as are the next ones.
""" + GRAPH_DOC[1:]

REFERENCES = """
    References
    ----------
    K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021) (ALIGNN). V. Gupta et al., npj
    Comput. Mater. 10, 300 (2024) (transfer learning and multi-property pretraining).
"""


class ALIGNNFamily(CrystalFamily):
    """How the network is built."""

    _family = "alignn"
    _pretrained_defaults = {"preset": "small", **GRAPH_DEFAULTS}
    # Of 24 atoms each takes 20 MB in "small"; the original was trained on 16 to 64 at once.
    _most_per_batch = 32
    _trainable_choices = ("all", "head", "last", "two_body", "three_body")

    def _sizes(self):
        return dict(ALIGNN_PRESETS[self.preset])

    def _make_network(self, table, sizes):
        return ALIGNNNetwork(table, **sizes)
