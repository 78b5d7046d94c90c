"""Conformal prediction intervals from out-of-fold residuals."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import GroupKFold

from skmat.auto._weighted import conformal_levels

__all__ = ["ConformalScale"]

#: Groups of residuals below which all intervals have one width.
_FEWEST = 50
#: Rows per leaf of the trees that predict the size of a residual, at least, and as a share.
_LEAF, _LEAF_SHARE = 10, 30
#: Smallest predicted size, relative to the median residual.
_SMALLEST = 0.1
#: Relative distance from the training set, up to which intervals grow as its square. Chosen on
#: elements left out of four tasks (N, S, Li, Fe, Cl, B, Te, Al): intervals of 90 % held 85 % of
#: the labels, in the place of 79 %, and were as wide as before on other materials.
_FARTHEST = 2.5
#: Coverage of one standard deviation of a normal distribution.
_ONE_SIGMA = 0.6827


@dataclass(frozen=True, eq=False)
class ConformalScale:
    """Turns predictions, the spread of the candidates and distances into intervals.

    Trees predict the absolute residual from the spread and the prediction. The half width of an
    interval is this size, times a factor that grows with the distance from the training set, times
    a quantile of the out-of-fold residuals. Each of these was divided by the same factor and by
    the size that trees of other rows predict for it (normalised conformal prediction:
    Papadopoulos et al., ICTAI 2008). The residuals are those of models that did not see the row,
    as in CV+ (Barber et al., Annals of Statistics 49, 486, 2021). MAPIE fits the folds itself, and
    the regressor of crepes takes neither weights nor groups.

    Attributes
    ----------
    unit : float
        Median absolute residual, in the unit of the target.
    scores : ndarray of shape (n,)
        Normalised absolute residuals in ascending order.
    levels : ndarray of shape (n,)
        Coverage of an interval that ends at each score.
    trees : ExtraTreesRegressor or None
        Predicts the size of residuals. None stands for a constant size.
    """

    unit: float
    scores: np.ndarray
    levels: np.ndarray
    trees: Any = None

    @classmethod
    def fit(cls, residuals, spread, predictions, sample_weight, groups, distances=None):
        """Learn the size of residuals.

        Parameters
        ----------
        residuals, spread, predictions : ndarray of shape (n,)
            Out-of-fold errors, standard deviations over the candidates, and predictions.
        sample_weight : ndarray of shape (n,)
            Weights of the rows.
        groups : ndarray of shape (n,), int
            Rows of one group are alike: the trees of one never predict another.
        distances : ndarray of shape (n,), default=None
            Distances from the rest of the training set, relative to their median. None leaves
            distances out.
        """
        residuals = np.abs(residuals)
        unit = float(np.median(residuals))
        if not unit > 0:
            unit = float(residuals.max(initial=0)) or 1.0
        sizes = residuals / unit
        growth = _growth(distances)
        n_groups = len(np.unique(groups))
        if n_groups < _FEWEST:
            return cls(unit, *conformal_levels(sizes / growth, sample_weight, groups))
        X = _inputs(spread, predictions, unit)
        trees = ExtraTreesRegressor(
            50, min_samples_leaf=max(_LEAF, len(sizes) // _LEAF_SHARE), random_state=0, n_jobs=1
        )
        expected = np.empty(len(sizes))
        for training, held_out in GroupKFold(5, shuffle=True, random_state=0).split(
            X, groups=groups
        ):
            trees.fit(X[training], sizes[training], sample_weight[training])
            expected[held_out] = trees.predict(X[held_out])
        scores = sizes / (growth * np.maximum(expected, _SMALLEST))
        scores, levels = conformal_levels(scores, sample_weight, groups)
        return cls(unit, scores, levels, trees.fit(X, sizes, sample_weight))

    def quantile(self, coverage):
        """Return the quantile of the scores with the correction for their number.

        It is infinite if there are too few scores for the coverage.
        """
        place = np.searchsorted(self.levels, coverage - 1e-9)
        return float(self.scores[place]) if place < len(self.scores) else np.inf

    def half_width(self, spread, predictions, coverage, distances=None):
        """Return half the width of intervals, in the unit of the target."""
        widths = np.full(len(spread), self.quantile(coverage) * self.unit) * _growth(distances)
        if self.trees is None or not len(spread):
            return widths
        sizes = self.trees.predict(_inputs(spread, predictions, self.unit))
        return widths * np.maximum(sizes, _SMALLEST)

    def std(self, spread, predictions, distances=None):
        """Return standard deviations: half the width of intervals with 68.27 % coverage."""
        return self.half_width(spread, predictions, _ONE_SIGMA, distances)


def _growth(distances):
    """Return the factor by which intervals are wider far from the training set."""
    if distances is None:
        return 1.0
    return np.clip(np.nan_to_num(distances, nan=_FARTHEST), 1.0, _FARTHEST) ** 2


def _inputs(spread, predictions, unit):
    # Trees compute in float32, which cannot hold numbers in any unit.
    X = np.column_stack([spread, predictions]) / unit
    return np.clip(X, -1e30, 1e30)
