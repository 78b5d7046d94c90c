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

from skmat.exceptions import InvalidInputError

__all__ = [
    "CLASSIFICATION_METRICS",
    "METRICS",
    "REGRESSION_METRICS",
    "main_metric",
    "score_predictions",
]

REGRESSION_METRICS = ("mae", "rmse", "r2", "max_error", "mape")
CLASSIFICATION_METRICS = ("roc_auc", "balanced_accuracy", "accuracy", "f1")
METRICS = REGRESSION_METRICS + CLASSIFICATION_METRICS

#: Probabilities above this count as True, as in the official benchmark.
_THRESHOLD = 0.5
#: The percentage error leaves out labels closer to zero, as in the official benchmark.
_MAPE_ABOVE = 1e-5


def score_predictions(y, predictions):
    """Score the predictions of one fold.

    Parameters
    ----------
    y : ndarray of shape (n,), dtype float64 or bool
        Labels. Boolean labels are scored as a classification.
    predictions : ndarray of shape (n,), dtype float64 or bool
        Predicted values. For classes, probabilities of ``True`` or boolean labels.

    Returns
    -------
    dict of str to float
        For regression: "mae", "rmse" and "max_error" in the unit of `y`, "r2" (1 is perfect, 0
        is the score of the mean), and "mape", a fraction over the nonzero labels.

        For classification: "roc_auc" from probabilities (NaN for predicted labels), and
        "balanced_accuracy", "accuracy" and "f1" from labels. Probabilities above 0.5 count as
        ``True``. The ROC-AUC of the public leaderboard is computed from labels and equals the
        balanced accuracy. Compare the latter.

    Raises
    ------
    InvalidInputError
        If predictions are missing, infinite or, for classes, outside of 0 to 1. If the shapes or
        the type of the labels do not fit.
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
        _check(predictions, (predictions >= 0) & (predictions <= 1), "a probability")
        return _score_classes(y, predictions)
    _check(predictions, np.isfinite(predictions), "a finite number")
    return _score_values(y, predictions)


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


def _score_classes(y, predictions):
    labels = predictions if predictions.dtype == bool else predictions > _THRESHOLD
    both = len(np.unique(y)) == 2 and predictions.dtype != bool
    return {
        "roc_auc": float(roc_auc_score(y, predictions)) if both else float("nan"),
        "balanced_accuracy": float(balanced_accuracy_score(y, labels)),
        "accuracy": float(accuracy_score(y, labels)),
        "f1": float(f1_score(y, labels)),
    }


def main_metric(scores):
    """Return the name of the main score."""
    if "mae" in scores:
        return "mae"
    return "balanced_accuracy" if np.isnan(scores["roc_auc"]) else "roc_auc"
