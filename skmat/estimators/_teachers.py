"""Teachers of :class:`~skmat.objectives.Distillation`: fitted, and their features scaled.

Objectives are torch only. An estimator fits the teacher of an objective, and hands the scaled
features to the network as targets.
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
from skmat.objectives import Objective

__all__ = ["FittedTeacher", "fit_teachers"]


@dataclass(frozen=True)
class FittedTeacher:
    """A teacher with the scaling of its features, as a training uses it.

    Attributes
    ----------
    objective : Objective
        As the network has it: with a head for the features, and without the teacher.
    given : transformer or None
        What was cloned and fitted; None if the teacher needed no fit.
    teacher : transformer, array or None
        Fitted. None in a copy from a file, if the estimator's parameter has it.
    shift, unit : ndarray of shape (n_features,)
        Offset and unit of each feature.
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
            NaN for a feature that is not known.
        """
        return self.scaled(_features(self.objective, self.teacher, X))

    def scaled(self, features):
        """Return unscaled features in the units of the head."""
        return ((features - self.shift) / self.unit).astype(np.float32)

    def __getstate__(self):
        state = self.__dict__.copy()
        # An array, and a transformer that fits without rows, are in the estimator's parameter.
        if not hasattr(self.teacher, "transform") or getattr(
            self.teacher, "_needs_no_rows", False
        ):
            state["teacher"] = None
        return state


def fit_teachers(objectives, X, rows, before=None):
    """Fit the teachers of objectives to some rows of X, or continue with those of an earlier fit.

    Parameters
    ----------
    objectives : sequence of Objective
        As the user gave them.
    X : array-like
        Materials.
    rows : ndarray of int
        Rows that are trained on.
    before : sequence of (FittedTeacher or None), default=None
        Teachers of the fit that continues.

    Returns
    -------
    objectives : list of Objective
        As a network has them.
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
            f"The teacher of {objective.name!r} knows no feature of any material to train on."
        )
    scaling = _statistics(features[rows], objective.scaling)
    return _as_fitted(objective, teacher, features, *scaling)


def _continue(objective, X, rows, before):
    """Fit no teacher a second time, and keep the units that the head has learned."""
    teacher = before.teacher
    if before.given is None or objective.teacher is not before.given or teacher is None:
        teacher = _fitted(objective, X, rows)
    features = _features(objective, teacher, X)
    if features.shape[1] != len(before.unit):
        raise InvalidInputError(
            f"The teacher of {objective.name!r} has {features.shape[1]} features, but the model"
            f" was fitted with {len(before.unit)}; use a new estimator (warm_start=False)."
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
    if _is_ready(objective):
        return objective.teacher
    return clone(objective.teacher).fit(_safe_indexing(X, rows))


def _features(objective, teacher, X):
    """Return unscaled features, ndarray of shape (n_materials, n_features)."""
    if teacher is None:
        raise SkmatError(
            f"The teacher of {objective.name!r} is not in the file; use that of the estimator's"
            " parameter."
        )
    features = teacher.transform(X) if hasattr(teacher, "transform") else teacher
    features = features.toarray() if hasattr(features, "toarray") else features
    features = np.asarray(features, dtype=np.float64)
    n_rows = _num_samples(X)
    if features.ndim != 2 or len(features) != n_rows or not features.shape[1]:
        raise InvalidInputError(
            f"The teacher of {objective.name!r} has features of shape {features.shape} for"
            f" {n_rows} materials: it must have one row for each."
        )
    features = np.where(np.isfinite(features), features, np.nan)
    return _mean_by_composition(features, X) if objective.average else features


def _mean_by_composition(features, X):
    """Return for each row the mean over the rows of its composition that know a feature."""
    formulas = as_formulas(X)
    if formulas is None:
        raise InvalidInputError(
            "average=True compares the compositions of formulas, but X is a matrix of amounts."
            " Pass formulas, or average the features beforehand."
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
    """Return offset and unit of each column; 0 and infinity set a constant column to zero."""
    if scaling is None:
        return np.zeros(features.shape[1]), np.ones(features.shape[1])
    empty = np.isnan(features).all(axis=0)
    features = np.where(empty, 0.0, features)
    shift = np.nanmean(features, axis=0)
    unit = np.nanstd(features, axis=0)
    if scaling == "min-max":
        shift = np.nanmin(features, axis=0)
        unit = np.nanmax(features, axis=0) - shift
    # Rounding errors are not a spread.
    has_spread = unit > 1e-12 * np.maximum(1.0, np.abs(shift))
    return shift, np.where(has_spread, unit, np.inf)
