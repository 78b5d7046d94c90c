"""How our estimators of crystals read ``X``, whichever form the user has it in."""

import numpy as np
import pandas as pd
from pymatgen.core import IStructure
from sklearn.utils.validation import validate_data

from skmat.crystal import StructureArrays, read_structures
from skmat.exceptions import InvalidInputError

__all__ = ["CrystalInputMixin", "as_structures"]


class CrystalInputMixin:
    """Read crystals as scikit-learn's ``validate_data`` reads numbers: as one feature.

    X is a ``StructureArrays``, or a list, Series, one-column DataFrame or object array of what
    :func:`skmat.crystal.read_structures` takes.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def _read_structures(self, X, *, reset, on_invalid):
        """Return what can be read of `X` as StructureArrays, and the mask of its rows."""
        values = as_structures(X)
        if not len(values):
            raise InvalidInputError(
                "Found array with 0 sample(s) (no crystals) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        column = X if isinstance(X, pd.DataFrame) else np.empty((len(values), 1))
        validate_data(self, column, reset=reset, skip_check_array=True)
        return read_structures(values, on_invalid=on_invalid)


def as_structures(X):
    """Return the crystals in `X` as a sequence."""
    if isinstance(X, StructureArrays):
        return X
    if isinstance(X, IStructure | str | dict) or hasattr(X, "get_scaled_positions"):
        raise InvalidInputError(
            f"Expected a list of crystals, got one {type(X).__name__}. Reshape your data: pass it"
            " as a list of one, [X]."
        )
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            raise InvalidInputError(
                f"X has {X.shape[1]} columns; pass the one that holds the crystals, X[['name']]."
            )
        return X.iloc[:, 0].tolist()
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        return X[:, 0].tolist()
    return list(X)
