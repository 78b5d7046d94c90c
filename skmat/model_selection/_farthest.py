"""Training sets of materials that are far from each other."""

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from skmat._utils.parameters import plain
from skmat._utils.spread import spread_of
from skmat.exceptions import InvalidInputError

__all__ = ["FarthestPointSplit"]


class FarthestPointSplit(ShuffleSplit):
    """Draw training sets of materials that differ as much as possible, without using targets.

    The first material is random. Each further one is the farthest from all chosen before
    (Gonzalez 1985). Distances are Euclidean, between the vectors of a transformer. Each feature is
    in units of its standard deviation.

    Parameters
    ----------
    transformer : transformer, default=None
        Turns materials into vectors, such as ``MTEncoder()``, ``CGCNNEncoder()`` or
        ``MagpieFeaturizer()``. A clone is fitted to X. None uses X as vectors. Sparse vectors
        become dense.
    n_splits : int, default=10
        Number of splits, each with another first material.
    train_size : int or float, default=0.8
        Number or fraction of materials to train on.
    test_size : int or float, default=None
        Number or fraction of materials to test on, drawn at random from the others. None takes all
        others.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws.

    References
    ----------
    T. F. Gonzalez, Theoretical Computer Science 38, 293 (1985).

    Examples
    --------
    >>> from skmat import MagpieFeaturizer
    >>> from skmat.model_selection import FarthestPointSplit
    >>> formulas = ["NaCl", "KCl", "KBr", "Fe", "FeNi"]
    >>> splitter = FarthestPointSplit(
    ...     MagpieFeaturizer(), train_size=2, random_state=0
    ... )
    >>> train, test = next(splitter.split(formulas))
    >>> [formulas[i] for i in train]
    ['FeNi', 'KCl']
    """

    def __init__(
        self, transformer=None, n_splits=10, *, train_size=0.8, test_size=None, random_state=None
    ):
        super().__init__(
            plain(n_splits),
            train_size=plain(train_size),
            test_size=plain(test_size),
            random_state=plain(random_state),
        )
        self.transformer = transformer

    def split(self, X, y=None, groups=None):
        """Generate training rows, in the order of choice, and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials for the transformer. Without a transformer, vectors.
        y : object
            Ignored.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.

        Raises
        ------
        InvalidInputError
            If the vector of a material is not finite, or X needs a transformer.
        """
        vectors = self._vectors(X)
        if vectors.ndim != 2 or len(vectors) != _num_samples(X):
            raise InvalidInputError(
                f"{_num_samples(X)} materials need one vector each, got an array of shape"
                f" {vectors.shape}. Pass another transformer."
            )
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise InvalidInputError(
                f"{len(bad)} materials have no finite vector, the first in row {bad[0]}. Leave"
                " them out."
            )
        vectors = (vectors - vectors.mean(axis=0)) / spread_of(vectors)
        generator = check_random_state(self.random_state)
        # ShuffleSplit sets the sizes of both sides.
        for train, test in super().split(vectors):
            chosen = _farthest(vectors, len(train), generator.randint(len(vectors)))
            rest = np.setdiff1d(np.arange(len(vectors)), chosen)
            yield chosen, np.sort(generator.choice(rest, len(test), replace=False))

    def _vectors(self, X):
        """Return an array of vectors, whose shape is not checked yet."""
        vectors = X if self.transformer is None else clone(self.transformer).fit_transform(X)
        if issparse(vectors):
            vectors = vectors.toarray()
        try:
            return np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError):
            pass
        if self.transformer is None:
            raise InvalidInputError(
                "X does not hold numeric vectors. Pass a transformer that makes them, such as"
                " FarthestPointSplit(transformer=MTEncoder()), CGCNNEncoder() for structures, or"
                " MagpieFeaturizer()."
            )
        raise InvalidInputError(
            f"{self.transformer!r} did not return numeric vectors. Pass another transformer."
        )


def _farthest(vectors, n_chosen, first):
    chosen = [first]
    nearest = np.full(len(vectors), np.inf)
    while len(chosen) < n_chosen:
        nearest = np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
        # Duplicates of chosen materials come last. Chosen materials never come again.
        nearest[chosen[-1]] = -1.0
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)
