"""How our estimators read ``X``, whichever form the user has it in."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from pymatgen.core import Composition
from sklearn.utils.validation import validate_data

from skmat.composition import read_amounts, read_compositions
from skmat.composition._formula import ATOMIC_NUMBERS
from skmat.exceptions import InvalidInputError

__all__ = ["CompositionInputMixin"]


class CompositionInputMixin:
    """Read composition input as scikit-learn's ``validate_data`` reads numbers.

    Two forms are told apart:

    - formulas: a list, Series, one-column DataFrame or object array of formula strings, pymatgen
      Compositions or {symbol: amount} dicts; this counts as one feature;
    - amounts: a numeric matrix or DataFrame with two columns or more, non-negative, whose column
      `j` belongs to the element with atomic number `j + 1`; in a DataFrame whose column names
      are all element symbols, each column belongs to the element it is named after.
    """

    def _read_X(self, X, *, reset, on_invalid="raise"):
        """Return `X` as CompositionArrays; set or check ``n_features_in_`` on the way.

        Parameters
        ----------
        X : array-like
            Formulas or amounts.
        reset : bool
            True in ``fit`` (remember the number of features), False afterwards (check it).
        on_invalid : {"raise", "nan"}
            What becomes of rows that are no composition; with "nan" they come back empty.

        Returns
        -------
        CompositionArrays
        """
        formulas = _as_formulas(X)
        if formulas is None:
            return self._read_amounts(X, reset=reset, on_invalid=on_invalid)
        if len(formulas) == 0:
            raise InvalidInputError(
                "Found array with 0 sample(s) (no formulas) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        column = X if isinstance(X, pd.DataFrame) else np.empty((len(formulas), 1))
        validate_data(self, column, reset=reset, skip_check_array=True)
        return read_compositions(formulas, on_invalid=on_invalid)

    def _read_amounts(self, X, *, reset, on_invalid):
        symbols = list(X.columns) if isinstance(X, pd.DataFrame) else None
        amounts = validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_min_features=2, accept_sparse=False
        )
        atomic_numbers = None
        if symbols and all(symbol in ATOMIC_NUMBERS for symbol in symbols):
            atomic_numbers = [ATOMIC_NUMBERS[symbol] for symbol in symbols]
        return read_amounts(amounts, atomic_numbers=atomic_numbers, on_invalid=on_invalid)


def _as_formulas(X):
    """Return the formulas in `X` as a list, or None where `X` is a matrix of amounts."""
    if isinstance(X, str | Composition | Mapping):
        raise InvalidInputError(
            f"Expected a list of formulas, got the single value {X!r}. Reshape your data: pass"
            " it as a list of one, [X]."
        )
    if isinstance(X, pd.DataFrame):
        return X.iloc[:, 0].tolist() if X.shape[1] == 1 and _holds_objects(X.iloc[:, 0]) else None
    if isinstance(X, pd.Series | pd.Index):
        return X.tolist() if _holds_objects(X) else None
    if isinstance(X, list | tuple):
        return _from_sequence(X)
    if isinstance(X, np.ndarray):
        if X.dtype.kind not in "OUST":
            return None
        if X.ndim == 1 or (X.ndim == 2 and X.shape[1] == 1):
            return _from_sequence(X.reshape(-1).tolist())
        return None
    if hasattr(X, "__array__"):
        return _as_formulas(np.asarray(X))
    if hasattr(X, "toarray"):
        return None
    if isinstance(X, Iterable):
        return _from_sequence(list(X))
    return None


def _from_sequence(values):
    """Tell a list of formulas from a list of rows by its first value that is not missing."""
    for value in values:
        if isinstance(value, str | Mapping | Composition):
            return list(values)
        if isinstance(value, list | tuple) and len(value) == 1 and isinstance(value[0], str):
            return [row[0] if isinstance(row, list | tuple) and row else row for row in values]
        if isinstance(value, list | tuple | np.ndarray | int | np.number | bool) or (
            isinstance(value, float) and value == value
        ):
            return None
    # Nothing but missing values (or nothing at all): as formulas the error names every row.
    return list(values) if values else None


def _holds_objects(column):
    return not pd.api.types.is_numeric_dtype(column.dtype)
