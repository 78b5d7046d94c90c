"""Plots of models, predictions and training, in scikit-learn's Display style."""

from skmat.inspection._attribution_display import ElementAttributionDisplay
from skmat.inspection._attributions import element_attributions, site_attributions
from skmat.inspection._calibration import CalibrationDisplay
from skmat.inspection._embedding import EmbeddingDisplay
from skmat.inspection._history import HistoryDisplay
from skmat.inspection._leaderboard import LeaderboardDisplay
from skmat.inspection._learning_curve import LearningCurveDisplay
from skmat.inspection._parity import ParityDisplay
from skmat.inspection._residual import ResidualDisplay

__all__ = [
    "CalibrationDisplay",
    "ElementAttributionDisplay",
    "EmbeddingDisplay",
    "HistoryDisplay",
    "LeaderboardDisplay",
    "LearningCurveDisplay",
    "ParityDisplay",
    "ResidualDisplay",
    "element_attributions",
    "site_attributions",
]
