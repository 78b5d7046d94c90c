"""Base of regressors and classifiers: heads for y, fine-tuning, an ensemble."""

import numpy as np

from skmat.estimators._automatic import in_float32, resolve_task_weights
from skmat.estimators._base import EncoderEstimator
from skmat.estimators._objectives import resolve_objectives
from skmat.estimators._params import PredictorParams, dataclass_of_parameters
from skmat.estimators._plan import Tasks
from skmat.estimators._pretrained import Start
from skmat.estimators._targets import check_not_labels
from skmat.exceptions import InvalidInputError
from skmat.inputs import ExtraColumnsMixin, held

__all__ = ["EncoderPredictor"]

#: Largest number of elements in the formulas that shipped weights were trained on.
_MAX_ELEMENTS = 9

#: Larger weights would reduce the columns of y to 0 in float32.
_LARGEST_AUXILIARY_WEIGHT = 1e60


@dataclass_of_parameters()
class EncoderPredictor(PredictorParams, ExtraColumnsMixin, EncoderEstimator):
    """Base of regressors and classifiers: an encoder that is trained under heads for y."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _within_domain(self, start, data):
        """Return random weights if the materials are outside the pretraining data."""
        # A frozen encoder is better than a random one, even outside these data.
        if start.by_default and self.trainable == "all":
            n_elements = self._compositions(data.materials).n_elements[data.sample_weight > 0]
            if np.mean(n_elements > _MAX_ELEMENTS) > 0.5:
                return Start(self._network_config())
        return start

    def _tasks(self, data, labels_required):
        """Return the tasks of y and of ``auxiliary_objective``, with their weights."""
        given = data.targets.as_given
        if labels_required:
            given.check_weights(data.sample_weight)
        auxiliary = self._auxiliary_objectives()
        # The names of auxiliary tasks do not depend on y.
        names = [name for objective in auxiliary for name in objective.task_names(())]
        taken = sorted(set(names) & set(data.targets.names))
        if taken:
            raise InvalidInputError(
                f"auxiliary_objective={self.auxiliary_objective!r} has tasks named {taken}, and y"
                " has columns of the same names. Rename the columns of y."
            )
        weights = resolve_task_weights(self.loss_weights, given.names, given)
        weights = data.targets.weights_of_tasks(weights)
        # Relative to all columns of y together, so that their number does not matter.
        weight = min(self._plain("auxiliary_weight"), _LARGEST_AUXILIARY_WEIGHT) * sum(weights)
        objectives = (self._property_objective(), *auxiliary)
        return Tasks(objectives, in_float32(weights + [weight] * len(names)), len(names))

    def _read_further(self, X, targets, columns_before):
        if columns_before is not None and columns_before != self._extra_columns:
            raise InvalidInputError(
                f"The model was fitted with the further columns {columns_before} of X, and cannot"
                f" continue with {self._extra_columns}. Use a new estimator (warm_start=False)."
            )
        extra = self._read_extra(X)
        if extra is None:
            return X, None
        check_not_labels(extra, self._extra_columns, targets.as_given)
        materials, _ = self._split_X(X, reset=False)
        return materials, extra

    def _predict_heads(self, X):
        """Return the outputs of each network's heads, and the mask of the rows that are read."""
        X = held(X)
        materials, valid = self._read_for_prediction(X)
        extra = self._read_extra(X)
        return self._run_heads(materials, None if extra is None else extra[valid]), valid

    def _auxiliary_objectives(self):
        if self.auxiliary_objective is None:
            return ()
        objectives = resolve_objectives(self.auxiliary_objective)
        labelled = [objective.name for objective in objectives if objective.needs_targets]
        if labelled:
            raise InvalidInputError(
                f"auxiliary_objective={self.auxiliary_objective!r} holds {labelled}, which learns"
                " from labels. Use objectives without labels, such as 'masked_elements', because"
                " y is learned in any case."
            )
        return objectives

    def _keep_targets(self, targets):
        self.target_names_ = targets.as_given.names
        self.n_outputs_ = len(self.target_names_)
        self._one_dimensional = targets.one_dimensional
