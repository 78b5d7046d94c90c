"""Knowledge distillation: learning another model's features of a material."""

import os
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.nn import build_mlp
from skmat.objectives._base import Objective, TaskLosses, check_hidden, check_scale

__all__ = [
    "DISTILLATION_LOSSES",
    "DISTILLATION_SCALINGS",
    "Distillation",
    "TeacherDescription",
]

DISTILLATION_LOSSES = ("mse", "l1", "cosine")
DISTILLATION_SCALINGS = ("standard", "min-max")


@dataclass(frozen=True)
class TeacherDescription:
    """Description of a teacher for model cards. A network keeps it instead of the teacher."""

    text: str

    def describe(self):
        return self.text


@dataclass(frozen=True)
class Distillation(Objective):
    """Learning without labels: the targets are a teacher's features of each material.

    One head on the material's vector returns all features. A teacher that computes descriptors
    gives fingerprint learning. A teacher that embeds structures gives multimodal learning (Huang,
    Magar and Barati Farimani, J. Chem. Inf. Model. 64, 627, 2024).

    Parameters
    ----------
    teacher : transformer or array-like of shape (n_materials, n_features)
        A transformer that reads the X of ``fit``, such as :class:`skmat.MagpieFeaturizer`, or an
        array with one row of features per row of X. A transformer that is not fitted is cloned
        and fitted to the training rows. The loss ignores features that are NaN.
    scaling : {"standard", "min-max"} or None, default="standard"
        Scaling of each feature: to mean 0 and variance 1, to the range from 0 to 1, or none. It
        is fitted to the training rows. A feature that is constant in these rows becomes 0.
    loss : {"mse", "l1", "cosine"}, default="mse"
        "mse" and "l1" are the mean squared and absolute error over the features. "cosine" is 1
        minus the cosine between the vectors of features, for materials with all features.
    hidden : tuple of int, default=(1024, 512, 256)
        Widths of the hidden layers of the head.
    scale : float, default=1.0
        Constant factor of the loss.
    average : bool, default=False
        Whether all rows of one composition learn the mean of their features. Use it if X holds
        formulas and the teacher reads structures.
    name : str, default="distillation"
        Name of the task. Two teachers need two names.
    """

    teacher: Any = field(compare=False)
    scaling: str | None = "standard"
    loss: str = "mse"
    hidden: tuple[int, ...] = (1024, 512, 256)
    scale: float = 1.0
    average: bool = False
    name: str = "distillation"  # type: ignore[misc]

    #: Number of the teacher's features, once they are known.
    _n_features: int | None = field(default=None, compare=False, repr=False, kw_only=True)

    needs_targets: ClassVar[bool] = False

    def __post_init__(self):
        if isinstance(self.teacher, str | os.PathLike):
            weights = os.fspath(self.teacher)
            raise InvalidInputError(
                f"The teacher of {self.name!r} is {weights!r}, which is not a transformer. Use"
                f" skmat.StructureEmbeddingLookup({weights!r}), which looks up structures by"
                f" formula, or an encoder that reads your X, with pretrained={weights!r}."
            )
        if isinstance(self.teacher, type):
            called = self.teacher.__name__
            raise InvalidInputError(
                f"The teacher of {self.name!r} is the class {called}. Use an instance, such as"
                f" {called}()."
            )
        if self.loss not in DISTILLATION_LOSSES:
            raise InvalidInputError(
                f"Unknown loss {self.loss!r}. Choose one of {list(DISTILLATION_LOSSES)}."
            )
        if self.scaling not in (*DISTILLATION_SCALINGS, None):
            raise InvalidInputError(
                f"Unknown scaling {self.scaling!r}. Choose one of"
                f" {[*DISTILLATION_SCALINGS, None]}."
            )
        check_hidden(self.hidden)
        check_scale(self.scale)

    def for_network(self, n_features: int) -> "Distillation":
        """Return the objective for a network: with `n_features`, and without the teacher."""
        described = TeacherDescription(self._described_teacher())
        return replace(self, teacher=described, _n_features=n_features)

    def task_names(self, targets):
        return [self.name]

    def task_scales(self, targets):
        return [float(self.scale)]

    def build_heads(self, encoder, targets):
        if self._n_features is None:
            raise SkmatError(
                "The number of the teacher's features is unknown. Fit an estimator first."
            )
        return build_mlp(encoder.out_features, self.hidden, self._n_features)

    def losses(self, heads, representations, views, batch, y, sample_weight):
        found = heads(representations[0].material).float()
        known = ~torch.isnan(y)
        y = torch.where(known, y, 0.0)
        if self.loss == "cosine":
            weights = sample_weight * known.all(dim=1)
            losses = 1 - F.cosine_similarity(found, y, dim=1)
            return TaskLosses((losses * weights).sum()[None], weights.sum()[None])
        errors = (found - y).square() if self.loss == "mse" else (found - y).abs()
        # A material with half of its features known has half the weight.
        weights = sample_weight.unsqueeze(1) * known / y.shape[1]
        return TaskLosses((errors * weights).sum()[None], weights.sum()[None])

    def describe(self):
        names = ("scaling", "loss", "scale", "average")
        settings = {key: plain(getattr(self, key)) for key in names}
        hidden = [plain(width) for width in self.hidden]
        teacher = self._described_teacher()
        return {"name": self.name, "teacher": teacher, **settings, "hidden": hidden}

    def _described_teacher(self):
        if hasattr(self.teacher, "describe"):
            return self.teacher.describe()
        is_transformer = hasattr(self.teacher, "transform")
        return repr(self.teacher) if is_transformer else "features of each material"
