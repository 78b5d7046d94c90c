"""Scores of a fitted model on labels that it has not learned from."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)

from skmat._utils.digits import digits_text
from skmat._utils.prepared import prepared
from skmat.benchmark import score_predictions
from skmat.exceptions import InvalidInputError
from skmat.inputs import class_indices

__all__ = [
    "as_text",
    "score_classes",
    "score_numbers",
    "scores_by_class",
    "scores_of_classes",
    "scores_of_numbers",
]

#: Scores of numbers, by their name in ``score_predictions``. The first, second and fourth have the
#: unit of the labels.
_OF_NUMBERS = ("mae", "rmse", "r2", "max_error")
_OF_INTERVALS = ("coverage_90", "width_90")
_OF_CLASSES = ("accuracy", "balanced_accuracy", "f1", "roc_auc")


def score_numbers(model, X, labels):
    """Return the scores of a regressor.

    Parameters
    ----------
    model : estimator
        Fitted regressor.
    X : array-like of shape (n_materials,) or DataFrame
        Materials, in the form that the model reads.
    labels : DataFrame of shape (n_materials, n_targets)
        True values in their units, NaN where they are not known.

    Returns
    -------
    DataFrame
        One row per target: its name, the number of its labels, the scores of
        :func:`skmat.benchmark.score_predictions`, and those of 90 % intervals if the model has
        them. Missing labels, and rows without a prediction, are left out.

    Raises
    ------
    InvalidInputError
        If a target has no label in a row with a prediction.
    """
    X = prepared(model, X)
    predicted = np.reshape(model.predict(X), (len(labels), -1))
    ends = None
    if hasattr(model, "predict_interval"):
        ends = [np.reshape(each, predicted.shape) for each in model.predict_interval(X, 0.9)]
    names = _OF_NUMBERS + (_OF_INTERVALS if ends else ())
    rows = []
    for place, name in enumerate(labels):
        truth, guess = labels[name].to_numpy(dtype=np.float64), predicted[:, place]
        known = _known(np.isfinite(truth) & np.isfinite(guess), name)
        interval = None
        if ends:
            interval = np.stack([each[known, place] for each in ends], axis=1)
        scores = scores_of_numbers(truth[known], guess[known], interval)
        rows.append((name, int(known.sum()), *(scores[each] for each in names)))
    return pd.DataFrame(rows, columns=["target", "labels", *names])


def score_classes(model, X, labels):
    """Return the scores of a classifier; see :func:`score_numbers`.

    Classes are compared as text. A class that the model does not know counts as a wrong
    prediction. "f1" is that of the second of two classes, otherwise the mean over the classes.
    "roc_auc" is for two classes and NaN otherwise.
    """
    predicted = np.reshape(model.predict(X), (len(labels), -1))
    probabilities = model.predict_proba(X)
    classes = model.classes_
    if len(model.target_names_) == 1 and not isinstance(classes, list):
        probabilities, classes = [probabilities], [classes]
    rows = []
    for place, name in enumerate(labels):
        own = [str(each) for each in classes[place]]
        known = _known((labels[name].notna() & pd.notna(predicted[:, place])).to_numpy(), name)
        truth = labels[name].to_numpy()[known].astype(str)
        guess = predicted[known, place].astype(str)
        if not set(truth) & set(own):
            raise InvalidInputError(
                f"None of the labels of {name!r} is a class of the model. The labels are"
                f" {', '.join(map(repr, sorted(set(truth))[:5]))}, and the classes"
                f" {', '.join(map(repr, own[:5]))}."
            )
        scores = scores_of_classes(truth, guess, own, probabilities[place][known])
        rows.append((name, int(known.sum()), *(scores[each] for each in _OF_CLASSES)))
    return pd.DataFrame(rows, columns=["target", "labels", *_OF_CLASSES])


def as_text(scores):
    """Return the table with four significant digits."""
    numbers = scores.columns[2:]
    texts = {name: scores[name].map(digits_text) for name in numbers}
    return scores.assign(**texts).to_string(index=False)


def scores_of_numbers(truth, predicted, interval=None):
    """Return the scores of one target by name; see :func:`skmat.benchmark.score_predictions`."""
    return _scored(truth, predicted, interval=interval)


def scores_of_classes(truth, guess, classes, probabilities):
    """Return the scores of one target by name; see :func:`score_classes`.

    Parameters
    ----------
    truth, guess : ndarray of str of shape (n,)
        True and predicted classes.
    classes : list of str
        Classes of the model.
    probabilities : ndarray of shape (n, n_classes)
        Probabilities in the order of `classes`.
    """
    if len(classes) == 2 and set(truth) <= set(classes):
        second = classes[1]
        probability = probabilities[:, 1].astype(np.float64)
        found = _scored(truth == second, probability, labels=guess == second)
        return found | {"log_loss": _log_loss(truth, classes, probabilities)}
    return {
        "accuracy": accuracy_score(truth, guess),
        # As balanced_accuracy_score, which warns of classes that are predicted alone.
        "balanced_accuracy": recall_score(truth, guess, labels=np.unique(truth), average="macro"),
        "f1": f1_score(truth, guess, average="macro", zero_division=0),
        "roc_auc": float("nan"),
        "log_loss": _log_loss(truth, classes, probabilities),
    }


def _log_loss(truth, classes, probabilities):
    places = class_indices(np.array(classes), truth)
    given = np.where(places >= 0, probabilities[np.arange(len(truth)), places], 0.0)
    smallest = np.finfo(np.float64).eps  # so that one wrong row does not make it infinite
    return float(-np.log(np.clip(given.astype(np.float64), smallest, 1.0)).mean())


def _scored(truth, predicted, **how):
    """Return the scores. Those of one label, or of labels of one class, may be NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
        return score_predictions(truth, predicted, **how)


def _known(rows, name):
    if not rows.any():
        raise InvalidInputError(
            f"No row has a label of {name!r} and a prediction. Give a table with labels."
        )
    return rows


def scores_by_class(truth, guess):
    """Return the scores of each class.

    Parameters
    ----------
    truth, guess : ndarray of str of shape (n,)
        True and predicted classes.

    Returns
    -------
    dict of str to dict
        By class: "labels" is how many rows are of it, "recall" the share of these that is found,
        "precision" the share of the rows predicted as it that are of it, and "f1". A share of
        no rows is NaN.
    """
    classes = sorted({*truth, *guess})
    precision, recall, f1, counts = precision_recall_fscore_support(
        truth, guess, labels=classes, zero_division=np.nan
    )
    columns = {"labels": counts, "recall": recall, "precision": precision, "f1": f1}
    return pd.DataFrame(columns, index=classes).to_dict(orient="index")
