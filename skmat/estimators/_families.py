"""The families, as files and the command line name them."""

from typing import NamedTuple

from pymatgen.core import Lattice, Structure

from skmat.estimators._alignn import ALIGNNClassifier, ALIGNNEncoder, ALIGNNRegressor
from skmat.estimators._cgcnn import CGCNNClassifier, CGCNNEncoder, CGCNNRegressor
from skmat.estimators._mtencoder import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators._roost import RoostClassifier, RoostEncoder, RoostRegressor
from skmat.exceptions import InvalidInputError
from skmat.pretrained import load_checkpoint

__all__ = ["FAMILIES", "Family", "choose_family"]


class Family(NamedTuple):
    """Encoder, regressor and classifier of one family, and what it reads."""

    encoder: type
    regressor: type
    classifier: type
    input: str = "formula"

    def load_encoder(self, pretrained):
        """Return an encoder with the weights that `pretrained` names."""
        # Loading looks at the form of X alone.
        return self.encoder(pretrained=pretrained).fit(_SMALLEST[self.input])


FAMILIES = {
    "mtencoder": Family(MTEncoder, MTEncoderRegressor, MTEncoderClassifier),
    "roost": Family(RoostEncoder, RoostRegressor, RoostClassifier),
    "cgcnn": Family(CGCNNEncoder, CGCNNRegressor, CGCNNClassifier, "structure"),
    "alignn": Family(ALIGNNEncoder, ALIGNNRegressor, ALIGNNClassifier, "structure"),
}

#: By what a family must read, the one that is taken where nothing names one.
_DEFAULT = {"formula": "mtencoder", "structure": "cgcnn"}

_SMALLEST: dict[str, list] = {
    "formula": ["H"],
    "structure": [Structure(Lattice.cubic(3.35), ["Po"], [[0, 0, 0]])],
}


def choose_family(name=None, pretrained="auto", input=None) -> Family:
    """Return the family of that name; without one, that of the weights, or the default.

    The default is MTEncoder's, and CGCNN's where structures must be read.

    Parameters
    ----------
    name : str, default=None
        Name of a family.
    pretrained : str, path-like or None, default="auto"
        What the estimator will be given as `pretrained`.
    input : {"formula", "structure"}, default=None
        What it must read.

    Raises
    ------
    InvalidInputError
        If there is no such family, or it does not read that.
    PretrainedError
        If `pretrained` names a checkpoint that cannot be read.
    """
    of_weights = name is None and pretrained not in (None, "auto")
    if name is None:
        name = load_checkpoint(pretrained).family if of_weights else _DEFAULT[input or "formula"]
    family = FAMILIES.get(name)
    if family is None:
        raise InvalidInputError(f"There is no family {name!r}; those are {list(FAMILIES)}.")
    if input not in (None, family.input):
        known = [each for each, family in FAMILIES.items() if family.input == input]
        whose = f", which {str(pretrained)!r} is of," if of_weights else ""
        raise InvalidInputError(
            f"The family {name!r}{whose} reads {family.input}s, not {input}s; those that read"
            f" {input}s are {known}."
        )
    return family
