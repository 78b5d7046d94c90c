"""Rescale columns of numbers, so that their squares are finite."""

import numpy as np

__all__ = ["ROUNDING", "in_own_unit"]

#: Numbers with a spread below this fraction of their mean differ only by rounding.
ROUNDING = 10 * np.finfo(float).eps


def in_own_unit(values):
    """Divide each column by a unit that brings its largest number near 1.

    Squares of the results neither overflow nor vanish. Units are powers of two, so no digit is
    lost.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, n_columns)
        Finite numbers, or NaN.

    Returns
    -------
    values : ndarray of the same shape
        The numbers divided by the unit of their column.
    units : ndarray of shape () or (n_columns,)
        Powers of two, 1 for a column of zeros.
    """
    largest = np.nanmax(np.abs(values), axis=0, initial=0.0)
    # The unit and its inverse must be normal numbers.
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000)
    return np.ldexp(values, -exponents), np.ldexp(1.0, exponents)
