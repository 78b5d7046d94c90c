"""How our estimators read ``X``, whichever form the user has it in."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from pymatgen.core import Composition, IStructure
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from skmat._saved_version import SavedVersionMixin
from skmat.composition import read_amounts, read_compositions
from skmat.composition._formula import ATOMIC_NUMBERS
from skmat.composition._read import is_missing
from skmat.exceptions import InvalidInputError

__all__ = ["CompositionInputMixin", "as_formulas", "is_fitted"]

_FORMULA_TYPES = (str, Mapping, Composition)


class CompositionInputMixin(SavedVersionMixin):
    """Read composition input as scikit-learn's ``validate_data`` reads numbers.

    Two forms are told apart:

    - formulas: a list, Series, one-column DataFrame or object array of formula strings, pymatgen
      Compositions or {symbol: amount} dicts; this counts as one feature;
    - amounts: a numeric matrix or DataFrame with two columns or more, non-negative, whose column
      `j` belongs to the element with atomic number `j + 1`; in a DataFrame whose column names
      are all element symbols, each column belongs to the element it is named after.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.positive_only = True
        if tags.classifier_tags is not None:
            # scikit-learn's measure is a set of blobs in two features. As amounts of two elements
            # they are one fraction, which tells 80 % of them apart, and 83 % are asked for.
            tags.classifier_tags.poor_score = True
        return tags

    def _read_X(self, X, *, reset, on_invalid="raise", allow_empty=False):
        """Return `X` as CompositionArrays; set or check ``n_features_in_`` on the way.

        Parameters
        ----------
        X : array-like
            Formulas or amounts.
        reset : bool
            True in ``fit`` (remember the number of features), False afterwards (check it).
        on_invalid : {"raise", "nan"}
            What becomes of rows that are no composition; with "nan" they come back empty.
        allow_empty : bool, default=False
            Whether rows of a matrix of amounts may hold no positive amount.

        Returns
        -------
        CompositionArrays
        """
        formulas = self._validate_formulas(X, reset=reset)
        if formulas is not None:
            return read_compositions(formulas, on_invalid=on_invalid)
        amounts, atomic_numbers = self._validate_amounts(X, reset=reset)
        return read_amounts(
            amounts,
            atomic_numbers=atomic_numbers,
            on_invalid=on_invalid,
            allow_empty=allow_empty,
        )

    def _validate_formulas(self, X, *, reset):
        """Return `X` as a list of formulas, not read yet, or None where it is amounts."""
        formulas = as_formulas(X)
        if formulas is None:
            return None
        if len(formulas) == 0:
            raise InvalidInputError(
                "Found array with 0 sample(s) (no formulas) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        column = X if isinstance(X, pd.DataFrame) else np.empty((len(formulas), 1))
        validate_data(self, column, reset=reset, skip_check_array=True)
        return formulas

    def _validate_amounts(self, X, *, reset):
        """Return `X` as a matrix, and its columns' atomic numbers where ``fit`` saw names."""
        names = list(X.columns) if isinstance(X, pd.DataFrame) else None
        # One column is left to the comparison with `fit`, except that it must not pass for the
        # one feature that formulas are.
        min_features = 2 if reset or self.n_features_in_ == 1 else 1
        try:
            amounts = validate_data(
                self,
                X,
                reset=reset,
                dtype=np.float64,
                ensure_min_features=min_features,
                # `read_amounts` names the rows that are not finite.
                ensure_all_finite=False,
            )
        except ValueError as error:
            _explain_text_columns(X, error)
            raise
        named = None if names is None else _elements_of_columns(names)
        if reset:
            self._column_elements = named
        elif names is not None and named is not None and named != self._column_elements:
            raise InvalidInputError(
                f"The columns of X are named after elements ({names[:5]}, ...), but the matrix of"
                " `fit` had no names and was read by position. Name the columns in both, or in"
                " neither."
            )
        return amounts, self._column_elements


def _elements_of_columns(names):
    """Return the atomic numbers that columns are named after, or None if they are not."""
    known = [name in ATOMIC_NUMBERS for name in names]
    if all(known):
        return [ATOMIC_NUMBERS[name] for name in names]
    others = [name for name, is_known in zip(names, known, strict=True) if not is_known]
    if any(known) or all(str(name).capitalize() in ATOMIC_NUMBERS for name in names):
        raise InvalidInputError(
            f"The columns {others} of X are no symbols of elements, but others are, or would be"
            " in proper case. Name every column by its symbol ('Ti', 'O') and drop what is no"
            " amount."
        )
    return None


def as_formulas(X):
    """Return the formulas in `X` as a list, or None where `X` is a matrix of amounts."""
    if isinstance(X, _FORMULA_TYPES):
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
        return as_formulas(np.asarray(X))
    if hasattr(X, "toarray"):
        return None
    if isinstance(X, Iterable):
        return _from_sequence(list(X))
    return None


def _from_sequence(values):
    """Return `values` as formulas, or None where they are numbers or rows of a matrix."""
    for value in values:
        if isinstance(value, IStructure):
            raise InvalidInputError(
                "X holds crystals, but formulas are read here: put skmat.StructureToComposition()"
                " before this step, in a pipeline."
            )
        if isinstance(value, _FORMULA_TYPES):
            return list(values)
        if isinstance(value, list | tuple) and len(value) == 1:
            if isinstance(value[0], _FORMULA_TYPES):
                return [row[0] if isinstance(row, list | tuple) and row else row for row in values]
        elif isinstance(value, list | tuple | np.ndarray):
            return None
    # Neither a formula nor a row: scikit-learn explains the mistake that plain numbers are, and
    # an empty list; where every value is missing, the error for formulas names each of them.
    return list(values) if values and all(map(is_missing, values)) else None


def _holds_objects(column):
    return not pd.api.types.is_numeric_dtype(column.dtype)


def _explain_text_columns(X, error):
    """Raise an error that names the columns of `X` that hold text, if there are any."""
    is_frame = isinstance(X, pd.DataFrame)
    values = X if is_frame else np.asarray(X, dtype=object)
    if values.ndim != 2:
        return
    table = pd.DataFrame(values)
    text = [name for position, name in enumerate(table) if _holds_text(table.iloc[:, position])]
    if not text:
        return
    formulas = f"X[[{text[0]!r}]]" if is_frame else f"X[:, [{text[0]}]]"
    raise InvalidInputError(
        f"A matrix of amounts holds numbers alone, but of the {table.shape[1]} columns of X these"
        f" hold text: {text}. If the formulas are in column {text[0]!r}, pass `{formulas}`."
    ) from error


def _holds_text(column):
    return _holds_objects(column) and any(
        isinstance(value, str) and not _is_number(value) for value in column
    )


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_fitted(estimator) -> bool:
    """Tell whether `estimator`, an object and no class, can be used without ``fit``."""
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
