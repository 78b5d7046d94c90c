"""MTEncoder: the composition transformer (Prein et al. 2023)."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions

from skmat._utils.parameters import plain
from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._element_family import CompositionFamily
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._params import dataclass_of_parameters, param
from skmat.estimators._registry import estimator
from skmat.estimators._regressor import EncoderRegressor
from skmat.nn import MTENCODER_PRESETS, MTEncoderNetwork

__all__ = ["MTEncoder", "MTEncoderClassifier", "MTEncoderRegressor"]


@dataclass_of_parameters()
class MTEncoderFamily(CompositionFamily):
    """Parameters and network of all three estimators.

    Parameters
    ----------
    preset : {"tiny", "base", "deep", "paper", "large"}
        Size of the network: "tiny" (64 wide, 2 layers), "base" (256 wide, 3 layers, 2.5 million
        parameters), "deep" (256 wide, 6 layers), "paper" (512 wide, 3 layers), "large" (512 wide,
        6 layers).
    readout : {"cpd", "mean"}
        Source of the material's vector: the [CPD] token, or the mean over elements.
    dropout : float
        Dropout probability in the encoder.
    """

    preset: str = param("base", [StrOptions(set(MTENCODER_PRESETS))])
    readout: str = param("cpd", [StrOptions({"cpd", "mean"})])
    dropout: float = param(0.1, [Interval(Real, 0, 1, closed="left")])

    _network = MTEncoderNetwork
    _presets = MTENCODER_PRESETS
    _pretrained_defaults = {"preset": "base", "readout": "cpd", "element_features": "matscholar"}
    _references = """
        T. Prein et al., "MTEncoder: A Multi-task Pretrained Transformer Encoder for Materials
        Representation Learning", AI4Mat workshop, NeurIPS 2023. A. Wang et al., npj Comput.
        Mater. 7, 77 (2021) (CrabNet).
        """

    def _sizes(self):
        return {"readout": self.readout, **super()._sizes()}

    def _make_network(self, table, sizes):
        return MTEncoderNetwork(table, dropout=plain(self.dropout), **sizes)


@estimator
class MTEncoder(MTEncoderFamily, EncoderTransformer):
    """Composition transformer that embeds materials.

    Examples
    --------
    >>> from skmat import MTEncoder
    >>> encoder = MTEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(["TiO2", "Fe2O3", "NaCl"]).shape
    (3, 64)
    """


@estimator
class MTEncoderRegressor(MTEncoderFamily, EncoderRegressor):
    """Composition transformer that predicts one property or several.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat import MTEncoderRegressor
    >>> model = MTEncoderRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(
    ...     ["TiO2", "Fe2O3", "NaCl"], [[3.2, np.nan], [2.1, 5.2], [8.5, 2.2]]
    ... )
    MTEncoderRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict(["ZnO"]).shape
    (1, 2)
    """


@estimator
class MTEncoderClassifier(MTEncoderFamily, EncoderClassifier):
    """Composition transformer that predicts classes, of one task or several.

    Examples
    --------
    >>> from skmat import MTEncoderClassifier
    >>> model = MTEncoderClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(
    ...     ["TiO2", "Fe", "NaCl", "Cu"],
    ...     ["insulator", "metal", "insulator", "metal"],
    ... )
    MTEncoderClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba(["ZnO"]).shape
    (1, 2)
    """
