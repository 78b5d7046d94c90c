"""Conformal prediction intervals from out-of-fold residuals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import KFold

__all__ = ["ConformalScale"]

#: Residuals below which all intervals have one width.
_FEWEST = 50
#: Rows per leaf of the trees that predict the size of a residual, at least, and as a share.
_LEAF, _LEAF_SHARE = 10, 30
#: Smallest predicted size, relative to the median residual.
_SMALLEST = 0.1
#: Coverage of one standard deviation of a normal distribution.
_ONE_SIGMA = 0.6827


@dataclass(frozen=True, eq=False)
class ConformalScale:
    """Turns predictions and the spread of the candidates into intervals.

    Trees predict the absolute residual from the spread and the prediction. The half width of an
    interval is this size times a quantile of the out-of-fold residuals, each divided by the size
    that trees of other rows predict for it (normalised conformal prediction: Papadopoulos et al.,
    ICTAI 2008). The residuals are those of models that did not see the row, as in CV+ (Barber et
    al., Annals of Statistics 49, 486, 2021).

    Attributes
    ----------
    unit : float
        Median absolute residual, in the unit of the target.
    scores : ndarray of shape (n,)
        Normalised absolute residuals in ascending order.
    trees : ExtraTreesRegressor or None
        Predicts the size of residuals. None stands for a constant size.
    """

    unit: float
    scores: np.ndarray
    trees: Any = None

    @classmethod
    def fit(cls, residuals, spread, predictions):
        """Learn the size of residuals.

        Parameters
        ----------
        residuals, spread, predictions : ndarray of shape (n,)
            Out-of-fold errors, standard deviations over the candidates, and predictions.
        """
        residuals = np.abs(residuals)
        unit = float(np.median(residuals))
        if not unit > 0:
            unit = float(residuals.max(initial=0)) or 1.0
        sizes = residuals / unit
        if len(sizes) < _FEWEST:
            return cls(unit, np.sort(sizes))
        X = _inputs(spread, predictions, unit)
        trees = ExtraTreesRegressor(
            50, min_samples_leaf=max(_LEAF, len(sizes) // _LEAF_SHARE), random_state=0
        )
        expected = np.empty(len(sizes))
        for training, held_out in KFold(5, shuffle=True, random_state=0).split(X):
            trees.fit(X[training], sizes[training])
            expected[held_out] = trees.predict(X[held_out])
        scores = np.sort(sizes / np.maximum(expected, _SMALLEST))
        return cls(unit, scores, trees.fit(X, sizes))

    def quantile(self, coverage):
        """Return the quantile of the scores with the correction for their number.

        It is infinite if there are too few scores for the coverage.
        """
        n_scores = len(self.scores)
        rank = int(np.ceil((n_scores + 1) * coverage - 1e-9))
        return float(self.scores[rank - 1]) if rank <= n_scores else np.inf

    def half_width(self, spread, predictions, coverage):
        """Return half the width of intervals, in the unit of the target."""
        quantile = self.quantile(coverage) * self.unit
        if self.trees is None or not len(spread):
            return np.full(len(spread), quantile)
        sizes = self.trees.predict(_inputs(spread, predictions, self.unit))
        return quantile * np.maximum(sizes, _SMALLEST)

    def std(self, spread, predictions):
        """Return standard deviations: half the width of intervals with 68.27 % coverage."""
        return self.half_width(spread, predictions, _ONE_SIGMA)


def _inputs(spread, predictions, unit):
    # Trees compute in float32, which cannot hold numbers in any unit.
    X = np.column_stack([spread, predictions]) / unit
    return np.clip(X, -1e30, 1e30)
