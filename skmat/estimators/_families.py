"""The families that read formulas, as files and the command line name them."""

from typing import NamedTuple

from skmat.estimators._mtencoder import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.estimators._roost import RoostClassifier, RoostEncoder, RoostRegressor
from skmat.exceptions import InvalidInputError
from skmat.pretrained import load_checkpoint

__all__ = ["FAMILIES", "Family", "choose_family"]


class Family(NamedTuple):
    """Encoder, regressor and classifier of one family."""

    encoder: type
    regressor: type
    classifier: type


FAMILIES = {
    "mtencoder": Family(MTEncoder, MTEncoderRegressor, MTEncoderClassifier),
    "roost": Family(RoostEncoder, RoostRegressor, RoostClassifier),
}


def choose_family(name=None, pretrained="auto") -> Family:
    """Return the family of that name; without one, that of the weights, or MTEncoder's.

    Parameters
    ----------
    name : str, default=None
        Name of a family.
    pretrained : str, path-like or None, default="auto"
        What the estimator will be given as `pretrained`.

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
    if name not in FAMILIES:
        raise InvalidInputError(
            f"There is no family {name!r} that reads formulas; those are {list(FAMILIES)}."
        )
    return FAMILIES[name]
