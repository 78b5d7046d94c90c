"""y in whatever container: its columns, their names, and where a label is missing."""

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
        Those that are there, of the type that they have.
    missing : ndarray of shape (n_rows,), bool
        Where there is none.
    is_category : bool
        Whether the container says that these are classes.
    """

    labels: np.ndarray
    missing: np.ndarray
    is_category: bool = False

    @property
    def rows(self):
        """Row numbers of the labels."""
        return np.flatnonzero(~self.missing)

    def filled(self):
        """Return all rows as one array: of objects, with None, if a label is missing."""
        if not self.missing.any():
            return self.labels
        values = np.full(len(self.missing), None, dtype=object)
        values[self.rows] = list(self.labels)
        return values


@dataclass(frozen=True, eq=False)
class LabelTable:
    """What y is made of.

    Attributes
    ----------
    columns : list of Column
        All of the same number of rows.
    names : list of str
        Their names; "y", or "y0", "y1" and so on, where the container has none.
    one_dimensional : bool
        Whether y has one dimension.
    has_tuples : bool
        Whether the rows are tuples, which may also be meant as labels.
    """

    columns: list[Column]
    names: list[str]
    one_dimensional: bool
    has_tuples: bool = False


def read_columns(y, what="y") -> LabelTable:
    """Read labels, or weights.

    Parameters
    ----------
    y : array-like of shape (n,) or (n, n_columns)
        A list, NumPy array, masked array, or a series or frame of pandas, polars or pyarrow.
        NaN, None, pandas.NA, NaT, nulls and what is masked are missing. The index of a pandas
        object is not looked at.
    what : str, default="y"
        What errors call it.

    Raises
    ------
    InvalidInputError
        If `y` has no order, can be read but once, is a single value, or has not one or two
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
        raise InvalidInputError(f"Every column of {what} needs a name of its own; got {names}.")
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
    # Without the missing ones, nullable types become the plain types that they stand for.
    labels = np.asarray(series.array[~missing].to_numpy())
    return _without_nan(labels, missing)


def _from_other_frames(y, what):
    """Read what polars and pyarrow have, by the methods that it has."""
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
        raise InvalidInputError(f"{what} is not computed yet; pass `{what}.collect()`.")
    return None


def _from_polars(series):
    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    return _without_nan(np.asarray(series.drop_nulls().to_numpy()), missing)


def _as_array(y, what):
    """Return `y` as an array of one or two dimensions, and where it is masked."""
    if isinstance(y, np.ma.MaskedArray):
        return np.asarray(y.data), np.ma.getmaskarray(y)
    if np.isscalar(y):
        raise InvalidInputError(
            f"{what} is the single value {shorten(y)}; expected one label for each row of X."
        )
    if isinstance(y, KeysView | ValuesView):
        y = list(y)
    if isinstance(y, Mapping | Set | Iterator):
        reason = "can be read but once" if isinstance(y, Iterator) else "has no rows in order"
        raise InvalidInputError(
            f"{what} is a {type(y).__name__}, which {reason}; pass a list in the order of X."
        )
    if hasattr(y, "toarray"):
        raise InvalidInputError(
            f"{what} is sparse; pass `{what}.toarray()`, in which zeros are labels too."
        )
    if isinstance(y, Sequence) and not isinstance(y, range | memoryview):
        return _from_rows(list(y), what), None
    array = np.asarray(y)
    if array.ndim == 0:
        raise InvalidInputError(
            f"{what} is a single {type(y).__name__}; expected one label for each row of X, in a"
            " list or an array."
        )
    return array, None


def _from_rows(rows, what):
    """Return a list as an array of objects, so that text and NaN stay what they are."""
    rows = [_plain(row) for row in rows]
    nested = [isinstance(row, list | tuple) or getattr(row, "ndim", 0) > 0 for row in rows]
    if not any(nested):
        return _objects(rows)
    widths = [len(row) if inner else -1 for row, inner in zip(rows, nested, strict=True)]
    odd = next((i for i, width in enumerate(widths) if width != widths[0]), None)
    if odd is not None:
        raise InvalidInputError(
            f"Rows of {what} must have the same number of labels, NaN where there is none; row 0"
            f" is {shorten(rows[0])}, row {odd} is {shorten(rows[odd])}."
        )
    array = np.empty((len(rows), widths[0]), dtype=object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            array[i, j] = _plain(value)
    return array


def _plain(value):
    """Return the number in an array of no dimension, such as a tensor."""
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return value[()]
    is_array = getattr(value, "ndim", None) == 0 and not isinstance(value, np.generic)
    return value.item() if is_array and hasattr(value, "item") else value


def _from_array(values, mask, what):
    if values.ndim > 2:
        raise InvalidInputError(
            f"{what} has {values.ndim} dimensions; expected a row for each material and, if there"
            " are several targets, a column for each."
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
    """Return a Column; NaN, None, NaT and pandas.NA among `labels` are missing, too."""
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
    except ArithmeticError:  # signalling NaN, which does not compare
        signals = [isinstance(label, Decimal) and label.is_snan() for label in labels]
        others = [None if signal else label for signal, label in zip(signals, labels, strict=True)]
        return np.asarray(pd.isna(_objects(others)), dtype=bool)
