"""Read sample weights from any container."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmat._utils.units import in_own_unit
from skmat.exceptions import InvalidInputError, InvalidWeightsError, shorten
from skmat.inputs._columns import read_columns
from skmat.inputs._labels import as_numbers

__all__ = ["read_weights", "weights_of_scores", "weights_to_learn_by"]

#: Weights below this fraction of the mean are set to 0: float32 cannot hold them.
_SMALLEST = float(np.finfo(np.float32).tiny)

_REMEDY = "Weights must be finite and not negative."


def read_weights(sample_weight, n_rows):
    """Read the weights of materials.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or (n, 1), float or None
        Non-negative weights. A single number or None weighs all rows alike.
    n_rows : int
        Number of rows of X.

    Returns
    -------
    ndarray of shape (n_rows,), float64

    Raises
    ------
    InvalidWeightsError
        If a weight is negative, missing, infinite or not a number.
    InvalidInputError
        If `sample_weight` has more than one column.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    if np.isscalar(sample_weight) or getattr(sample_weight, "ndim", None) == 0:
        weight = np.asarray(sample_weight)[()]
        (weight,), problems = _read([weight])
        if problems:
            raise InvalidInputError(f"sample_weight: {problems[0][2]}. {_REMEDY}")
        return np.full(n_rows, weight)
    weights, problems = _read(sample_weight)
    check_consistent_length(weights, range(n_rows))
    if problems:
        raise InvalidWeightsError(problems, n_rows)
    return weights


def _read(sample_weight):
    """Return the weights, and row, value and fault of each invalid one."""
    columns = read_columns(sample_weight, "sample_weight").columns
    if len(columns) > 1:
        raise InvalidInputError(
            f"sample_weight has {len(columns)} columns. Give one weight per row. To weight tasks,"
            " use the parameter loss_weights."
        )
    weights, problems = as_numbers(columns[0], np.finfo(float).max)
    problems = [(row, value, f"{shorten(value)} is {fault}") for row, value, fault in problems]
    named = {row for row, _, _ in problems}
    for row in np.flatnonzero(~(weights >= 0)).tolist():
        if row not in named:
            value = float(weights[row])
            missing = np.isnan(value)
            problems.append(
                (row, value, "the weight is missing" if missing else f"{value} is negative")
            )
    return weights, sorted(problems, key=lambda problem: problem[0])


def weights_to_learn_by(sample_weight, materials):
    """Read the weights of `materials`, divided by their mean.

    Empty rows get weight 0. Weights too small for float32 become 0.

    Raises
    ------
    InvalidInputError
        As in ``read_weights``, or if all weights are zero.
    """
    weights = read_weights(sample_weight, len(materials))
    # Ignore empty rows of a matrix of amounts.
    weights = np.where(materials.n_sites > 0, weights, 0.0)
    if not weights.any():
        raise InvalidInputError(
            "Sample weights must contain at least one non-zero number for a row that is a"
            " material, but all are zero."
        )
    # Rescale first: sums of weights near 1e308 are infinite.
    weights, _ = in_own_unit(weights)
    # A mean of 1 keeps the scale of the loss, and with it the effect of the learning rate.
    weights = weights / weights.mean()
    return np.where(weights < _SMALLEST, 0.0, weights)


def weights_of_scores(sample_weight, n_rows):
    """Return weights with finite sums, or None without weights."""
    if sample_weight is None:
        return None
    return in_own_unit(read_weights(sample_weight, n_rows))[0]
