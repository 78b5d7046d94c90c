"""The summands of an average, and their predictions."""

from dataclasses import dataclass, replace

import numpy as np

from skmat.auto._calibration import at_temperature
from skmat.auto._selection import select_weights
from skmat.auto._trial import Trial
from skmat.auto._weighted import weighted_quantile

__all__ = [
    "Gate",
    "OutOfFold",
    "Outputs",
    "Part",
    "median_of_mixture",
    "quantiles_of_ratios",
    "select_parts",
]


#: Levels of the quantiles of ratios.
_LEVELS = np.linspace(0, 0.5, 26)
#: Fewest ratios.
_FEWEST = 20


class Outputs:
    """Predictions of trials for the materials of a table, each computed once.

    Parameters
    ----------
    table : MaterialTable
        Materials.
    """

    def __init__(self, table):
        self._table = table
        self._known = {}
        self._distances = None

    def of(self, trial):
        """Return the predictions of a trial, by target."""
        if trial not in self._known:
            known = trial.predict(self._table) if len(self._table) else trial.predict_nothing()
            self._known[trial] = known
        return self._known[trial]

    def distances(self, compute):
        """Return what `compute` returns for the table, computed once."""
        if self._distances is None:
            self._distances = compute(self._table) if len(self._table) else np.empty(0)
        return self._distances


class OutOfFold:
    """The same for the training rows, each predicted by models that did not learn from it."""

    def of(self, trial):
        """Return the out-of-fold predictions of a trial, by target."""
        return trial.predictions


@dataclass(frozen=True, eq=False)
class Gate:
    """Classifiers that tell whether a zero-inflated target is above its lowest label.

    Attributes
    ----------
    lowest : float
        The lowest label.
    trials : list of Trial
        Classifiers, whose probabilities are averaged.
    """

    lowest: float
    trials: list

    def probabilities(self, outputs, target):
        """Return the probabilities of each classifier, a list of ndarrays of shape (n,)."""
        return [outputs.of(each)[target][:, 1] for each in self.trials]


@dataclass(frozen=True, eq=False)
class Part:
    """A candidate as a summand of the average.

    Attributes
    ----------
    trial : Trial
        The fitted candidate.
    gate : Gate or None
        Decides which predictions are the lowest label.
    error : float
        Out-of-fold error.
    weight : float
        Weight in the average.
    temperature : float
        Calibrates probabilities.
    ratios : ndarray or None
        Quantiles of label over prediction, both from the lowest label on, of labels above it.
    """

    trial: Trial
    gate: Gate | None = None
    error: float = np.nan
    weight: float = 0.0
    temperature: float = 1.0
    ratios: np.ndarray | None = None

    @property
    def name(self):
        """Name in the leaderboard."""
        return self.trial.name if self.gate is None else f"{self.trial.name}, gated"

    @property
    def trials(self):
        """All trials that a prediction needs."""
        return [self.trial, *(self.gate.trials if self.gate else [])]

    def predict(self, outputs, target):
        """Return the predictions for a target, ndarray of shape (n,) or (n, n_classes)."""
        values, probabilities = outputs.of(self.trial)[target], []
        if self.temperature != 1:
            return at_temperature(values, self.temperature)
        lowest = self.trial.lowest(target)
        if lowest is not None:  # the candidate has a gate of its own
            probabilities, values = [values[:, 0]], values[:, 1]
        if self.gate is not None:
            probabilities += self.gate.probabilities(outputs, target)
            lowest = self.gate.lowest
        if not probabilities:
            return values
        return median_of_mixture(np.mean(probabilities, axis=0), values, lowest, self.ratios)


def median_of_mixture(probability, values, lowest, ratios=None):
    """Return the medians of the mixtures of a lowest label and of values above it.

    Parameters
    ----------
    probability : ndarray of shape (n,)
        Probabilities to be above the lowest label.
    values : ndarray of shape (n,)
        Predictions for labels above it.
    lowest : float
        The lowest label.
    ratios : ndarray of shape (n_levels,), default=None
        Result of ``quantiles_of_ratios``. None takes `values` for the medians.
    """
    if ratios is not None:
        # The median of the mixture is a smaller quantile of the labels above the lowest.
        level = (probability - 0.5) / np.maximum(probability, 0.5)
        values = lowest + (values - lowest) * np.interp(level, _LEVELS, ratios)
    above = np.where(np.isnan(probability), np.nan, np.maximum(values, lowest))
    return np.where(probability <= 0.5, lowest, above)


def quantiles_of_ratios(labels, values, lowest, sample_weight):
    """Return quantiles of label over prediction, both from the lowest label on.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Labels. NaN where they are missing. Only those above the lowest count.
    values : ndarray of shape (n,)
        Out-of-fold predictions of them.
    lowest : float
        The lowest label.
    sample_weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    ndarray of shape (n_levels,) or None
        Quantiles from the least ratio to the median. None if there are too few labels.
    """
    rows = (labels > lowest) & (values > lowest)
    if rows.sum() < _FEWEST:
        return None
    ratios = (labels[rows] - lowest) / (values[rows] - lowest)
    return weighted_quantile(ratios, _LEVELS, sample_weight[rows])


def select_parts(parts, predictions, expected, y, data, rows, metric, generator):
    """Return the parts with their errors and weights.

    Parameters
    ----------
    parts : list of Part
        All candidates for a target.
    predictions : ndarray of shape (m, n) or (m, n, n_classes)
        Their out-of-fold predictions.
    expected : ndarray of the same shape
        Predictions that the weights are chosen by.
    y : ndarray of shape (n,)
        Labels, or indices of classes.
    data : FitData
        Training data.
    rows : ndarray of int
        Rows with a label and predictions.
    metric : Metric
        The error.
    generator : numpy.random.Generator
        For the selection.

    Returns
    -------
    list of Part
    """
    known, labels, weights = predictions[:, rows], y[rows], data.sample_weight[rows]
    errors = metric.errors(labels, known, weights)
    shares = select_weights(
        expected[:, rows], labels, weights, data.groups[rows], metric, generator
    )
    return [
        replace(part, error=float(error), weight=float(share))
        for part, error, share in zip(parts, errors, shares, strict=True)
    ]
