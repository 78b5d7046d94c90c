"""Read y from any container: its columns, their names, and missing labels."""

from collections.abc import Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["Column", "LabelTable", "read_columns"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column of labels.

    Attributes
    ----------
    labels : ndarray of shape (n_labels,)
        The known labels, with their type unchanged.
    missing : ndarray of shape (n_rows,), bool
        True for rows without a label.
    is_category : bool
        Whether the container marks the labels as classes.
    """

    labels: np.ndarray
    missing: np.ndarray
    is_category: bool = False

    @property
    def rows(self):
        """Row numbers of the known labels."""
        return np.flatnonzero(~self.missing)

    def filled(self):
        """Return all rows as one array: with missing labels, an array of objects and None."""
        if not self.missing.any():
            return self.labels
        values = np.full(len(self.missing), None, dtype=object)
        values[self.rows] = list(self.labels)
        return values


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The columns of y.

    Attributes
    ----------
    columns : list of Column
        Columns with the same number of rows.
    names : list of str
        Their names. A container without names gives "y", or "y0", "y1" and so on.
    one_dimensional : bool
        Whether y has one dimension.
    has_tuples : bool
        Whether the rows are tuples, which may be meant as labels.
    """

    columns: list[Column]
    names: list[str]
    one_dimensional: bool
    has_tuples: bool = False


def read_columns(y, what="y") -> LabelTable:
    """Read labels or weights.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_columns)
        A list, NumPy array, masked array, or a series or frame of pandas, polars or pyarrow.
        NaN, None, pandas.NA, NaT, nulls and masked values are missing. The index of a pandas
        object is ignored.
    what : str, default="y"
        Name of `y` in errors.

    Raises
    ------
    InvalidInputError
        If `y` has no order, is an iterator, is a single value, or does not have one or two
        dimensions.
    """
    if y is None:
        raise InvalidInputError(
            f"This estimator requires {what} to be passed, but the target {what} is None."
        )
    table = _from_pandas(y, what) or _from_other_frames(y, what)
    if table is None:
        values, mask = _as_array(y, what)
        table = _from_array(values, mask, what)
    if not table.columns:
        raise InvalidInputError(f"{what} has no column.")
    names = table.names
    if len(set(names)) < len(names):
        raise InvalidInputError(f"Every column of {what} needs a name of its own, got {names}.")
    if isinstance(y, list | tuple) and len(y) and isinstance(y[0], tuple):
        return LabelTable(table.columns, names, table.one_dimensional, has_tuples=True)
    return table


def _from_pandas(y, what):
    if isinstance(y, pd.DataFrame):
        columns = [_from_series(y.iloc[:, i]) for i in range(y.shape[1])]
        return LabelTable(columns, [str(name) for name in y.columns], False)
    if isinstance(y, pd.Index):
        y = y.to_series()
    elif isinstance(y, pd.api.extensions.ExtensionArray):
        y = pd.Series(y)
    if isinstance(y, pd.Series):
        return LabelTable([_from_series(y)], [what if y.name is None else str(y.name)], True)
    return None


def _from_series(series):
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy()
        labels = series.cat.categories.to_numpy()[codes[codes >= 0]]
        return Column(labels, codes < 0, is_category=True)
    if isinstance(series.dtype, np.dtype):
        return _without_nan(series.to_numpy(), np.zeros(len(series), dtype=bool))
    missing = series.isna().to_numpy(dtype=bool)
    # Without missing values, nullable types become plain types.
    labels = np.asarray(series.array[~missing].to_numpy())
    return _without_nan(labels, missing)


def _from_other_frames(y, what):
    """Read objects of polars and pyarrow, recognised by their methods."""
    if hasattr(y, "get_columns"):  # polars.DataFrame
        return LabelTable([_from_polars(each) for each in y.get_columns()], list(y.columns), False)
    if hasattr(y, "column_names") and hasattr(y, "itercolumns"):  # pyarrow.Table
        columns = [_from_objects(each.to_pylist()) for each in y.itercolumns()]
        return LabelTable(columns, list(y.column_names), False)
    if hasattr(y, "drop_nulls") and hasattr(y, "is_null"):  # polars.Series
        return LabelTable([_from_polars(y)], [y.name or what], True)
    if hasattr(y, "to_pylist"):  # pyarrow.Array
        return LabelTable([_from_objects(y.to_pylist())], [what], True)
    if hasattr(y, "collect"):  # polars.LazyFrame
        raise InvalidInputError(f"{what} is not computed yet. Pass `{what}.collect()`.")
    return None


def _from_polars(series):
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    return _without_nan(np.asarray(series.drop_nulls().to_numpy()), missing)


def _as_array(y, what):
    """Return `y` as an array of one or two dimensions, and its mask."""
    if isinstance(y, np.ma.MaskedArray):
        return np.asarray(y.data), np.ma.getmaskarray(y)
    if np.isscalar(y):
        raise InvalidInputError(
            f"Expected one label for each row of X, but {what} is the single value {shorten(y)}."
        )
    if isinstance(y, KeysView | ValuesView):
        y = list(y)
    if isinstance(y, Mapping | Set | Iterator):
        reason = "can be read only once" if isinstance(y, Iterator) else "has no rows in order"
        raise InvalidInputError(
            f"{what} is a {type(y).__name__}, which {reason}. Pass a list in the order of X."
        )
    if hasattr(y, "toarray"):
        raise InvalidInputError(
            f"{what} is sparse. Pass `{what}.toarray()`, in which zeros are labels too."
        )
    if isinstance(y, Sequence) and not isinstance(y, range | memoryview):
        return _from_rows(list(y), what), None
    array = np.asarray(y)
    if array.ndim == 0:
        raise InvalidInputError(
            f"Expected a list or array with one label for each row of X, but {what} is a single"
            f" {type(y).__name__}."
        )
    return array, None


def _from_rows(rows, what):
    """Return a list as an array of objects: text and NaN stay unchanged."""
    rows = [_plain(row) for row in rows]
    nested = [isinstance(row, list | tuple) or getattr(row, "ndim", 0) > 0 for row in rows]
    if not any(nested):
        return _objects(rows)
    widths = [len(row) if inner else -1 for row, inner in zip(rows, nested, strict=True)]
    odd = next((i for i, width in enumerate(widths) if width != widths[0]), None)
    if odd is not None:
        raise InvalidInputError(
            f"Rows of {what} must have the same number of labels, with NaN for missing ones. Row 0"
            f" is {shorten(rows[0])}, row {odd} is {shorten(rows[odd])}."
        )
    array = np.empty((len(rows), widths[0]), dtype=object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            array[i, j] = _plain(value)
    return array


def _plain(value):
    """Return the number in a 0-dimensional array, such as a tensor."""
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value[()]
    is_array = getattr(value, "ndim", None) == 0 and not isinstance(value, np.generic)
    return value.item() if is_array and hasattr(value, "item") else value


def _from_array(values, mask, what):
    if values.ndim > 2:
        raise InvalidInputError(
            f"{what} has {values.ndim} dimensions. Expected one row per material and one column"
            " per target."
        )
    one_dimensional = values.ndim == 1
    values = values.reshape(-1, 1) if one_dimensional else values
    columns = []
    for i, column in enumerate(values.T):
        missing = np.zeros(len(column), dtype=bool)
        if mask is not None:
            missing = mask.reshape(values.shape)[:, i].copy()
        columns.append(_without_nan(column[~missing], missing))
    names = [what] if one_dimensional else [f"{what}{i}" for i in range(len(columns))]
    return LabelTable(columns, names, one_dimensional)


def _from_objects(values):
    return _without_nan(_objects(values), np.zeros(len(values), dtype=bool))


def _objects(values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _without_nan(labels, missing):
    """Return a Column, with NaN, None, NaT and pandas.NA among `labels` as missing."""
    if labels.dtype.kind == "T":  # NumPy's text of variable length
        labels = labels.astype(object)
    absent = _is_missing(labels)
    if not absent.any():
        return Column(labels, missing)
    missing = missing.copy()
    missing[np.flatnonzero(~missing)[absent]] = True
    return Column(labels[~absent], missing)


def _is_missing(labels):
    if labels.dtype.kind != "O":
        return np.asarray(pd.isna(labels), dtype=bool)
    labels = _objects([None if label is np.ma.masked else label for label in labels])
    try:
        return np.asarray(pd.isna(labels), dtype=bool)
    except ArithmeticError:  # signalling NaN cannot be compared
        signals = [isinstance(label, Decimal) and label.is_snan() for label in labels]
        others = [None if signal else label for signal, label in zip(signals, labels, strict=True)]
        return np.asarray(pd.isna(_objects(others)), dtype=bool)
