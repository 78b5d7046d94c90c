"""How our estimators read ``X``, whichever form the user has it in."""

from collections.abc import Iterable, Iterator, Mapping, Sized

import numpy as np
import pandas as pd
from pymatgen.core import Composition, Element, IStructure, Species
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted, validate_data

from skmat._utils.saved_version import SavedVersionMixin
from skmat.composition import read_amounts, read_compositions
from skmat.composition._columns import check_unique, read_columns
from skmat.composition._frames import as_list, as_pandas
from skmat.composition._read import check_ordered, is_missing
from skmat.exceptions import InvalidInputError

__all__ = ["CompositionInputMixin", "as_formulas", "held", "is_fitted"]

_FORMULA_TYPES = (str, Mapping, Composition)
#: What is in a list of formulas, rightly or not.
_NOT_NUMBERS = (*_FORMULA_TYPES, bytes, Element, Species)


class CompositionInputMixin(SavedVersionMixin):
    """Read composition input as scikit-learn's ``validate_data`` reads numbers.

    Two forms are told apart:

    - formulas: a list, Series, one-column DataFrame or object array of formula strings, pymatgen
      Compositions or {symbol: amount} dicts; this counts as one feature;
    - amounts: a numeric matrix or DataFrame with two columns or more, non-negative, whose column
      `j` belongs to the element with atomic number `j + 1`; in a DataFrame, each column belongs
      to the element or compound that it is named after.

    DataFrames are those of pandas, polars, pyarrow and other libraries.
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

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then transform X; see ``fit`` and ``transform``."""
        # A generator gives its rows but once.
        return super().fit_transform(held(X), y, **fit_params)

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
        X = held(X)
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
        if formulas is None and not _is_empty(X):
            return None
        if not formulas:
            raise InvalidInputError(
                "Found array with 0 sample(s) (no formulas) while a minimum of 1 is required."
            )
        # Only the shape and the column name are checked here: one feature, one name.
        frame = as_pandas(X)
        column = np.empty((len(formulas), 1)) if frame is None else frame
        validate_data(self, column, reset=reset, skip_check_array=True)
        return formulas

    def _validate_amounts(self, X, *, reset):
        """Return `X` as a matrix, and what its columns count where ``fit`` saw names.

        The latter is what ``read_amounts`` takes for `atomic_numbers`.
        """
        frame = as_pandas(X)
        if frame is not None:
            check_unique(frame.columns)
            X = frame
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
        named = None if frame is None else read_columns(list(frame.columns))
        if reset:
            self._column_elements = named
        elif named is not None and named != self._column_elements:
            raise InvalidInputError(
                f"The columns of X are named after elements ({list(frame.columns)[:5]}, ...), but"
                " the matrix of `fit` had no names and was read by position. Name the columns in"
                " both, or in neither."
            )
        return amounts, self._column_elements


def as_formulas(X):
    """Return the formulas in `X` as a list, or None where `X` is a matrix of amounts.

    Raises
    ------
    InvalidInputError
        If `X` is a single formula, has no order, as a set, or holds crystals or elements.
    """
    check_ordered(X)
    frame = as_pandas(X)
    if frame is not None:
        one = frame.shape[1] == 1 and _holds_objects(frame.iloc[:, 0])
        return frame.iloc[:, 0].tolist() if one else None
    if isinstance(X, pd.Series | pd.Index):
        return X.tolist() if _holds_objects(X) else None
    if isinstance(X, list | tuple):
        return _from_sequence(X)
    if isinstance(X, np.ndarray):
        if X.dtype.kind not in "OUST":
            return None
        _refuse_elements(X)
        if X.ndim == 1 or (X.ndim == 2 and X.shape[1] == 1):
            return _from_sequence(X.reshape(-1).tolist())
        return None
    items = as_list(X)
    if items is not None:
        return _from_sequence(items)
    if hasattr(X, "__array__"):
        return as_formulas(np.asarray(X))
    if hasattr(X, "toarray"):
        return None
    if isinstance(X, Iterable):
        return _from_sequence(list(X))
    return None


def _is_empty(X):
    """Tell whether `X` has neither rows nor columns of amounts."""
    frame = as_pandas(X)
    if frame is not None:
        return not len(frame) and frame.shape[1] < 2
    shape = getattr(X, "shape", None)
    return shape == (0,) if shape is not None else isinstance(X, Sized) and not len(X)


def held(X):
    """Return `X`, what it gives only once as a list, what is masked as missing."""
    if isinstance(X, np.ma.MaskedArray) and X.dtype.names:
        return pd.DataFrame({name: held(X[name]) for name in X.dtype.names})
    if isinstance(X, np.ma.MaskedArray):
        is_number = X.dtype.kind in "biuf"
        values = np.array(X.data, dtype=np.float64 if is_number else object)
        values[np.ma.getmaskarray(X)] = np.nan if is_number else None
        return values
    return list(X) if isinstance(X, Iterator) else X


def _refuse_elements(X):
    """Raise an error where NumPy has made a table of the elements of Compositions."""
    if X.dtype == object and any(isinstance(value, Element | Species) for value in X.flat):
        raise InvalidInputError(
            "X is an array of elements: NumPy makes one of pymatgen Compositions and loses their"
            " amounts. Pass a list of the Compositions."
        )


def _from_sequence(values):
    """Return `values` as formulas, or None where they are numbers or rows of a matrix."""
    for value in values:
        if isinstance(value, IStructure):
            raise InvalidInputError(
                "X holds crystals, but formulas are read here: put skmat.StructureToComposition()"
                " before this step, in a pipeline."
            )
        if isinstance(value, _NOT_NUMBERS):
            return list(values)
        if isinstance(value, list | tuple) and len(value) == 1:
            if isinstance(value[0], _NOT_NUMBERS):
                return [row[0] if isinstance(row, list | tuple) and row else row for row in values]
        elif _has_names(value):
            raise InvalidInputError(
                f"X is a list of rows ({type(value).__name__}) whose names would be lost. Pass a"
                " table, as pandas.DataFrame(X) makes it, without columns that hold no amounts."
            )
        elif isinstance(value, list | tuple | np.ndarray):
            return None
    # Neither a formula nor a row: scikit-learn explains the mistake that plain numbers are; where
    # every value is missing, the error for formulas names each of them.
    return list(values) if values and all(map(is_missing, values)) else None


def _has_names(row):
    """Tell whether a row of a table names its amounts: a Series, a named tuple, a record."""
    if isinstance(row, pd.Series):
        return not isinstance(row.index, pd.RangeIndex)
    return hasattr(row, "_fields") or bool(getattr(getattr(row, "dtype", None), "names", None))


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
