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
    """One column of y.

    Attributes
    ----------
    name : str
        Name of the property.
    n_classes : int, default=0
        0 for regression, 2 for binary classification, more for several classes.
    """

    name: str
    n_classes: int = 0


class TaskLosses(NamedTuple):
    """Losses of one batch, one entry per task. They are sums, so that batches can be added.

    Attributes
    ----------
    sums : Tensor of shape (n_tasks,)
        Weighted sum of the loss over the rows that have a label.
    counts : Tensor of shape (n_tasks,)
        Sum of the weights of these rows. It is 0 for a task without labels in the batch.
    """

    sums: Tensor
    counts: Tensor

    @property
    def means(self) -> Tensor:
        """Mean over the labelled rows. A task without labels has mean 0 and no gradient."""
        return self.sums / torch.where(self.counts > 0, self.counts, 1.0)

    @classmethod
    def concatenate(cls, parts: Sequence["TaskLosses"]) -> "TaskLosses":
        return cls(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


class View(NamedTuple):
    """One version of a batch, or of some of its materials, as input of the encoder.

    Attributes
    ----------
    batch : batch or None
        The materials, possibly corrupted. None is the uncorrupted batch, which is encoded once
        for all objectives.
    selected : Tensor of the shape of ``batch.site_mask``, bool, or None
        True at the sites selected for corruption. None if no site is selected.
    rows : Tensor of shape (n_materials,), int64, or None
        Rows of these materials in the batch. None means all rows.
    """

    batch: Any
    selected: Tensor | None = None
    rows: Tensor | None = None

    def to(self, device) -> "View":
        return View(*(None if part is None else part.to(device) for part in self))

    def take(self, kept: Tensor) -> "View":
        """Return the view of some materials of the uncorrupted batch, by ascending row number."""
        if self.batch is None:
            return self
        own, rows = kept, None
        if self.rows is not None:
            own = torch.isin(self.rows, kept).nonzero(as_tuple=True)[0]
            rows = torch.searchsorted(kept, self.rows[own])
        batch = self.batch.take(own)
        if self.selected is None:
            return View(batch, None, rows)
        selected = torch.zeros_like(batch.site_mask)
        is_own = torch.isin(self.batch.site_materials, own)
        selected[batch.site_mask] = self.selected[self.batch.site_mask][is_own]
        return View(batch, selected, rows)


class Objective(ABC):
    """What a network learns from a batch. A subclass is a frozen dataclass of its settings."""

    #: Short name for users, histories and model cards.
    name: ClassVar[str]
    #: Whether ``losses`` reads ``Representation.sites``.
    needs_sites: ClassVar[bool] = False
    #: Whether the objective learns from y.
    needs_targets: ClassVar[bool] = False
    #: Computes targets from the materials, instead of y. See ``Distillation``.
    teacher: Any = None

    @abstractmethod
    def task_names(self, targets: Sequence[Target]) -> list[str]:
        """Name the tasks, in the order of ``losses``."""

    @abstractmethod
    def build_heads(self, encoder: Encoder, targets: Sequence[Target]) -> nn.Module:
        """Build the heads on `encoder`."""

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

        If several processes train together, the arguments are the share of this process. Sums and
        counts are added up over the processes.

        Parameters
        ----------
        heads : Module
            The return value of ``build_heads``.
        representations : sequence of Representation
            One per view, in the order of ``views``.
        views : sequence of View
            The return value of ``views`` for this batch.
        batch : batch
            The uncorrupted materials.
        y : Tensor of shape (n_materials, n_targets)
            Targets of the user or of the teacher. A missing label is NaN.
        sample_weight : Tensor of shape (n_materials,)
            Weights of the materials.
        """

    def views(self, batch: Any, generator: torch.Generator) -> list[View]:
        """Draw the versions of `batch` that the encoder reads. The default is `batch` itself."""
        return [View(None)]

    def task_scales(self, targets: Sequence[Target]) -> list[float]:
        """Return constant factors that bring the losses of the tasks to about 1."""
        return [1.0] * len(self.task_names(targets))

    def describe(self) -> dict[str, Any]:
        """Return the name and the settings as plain data, for model cards."""
        settings = asdict(self)  # type: ignore[call-overload]
        return {"name": self.name} | {
            key: list(plain(value)) if isinstance(value, tuple) else plain(value)
            for key, value in settings.items()
        }


def check_hidden(hidden):
    """Raise an error unless `hidden` holds widths of layers."""
    is_sequence = isinstance(hidden, tuple | list)
    if not is_sequence or not all(
        isinstance(each, int | np.integer) and each > 0 for each in hidden
    ):
        raise InvalidInputError(
            f"hidden must be a tuple of widths, such as (64,) or (), not {hidden!r}."
        )


def check_scale(scale, *names):
    """Raise an error unless `scale` is a number or one of `names`."""
    if not isinstance(scale, Real) and not (isinstance(scale, str) and scale in names):
        kinds = " or ".join(["a number", *map(repr, names)])
        raise InvalidInputError(f"scale must be {kinds}, not {scale!r}.")
