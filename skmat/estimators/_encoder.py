"""Encoders as transformers."""

import os

import numpy as np
from sklearn.base import _fit_context

from skmat.estimators._automatic import resolve_task_weights
from skmat.estimators._base import EncoderEstimator
from skmat.estimators._kept import kept_on_failure
from skmat.estimators._member import Member
from skmat.estimators._scaling import TargetScaling
from skmat.estimators._targets import ReadTargets, read_mixed_targets
from skmat.estimators._weights import weights_to_learn_by
from skmat.exceptions import InvalidInputError
from skmat.inputs import held
from skmat.objectives import Objective, resolve_objectives
from skmat.training import (
    CheckpointFolder,
    MultiObjectiveModel,
    isolated_seed,
    own_surroundings,
    resolve_device,
    untrained_net,
)

__all__ = ["EncoderTransformer"]


class EncoderTransformer(EncoderEstimator):
    """Base of the encoders: ``fit`` pretrains or loads, ``transform`` embeds."""

    _parameter_constraints: dict = {
        **EncoderEstimator._parameter_constraints,
        "objectives": [str, Objective, "array-like", None],
        "checkpoint_dir": [str, os.PathLike, None],
    }

    @_fit_context(prefer_skip_nested_validation=False)
    @kept_on_failure
    def fit(self, X, y=None, sample_weight=None):
        """Pretrain the encoder on X, or load it.

        With `pretrained` and without `objectives`, X and y are only looked at for their shape.

        Parameters
        ----------
        X : array-like of shape (n_materials,) or (n_materials, n_columns)
            Formulas or a matrix of amounts; crystals, if the family reads crystals.
        y : array-like of shape (n_materials,) or (n_materials, n_tasks), default=None
            Labels for the objective "properties", in any units; NaN is a missing label. Columns
            of numbers are regressed, columns of text, categories or booleans classified. Not
            used by objectives without labels.
        sample_weight : array-like of shape (n_materials,), default=None
            Weights of the materials.

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        InvalidCompositionError, InvalidStructureError
            If rows of X cannot be read.
        InvalidInputError
            If `trainable` names a part that the family's networks do not have.
        PretrainedError
            If `pretrained` cannot be loaded, or `checkpoint_dir` holds another run.
        """
        self._check_trainable()
        X = held(X)
        materials = self._read_X(X, reset=True, allow_empty=True)
        weights = weights_to_learn_by(sample_weight, materials)
        objectives = self._objectives()
        if objectives:
            read = self._read_y(y, objectives, len(materials))
            read.check_weights(weights)
            names = [name for each in objectives for name in each.task_names(read.targets)]
            if len(set(names)) < len(names):
                raise InvalidInputError(
                    f"Every task needs a name of its own; got {names}. Rename the column of y."
                )
            task_weights = resolve_task_weights(
                self.loss_weights, self.loss_weighting, names, read
            )
            self._fit_members(X, materials, read, objectives, weights, task_weights=task_weights)
        else:
            self._load()
        return self

    def _objectives(self):
        if self.objectives is not None:
            return resolve_objectives(self.objectives)
        loads = self._pretrained_source() is not None
        return () if loads else resolve_objectives("masked_elements")

    def _pretrained_source(self):
        # Who says what is learned, but not from where, begins at the beginning.
        if self.objectives is not None and self.pretrained == "auto":
            return None
        return super()._pretrained_source()

    def _read_y(self, y, objectives, n_rows):
        if not any(objective.needs_targets for objective in objectives):
            return ReadTargets(np.empty((n_rows, 0)), [], [], False)
        if y is None:
            raise InvalidInputError(
                f"objectives={self.objectives!r} learns from labels: This estimator requires y to"
                " be passed, but the target y is None."
            )
        return read_mixed_targets(y, n_rows)

    def _begin_run(self):
        seed = self._draw_seed()
        if self.checkpoint_dir is None:
            return seed, None
        if self.random_state is None:
            # The run that is there drew one, too.
            recorded = CheckpointFolder(self.checkpoint_dir).recorded_seed()
            seed = seed if recorded is None else recorded
        return seed, CheckpointFolder(self.checkpoint_dir, {"random_state": seed})

    @own_surroundings()
    def _load(self):
        device = resolve_device(self.device)
        with isolated_seed(0):
            encoder = self._build_encoder()
        net = untrained_net(MultiObjectiveModel(encoder, (), ()), device)
        self._set_members([Member(net, TargetScaling.identity(0), 0)])
