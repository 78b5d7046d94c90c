"""Columns of numbers in units of their own, so that their squares are finite."""

import numpy as np

__all__ = ["ROUNDING", "in_own_unit"]

#: Numbers whose spread is below this fraction of their mean differ by rounding only.
ROUNDING = 10 * np.finfo(float).eps


def in_own_unit(values):
    """Return the columns of `values` in units in which their largest is near 1, and the units.

    Squares neither overflow nor vanish there. The units are powers of two, so that no digit is
    lost.

    Parameters
    ----------
    values : ndarray of shape (n,) or (n, n_columns)
        Finite numbers or NaN, which is skipped.

    Returns
    -------
    values : ndarray of the same shape
        The numbers divided by the unit of their column.
    units : ndarray of shape () or (n_columns,)
        Powers of two; 1 for a column of zeros.
    """
    largest = np.nanmax(np.abs(values), axis=0, initial=0.0)
    # The unit itself must be a normal number, and so must its inverse.
    exponents = np.clip(np.frexp(largest)[1], -1000, 1000)
    return np.ldexp(values, -exponents), np.ldexp(1.0, exponents)
