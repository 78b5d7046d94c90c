"""How well an estimator says how sure it is: intervals and probabilities."""

import numpy as np

from skmat.exceptions import InvalidInputError

__all__ = ["CALIBRATION_SCORES", "COVERAGE", "expected_calibration_error", "score_interval"]

#: Scores that a fold has if the estimator gives intervals or probabilities.
CALIBRATION_SCORES = ("coverage_90", "width_90", "ece")
#: Fraction of labels that an interval is meant to hold.
COVERAGE = 0.9
_N_BINS = 10


def expected_calibration_error(y, probabilities):
    """Return how far probabilities are from frequencies, 0 (calibrated) to 1.

    Rows are sorted by probability and cut into ten bins of equal count. Rows of equal probability
    share the bin of the first of them, so the result does not depend on the order of the rows.
    The error of a bin is the absolute difference between its mean probability and its fraction of
    ``True``. The result is the mean of the bins' errors, weighted by their rows.

    Parameters
    ----------
    y : ndarray of shape (n,), dtype bool
        Labels.
    probabilities : ndarray of shape (n,), dtype float64
        Probabilities of ``True``.

    Returns
    -------
    float
    """
    rank = np.searchsorted(np.sort(probabilities), probabilities, side="left")
    bins = _N_BINS * rank // len(y)
    excess = np.bincount(bins, weights=probabilities - y, minlength=_N_BINS)
    return float(np.abs(excess).sum() / len(y))


def score_interval(y, interval):
    """Score intervals that are meant to hold 90 % of the labels.

    Parameters
    ----------
    y : ndarray of shape (n,), dtype float64
        Labels.
    interval : ndarray of shape (n, 2), dtype float64
        Lower and upper ends, in the unit of `y`.

    Returns
    -------
    dict of str to float
        "coverage_90": the fraction of labels within their interval, ends included. "width_90":
        the mean width, NaN if an interval is unbounded.

    Raises
    ------
    InvalidInputError
        If the shape is another, an end is NaN, or a lower end is above the upper one.
    """
    interval = np.asarray(interval, dtype=np.float64)
    if interval.shape != (len(y), 2):
        raise InvalidInputError(
            f"The intervals have the shape {interval.shape} for {len(y)} materials. A benchmark"
            " needs a lower and an upper end for each material."
        )
    low, high = interval.T
    valid = low <= high  # False for NaN
    if not valid.all():
        row = int(np.argmin(valid))
        raise InvalidInputError(
            f"{np.count_nonzero(~valid)} of {len(y)} intervals cannot be scored: that of test row"
            f" {row} is from {low[row]} to {high[row]}. Give ends that are numbers, the lower one"
            " first."
        )
    bounded = np.isfinite(interval).all()
    return {
        "coverage_90": float(np.mean((low <= y) & (y <= high))),
        "width_90": float(np.mean(high - low)) if bounded else float("nan"),
    }
