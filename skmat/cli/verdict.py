"""Whether a trained model is any good: its errors beside those of the simplest guess."""

import textwrap

import numpy as np

from skmat._utils.digits import digits_text

__all__ = ["verdict"]

#: Rows of the leaderboard that are shown per target.
_MOST = 3
#: What an error is, by the decision of a classifier.
_ERRORS = {
    "accuracy": "share of wrong classes",
    "balanced_accuracy": "1 - balanced accuracy",
    "f1": "1 - F1",
}

# Functions import scikit-learn on use, to keep `skmat --help` fast.


def verdict(model, labels):
    """Return lines of text about a fitted model.

    Parameters
    ----------
    model : estimator
        Fitted :class:`skmat.AutoRegressor` or :class:`skmat.AutoClassifier`. For other estimators,
        which have no out-of-fold predictions, there is nothing to say.
    labels : DataFrame of shape (n_rows, n_targets)
        Labels that the model learned.

    Returns
    -------
    list of str
    """
    if not hasattr(model, "leaderboard_"):
        return []
    from skmat.auto._leaderboard import left_out

    is_classifier = hasattr(model, "predict_proba")
    if is_classifier:
        what = _ERRORS[model.decision]
        judged = [_judge_classes(model, place, labels[name]) for place, name in enumerate(labels)]
    else:
        what = "mean absolute error, in the unit of the column"
        oof = np.reshape(model.oof_predictions_, (len(labels), -1))
        judged = [_judge_numbers(labels[name], oof[:, i]) for i, name in enumerate(labels)]
    errors = [f"  {name}: {text}" for name, text in zip(labels, judged, strict=True)]
    return [f"Out-of-fold error ({what}):", *errors, *_best(model), *left_out(model.leaderboard_)]


def _judge_numbers(labels, predicted):
    known = labels.to_numpy(dtype=np.float64)
    rows = np.isfinite(known) & np.isfinite(predicted)
    error = np.abs(known - predicted)[rows].mean()
    guess = np.abs(known - np.nanmean(known))[rows].mean()
    return _compared(error, guess, "the mean of the labels")


def _judge_classes(model, place, labels):
    classes, probabilities = model.classes_, model.oof_predictions_
    if isinstance(classes, list):
        classes, probabilities = classes[place], probabilities[place]
    indices = {each: index for index, each in enumerate(classes)}
    y = np.array([indices.get(each, -1) for each in labels])
    rows = (y >= 0) & np.isfinite(probabilities).all(axis=1)
    decided = model._averages[place].decide(probabilities[rows])
    error = _error_of_classes(model.decision, y[rows], decided)
    guess = min(
        _error_of_classes(model.decision, y[rows], np.full(rows.sum(), index))
        for index in range(len(classes))
    )
    return _compared(error, guess, "always the same class")


def _error_of_classes(decision, y, predicted):
    from sklearn.metrics import accuracy_score, f1_score, recall_score

    if decision == "accuracy":
        return 1 - accuracy_score(y, predicted)
    if decision == "balanced_accuracy":
        # As balanced_accuracy_score, which warns of classes that are predicted alone.
        return 1 - recall_score(y, predicted, labels=np.unique(y), average="macro")
    kind = "binary" if max(y.max(), predicted.max()) < 2 else "macro"
    return 1 - f1_score(y, predicted, average=kind, zero_division=0)


def _compared(error, guess, name):
    if not error < guess:
        return f"{digits_text(error)}, no better than {name}: {digits_text(guess)}"
    return f"{digits_text(error)}, {1 - error / guess:.0%} less than {name}: {digits_text(guess)}"


def _best(model):
    """Return the best candidates of each target, as text."""
    board = model.leaderboard_[model.leaderboard_["status"] == "fitted"]
    best = board.groupby("target", sort=False).head(_MOST)
    shown = best[["target", "candidate", "error", "weight"]]
    formatters = {"error": digits_text, "weight": "{:.2f}".format}
    text = shown.to_string(index=False, formatters=formatters)
    first = f"Best candidates, by {model.error_name_}, and their weights in the average:"
    return [first, *textwrap.indent(text, "  ").splitlines()]
