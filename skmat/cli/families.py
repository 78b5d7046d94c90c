"""The names of the families, without importing torch."""

from pathlib import Path

import skmat

__all__ = ["family_names"]


def family_names():
    """Return the names of the files of families in ``skmat.estimators``."""
    return sorted(path.stem for path in Path(skmat.__path__[0], "estimators").glob("[!_]*.py"))
