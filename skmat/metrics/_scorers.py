"""Scorers for scikit-learn's model selection."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.metrics import make_scorer, roc_auc_score

from skmat.exceptions import InvalidInputError
from skmat.inputs import class_indices, weights_of_scores
from skmat.metrics._average import average_of_targets
from skmat.metrics._classes import (
    NO_CLASS,
    accuracy_score,
    balanced_accuracy_score,
    read_classes,
)
from skmat.metrics._numbers import (
    mean_absolute_error,
    r2_score,
    relative_absolute_error,
    root_mean_squared_error,
)

__all__ = ["get_scorer", "get_scorer_names"]

#: Probabilities are kept from 0, so that one wrong row cannot make the log-loss infinite.
_SMALLEST = np.finfo(np.float64).eps


def get_scorer(scoring, *, target=None):
    """Return a scorer that leaves out missing labels.

    Pass it as ``scoring`` to :func:`sklearn.model_selection.cross_val_score`,
    :class:`sklearn.model_selection.GridSearchCV` and the like. scikit-learn's own scorers raise an
    error if a label is missing.

    Parameters
    ----------
    scoring : str
        One of :func:`get_scorer_names`:

        - "neg_mean_absolute_error" and "neg_root_mean_squared_error", in the unit of y. With
          several targets they are means, so use them for targets of one unit.
        - "neg_relative_absolute_error" and "r2", without unit. Use them for targets of several
          units.
        - "accuracy" and "balanced_accuracy", of predicted classes.
        - "neg_log_loss" and "roc_auc", of probabilities. With more than two classes, the ROC-AUC
          is the mean over the classes of one against the rest.

        With several targets, the score is the mean over those that have labels in the test rows.
    target : str or int, default=None
        Column of y that counts: its name, or its place from 0 if no column has this name. None
        counts all. Use it to search for settings that are best for one target, such as
        ``loss_weights``.

    Returns
    -------
    callable
        ``scorer(estimator, X, y, sample_weight=None)``. Higher is better.

    Raises
    ------
    InvalidInputError
        If the name is unknown. The scorer raises it if y lacks the target.

    Notes
    -----
    ``cv=5`` works for regressors whose labels are missing. For classifiers it stratifies the rows
    by class, which fails if a label is missing: pass ``cv=KFold(5, shuffle=True)``. To keep each
    composition in one part, pass ``cv=GroupKFold(5)`` and as ``groups`` the result of
    :meth:`skmat.composition.CompositionArrays.group_ids`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmat import MTEncoderRegressor
    >>> from skmat.metrics import get_scorer
    >>> formulas = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF"]
    >>> gaps = [8.5, 8.4, np.nan, 7.4, 13.6, 11.5]  # eV
    >>> model = MTEncoderRegressor(preset="tiny", max_epochs=1, random_state=0)
    >>> scorer = get_scorer("neg_mean_absolute_error")
    >>> cross_val_score(model, formulas, gaps, cv=2, scoring=scorer).shape
    (2,)
    """
    if not isinstance(scoring, str) or scoring not in _SCORERS:
        raise InvalidInputError(
            f"scoring={scoring!r} is not a scorer for missing labels. Use one of"
            f" {get_scorer_names()}."
        )
    if target is None:
        return _SCORERS[scoring]
    if scoring not in _METRICS:
        return replace(_SCORERS[scoring], target=target)
    metric, sign = _METRICS[scoring]
    return make_scorer(_score_of_target, greater_is_better=sign > 0, metric=metric, target=target)


def get_scorer_names():
    """Return the names that :func:`get_scorer` takes.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from skmat.metrics import get_scorer_names
    >>> get_scorer_names()[:2]
    ['accuracy', 'balanced_accuracy']
    """
    return sorted(_SCORERS)


@dataclass(frozen=True, repr=False)
class _ProbabilityScorer:
    """Score predicted probabilities, target by target.

    ``score(true, probabilities, weights)`` takes indices of classes, -1 for a class
    that the estimator does not know.
    """

    name: str
    score: Callable
    reason: str
    #: As in scikit-learn's scorers, so that a sign can be read from both.
    _sign: int = 1
    target: str | int | None = None

    def __repr__(self):
        target = "" if self.target is None else f", target={self.target!r}"
        return f"get_scorer({self.name!r}{target})"

    def __call__(self, estimator, X, y, sample_weight=None):
        columns, labels, names = read_classes(y, "y")
        probabilities = estimator.predict_proba(X)
        classes = estimator.classes_
        if not isinstance(probabilities, list):
            probabilities, classes = [probabilities], [classes]
        _check_columns(len(columns), len(probabilities))
        places = range(len(names)) if self.target is None else [_place_of(self.target, y)[0]]
        n_rows = len(columns[0].missing)
        weights = weights_of_scores(sample_weight, n_rows)
        weights = np.ones(n_rows) if weights is None else weights
        scores = []
        for place in places:
            true = np.full(n_rows, -1)
            true[columns[place].rows] = class_indices(np.asarray(classes[place]), labels[place])
            rows = ~columns[place].missing & (weights > 0)
            found = np.asarray(probabilities[place], dtype=np.float64)
            _check_probabilities(found, rows, names[place])
            scores.append(
                self._sign * self.score(true[rows], found[rows], weights[rows])
                if rows.any()
                else np.nan
            )
        scored = [names[place] for place in places]
        return average_of_targets(scores, scored, "uniform_average", self.reason)


def _score_of_target(y_true, y_pred, *, sample_weight=None, metric, target):
    """Return the metric of one column of labels and predictions."""
    place, n_targets = _place_of(target, y_true)
    n_predicted = 1 if np.ndim(y_pred) == 1 else np.shape(y_pred)[1]
    _check_columns(n_targets, n_predicted)
    return metric(_column(y_true, place), _column(y_pred, place), sample_weight=sample_weight)


def _check_columns(n_targets, n_predicted):
    if n_targets != n_predicted:
        raise InvalidInputError(
            f"y has {n_targets} columns, but the estimator predicts {n_predicted}."
        )


def _place_of(target, y):
    """Return the place of a target among the columns of y, and their number."""
    is_column = np.ndim(y) == 1
    names = list(y.columns) if hasattr(y, "columns") else []
    if is_column and getattr(y, "name", None) is not None:
        names = [y.name]
    n_targets = 1 if is_column else np.shape(y)[1]
    if not isinstance(target, bool):
        if target in names:
            return names.index(target), n_targets
        if isinstance(target, int | np.integer) and 0 <= target < n_targets:
            return int(target), n_targets
    raise InvalidInputError(
        f"target={target!r} is not a column of y, which has"
        f" {names if names else f'{n_targets} columns without names'}. Give the name of a"
        " column, or its place from 0."
    )


def _column(values, place):
    if hasattr(values, "iloc"):
        return values if values.ndim == 1 else values.iloc[:, place]
    if hasattr(values, "columns"):
        return values[values.columns[place]]
    values = values if isinstance(values, np.ndarray) else np.asarray(values, dtype=object)
    return values if values.ndim == 1 else values[:, place]


def _check_probabilities(probabilities, rows, name):
    bad = np.flatnonzero(rows & np.isnan(probabilities).any(axis=1))
    if len(bad):
        raise InvalidInputError(
            f"{len(bad)} rows with a label of {name!r} have no probabilities (NaN), the first is"
            f" row {bad[0]}. Drop these rows, or set on_invalid='raise' to see why they cannot be"
            " predicted."
        )


def _log_loss(true, probabilities, weights):
    # A class that the estimator does not know has the probability 0.
    given = np.where(true >= 0, probabilities[np.arange(len(true)), true], 0.0)
    return -np.average(np.log(np.clip(given, _SMALLEST, 1.0)), weights=weights)


def _roc_auc(true, probabilities, weights):
    n_classes = probabilities.shape[1]
    scored = [1] if n_classes == 2 else range(n_classes)
    scores = [
        roc_auc_score(true == label, probabilities[:, label], sample_weight=weights)
        for label in scored
        if 0 < (true == label).sum() < len(true)
    ]
    return np.mean(scores) if scores else np.nan


#: Metrics of predictions, and whether more (1) or less (-1) is better.
_METRICS = {
    "neg_mean_absolute_error": (mean_absolute_error, -1),
    "neg_root_mean_squared_error": (root_mean_squared_error, -1),
    "neg_relative_absolute_error": (relative_absolute_error, -1),
    "r2": (r2_score, 1),
    "accuracy": (accuracy_score, 1),
    "balanced_accuracy": (balanced_accuracy_score, 1),
}
_SCORERS = {
    **{
        name: make_scorer(score, greater_is_better=sign > 0)
        for name, (score, sign) in _METRICS.items()
    },
    "neg_log_loss": _ProbabilityScorer("neg_log_loss", _log_loss, NO_CLASS, -1),
    "roc_auc": _ProbabilityScorer("roc_auc", _roc_auc, "its labels are all of one class"),
}
