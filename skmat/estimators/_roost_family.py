"""What Roost's encoder, regressor and classifier have in common that other families have not."""

from sklearn.utils._param_validation import StrOptions

from skmat.composition import ELEMENT_TABLES
from skmat.estimators._element_family import ElementFamily
from skmat.inputs import CompositionInputMixin
from skmat.nn import ROOST_PRESETS, CompositionBatch, RoostNetwork

__all__ = ["NETWORK_CONSTRAINTS", "NETWORK_DOC", "REFERENCES", "RoostFamily"]

NETWORK_CONSTRAINTS: dict = {
    "preset": [StrOptions(set(ROOST_PRESETS))],
    "element_features": [StrOptions(set(ELEMENT_TABLES)), None],
}


NETWORK_DOC = """
    preset : {"tiny", "base", "paper"}, default="base"
        Size of the network: "tiny" (vectors of 32 numbers per element, 1 layer, 64 per
        material), "paper" (64 per element, 3 layers of 3 heads, 256 per material, 2.2 million
        parameters), "base" (as "paper", with gates and messages a quarter as wide and a trunk
        half as wide; 0.6 million parameters, and three times as fast). Taken from `pretrained`
        where that is given, as is the next one.
    element_features : {"matscholar", "magpie", "megnet"} or None, default="matscholar"
        Table of element properties that the vectors of the elements are drawn from; None learns
        a vector per element. See :func:`skmat.composition.element_table`.
"""

REFERENCES = """
    References
    ----------
    R. E. A. Goodall and A. A. Lee, Nat. Commun. 11, 6280 (2020) (Roost). H. Huang et al.,
    J. Chem. Inf. Model. 64, 627 (2024) (its pretraining).
"""


class RoostFamily(CompositionInputMixin, ElementFamily):
    """How X is read and how the network is built."""

    _family = "roost"
    _make_batch = staticmethod(CompositionBatch.from_arrays)
    _pretrained_defaults = {"preset": "base", "element_features": "matscholar"}

    def _sizes(self):
        return dict(ROOST_PRESETS[self.preset])

    def _make_network(self, table, sizes):
        return RoostNetwork(table, **sizes)
