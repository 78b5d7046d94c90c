"""Random splits of limited size."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator, ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from skmat._utils.parameters import plain

__all__ = ["LimitedShuffleSplit"]


class LimitedShuffleSplit(BaseCrossValidator):
    """Draw random training and test sets of limited size.

    Use it for choices that some of the rows can make, such as the pretrained weights to start
    from. A search then takes as long for 100,000 rows as for a few thousand. Rows are independent,
    so one composition may be on both sides.

    Parameters
    ----------
    n_splits : int, default=3
        Number of splits.
    max_train_size : int, default=2000
        Maximum of training rows. Small data sets train on four fifths of the rows.
    max_test_size : int, default=1000
        Maximum of test rows. Small data sets test on a fifth of the rows.
    stratify : bool, default=False
        Whether both sets keep the fraction of each class.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    Examples
    --------
    >>> import numpy as np
    >>> from skmat.model_selection import LimitedShuffleSplit
    >>> splitter = LimitedShuffleSplit(max_train_size=30)
    >>> [(len(train), len(test)) for train, test in splitter.split(np.zeros(100))]
    [(30, 20), (30, 20), (30, 20)]
    """

    def __init__(
        self,
        n_splits=3,
        *,
        max_train_size=2000,
        max_test_size=1000,
        stratify=False,
        random_state=None,
    ):
        self.n_splits = plain(n_splits)
        self.max_train_size = plain(max_train_size)
        self.max_test_size = plain(max_test_size)
        self.stratify = plain(stratify)
        self.random_state = plain(random_state)

    def split(self, X, y=None, groups=None):
        """Generate training and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials. Only their number matters.
        y : array-like of shape (n_samples,), default=None
            Classes, with `stratify`.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.
        """
        n_rows = _num_samples(X)
        # Stratified sets need at least one row per class.
        least = len(np.unique(y)) if self.stratify else 1
        n_test = max(least, min(self.max_test_size, n_rows // 5))
        make = StratifiedShuffleSplit if self.stratify else ShuffleSplit
        splitter = make(
            self.n_splits,
            test_size=n_test,
            train_size=min(self.max_train_size, n_rows - n_test),
            random_state=check_random_state(self.random_state),
        )
        yield from splitter.split(X, y)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of splits."""
        return self.n_splits
