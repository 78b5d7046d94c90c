"""The average of candidates for a target of numbers."""

from dataclasses import dataclass, field

import numpy as np

from skmat._utils.units import in_own_unit
from skmat.auto._intervals import ConformalScale
from skmat.auto._part import OutOfFold, select_parts
from skmat.auto._target_shape import TargetShape

__all__ = ["NumberAverage"]

#: Errors of networks of all rows, relative to those of the folds, beside what others gain when all
#: rows or folds predict. Chosen on eight draws of 200 to 350 labels, where 0.9 is about as good.
_GAIN_OF_NETWORKS = 0.93


@dataclass(eq=False)
class NumberAverage:
    """Predicts one column of numbers.

    Attributes
    ----------
    target : int
        Column of y.
    parts : list of Part
        Candidates with a positive weight.
    shape : TargetShape
        Bounds of the labels.
    scale : ConformalScale
        Turns the spread of the parts and distances into intervals.
    """

    target: int
    parts: list
    shape: TargetShape
    scale: ConformalScale | None = field(default=None)

    @classmethod
    def fit(cls, target, candidates, shape, data, metric, generator):
        """Choose the parts on out-of-fold predictions.

        Returns
        -------
        average : NumberAverage
        candidates : list of Part
            All candidates with their errors and weights.
        oof : ndarray of shape (n,)
            Out-of-fold predictions of the average. NaN for rows that no fold holds out.
        """
        predictions = np.stack([each.predict(OutOfFold(), target) for each in candidates])
        predictions = shape.clip(predictions)
        y = data.labels(target)
        rows = np.flatnonzero(~np.isnan(y) & ~np.isnan(predictions).any(axis=0))
        expected = _expected(predictions, y, candidates)
        candidates = select_parts(
            candidates, predictions, expected, y, data, rows, metric, generator
        )
        average = cls(target, [part for part in candidates if part.weight > 0], shape)
        oof, spread = average.predict(OutOfFold())
        average.scale = ConformalScale.fit(
            (y - oof)[rows],
            spread[rows],
            oof[rows],
            data.sample_weight[rows],
            data.groups[rows],
            data.distances[rows],
        )
        return average, candidates, oof

    def predict(self, outputs):
        """Return predictions and their spread, two ndarrays of shape (n,)."""
        predictions = np.stack([part.predict(outputs, self.target) for part in self.parts])
        predictions = self.shape.clip(predictions)
        weights = np.array([part.weight for part in self.parts])
        mean = np.tensordot(weights, predictions, axes=1)
        deviations, unit = in_own_unit(predictions - mean)
        spread = np.sqrt(np.tensordot(weights, deviations**2, axes=1)) * unit
        return self.shape.clip(mean), spread

    def predict_part(self, part, outputs):
        """Return the predictions of one candidate, ndarray of shape (n,)."""
        return self.shape.clip(part.predict(outputs, self.target))


def _expected(predictions, y, candidates):
    """Return out-of-fold predictions as those of the final models may be, to choose by.

    Two networks of all rows predict in the place of those of the folds. Without this, networks
    would get too little weight.
    """
    is_network = np.array([part.trial.candidate.is_network for part in candidates])
    nearer = y + _GAIN_OF_NETWORKS * (predictions - y)
    return np.where(is_network[:, None], nearer, predictions)
