"""The average of candidates for a target of classes."""

from dataclasses import dataclass, replace

import numpy as np

from skmat.auto._calibration import at_temperature, class_thresholds, fit_temperature
from skmat.auto._part import OutOfFold, select_parts

__all__ = ["ClassAverage"]


@dataclass(eq=False)
class ClassAverage:
    """Predicts one column of classes.

    Attributes
    ----------
    target : int
        Column of y.
    parts : list of Part
        Candidates with a positive weight.
    temperature : float
        Calibrates the probabilities.
    thresholds : ndarray of shape (n_classes,)
        The class with the largest ratio of probability to threshold is predicted.
    """

    target: int
    parts: list
    temperature: float = 1.0
    thresholds: np.ndarray | None = None

    @classmethod
    def fit(cls, target, candidates, decision, data, metric, generator):
        """Choose the parts on out-of-fold predictions; see ``NumberAverage.fit``."""
        predictions = np.stack([each.predict(OutOfFold(), target) for each in candidates])
        labelled = data.labelled(target)
        known = labelled & ~np.isnan(predictions).any(axis=(0, 2))
        rows = np.flatnonzero(known)
        y = np.where(known, data.targets.values[:, target], 0).astype(int)
        # The average of calibrated candidates is better than that of overconfident ones.
        candidates = [
            replace(
                part, temperature=fit_temperature(each[rows], y[rows], data.sample_weight[rows])
            )
            for part, each in zip(candidates, predictions, strict=True)
        ]
        predictions = np.stack([each.predict(OutOfFold(), target) for each in candidates])
        candidates = select_parts(
            candidates, predictions, predictions, y, data, rows, metric, generator
        )
        average = cls(target, [part for part in candidates if part.weight > 0])
        weights = data.sample_weight[rows]
        raw = average.predict_proba(OutOfFold())[rows]
        average.temperature = fit_temperature(raw, y[rows], weights)
        oof = average.predict_proba(OutOfFold())
        frequencies = np.bincount(
            data.targets.values[labelled, target].astype(int),
            data.sample_weight[labelled],
            minlength=oof.shape[1],
        )
        average.thresholds = class_thresholds(
            decision, oof[rows], y[rows], weights, frequencies / frequencies.sum()
        )
        return average, candidates, oof

    def predict_proba(self, outputs):
        """Return calibrated probabilities, ndarray of shape (n, n_classes)."""
        predictions = np.stack([part.predict(outputs, self.target) for part in self.parts])
        weights = np.array([part.weight for part in self.parts])
        mean = np.tensordot(weights, predictions, axes=1)
        return at_temperature(mean, self.temperature)

    def decide(self, probabilities):
        """Return indices of classes, ndarray of shape (n,)."""
        return (probabilities / self.thresholds).argmax(axis=1)

    def predict_part(self, part, outputs):
        """Return the probabilities of one candidate, ndarray of shape (n, n_classes)."""
        return part.predict(outputs, self.target)
