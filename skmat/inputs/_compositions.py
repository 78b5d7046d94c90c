"""Read ``X`` as compositions, for estimators."""

from collections.abc import Iterable, Iterator, Mapping, Sized

import numpy as np
import pandas as pd
from pymatgen.core import Composition, Element, IStructure, Species
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from skmat._utils.saved_version import SavedVersionMixin
from skmat.composition import read_amounts, read_compositions
from skmat.composition._columns import check_unique, read_columns
from skmat.composition._frames import as_list, as_pandas
from skmat.composition._read import check_ordered, is_missing
from skmat.exceptions import InvalidCompositionError, InvalidInputError
from skmat.inputs._extra_columns import split_for

__all__ = ["CompositionInputMixin", "CompositionReaderMixin", "as_formulas", "held", "is_fitted"]

_FORMULA_TYPES = (str, Mapping, Composition)
#: Types of items by which a list is read as formulas. Some of them then raise an error.
_NOT_NUMBERS = (*_FORMULA_TYPES, bytes, Element, Species)


_NO_FORMULAS = "Found array with 0 sample(s) (no formulas) while a minimum of 1 is required."


class CompositionReaderMixin(SavedVersionMixin):
    """Read composition input as scikit-learn's ``validate_data`` reads numbers.

    `X` has one of two forms:

    - Formulas: a list, Series, one-column DataFrame or object array of formula strings, pymatgen
      Compositions or {symbol: amount} dicts. They count as one feature.
    - Amounts: a non-negative matrix or DataFrame with at least two columns. Column `j` of a matrix
      is the element with atomic number `j + 1`. A column of a DataFrame is the element or compound
      that it is named after.

    DataFrames may come from pandas, polars, pyarrow and other libraries.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.positive_only = True
        if tags.classifier_tags is not None:
            # scikit-learn's check separates blobs in two features, and asks for 83 %. As amounts
            # of two elements they become a single fraction, which separates 80 %.
            tags.classifier_tags.poor_score = True
        return tags

    def _read_X(self, X, *, reset, on_invalid="raise", allow_empty=False):
        """Return `X` as CompositionArrays, and set or check ``n_features_in_``.

        Parameters
        ----------
        X : array-like
            Formulas or amounts.
        reset : bool
            True in ``fit`` sets the number of features. False afterwards checks it.
        on_invalid : {"raise", "nan"}
            "raise" raises an error for rows that cannot be read. "nan" returns them empty.
        allow_empty : bool, default=False
            Whether rows of a matrix of amounts may hold no positive amount.

        Returns
        -------
        CompositionArrays
        """
        X = held(X)
        materials, table = split_for(self, X, reset=reset)
        if table is not None:
            return self._read_beside_numbers(materials, table, reset, on_invalid)
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

    def _read_beside_numbers(self, materials, table, reset, on_invalid):
        """Read formulas of a table with further columns."""
        if not len(table):
            raise InvalidInputError(_NO_FORMULAS)
        validate_data(self, table, reset=reset, skip_check_array=True)
        try:
            return read_compositions(as_formulas(materials), on_invalid=on_invalid)
        except InvalidCompositionError as error:
            error.add_note(
                f"Formulas are read from the column {materials.columns[0]!r}, because it is the"
                " only one that does not hold numbers. If the others are amounts, drop it."
            )
            raise

    def _validate_formulas(self, X, *, reset):
        """Return `X` as a list of unparsed formulas, or None if it holds amounts."""
        formulas = as_formulas(X)
        if formulas is None and not _is_empty(X):
            return None
        if not formulas:
            raise InvalidInputError(_NO_FORMULAS)
        # Only the shape and the column name are checked here: one feature, one name.
        frame = as_pandas(X)
        column = np.empty((len(formulas), 1)) if frame is None else frame
        validate_data(self, column, reset=reset, skip_check_array=True)
        return formulas

    def _validate_amounts(self, X, *, reset):
        """Return `X` as a matrix, and `atomic_numbers` for ``read_amounts``.

        The latter is None if ``fit`` saw no column names.
        """
        frame = as_pandas(X)
        if frame is not None:
            check_unique(frame.columns)
            X = frame
        # One column is an error in `fit`. Later, the comparison with `fit` reports it, unless
        # `fit` saw formulas, which count as one feature.
        min_features = 2 if reset or self.n_features_in_ == 1 else 1
        try:
            amounts = validate_data(
                self,
                X,
                reset=reset,
                dtype=np.float64,
                ensure_min_features=min_features,
                # `read_amounts` reports the rows that are not finite.
                ensure_all_finite=False,
            )
        except ValueError as error:
            _explain_text_columns(X, error)
            if np.ndim(X) == 1:
                raise InvalidInputError(
                    f"X holds numbers, such as {X[0]}, but formulas or a matrix of amounts are"
                    f" needed. Were X and y swapped? {error}"
                ) from error
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


class CompositionInputMixin(CompositionReaderMixin):
    """The same for transformers."""

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then transform X. See ``fit`` and ``transform``."""
        # A generator can be read only once.
        return super().fit_transform(held(X), y, **fit_params)


