"""How far materials are from those of the training set."""

from dataclasses import dataclass, fields

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["NoveltyScale"]

#: Neighbours whose mean distance counts.
_N_NEIGHBORS = 5
#: Largest difference of a feature of equal materials, in standard deviations.
_SAME = 1e-3
#: Rows whose differences from their neighbours are in memory.
_AT_A_TIME = 1_000
#: Materials of the training set that are kept, at most.
_MOST = 10_000


@dataclass(frozen=True, eq=False)
class NoveltyScale:
    """Percentiles of the distance to the training set, in the space of an encoder.

    Attributes
    ----------
    mean, deviation : ndarray of shape (n_features,)
        Standardisation of the vectors.
    vectors : ndarray of shape (n, n_features), float32
        Standardised vectors of the training set.
    distances : ndarray of shape (n,)
        Distances of the training set from itself, in ascending order.
    """

    mean: np.ndarray
    deviation: np.ndarray
    vectors: np.ndarray
    distances: np.ndarray

    @classmethod
    def fit(cls, vectors, groups, generator):
        """Learn the distances within the training set.

        Parameters
        ----------
        vectors : ndarray of shape (n, n_features)
            Vectors of the training set.
        groups : ndarray of shape (n,)
            Composition of each row. One row of each is kept.
        generator : numpy.random.Generator
            Draws the rows that are kept, if there are too many.
        """
        _, first = np.unique(groups, return_index=True)
        if len(first) > _MOST:
            first = generator.choice(first, _MOST, replace=False)
        vectors = np.asarray(vectors[np.sort(first)], dtype=np.float32)
        mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
        # Columns without spread would make a small difference infinite.
        deviation = np.where(deviation > 1e-6 * deviation.max(initial=0), deviation, np.inf)
        vectors = (vectors - mean) / deviation
        n_neighbors = min(_N_NEIGHBORS, len(vectors) - 1)
        distances = np.zeros(1)
        if n_neighbors:
            own, _ = _search(vectors).kneighbors(n_neighbors=n_neighbors)
            distances = np.sort(own.mean(axis=1))
        return cls(mean, deviation, vectors, distances)

    @classmethod
    def from_arrays(cls, arrays):
        """Return the scale that ``to_arrays`` describes."""
        return cls(**{each.name: arrays[each.name] for each in fields(cls)})

    def to_arrays(self):
        """Return all arrays by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def holds(self, vectors):
        """Tell which rows are equal to one of the training set that is kept.

        Parameters
        ----------
        vectors : ndarray of shape (n, n_features)
            Vectors of materials.

        Returns
        -------
        ndarray of shape (n,), bool
        """
        scaled = self._scaled(vectors)
        _, nearest = _search(self.vectors).kneighbors(scaled, n_neighbors=1)
        return np.abs(scaled - self.vectors[nearest[:, 0]]).max(axis=1, initial=0) < _SAME

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
            scaled = self._scaled(vectors[rows])
            distances, _ = _search(self.vectors).kneighbors(scaled, n_neighbors=n_neighbors)
            nearer = np.searchsorted(self.distances, distances.mean(axis=1))
            found[rows] = 100 * nearer / len(self.distances)
        return found

    def _scaled(self, vectors):
        return (np.asarray(vectors, dtype=np.float32) - self.mean) / self.deviation

    def relative_distance(self, vectors):
        """Return the distance to the training set, relative to the median within it.

        The distance of a row of the training set is that to the others.

        Parameters
        ----------
        vectors : ndarray of shape (n, n_features)
            Vectors of materials. Rows of NaN have no distance.

        Returns
        -------
        ndarray of shape (n,)
            Mean distance to the nearest materials over the median of the training set. 1 if the
            training set holds one material only.
        """
        unit = np.median(self.distances)
        found = np.full(len(vectors), np.nan)
        rows = np.flatnonzero(~np.isnan(vectors).any(axis=1))
        if not unit > 0:
            found[rows] = 1.0
            return found
        n_neighbors = min(_N_NEIGHBORS + 1, len(self.vectors))
        for part in np.split(rows, range(_AT_A_TIME, len(rows), _AT_A_TIME)):
            if not len(part):
                continue
            scaled = self._scaled(vectors[part])
            _, nearest = _search(self.vectors).kneighbors(scaled, n_neighbors=n_neighbors)
            # Those of the search depend on the other rows, in the last digits.
            apart = np.abs(scaled[:, None] - self.vectors[nearest])
            distances = np.sort(np.sqrt((apart**2).sum(axis=2)), axis=1)
            is_own = (apart.max(axis=2) < _SAME).any(axis=1)
            found[part] = np.where(
                is_own, distances[:, 1:].mean(axis=1), distances[:, :-1].mean(axis=1)
            )
        return found / unit


def _search(vectors):
    return NearestNeighbors(algorithm="brute").fit(vectors)
