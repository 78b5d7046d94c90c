"""Teachers of :class:`~skmat.objectives.Distillation`: fitting, and scaling of their features.

Objectives are pure torch. An estimator therefore fits the teacher of an objective and gives the
scaled features to the network as targets.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples

from skmat.composition import read_compositions
from skmat.exceptions import InvalidInputError, SkmatError
from skmat.inputs import as_formulas, is_fitted
from skmat.objectives import Objective, TeacherDescription

__all__ = ["FittedTeacher", "fit_teachers"]


@dataclass(frozen=True)
class FittedTeacher:
    """A fitted teacher, with the scaling of its features.

    Attributes
    ----------
    objective : Objective
        The objective of the network: with the number of features, and without the teacher.
    given : transformer or None
        The user's transformer, which was cloned and fitted. None if the teacher needed no fit.
    teacher : transformer, array or None
        The fitted teacher. It is None after loading from a file if the estimator's parameter
        holds it.
    shift, unit : ndarray of shape (n_features,)
        Offset and scale of each feature.
    """

    objective: Objective
    given: Any
    teacher: Any
    shift: np.ndarray
    unit: np.ndarray

    def targets(self, X):
        """Return the scaled features of materials, the objective's targets.

        Returns
        -------
        ndarray of shape (n_materials, n_features), float32
            Unknown features are NaN.
        """
        return self.scaled(_features(self.objective, self.teacher, X))

    def scaled(self, features):
        """Scale features."""
        return ((features - self.shift) / self.unit).astype(np.float32)

    def __getstate__(self):
        state = self.__dict__.copy()
        # The estimator's parameter holds arrays and transformers that fit without rows.
        if not hasattr(self.teacher, "transform") or getattr(
            self.teacher, "_needs_no_rows", False
        ):
            state["teacher"] = None
        return state


def fit_teachers(objectives, X, rows, before=None):
    """Fit the teachers of objectives to rows of X, or reuse those of an earlier fit.

    Parameters
    ----------
    objectives : sequence of Objective
        The user's objectives.
    X : array-like
        Materials.
    rows : ndarray of int
        Training rows.
    before : sequence of (FittedTeacher or None), default=None
        Teachers of an earlier fit that continues.

    Returns
    -------
    objectives : list of Objective
        Objectives of the network.
    teachers : list of (FittedTeacher or None)
        None for an objective without a teacher.
    targets : list of (ndarray of shape (n_materials, n_features), float32, or None)
        The scaled features of all rows of X.
    """
    teachers, targets = [], []
    for i, objective in enumerate(objectives):
        if objective.teacher is None:
            fitted, features = None, None
        elif before is None:
            fitted, features = _fit(objective, X, rows)
        else:
            fitted, features = _continue(objective, X, rows, before[i])
        teachers.append(fitted)
        targets.append(features)
    ready = [
        objective if fitted is None else fitted.objective
        for objective, fitted in zip(objectives, teachers, strict=True)
    ]
    return ready, teachers, targets


def _fit(objective, X, rows):
    teacher = _fitted(objective, X, rows)
    features = _features(objective, teacher, X)
    if np.isnan(features[rows]).all():
        raise InvalidInputError(
            f"The teacher of {objective.name!r} returns only NaN for the training rows."
        )
    scaling = _statistics(features[rows], objective.scaling)
    return _as_fitted(objective, teacher, features, *scaling)


def _continue(objective, X, rows, before):
    """Reuse a fitted teacher, and the scaling that the head was trained with."""
    # By identity: an equal but new transformer is a new teacher.
    is_same = before.given is not None and objective.teacher is before.given
    is_kept = is_same and before.teacher is not None
    teacher = before.teacher if is_kept else _fitted(objective, X, rows)
    features = _features(objective, teacher, X)
    if features.shape[1] != len(before.unit):
        raise InvalidInputError(
            f"The teacher of {objective.name!r} has {features.shape[1]} features, but the model"
            f" was fitted with {len(before.unit)}. Use a new estimator (warm_start=False)."
        )
    return _as_fitted(objective, teacher, features, before.shift, before.unit)


def _as_fitted(objective, teacher, features, shift, unit):
    for_network = replace(objective, teacher=teacher).for_network(features.shape[1])
    given = None if _is_ready(objective) else objective.teacher
    fitted = FittedTeacher(for_network, given, teacher, shift, unit)
    return fitted, fitted.scaled(features)


def _is_ready(objective):
    """Tell whether the teacher needs no fit."""
    return not hasattr(objective.teacher, "transform") or is_fitted(objective.teacher)


def _fitted(objective, X, rows):
    if isinstance(objective.teacher, TeacherDescription):
        raise InvalidInputError(
            f"The teacher of {objective.name!r} was not saved with the model. It was"
            f" {objective.teacher.text}. Set the parameter that holds the objective again before"
            " you train."
        )
    if _is_ready(objective):
        return objective.teacher
    return clone(objective.teacher).fit(_safe_indexing(X, rows))


def _features(objective, teacher, X):
    """Return unscaled features, ndarray of shape (n_materials, n_features)."""
    if teacher is None:
        raise SkmatError(
            f"The teacher of {objective.name!r} is not in the file. Set it as a parameter of the"
            " estimator."
        )
    features = teacher.transform(X) if hasattr(teacher, "transform") else teacher
    features = features.toarray() if hasattr(features, "toarray") else features
    features = np.asarray(features, dtype=np.float64)
    n_rows = _num_samples(X)
    if features.ndim != 2 or len(features) != n_rows or not features.shape[1]:
        raise InvalidInputError(
            f"The teacher of {objective.name!r} has features of shape {features.shape} for"
            f" {n_rows} materials. It must have one row per material."
        )
    features = np.where(np.isfinite(features), features, np.nan)
    return _mean_by_composition(features, X) if objective.average else features


def _mean_by_composition(features, X):
    """Return the mean of each feature over all rows of a composition, ignoring NaN."""
    formulas = as_formulas(X)
    if formulas is None:
        raise InvalidInputError(
            "average=True needs formulas, but X is a matrix of amounts. Use formulas, or average"
            " the features beforehand."
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
    """Return offset and scale of each column. An infinite scale sets constant columns to 0."""
    if scaling is None:
        return np.zeros(features.shape[1]), np.ones(features.shape[1])
    empty = np.isnan(features).all(axis=0)
    features = np.where(empty, 0.0, features)
    shift = np.nanmean(features, axis=0)
    unit = np.nanstd(features, axis=0)
    if scaling == "min-max":
        shift = np.nanmin(features, axis=0)
        unit = np.nanmax(features, axis=0) - shift
    # Columns that differ only by rounding are constant.
    has_spread = unit > 1e-12 * np.maximum(1.0, np.abs(shift))
    return shift, np.where(has_spread, unit, np.inf)
