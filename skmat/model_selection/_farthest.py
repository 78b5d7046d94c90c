"""Samples of materials that are far from one another."""

import numpy as np
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils.validation import _num_samples

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError

__all__ = ["FarthestPointSplit"]


class FarthestPointSplit(ShuffleSplit):
    """Draw training sets of materials that differ as much as possible; no target is looked at.

    The first material is drawn at random, and each further one is the farthest from all before
    it (Gonzalez 1985). Distances are Euclidean, between the vectors that a transformer returns,
    each feature in units of its standard deviation.

    Parameters
    ----------
    transformer : transformer, default=None
        Makes vectors of materials, such as ``MTEncoder()``, ``CGCNNEncoder()`` or
        ``MagpieFeaturizer()``; it is cloned and fitted to X. None takes X as vectors. Sparse
        vectors are made dense.
    n_splits : int, default=10
        Number of samples, each from another first material.
    train_size : int or float, default=0.8
        Materials of the sample: their number, or their share.
    test_size : int or float, default=None
        Materials to test on, drawn at random from the others; None takes all others.
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
    >>> splitter = FarthestPointSplit(MagpieFeaturizer(), train_size=2, random_state=0)
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
        """Generate training rows, in the order in which they were chosen, and test rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Materials, as the transformer reads them; without one, vectors.
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
            If a material has no finite vector, or if X holds no vectors and there is no
            transformer.
        """
        vectors = self._vectors(X)
        if vectors.ndim != 2 or len(vectors) != _num_samples(X):
            raise InvalidInputError(
                f"Vectors of shape {vectors.shape} are not one for each of {_num_samples(X)}"
                " materials; pass a transformer that makes them."
            )
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise InvalidInputError(
                f"{len(bad)} materials have no finite vector, the first in row {bad[0]}; leave"
                " them out."
            )
        spread = vectors.std(axis=0)
        vectors = (vectors - vectors.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        generator = check_random_state(self.random_state)
        # How many rows each side has, ShuffleSplit knows.
        for train, test in super().split(vectors):
            chosen = _farthest(vectors, len(train), generator.randint(len(vectors)))
            rest = np.setdiff1d(np.arange(len(vectors)), chosen)
            yield chosen, np.sort(generator.choice(rest, len(test), replace=False))

    def _vectors(self, X):
        """Return one vector per material, as far as can be told without looking at them."""
        vectors = X if self.transformer is None else clone(self.transformer).fit_transform(X)
        if issparse(vectors):
            vectors = vectors.toarray()
        try:
            return np.asarray(vectors, dtype=np.float64)
        except (TypeError, ValueError):
            pass
        if self.transformer is None:
            raise InvalidInputError(
                "X holds no vectors of numbers; pass the transformer that makes them of"
                " materials: FarthestPointSplit(transformer=MTEncoder()), CGCNNEncoder() for"
                " crystals, or MagpieFeaturizer()."
            )
        raise InvalidInputError(
            f"{self.transformer!r} returned no vectors of numbers; pass a transformer that does."
        )


def _farthest(vectors, n_chosen, first):
    chosen = [first]
    nearest = np.full(len(vectors), np.inf)
    while len(chosen) < n_chosen:
        nearest = np.minimum(nearest, ((vectors - vectors[chosen[-1]]) ** 2).sum(axis=1))
        # Materials with the vector of a chosen one come last, none of them twice.
        nearest[chosen[-1]] = -1.0
        chosen.append(int(nearest.argmax()))
    return np.array(chosen)
