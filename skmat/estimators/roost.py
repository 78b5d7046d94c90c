"""Roost: message passing between the elements of a composition (Goodall and Lee 2020)."""

from sklearn.utils._param_validation import StrOptions

from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._element_family import CompositionFamily
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._params import dataclass_of_parameters, param
from skmat.estimators._registry import estimator
from skmat.estimators._regressor import EncoderRegressor
from skmat.nn import ROOST_PRESETS, RoostNetwork

__all__ = ["RoostClassifier", "RoostEncoder", "RoostRegressor"]


@dataclass_of_parameters()
class RoostFamily(CompositionFamily):
    """Parameters and network of all three estimators.

    Parameters
    ----------
    preset : {"tiny", "base", "paper"}
        Size of the network: "tiny" (32 numbers per element, 1 layer, 64 per material), "base"
        (64, 3 layers and 256, 0.6 million parameters), "paper" (as "base", but with gates and
        messages four times as wide and a trunk twice as wide, 2.2 million parameters). "paper" is
        three times slower than "base".
    """

    preset: str = param("base", [StrOptions(set(ROOST_PRESETS))])

    _network = RoostNetwork
    _presets = ROOST_PRESETS
    _pretrained_defaults = {"preset": "base", "element_features": "matscholar"}
    _references = """
        R. E. A. Goodall and A. A. Lee, Nat. Commun. 11, 6280 (2020) (Roost). H. Huang et al.,
        J. Chem. Inf. Model. 64, 627 (2024) (its pretraining).
        """


@estimator
class RoostEncoder(RoostFamily, EncoderTransformer):
    """Graph network on compositions that embeds materials.

    Examples
    --------
    >>> from skmat import RoostEncoder
    >>> encoder = RoostEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(["TiO2", "Fe2O3", "NaCl"]).shape
    (3, 64)
    """


@estimator
class RoostRegressor(RoostFamily, EncoderRegressor):
    """Graph network on compositions that predicts one property or several.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat import RoostRegressor
    >>> model = RoostRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(
    ...     ["TiO2", "Fe2O3", "NaCl"], [[3.2, np.nan], [2.1, 5.2], [8.5, 2.2]]
    ... )
    RoostRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict(["ZnO"]).shape
    (1, 2)
    """


@estimator
class RoostClassifier(RoostFamily, EncoderClassifier):
    """Graph network on compositions that predicts classes, of one task or several.

    Examples
    --------
    >>> from skmat import RoostClassifier
    >>> model = RoostClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(
    ...     ["TiO2", "Fe", "NaCl", "Cu"],
    ...     ["insulator", "metal", "insulator", "metal"],
    ... )
    RoostClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba(["ZnO"]).shape
    (1, 2)
    """
