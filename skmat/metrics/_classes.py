"""Scores of predicted classes."""

import numpy as np

from skmat.exceptions import InvalidInputError
from skmat.inputs import as_classes, class_indices, read_columns, weights_of_scores
from skmat.metrics._average import average_of_targets

__all__ = ["NO_CLASS", "accuracy_score", "balanced_accuracy_score", "read_classes"]

#: Why a target has no score.
NO_CLASS = "it has no label in a row of positive weight"

#: Kinds of NumPy types that compare with each other.
_NUMBERS = "biuf"


def accuracy_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Fraction of the rows with a label whose class is right.

    With several targets, it is the mean of their fractions, not the fraction of rows where all
    targets are right.

    Parameters
    ----------
    y_true : array-like of shape (n,) or (n, n_targets)
        Class labels. None or NaN means missing.
    y_pred : array-like of the shape of `y_true`
        Predicted classes.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_targets,), \
default="uniform_average"
        How scores of several targets become one number: not at all, by their mean, or by their
        mean with these weights.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Fraction from 0 to 1, the best value. NaN without any label.

    Raises
    ------
    InvalidInputError
        If shapes differ, labels and predictions have types that do not compare, or a row with a
        label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has no label. The mean leaves it out.

    Examples
    --------
    >>> from skmat.metrics import accuracy_score
    >>> accuracy_score(["metal", None, "salt"], ["metal", "metal", "metal"])
    0.5
    """
    scores, names = _score_columns(_accuracy, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, NO_CLASS)


def balanced_accuracy_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean over the classes of the fraction that is found.

    Classes without a label do not count.

    Parameters
    ----------
    y_true, y_pred, sample_weight, multioutput
        As in :func:`accuracy_score`.

    Returns
    -------
    float or ndarray of shape (n_targets,)
        Mean recall from 0 to 1, the best value. NaN without any label.

    Raises
    ------
    InvalidInputError
        If shapes differ, labels and predictions have types that do not compare, or a row with a
        label has no prediction.

    Warns
    -----
    UndefinedMetricWarning
        If a target has no label. The mean leaves it out.

    Examples
    --------
    >>> from skmat.metrics import balanced_accuracy_score
    >>> balanced_accuracy_score(["metal", "metal", None, "salt"], ["metal"] * 4)
    0.5
    """
    scores, names = _score_columns(_recall, y_true, y_pred, sample_weight)
    return average_of_targets(scores, names, multioutput, NO_CLASS)


def read_classes(y, what):
    """Return the columns of `y`, the known labels of each as one type, and the names."""
    table = read_columns(y, what)
    labels = [
        as_classes(column, name) for column, name in zip(table.columns, table.names, strict=True)
    ]
    return table.columns, labels, table.names


def _score_columns(score, y_true, y_pred, sample_weight):
    """Return the score of each target, NaN where it is undefined, and the names."""
    columns, labels, names = read_classes(y_true, "y_true")
    guessed, guesses, _ = read_classes(y_pred, "y_pred")
    shapes = [(len(each[0].missing), len(each)) for each in (columns, guessed)]
    if shapes[0] != shapes[1]:
        raise InvalidInputError(
            f"y_true of shape {shapes[0]} and y_pred of shape {shapes[1]} do not match."
        )
    n_rows = shapes[0][0]
    weights = weights_of_scores(sample_weight, n_rows)
    weights = np.ones(n_rows) if weights is None else weights
    scores = []
    for place, name in enumerate(names):
        known, indices = np.unique(labels[place], return_inverse=True)
        true, predicted = np.full(n_rows, -1), np.full(n_rows, -1)
        true[columns[place].rows] = indices
        rows = ~columns[place].missing & (weights > 0)
        if not rows.any():
            scores.append(np.nan)
            continue
        _check_predicted(guessed[place].missing, rows, name)
        _check_types(known, guesses[place], name)
        predicted[guessed[place].rows] = class_indices(known, guesses[place])
        scores.append(score(true[rows], predicted[rows], weights[rows]))
    return scores, names


def _check_predicted(missing, rows, name):
    bad = np.flatnonzero(rows & missing)
    if len(bad):
        raise InvalidInputError(
            f"{len(bad)} rows with a label of {name!r} have no prediction (None), the first is row"
            f" {bad[0]}. Leaving them out would flatter the model. Drop these rows, or set"
            " on_invalid='raise' to see why they cannot be predicted."
        )


def _check_types(known, guesses, name):
    kinds = [each.dtype.kind for each in (known, guesses)]
    if kinds[0] != kinds[1] and not set(kinds) <= set(_NUMBERS):
        raise InvalidInputError(
            f"The labels of {name!r} have the type {known.dtype} and the predictions"
            f" {guesses.dtype}. They never agree. Convert one of them."
        )


def _accuracy(true, predicted, weights):
    return np.average(true == predicted, weights=weights)


def _recall(true, predicted, weights):
    return np.mean(
        [
            np.average(predicted[true == label] == label, weights=weights[true == label])
            for label in np.unique(true)
        ]
    )
