"""Tables of any library as pandas DataFrames."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from skmat.exceptions import InvalidInputError

__all__ = ["as_list", "as_pandas"]


def as_pandas(X):
    """Return a table as a DataFrame, or None where `X` is no table with named columns.

    Parameters
    ----------
    X : object
        A DataFrame of pandas, polars, narwhals or another library with their interface, a
        pyarrow Table, anything with ``__dataframe__``, or a structured array.

    Raises
    ------
    InvalidInputError
        If `X` is a lazy table, which has no rows yet.
    """
    if isinstance(X, pd.DataFrame):
        return X
    if isinstance(X, np.ndarray):
        return pd.DataFrame(X) if X.dtype.names and X.ndim == 1 else None
    if isinstance(X, pd.Series | pd.Index | list | tuple | str | bytes):
        return None
    if hasattr(X, "collect_schema") and not hasattr(X, "shape"):
        raise InvalidInputError(
            f"X is a {type(X).__name__}: pass X.collect(), which has its rows."
        )
    names = getattr(X, "column_names", None)
    if names is None:
        names = getattr(X, "columns", None)
    # A name gives its column; classes of other kinds may have "columns" too.
    if isinstance(names, Iterable) and hasattr(X, "__getitem__"):
        names = list(names)
        columns = {place: _values(X[name]) for place, name in enumerate(names)}
        return pd.DataFrame(columns).set_axis(pd.Index(names, dtype=object), axis=1)
    if hasattr(X, "__dataframe__"):
        return pd.api.interchange.from_dataframe(X)
    return None


def as_list(column):
    """Return the items of a series of polars or Arrow, or None where `column` is none.

    Records are dicts here; NumPy makes a table of them, without their names.
    """
    for convert in ("to_pylist", "to_list"):
        if hasattr(column, convert) and hasattr(column, "__array__"):
            return getattr(column, convert)()
    return None


def _values(column):
    values = np.asarray(column)
    return values if values.ndim == 1 else pd.Series(as_list(column), dtype=object)
