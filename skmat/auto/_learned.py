"""What a model learns of a target: numbers as it sees them, and back."""

from dataclasses import dataclass

import numpy as np

from skmat._utils.units import in_own_unit

__all__ = ["LOG", "LOG_ABOVE", "Learned", "exp_of", "log_of"]

#: End of the names of candidates that learn logarithms.
LOG = ", log"
#: Logarithm of the factor by which a prediction may be above all labels.
LOG_ABOVE = np.log(3)
#: Largest logarithm of a prediction.
_LARGEST_LOG = 300.0


@dataclass(frozen=True, eq=False)
class Learned:
    """Labels of one target, as a model learns them.

    Attributes
    ----------
    target : int
        Column of y.
    values : ndarray of shape (n,)
        Labels of the model; NaN for rows that it does not learn from.
    center, scale : float
        Standardisation of the values.
    log_unit : float or None
        Unit `u` of labels `y` whose ``log(1 + y / u)`` is learned.
    n_classes : int
        Number of classes, 0 for numbers.
    lowest : float or None
        Lowest label, if the model has a gate for it. Predictions then have the shape (n, 2): the
        probability to be above it, and the value above it.
    ceiling : float
        Largest value that a model may predict.
    is_above : bool
        Whether the values are predictions for labels above the lowest one.
    """

    target: int
    values: np.ndarray
    center: float = 0.0
    scale: float = 1.0
    log_unit: float | None = None
    n_classes: int = 0
    lowest: float | None = None
    ceiling: float = np.inf
    is_above: bool = False

    @property
    def width(self):
        """Number of columns of the predictions, or 0 if they have one dimension."""
        return self.n_classes or (0 if self.lowest is None else 2)

    @classmethod
    def numbers(cls, target, values, log_unit=None, lowest=None, *, is_above=False):
        """Return what is learned of numbers, standardised."""
        values = values if log_unit is None else log_of(values, log_unit)
        known = values[~np.isnan(values)]
        # Squares of very small or large numbers vanish or are infinite.
        known, unit = in_own_unit(known)
        center, scale = float(known.mean() * unit), float(known.std() * unit)
        if not scale > 1e-12 * abs(center):
            scale = 1.0
        values = (values - center) / scale
        # An error of a logarithm is a factor.
        ceiling = np.inf if log_unit is None else float(np.nanmax(values) + LOG_ABOVE / scale)
        is_above = is_above or lowest is not None
        return cls(target, values, center, scale, log_unit, 0, lowest, ceiling, is_above)

    def undo(self, predicted):
        """Return predictions of the model in the unit of the target."""
        predicted = np.minimum(np.asarray(predicted, dtype=np.float64), self.ceiling)
        values = predicted * self.scale + self.center
        return values if self.log_unit is None else exp_of(values, self.log_unit)


def log_of(values, unit):
    """Return ``log(1 + values / unit)``."""
    return np.log1p(values / unit)


def exp_of(values, unit):
    """Return the inverse of ``log_of``. Far outside the labels, powers of e are infinite."""
    return unit * np.expm1(np.minimum(values, _LARGEST_LOG))
