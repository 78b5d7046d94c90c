"""Multi-task regressors."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score

from skmat._utils.units import in_own_unit
from skmat.estimators._base import scatter_rows
from skmat.estimators._params import RegressorParams, dataclass_of_parameters
from skmat.estimators._predictor import EncoderPredictor
from skmat.estimators._rollback import restored_on_failure
from skmat.estimators._targets import read_numeric_targets
from skmat.exceptions import InvalidInputError
from skmat.inputs import weights_of_scores
from skmat.objectives import Properties

__all__ = ["EncoderRegressor"]


@dataclass_of_parameters()
class EncoderRegressor(RegressorParams, RegressorMixin, EncoderPredictor):
    """Base of the regressors: an encoder with one head per column of y."""

    _kind = "regressor"

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def fit(self, X, y, sample_weight=None):
        """Train on labelled materials.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas or a matrix of amounts; crystals, if the family reads crystals.
        y : array-like of shape (n_materials,) or (n_materials, n_tasks)
            Properties, each in its own unit; NaN, None, pandas.NA, nulls and what is masked are
            missing labels. Text must be a number.
        sample_weight : array-like of shape (n_materials,), default=None
            Weights of the materials, non-negative.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read; the error lists all of them.
        InvalidLabelsError
            If labels are no numbers, infinite, or beyond 1e300.
        InvalidWeightsError
            If weights are negative, missing, infinite or no numbers.
        InvalidInputError
            If y holds a column of nothing but NaN, or one whose labels are all in rows of weight
            0, or if `trainable` names a part that the family's networks do not have.
        """
        return self._fit(X, y, sample_weight)

    @_fit_context(prefer_skip_nested_validation=False)
    @restored_on_failure
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on the given rows, at a constant learning rate.

        Targets are standardised by the mean and deviation of the first call's rows. A target whose
        labels are all equal so far is predicted as that constant; the first labels that differ
        standardise it. Nothing is held back for validation. Parameters may be changed between two
        calls, such as `trainable` to unfreeze layer by layer, or `lr`; the moments of the
        optimizer then begin anew.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``; y with the same columns at each call.

        Returns
        -------
        self : object
            The regressor, trained a little longer.
        """
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X, return_std=False):
        """Predict the properties of materials.

        Parameters
        ----------
        X : array-like
            Materials, in the form that ``fit`` was given.
        return_std : bool, default=False
            Whether to return standard deviations too: the scale that ``loss="robust_l1"``
            predicts and the spread of the ensemble, added in quadrature.

        Returns
        -------
        y : ndarray of shape (n_materials,) or (n_materials, n_tasks), float64
            In the units and the shape of the y that was fitted; NaN where X is invalid and
            ``on_invalid="nan"``.
        std : ndarray of the same shape
            Standard deviations in the same units; only if `return_std`.

        Raises
        ------
        InvalidInputError
            If `return_std` and the model has no measure of its uncertainty.
        """
        materials, valid = self._read_for_prediction(X)
        if return_std and len(self.estimators_) == 1 and self.loss != "robust_l1":
            raise InvalidInputError(
                "return_std=True needs n_estimators > 1 or loss='robust_l1'; with"
                f" n_estimators=1 and loss={self.loss!r} there is nothing to estimate it from."
            )
        means, deviations = [], []
        for fitted, outputs in zip(self.estimators_, self._run_heads(materials), strict=True):
            # In float64 from here on, so that no unit is too large or too small.
            stacked = np.stack(outputs, axis=1).astype(np.float64)
            means.append(fitted.scaling.inverse_transform(stacked[..., 0]))
            deviations.append(stacked[..., 1] * fitted.scaling.scale)
        mean, std = _combined(np.array(means), np.array(deviations))
        mean = self._as_y(mean, valid)
        return (mean, self._as_y(std, valid)) if return_std else mean

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination, averaged over the tasks.

        Rows without a label, or that cannot be read (``on_invalid="nan"``), are left out of their
        task, and so are tasks without any label.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in ``fit``.

        Returns
        -------
        float
            Mean R2, dimensionless; 1 is perfect.
        """
        predicted = self.predict(X)
        read = read_numeric_targets(y, len(predicted), labels_required=False)
        predicted = predicted.reshape(len(read.values), -1)
        weights = weights_of_scores(sample_weight, len(predicted))
        scores = []
        for truth, guess in zip(read.values.T, predicted.T, strict=True):
            rows = ~np.isnan(truth) & ~np.isnan(guess)
            if not rows.any():
                continue
            # R2 has no unit, but squares of small numbers vanish.
            pair, _ = in_own_unit(np.append(truth[rows], guess[rows]))
            theirs = None if weights is None else weights[rows]
            scores.append(r2_score(*np.split(pair, 2), sample_weight=theirs))
        return float(np.mean(scores)) if scores else np.nan

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _read_targets(self, y, n_rows, classes, labels_required):
        return read_numeric_targets(y, n_rows, labels_required=labels_required)

    def _property_objective(self):
        return Properties(loss=self.loss, **self._head_settings())

    def _as_y(self, values, valid):
        values = scatter_rows(values, valid)
        return values[:, 0] if self._one_dimensional else values


def _combined(means, deviations):
    """Return the mean and the standard deviation of the networks' predictions together.

    Both arguments are of shape (n_networks, n_materials, n_targets), in the units of y.
    """
    n_networks, n_materials, n_targets = means.shape
    together = np.concatenate([means, deviations]).reshape(-1, n_targets)
    scaled, units = in_own_unit(together)
    means_there, deviations_there = scaled.reshape(2, n_networks, n_materials, n_targets)
    mean = np.mean(means_there, axis=0) * units
    total = np.mean(deviations_there**2, axis=0) + np.var(means_there, axis=0)
    # The mean of equal numbers may differ from them in the last place.
    agreed = (means == means[0]).all(axis=0)
    alone = np.sqrt(np.mean(deviations_there**2, axis=0)) * units
    std = np.where(agreed, alone, np.sqrt(total) * units)
    return np.where(agreed, means[0], mean), std
