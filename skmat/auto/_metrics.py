"""The metric that selects candidates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names

from skmat.exceptions import InvalidInputError

__all__ = ["Metric", "resolve_metric"]

#: Probabilities are kept from 0, so that one wrong fold cannot make the log-loss infinite.
_SMALLEST = 1e-4

_NAMES = {
    "neg_mean_absolute_error": "mean absolute error",
    "neg_mean_squared_error": "mean squared error",
    "neg_root_mean_squared_error": "root mean squared error",
    "neg_log_loss": "log-loss",
    "r2": "1 - R2",
}


@dataclass(frozen=True, eq=False)
class Metric:
    """An error to minimise.

    Attributes
    ----------
    name : str
        Name for tables.
    compute : callable
        ``compute(y, predictions, sample_weight)`` takes predictions of shape (m, n) or
        (m, n, n_classes), and returns the m errors.
    is_fast : bool
        Whether thousands of calls take a second.
    """

    name: str
    compute: Callable
    is_fast: bool

    def errors(self, y, predictions, sample_weight):
        """Return the errors of m predictions, NaN where the metric is undefined."""
        try:
            return self.compute(y, predictions, sample_weight)
        except ValueError:
            if len(predictions) == 1:
                # Such as the ROC-AUC of rows without one of three classes.
                return np.array([np.nan])
        return np.concatenate([self.errors(y, each[None], sample_weight) for each in predictions])

    def check(self, y, prediction, sample_weight, name):
        """Raise an error if the metric cannot be computed.

        Parameters
        ----------
        y : ndarray of shape (n,)
            Labels, or indices of classes.
        prediction : ndarray of shape (n,) or (n, n_classes)
            What a candidate may predict.
        sample_weight : ndarray of shape (n,)
            Weights of the rows.
        name : str
            Name of the target.

        Raises
        ------
        InvalidInputError
            If the scorer raises an error.
        """
        try:
            self.compute(y, prediction[None], sample_weight)
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise InvalidInputError(
                f"scoring gives no error of predictions of {name!r} ({reason[:300]}). Use a scorer"
                " of this kind of labels, and without sample_weight if it takes none."
            ) from error

    def error(self, y, prediction, sample_weight):
        """Return the error of one prediction."""
        return float(self.errors(y, prediction[None], sample_weight)[0])


def resolve_metric(scoring, *, is_classifier):
    """Return the error that belongs to a scorer.

    Parameters
    ----------
    scoring : str or callable
        Name of a scorer of scikit-learn, or a scorer.
    is_classifier : bool
        Whether predictions are probabilities.

    Returns
    -------
    Metric
        The negative score, or 1 - score where the best score is 1.

    Raises
    ------
    InvalidInputError
        If the name is unknown.
    """
    if isinstance(scoring, str) and scoring not in get_scorer_names():
        raise InvalidInputError(
            f"scoring={scoring!r} is not a scorer of scikit-learn. Use one of"
            " sklearn.metrics.get_scorer_names(), such as"
            f" {'neg_log_loss' if is_classifier else 'neg_mean_absolute_error'!r}."
        )
    scorer = get_scorer(scoring)
    is_negative = getattr(scorer, "_sign", 1) < 0
    name = _NAMES.get(scoring) if isinstance(scoring, str) else None
    if name is None:
        text = scoring if isinstance(scoring, str) else "score"
        name = text.removeprefix("neg_").replace("_", " ")
        name = name if is_negative else f"1 - {name}"
    if isinstance(scoring, str) and scoring in _FAST:
        return Metric(name, _FAST[scoring], is_fast=True)

    def compute(y, predictions, sample_weight):
        classes = np.arange(predictions.shape[2]) if is_classifier else None
        # Some scorers take no weights.
        equal = (sample_weight == sample_weight[:1]).all()
        weights = {} if equal else {"sample_weight": sample_weight}
        found = []
        for each in predictions:
            given = _GivenClassifier(classes) if is_classifier else _GivenRegressor()
            score = scorer(given, each, y, **weights)
            found.append(-score if is_negative else 1.0 - score)
        return np.array(found, dtype=np.float64)

    return Metric(name, compute, is_fast=False)


def _absolute(y, predictions, sample_weight):
    return np.average(np.abs(predictions - y), axis=1, weights=sample_weight)


def _squared(y, predictions, sample_weight):
    return np.average((predictions - y) ** 2, axis=1, weights=sample_weight)


def _root(y, predictions, sample_weight):
    return np.sqrt(_squared(y, predictions, sample_weight))


def _unexplained(y, predictions, sample_weight):
    variance = np.average((y - np.average(y, weights=sample_weight)) ** 2, weights=sample_weight)
    error = _squared(y, predictions, sample_weight)
    return error / variance if variance > 0 else error


def _log_loss(y, predictions, sample_weight):
    true = np.take_along_axis(predictions, y[None, :, None].astype(int), axis=2)[..., 0]
    return -np.average(np.log(np.clip(true, _SMALLEST, 1.0)), axis=1, weights=sample_weight)


_FAST = {
    "neg_mean_absolute_error": _absolute,
    "neg_mean_squared_error": _squared,
    "neg_root_mean_squared_error": _root,
    "r2": _unexplained,
    "neg_log_loss": _log_loss,
}


class _GivenRegressor(RegressorMixin, BaseEstimator):
    """Predict what it is given: predictions in the place of X."""

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return X


class _GivenClassifier(ClassifierMixin, BaseEstimator):
    """The same for probabilities."""

    def __init__(self, classes=None):
        self.classes = classes

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        return self.classes

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return self.classes[X.argmax(axis=1)]