def as_formulas(X):
    """Return the formulas in `X` as a list, or None if `X` is a matrix of amounts.

    Raises
    ------
    InvalidInputError
        If `X` is a single formula, has no order (a set), or holds structures or elements.
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
    """Return `X` with iterators as lists and masked values as missing."""
    if isinstance(X, np.ma.MaskedArray) and X.dtype.names:
        return pd.DataFrame({name: held(X[name]) for name in X.dtype.names})
    if isinstance(X, np.ma.MaskedArray):
        is_number = X.dtype.kind in "biuf"
        values = np.array(X.data, dtype=np.float64 if is_number else object)
        values[np.ma.getmaskarray(X)] = np.nan if is_number else None
        return values
    return list(X) if isinstance(X, Iterator) else X


def _refuse_elements(X):
    """Raise an error if NumPy turned Compositions into an array of their elements."""
    if X.dtype == object and any(isinstance(value, Element | Species) for value in X.flat):
        raise InvalidInputError(
            "X is an array of elements. NumPy makes it from pymatgen Compositions, and loses their"
            " amounts. Pass a list of the Compositions."
        )


def _from_sequence(values):
    """Return `values` as formulas, or None if they are numbers or rows of a matrix."""
    for value in values:
        if isinstance(value, IStructure):
            raise InvalidInputError(
                "X holds structures, but formulas are expected. Put"
                " skmat.StructureToComposition() before this step of a pipeline."
            )
        if isinstance(value, _NOT_NUMBERS):
            return list(values)
        if isinstance(value, list | tuple) and len(value) == 1:
            if isinstance(value[0], _NOT_NUMBERS):
                return [row[0] if isinstance(row, list | tuple) and row else row for row in values]
        elif _has_names(value):
            raise InvalidInputError(
                f"X is a list of rows ({type(value).__name__}) whose names would be lost. Pass"
                " pandas.DataFrame(X), with only the columns of amounts."
            )
        elif isinstance(value, list | tuple | np.ndarray):
            return None
    # Only plain numbers are left, for which scikit-learn raises an error. If all values are
    # missing, treat them as formulas: that error lists the rows.
    return list(values) if values and all(map(is_missing, values)) else None


def _has_names(row):
    """Tell whether a row of a table names its amounts: a Series, a named tuple, a record."""
    if isinstance(row, pd.Series):
        return not isinstance(row.index, pd.RangeIndex)
    return hasattr(row, "_fields") or bool(getattr(getattr(row, "dtype", None), "names", None))


def _holds_objects(column):
    return not pd.api.types.is_numeric_dtype(column.dtype)


def _explain_text_columns(X, error):
    """Raise an error that names the text columns of `X`, if it has any."""
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
        f"A matrix of amounts must hold only numbers, but {len(text)} of the {table.shape[1]}"
        f" columns of X hold text: {text}. If the formulas are in column {text[0]!r}, pass"
        f" `{formulas}`."
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
    """Tell whether `estimator`, an instance, can be used without ``fit``."""
    if isinstance(estimator, Pipeline):
        # scikit-learn looks at the last step only.
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return all(is_fitted(step) for step in steps)
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
