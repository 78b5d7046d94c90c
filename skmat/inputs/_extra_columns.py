"""Tables with one column of materials and further columns, such as temperatures."""

import math
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from skmat.composition._columns import check_unique, counts_amounts
from skmat.composition._frames import as_pandas
from skmat.exceptions import InvalidInputError, shorten
from skmat.inputs._columns import read_columns
from skmat.inputs._labels import as_numbers

__all__ = [
    "ExtraColumnsMixin",
    "check_no_amounts",
    "read_extra_numbers",
    "split_extra_columns",
    "split_for",
]

#: Magnitude of the largest number in a further column.
_LARGEST = 1e300

_MAX_LISTED = 5


def split_extra_columns(X, materials=None):
    """Split a table into its column of materials and its further columns.

    Parameters
    ----------
    X : array-like
        Materials, or a table of pandas, polars, pyarrow or another library.
    materials : str or int, default=None
        Name or position of the column of materials. None takes the only column that does not hold
        numbers.

    Returns
    -------
    materials : array-like or DataFrame of shape (n, 1)
        The column of materials. It is `X` itself if `X` has no further columns.
    extra : DataFrame of shape (n, n_extra) or None
        The further columns. None if `X` is no table, has one column, or holds numbers only: it is
        then a matrix of amounts.

    Raises
    ------
    InvalidInputError
        If several columns do not hold numbers, `materials` is not a column, or the names of the
        columns are not unique text. Also if `materials` is None and the further columns seem to be
        amounts, because they are named after elements.
    """
    frame = as_pandas(X)
    if frame is None or (frame.shape[1] < 2 and materials is None):
        return X, None
    if materials is not None:
        place = _place_of(materials, frame)
    else:
        places = [i for i in range(frame.shape[1]) if not _holds_numbers(frame.iloc[:, i])]
        if not places:
            return X, None
        if len(places) > 1:
            raise InvalidInputError(_ambiguous(frame, places))
        (place,) = places
        check_no_amounts(frame, frame.columns[place])
    check_unique(frame.columns)
    if not all(isinstance(name, str) for name in frame.columns):
        raise InvalidInputError(
            f"X has further columns beside the materials, so that each column needs a text as its"
            f" name, but the names are {shorten(list(frame.columns))}."
        )
    column = frame.iloc[:, [place]].astype(object)
    extra = frame.drop(columns=frame.columns[place])
    return column, extra if extra.shape[1] else None


def read_extra_numbers(extra):
    """Read further columns as numbers.

    Parameters
    ----------
    extra : DataFrame of shape (n, n_extra)
        Further columns, as returned by :func:`split_extra_columns`.

    Returns
    -------
    ndarray of shape (n, n_extra), float64
        A missing value is NaN.

    Raises
    ------
    InvalidInputError
        If a column does not hold numbers, or if a number is infinite.
    """
    for place, name in enumerate(extra.columns):
        series = extra.iloc[:, place]
        if not _holds_numbers(series):
            raise InvalidInputError(
                f"The column {name!r} of X holds {_example(series)}, but columns beside the"
                f" materials must hold numbers. {_remedy([name])}"
            )
    values, faults = [], []
    for column, name in zip(read_columns(extra, "X").columns, extra.columns, strict=True):
        numbers, problems = as_numbers(column, _LARGEST)
        values.append(numbers)
        faults += [
            f"row {row}, column {name!r}: {shorten(value)} is {fault}"
            for row, value, fault in problems
        ]
    if faults:
        more = f" ({len(faults) - _MAX_LISTED} more)" if len(faults) > _MAX_LISTED else ""
        raise InvalidInputError(
            f"X has numbers that cannot be used: {'; '.join(faults[:_MAX_LISTED])}{more}. Correct"
            " them, or set them to NaN (missing)."
        )
    return np.column_stack(values)


