"""The training data of a fit."""

from dataclasses import dataclass, field

import numpy as np

from skmat.auto._materials import MaterialTable
from skmat.estimators._targets import TargetData

__all__ = ["FitData"]


@dataclass(eq=False)
class FitData:
    """What a fit was given, as arrays.

    Attributes
    ----------
    table : MaterialTable
        Materials.
    targets : TargetData
        Labels.
    sample_weight : ndarray of shape (n,), float64
        Weights with mean 1.
    groups : ndarray of shape (n,), int
        Rows of one group are never in both parts of a split.
    folds : list of (ndarray, ndarray)
        Training and held-out rows.
    distances : ndarray of shape (n,)
        Distances of the rows from the others, relative to their median.
    """

    table: MaterialTable
    targets: TargetData
    sample_weight: np.ndarray
    groups: np.ndarray
    folds: list = field(default_factory=list)
    distances: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __len__(self):
        return len(self.table)

    @property
    def n_columns(self):
        """Number of further columns."""
        return 0 if self.table.columns is None else self.table.columns.shape[1]

    def n_labelled(self):
        """Return the number of rows with a label of any column."""
        masks = [self.labelled(target) for target in range(len(self.targets.names))]
        return int(np.any(masks, axis=0).sum())

    def labelled(self, target):
        """Return the mask of the rows with a label of that column and a positive weight."""
        return ~np.isnan(self.targets.values[:, target]) & (self.sample_weight > 0)

    def labels(self, target):
        """Return the labels of a column, NaN where they are missing or have no weight."""
        return np.where(self.labelled(target), self.targets.values[:, target], np.nan)
