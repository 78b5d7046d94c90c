"""Training data in memory, cut into batches by index."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmat.objectives import Objective, View

__all__ = ["BatchLoader", "TrainingBatch", "TrainingData", "split_by_group"]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Materials with their targets, as arrays that live through the whole fit.

    Parameters
    ----------
    materials : CompositionArrays or the like
        Anything with ``__len__`` that `make_batch` can take rows of.
    make_batch : callable
        `make_batch(materials, rows)` returns what the encoder reads.
    y : ndarray of shape (n_materials, n_targets), float32
        Standardised numbers or class indices; NaN where there is no label.
    sample_weight : ndarray of shape (n_materials,), float32
        Weights of the materials.
    teacher_targets : tuple of ndarray of shape (n_materials, n_columns), float32, or None
        What each objective learns in the place of `y`; an empty tuple is None for all.
    """

    materials: Any
    make_batch: Callable[[Any, np.ndarray], Any]
    y: np.ndarray
    sample_weight: np.ndarray
    teacher_targets: tuple[np.ndarray | None, ...] = ()

    def __len__(self):
        return len(self.materials)

    def take(self, rows) -> "TrainingData":
        return TrainingData(
            self.materials.take(rows),
            self.make_batch,
            self.y[rows],
            self.sample_weight[rows],
            tuple(
                None if features is None else features[rows] for features in self.teacher_targets
            ),
        )


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """One batch with everything that its losses need.

    No tuple: skorch takes the length of a tuple to be that of each of its parts.
    """

    materials: Any
    views: list[list[View]]
    y: Tensor
    sample_weight: Tensor
    teacher_targets: list[Tensor | None]

    def __len__(self):
        return len(self.y)

    def to(self, device) -> "TrainingBatch":
        return TrainingBatch(
            self.materials.to(device),
            [[view.to(device) for view in views] for views in self.views],
            self.y.to(device),
            self.sample_weight.to(device),
            [
                None if features is None else features.to(device)
                for features in self.teacher_targets
            ],
        )


class BatchLoader:
    """Iterate over `data` in batches; what skorch takes as ``iterator_train``.

    A batch is one indexing operation per array; there is no Python per row. Batches need not be
    bucketed by length, because the encoders compute on no padding.

    Parameters
    ----------
    data : TrainingData
        The data.
    batch_size : int
        Materials per batch at most; the batches of an epoch differ by one material.
    objectives : sequence of Objective
        Draw the corrupted views of each batch.
    generator : torch.Generator or None
        With a generator: shuffles at each epoch and draws views from it, anew each time. With
        None: one order and the same views at each pass, as validation needs.
    """

    def __init__(
        self,
        data: TrainingData,
        batch_size: int,
        objectives: Sequence[Objective],
        generator: torch.Generator | None,
    ):
        self.data = data
        self.batch_size = batch_size
        self.objectives = objectives
        self.generator = generator

    def __len__(self):
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[TrainingBatch, Tensor]]:
        n = len(self.data)
        generator = self.generator
        if generator is None:
            generator = torch.Generator().manual_seed(0)
        # Tables are sorted by formula, and losses that compare the rows of a batch depend on how
        # alike these are; and on their number, so that none of the batches is much smaller.
        order = torch.randperm(n, generator=generator).numpy()
        teacher_targets = self.data.teacher_targets or (None,) * len(self.objectives)
        for rows in np.array_split(order, len(self)) if n else ():
            materials = self.data.make_batch(self.data.materials, rows)
            y = torch.from_numpy(self.data.y[rows])
            yield (
                TrainingBatch(
                    materials,
                    [objective.views(materials, generator) for objective in self.objectives],
                    y,
                    torch.from_numpy(self.data.sample_weight[rows]),
                    [
                        None if each is None else torch.from_numpy(each[rows])
                        for each in teacher_targets
                    ],
                ),
                y,
            )


def split_by_group(groups, fraction, generator):
    """Split rows so that no group stands on both sides.

    Parameters
    ----------
    groups : ndarray of shape (n,)
        Equal labels stay together.
    fraction : float
        Share of the groups that goes to validation; rounded, so it may be none.
    generator : numpy.random.Generator
        Draws the groups.

    Returns
    -------
    training, validation : ndarray of int
        Row numbers in ascending order; `validation` is empty if the share rounds to none.
    """
    labels = np.unique(groups)
    n_validation = min(round(fraction * len(labels)), len(labels) - 1)
    chosen = generator.permutation(len(labels))[:n_validation]
    in_validation = np.isin(groups, labels[chosen])
    return np.flatnonzero(~in_validation), np.flatnonzero(in_validation)