class ExtraColumnsMixin:
    """Estimators whose heads read further columns of X.

    Attributes
    ----------
    extra_columns_ : list of str
        Names of the further columns, in the order of X.
    """

    _reads_extra_columns = True
    feature_names_in_: np.ndarray

    def _split_X(self, X, *, reset):
        """Return the materials and the further columns, or None, as a DataFrame.

        ``reset=True`` is for ``fit``. Afterwards X needs the columns that ``fit`` saw.
        """
        if reset:
            materials, extra = split_extra_columns(X)
            self.extra_columns_ = [] if extra is None else list(extra.columns)
            return materials, extra
        known = self._extra_columns
        if not known:
            return X, None
        frame = as_pandas(X)
        if frame is None:
            raise InvalidInputError(
                f"The model was fitted with the further columns {known}, but X is a"
                f" {type(X).__name__}. Pass a DataFrame with the columns"
                f" {list(self.feature_names_in_)}."
            )
        # scikit-learn's error names columns that are missing, new or in another order.
        validate_data(self, frame, reset=False, skip_check_array=True)
        (materials,) = set(self.feature_names_in_) - set(known)
        return split_extra_columns(frame, materials)

    def _read_extra(self, X):
        """Return the numbers of further columns, ndarray of shape (n, n_extra), or None."""
        _, extra = self._split_X(X, reset=False)
        return None if extra is None else read_extra_numbers(extra)

    @property
    def _extra_columns(self):
        # A model of an older version has none.
        return getattr(self, "extra_columns_", [])

    @property
    def _n_extra(self):
        return len(self._extra_columns)


def split_for(estimator, X, *, reset):
    """Return the materials in `X`, and the whole table if it has further columns, else None."""
    if not getattr(estimator, "_reads_extra_columns", False):
        return X, None
    materials, extra = estimator._split_X(X, reset=reset)
    return materials, None if extra is None else as_pandas(X)


def _place_of(materials, frame):
    places = [i for i, name in enumerate(frame.columns) if name == materials]
    if len(places) == 1:
        return places[0]
    is_place = isinstance(materials, Integral) and not isinstance(materials, bool)
    if not places and is_place and 0 <= materials < frame.shape[1]:
        return int(materials)
    raise InvalidInputError(
        f"{materials!r} is not one column of X, whose columns are {shorten(list(frame.columns))}."
    )


def _holds_numbers(series):
    """Tell whether all known values are numbers, or text that is a number."""
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype):
        return not pd.api.types.is_complex_dtype(dtype)
    if isinstance(dtype, pd.CategoricalDtype) or dtype.kind in "mM":
        return False
    return all(_is_number(value) for value in series if not _is_missing(value))


def _is_number(value):
    if isinstance(value, str):
        try:
            # "NaN" is sodium nitride, and "InF" is a compound too.
            return math.isfinite(float(value))
        except ValueError:
            return False
    return isinstance(value, Real | np.bool_) or hasattr(value, "as_integer_ratio")


def _is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or value is np.ma.masked


def _example(series):
    for value in series:
        if not _is_missing(value):
            return f"values such as {shorten(value, 30)}"
    return "no number"


def _remedy(names):
    return (
        "Turn classes into numbers, for example by"
        f" pandas.get_dummies(X, columns={list(names)!r}), or drop the column."
    )


def check_no_amounts(frame, text):
    """Raise an error for amounts of elements beside a column of text."""
    # A column of phases, "B2" and "SC", would be read as formulas.
    amounts = counts_amounts(name for name in frame.columns if name != text)
    if amounts:
        raise InvalidInputError(
            f"X has columns named after elements or compounds ({shorten(amounts)}), as a matrix of"
            f" amounts has, but {text!r} holds {_example(frame[text])}. For a matrix of"
            f" amounts, drop {text!r} or turn it into numbers. If it holds the materials, rename"
            f" the other columns, such as {amounts[0]!r} to {'amount of ' + amounts[0]!r}."
        )


def _ambiguous(frame, places):
    names = [frame.columns[place] for place in places]
    described = ", ".join(
        f"{name!r} ({_example(frame.iloc[:, place])})"
        for name, place in zip(names[:_MAX_LISTED], places, strict=False)
    )
    return (
        f"X has {len(names)} columns that do not hold numbers: {described}. Only one may hold the"
        f" materials. {_remedy(names[1:])}"
    )
