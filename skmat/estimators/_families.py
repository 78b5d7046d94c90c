"""The families, as files and the command line name them."""

from typing import NamedTuple

from skmat.estimators._alignn import ALIGNNClassifier, ALIGNNEncoder, ALIGNNRegressor
from skmat.estimators._cgcnn import CGCNNClassifier, CGCNNEncoder, CGCNNRegressor
from skmat.estimators._mtencoder import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators._roost import RoostClassifier, RoostEncoder, RoostRegressor
from skmat.exceptions import InvalidInputError
from skmat.pretrained import load_checkpoint

__all__ = ["FAMILIES", "Family", "choose_family"]


class Family(NamedTuple):
    """Encoder, regressor and classifier of one family, and whether it reads formulas."""

    encoder: type
    regressor: type
    classifier: type
    reads: str = "formula"


FAMILIES = {
    "mtencoder": Family(MTEncoder, MTEncoderRegressor, MTEncoderClassifier),
    "roost": Family(RoostEncoder, RoostRegressor, RoostClassifier),
    "cgcnn": Family(CGCNNEncoder, CGCNNRegressor, CGCNNClassifier, "structure"),
    "alignn": Family(ALIGNNEncoder, ALIGNNRegressor, ALIGNNClassifier, "structure"),
}


def choose_family(name=None, pretrained="auto", reads=None) -> Family:
    """Return the family of that name; without one, that of the weights, or MTEncoder's.

    Parameters
    ----------
    name : str, default=None
        Name of a family.
    pretrained : str, path-like or None, default="auto"
        What the estimator will be given as `pretrained`.
    reads : {"formula", "structure"}, default=None
        What it must read.

    Raises
    ------
    InvalidInputError
        If there is no such family.
    PretrainedError
        If `pretrained` names a checkpoint that cannot be read.
    """
    if name is None:
        named = pretrained not in (None, "auto")
        name = load_checkpoint(pretrained).family if named else "mtencoder"
    known = [each for each, family in FAMILIES.items() if reads in (None, family.reads)]
    if name not in known:
        which = f" that reads {reads}s" if reads else ""
        raise InvalidInputError(f"There is no family {name!r}{which}; those are {known}.")
    return FAMILIES[name]
