"""One number from the scores of several targets."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skmat.exceptions import InvalidInputError

__all__ = ["average_of_targets"]


def average_of_targets(scores, names, multioutput, reason):
    """Average the scores of the targets that have one.

    Parameters
    ----------
    scores : list of float
        Score of each target. NaN is undefined.
    names : list of str
        Names of the targets, for the warning.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_targets,)
        As in the metrics.
    reason : str
        What a target without a score lacks.

    Returns
    -------
    float or ndarray of shape (n_targets,)
    """
    scores = np.array(scores, dtype=np.float64)
    weights = _weights(multioutput, len(scores))
    defined = ~np.isnan(scores)
    if not defined.all():
        left_out = [name for name, known in zip(names, defined, strict=True) if not known]
        warnings.warn(
            f"The score of {', '.join(map(repr, left_out))} is undefined: {reason}.",
            UndefinedMetricWarning,
            stacklevel=3,
        )
    if weights is None:
        return scores
    weights = weights[defined]
    return float(np.average(scores[defined], weights=weights)) if weights.any() else np.nan


def _weights(multioutput, n_targets):
    """Return the weights of the targets, or None to return the scores themselves."""
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return None
        if multioutput == "uniform_average":
            return np.ones(n_targets)
    else:
        weights = np.asarray(multioutput, dtype=np.float64)
        if weights.shape == (n_targets,) and (weights >= 0).all() and weights.any():
            return weights
    raise InvalidInputError(
        f"multioutput={multioutput!r} must be 'raw_values', 'uniform_average', or one non-negative"
        f" weight for each of the {n_targets} targets."
    )
