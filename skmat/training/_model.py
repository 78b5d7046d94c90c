"""An encoder with the heads of its objectives."""

from collections.abc import Sequence

from torch import nn

from skmat.nn import Encoder, Representation
from skmat.objectives import Objective, Target, TaskLosses
from skmat.training._data import TrainingBatch

__all__ = ["MultiObjectiveModel"]


class MultiObjectiveModel(nn.Module):
    """One encoder, shared by the heads of all objectives.

    Parameters
    ----------
    encoder : Encoder
        The encoder.
    objectives : sequence of Objective
        The objectives.
    targets : sequence of Target
        The columns of y.
    """

    def __init__(
        self, encoder: Encoder, objectives: Sequence[Objective], targets: Sequence[Target]
    ):
        super().__init__()
        self.encoder = encoder
        self.objectives = tuple(objectives)
        self.targets = tuple(targets)
        self.heads = nn.ModuleDict(
            {objective.name: objective.build_heads(encoder, targets) for objective in objectives}
        )

    @property
    def task_names(self) -> list[str]:
        return [name for each in self.objectives for name in each.task_names(self.targets)]

    @property
    def task_scales(self) -> list[float]:
        return [scale for each in self.objectives for scale in each.task_scales(self.targets)]

    def forward(self, batch: TrainingBatch) -> TaskLosses:
        """Return the losses of all tasks on one batch, in the order of the objectives."""
        whole: Representation | None = None
        parts = []
        for objective, views, features in zip(
            self.objectives, batch.views, batch.teacher_targets, strict=True
        ):
            representations = []
            for view in views:
                if view.batch is not None:
                    representations.append(self.encoder(view.batch, sites=objective.needs_sites))
                    continue
                if whole is None:
                    whole = self._encode_whole(batch)
                representations.append(whole)
            parts.append(
                objective.losses(
                    self.heads[objective.name],
                    representations,
                    views,
                    batch.materials,
                    batch.y if features is None else features,
                    batch.sample_weight,
                )
            )
        return TaskLosses.concatenate(parts)

    def _encode_whole(self, batch: TrainingBatch) -> Representation:
        """Encode the uncorrupted batch once for all objectives that use it."""
        sites = any(
            objective.needs_sites
            for objective, views in zip(self.objectives, batch.views, strict=True)
            if any(view.batch is None for view in views)
        )
        whole = self.encoder(batch.materials, sites=sites)
        return whole if batch.extra is None else whole._replace(extra=batch.extra)
