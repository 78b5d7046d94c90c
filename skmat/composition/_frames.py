"""Tables of any library as pandas DataFrames."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError

__all__ = ["as_list", "as_pandas"]


def as_pandas(X):
    """Return a table as a DataFrame, or None if `X` has no named columns.

    Parameters
    ----------
    X : object
        A DataFrame of pandas, polars, narwhals or a library with their interface, a pyarrow
        Table, an object with ``__dataframe__``, or a structured array.

    Raises
    ------
    InvalidInputError
        If `X` is a lazy table, whose rows are not computed yet.
    """
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, np.ndarray):
        return pd.DataFrame(X) if X.dtype.names and X.ndim == 1 else None
    if isinstance(X, pd.Series | pd.Index | list | tuple | str | bytes):
        return None
    if hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise InvalidInputError(
            f"X is a {type(X).__name__}, whose rows are not computed yet. Pass X.collect()."
        )
    names = getattr(X, "column_names", None)
    if names is None:
        names = getattr(X, "columns", None)
    # Objects that are not tables may have "columns" too, but no columns by name.
    if isinstance(names, Iterable) and hasattr(X, "__getitem__"):
        names = list(names)
        columns = {place: _values(X[name]) for place, name in enumerate(names)}
        return pd.DataFrame(columns).set_axis(pd.Index(names, dtype=object), axis=1)
    if hasattr(X, "__dataframe__"):
        return pd.api.interchange.from_dataframe(X)
    return None


def as_list(column):
    """Return the items of a polars or Arrow series, or None for anything else.

    Records become dicts. NumPy would drop their names.
    """
    for convert in ("to_pylist", "to_list"):
        if hasattr(column, convert) and hasattr(column, "__array__"):
            return getattr(column, convert)()
    return None


def _values(column):
    values = np.asarray(column)
    return values if values.ndim == 1 else pd.Series(as_list(column), dtype=object)
