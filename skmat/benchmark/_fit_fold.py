"""Fit one fold in a process that never holds the labels of the test rows."""

import numpy as np
from sklearn.base import clone, is_classifier

from skmat._utils.prepared import prepared
from skmat.benchmark._calibration import COVERAGE
from skmat.benchmark._measure import Stopwatch, peak_memory_mb, reset_peak_memory
from skmat.exceptions import InvalidInputError

__all__ = ["fit_predict", "predict_rows", "probabilities_of_true"]


def fit_predict(estimator, X_train, y_train, X_test, task, fold):
    """Fit a clone and predict.

    Parameters
    ----------
    estimator : estimator
        Estimator to clone. It is not changed.
    X_train, X_test : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas, or structures.
    y_train : ndarray of shape (n,), dtype float64 or bool
        Labels of the training rows.
    task : str
        Name of the task, for the result and for errors.
    fold : int
        Number of the fold, for the result and for errors.

    Returns
    -------
    task : str
    fold : int
    predicted : dict of str to ndarray
        As of `predict_rows`.
    measured : dict
        Seconds and memory, by the field names of `FoldResult`.

    Raises
    ------
    Exception
        Any error of the estimator, with a note that names the fold.
    """
    reset_peak_memory()
    watch = Stopwatch()
    measured = {}
    try:
        model = clone(estimator).fit(X_train, y_train)
        measured["seconds_fit"] = watch.lap()
        predictions = _predict(model, X_test)
        measured |= {"seconds_predict": watch.lap(), "peak_memory_mb": peak_memory_mb()}
        predicted = {"predictions": predictions, **_predict_more(model, X_test)}
    except Exception as error:
        error.add_note(f"This happened in fold {fold} of {task}.")
        raise
    return task, fold, predicted, measured


def predict_rows(model, X):
    """Return all that a benchmark scores.

    Parameters
    ----------
    model : estimator
        Fitted regressor, or classifier of the labels ``True`` and ``False``.
    X : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas, or structures.

    Returns
    -------
    dict of str to ndarray
        Arguments of `score_predictions`. "predictions", of shape (n,): values, probabilities of
        ``True`` or, without ``predict_proba``, labels. "labels", of shape (n,): what ``predict``
        gives, for a classifier with ``predict_proba``. "interval", of shape (n, 2): 90 %
        intervals, for a regressor with ``predict_interval``.

    Raises
    ------
    InvalidInputError
        If the model predicts another shape or other classes.
    """
    X = prepared(model, X)
    return {"predictions": _predict(model, X), **_predict_more(model, X)}


def _predict(model, X):
    if not is_classifier(model):
        return _column(model.predict(X), len(X)).astype(np.float64)
    if not hasattr(model, "predict_proba"):
        return _column(_as_bool(model.predict(X)), len(X))
    return probabilities_of_true(model.predict_proba(X), model.classes_, len(X))


def probabilities_of_true(probabilities, classes, n_rows):
    """Return the probabilities of the class ``True``.

    Parameters
    ----------
    probabilities : array-like of shape (n_rows, n_classes)
        One column for each class.
    classes : array-like of shape (n_classes,)
        ``True``, ``False`` or both, also as 0 and 1.
    n_rows : int
        Number of materials.

    Returns
    -------
    ndarray of shape (n_rows,), dtype float64

    Raises
    ------
    InvalidInputError
        If the shape or the classes are others.
    """
    classes = _as_bool(classes)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if probabilities.shape != (n_rows, len(classes)):
        raise InvalidInputError(
            f"predict_proba returned an array of shape {probabilities.shape} for {n_rows}"
            f" materials and {len(classes)} classes."
        )
    # After training on one class, the other class has no column.
    true = probabilities[:, classes].sum(axis=1)
    # Rounding errors push sums slightly outside of 0 and 1.
    rounded = np.clip(true, 0, 1)
    return np.where(np.abs(true - rounded) < 1e-6, rounded, true)


def _predict_more(model, X):
    if is_classifier(model):
        # The model may have learned another rule than a probability of 0.5.
        has_rule = hasattr(model, "predict_proba")
        return {"labels": _column(_as_bool(model.predict(X)), len(X))} if has_rule else {}
    if hasattr(model, "predict_interval"):
        ends = np.asarray(model.predict_interval(X, coverage=COVERAGE), dtype=np.float64)
        if ends.shape != (2, len(X)):
            raise InvalidInputError(
                f"predict_interval returned an array of shape {ends.shape} for {len(X)}"
                " materials. A benchmark needs a pair of arrays, the lower and the upper ends,"
                " with one value for each material."
            )
        return {"interval": ends.T}
    return {}


def _column(values, n_rows):
    values = np.asarray(values)
    if values.shape not in ((n_rows,), (n_rows, 1)):
        raise InvalidInputError(
            f"predict returned an array of shape {values.shape} for {n_rows} materials. A"
            " benchmark needs one value for each material."
        )
    return values.reshape(n_rows)


def _as_bool(labels):
    """Return labels as booleans. Some classifiers turn them into 0 and 1."""
    labels = np.asarray(labels)
    strange = set(labels.reshape(-1).tolist()) - {False, True}
    if strange:
        raise InvalidInputError(
            f"The classifier predicts the classes {sorted(map(repr, strange))}, but the labels of"
            " this task are True and False. Predict the labels given to fit."
        )
    return labels.astype(bool)
