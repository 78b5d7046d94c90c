"""Encoders, regressors and classifiers: one file per family, shared work in base classes.

Every file that does not begin with ``_`` is a family.
"""

from skmat.estimators._registry import FAMILIES, choose_family, load_families

#: Encoders, regressors and classifiers by name.
CLASSES = load_families(__name__, __path__)
globals().update(CLASSES)

__all__ = ["CLASSES", "FAMILIES", "choose_family"]
__all__ += CLASSES


def __getattr__(name):
    # Type checkers cannot see the classes; this tells them that there are more names.
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
