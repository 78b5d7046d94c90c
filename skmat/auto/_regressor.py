"""AutoRegressor."""

from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from skmat.auto._base import AutoEstimator
from skmat.auto._number_average import NumberAverage
from skmat.auto._number_trials import compete_for_numbers
from skmat.auto._params import auto_estimator
from skmat.auto._target_shape import check_bounds, describe_target, read_bounds
from skmat.estimators._params import param
from skmat.estimators._scores import MultiTargetRegressorMixin
from skmat.estimators._targets import read_numeric_targets
from skmat.exceptions import InvalidInputError

__all__ = ["AutoRegressor"]


@auto_estimator
class AutoRegressor(MultiTargetRegressorMixin, AutoEstimator):
    """Regressor that tries the models of the package and averages the best ones.

    Parameters
    ----------
    -- Models --

    scoring : str or callable
        Scorer of scikit-learn that selects the candidates.
    zero_inflated : "auto" or bool
        Whether classifiers decide which predictions equal the lowest label. "auto" tries it if 15
        to 95 % of the labels are the lowest one. At least 20 labels must equal it, and 20 not.
    bounds : "auto", None or (low, high)
        Bounds of predictions, which all labels keep. None leaves an end open. "auto" takes 0 if
        no label is on its other side, and 1 or 100 if labels reach it as the largest.

    Examples
    --------
    >>> from skmat import AutoRegressor
    >>> X = ["NaCl", "KCl", "NaBr", "KBr", "LiF", "NaF", "KF", "LiCl"]
    >>> gaps = [8.5, 8.4, 7.1, 7.4, 13.6, 11.5, 10.8, 9.4]
    >>> model = AutoRegressor(preset=["trees"], cv=2, random_state=0).fit(X, gaps)
    >>> model.predict(["LiBr"]).shape
    (1,)
    """

    scoring: Any = param(default="neg_mean_absolute_error", constraint=[str, callable])
    zero_inflated: bool | str = param(default="auto", constraint=[StrOptions({"auto"}), "boolean"])
    bounds: Any = param(default="auto", constraint=[StrOptions({"auto"}), "array-like", None])

    _is_classifier = False
    _about = """
        It fits trees, boosting, support vectors and pretrained networks to folds of the training
        set. Their out-of-fold predictions choose the weights of the average. Use it first: it
        needs no settings.
        """
    _attributes = """
oof_predictions_ : ndarray of shape (n_materials,) or (n_materials, n_targets)
    Out-of-fold predictions of the average. The weights were chosen on the same rows, so their
    error is slightly too small.
"""
    _also = """
        AutoClassifier : The same for classes.
        MTEncoderRegressor : One of the networks.
        """
    _references = """
        .. [1] R. Caruana et al., "Ensemble selection from libraries of models", ICML 2004.
        .. [2] H. Papadopoulos et al., "Normalized nonconformity measures for regression conformal
           prediction", ICTAI 2008.
        """

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
        distances = outputs.distances(self._distances_of)
        std = [
            each.scale.std(spread, values, distances)
            for each, (values, spread) in zip(self._averages, found, strict=True)
        ]
        return mean, self._as_y(std, valid)

    def predict_interval(self, X, coverage=0.9):
        """Return intervals that hold the true value with a given probability.

        The probability holds on average over materials like those of the training set. Intervals
        grow with the distance from it, but hold fewer labels there. Predictions seldom exceed all
        learned labels, so intervals miss nearly all larger ones.

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
            fewer than about ``1 / (1 - coverage)`` compositions with a label, and never beyond the
            bounds of the predictions. Rows of one group count as one composition.

        Raises
        ------
        InvalidInputError
            If `coverage` is not between 0 and 1.
        """
        if not (isinstance(coverage, int | float | np.number) and 0 < coverage < 1):
            raise InvalidInputError(f"coverage={coverage!r} must be between 0 and 1, such as 0.9.")
        outputs, valid = self._outputs(X)
        distances = outputs.distances(self._distances_of)
        lows, highs = [], []
        for average in self._averages:
            mean, spread = average.predict(outputs)
            width = average.scale.half_width(spread, mean, float(coverage), distances)
            lows.append(average.shape.clip(mean - width))
            highs.append(average.shape.clip(mean + width))
        return self._as_y(lows, valid), self._as_y(highs, valid)

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
