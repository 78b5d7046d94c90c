"""Checks and conversions of the flat arrays of structures."""

import numpy as np

from skmat.composition import MAX_ATOMIC_NUMBER
from skmat.exceptions import InvalidInputError

__all__ = ["as_strings", "check_elements", "frozen", "read_only", "whole"]


def whole(values, name):
    """Return `values` as an array of integers. Raise InvalidInputError if they are not whole."""
    values = np.asarray(values)
    if values.dtype.kind in "iu":
        return values
    if values.size and not (values.dtype.kind == "f" and np.array_equal(values, np.rint(values))):
        raise InvalidInputError(f"{name} must be integers, got values of dtype {values.dtype}.")
    return values.astype(np.int64)


def check_elements(numbers, n_mixtures):
    """Raise unless these are atomic numbers or numbers of mixtures."""
    largest = MAX_ATOMIC_NUMBER + n_mixtures
    if numbers.size and not (numbers.min() >= 1 and numbers.max() <= largest):
        among = f" with {n_mixtures} mixtures" if n_mixtures else ""
        raise InvalidInputError(
            f"atomic_number must be between 1 and {largest}{among}, got values from"
            f" {numbers.min()} to {numbers.max()}."
        )


def frozen(array):
    """Return a new array, after it is made read-only: `read_only` does not copy it."""
    array.flags.writeable = False
    return array


def read_only(values, dtype):
    """Return `values` as an array of `dtype` that cannot be written to.

    Arrays that can be written to are copied: their owner may use them again.
    """
    array = np.asarray(values, dtype=dtype)
    return frozen(array.copy()) if array.flags.writeable else array


def as_strings(ids):
    """Return `ids` as an array of Python strings."""
    ids = np.asarray(ids)
    if ids.dtype.kind == "S":
        ids = np.char.decode(ids, "utf-8")
    strings = np.empty(ids.shape, dtype=object)
    strings[...] = ids.astype(str)
    return strings
