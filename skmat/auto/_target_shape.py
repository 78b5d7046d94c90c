"""What the labels of a target tell: bounds, a heavy lowest value, a long tail."""

from dataclasses import dataclass

import numpy as np

from skmat.exceptions import InvalidInputError, shorten

__all__ = ["TargetShape", "check_bounds", "describe_target", "read_bounds"]

#: Share of the labels that equal the lowest, from which on a target is zero-inflated.
_INFLATED = (0.15, 0.95)
#: Labels that reach 1 or 100, from which on this is a bound.
_FEWEST_AT_BOUND = 3
#: Fewest labels of each kind.
_FEWEST = 20
#: Ratio of the 95th percentile of the positive labels to their median, from which on logarithms
#: are tried.
_LONG_TAIL = 1.8


@dataclass(frozen=True)
class TargetShape:
    """Properties of the distribution of the labels.

    Attributes
    ----------
    low, high : float
        Bounds that all labels keep; infinite if there is none.
    lowest : float or None
        The lowest label, if a large share of the labels equals it ("zero-inflated").
    log_unit : float or None
        Unit `u` of the transform ``log(1 + y / u)``, if no label is negative and some are far
        above the others.
    """

    low: float = -np.inf
    high: float = np.inf
    lowest: float | None = None
    log_unit: float | None = None

    def clip(self, values):
        """Return `values` within the bounds."""
        return np.clip(values, self.low, self.high)


def describe_target(labels, *, zero_inflated="auto", bounds="auto"):
    """Describe the known labels of a target.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Labels without missing values.
    zero_inflated : "auto" or bool, default="auto"
        "auto" takes a target as zero-inflated if 15 to 95 % of the labels equal the lowest one.
    bounds : "auto", None or (low, high), default="auto"
        As ``read_bounds`` returns them. "auto" takes 0 as a bound if no label is on its other
        side. If all labels are between 0 and 1, or between 0 and 100, and three or more reach the
        upper end, this is a bound too.

    Returns
    -------
    TargetShape
    """
    labels = np.asarray(labels, dtype=np.float64)
    if not len(labels):
        return TargetShape()
    least = labels.min()
    low, high = _bounds(labels) if isinstance(bounds, str) else (bounds or (None, None))
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    is_lowest = labels == least
    lowest = None
    if zero_inflated is not False and min(is_lowest.sum(), (~is_lowest).sum()) >= _FEWEST:
        share = is_lowest.mean()
        if zero_inflated is True or _INFLATED[0] <= share <= _INFLATED[1]:
            lowest = float(least)
    return TargetShape(float(low), float(high), lowest, _log_unit(labels))


def read_bounds(bounds):
    """Return "auto", None, or the low and the high bound, infinite where there is none.

    Raises
    ------
    InvalidInputError
        If `bounds` are not two numbers in order.
    """
    if bounds is None or isinstance(bounds, str):
        return bounds
    try:
        low, high = bounds
        low = -np.inf if low is None else float(low)
        high = np.inf if high is None else float(high)
    except (TypeError, ValueError):
        low, high = np.nan, np.nan
    if not low < high:
        raise InvalidInputError(
            f"bounds={shorten(bounds)} must be two numbers, the lower one first, such as (0, 1)."
            " None leaves an end open."
        )
    return low, high


def check_bounds(bounds, labels, name):
    """Raise an error if a label of the target `name` is outside of `bounds`."""
    if bounds is None or isinstance(bounds, str):
        return
    outside = np.flatnonzero((labels < bounds[0]) | (labels > bounds[1]))
    if len(outside):
        raise InvalidInputError(
            f"bounds={bounds} leave out {len(outside)} label(s) of {name!r}, such as"
            f" {labels[outside[0]]}. Use bounds that all labels keep."
        )


def _log_unit(labels):
    positive = labels[labels > 0]
    if labels.min() < 0 or not len(positive):
        return None
    median = float(np.median(positive))
    return median if np.percentile(positive, 95) > _LONG_TAIL * median else None


def _bounds(labels):
    least, most = labels.min(), labels.max()
    if least < 0:
        return None, (0.0 if most <= 0 else None)
    reaches = most in (1.0, 100.0) and (labels == most).sum() >= _FEWEST_AT_BOUND
    return 0.0, (most if reaches else None)
