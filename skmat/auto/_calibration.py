"""Probabilities that agree with frequencies, and classes chosen from them."""

import numpy as np
from scipy.optimize import minimize_scalar

__all__ = ["at_temperature", "class_thresholds", "fit_temperature"]

_SMALLEST = 1e-6
#: Range of the logarithm of the temperature.
_RANGE = (-1.5, 1.5)


def fit_temperature(probabilities, y, sample_weight):
    """Return the temperature with the least log-loss (Guo et al., ICML 2017, section 4.2).

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Out-of-fold probabilities.
    y : ndarray of shape (n,), int
        Indices of the classes.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    float
        Above 1 if the probabilities are too extreme.
    """
    rows = np.arange(len(y))

    def loss(log_temperature):
        given = at_temperature(probabilities, np.exp(log_temperature))
        true = np.clip(given[rows, y], _SMALLEST, 1)
        return -np.average(np.log(true), weights=sample_weight)

    found = minimize_scalar(loss, bounds=_RANGE, method="bounded")
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def at_temperature(probabilities, temperature):
    """Divide the logarithms of probabilities by `temperature`, and normalise."""
    if temperature == 1:
        return probabilities
    logits = np.log(np.clip(probabilities, _SMALLEST, 1)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def class_thresholds(decision, probabilities, y, sample_weight, frequencies=None):
    """Return the threshold of each class: the class with the largest ratio to it is predicted.

    Parameters
    ----------
    decision : {"accuracy", "balanced_accuracy", "f1"}
        Metric that the decisions are for.
    probabilities : ndarray of shape (n, n_classes)
        Calibrated out-of-fold probabilities.
    y : ndarray of shape (n,), int
        Indices of the classes.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.
    frequencies : ndarray of shape (n_classes,), default=None
        Frequencies of the classes among all labels. None takes those in `y`.

    Returns
    -------
    ndarray of shape (n_classes,)
        Thresholds, above 0. For "accuracy" they are equal. For "balanced_accuracy" they are the
        frequencies of the classes. For "f1" they are half of the largest F1 of each class
        (Lipton, Elkan and Naryanaswamy, ECML 2014, theorem 1), and with two classes those of the
        second class. A class that only `y` lacks has its frequency among all labels, or half of an
        F1 of 1. Classes without any label have infinite ones.
    """
    n_classes = probabilities.shape[1]
    if decision == "accuracy" or n_classes == 1:
        return np.full(n_classes, 1 / n_classes)
    counts = np.bincount(y, sample_weight, minlength=n_classes)
    untested = np.zeros(n_classes) if frequencies is None else np.where(counts, 0, frequencies)
    if decision == "balanced_accuracy":
        return _thresholds(np.where(untested > 0, untested, counts / counts.sum()))
    best = [
        1.0 if untested[index] > 0 else _largest_f1(each, y == index, sample_weight)
        for index, each in enumerate(probabilities.T)
    ]
    if n_classes == 2 and min(best) > 0:
        return np.array([1 - best[1] / 2, best[1] / 2])
    return _thresholds(np.array(best) / 2)


def _thresholds(values):
    # A class without labels is never predicted: calibration gives it some probability.
    return np.where(values > 0, values, np.inf)


def _largest_f1(scores, is_class, sample_weight):
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(np.where(is_class, sample_weight, 0.0)[order])
    taken = np.cumsum(sample_weight[order])
    wanted = found[-1]
    if not wanted > 0:
        return 0.0
    # A threshold cannot be between equal scores.
    ends = np.append(np.diff(scores[order]) != 0, True)
    return float((2 * found / (taken + wanted))[ends].max())
