"""Multi-task regressors."""

import numpy as np
from sklearn.base import _fit_context

from skmat._utils.units import in_own_unit
from skmat.estimators._base import scatter_rows
from skmat.estimators._params import RegressorParams, dataclass_of_parameters
from skmat.estimators._predictor import EncoderPredictor
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._scores import MultiTargetRegressorMixin
from skmat.estimators._targets import read_numeric_targets
from skmat.estimators._zero_inflation import (
    find_lowest,
    median_of_mixture,
    spread_of_mixture,
    with_gates,
)
from skmat.exceptions import InvalidInputError
from skmat.objectives import Properties

__all__ = ["EncoderRegressor"]


@dataclass_of_parameters()
class EncoderRegressor(RegressorParams, MultiTargetRegressorMixin, EncoderPredictor):
    """Base of the regressors: an encoder with one head per column of y."""

    _kind = "regressor"

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
            Properties, in any units. Text must hold a number. Labels may be missing: NaN, None,
            pandas.NA, null or masked.
        sample_weight : array-like of shape (n_materials,), default=None
            Non-negative weights of the materials. None weights all rows equally.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read. The error lists all of them.
        InvalidLabelsError
            If labels are not numbers, infinite, or larger than 1e300 in magnitude.
        InvalidWeightsError
            If weights are negative, missing, infinite or not numbers.
        InvalidInputError
            If a column of y has no label in a row of positive weight, or if the networks of the
            family have no part named `trainable`.
        """
        return self._fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on the given rows, at a constant learning rate.

        No rows are held back for validation. The rows of the first call standardise the targets.
        While all labels of a target are equal, their value is predicted. The first call with
        other labels standardises this target.

        Parameters may change between calls, for example `lr`, or `trainable` to unfreeze layers.
        The moments of the optimizer are then reset.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``. All calls need the same columns of y.

        Returns
        -------
        self : object
            The trained regressor.
        """
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X, return_std=False):
        """Predict the properties of materials.

        Parameters
        ----------
        X : array-like
            Materials, in the format of the X given to ``fit``.
        return_std : bool, default=False
            Whether to return standard deviations too. They combine the scale predicted by
            ``loss="robust_l1"`` and the spread of the ensemble in quadrature.

        Returns
        -------
        y : ndarray of shape (n_materials,) or (n_materials, n_tasks), float64
            Predictions in the units and the shape of the y given to ``fit``. With
            ``on_invalid="nan"``, rows that cannot be read are NaN.
        std : ndarray of the same shape
            Standard deviations in the same units, if `return_std` is true. That of a target with
            a gate is of the whole distribution, with both the lowest label and the labels above.

        Raises
        ------
        InvalidInputError
            If `return_std` is true, but the model cannot estimate its uncertainty.
        """
        outputs, valid = self._predict_heads(X)
        loss = self.estimators_[0].model.objectives[0].loss  # of the fit, not of set_params
        if return_std and len(self.estimators_) == 1 and loss != "robust_l1":
            raise InvalidInputError(
                "return_std=True needs a fit with n_estimators > 1 or loss='robust_l1', but the"
                f" fit had n_estimators=1 and loss={loss!r}."
            )
        values, deviations, probabilities = self._in_units_of_y(outputs)
        mean, std = _combined(values, deviations)
        is_gated = ~np.isnan(self._lowest)
        if is_gated.any():
            lowest = self._lowest[is_gated]
            above, value, deviation = (
                each[..., is_gated] for each in (probabilities, values, deviations)
            )
            # The spread of an ensemble does not say how labels are distributed.
            mean[:, is_gated] = median_of_mixture(
                above.mean(axis=0), mean[:, is_gated], deviation.mean(axis=0), lowest
            )
            means, deviations = spread_of_mixture(above, value, deviation, lowest)
            std[:, is_gated] = _combined(means, deviations)[1]
        mean = self._as_y(mean, valid)
        return (mean, self._as_y(std, valid)) if return_std else mean

    def predict_mixture(self, X):
        """Predict the two parts of zero-inflated targets.

        ``predict`` returns the lowest label where the probability is 0.5 or less. Elsewhere it
        returns the value. With ``loss="robust_l1"`` it returns the median of the whole
        distribution, which is below the value.

        Parameters
        ----------
        X : array-like
            Materials, in the format of the X given to ``fit``.

        Returns
        -------
        probability : ndarray of shape (n_materials,) or (n_materials, n_tasks), float64
            Probability of a label above the lowest one, from 0 to 1. It is 1 for a target without
            a gate: ``lowest_labels_`` is NaN for it.
        value : ndarray of the same shape
            Prediction for a label above the lowest one, in the units of y. It is never below the
            lowest label. For a target without a gate it is the prediction.

        An ensemble returns the means of its networks. With ``on_invalid="nan"``, rows that cannot
        be read are NaN.
        """
        outputs, valid = self._predict_heads(X)
        values, deviations, probabilities = self._in_units_of_y(outputs)
        value, _ = _combined(values, deviations)
        probability = probabilities.mean(axis=0)
        return self._as_y(probability, valid), self._as_y(_at_least(self._lowest, value), valid)

    def _read_targets(self, y, n_rows, classes, labels_required):
        return read_numeric_targets(y, n_rows, labels_required=labels_required)

    def _add_targets(self, targets, sample_weight, previous):
        # A training that continues has the heads of the first one.
        lowest = (
            self._lowest if previous else find_lowest(targets, sample_weight, self.zero_inflated)
        )
        return with_gates(targets, lowest, sample_weight)

    def _keep_targets(self, targets):
        super()._keep_targets(targets)
        absent = np.full(self.n_outputs_, np.nan)
        self.lowest_labels_ = getattr(targets, "lowest", absent)

    @property
    def _lowest(self):
        # A model of an older version has no gates.
        return getattr(self, "lowest_labels_", np.full(self.n_outputs_, np.nan))

    def _in_units_of_y(self, outputs_of_networks):
        """Return values, deviations, and probabilities above the lowest label.

        Returns
        -------
        three ndarrays of shape (n_networks, n_materials, n_tasks), float64
        """
        values, deviations, probabilities = [], [], []
        n_tasks, is_gated = self.n_outputs_, ~np.isnan(self._lowest)
        for fitted, outputs in zip(self.estimators_, outputs_of_networks, strict=True):
            # float64, so that values in any unit neither overflow nor vanish.
            stacked = np.stack(outputs, axis=1).astype(np.float64)
            value = fitted.scaling.inverse_transform(stacked[..., 0])[:, :n_tasks]
            values.append(_at_least(self._lowest, value))
            deviations.append((stacked[..., 1] * fitted.scaling.scale)[:, :n_tasks])
            probability = np.ones_like(value)
            probability[:, is_gated] = stacked[:, n_tasks:, 1]
            probabilities.append(probability)
        return np.array(values), np.array(deviations), np.array(probabilities)

    def _property_objective(self):
        return Properties(loss=self.loss, n_extra=self._n_extra, **self._head_settings())

    def _as_y(self, values, valid):
        values = scatter_rows(values, valid)
        return values[:, 0] if self._one_dimensional else values


def _at_least(lowest, values):
    """Return `values`, but no smaller ones than `lowest`, where it is not NaN."""
    return np.where(values < lowest, lowest, values)


def _combined(means, deviations):
    """Return mean and standard deviation of an ensemble.

    Both arguments have the shape (n_networks, n_materials, n_targets) and the units of y.
    """
    n_networks, n_materials, n_targets = means.shape
    joined = np.concatenate([means, deviations]).reshape(-1, n_targets)
    scaled, units = in_own_unit(joined)
    scaled_means, scaled_deviations = scaled.reshape(2, n_networks, n_materials, n_targets)
    mean = np.mean(scaled_means, axis=0) * units
    total = np.mean(scaled_deviations**2, axis=0) + np.var(scaled_means, axis=0)
    # The computed mean of equal numbers can differ from them by rounding.
    is_equal = (means == means[0]).all(axis=0)
    std_if_equal = np.sqrt(np.mean(scaled_deviations**2, axis=0)) * units
    std = np.where(is_equal, std_if_equal, np.sqrt(total) * units)
    return np.where(is_equal, means[0], mean), std
