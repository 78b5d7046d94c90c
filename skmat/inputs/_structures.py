"""Read ``X`` as structures, for estimators."""

import numpy as np
from sklearn.utils.validation import validate_data

from skmat._utils.saved_version import SavedVersionMixin
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError
from skmat.inputs._compositions import held
from skmat.inputs._extra_columns import split_for
from skmat.structure import StructureArrays
from skmat.structure._read import as_rows, parse_pymatgen, parse_structures

__all__ = ["StructureInputMixin", "as_structures"]


class StructureInputMixin(SavedVersionMixin):
    """Read structures as one feature, like scikit-learn's ``validate_data`` for numbers.

    X is a ``StructureArrays``, or a list, Series, one-column DataFrame or object array of items
    for :func:`skmat.structure.read_structures`.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then transform X. See ``fit`` and ``transform``."""
        # A generator can be read only once.
        return super().fit_transform(held(X), y, **fit_params)  # type: ignore[misc]

    def _parse_structures(self, X, *, reset, disorder):
        """Return the valid structures of `X`, the problems, and the number of rows."""
        return parse_structures(self._validate_rows(X, reset=reset), disorder)

    def _parse_pymatgen(self, X, *, reset):
        """Return the same with unchanged pymatgen Structures, disordered or not."""
        return parse_pymatgen(self._validate_rows(X, reset=reset), "average")

    def _validate_rows(self, X, *, reset):
        """Return `X` as a sequence of unparsed structures."""
        materials, table = split_for(self, X, reset=reset)
        values = as_structures(materials)
        if not len(values):
            raise InvalidInputError(
                "Found array with 0 sample(s) (no structures) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        if table is None:
            frame = as_pandas(X)
            table = np.empty((len(values), 1)) if frame is None else frame
        validate_data(self, table, reset=reset, skip_check_array=True)
        return values


def as_structures(X):
    """Return the structures in `X` as a sequence."""
    return X if isinstance(X, StructureArrays) else as_rows(X)
