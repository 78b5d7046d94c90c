"""Encoders, regressors and classifiers: one file per family, shared work in base classes.

Each file without a leading ``_`` is a family.
"""

from skmat.estimators._registry import FAMILIES, choose_family, load_families

#: Encoders, regressors and classifiers by name.
CLASSES = load_families(__name__, __path__)
globals().update(CLASSES)

__all__ = ["CLASSES", "FAMILIES", "choose_family"]
__all__ += CLASSES


def __getattr__(name):
    # For type checkers, which cannot see names added by ``globals()``.
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
