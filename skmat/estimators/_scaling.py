"""Standardisation of targets, fitted on training rows alone."""

from dataclasses import dataclass

import numpy as np

from skmat._utils.units import ROUNDING, in_own_unit

__all__ = ["TargetScaling"]

#: Standardised labels beyond this are cut to it. Only rows of next to no weight have such, and
#: their squares must be finite in float32.
_LARGEST_STANDARDISED = 1e15


@dataclass(frozen=True)
class TargetScaling:
    """Mean and standard deviation of each target, in its own unit; NaN labels are skipped.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_targets,)
        ``scale`` is 0 for a constant target: whatever the network says, its mean is predicted.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, y, sample_weight):
        """Fit on `y` of shape (n, n_targets), rows weighted by `sample_weight`.

        A target without any label of some weight has mean 0 and scale 1.
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
        # The mean of equal labels may differ from them in the last place.
        first = y[counts.argmax(axis=0), np.arange(y.shape[1])] if len(y) else mean
        is_equal = ((y == first) | ~counts).all(axis=0) & (total > 0)
        mean = np.where(is_equal, first, mean)
        return cls(mean, np.where(total > 0, np.where(is_equal, 0.0, scale), 1.0))

    @classmethod
    def identity(cls, n_targets):
        return cls(np.zeros(n_targets), np.ones(n_targets))

    @property
    def is_constant(self):
        """Which targets are constant, ndarray of shape (n_targets,), bool."""
        return self.scale == 0

    def transform(self, y):
        # A constant that rounding blurs would be labels of any size.
        standardised = np.where(self.is_constant, y * 0.0, y - self.mean)
        with np.errstate(over="ignore"):
            standardised = standardised / np.where(self.is_constant, 1.0, self.scale)
        return np.clip(standardised, -_LARGEST_STANDARDISED, _LARGEST_STANDARDISED)

    def inverse_transform(self, y):
        return y * self.scale + self.mean

    def refitted(self, y, sample_weight):
        """Return the scaling that later labels `y` go on with.

        A target that was constant so far is standardised by the first labels that differ; the
        constant counts among them as one label of weight 1. All others stay as they are.
        """
        if not self.is_constant.any():
            return self
        so_far = np.where(self.is_constant, self.mean, np.nan)
        fitted = TargetScaling.fit(np.vstack([so_far, y]), np.append(1.0, sample_weight))
        return TargetScaling(
            np.where(self.is_constant, fitted.mean, self.mean),
            np.where(self.is_constant, fitted.scale, self.scale),
        )
