"""Splitters for small training sets, and for tests outside of what was learned."""

from skmat.model_selection._extrapolation import TargetExtrapolationSplit
from skmat.model_selection._farthest import FarthestPointSplit
from skmat.model_selection._leave_out import (
    LeaveOneChemicalSystemOut,
    LeaveOneElementOut,
    LeaveOneNumberOfElementsOut,
    LeaveOnePeriodicTableGroupOut,
    LeaveOnePeriodicTableRowOut,
)
from skmat.model_selection._quantile import QuantileShuffleSplit

__all__ = [
    "FarthestPointSplit",
    "LeaveOneChemicalSystemOut",
    "LeaveOneElementOut",
    "LeaveOneNumberOfElementsOut",
    "LeaveOnePeriodicTableGroupOut",
    "LeaveOnePeriodicTableRowOut",
    "QuantileShuffleSplit",
    "TargetExtrapolationSplit",
]
