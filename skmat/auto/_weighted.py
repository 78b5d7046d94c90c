"""Quantiles of values with weights."""

import numpy as np

__all__ = ["conformal_levels", "weighted_quantile"]


def conformal_levels(scores, sample_weight, groups=None):
    """Return scores in ascending order, and the coverage of intervals that end at each.

    The new material is of a new group of mean weight, and its scores may be larger than all
    others. With equal weights and one score per group, the level of the k-th of n scores is
    k / (n + 1).

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Scores.
    sample_weight : ndarray of shape (n,)
        Weights, not negative.
    groups : ndarray of shape (n,), default=None
        Group of each score. Scores of one group are alike. None gives each score its own group.
    """
    order = np.argsort(scores, kind="stable")
    weights = sample_weight[order]
    n_groups = len(scores) if groups is None else len(np.unique(groups))
    return scores[order], np.cumsum(weights) / (weights.sum() * (1 + 1 / n_groups))


def weighted_quantile(values, levels, sample_weight):
    """Return quantiles by linear interpolation. With equal weights they are those of NumPy.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Values.
    levels : ndarray of shape (m,)
        Levels, from 0 to 1.
    sample_weight : ndarray of shape (n,)
        Weights, not negative.

    Returns
    -------
    ndarray of shape (m,)
    """
    order = np.argsort(values, kind="stable")
    values, weights = values[order], sample_weight[order]
    # The least value has the level 0 and the largest has 1.
    middle = np.cumsum(weights) - weights / 2
    middle = middle - middle[0]
    return np.interp(levels, middle / middle[-1] if middle[-1] > 0 else middle, values)
