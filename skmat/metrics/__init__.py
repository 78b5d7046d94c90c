"""Scores of predictions whose labels may be missing."""

from skmat.metrics._classes import accuracy_score, balanced_accuracy_score
from skmat.metrics._numbers import (
    mean_absolute_error,
    r2_score,
    relative_absolute_error,
    root_mean_squared_error,
)
from skmat.metrics._scorers import get_scorer, get_scorer_names

__all__ = [
    "accuracy_score",
    "balanced_accuracy_score",
    "get_scorer",
    "get_scorer_names",
    "mean_absolute_error",
    "r2_score",
    "relative_absolute_error",
    "root_mean_squared_error",
]
