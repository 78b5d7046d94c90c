"""Learning to return what another model, the teacher, makes of a material."""

import os
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples
from torch.nn import functional as F

from skmat._utils.parameters import plain
from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.inputs import as_formulas, is_fitted
from skmat.nn import build_mlp
from skmat.objectives._base import Objective, TaskLosses, check_hidden, check_scale

__all__ = ["DISTILLATION_LOSSES", "DISTILLATION_SCALINGS", "Distillation"]

DISTILLATION_LOSSES = ("mse", "l1", "cosine")
DISTILLATION_SCALINGS = ("standard", "min-max")


@dataclass(frozen=True)
class _Absent:
    """What a file keeps of a teacher that there is elsewhere.

    Attributes
    ----------
    said : str
        What a model card says of it.
    """

    said: str

    def describe(self):
        return self.said


@dataclass(frozen=True)
class Distillation(Objective):
    """Supervised learning without labels: the targets are a teacher's features of each material.

    A head on the material's vector returns all features at once. With descriptors as the teacher
    this is fingerprint learning, with the vectors of an encoder of crystals it is multimodal
    learning (Huang, Magar and Barati Farimani, J. Chem. Inf. Model. 64, 627, 2024).

    Parameters
    ----------
    teacher : transformer or array-like of shape (n_materials, n_features)
        Transformer of what ``fit`` is given as X, such as :class:`skmat.MagpieFeaturizer`. One
        that is not fitted is cloned, and fitted to the training rows. Or its features, one row
        per row of X. A feature that is NaN teaches nothing.
    scaling : {"standard", "min-max"} or None, default="standard"
        How each feature is scaled: to mean 0 and variance 1, to the range from 0 to 1, or not at
        all. Fitted to the training rows; a feature that is constant there becomes 0.
    loss : {"mse", "l1", "cosine"}, default="mse"
        Mean over the features of the squared or the absolute error, or 1 minus the cosine between
        the vectors of all features, of materials that have them all.
    hidden : tuple of int, default=(1024, 512, 256)
        Widths of the hidden layers of the head.
    scale : float, default=1.0
        Constant factor of the loss.
    average : bool, default=False
        Whether all rows of one composition are taught the mean of their features, where X is
        formulas and the teacher knows several crystals of some.
    name : str, default="distillation"
        Name of the task; two teachers need two names.
    """

    teacher: Any = field(compare=False)
    scaling: str | None = "standard"
    loss: str = "mse"
    hidden: tuple[int, ...] = (1024, 512, 256)
    scale: float = 1.0
    average: bool = False
    name: str = "distillation"  # type: ignore[misc]

    #: Offset and unit of each feature; known once there are training rows.
    _shift: np.ndarray | None = field(default=None, compare=False, repr=False, kw_only=True)
    _unit: np.ndarray | None = field(default=None, compare=False, repr=False, kw_only=True)

    needs_targets: ClassVar[bool] = False

    def __post_init__(self):
        if isinstance(self.teacher, str | os.PathLike):
            weights = os.fspath(self.teacher)
            raise InvalidInputError(
                f"The teacher of {self.name!r} is {weights!r}; give a transformer:"
                f" skmat.StructureEmbeddingLookup({weights!r}), which looks up crystals by"
                f" formula, or an encoder that reads what X holds, with pretrained={weights!r}."
            )
        if isinstance(self.teacher, type):
            called = self.teacher.__name__
            raise InvalidInputError(
                f"The teacher of {self.name!r} is the class {called}; give an instance, such as"
                f" {called}()."
            )
        if self.loss not in DISTILLATION_LOSSES:
            raise InvalidInputError(
                f"There is no loss {self.loss!r}; choose one of {list(DISTILLATION_LOSSES)}."
            )
        if self.scaling not in (*DISTILLATION_SCALINGS, None):
            raise InvalidInputError(
                f"There is no scaling {self.scaling!r}; choose one of"
                f" {list(DISTILLATION_SCALINGS)}, or None."
            )
        check_hidden(self.hidden)
        check_scale(self.scale)

    def __getstate__(self):
        state = self.__dict__.copy()
        # What it knows of other materials is no part of a model. The estimator's parameter has
        # the array, or the transformer, which learns nothing from the rows of a fit.
        is_elsewhere = not hasattr(self.teacher, "transform") or getattr(
            self.teacher, "_needs_no_rows", False
        )
        if self._unit is not None and is_elsewhere:
            state["teacher"] = _Absent(self.describe()["teacher"])
        return state

    def task_names(self, targets):
        return [self.name]

    def task_scales(self, targets):
        return [float(self.scale)]

    def prepared(self, X, rows):
        teacher = self._fitted_teacher(X, rows)
        features = replace(self, teacher=teacher)._features(X)
        if np.isnan(features[rows]).all():
            raise InvalidInputError(
                f"The teacher of {self.name!r} knows no feature of any material to train on."
            )
        shift, unit = _statistics(features[rows], self.scaling)
        prepared = replace(self, teacher=teacher, _shift=shift, _unit=unit)
        return prepared, prepared._scaled(features)

    def to_be_fitted(self):
        return None if self._is_ready() else self.teacher

    def continued(self, before, fitted, X, rows):
        teacher = self.to_be_fitted()
        is_there = not isinstance(before.teacher, _Absent)
        if teacher is not None and teacher is fitted and is_there:
            # The first rows have made it what it is; others would make another of it.
            teacher = before.teacher
        else:
            teacher = self._fitted_teacher(X, rows)
        # The head answers in the units that it has learned.
        continued = replace(self, teacher=teacher, _shift=before._shift, _unit=before._unit)
        features = continued._features(X)
        if features.shape[1] != len(before._unit):
            raise InvalidInputError(
                f"The teacher of {self.name!r} has {features.shape[1]} features, but the model"
                f" was fitted with {len(before._unit)}; use a new estimator (warm_start=False)."
            )
        return continued, continued._scaled(features)

    def lessons(self, X):
        return self._scaled(self._features(X))

    def build_heads(self, encoder, targets):
        if self._unit is None:
            raise SkmatError("An Distillation has a head once it is prepared.")
        return build_mlp(encoder.out_features, self.hidden, len(self._unit))

    def losses(self, heads, representations, views, batch, y, sample_weight):
        found = heads(representations[0].material).float()
        known = ~torch.isnan(y)
        y = torch.where(known, y, 0.0)
        if self.loss == "cosine":
            weights = sample_weight * known.all(dim=1)
            losses = 1 - F.cosine_similarity(found, y, dim=1)
            return TaskLosses((losses * weights).sum()[None], weights.sum()[None])
        errors = (found - y).square() if self.loss == "mse" else (found - y).abs()
        # A material of which half of the features are known counts half.
        weights = sample_weight.unsqueeze(1) * known / y.shape[1]
        return TaskLosses((errors * weights).sum()[None], weights.sum()[None])

    def describe(self):
        teacher = self.teacher
        shown = repr(teacher) if hasattr(teacher, "transform") else "features of each material"
        if hasattr(teacher, "describe"):
            shown = teacher.describe()
        names = ("scaling", "loss", "scale", "average")
        settings = {key: plain(getattr(self, key)) for key in names}
        hidden = [plain(width) for width in self.hidden]
        return {"name": self.name, "teacher": shown, **settings, "hidden": hidden}

    def _is_ready(self):
        """Tell whether the teacher can teach as it is."""
        return not hasattr(self.teacher, "transform") or is_fitted(self.teacher)

    def _fitted_teacher(self, X, rows):
        if self._is_ready():
            return self.teacher
        return clone(self.teacher).fit(_safe_indexing(X, rows))

    def _scaled(self, features):
        return ((features - self._shift) / self._unit).astype(np.float32)

    def _features(self, X):
        """Return the teacher's features, ndarray of shape (n_materials, n_features), unscaled."""
        if isinstance(self.teacher, _Absent):
            raise SkmatError(
                f"The objective {self.name!r} was read from a file, which keeps no teacher; use"
                " that of the estimator's parameter."
            )
        if hasattr(self.teacher, "transform"):
            features = self.teacher.transform(X)
        else:
            features = self.teacher
        features = features.toarray() if hasattr(features, "toarray") else features
        features = np.asarray(features, dtype=np.float64)
        n_rows = _num_samples(X)
        if features.ndim != 2 or len(features) != n_rows or not features.shape[1]:
            raise InvalidInputError(
                f"The teacher of {self.name!r} has features of shape {features.shape} for"
                f" {n_rows} materials: it must have one row for each."
            )
        features = np.where(np.isfinite(features), features, np.nan)
        return _mean_by_composition(features, X) if self.average else features


