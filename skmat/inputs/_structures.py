"""How our estimators of crystals read ``X``, whichever form the user has it in."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from skmat._utils.saved_version import SavedVersionMixin
from skmat.exceptions import InvalidInputError
from skmat.inputs._compositions import held
from skmat.structure import StructureArrays
from skmat.structure._read import as_rows, parse_pymatgen, parse_structures

__all__ = ["StructureInputMixin", "as_structures"]


class StructureInputMixin(SavedVersionMixin):
    """Read crystals as scikit-learn's ``validate_data`` reads numbers: as one feature.

    X is a ``StructureArrays``, or a list, Series, one-column DataFrame or object array of what
    :func:`skmat.structure.read_structures` takes.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then transform X; see ``fit`` and ``transform``."""
        # A generator gives its rows but once.
        return super().fit_transform(held(X), y, **fit_params)  # type: ignore[misc]

    def _parse_structures(self, X, *, reset, disorder):
        """Return what can be read of `X`, what cannot, and the number of its rows."""
        return parse_structures(self._validate_crystals(X, reset=reset), disorder)

    def _parse_pymatgen(self, X, *, reset):
        """Return the same with pymatgen Structures as they were given, disordered or not."""
        return parse_pymatgen(self._validate_crystals(X, reset=reset), "average")

    def _validate_crystals(self, X, *, reset):
        """Return `X` as a sequence of crystals, not read yet."""
        values = as_structures(X)
        if not len(values):
            raise InvalidInputError(
                "Found array with 0 sample(s) (no crystals) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        column = X if isinstance(X, pd.DataFrame) else np.empty((len(values), 1))
        validate_data(self, column, reset=reset, skip_check_array=True)
        return values


def as_structures(X):
    """Return the crystals in `X` as a sequence."""
    if isinstance(X, StructureArrays):
        return X
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            raise InvalidInputError(
                f"X has {X.shape[1]} columns; pass the one that holds the crystals, X[['name']]."
            )
        return X.iloc[:, 0].tolist()
    return as_rows(X)
