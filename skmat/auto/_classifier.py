"""AutoClassifier."""

from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from skmat.auto._base import AutoEstimator, scattered
from skmat.auto._class_average import ClassAverage
from skmat.auto._learned import Learned
from skmat.auto._params import auto_estimator
from skmat.auto._part import Part
from skmat.auto._trial import Trial
from skmat.estimators._classifier import as_labels, join_labels
from skmat.estimators._params import param
from skmat.estimators._scores import MultiTargetClassifierMixin
from skmat.estimators._targets import read_class_targets

__all__ = ["AutoClassifier"]


@auto_estimator
class AutoClassifier(MultiTargetClassifierMixin, AutoEstimator):
    """Classifier that tries the models of the package and averages the best ones.

    Parameters
    ----------
    -- Models --

    scoring : str or callable
        Scorer of scikit-learn that selects the candidates. It gets the indices of the classes as
        labels.
    decision : {"accuracy", "balanced_accuracy", "f1"}
        Metric that ``predict`` is best for. "accuracy" predicts the most probable class.
        "balanced_accuracy" divides each probability by the frequency of the class. "f1" does so
        by half of the largest F1; with two classes it is the F1 of the second one.

    Examples
    --------
    >>> from skmat import AutoClassifier
    >>> X = ["NaCl", "Cu", "NaBr", "Fe", "LiF", "Ag", "KF", "Au"]
    >>> y = ["salt", "metal"] * 4
    >>> model = AutoClassifier(preset=["trees"], cv=2, random_state=0).fit(X, y)
    >>> model.predict(["KCl", "Ni"]).tolist()
    ['salt', 'metal']
    """

    scoring: Any = param(default="neg_log_loss", constraint=[str, callable])
    decision: str = param(
        default="accuracy", constraint=[StrOptions({"accuracy", "balanced_accuracy", "f1"})]
    )

    _is_classifier = True
    _about = """
        It fits trees, boosting, support vectors and pretrained networks to folds of the training
        set. Their out-of-fold probabilities choose the weights of the average, calibrate it and
        choose the rule that turns probabilities into classes. Use it first: it needs no settings.
        """
    _attributes = """
classes_ : ndarray of shape (n_classes,), or a list of one per target
    Class labels.
oof_predictions_ : ndarray of shape (n_materials, n_classes), or a list of one per target
    Calibrated out-of-fold probabilities of the average. The weights were chosen on the same rows,
    so their error is slightly too small.
"""
    _also = """
        AutoRegressor : The same for numbers.
        MTEncoderClassifier : One of the networks.
        """
    _references = """
        .. [1] R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.
        .. [2] C. Guo et al., "On calibration of modern neural networks", ICML 2017.
        """

    def predict_proba(self, X):
        """Return calibrated probabilities of the classes.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.

        Returns
        -------
        ndarray of shape (n_materials, n_classes), or a list of one per target
            Probabilities in the order of ``classes_``. NaN for rows that cannot be read, with
            ``on_invalid="nan"``.

        Warns
        -----
        NoveltyWarning
            If most materials are unlike those of the training set.
        """
        outputs, valid = self._outputs(X)
        columns = [scattered(each.predict_proba(outputs), valid) for each in self._averages]
        return self._joined(columns)

    def predict(self, X):
        """Return the class that the parameter `decision` asks for.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.

        Returns
        -------
        ndarray of shape (n_materials,) or (n_materials, n_targets)
            Class labels, of the same type as in y. Rows that cannot be read are None in an object
            array, or NaT in an array of dates, with ``on_invalid="nan"``.

        Warns
        -----
        NoveltyWarning
            If most materials are unlike those of the training set.
        """
        outputs, valid = self._outputs(X)
        columns = []
        for average, classes in zip(self._averages, self._classes, strict=True):
            indices = np.zeros(len(valid), dtype=int)
            indices[valid] = average.decide(average.predict_proba(outputs))
            columns.append(as_labels(indices, ~valid, classes))
        return columns[0] if self._one_dimensional else join_labels(columns)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # As CompositionReaderMixin says, which gets the tags before they have those of classes.
        tags.classifier_tags.poor_score = True
        return tags

    def _read_targets(self, y, n_rows):
        return read_class_targets(y, n_rows)

    def _uninformed(self, y, target, targets):
        shares = np.bincount(y.astype(int), minlength=len(targets.classes[target])) / len(y)
        return np.tile(shares, (len(y), 1))

    def _compete(self, candidates, competition, metric):
        data = competition.data
        counts = [len(classes) for classes in data.targets.classes]
        learned = [
            Learned(target, data.labels(target), n_classes=count)
            for target, count in enumerate(counts)
        ]
        parts: list[list[Part]] = [[] for _ in learned]
        for candidate in candidates:
            together = [learned] if candidate.is_joint else [[each] for each in learned]
            for each in together:
                trial = competition.run(Trial(candidate.name, candidate, each))
                if trial is not None:
                    for one in each:
                        parts[one.target].append(Part(trial))
        return parts

    def _make_average(self, target, parts, data, metric, generator):
        return ClassAverage.fit(target, parts, self.decision, data, metric, generator)

    def _keep_targets(self, targets):
        super()._keep_targets(targets)
        self.classes_ = targets.classes[0] if targets.one_dimensional else targets.classes

    def _joined(self, columns):
        return columns[0] if self._one_dimensional else columns
