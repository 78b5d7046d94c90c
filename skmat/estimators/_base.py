"""What every estimator of the package does, whatever its encoder and whatever it predicts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from skmat._utils.doc_links import DocLinkMixin
from skmat._utils.parameters import PlainParametersMixin, draw_seed
from skmat.estimators._params import SharedParams, dataclass_of_parameters
from skmat.estimators._plan import FitData, plan_fit, plan_partial_fit, scale_extra
from skmat.estimators._pretrained import CheckpointMixin, Start
from skmat.estimators._rollback import models_restored_on_failure
from skmat.estimators._saving import ModelFolderMixin
from skmat.estimators._train import train_models, train_one_epoch
from skmat.estimators._warm_start import check_same_tasks
from skmat.exceptions import InvalidInputError
from skmat.inputs import held, weights_to_learn_by
from skmat.training import check_callbacks, resolve_device, run_encoder, run_heads

__all__ = ["EncoderEstimator", "scatter_rows"]


@dataclass_of_parameters()
class EncoderEstimator(
    SharedParams,
    PlainParametersMixin,
    CheckpointMixin,
    ModelFolderMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    DocLinkMixin,
    BaseEstimator,
):
    """Base of encoders, regressors and classifiers.

    A family adds how X is read and how the network is built; see ``_element_family.py`` and
    ``_structure_family.py``. A kind adds ``_read_targets``, ``_tasks`` and ``_keep_targets``; see
    ``_regressor.py``.
    """

    #: "encoder", "regressor" or "classifier".
    _kind: ClassVar[str]
    #: Name of the family and of its file.
    _family: ClassVar[str]

    def _fit(self, X, y, sample_weight, *, partial=False, classes=None):
        """Read, plan, train, keep: all of ``fit`` and ``partial_fit``."""
        # Read.
        self._check_trainable()
        check_callbacks(self.callbacks)
        X = held(X)
        previous = self._models_to_continue(partial)
        start = self._continued_start(previous) if previous else self._resolve_start()
        columns_before = getattr(self, "extra_columns_", [])
        # ``fit`` reads X and y anew, also with warm_start.
        reads_anew = not (partial and previous)
        labels_required = reads_anew and classes is None
        materials = self._read_materials(X, start.network, reset=reads_anew)
        targets = self._read_targets(y, len(materials), classes, labels_required)
        weights = weights_to_learn_by(sample_weight, materials)
        targets = self._add_targets(targets, weights, previous)
        given, extra = self._read_further(X, targets, columns_before if previous else None)
        data = FitData(given, materials, targets, weights, self._make_batch, extra)

        # Plan.
        start = self._within_domain(start, data)
        tasks = self._tasks(data, labels_required)
        if previous:
            n_networks = None if partial else self._n_networks
            check_same_tasks(previous, targets, tasks.objectives, n_networks)
        if partial:
            plan = plan_partial_fit(self, start, tasks, data, previous)
        else:
            plan = plan_fit(self, start, tasks, data, previous)

        # Train.
        train_networks = train_one_epoch if partial else train_models
        with models_restored_on_failure(previous):
            models = train_networks(self, plan, data, previous)

        # Keep.
        self._keep_models(models)
        self._keep_targets(targets)
        return self

    def transform(self, X):
        """Embed materials.

        Parameters
        ----------
        X : array-like
            Materials, in the form that ``fit`` was given.

        Returns
        -------
        ndarray of shape (n_materials, n_features_out), float32
            The encoder's vector of each material, dimensionless. The vectors of several networks
            are concatenated. Rows of NaN where X is invalid and ``on_invalid="nan"``.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read and ``on_invalid="raise"``.
        """
        materials, valid = self._read_for_prediction(X)
        vectors = [
            run_encoder(
                each.model.encoder,
                materials,
                self._make_batch,
                *self._device_and_precision(each),
            )
            for each in self.estimators_
        ]
        return scatter_rows(np.hstack(vectors), valid)

    def fit_transform(self, X, y=None, **fit_params):
        """Fit to X and y, then embed X; see ``fit`` and ``transform``."""
        return self.fit(X, y, **fit_params).transform(X)

    @property
    def net_(self):
        """The skorch net of the first network."""
        check_is_fitted(self)
        return self.estimators_[0].net

    @property
    def n_features_out_(self):
        """Number of columns that ``transform`` returns."""
        return sum(each.model.encoder.out_features for each in self.estimators_)

    @property
    def _n_features_out(self):
        # Read by scikit-learn's ClassNamePrefixFeaturesOutMixin.
        return self.n_features_out_

    @property
    def _n_networks(self):
        return self._plain("n_estimators") if hasattr(self, "n_estimators") else 1

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # vectors are float32, whatever X is
        return tags

    # Parts of a fit.

    def _check_trainable(self):
        """Refuse a part that the family's networks do not have; called before X is read."""
        if self.trainable not in self._trainable_choices:
            raise InvalidInputError(
                f"trainable={self.trainable!r} is not a part that {type(self).__name__} can train."
                f" Choose one of {list(self._trainable_choices)}. Heads are always trained."
            )

    def _models_to_continue(self, partial):
        """Return the models of the last fit, if this one continues it."""
        continues = partial or self.warm_start
        return getattr(self, "estimators_", None) if continues else None

    def _continued_start(self, previous):
        return Start(previous[0].model.encoder.config, continues=True)

    def _within_domain(self, start, data):
        """Return where training starts. Predictors override it for unusual materials."""
        return start

    def _read_further(self, X, targets, columns_before):
        """Return the materials as given, and further columns of X as numbers or None.

        `columns_before` are the further columns of the fit that continues, None for a new one.
        """
        return X, None

    def _add_targets(self, targets, sample_weight, previous):
        """Return the targets with those that the estimator learns in addition."""
        return targets

    def _begin_run(self):
        """Return the seed of a fit, and the folder that keeps its state or None."""
        return draw_seed(self.random_state), None

    def _keep_models(self, models):
        self.estimators_ = models
        self.history_ = [
            {"estimator": index, **row}
            for index, model in enumerate(models)
            for row in model.history
        ]

    # Parts of a prediction.

    def _read_for_prediction(self, X):
        """Return the readable materials and the mask of their rows."""
        check_is_fitted(self)
        config = self.estimators_[0].model.encoder.config
        materials = self._read_materials(X, config, reset=False, on_invalid=self.on_invalid)
        valid = materials.n_sites > 0
        return (materials if valid.all() else materials.take(valid)), valid

    def _run_heads(self, materials, extra=None):
        """Return the outputs of each network's heads."""
        return [
            run_heads(
                each.model,
                materials,
                self._make_batch,
                *self._device_and_precision(each),
                extra=scale_extra(extra, each.extra_scaling),
            )
            for each in self.estimators_
        ]

    def _device_and_precision(self, fitted):
        """Move a network to the device of predictions; return the device and their precision."""
        # A model that another machine has trained may name a device that this one lacks.
        device = resolve_device(self.device, else_cpu=True)
        fitted.move_to(device)
        return device, "bf16" if self.precision == "bf16" else "float32"


def scatter_rows(rows, valid):
    """Put `rows` where `valid` is true, NaN elsewhere."""
    if valid.all():
        return rows
    scattered = np.full((len(valid), *rows.shape[1:]), np.nan, dtype=rows.dtype)
    scattered[valid] = rows
    return scattered
