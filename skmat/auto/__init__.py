"""AutoRegressor and AutoClassifier: the average of the best of all models."""

from skmat.auto._classifier import AutoClassifier
from skmat.auto._regressor import AutoRegressor

__all__ = ["AutoClassifier", "AutoRegressor"]
