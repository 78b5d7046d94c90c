"""Scorers for scikit-learn's model selection."""

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
        Column of y that counts: its name in a DataFrame, or its place from 0. None counts all. Use
        it to search for settings that are best for one target, such as ``loss_weights``.

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
    return _SCORERS[scoring] if target is None else _TargetScorer(scoring, target)


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


class _ProbabilityScorer:
    """Score predicted probabilities, target by target.

    ``score(true, probabilities, weights)`` takes indices of classes, -1 for a class
    that the estimator does not know.
    """

    def __init__(self, name, score, reason, sign=1):
        self.name = name
        self.score = score
        self.reason = reason
        # As in scikit-learn's scorers, so that a sign can be read from both.
        self._sign = sign

    def __repr__(self):
        return f"get_scorer({self.name!r})"

    def __call__(self, estimator, X, y, sample_weight=None):
        return self.average(estimator, X, y, sample_weight, "uniform_average")

    def average(self, estimator, X, y, sample_weight, multioutput):
        columns, labels, names = read_classes(y, "y")
        probabilities = estimator.predict_proba(X)
        classes = estimator.classes_
        if not isinstance(probabilities, list):
            probabilities, classes = [probabilities], [classes]
        if len(probabilities) != len(columns):
            raise InvalidInputError(
                f"y has {len(columns)} columns, but the estimator predicts {len(probabilities)}."
            )
        n_rows = len(columns[0].missing)
        weights = weights_of_scores(sample_weight, n_rows)
        weights = np.ones(n_rows) if weights is None else weights
        scores = []
        for place, name in enumerate(names):
            true = np.full(n_rows, -1)
            true[columns[place].rows] = class_indices(np.asarray(classes[place]), labels[place])
            rows = ~columns[place].missing & (weights > 0)
            found = np.asarray(probabilities[place], dtype=np.float64)
            _check_probabilities(found, rows, name)
            scores.append(
                self._sign * self.score(true[rows], found[rows], weights[rows])
                if rows.any()
                else np.nan
            )
        return average_of_targets(scores, names, multioutput, self.reason)


class _TargetScorer:
    """Score one target of several."""

    def __init__(self, name, target):
        self.name = name
        self.target = target
        self._sign = _SCORERS[name]._sign

    def __repr__(self):
        return f"get_scorer({self.name!r}, target={self.target!r})"

    def __call__(self, estimator, X, y, sample_weight=None):
        weights = _weights_of(self.target, y)
        if self.name not in _OF_PREDICTIONS:
            return _SCORERS[self.name].average(estimator, X, y, sample_weight, weights)
        score, sign = _OF_PREDICTIONS[self.name]
        predicted = estimator.predict(X)
        return sign * score(y, predicted, sample_weight=sample_weight, multioutput=weights)


def _weights_of(target, y):
    """Return 1 for the column of a target, and 0 for the others of y."""
    names = list(y.columns) if hasattr(y, "columns") else []
    n_targets = len(names) or (1 if np.ndim(y) == 1 else np.shape(y)[1])
    is_place = isinstance(target, int | np.integer) and not isinstance(target, bool)
    if target in names:
        place = names.index(target)
    elif is_place and 0 <= target < n_targets:
        place = target
    else:
        raise InvalidInputError(
            f"target={target!r} is not a column of y, which has"
            f" {names if names else f'{n_targets} columns without names'}. Give the name of a"
            " column, or its place from 0."
        )
    return np.eye(n_targets)[place]


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
_OF_PREDICTIONS = {
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
        for name, (score, sign) in _OF_PREDICTIONS.items()
    },
    "neg_log_loss": _ProbabilityScorer("neg_log_loss", _log_loss, NO_CLASS, sign=-1),
    "roc_auc": _ProbabilityScorer("roc_auc", _roc_auc, "its labels are all of one class"),
}
