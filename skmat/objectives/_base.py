"""The contract of an objective."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError
from skmat.nn import Encoder, Representation

__all__ = ["Objective", "Target", "TaskLosses", "View", "check_hidden", "check_scale"]


@dataclass(frozen=True)
class Target:
    """One column of y, as the networks see it.

    Attributes
    ----------
    name : str
        Name of the property.
    n_classes : int, default=0
        0 for a number to regress, 2 for a binary label, more for a multi-class one.
    """

    name: str
    n_classes: int = 0


class TaskLosses(NamedTuple):
    """Losses of one batch, one entry per task, kept as sums so that batches can be added.

    Attributes
    ----------
    sums : Tensor of shape (n_tasks,)
        Weighted sum of the loss over the rows that have a label.
    counts : Tensor of shape (n_tasks,)
        Sum of the weights of these rows; 0 where the batch has no label for a task.
    """

    sums: Tensor
    counts: Tensor

    @property
    def means(self) -> Tensor:
        """Mean over the labelled rows; 0, and no gradient, for a task without any."""
        return self.sums / torch.where(self.counts > 0, self.counts, 1.0)

    @classmethod
    def concatenate(cls, parts: Sequence["TaskLosses"]) -> "TaskLosses":
        return cls(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


class View(NamedTuple):
    """One version of a batch, or of some of its materials, that the encoder is shown.

    Attributes
    ----------
    batch : batch or None
        The materials, possibly corrupted; None is the batch as it is, which is encoded once for
        all who look at it.
    selected : Tensor of the shape of ``batch.site_mask``, bool, or None
        True at the sites that were corrupted, or chosen to be; None where all are whole.
    rows : Tensor of shape (n_materials,), int64, or None
        Which materials of the batch these are; None if they are all of them.
    """

    batch: Any
    selected: Tensor | None = None
    rows: Tensor | None = None

    def to(self, device) -> "View":
        return View(*(None if part is None else part.to(device) for part in self))


class Objective(ABC):
    """What a network learns from a batch. Subclasses are frozen dataclasses of their settings."""

    #: Short name, as users write it and as it appears in histories and model cards.
    name: ClassVar[str]
    #: Whether ``losses`` reads ``Representation.sites``.
    needs_sites: ClassVar[bool] = False
    #: Whether the objective learns from y.
    needs_targets: ClassVar[bool] = False
    #: What computes the objective's targets from the materials, instead of y; see Distillation.
    teacher: Any = None

    @abstractmethod
    def task_names(self, targets: Sequence[Target]) -> list[str]:
        """Name the tasks, in the order of ``losses``."""

    @abstractmethod
    def build_heads(self, encoder: Encoder, targets: Sequence[Target]) -> nn.Module:
        """Build what comes after `encoder`."""

    @abstractmethod
    def losses(
        self,
        heads: nn.Module,
        representations: Sequence[Representation],
        views: Sequence[View],
        batch: Any,
        y: Tensor,
        sample_weight: Tensor,
    ) -> TaskLosses:
        """Compute the losses of one batch.

        Parameters
        ----------
        heads : Module
            What ``build_heads`` returned.
        representations : sequence of Representation
            One per view, in the order of ``views``.
        views : sequence of View
            What ``views`` returned for this batch.
        batch : batch
            The uncorrupted materials.
        y : Tensor of shape (n_materials, n_targets)
            Targets, or those of the teacher; NaN where there is no label.
        sample_weight : Tensor of shape (n_materials,)
            Weights of the materials.
        """

    def views(self, batch: Any, generator: torch.Generator) -> list[View]:
        """Draw the versions of `batch` that the encoder is shown; by default `batch` itself."""
        return [View(None)]

    def task_scales(self, targets: Sequence[Target]) -> list[float]:
        """Constant factors that bring the tasks' losses to one amplitude."""
        return [1.0] * len(self.task_names(targets))

    def describe(self) -> dict[str, Any]:
        """Return name and settings as JSON has them, for model cards."""
        settings = asdict(self)  # type: ignore[call-overload]
        return {"name": self.name} | {
            key: list(plain(value)) if isinstance(value, tuple) else plain(value)
            for key, value in settings.items()
        }


def check_hidden(hidden):
    """Raise unless `hidden` holds widths of layers."""
    is_sequence = isinstance(hidden, tuple | list)
    if not is_sequence or not all(
        isinstance(each, int | np.integer) and each > 0 for each in hidden
    ):
        raise InvalidInputError(
            f"hidden must be a tuple of widths, such as (64,), or () for none; got {hidden!r}."
        )


def check_scale(scale, *names):
    """Raise unless `scale` is a number or one of `names`."""
    if not isinstance(scale, Real) and not (isinstance(scale, str) and scale in names):
        kinds = " or ".join(["a number", *map(repr, names)])
        raise InvalidInputError(f"scale must be {kinds}; got {scale!r}.")
