"""Errors of predicted numbers."""

import numpy as np

from skmat._utils.units import in_own_unit
from skmat.exceptions import InvalidInputError, InvalidLabelsError, shorten
from skmat.inputs import as_numbers, read_columns, weights_of_scores
from skmat.metrics._average import average_of_targets

__all__ = [
    "mean_absolute_error",
    "r2_score",
    "relative_absolute_error",
    "root_mean_squared_error",
]

_NO_LABEL = "it has no label in a row of positive weight"
_NO_SPREAD = "it has fewer than two different labels in rows of positive weight"


def mean_absolute_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean absolute error over the rows with a label.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_targets)
        Labels. NaN means missing.
    y_pred : array-like of the shape of `y_true`
        Predictions.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_targets,), \
default="uniform_average"
        How scores of several targets become one number: not at all, by their mean, or by their
        mean with these weights. A mean needs targets of one unit. For other units, use
        :func:`relative_absolute_error`.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Error in the unit of y. 0 is the best value. NaN without any label.

    Raises
    ------
    InvalidInputError
        If shapes differ, a label is not a number, or a row with a label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has no label. The mean leaves it out.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.metrics import mean_absolute_error
    >>> mean_absolute_error([1.0, np.nan, 3.0], [1.5, 7.0, 3.5])
    0.5
    """
    scores, names = _score_columns(_absolute, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, _NO_LABEL)


def root_mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Root mean squared error over the rows with a label.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        As in :func:`mean_absolute_error`.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Error in the unit of y. 0 is the best value. NaN without any label.

    Raises
    ------
    InvalidInputError
        If shapes differ, a label is not a number, or a row with a label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has no label. The mean leaves it out.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.metrics import root_mean_squared_error
    >>> root_mean_squared_error([1.0, np.nan, 3.0], [1.5, 7.0, 3.5])
    0.5
    """
    scores, names = _score_columns(_root, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, _NO_LABEL)


def relative_absolute_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean absolute error, divided by that of the mean label.

    The divisor is the mean absolute deviation of the labels from their mean. The error has no
    unit, so it can be averaged over targets of different units. It weighs a target with a small
    spread as much as one with a large spread.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        As in :func:`mean_absolute_error`.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Error, dimensionless. 0 is the best value. 1 is as good as the mean of the labels. NaN if
        no target has two different labels.

    Raises
    ------
    InvalidInputError
        If shapes differ, a label is not a number, or a row with a label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has fewer than two different labels. The mean leaves it out.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.metrics import relative_absolute_error
    >>> gaps_and_moduli = np.array([[1.0, 100.0], [3.0, np.nan], [np.nan, 300.0]])
    >>> relative_absolute_error(
    ...     gaps_and_moduli, [[1.5, 150.0], [2.5, 0.0], [0.0, 250.0]]
    ... )
    0.5
    """
    scores, names = _score_columns(_relative, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, _NO_SPREAD)


def r2_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Coefficient of determination over the rows with a label.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        As in :func:`mean_absolute_error`. The score has no unit, so a mean over targets of
        different units has a meaning.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Score, dimensionless. 1 is the best value. 0 is as good as the mean of the labels. NaN if
        no target has two different labels.

    Raises
    ------
    InvalidInputError
        If shapes differ, a label is not a number, or a row with a label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has fewer than two different labels. The mean leaves it out.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.metrics import r2_score
    >>> r2_score([1.0, np.nan, 3.0], [1.0, 7.0, 3.0])
    1.0
    """
    scores, names = _score_columns(_determination, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, _NO_SPREAD)


def _score_columns(score, y_true, y_pred, sample_weight):
    """Return the score of each target, NaN where it is undefined, and the names."""
    true, names = _read_numbers(y_true, "y_true")
    predicted, _ = _read_numbers(y_pred, "y_pred")
    if true.shape != predicted.shape:
        raise InvalidInputError(
            f"y_true of shape {true.shape} and y_pred of shape {predicted.shape} do not match."
        )
    weights = weights_of_scores(sample_weight, len(true))
    weights = np.ones(len(true)) if weights is None else weights
    scores = []
    for place, name in enumerate(names):
        rows = ~np.isnan(true[:, place]) & (weights > 0)
        _check_predicted(predicted[:, place], rows, name)
        scores.append(
            score(true[rows, place], predicted[rows, place], weights[rows])
            if rows.any()
            else np.nan
        )
    return scores, names


def _read_numbers(y, what):
    """Return an array of shape (n, n_targets) with NaN for missing numbers, and the names."""
    table = read_columns(y, what)
    values, problems = [], []
    for column, name in zip(table.columns, table.names, strict=True):
        numbers, faults = as_numbers(column, np.finfo(float).max)
        values.append(numbers)
        problems += [
            (row, value, f"{name!r} of {what}: {shorten(value)} is {fault}")
            for row, value, fault in faults
        ]
    if problems:
        raise InvalidLabelsError(sorted(problems, key=lambda each: each[0]), len(values[0]))
    return np.column_stack(values), table.names


def _check_predicted(predicted, rows, name):
    missing = np.flatnonzero(rows & np.isnan(predicted))
    if len(missing):
        raise InvalidInputError(
            f"{len(missing)} rows with a label of {name!r} have no prediction (NaN), the first is"
            f" row {missing[0]}. Leaving them out would flatter the model. Drop these rows, or"
            " set on_invalid='raise' to see why they cannot be predicted."
        )


def _absolute(true, predicted, weights):
    return np.average(np.abs(true - predicted), weights=weights)


def _root(true, predicted, weights):
    # Squares of tiny or huge numbers underflow or overflow.
    difference, unit = in_own_unit(true - predicted)
    return unit * np.sqrt(np.average(difference**2, weights=weights))


def _relative(true, predicted, weights):
    if np.ptp(true) == 0:
        return np.nan
    center = np.average(true, weights=weights)
    return _absolute(true, predicted, weights) / _absolute(true, center, weights)


def _determination(true, predicted, weights):
    if np.ptp(true) == 0:
        return np.nan
    center = np.average(true, weights=weights)
    return 1.0 - (_root(true, predicted, weights) / _root(true, center, weights)) ** 2
