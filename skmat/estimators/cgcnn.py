"""CGCNN: gated convolutions on crystal graphs (Xie and Grossman 2018)."""

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from skmat.estimators._classifier import EncoderClassifier
from skmat.estimators._encoder import EncoderTransformer
from skmat.estimators._params import dataclass_of_parameters, param
from skmat.estimators._registry import estimator
from skmat.estimators._regressor import EncoderRegressor
from skmat.estimators._structure_family import GRAPH_DEFAULTS, StructureFamily
from skmat.nn import CGCNN_PRESETS, CGCNNNetwork

__all__ = ["CGCNNClassifier", "CGCNNEncoder", "CGCNNRegressor"]


@dataclass_of_parameters()
class CGCNNFamily(StructureFamily):
    """Parameters and network of all three estimators.

    Parameters
    ----------
    preset : {"tiny", "base", "large"}
        Size of the network: "tiny" (16 numbers per atom, 1 convolution, 32 per structure), "base"
        (64, 3 and 128), "large" (128, 4 and 256).
    """

    preset: str = param("base", [StrOptions(set(CGCNN_PRESETS))])

    _network = CGCNNNetwork
    _presets = CGCNN_PRESETS
    _pretrained_defaults = {"preset": "base", **GRAPH_DEFAULTS}
    _references = """
        T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018) (CGCNN). S. Sanyal et al.,
        arXiv:1811.05660 (2018) (MT-CGCNN). R. Magar, Y. Wang and A. Barati Farimani, npj Comput.
        Mater. 8, 231 (2022) (Crystal Twins).
        """


@dataclass_of_parameters()
class CGCNNHeads(CGCNNFamily):
    """Parameters of the regressor and the classifier: layers per task.

    Parameters
    ----------
    n_task_layers : int
        Convolutions of each column of y alone, after those that all columns share. Use them if
        tasks disturb each other. They belong to the heads. They are therefore new in each fit and
        trained for any `trainable`, and ``transform`` and ``save_pretrained`` ignore them. Time
        and memory grow with this number times the number of columns.
    """

    n_task_layers: int = param(0, [Interval(Integral, 0, None, closed="left")])

    def _head_settings(self):
        return {"n_task_layers": int(self.n_task_layers)}


@estimator
class CGCNNEncoder(CGCNNFamily, EncoderTransformer):
    """Graph network on structures that embeds materials.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import CGCNNEncoder
    >>> encoder = CGCNNEncoder(preset="tiny", max_epochs=2, random_state=0)
    >>> encoder.fit_transform(structures).shape
    (3, 32)
    """


@estimator
class CGCNNRegressor(CGCNNHeads, EncoderRegressor):
    """Graph network on structures that predicts one property or several.

    Examples
    --------
    >>> import numpy as np
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import CGCNNRegressor
    >>> model = CGCNNRegressor(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(structures, [[8.3, np.nan], [7.3, 1.70], [6.2, 1.79]])
    CGCNNRegressor(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict(structures[:1]).shape
    (1, 2)
    """


@estimator
class CGCNNClassifier(CGCNNHeads, EncoderClassifier):
    """Graph network on structures that predicts classes, of one task or several.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> sites = [[0, 0, 0], [0.5, 0.5, 0.5]]
    >>> structures = [
    ...     Structure(Lattice.cubic(4.3), ["Cs", x], sites)
    ...     for x in ("Cl", "Br", "I")
    ... ]
    >>> from skmat import CGCNNClassifier
    >>> model = CGCNNClassifier(preset="tiny", max_epochs=2, random_state=0)
    >>> model.fit(structures, ["light", "light", "heavy"])
    CGCNNClassifier(max_epochs=2, preset='tiny', random_state=0)
    >>> model.predict_proba(structures[:1]).shape
    (1, 2)
    """
