"""The number of a prediction that is explained, for regressors and classifiers."""

import warnings

import numpy as np
from sklearn.base import is_classifier

from skmat.exceptions import InvalidInputError, NoveltyWarning, shorten

__all__ = ["Output"]


class Output:
    """The number of a prediction that is explained.

    Parameters
    ----------
    model : object
        Fitted estimator.
    target : int, str or None
        Which number, as in :func:`element_attributions`.
    """

    def __init__(self, model, target):
        self.model = model
        self.target = target

    def of(self, X):
        """Return one number per material, ndarray of shape (n,)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NoveltyWarning)
            if is_classifier(self.model):
                values = self._of_classes(self.model.predict_proba(X))
            else:
                values = self._of_numbers(np.asarray(self.model.predict(X), dtype=np.float64))
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            material = X.iloc[bad[0]].tolist() if hasattr(X, "iloc") else X[bad[0]]
            raise InvalidInputError(
                f"The model predicts {values[bad[0]]} for {shorten(material)}, so nothing can be"
                " added up. Use a model that predicts a number for every subset of the elements."
            )
        return values

    def _of_numbers(self, values):
        columns = values.reshape(len(values), -1)
        names = list(getattr(self.model, "target_names_", []))
        names = names if len(names) == columns.shape[1] else []
        if self.target is None and columns.shape[1] == 1:
            return columns[:, 0]
        if self.target in names:
            return columns[:, names.index(self.target)]
        is_place = isinstance(self.target, int | np.integer)
        if is_place and 0 <= self.target < columns.shape[1]:
            return columns[:, self.target]
        raise InvalidInputError(
            f"target={self.target!r} is not one of the {columns.shape[1]} columns of predictions."
            f" Give a position{f' or one of {names}' if names else ''}."
        )

    def _of_classes(self, values):
        is_list = isinstance(values, list)
        if is_list and len(values) > 1:
            raise InvalidInputError(
                "The classifier predicts several targets. Fit one classifier for each target that"
                " you want to explain."
            )
        classes = self.model.classes_
        if is_list:  # y had one column, in two dimensions
            (values,), (classes,) = values, classes
        classes = np.asarray(classes).tolist()
        if self.target is None and len(classes) == 2:
            return values[:, 1]
        if self.target in classes:
            return values[:, classes.index(self.target)]
        if self.target is None:
            raise InvalidInputError(
                f"Choose the class whose probability is explained: target= one of {classes}."
            )
        raise InvalidInputError(f"target={self.target!r} is not one of the classes {classes}.")
