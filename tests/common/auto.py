"""Auto estimators that are fitted in a few hundredths of a second."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmat import AutoClassifier, AutoRegressor
from skmat.exceptions import CandidateWarning

_ELEMENTS = ["Li", "Na", "K", "Rb", "Mg", "Ca", "Sr", "Fe", "Cu", "Zn"]
_PARTNERS = ["F", "Cl", "Br", "O", "S", "Se"]

#: Sixty binary compositions, no two of them equal.
BINARIES = [f"{first}{second}" for first in _ELEMENTS for second in _PARTNERS]
#: The same, spelled otherwise.
SWAPPED = [f"{second}2{first}2" for first in _ELEMENTS for second in _PARTNERS]
#: A number and a class of each, which features of the elements tell.
NUMBERS = np.array([5.0 - 0.4 * (i // 6) + 0.7 * (i % 6) for i in range(60)])
CLASSES = np.array(["halide" if i % 6 < 3 else "chalcogenide" for i in range(60)])


def ridge(alpha=1.0):
    return make_pipeline(StandardScaler(), Ridge(alpha))


def logistic(C=1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C))


def regressor(**settings):
    given = {"preset": [], "candidates": [("ridge", ridge())], "cv": 3, "random_state": 0}
    return AutoRegressor(**{**given, **settings})


def classifier(**settings):
    given = {"preset": [], "candidates": [("logistic", logistic())], "cv": 3, "random_state": 0}
    return AutoClassifier(**{**given, **settings})


def fit_with_failures(estimator, *arguments, **keywords):
    """Fit, and expect a warning that a candidate is left out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(*arguments, **keywords)
    assert any(issubclass(each.category, CandidateWarning) for each in caught)
    return estimator


class Odd(RegressorMixin, BaseEstimator):
    """Predicts what a function of the number of rows returns, or the mean of its labels.

    Parameters
    ----------
    on_fit : callable, default=None
        Called with X, y and the weights.
    on_predict : callable, default=None
        Returns predictions for X.
    """

    def __init__(self, on_fit=None, on_predict=None):
        self.on_fit = on_fit
        self.on_predict = on_predict

    def fit(self, X, y, sample_weight=None):
        if self.on_fit is not None:
            self.on_fit(X, y, sample_weight)
        self.mean_ = np.mean(y, axis=0)
        return self

    def predict(self, X):
        if self.on_predict is not None:
            return self.on_predict(X)
        return np.full(len(X), self.mean_)


class OddClassifier(ClassifierMixin, BaseEstimator):
    """The same for classes: predicts probabilities, or frequencies."""

    def __init__(self, on_fit=None, on_predict=None):
        self.on_fit = on_fit
        self.on_predict = on_predict

    def fit(self, X, y):
        if self.on_fit is not None:
            self.on_fit(X, y, None)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        if self.on_predict is not None:
            return self.on_predict(X)
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
