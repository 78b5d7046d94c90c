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
        Standardised vectors of the training set. One of each composition comes first.
    distances : ndarray of shape (n_compositions,)
        Distances of these from each other, in ascending order.
    all_distances : ndarray of shape (n,)
        Distances of all vectors from each other, in ascending order.
    """

    mean: np.ndarray
    deviation: np.ndarray
    vectors: np.ndarray
    distances: np.ndarray
    all_distances: np.ndarray

    @classmethod
    def fit(cls, vectors, groups, generator, *, all_vectors=False):
        """Learn the distances within the training set.

        Parameters
        ----------
        vectors : ndarray of shape (n, n_features)
            Vectors of the training set.
        groups : ndarray of shape (n,)
            Composition of each row. One row of each is kept, the first one or, with
            `all_vectors`, one that does not depend on the order.
        generator : numpy.random.Generator
            Draws the rows that are kept, if there are too many.
        all_vectors : bool, default=False
            Whether rows of one composition are kept where their vectors differ.
        """
        vectors = np.asarray(vectors, dtype=np.float32)
        _, first = np.unique(groups, return_index=True)
        others = first[:0]
        if all_vectors:
            first, others = _distinct(vectors, groups)
        if len(first) > _MOST:
            first = generator.choice(first, _MOST, replace=False)
        if len(first) + len(others) > _MOST:
            others = generator.choice(others, _MOST - len(first), replace=False)
        kept = vectors[np.concatenate([np.sort(first), np.sort(others)])]
        mean, deviation = _scale_of(kept)
        kept = (kept - mean) / deviation
        distances = all_distances = _own_distances(kept[: len(first)])
        if len(others):
            all_distances = _own_distances(kept)
        return cls(mean, deviation, kept, distances, all_distances)

    @classmethod
    def from_arrays(cls, arrays):
        """Return the scale that ``to_arrays`` describes."""
        # Older folders have one vector of each composition.
        arrays = {"all_distances": arrays["distances"], **arrays}
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
            nearer = np.searchsorted(self.all_distances, distances.mean(axis=1))
            found[rows] = 100 * nearer / len(self.all_distances)
        return found

    def _scaled(self, vectors):
        return (np.asarray(vectors, dtype=np.float32) - self.mean) / self.deviation

    def relative_distance(self, vectors):
        """Return the distance to the training set, relative to the median within it.

        The distance of a row of the training set is that to the others. One row of each
        composition counts: intervals are about materials of other compositions.

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
        kept = self.vectors[: len(self.distances)]
        n_neighbors = min(_N_NEIGHBORS + 1, len(kept))
        for part in np.split(rows, range(_AT_A_TIME, len(rows), _AT_A_TIME)):
            if not len(part):
                continue
            scaled = self._scaled(vectors[part])
            _, nearest = _search(kept).kneighbors(scaled, n_neighbors=n_neighbors)
            # Those of the search depend on the other rows, in the last digits.
            apart = np.abs(scaled[:, None] - kept[nearest])
            distances = np.sort(np.sqrt((apart**2).sum(axis=2)), axis=1)
            is_own = (apart.max(axis=2) < _SAME).any(axis=1)
            found[part] = np.where(
                is_own, distances[:, 1:].mean(axis=1), distances[:, :-1].mean(axis=1)
            )
        return found / unit


def _scale_of(vectors):
    """Return the mean and the standard deviation of each feature."""
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    # Columns without spread would make a small difference infinite.
    return mean, np.where(deviation > 1e-6 * deviation.max(initial=0), deviation, np.inf)


def _distinct(vectors, groups):
    """Return one row of each group, and the other rows that are not equal to a kept one."""
    kept, n_before = np.arange(len(vectors)), np.inf
    # Each pass drops copies, which make the scale too narrow for the next.
    while len(kept) < n_before:
        n_before = len(kept)
        mean, deviation = _scale_of(vectors[kept])
        scaled = (vectors[kept] - mean) / deviation
        kept = kept[_without_copies(scaled, groups[kept])]
    _, starts, counts = np.unique(groups[kept], return_index=True, return_counts=True)
    middle = starts + (counts - 1) // 2
    return kept[middle], np.delete(kept, middle)


def _without_copies(scaled, groups):
    """Return rows of which no two of a group are equal, by group and then by their mean.

    Copies differ in the last digits, which depend on the other structures of a batch.
    """
    # Means of equal rows differ by no more than their features.
    means = scaled.mean(axis=1, dtype=np.float64)
    start = 0
    kept: list[int] = []
    for row in np.lexsort((means, groups)).tolist():
        while start < len(kept) and not (
            groups[kept[start]] == groups[row] and means[row] - means[kept[start]] < _SAME
        ):
            start += 1
        apart = np.abs(scaled[kept[start:]] - scaled[row]).max(axis=1, initial=0)
        if not (apart < _SAME).any():
            kept.append(row)
    return np.array(kept)


def _own_distances(vectors):
    """Return the mean distance of each row to its nearest others, in ascending order."""
    n_neighbors = min(_N_NEIGHBORS, len(vectors) - 1)
    if not n_neighbors:
        return np.zeros(1)
    own, _ = _search(vectors).kneighbors(n_neighbors=n_neighbors)
    return np.sort(own.mean(axis=1))


def _search(vectors):
    return NearestNeighbors(algorithm="brute").fit(vectors)
