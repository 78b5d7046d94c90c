"""Plots of predictions and training, in scikit-learn's Display style."""

from skmat.inspection._learning_curve import HistoryDisplay
from skmat.inspection._parity import ParityDisplay

__all__ = ["HistoryDisplay", "ParityDisplay"]
