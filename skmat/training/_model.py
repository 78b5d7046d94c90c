"""An encoder with the heads of its objectives."""

from collections.abc import Sequence

from torch import nn

from skmat.nn import Encoder
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
        What is learned.
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
            {
                objective.name: objective.build_heads(encoder.out_features, targets)
                for objective in objectives
            }
        )

    @property
    def task_names(self) -> list[str]:
        return [name for each in self.objectives for name in each.task_names(self.targets)]

    @property
    def task_scales(self) -> list[float]:
        return [scale for each in self.objectives for scale in each.task_scales(self.targets)]

    def forward(self, batch: TrainingBatch) -> TaskLosses:
        """Return the losses of all tasks on one batch, objective by objective."""
        clean = None
        parts = []
        for objective, views in zip(self.objectives, batch.views, strict=True):
            if views:
                representations = [
                    self.encoder(view.batch, sites=objective.needs_sites) for view in views
                ]
            else:
                if clean is None:
                    wanted = any(
                        other.needs_sites
                        for other, its_views in zip(self.objectives, batch.views, strict=True)
                        if not its_views
                    )
                    clean = self.encoder(batch.materials, sites=wanted)
                representations = [clean]
            parts.append(
                objective.losses(
                    self.heads[objective.name],
                    representations,
                    views,
                    batch.materials,
                    batch.y,
                    batch.sample_weight,
                )
            )
        return TaskLosses.concatenate(parts)
