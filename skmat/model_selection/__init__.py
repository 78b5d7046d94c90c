"""Splitters for small training sets."""

from skmat.model_selection._farthest import FarthestPointSplit
from skmat.model_selection._quantile import QuantileShuffleSplit

__all__ = ["FarthestPointSplit", "QuantileShuffleSplit"]
