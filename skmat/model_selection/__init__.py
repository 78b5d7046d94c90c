"""Splitters: small training sets drawn with care, and splits that stay small."""

from skmat.model_selection._farthest import FarthestPointSplit
from skmat.model_selection._limited import LimitedShuffleSplit
from skmat.model_selection._quantile import QuantileShuffleSplit

__all__ = ["FarthestPointSplit", "LimitedShuffleSplit", "QuantileShuffleSplit"]
