"""Multi-task regressors."""

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions

from skmat.estimators._base import scatter_rows
from skmat.estimators._kept import kept_on_failure
from skmat.estimators._predictor import EncoderPredictor
from skmat.estimators._scaling import in_own_unit
from skmat.estimators._targets import read_numeric_targets
from skmat.estimators._weights import weights_of_scores, weights_to_learn_by
from skmat.exceptions import InvalidInputError
from skmat.inputs import held
from skmat.objectives import REGRESSION_LOSSES, Properties
from skmat.training import run_heads

__all__ = ["EncoderRegressor"]


class EncoderRegressor(RegressorMixin, EncoderPredictor):
    """Base of the regressors: an encoder with one head per column of y."""

    _parameter_constraints: dict = {
        **EncoderPredictor._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES))],
    }

    @_fit_context(prefer_skip_nested_validation=False)
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
        return self._fit(X, y, sample_weight, self._fit_members, reset=True)

    @_fit_context(prefer_skip_nested_validation=False)
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
        first = not hasattr(self, "estimators_")
        return self._fit(X, y, sample_weight, self._partial_fit_members, reset=first)

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
        for member in self.estimators_:
            outputs = run_heads(
                member.model, materials, self._make_batch, *self._device_and_precision(member)
            )
            # In float64 from here on, so that no unit is too large or too small.
            stacked = np.stack(outputs, axis=1).astype(np.float64)
            means.append(member.scaling.inverse_transform(stacked[..., 0]))
            deviations.append(stacked[..., 1] * member.scaling.scale)
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

    @kept_on_failure
    def _fit(self, X, y, sample_weight, fit_members, *, reset):
        self._check_trainable()
        X = held(X)
        materials = self._read_X(X, reset=reset, allow_empty=True)
        read = read_numeric_targets(y, len(materials), labels_required=reset)
        weights = weights_to_learn_by(sample_weight, materials)
        if reset:
            read.check_weights(weights)
        properties = Properties(loss=self.loss, **self._head_settings())
        self._fit_tasks(fit_members, X, materials, read, properties, weights)
        self.target_names_ = read.names
        self.n_outputs_ = len(read.names)
        self._one_dimensional = read.one_dimensional
        return self

    def _as_y(self, values, valid):
        values = scatter_rows(values, valid)
        return values[:, 0] if self._one_dimensional else values


def _combined(means, deviations):
    """Return the mean and the standard deviation that the members' predictions make together.

    Both arguments are of shape (n_members, n_materials, n_targets), in the units of y.
    """
    n_members, n_materials, n_targets = means.shape
    together = np.concatenate([means, deviations]).reshape(-1, n_targets)
    scaled, units = in_own_unit(together)
    means_there, deviations_there = scaled.reshape(2, n_members, n_materials, n_targets)
    mean = np.mean(means_there, axis=0) * units
    total = np.mean(deviations_there**2, axis=0) + np.var(means_there, axis=0)
    # The mean of equal numbers may differ from them in the last place.
    agreed = (means == means[0]).all(axis=0)
    alone = np.sqrt(np.mean(deviations_there**2, axis=0)) * units
    std = np.where(agreed, alone, np.sqrt(total) * units)
    return np.where(agreed, means[0], mean), std
