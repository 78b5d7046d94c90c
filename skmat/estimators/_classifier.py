"""Multi-task classifiers."""

import numpy as np
from sklearn.base import _fit_context

from skmat.estimators._base import scatter_rows
from skmat.estimators._params import dataclass_of_parameters
from skmat.estimators._predictor import EncoderPredictor
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._scores import MultiTargetClassifierMixin
from skmat.estimators._targets import read_class_targets, read_known_classes
from skmat.objectives import Properties

__all__ = ["EncoderClassifier", "as_labels", "join_labels"]


@dataclass_of_parameters()
class EncoderClassifier(MultiTargetClassifierMixin, EncoderPredictor):
    """Base of the classifiers: an encoder with one head per column of y."""

    _kind = "classifier"

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def fit(self, X, y, sample_weight=None):
        """Train on labelled materials.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas, a matrix of amounts, or structures, depending on the family. A DataFrame may
            have further columns of numbers, such as temperatures.
        y : array-like of shape (n_materials,) or (n_materials, n_tasks)
            Class labels. All labels of a column have one type, which can be sorted. Labels may be
            missing: NaN, None, pandas.NA, null or masked.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. None weights all rows equally.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        LabelTypeError
            If the labels of a column have several types or cannot be sorted. It is also a
            TypeError.
        InvalidWeightsError
            If weights are negative, missing, infinite or not numbers.
        InvalidInputError
            If a column of y has no label in a row of positive weight, or if the networks of the
            family have no part named `trainable`.
        """
        return self._fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on the given rows, at a constant learning rate.

        Parameters may change between calls, for example `lr`, or `trainable` to unfreeze layers.
        The moments of the optimizer are then reset.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``. All calls need the same columns of y.
        classes : array-like or list of array-like, default=None
            All class labels, as a list of one array per column if y has several. None uses the
            labels in y of the first call.

        Returns
        -------
        self : object
            The trained classifier.
        """
        if hasattr(self, "estimators_"):
            classes = self._classes
        elif classes is not None:
            classes = read_known_classes(classes)
        return self._fit(X, y, sample_weight, partial=True, classes=classes)

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like
            Materials, in the format of the X given to ``fit``.

        Returns
        -------
        ndarray of shape (n_materials, n_classes), or a list of one per task
            Probabilities in the order of ``classes_``. An ensemble returns the mean of its
            networks. With ``on_invalid="nan"``, rows that cannot be read are NaN.
        """
        outputs, valid = self._predict_heads(X)
        probabilities = []
        for index, classes in enumerate(self._classes):
            mean = np.stack([each[index] for each in outputs]).mean(axis=0, dtype=np.float64)
            # A head has two outputs even if its task has one class.
            mean = mean[:, : len(classes)] / mean[:, : len(classes)].sum(axis=1, keepdims=True)
            probabilities.append(scatter_rows(mean, valid))
        return probabilities[0] if self._one_dimensional else probabilities

    def predict(self, X):
        """Return the most probable class.

        Parameters
        ----------
        X : array-like
            Materials, in the format of the X given to ``fit``.

        Returns
        -------
        ndarray of shape (n_materials,) or (n_materials, n_tasks)
            Class labels, of the same type as in y. With ``on_invalid="nan"``, rows that cannot be
            read are None in an object array, or NaT in an array of dates.
        """
        probabilities = self.predict_proba(X)
        tasks = [probabilities] if self._one_dimensional else probabilities
        columns = [
            as_labels(
                np.where(np.isnan(each), 0, each).argmax(axis=1), np.isnan(each[:, 0]), classes
            )
            for each, classes in zip(tasks, self._classes, strict=True)
        ]
        return columns[0] if self._one_dimensional else join_labels(columns)

    def _read_targets(self, y, n_rows, classes, labels_required):
        return read_class_targets(y, n_rows, classes)

    def _property_objective(self):
        return Properties(n_extra=self._n_extra, **self._head_settings())

    def _keep_targets(self, targets):
        super()._keep_targets(targets)
        self.classes_ = targets.classes[0] if targets.one_dimensional else targets.classes


def as_labels(indices, invalid, classes):
    """Return labels of one column. Invalid rows are None, or NaT among dates."""
    labels = classes[indices]
    if invalid.any():
        if labels.dtype.kind not in "mM":
            labels = labels.astype(object)
        labels[invalid] = None
    return labels


def join_labels(columns):
    """Return the columns as one array, of objects if their types differ."""
    if len({column.dtype.kind for column in columns}) == 1:
        return np.stack(columns, axis=1)
    return np.array([list(column) for column in columns], dtype=object).T
