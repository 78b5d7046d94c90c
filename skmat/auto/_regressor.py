"""AutoRegressor."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions

from skmat._utils.saved_models import saved_class
from skmat.auto._base import AutoEstimator
from skmat.auto._number_average import NumberAverage
from skmat.auto._number_trials import compete_for_numbers
from skmat.auto._target_shape import check_bounds, describe_target, read_bounds
from skmat.estimators._regressor import mean_r2
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._targets import read_numeric_targets
from skmat.exceptions import InvalidInputError

__all__ = ["AutoRegressor"]


@saved_class
class AutoRegressor(RegressorMixin, AutoEstimator):
    """Regressor that tries the models of the package and averages the best ones.

    It fits trees, boosting, support vectors and pretrained networks to folds of the training set.
    Their out-of-fold predictions choose the weights of the average. Use it first: it needs no
    settings.

    Parameters
    ----------
    preset : {"fast", "medium", "best"} or list of str, default="medium"
        Candidates. "fast" trains no network. "medium" also fine-tunes pretrained networks. "best"
        repeats the folds with other seeds. A list names candidates; see ``leaderboard_``.
    candidates : list of (str, estimator), default=None
        Further candidates. An estimator that reads formulas or structures gets the materials of
        X. Others get Magpie features and element fractions.
    scoring : str or callable, default="neg_mean_absolute_error"
        Scorer of scikit-learn that selects the candidates.
    time_limit : float, default=None
        Seconds after which no further candidate is fitted. The first one is always fitted.
    cv : "auto", int or splitter, default="auto"
        Folds. "auto" takes five, three if "medium" gets more than 2,000 rows, and one hold-out
        part above 20,000 rows. "fast" repeats the folds below 500 rows, and "best" below 1,000. A
        composition is never in both parts of a split.
    zero_inflated : "auto" or bool, default="auto"
        Whether classifiers decide which predictions equal the lowest label. "auto" tries it if 15
        to 95 % of the labels are the lowest one. At least 20 labels must equal it, and 20 not.
    bounds : "auto", None or (low, high), default="auto"
        Bounds of predictions, which all labels keep. None leaves an end open. "auto" takes 0 if
        no label is on its other side, and 1 or 100 if labels reach it as the largest.
    input : {"auto", "formula", "structure"}, default="auto"
        What X holds. "auto" looks at the first material.
    disorder : {"raise", "average"}, default="raise"
        What to do with disordered structures, as in :class:`skmat.CGCNNRegressor`.
    on_invalid : {"raise", "nan"}, default="raise"
        How predictions treat rows that cannot be read: raise an error that lists all of them, or
        return NaN for them. ``fit`` always raises.
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
    leaderboard_ : DataFrame
        Per candidate and target: the out-of-fold error, the weight in the average, seconds of all
        fits and predictions, and the status: "fitted", or why it was left out.
    error_name_ : str
        What the errors of ``leaderboard_`` are.
    oof_predictions_ : ndarray of shape (n_materials,) or (n_materials, n_targets)
        Out-of-fold predictions of the average. The weights were chosen on the same rows, so their
        error is slightly too small.
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
    AutoClassifier : The same for classes.
    MTEncoderRegressor : One of the networks.

    References
    ----------
    .. [1] R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.
    .. [2] H. Papadopoulos et al., "Normalized nonconformity measures for regression conformal
       prediction", ICTAI 2008.

    Examples
    --------
    >>> from skmat import AutoRegressor
    >>> X = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 10.8, 9.4]
    >>> model = AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(X, gaps)
    >>> model.predict(["LiBr"]).shape
    (1,)
    """

    _parameter_constraints: dict = {
        **AutoEstimator._parameter_constraints,
        "zero_inflated": [StrOptions({"auto"}), "boolean"],
        "bounds": [StrOptions({"auto"}), "array-like", None],
    }

    _is_classifier = False

    def __init__(
        self,
        preset="medium",
        *,
        candidates=None,
        scoring="neg_mean_absolute_error",
        time_limit=None,
        cv="auto",
        zero_inflated="auto",
        bounds="auto",
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
        self.time_limit = time_limit
        self.cv = cv
        self.zero_inflated = zero_inflated
        self.bounds = bounds
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
            Properties, in any units. Labels may be missing: NaN, None, pandas.NA, null or masked.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. Candidates that take no weights ignore them.
        groups : array-like of shape (n_materials,), default=None
            Rows of one group are never in both parts of a split. Neither are rows of one
            composition.

        Returns
        -------
        self : AutoRegressor

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        InvalidLabelsError
            If labels are not numbers, infinite, or larger than 1e300 in magnitude.
        InvalidInputError
            If a column of y has no label in a row of positive weight, all labels are of one
            composition, or a parameter names an unknown candidate or scorer.

        Warns
        -----
        CandidateWarning
            If a candidate fails. The others are used.
        """
        return self._fit(X, y, sample_weight, groups)

    def predict(self, X, return_std=False):
        """Predict the properties of materials.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.
        return_std : bool, default=False
            Whether to return standard deviations too: half the widths of intervals with 68.27 %
            coverage.

        Returns
        -------
        y : ndarray of shape (n_materials,) or (n_materials, n_targets), float64
            Predictions in the units of y. NaN for rows that cannot be read, with
            ``on_invalid="nan"``.
        std : ndarray of the same shape
            Standard deviations in the same units, if `return_std` is true.

        Warns
        -----
        NoveltyWarning
            If most materials are unlike those of the training set.
        """
        outputs, valid = self._outputs(X)
        found = [each.predict(outputs) for each in self._averages]
        mean = self._as_y([values for values, _ in found], valid)
        if not return_std:
            return mean
        std = [
            each.scale.std(spread, values)
            for each, (values, spread) in zip(self._averages, found, strict=True)
        ]
        return mean, self._as_y(std, valid)

    def predict_interval(self, X, coverage=0.9):
        """Return intervals that hold the true value with a given probability.

        The probability holds on average over materials like those of the training set.

        Parameters
        ----------
        X : array-like
            Materials, as in ``fit``.
        coverage : float, default=0.9
            Probability, between 0 and 1.

        Returns
        -------
        low, high : ndarray of shape (n_materials,) or (n_materials, n_targets), float64
            Ends of the intervals in the units of y. They are infinite if the training set has
            fewer than about ``1 / (1 - coverage)`` labels, and never beyond the bounds of the
            predictions.

        Raises
        ------
        InvalidInputError
            If `coverage` is not between 0 and 1.
        """
        if not (isinstance(coverage, int | float | np.number) and 0 < coverage < 1):
            raise InvalidInputError(f"coverage={coverage!r} must be between 0 and 1, such as 0.9.")
        outputs, valid = self._outputs(X)
        lows, highs = [], []
        for average in self._averages:
            mean, spread = average.predict(outputs)
            width = average.scale.half_width(spread, mean, float(coverage))
            lows.append(average.shape.clip(mean - width))
            highs.append(average.shape.clip(mean + width))
        return self._as_y(lows, valid), self._as_y(highs, valid)

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination, averaged over the targets.

        Rows without a label are ignored for their target.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``.

        Returns
        -------
        float
            Mean R2, dimensionless. The best value is 1.
        """
        return mean_r2(self.predict(X), y, sample_weight)

    def _read_targets(self, y, n_rows):
        return read_numeric_targets(y, n_rows)

    def _uninformed(self, y, target, targets):
        return np.full(len(y), y.mean())

    def _compete(self, candidates, competition, metric):
        data = competition.data
        labels = [data.labels(target) for target in range(len(data.targets.names))]
        bounds = read_bounds(self.bounds)
        for name, each in zip(data.targets.names, labels, strict=True):
            check_bounds(bounds, each, name)
        self._shapes = [
            describe_target(
                each[~np.isnan(each)], zero_inflated=self._plain("zero_inflated"), bounds=bounds
            )
            for each in labels
        ]
        return compete_for_numbers(candidates, labels, self._shapes, competition, metric)

    def _make_average(self, target, parts, data, metric, generator):
        shape = self._shapes[target]
        return NumberAverage.fit(target, parts, shape, data, metric, generator)

    def _joined(self, columns):
        return columns[0] if self._one_dimensional else np.stack(columns, axis=1)
