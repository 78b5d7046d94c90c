"""Targets as splitters read them."""

import numpy as np
from sklearn.utils.validation import column_or_1d

from skmat.exceptions import InvalidInputError

__all__ = ["read_target"]


def read_target(y):
    """Return one column of finite numbers.

    Raises
    ------
    InvalidInputError
        If `y` has several columns, or a value that is not a finite number.
    """
    try:
        y = column_or_1d(y).astype(np.float64)
    except ValueError as error:
        raise InvalidInputError(f"y must be one column of numbers: {error}") from None
    missing = np.flatnonzero(~np.isfinite(y))
    if len(missing):
        raise InvalidInputError(
            f"y has {len(missing)} missing or infinite labels, the first in row {missing[0]}."
            " Split only rows with labels."
        )
    return y
