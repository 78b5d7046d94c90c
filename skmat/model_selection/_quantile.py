"""Random training sets with the distribution of the target."""

import numpy as np
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError
from skmat.model_selection._target import read_target

__all__ = ["QuantileShuffleSplit"]


class QuantileShuffleSplit(StratifiedShuffleSplit):
    """Draw training sets with the target distribution of all rows.

    The splitter sorts rows by target, cuts them into groups of equal size, and draws the same
    fraction of each group. Use it for small training sets, where a plain
    :class:`sklearn.model_selection.ShuffleSplit` may miss all large targets.

    Parameters
    ----------
    n_splits : int, default=10
        Number of splits.
    train_size : int or float, default=0.8
        Number or fraction of rows to train on.
    test_size : int or float, default=None
        Number or fraction of rows to test on. None takes all others.
    n_quantiles : int, default=10
        Number of groups, at most the number of training or test rows.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Raises
    ------
    InvalidInputError
        If `n_quantiles` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.model_selection import QuantileShuffleSplit
    >>> y = np.arange(100.0)
    >>> train, test = next(
    ...     QuantileShuffleSplit(train_size=10, random_state=0).split(y, y)
    ... )
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
            raise InvalidInputError(f"n_quantiles={n_quantiles!r} must be an integer.")
        if n_quantiles < 1:
            raise InvalidInputError(f"n_quantiles={n_quantiles} must be at least 1.")
        self.n_quantiles = n_quantiles

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
            If targets are not finite numbers, or have several columns.
        """
        y = read_target(y)
        # Each group needs a row on each side.
        sizes = [len(part) for part in next(_sizes_of(self).split(y))]
        n_bins = max(1, min(self.n_quantiles, *sizes))
        # Row order breaks ties, so all groups have equal size.
        ranks = np.empty(len(y), dtype=np.int64)
        ranks[np.argsort(y, kind="stable")] = np.arange(len(y))
        yield from super().split(X, ranks * n_bins // max(1, len(y)))


def _sizes_of(splitter):
    """Return a splitter with the same set sizes."""
    sizes = {"train_size": splitter.train_size, "test_size": splitter.test_size}
    return ShuffleSplit(1, random_state=0, **sizes)
