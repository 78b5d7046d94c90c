"""Standardisation of targets, fitted on training rows alone."""

from dataclasses import dataclass

import numpy as np

__all__ = ["TargetScaling"]


@dataclass(frozen=True)
class TargetScaling:
    """Mean and standard deviation of each target, in its own unit; NaN labels are skipped.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_targets,)
        ``scale`` is 1 for a constant target.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def fit(cls, y, sample_weight):
        """Fit on `y` of shape (n, n_targets), rows weighted by `sample_weight`."""
        weights = np.where(np.isnan(y), 0.0, sample_weight[:, None])
        total = weights.sum(axis=0)
        # A column can lose all its labels to validation; it is then left as it is.
        safe_total = np.where(total > 0, total, 1.0)
        filled = np.nan_to_num(y)
        mean = (weights * filled).sum(axis=0) / safe_total
        scale = np.sqrt((weights * (filled - mean) ** 2).sum(axis=0) / safe_total)
        negligible = scale <= 1e-12 * np.maximum(1.0, np.abs(mean))
        return cls(mean, np.where(negligible, 1.0, scale))

    @classmethod
    def identity(cls, n_targets):
        return cls(np.zeros(n_targets), np.ones(n_targets))

    def transform(self, y):
        return (y - self.mean) / self.scale

    def inverse_transform(self, y):
        return y * self.scale + self.mean
