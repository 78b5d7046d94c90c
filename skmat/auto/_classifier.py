"""AutoClassifier."""

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions

from skmat._utils.saved_models import saved_class
from skmat.auto._base import AutoEstimator, scattered
from skmat.auto._class_average import ClassAverage
from skmat.auto._learned import Learned
from skmat.auto._part import Part
from skmat.auto._trial import Trial
from skmat.estimators._classifier import as_labels, join_labels, mean_accuracy
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._targets import read_class_targets

__all__ = ["AutoClassifier"]


@saved_class
class AutoClassifier(ClassifierMixin, AutoEstimator):
    """Classifier that tries the models of the package and averages the best ones.

    It fits trees, boosting, support vectors and pretrained networks to folds of the training set.
    Their out-of-fold probabilities choose the weights of the average, calibrate it and choose the
    rule that turns probabilities into classes. Use it first: it needs no settings.

    Parameters
    ----------
    preset : {"fast", "medium", "best"} or list of str, default="medium"
        Candidates. "fast" trains no network. "medium" also fine-tunes pretrained networks. "best"
        repeats the folds with other seeds. A list names candidates; see ``leaderboard_``.
    candidates : list of (str, estimator), default=None
        Further candidates. An estimator that reads formulas or structures gets the materials of
        X. Others get Magpie features and element fractions. The labels are the indices of the
        classes.
    scoring : str or callable, default="neg_log_loss"
        Scorer of scikit-learn that selects the candidates. It gets the indices of the classes as
        labels.
    decision : {"accuracy", "balanced_accuracy", "f1"}, default="accuracy"
        Metric that ``predict`` is best for. "accuracy" predicts the most probable class.
        "balanced_accuracy" divides each probability by the frequency of the class. "f1" does so
        by half of the largest F1; with two classes it is the F1 of the second one.
    time_limit : float, default=None
        Seconds after which no further candidate is fitted. The first one is always fitted.
    cv : "auto", int or splitter, default="auto"
        Folds, as in :class:`AutoRegressor`.
    input : {"auto", "formula", "structure"}, default="auto"
        What X holds. "auto" looks at the first material.
    disorder : {"raise", "average"}, default="raise"
        What to do with disordered structures, as in :class:`skmat.CGCNNRegressor`.
    on_invalid : {"raise", "nan"}, default="raise"
        How predictions treat rows that cannot be read: raise an error that lists all of them, or
        return NaN or None for them. ``fit`` always raises.
    keep_candidates : bool, default=False
        Whether to keep candidates without weight, for ``predict_candidates``.
    device : str, default="auto"
        Device of the networks, as in :class:`skmat.MTEncoderRegressor`.
    random_state : int, RandomState instance or None, default=None
        Seed of the splits and of all candidates without a seed of their own.
    n_jobs : int, default=None
        Folds that are fitted at a time, by joblib.
    verbose : int, default=0
        1 prints a line per candidate and the leaderboard to standard error.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or a list of one per target
        Class labels.
    leaderboard_ : DataFrame
        Per candidate and target: the out-of-fold error, the weight in the average, seconds of all
        fits and predictions, and the status: "fitted", or why it was left out.
    error_name_ : str
        What the errors of ``leaderboard_`` are.
    oof_predictions_ : ndarray of shape (n_materials, n_classes), or a list of one per target
        Calibrated out-of-fold probabilities of the average. The weights were chosen on the same
        rows, so their error is slightly too small.
    target_names_ : list of str
        Names of the columns of y.
    input_ : {"formula", "structure"}
        What X holds.
    material_column_ : str or None
        Column of the materials, if X has further columns.
    n_features_in_ : int
        Number of columns of X.

    See Also
    --------
    AutoRegressor : The same for numbers.
    MTEncoderClassifier : One of the networks.

    References
    ----------
    .. [1] R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.
    .. [2] C. Guo et al., "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    >>> from skmat import AutoClassifier
    >>> X = ["NaCl", "Cu", "NaBr", "Fe", "LiF", "Ag", "KF", "Au"]
    >>> y = ["salt", "metal"] * 4
    >>> model = AutoClassifier(preset=["trees"], cv=2, random_state=0).fit(X, y)
    >>> model.predict(["KCl", "Ni"]).tolist()
    ['salt', 'metal']
    """

    _parameter_constraints: dict = {
        **AutoEstimator._parameter_constraints,
        "decision": [StrOptions({"accuracy", "balanced_accuracy", "f1"})],
    }

    _is_classifier = True

    def __init__(
        self,
        preset="medium",
        *,
        candidates=None,
        scoring="neg_log_loss",
        decision="accuracy",
        time_limit=None,
        cv="auto",
        input="auto",
        disorder="raise",
        on_invalid="raise",
        keep_candidates=False,
        device="auto",
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.preset = preset
        self.candidates = candidates
        self.scoring = scoring
        self.decision = decision
        self.time_limit = time_limit
        self.cv = cv
        self.input = input
        self.disorder = disorder
        self.on_invalid = on_invalid
        self.keep_candidates = keep_candidates
        self.device = device
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def fit(self, X, y, sample_weight=None, groups=None):
        """Fit the candidates and choose their weights.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas, structures, a matrix of amounts, or a DataFrame with one column of formulas
            or structures and further columns of numbers or categories.
        y : array-like of shape (n_materials,) or (n_materials, n_targets)
            Class labels. All labels of a column have one type, which can be sorted. Labels may be
            missing: NaN, None, pandas.NA, null or masked.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. Candidates that take no weights ignore them.
        groups : array-like of shape (n_materials,), default=None
            Rows of one group are never in both parts of a split. Neither are rows of one
            composition.

        Returns
        -------
        self : AutoClassifier

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        LabelTypeError
            If the labels of a column have several types or cannot be sorted.
        InvalidInputError
            If a column of y has no label in a row of positive weight, all labels are of one
            composition, or a parameter names an unknown candidate or scorer.

        Warns
        -----
        CandidateWarning
            If a candidate fails. The others are used.
        """
        return self._fit(X, y, sample_weight, groups)

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

    def score(self, X, y, sample_weight=None):
        """Return the accuracy, averaged over the targets.

        Rows without a label are ignored for their target.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``.

        Returns
        -------
        float
            Mean accuracy, dimensionless.
        """
        return mean_accuracy(self.predict(X), y, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # As CompositionReaderMixin says, which gets the tags before they have those of classes.
        tags.classifier_tags.poor_score = True
        return tags

    @property
    def _classes(self):
        return [self.classes_] if self._one_dimensional else self.classes_

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
