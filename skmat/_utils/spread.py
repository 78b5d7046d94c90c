"""Standard deviations to divide features by."""

import numpy as np

__all__ = ["spread_of"]

#: Spread of a feature that is rounding, relative to its largest value.
_ROUNDING = 1e-6


def spread_of(vectors):
    """Return the standard deviation of each feature, infinity for one without spread.

    Values that differ by rounding alone have no spread. They would be as far apart as those of
    any other feature.

    Parameters
    ----------
    vectors : ndarray of shape (n, n_features)
        Finite vectors.

    Returns
    -------
    ndarray of shape (n_features,)
    """
    spread = vectors.std(axis=0)
    return np.where(spread > _ROUNDING * np.abs(vectors).max(axis=0, initial=0), spread, np.inf)
