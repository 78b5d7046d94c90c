"""ALIGNN: message passing between atoms, bonds and angles (Choudhary and DeCost 2021)."""

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._params import dataclass_of_parameters, param
from skmat.estimators._registry import estimator
from skmat.estimators._regressor import EncoderRegressor
from skmat.estimators._structure_family import GRAPH_DEFAULTS, StructureFamily
from skmat.nn import ALIGNN_PRESETS, ALIGNNNetwork

__all__ = ["ALIGNNClassifier", "ALIGNNEncoder", "ALIGNNRegressor"]


@dataclass_of_parameters()
class ALIGNNFamily(StructureFamily):
    """Parameters and network of all three estimators.

    Parameters
    ----------
    preset : {"tiny", "small", "paper"}
        Size of the network: "tiny" (16 numbers per vector, 1 layer with angles and 1 without),
        "small" (64, 2 and 2), "paper" (256, 4 and 4). "paper" needs a GPU.
    n_angle_neighbors : int or None
        Number of nearest neighbours of each atom, the bonds to which form angles. All atoms at
        the distance of the last one are included. None takes all bonds, which takes three times
        as long. Weights given by `pretrained` bring their own value.
    """

    preset: str = param("small", [StrOptions(set(ALIGNN_PRESETS))])
    n_angle_neighbors: int | None = param(6, [Interval(Integral, 1, 255, closed="both"), None])

    _network = ALIGNNNetwork
    _presets = ALIGNN_PRESETS
    _pretrained_defaults = {"preset": "small", "n_angle_neighbors": 6, **GRAPH_DEFAULTS}
    # With all angles, a structure of 24 atoms takes 20 MB in "small". The original trains on 16 to
    # 64 at once.
    _max_batch_size = 32
    _training_rate = 100
    _trainable_choices = ("all", "head", "last", "two_body", "three_body")
    _references = """
        K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021) (ALIGNN). V. Gupta et al.,
        npj Comput. Mater. 10, 300 (2024) (transfer learning and multi-property pretraining).
        """

    def _network_config(self):
        config = super()._network_config()
        return {**config, "n_angle_neighbors": self._plain("n_angle_neighbors")}

    def _network_keys(self):
        return [*super()._network_keys(), "n_angle_neighbors"]


@estimator
class ALIGNNEncoder(ALIGNNFamily, EncoderTransformer):
    """Graph network on bonds and angles that embeds materials.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import ALIGNNEncoder
    >>> encoder = ALIGNNEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(structures).shape
    (3, 16)
    """


@estimator
class ALIGNNRegressor(ALIGNNFamily, EncoderRegressor):
    """Graph network on bonds and angles that predicts one property or several.

    Examples
    --------
    >>> import numpy as np
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import ALIGNNRegressor
    >>> model = ALIGNNRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(structures, [[8.3, np.nan], [7.3, 1.70], [6.2, 1.79]])
    ALIGNNRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict(structures[:1]).shape
    (1, 2)
    """


@estimator
class ALIGNNClassifier(ALIGNNFamily, EncoderClassifier):
    """Graph network on bonds and angles that predicts classes, of one task or several.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import ALIGNNClassifier
    >>> model = ALIGNNClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(structures, ["light", "light", "heavy"])
    ALIGNNClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba(structures[:1]).shape
    (1, 2)
    """
