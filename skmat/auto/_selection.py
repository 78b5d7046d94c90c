"""Greedy selection of candidates by their out-of-fold predictions."""

import warnings

import numpy as np

from skmat.exceptions import CandidateWarning

__all__ = ["select_weights"]

#: Candidates whose error is larger than the least one by more than this share are left out.
_TOLERANCE = 0.1
#: Rows for which half of the weight is shared equally.
_FEW_ROWS = 100
#: Selections on random subsets of the rows, whose weights are averaged.
_N_BAGS, _N_BAGS_IF_SLOW = 20, 4
#: Candidates that one selection adds up, at most.
_N_ROUNDS, _N_ROUNDS_IF_SLOW = 40, 12


def select_weights(predictions, y, sample_weight, groups, metric, generator):
    """Return the weight of each candidate in the average of all.

    The selection begins with no candidate. It adds, again and again, the candidate whose addition
    to the average lowers the error most (Caruana et al., ICML 2004, section 2: with replacement).
    A few hundred errors choose badly, so candidates far behind the best one take no part, and the
    selection is repeated on random subsets of the groups, whose weights are averaged (their
    section 2.3). With n rows, a share 100 / (n + 100) of the weight goes to all candidates that
    take part, equally.

    Parameters
    ----------
    predictions : ndarray of shape (m, n) or (m, n, n_classes)
        Out-of-fold predictions of m candidates.
    y : ndarray of shape (n,)
        Labels, or indices of classes.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.
    groups : ndarray of shape (n,), int
        Rows of one group stay together.
    metric : Metric
        The error.
    generator : numpy.random.Generator
        Draws the subsets.

    Returns
    -------
    ndarray of shape (m,)
        Weights, not negative, with sum 1.
    """
    errors = metric.errors(y, predictions, sample_weight)
    errors = np.where(np.isnan(errors), np.inf, errors)
    least = errors.min()
    weights = np.zeros(len(predictions))
    kept = np.flatnonzero(errors <= least + _TOLERANCE * np.abs(least))
    if np.isinf(least):
        if len(predictions) > 1:
            warnings.warn(
                "No candidate has a defined error, so that all of them get equal weights. Use"
                " another scoring.",
                CandidateWarning,
                stacklevel=2,
            )
        return np.full(len(predictions), 1 / len(predictions))
    if len(kept) == 1:
        weights[kept] = 1.0
        return weights
    labels = np.unique(groups)
    n_bags = _N_BAGS if metric.is_fast else _N_BAGS_IF_SLOW
    for _ in range(n_bags):
        drawn = generator.choice(labels, max(1, len(labels) // 2), replace=False)
        rows = np.flatnonzero(np.isin(groups, drawn))
        selected = predictions[np.ix_(kept, rows)]
        weights[kept] += _select(selected, y[rows], sample_weight[rows], metric)
    chosen = len(y) / (len(y) + _FEW_ROWS)
    weights *= chosen / n_bags
    weights[kept] += (1 - chosen) / len(kept)
    return weights


def _select(predictions, y, sample_weight, metric):
    counts = np.zeros(len(predictions))
    total = np.zeros_like(predictions[0])
    best, least = counts, np.inf
    n_rounds = _N_ROUNDS if metric.is_fast else _N_ROUNDS_IF_SLOW
    for step in range(1, n_rounds + 1):
        errors = metric.errors(y, (total + predictions) / step, sample_weight)
        # A score can be undefined, such as the ROC-AUC of a single class.
        errors = np.where(np.isnan(errors), np.inf, errors)
        chosen = int(errors.argmin())
        total = total + predictions[chosen]
        counts = counts.copy()
        counts[chosen] += 1
        if errors[chosen] < least:
            best, least = counts / step, errors[chosen]
    return best if least < np.inf else np.full(len(predictions), 1 / len(predictions))
