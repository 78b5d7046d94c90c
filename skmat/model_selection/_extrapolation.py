"""A splitter that tests on values that the training rows do not have."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError
from skmat.model_selection._target import read_target

__all__ = ["TargetExtrapolationSplit"]

_TAILS = ("upper", "lower", "both")


class TargetExtrapolationSplit(BaseCrossValidator):
    """Test on the rows with the largest or smallest targets, and train on all others.

    Use it to ask whether a model finds materials that are better than all known ones.

    Parameters
    ----------
    test_size : float, default=0.2
        Fraction of the rows to test on, at most. Rows that share the last value stay in the
        training set.
    tail : {"upper", "lower", "both"}, default="upper"
        Which targets are tested. "both" makes two splits: the upper tail, then the lower one.

    References
    ----------
    N. Segal, A. Netanyahu, K. P. Greenman, P. Agrawal, R. Gómez-Bombarelli, arXiv:2502.05970
    (2025), section 2.

    Examples
    --------
    >>> from skmat.model_selection import TargetExtrapolationSplit
    >>> y = [3.0, 1.0, 9.0, 2.0, 5.0]
    >>> train, test = next(TargetExtrapolationSplit(test_size=0.4).split(y, y))
    >>> test.tolist()
    [2, 4]
    """

    def __init__(self, test_size=0.2, *, tail="upper"):
        self.test_size = plain(test_size)
        self.tail = tail

    def split(self, X, y, groups=None):
        """Generate training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials. Only their number matters.
        y : array-like of shape (n_samples,)
            Targets: numbers without missing values.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.

        Raises
        ------
        InvalidInputError
            If targets are not finite numbers or have several columns, a parameter is wrong, or no
            row is left to test on.
        """
        self._check_parameters()
        y = read_target(y)
        for sign in {"upper": (1,), "lower": (-1,), "both": (1, -1)}[self.tail]:
            values = sign * y
            n_test = int(round(self.test_size * len(y), 6))
            order = np.sort(values)
            is_test = values > order[len(y) - n_test - 1] if n_test < len(y) else ~np.isnan(y)
            if not is_test.any() or is_test.all():
                raise InvalidInputError(
                    f"test_size={self.test_size} leaves {is_test.sum()} of {len(y)} rows to test"
                    " on. Rows that share a value are not separated. Give another test_size."
                )
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits: 2 for "both" tails, else 1."""
        self._check_parameters()
        return 2 if self.tail == "both" else 1

    def _check_parameters(self):
        if self.tail not in _TAILS:
            raise InvalidInputError(f"tail={self.tail!r} must be one of {', '.join(_TAILS)}.")
        is_number = isinstance(self.test_size, float) and 0 < self.test_size < 1
        if not is_number:
            raise InvalidInputError(
                f"test_size={self.test_size!r} must be a fraction between 0 and 1."
            )
