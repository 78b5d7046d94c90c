"""Random samples with the distribution of the target."""

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils.validation import column_or_1d

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError

__all__ = ["QuantileShuffleSplit"]


class QuantileShuffleSplit(StratifiedShuffleSplit):
    """Draw training sets whose targets are spread as those of all rows are.

    Rows are sorted by target and cut into groups of equal size, and every group gives the same
    share. Of a small sample drawn at random (:class:`sklearn.model_selection.ShuffleSplit`) large
    targets may be missing altogether.

    Parameters
    ----------
    n_splits : int, default=10
        Number of samples.
    train_size : int or float, default=0.8
        Rows of the sample: their number, or their share.
    test_size : int or float, default=None
        Rows to test on; None takes all others.
    n_quantiles : int, default=10
        Number of groups; no more than the sample or the test set has rows.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Raises
    ------
    InvalidInputError
        If `n_quantiles` is no whole number of 1 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.model_selection import QuantileShuffleSplit
    >>> y = np.arange(100.0)
    >>> train, test = next(QuantileShuffleSplit(train_size=10, random_state=0).split(y, y))
    >>> sorted((y[train] // 10).astype(int).tolist())
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    >>> len(test)
    90
    """

    def __init__(
        self, n_splits=10, *, train_size=0.8, test_size=None, n_quantiles=10, random_state=None
    ):
        super().__init__(
            plain(n_splits),
            train_size=plain(train_size),
            test_size=plain(test_size),
            random_state=plain(random_state),
        )
        n_quantiles = plain(n_quantiles)
        if not isinstance(n_quantiles, int) or isinstance(n_quantiles, bool):
            raise InvalidInputError(f"n_quantiles={n_quantiles!r} is no whole number.")
        if n_quantiles < 1:
            raise InvalidInputError(f"n_quantiles={n_quantiles}: there is one group at least.")
        self.n_quantiles = n_quantiles

    def split(self, X, y, groups=None):
        """Generate training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials; only their number counts.
        y : array-like of shape (n_samples,)
            Targets: numbers, none of them missing.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.

        Raises
        ------
        InvalidInputError
            If targets are no finite numbers, or have several columns.
        """
        try:
            y = column_or_1d(y).astype(np.float64)
        except ValueError as error:
            raise InvalidInputError(f"y must be one column of numbers: {error}") from None
        missing = np.flatnonzero(~np.isfinite(y))
        if len(missing):
            raise InvalidInputError(
                f"y holds {len(missing)} labels that are missing or infinite, the first in row"
                f" {missing[0]}; split the rows that have labels."
            )
        # Each group gives a row to either side.
        sizes = [len(part) for part in next(_sizes_of(self).split(y))]
        n_bins = max(1, min(self.n_quantiles, *sizes))
        # Ties are broken by row, so that all bins are equally large.
        ranks = np.empty(len(y), dtype=np.int64)
        ranks[np.argsort(y, kind="stable")] = np.arange(len(y))
        yield from super().split(X, ranks * n_bins // max(1, len(y)))


def _sizes_of(splitter):
    """Return a splitter that has sets of the same sizes."""
    sizes = {"train_size": splitter.train_size, "test_size": splitter.test_size}
    return ShuffleSplit(1, random_state=0, **sizes)
