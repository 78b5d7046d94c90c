"""How far materials are from those of the training set."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["NoveltyScale"]

#: Neighbours whose mean distance counts.
_N_NEIGHBORS = 5
#: Materials of the training set that are kept, at most.
_MOST = 10_000


class NoveltyScale:
    """Percentiles of the distance to the training set, in the space of an encoder.

    Parameters
    ----------
    vectors : ndarray of shape (n, n_features)
        Vectors of the training set.
    groups : ndarray of shape (n,)
        Composition of each row. One row of each is kept.
    generator : numpy.random.Generator
        Draws the rows that are kept, if there are too many.
    """

    def __init__(self, vectors, groups, generator):
        _, first = np.unique(groups, return_index=True)
        if len(first) > _MOST:
            first = generator.choice(first, _MOST, replace=False)
        vectors = np.asarray(vectors[np.sort(first)], dtype=np.float32)
        deviation = vectors.std(axis=0)
        self.mean = vectors.mean(axis=0)
        # Columns without spread would make a small difference infinite.
        self.deviation = np.where(deviation > 1e-6 * deviation.max(initial=0), deviation, np.inf)
        self.vectors = self._scaled(vectors)
        own = min(_N_NEIGHBORS, len(self.vectors) - 1)
        if own:
            self.distances = np.sort(self._neighbors().kneighbors(n_neighbors=own)[0].mean(axis=1))
        else:
            self.distances = np.zeros(1)

    def percentile(self, vectors):
        """Return the percentage of the training set that is nearer to the others than a row.

        Parameters
        ----------
        vectors : ndarray of shape (n, n_features)
            Vectors of materials. Rows of NaN have no percentile.

        Returns
        -------
        ndarray of shape (n,)
            Percentiles from 0 to 100.
        """
        found = np.full(len(vectors), np.nan)
        rows = np.flatnonzero(~np.isnan(vectors).any(axis=1))
        if len(rows):
            n_neighbors = min(_N_NEIGHBORS, len(self.vectors))
            scaled = self._scaled(np.asarray(vectors[rows], dtype=np.float32))
            distances = self._neighbors().kneighbors(scaled, n_neighbors=n_neighbors)[0]
            nearer = np.searchsorted(self.distances, distances.mean(axis=1))
            found[rows] = 100 * nearer / len(self.distances)
        return found

    def _scaled(self, vectors):
        return (vectors - self.mean) / self.deviation

    def _neighbors(self):
        return NearestNeighbors(algorithm="brute").fit(self.vectors)
