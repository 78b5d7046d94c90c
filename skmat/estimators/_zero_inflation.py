"""Targets whose lowest label is that of many rows: a gate, and a value above it."""

from dataclasses import dataclass, replace

import numpy as np

from skmat._utils.parameters import plain
from skmat.estimators._targets import TargetData
from skmat.exceptions import InvalidInputError, InvalidLabelsError, shorten
from skmat.objectives import Target

__all__ = ["GatedTargets", "find_lowest", "median_of_mixture", "spread_of_mixture", "with_gates"]

#: "auto": shares of the labelled rows that have the lowest label.
_SHARES = (0.15, 0.95)
#: "auto": fewest rows above the lowest label.
_MIN_ABOVE = 10
#: "auto": another label may be repeated this often, relative to the lowest. Grades and counts
#: repeat all of their values.
_MAX_REPEATED = 0.25

#: Name of the task of a gate, after the name of its target.
_GATE = "{}_above_lowest"


@dataclass(frozen=True, eq=False)
class GatedTargets(TargetData):
    """Targets with a task more for each gate, after all others.

    A row at the lowest label has no label of the value, and the class False of the gate.

    Attributes
    ----------
    given : TargetData
        The same as the user gave them.
    lowest : ndarray of shape (n_given,), float64
        Lowest label of each target with a gate. NaN for a target without one.
    """

    given: TargetData
    lowest: np.ndarray

    @property
    def as_given(self):
        return self.given

    def take(self, rows):
        return replace(super().take(rows), given=self.given.take(rows))

    def weights_of_tasks(self, weights):
        # A value and its gate share the weight of their target.
        is_gated = ~np.isnan(self.lowest)
        halves = np.where(is_gated, 0.5, 1.0) * np.array(weights)
        return [*halves.tolist(), *halves[is_gated].tolist()]

    def fit_scaling(self, rows, sample_weight):
        scaling = super().fit_scaling(rows, sample_weight)
        learned = ~np.isnan(self.values[rows[sample_weight[rows] > 0]])
        # As a constant target, which later labels standardise.
        empty = np.zeros(len(self.targets), dtype=bool)
        empty[: len(self.lowest)] = ~np.isnan(self.lowest)
        empty &= ~learned.any(axis=0)
        lowest = np.append(self.lowest, np.zeros(len(self.targets) - len(self.lowest)))
        return replace(
            scaling,
            mean=np.where(empty, lowest, scaling.mean),
            scale=np.where(empty, 0.0, scaling.scale),
        )


def find_lowest(targets, sample_weight, zero_inflated):
    """Return the lowest label of each target that needs a gate.

    Parameters
    ----------
    targets : TargetData
        Numbers.
    sample_weight : ndarray of shape (n,)
        Weights. Rows of weight 0 do not count.
    zero_inflated : bool, "auto" or list of bool
        The parameter of the regressor.

    Returns
    -------
    ndarray of shape (n_targets,), float64
        NaN for a target without a gate.

    Raises
    ------
    InvalidInputError
        If a list does not have one bool per target.
    """
    n_targets = len(targets.targets)
    lowest = np.full(n_targets, np.nan)
    for place, choice in enumerate(_choices(zero_inflated, n_targets)):
        column = targets.values[sample_weight > 0, place]
        labels = column[~np.isnan(column)]
        if len(labels) and (_repeats_its_lowest(labels) if choice == "auto" else choice):
            lowest[place] = labels.min()
    return lowest


def _choices(zero_inflated, n_targets):
    if not isinstance(zero_inflated, list):
        return [zero_inflated] * n_targets
    choices = plain(zero_inflated)
    if len(choices) != n_targets or not all(isinstance(each, bool) for each in choices):
        raise InvalidInputError(
            f"zero_inflated={shorten(zero_inflated)} must have True or False for each of the"
            f" {n_targets} targets."
        )
    return choices


def _repeats_its_lowest(labels):
    lowest = labels.min()
    n_lowest = np.count_nonzero(labels == lowest)
    _, repeats = np.unique(labels[labels > lowest], return_counts=True)
    least, most = _SHARES
    return (
        least <= n_lowest / len(labels) <= most
        and repeats.sum() >= _MIN_ABOVE
        and repeats.max() <= _MAX_REPEATED * n_lowest
    )


def with_gates(targets, lowest, sample_weight):
    """Return the targets with the gates that `lowest` tells of, or `targets` if it tells of none.

    Raises
    ------
    InvalidLabelsError
        If a label in a row of positive weight is below `lowest`, which an earlier call found.
    InvalidInputError
        If a column has the name of a gate.
    """
    gated = np.flatnonzero(~np.isnan(lowest))
    # Other columns than those of an earlier call are an error later.
    if not len(gated) or len(lowest) != len(targets.targets):
        return targets
    values, names = targets.values, targets.names
    _check_not_below(np.where(sample_weight[:, None] > 0, values, np.nan), names, lowest)
    gates = [_GATE.format(names[place]) for place in gated]
    taken = sorted(set(gates) & set(names))
    if taken:
        raise InvalidInputError(
            f"zero_inflated adds tasks named {gates}, and y has columns named {taken} too."
            " Rename the columns of y."
        )
    above = np.where(np.isnan(values), np.nan, values > lowest)[:, gated]
    return GatedTargets(
        np.hstack([np.where(values == lowest, np.nan, values), above]),
        [*targets.targets, *(Target(name, 2) for name in gates)],
        [*targets.classes, *(np.array([False, True]) for _ in gates)],
        targets.one_dimensional,
        targets,
        lowest,
    )


def _check_not_below(values, names, lowest):
    problems = [
        (
            int(row),
            float(values[row, place]),
            f"target {names[place]!r}: {shorten(float(values[row, place]))} is below"
            f" {shorten(float(lowest[place]))}, the lowest label of the first call",
        )
        for row, place in np.argwhere(values < lowest)
    ]
    if problems:
        raise InvalidLabelsError(
            problems,
            len(values),
            "A zero-inflated target is never predicted below its lowest label. Give all rows in"
            " the first call, or use a new estimator with zero_inflated=False.",
        )


def median_of_mixture(probability, value, deviation, lowest):
    """Return the median of a mixture of `lowest` and a Laplace distribution.

    Parameters
    ----------
    probability : ndarray
        Probability of a label above `lowest`.
    value, deviation : ndarray of the same shape
        Median and standard deviation of labels above `lowest`. A deviation of 0 is a single value.
    lowest : ndarray that broadcasts to this shape
        The lowest label.
    """
    is_above = probability > 0.5
    # The quantile of the Laplace distribution that is the median of the whole.
    shift = np.log(2.0 - 1.0 / np.where(is_above, probability, 1.0)) / np.sqrt(2.0)
    # 0 * -inf is NaN.
    shift = np.where(deviation > 0, deviation * shift, 0.0)
    return np.where(is_above, np.maximum(value + shift, lowest), lowest)


def spread_of_mixture(probability, value, deviation, lowest):
    """Return the mean and the standard deviation of the same mixture."""
    distance = value - lowest
    mean = lowest + probability * distance
    # hypot, because squares of large labels overflow.
    spread = np.hypot(
        np.sqrt(probability) * deviation,
        np.sqrt(probability * (1.0 - probability)) * distance,
    )
    return mean, spread
