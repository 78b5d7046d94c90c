"""The families of encoders, by name.

A family is a file of this folder, named after it. :func:`estimator` registers its classes. The
command line, pipelines, tests and ``skmat`` itself read the registry.
"""

import importlib
import pkgutil
from dataclasses import Field, dataclass
from typing import Any, dataclass_transform

from skmat._utils.saved_models import saved_class
from skmat.estimators._docs import write_docstring
from skmat.estimators._network_check import is_size
from skmat.estimators._params import constraints_of, dataclass_of_parameters, param
from skmat.exceptions import InvalidInputError
from skmat.pretrained import load_checkpoint

__all__ = ["FAMILIES", "Family", "choose_family", "estimator", "load_families"]


@dataclass
class Family:
    """Encoder, regressor and classifier of one family.

    Attributes
    ----------
    input : {"formula", "structure"}
        What the family reads.
    encoder, regressor, classifier : type
        Its estimators.
    """

    input: str
    encoder: Any = None
    regressor: Any = None
    classifier: Any = None

    def estimators(self):
        """Return the classes by kind."""
        kinds = ("encoder", "regressor", "classifier")
        return {kind: cls for kind in kinds if (cls := getattr(self, kind)) is not None}


FAMILIES: dict[str, Family] = {}

#: Family that reads each input if none is named.
_DEFAULT = {"formula": "mtencoder", "structure": "cgcnn"}


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(param,))
def estimator(cls):
    """Make a public estimator of a class: ``__init__``, validation, and a place in the registry.

    The family is named after the file. The docstring is completed by :func:`load_families`.
    """
    cls = dataclass_of_parameters()(cls)
    _check(cls)
    cls._parameter_constraints = constraints_of(cls)
    cls._family = cls.__module__.rpartition(".")[2]
    family = FAMILIES.setdefault(cls._family, Family(cls._input))
    setattr(family, cls._kind, cls)
    return saved_class(cls)


def _check(cls):
    """Raise a TypeError for what would fail later, and far from here."""
    for owner in cls.__mro__:
        if any(isinstance(value, Field) for value in vars(owner).values()):
            raise TypeError(
                f"{owner.__name__} has parameters; decorate it by @dataclass_of_parameters()."
            )
    for preset, sizes in cls._presets.items():
        for name, size in sizes.items():
            if not is_size(size, size):
                raise TypeError(
                    f"The preset {preset!r} of {cls.__name__} has {name}={size!r}; a size is text,"
                    " a boolean, a positive number or a list of positive integers."
                )


def load_families(package, path):
    """Import every family of `package`, complete the docstrings, and return classes by name."""
    for module in sorted(each.name for each in pkgutil.iter_modules(path)):
        if not module.startswith("_"):
            importlib.import_module(f"{package}.{module}")
    classes = {}
    for family in FAMILIES.values():
        siblings = family.estimators()
        for kind, cls in siblings.items():
            write_docstring(cls, kind, siblings)
            classes[cls.__name__] = cls
    return classes


def choose_family(name=None, pretrained="auto", input=None) -> Family:
    """Return the family of that name; without a name, that of the weights, or the default.

    The default is MTEncoder, and CGCNN if structures must be read.

    Parameters
    ----------
    name : str, default=None
        Name of a family.
    pretrained : str, path-like or None, default="auto"
        The estimator's `pretrained`.
    input : {"formula", "structure"}, default=None
        What the family must read.

    Raises
    ------
    InvalidInputError
        If no family has that name, or the family reads another input.
    PretrainedError
        If `pretrained` names a checkpoint that cannot be read.
    """
    of_weights = name is None and pretrained not in (None, "auto")
    if name is None:
        name = load_checkpoint(pretrained).family if of_weights else _DEFAULT[input or "formula"]
    family = FAMILIES.get(name)
    if family is None:
        raise InvalidInputError(f"Unknown family {name!r}; choose one of {sorted(FAMILIES)}.")
    if input not in (None, family.input):
        known = [each for each, family in FAMILIES.items() if family.input == input]
        whose = f", which {str(pretrained)!r} belongs to," if of_weights else ""
        raise InvalidInputError(
            f"The family {name!r}{whose} reads {family.input}s, not {input}s. These families read"
            f" {input}s: {known}."
        )
    return family
