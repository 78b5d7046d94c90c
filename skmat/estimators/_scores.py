"""What makes an estimator of several targets a regressor or a classifier of scikit-learn."""

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.validation import check_consistent_length

from skmat._utils.units import in_own_unit
from skmat.estimators._targets import read_numeric_targets
from skmat.inputs import check_order_of_targets, read_columns, weights_of_scores

__all__ = ["MultiTargetClassifierMixin", "MultiTargetRegressorMixin"]


class MultiTargetRegressorMixin(RegressorMixin):
    """RegressorMixin with a score of several targets, whose labels may be missing."""

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination, averaged over the columns of y.

        Rows without a label are ignored for their column. Rows that cannot be read are ignored
        with ``on_invalid="nan"``. Columns without labels are ignored.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``.

        Returns
        -------
        float
            Mean R2, dimensionless. The best value is 1.
        """
        predicted = self.predict(X)
        targets = read_numeric_targets(y, len(predicted), labels_required=False)
        check_order_of_targets(targets.names, self.target_names_)
        return _mean_over_targets(_determination, targets.values.T, predicted, sample_weight)


class MultiTargetClassifierMixin(ClassifierMixin):
    """ClassifierMixin with a score of several targets, whose labels may be missing."""

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, averaged over the columns of y.

        Rows without a label are ignored for their column. Rows that cannot be read are ignored
        with ``on_invalid="nan"``. Columns without labels are ignored.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``.

        Returns
        -------
        float
            Mean accuracy, dimensionless.
        """
        predicted = self.predict(X)
        table = read_columns(y)
        check_order_of_targets(table.names, self.target_names_)
        truth = [column.filled() for column in table.columns]
        check_consistent_length(predicted, truth[0])
        return _mean_over_targets(_accuracy, truth, predicted, sample_weight)

    @property
    def _classes(self):
        return [self.classes_] if self._one_dimensional else self.classes_


def _mean_over_targets(score, truth, predicted, sample_weight):
    """Return the mean score of the columns, over rows that have a label and a prediction."""
    weights = weights_of_scores(sample_weight, len(predicted))
    scores = []
    for labels, guess in zip(truth, predicted.reshape(len(truth[0]), -1).T, strict=True):
        rows = ~pd.isna(labels) & ~pd.isna(guess)
        if rows.any():
            row_weights = None if weights is None else weights[rows]
            scores.append(score(labels[rows], guess[rows], row_weights))
    return float(np.mean(scores)) if scores else np.nan


def _determination(labels, guess, weights):
    # R2 does not depend on the unit, but squares of tiny numbers underflow.
    pair, _ = in_own_unit(np.append(labels, guess))
    return r2_score(*np.split(pair, 2), sample_weight=weights)


def _accuracy(labels, guess, weights):
    right = np.asarray(labels == guess, dtype=bool)
    return accuracy_score(np.ones(len(right)), right, sample_weight=weights)
