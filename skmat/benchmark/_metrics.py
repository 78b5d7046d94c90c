"""Scores of predictions, per fold and in the unit of the task."""

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    max_error,
    mean_absolute_error,
    mean_squared_error,
    r2_score,
    roc_auc_score,
)

from skmat.benchmark._calibration import expected_calibration_error, score_interval
from skmat.exceptions import InvalidInputError

__all__ = [
    "AT_HALF",
    "CLASSIFICATION_METRICS",
    "METRICS",
    "REGRESSION_METRICS",
    "main_metric",
    "score_predictions",
]

REGRESSION_METRICS = ("mae", "rmse", "r2", "max_error", "mape")
#: Scores of predicted labels, and their names for the labels at a probability of 0.5.
AT_HALF = {name: f"{name}_at_half" for name in ("balanced_accuracy", "accuracy", "f1")}
CLASSIFICATION_METRICS = ("roc_auc", *AT_HALF, *AT_HALF.values())
METRICS = REGRESSION_METRICS + CLASSIFICATION_METRICS

#: Probabilities above this count as True where the official benchmark reads probabilities.
_THRESHOLD = 0.5
#: The percentage error leaves out labels closer to zero, as in the official benchmark.
_MAPE_ABOVE = 1e-5


def score_predictions(y, predictions, *, labels=None, interval=None):
    """Score the predictions of one fold.

    Parameters
    ----------
    y : ndarray of shape (n,), dtype float64 or bool
        Labels. Boolean labels are scored as a classification.
    predictions : ndarray of shape (n,), dtype float64 or bool
        Predicted values. For classes, probabilities of ``True`` or boolean labels.
    labels : ndarray of shape (n,), dtype bool, default=None
        The labels that the estimator predicts, if `predictions` are probabilities. None takes
        the labels at a probability of 0.5.
    interval : ndarray of shape (n, 2), dtype float64, default=None
        Lower and upper ends of the 90 % intervals, in the unit of `y`. For regression only.

    Returns
    -------
    dict of str to float
        For regression: "mae", "rmse" and "max_error" in the unit of `y`, "r2" (1 is perfect, 0
        is the score of the mean), and "mape", a fraction over the nonzero labels. With `interval`
        also "coverage_90", the fraction of labels within their interval, and "width_90", the mean
        width in the unit of `y` (NaN if an interval is unbounded).

        For classification: "roc_auc" from probabilities. "balanced_accuracy", "accuracy" and "f1"
        from predicted labels. "balanced_accuracy_at_half", "accuracy_at_half" and "f1_at_half"
        from labels at a probability of 0.5: a probability above 0.5 counts as ``True``. "ece",
        the expected calibration error of probabilities. If `predictions` are labels, "ece" is
        absent, and "roc_auc" and the scores at 0.5 are NaN.

    Raises
    ------
    InvalidInputError
        If predictions are missing, infinite or, for classes, outside of 0 to 1. If intervals
        have another shape, an end that is NaN, or a lower end above the upper one. If the shapes
        or the types do not fit.

    Notes
    -----
    For the expected calibration error, rows are sorted by probability and cut into ten bins of
    equal count. Rows of equal probability share the bin of the first of them. The error is the
    mean over the rows of the absolute difference between mean probability and fraction of
    ``True`` in their bin.

    The official benchmark scores what a submission holds: labels as they are, or labels at a
    probability of 0.5. The ROC-AUC of the public leaderboard is computed from these labels and
    equals the balanced accuracy. Do not compare it with "roc_auc".

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.benchmark import score_predictions
    >>> y = np.array([True, True, True, False])
    >>> probabilities = np.array([0.9, 0.8, 0.7, 0.6])
    >>> scores = score_predictions(y, probabilities, labels=probabilities > 0.65)
    >>> scores["balanced_accuracy"], scores["balanced_accuracy_at_half"]
    (1.0, 0.5)
    """
    y, predictions = np.asarray(y), np.asarray(predictions)
    if y.ndim != 1 or y.shape != predictions.shape:
        raise InvalidInputError(
            f"The predictions have the shape {predictions.shape}, the labels {y.shape}. Both must"
            " be one-dimensional and of equal length."
        )
    if y.dtype.kind not in "bf":
        raise InvalidInputError(
            f"Labels of dtype {y.dtype} could be values or classes. Pass y.astype(float) for"
            " regression or y.astype(bool) for classification."
        )
    if y.dtype == bool:
        if interval is not None:
            raise InvalidInputError("Classes have no intervals. Leave `interval` out.")
        _check(predictions, (predictions >= 0) & (predictions <= 1), "a probability")
        return _score_classes(y, predictions, labels)
    if labels is not None:
        raise InvalidInputError(
            "`labels` are for classes, but these labels are values. Leave `labels` out."
        )
    _check(predictions, np.isfinite(predictions), "a finite number")
    scores = _score_values(y, predictions)
    return scores if interval is None else scores | score_interval(y, interval)


def _check(predictions, valid, wanted):
    if not valid.all():
        row = int(np.argmin(valid))
        raise InvalidInputError(
            f"{np.count_nonzero(~valid)} of {len(valid)} predictions cannot be scored: that of"
            f" test row {row} is {predictions[row]!r}, not {wanted}. A benchmark needs a"
            " prediction for every material. If the estimator has on_invalid='nan', set it to"
            " 'raise' to list the materials that fail."
        )


def _score_values(y, predictions):
    counted = np.abs(y) > _MAPE_ABOVE
    relative = np.abs((y[counted] - predictions[counted]) / y[counted])
    return {
        "mae": float(mean_absolute_error(y, predictions)),
        "rmse": float(np.sqrt(mean_squared_error(y, predictions))),
        "r2": float(r2_score(y, predictions)),
        "max_error": float(max_error(y, predictions)),
        "mape": float(relative.mean()) if counted.any() else float("nan"),
    }


def _score_classes(y, predictions, labels):
    if predictions.dtype == bool:
        if labels is not None:
            raise InvalidInputError(
                "The predictions are labels themselves. Leave `labels` out, or pass probabilities."
            )
        unknown = dict.fromkeys(("roc_auc", *AT_HALF.values()), float("nan"))
        return unknown | _score_labels(y, predictions)
    at_half = predictions > _THRESHOLD
    labels = at_half if labels is None else np.asarray(labels)
    if labels.shape != y.shape or labels.dtype != bool:
        raise InvalidInputError(
            f"The predicted labels have the shape {labels.shape} and the dtype {labels.dtype}."
            f" They must be booleans of the shape {y.shape}."
        )
    both = len(np.unique(y)) == 2
    scores_at_half = _score_labels(y, at_half)
    return {
        "roc_auc": float(roc_auc_score(y, predictions)) if both else float("nan"),
        **_score_labels(y, labels),
        **{AT_HALF[name]: score for name, score in scores_at_half.items()},
        "ece": expected_calibration_error(y, predictions),
    }


def _score_labels(y, labels):
    return {
        "balanced_accuracy": float(balanced_accuracy_score(y, labels)),
        "accuracy": float(accuracy_score(y, labels)),
        "f1": float(f1_score(y, labels)),
    }


def main_metric(scores):
    """Return the name of the main score."""
    if "mae" in scores:
        return "mae"
    return "balanced_accuracy" if np.isnan(scores["roc_auc"]) else "roc_auc"
