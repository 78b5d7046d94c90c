"""Which materials to label or to learn from, where only few can be: splitters for small sets."""

from skmat.sampling._farthest import FarthestPointSplit
from skmat.sampling._quantile import QuantileShuffleSplit

__all__ = ["FarthestPointSplit", "QuantileShuffleSplit"]
