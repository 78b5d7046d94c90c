"""What regressors and classifiers have beside an encoder: heads for y, and their fine-tuning."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

from skmat.estimators._automatic import in_float32, resolve_task_weights
from skmat.estimators._base import EncoderEstimator
from skmat.exceptions import InvalidInputError
from skmat.objectives import Objective, resolve_objectives

__all__ = ["EncoderPredictor"]

#: No formula that shipped weights have read has more.
_MOST_ELEMENTS = 9

#: Beyond this the columns of y weigh nothing in float32.
_LARGEST_KEEP_WEIGHT = 1e60


class EncoderPredictor(EncoderEstimator):
    """Base of regressors and classifiers: an encoder that is trained under heads for y."""

    _parameter_constraints: dict = {
        **EncoderEstimator._parameter_constraints,
        "encoder_lr_factor": [Interval(Real, 0, None, closed="neither")],
        "layer_decay": [Interval(Real, 0, 1, closed="right")],
        "freeze_epochs": [Interval(Integral, 0, None, closed="left"), "array-like"],
        "ema_decay": [Interval(Real, 0, 1, closed="neither"), None],
        "auxiliary_objective": [str, Objective, "array-like", None],
        "auxiliary_weight": [Interval(Real, 0, None, closed="left")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        encoder_lr_factor,
        layer_decay,
        freeze_epochs,
        ema_decay,
        auxiliary_objective,
        auxiliary_weight,
        n_estimators,
        **shared,
    ):
        super().__init__(**shared)
        self.encoder_lr_factor = encoder_lr_factor
        self.layer_decay = layer_decay
        self.freeze_epochs = freeze_epochs
        self.ema_decay = ema_decay
        self.auxiliary_objective = auxiliary_objective
        self.auxiliary_weight = auxiliary_weight
        self.n_estimators = n_estimators

    def _fit_tasks(self, fit_members, X, materials, read, properties, sample_weight):
        """Learn the columns of y by `properties`, and what ``auxiliary_objective`` says."""
        kept = self._kept_objectives()
        weights = resolve_task_weights(self.loss_weights, self.loss_weighting, read.names, read)
        names = _kept_tasks(kept)
        taken = sorted(set(names) & set(read.names))
        if taken:
            raise InvalidInputError(
                f"auxiliary_objective={self.auxiliary_objective!r} has tasks of the names {taken},"
                " as y has; rename the columns of y."
            )
        # Against all columns together, so that their number does not matter.
        auxiliary_weight = min(self._plain("auxiliary_weight"), _LARGEST_KEEP_WEIGHT)
        weights = in_float32(weights + [auxiliary_weight * sum(weights)] * len(names))
        objectives = (properties, *kept)
        n_elements = self._compositions(materials).n_elements[sample_weight > 0]
        # A frozen encoder is better than a random one even there.
        self._is_beyond_best = self.trainable == "all" and bool(
            np.mean(n_elements > _MOST_ELEMENTS) > 0.5
        )
        fit_members(X, materials, read, objectives, sample_weight, task_weights=weights)

    def _head_settings(self):
        """Return what the family says of the heads for y, as ``Properties`` takes it."""
        return {}

    def _kept_objectives(self):
        if self.auxiliary_objective is None:
            return ()
        kept = resolve_objectives(self.auxiliary_objective)
        labelled = [objective.name for objective in kept if objective.needs_targets]
        if labelled:
            raise InvalidInputError(
                f"auxiliary_objective={self.auxiliary_objective!r} holds {labelled}, which learns"
                " from labels: y is learned anyway, so that only objectives without labels can be"
                " kept, such as 'masked_elements'."
            )
        return kept

    def _epochs(self, materials, read, sample_weight, n_training):
        epochs = super()._epochs(materials, read, sample_weight, n_training)
        # Automatic epochs leave some to all layers.
        return max(epochs, sum(self._stages()) + 1) if self.max_epochs == "auto" else epochs

    def _settings(self, *arguments, epochs, goes_on, schedule=None):
        settings = super()._settings(*arguments, epochs=epochs, goes_on=goes_on, schedule=schedule)
        settings = replace(
            settings,
            encoder_lr_factor=float(self.encoder_lr_factor),
            layer_decay=float(self.layer_decay),
            n_auxiliary=len(_kept_tasks(self._kept_objectives())),
        )
        if schedule is not None:
            return settings  # of partial_fit, which knows neither its first epoch nor its last
        return replace(
            settings,
            freeze_epochs=self._head_epochs(epochs, goes_on),
            ema_decay=self._plain("ema_decay"),
        )

    def _stages(self):
        """Return the epochs of each stage before the last, in which `trainable` alone counts."""
        freeze_epochs = self._plain("freeze_epochs")
        if isinstance(freeze_epochs, Integral):
            return (freeze_epochs,) if freeze_epochs else ()
        stages = tuple(freeze_epochs)
        if not all(isinstance(n, Integral) and int(n) > 0 for n in stages):
            raise InvalidInputError(
                f"freeze_epochs={self.freeze_epochs!r} must be a number of epochs, or for each"
                " stage a whole number of at least 1; for no stage give 0."
            )
        return tuple(int(n) for n in stages)

    def _head_epochs(self, max_epochs, goes_on):
        """Return the stages in which there are new heads on an encoder worth keeping."""
        stages = self._stages()
        if not stages or self._pretrained_source() is None or goes_on:
            return ()
        if sum(stages) >= max_epochs:
            raise InvalidInputError(
                f"freeze_epochs={self.freeze_epochs} leaves no epoch of max_epochs={max_epochs}"
                " for the encoder; use fewer, or trainable='head' to train the heads alone."
            )
        return stages


def _kept_tasks(objectives):
    # They need no targets, so that their tasks do not depend on them.
    return [name for objective in objectives for name in objective.task_names(())]
