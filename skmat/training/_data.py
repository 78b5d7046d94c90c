"""Training data in memory, cut into batches by index."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skmat.nn import current_processes
from skmat.objectives import Objective, View

__all__ = ["BatchLoader", "TrainingBatch", "TrainingData"]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Materials and their targets, as arrays that are built once per fit.

    Parameters
    ----------
    materials : CompositionArrays or CrystalGraphs
        The materials.
    make_batch : callable
        `make_batch(materials, rows)` returns a batch for the encoder.
    y : ndarray of shape (n_materials, n_targets), float32
        Standardised numbers or class indices. A missing label is NaN.
    sample_weight : ndarray of shape (n_materials,), float32
        Weights of the materials.
    teacher_targets : tuple of ndarray of shape (n_materials, n_columns), float32, or None
        Targets of each objective, None for `y`. An empty tuple means `y` for all.
    extra : ndarray of shape (n_materials, n_extra), float32, or None
        Further numbers of each material, standardised, which the heads of `y` read.
    """

    materials: Any
    make_batch: Callable[[Any, np.ndarray], Any]
    y: np.ndarray
    sample_weight: np.ndarray
    teacher_targets: tuple[np.ndarray | None, ...] = ()
    extra: np.ndarray | None = None

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
            None if self.extra is None else self.extra[rows],
        )


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """One batch with everything that its losses need.

    It is not a tuple, because skorch compares the lengths of a tuple's parts. `n_materials` counts
    the shares of all processes.
    """

    materials: Any
    views: list[list[View]]
    y: Tensor
    sample_weight: Tensor
    teacher_targets: list[Tensor | None]
    extra: Tensor | None
    n_materials: int

    def __len__(self):
        return self.n_materials

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
            None if self.extra is None else self.extra.to(device),
            self.n_materials,
        )


class BatchLoader:
    """Iterate over `data` in batches: skorch's ``iterator_train`` and ``iterator_valid``.

    A batch takes one indexing operation per array, without a Python loop over rows. Batches are
    not bucketed by length, because the encoders do not compute on padding.

    Parameters
    ----------
    data : TrainingData
        The data.
    batch_size : int
        Largest number of materials per batch. Sizes within an epoch differ by at most one.
    objectives : sequence of Objective
        Objectives that draw the corrupted views of each batch.
    generator : torch.Generator or None
        Draws a new order and new views at each epoch. None gives the same order and views at each
        pass, as validation needs.

    If several processes train together, each gets its share of the rows of each batch.
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
        # Some losses compare the rows of a batch. They need rows in random order, because tables
        # are often sorted by formula, and batches of equal size.
        order = torch.randperm(n, generator=generator).numpy()
        processes: Any = current_processes()
        for rows in np.array_split(order, len(self)) if n else ():
            if processes is None:
                batch = self._batch(rows, *self._read(rows, generator))
            else:
                batch = self._shared_batch(rows, generator, processes)
            yield batch, batch.y

    def _shared_batch(self, rows, generator, processes) -> TrainingBatch:
        """Return the share of this process. All processes draw the views of all rows."""
        if all(type(objective).views is Objective.views for objective in self.objectives):
            share, factor = processes.share(len(rows))
            materials, views = self._read(rows[share], generator)
        else:
            materials, views = self._read(rows, generator)
            subsets = [view.rows for each in views for view in each if view.rows is not None]
            share, factor = processes.share(len(rows), subsets)
            kept = torch.from_numpy(share)
            materials = materials.take(kept)
            views = [[view.take(kept) for view in each] for each in views]
        batch = self._batch(rows[share], materials, views)
        return replace(batch, sample_weight=batch.sample_weight * factor, n_materials=len(rows))

    def _read(self, rows, generator):
        materials = self.data.make_batch(self.data.materials, rows)
        return materials, [objective.views(materials, generator) for objective in self.objectives]

    def _batch(self, rows, materials, views) -> TrainingBatch:
        data = self.data
        teacher_targets = data.teacher_targets or (None,) * len(self.objectives)
        return TrainingBatch(
            materials,
            views,
            torch.from_numpy(data.y[rows]),
            torch.from_numpy(data.sample_weight[rows]),
            [None if each is None else torch.from_numpy(each[rows]) for each in teacher_targets],
            None if data.extra is None else torch.from_numpy(data.extra[rows]),
            len(rows),
        )
