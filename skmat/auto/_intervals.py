"""Conformal prediction intervals from out-of-fold residuals."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ConformalScale"]

#: Constant parts of the scale that are tried, as multiples of the median spread.
_MULTIPLES = (0.1, 0.3, 1.0, 3.0, 10.0, 100.0)
#: Coverage whose mean width chooses the constant part.
_COVERAGE = 0.9
#: Coverage of one standard deviation of a normal distribution.
_ONE_SIGMA = 0.6827


@dataclass(frozen=True, eq=False)
class ConformalScale:
    """Turns the spread of the candidates into intervals.

    The half width is ``q * sqrt(spread**2 + constant**2)``. `q` is a quantile of the out-of-fold
    residuals, each divided by the same root (normalised conformal prediction: Papadopoulos et
    al., ICTAI 2008). The residuals are those of models that did not see the row, as in CV+
    (Barber et al., Annals of Statistics 49, 486, 2021).

    Attributes
    ----------
    constant : float
        Constant part of the scale, in the unit of the target.
    scores : ndarray of shape (n,)
        Normalised absolute residuals in ascending order.
    """

    constant: float
    scores: np.ndarray

    @classmethod
    def fit(cls, residuals, spread):
        """Choose the constant part that gives the narrowest 90 % intervals on average.

        Parameters
        ----------
        residuals : ndarray of shape (n,)
            Out-of-fold errors.
        spread : ndarray of shape (n,)
            Standard deviation of the candidates' out-of-fold predictions.
        """
        residuals = np.abs(residuals)
        unit = np.median(spread[spread > 0]) if (spread > 0).any() else 0.0
        if unit == 0:
            # All candidates agree, or there is one: intervals of one width. The constant still
            # has the unit of the target, because they may disagree on other materials.
            constant = float(np.median(residuals[residuals > 0])) if residuals.any() else 1.0
            return cls(constant, np.sort(residuals / constant))
        fitted = []
        for multiple in _MULTIPLES:
            constant = float(unit * multiple)
            scale = np.hypot(spread, constant)
            one = cls(constant, np.sort(residuals / scale))
            fitted.append((one.quantile(_COVERAGE) * scale.mean(), one))
        return min(fitted, key=lambda pair: pair[0])[1]

    def quantile(self, coverage):
        """Return the quantile of the scores with the correction for their number.

        It is infinite if there are too few scores for the coverage.
        """
        n_scores = len(self.scores)
        rank = int(np.ceil((n_scores + 1) * coverage - 1e-9))
        return float(self.scores[rank - 1]) if rank <= n_scores else np.inf

    def half_width(self, spread, coverage):
        """Return half the width of the intervals, in the unit of the target."""
        return self.quantile(coverage) * np.hypot(spread, self.constant)

    def std(self, spread):
        """Return standard deviations: half the width of intervals with 68.27 % coverage."""
        return self.half_width(spread, _ONE_SIGMA)
