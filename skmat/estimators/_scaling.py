"""Standardisation of targets, fitted on training rows only."""

from dataclasses import dataclass

import numpy as np

from skmat._utils.units import ROUNDING, in_own_unit

__all__ = ["NO_VALUE", "TargetScaling"]

#: Mean and scale of a further column of X without a value, which does nothing.
NO_VALUE = (np.nan, 0.0)

#: Largest standardised label. Larger labels are clipped, so that their squares are finite in
#: float32. Only rows of tiny weight can have them.
_LARGEST_STANDARDISED = 1e15


@dataclass(frozen=True)
class TargetScaling:
    """Mean and standard deviation of each target, in the unit of the target.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_targets,)
        ``scale`` is 0 for a constant target, so that the mean is predicted. It is also 0 for a
        further column of X without a value, whose mean is NaN.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, y, sample_weight, if_empty=(0.0, 1.0)):
        """Fit on `y` of shape (n, n_targets), weighted by `sample_weight`.

        Missing labels (NaN) are ignored. `if_empty` is the mean and the scale of a target without
        a label of positive weight.
        """
        weights = np.where(np.isnan(y), 0.0, sample_weight[:, None])
        counts = weights > 0
        total = weights.sum(axis=0)
        safe_total = np.where(total > 0, total, 1.0)
        filled, unit = in_own_unit(np.where(counts, y, 0.0))
        mean = (weights * filled).sum(axis=0) / safe_total
        residuals, small_unit = in_own_unit(np.where(counts, filled - mean, 0.0))
        scale = np.sqrt((weights * residuals**2).sum(axis=0) / safe_total) * small_unit
        scale = np.where(scale <= ROUNDING * np.abs(mean), 0.0, scale * unit)
        mean = mean * unit
        # The computed mean of equal labels can differ from them by rounding.
        first = y[counts.argmax(axis=0), np.arange(y.shape[1])] if len(y) else mean
        is_equal = ((y == first) | ~counts).all(axis=0) & (total > 0)
        mean = np.where(is_equal, first, mean)
        scale = np.where(is_equal, 0.0, scale)
        empty_mean, empty_scale = if_empty
        return cls(np.where(total > 0, mean, empty_mean), np.where(total > 0, scale, empty_scale))

    @classmethod
    def identity(cls, n_targets):
        return cls(np.zeros(n_targets), np.ones(n_targets))

    @property
    def is_constant(self):
        """Which targets are constant, ndarray of shape (n_targets,), bool."""
        return self.scale == 0

    def transform(self, y):
        # Dividing rounding errors of a constant target would give labels of any size.
        standardised = np.where(self.is_constant, y * 0.0, y - self.mean)
        with np.errstate(over="ignore"):
            standardised = standardised / np.where(self.is_constant, 1.0, self.scale)
        return np.clip(standardised, -_LARGEST_STANDARDISED, _LARGEST_STANDARDISED)

    def inverse_transform(self, y):
        return y * self.scale + self.mean

    def refitted(self, y, sample_weight):
        """Return the scaling for further labels `y`.

        A target that was constant is standardised by its first labels that differ. The constant is
        one of these labels, of weight 1. A further column without a value is standardised by its
        first values. The scaling of others does not change.
        """
        if not self.is_constant.any():
            return self
        so_far = np.where(self.is_constant, self.mean, np.nan)
        both = np.vstack([so_far, y])
        fitted = TargetScaling.fit(both, np.append(1.0, sample_weight), if_empty=NO_VALUE)
        return TargetScaling(
            np.where(self.is_constant, fitted.mean, self.mean),
            np.where(self.is_constant, fitted.scale, self.scale),
        )
