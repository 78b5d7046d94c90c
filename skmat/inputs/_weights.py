"""Sample weights, in whatever container."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmat._utils.units import in_own_unit
from skmat.exceptions import InvalidInputError, InvalidWeightsError, shorten
from skmat.inputs._columns import read_columns
from skmat.inputs._labels import as_numbers

__all__ = ["read_weights", "weights_of_scores", "weights_to_learn_by"]

#: Smaller shares of the mean weight are 0: float32 holds no such numbers.
_SMALLEST = float(np.finfo(np.float32).tiny)

_REMEDY = "weights are finite and not negative."


def read_weights(sample_weight, n_rows):
    """Read the weights of materials.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or (n, 1), float or None
        Non-negative; a single number weighs all rows alike, and so does None.
    n_rows : int
        Rows of X.

    Returns
    -------
    ndarray of shape (n_rows,), float64

    Raises
    ------
    InvalidWeightsError
        If a weight is negative, missing, infinite or no number.
    InvalidInputError
        If there is more than one column.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    if np.isscalar(sample_weight) or getattr(sample_weight, "ndim", None) == 0:
        weight = np.asarray(sample_weight)[()]
        (weight,), problems = _read([weight])
        if problems:
            raise InvalidInputError(f"sample_weight: {problems[0][2]}; {_REMEDY}")
        return np.full(n_rows, weight)
    weights, problems = _read(sample_weight)
    check_consistent_length(weights, range(n_rows))
    if problems:
        raise InvalidWeightsError(problems, n_rows)
    return weights


def _read(sample_weight):
    """Return weights, and a row, a value and a description for each that cannot be used."""
    columns = read_columns(sample_weight, "sample_weight").columns
    if len(columns) > 1:
        raise InvalidInputError(
            f"sample_weight has {len(columns)} columns; there is one weight for each row."
            " Tasks are weighed by the parameter loss_weights."
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

    Rows that are no material have weight 0, and so have weights that are too small for float32.

    Raises
    ------
    InvalidInputError
        As ``read_weights``, or if all are zero.
    """
    weights = read_weights(sample_weight, len(materials))
    # An empty row of a matrix of amounts is no material, and teaches nothing.
    weights = np.where(materials.n_sites > 0, weights, 0.0)
    if not weights.any():
        raise InvalidInputError(
            "Sample weights must contain at least one non-zero number for a row that is a"
            " material; all are zero."
        )
    # In a unit of their own: sums of weights near 1e308 are infinite.
    weights, _ = in_own_unit(weights)
    # Mean 1 keeps the scale of the loss, and so the meaning of the learning rate.
    weights = weights / weights.mean()
    return np.where(weights < _SMALLEST, 0.0, weights)


def weights_of_scores(sample_weight, n_rows):
    """Return weights whose sums are finite, or None where there are no weights."""
    if sample_weight is None:
        return None
    return in_own_unit(read_weights(sample_weight, n_rows))[0]
