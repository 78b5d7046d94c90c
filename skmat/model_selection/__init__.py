"""Splitters for small training sets and for splits of limited size."""

from skmat.model_selection._farthest import FarthestPointSplit
from skmat.model_selection._limited import LimitedShuffleSplit
from skmat.model_selection._quantile import QuantileShuffleSplit

__all__ = ["FarthestPointSplit", "LimitedShuffleSplit", "QuantileShuffleSplit"]