def _mean_by_composition(features, X):
    """Return for each row the mean over the rows of its composition that know a feature."""
    formulas = as_formulas(X)
    if formulas is None:
        raise InvalidInputError(
            "average=True compares the compositions of formulas; X is a matrix of amounts. Pass"
            " formulas, or average the features beforehand."
        )
    groups = read_compositions(formulas).group_ids()
    known = ~np.isnan(features)
    sums = np.zeros((groups.max() + 1, features.shape[1]))
    counts = np.zeros(sums.shape)
    np.add.at(sums, groups, np.where(known, features, 0.0))
    np.add.at(counts, groups, known)
    with np.errstate(invalid="ignore"):
        return (sums / counts)[groups]


def _statistics(features, scaling):
    """Return offset and unit of each column; 0 and infinity make a column without spread zero."""
    if scaling is None:
        return np.zeros(features.shape[1]), np.ones(features.shape[1])
    empty = np.isnan(features).all(axis=0)
    features = np.where(empty, 0.0, features)
    shift = np.nanmean(features, axis=0)
    unit = np.nanstd(features, axis=0)
    if scaling == "min-max":
        shift = np.nanmin(features, axis=0)
        unit = np.nanmax(features, axis=0) - shift
    # Rounding errors are no spread.
    has_spread = unit > 1e-12 * np.maximum(1.0, np.abs(shift))
    return shift, np.where(has_spread, unit, np.inf)
