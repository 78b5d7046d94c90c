"""Splitters: small training sets drawn with care, and splits that stay small."""

from skmat.sampling._farthest import FarthestPointSplit
from skmat.sampling._limited import LimitedShuffleSplit
from skmat.sampling._quantile import QuantileShuffleSplit

__all__ = ["FarthestPointSplit", "LimitedShuffleSplit", "QuantileShuffleSplit"]
