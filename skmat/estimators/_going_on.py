"""Training that goes on from an earlier call: whether it may, and what it learns then."""

from dataclasses import replace

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError

__all__ = ["check_same_tasks", "go_on", "settings_of_steps"]


def check_same_tasks(model, targets, objectives):
    """Raise unless `model` has heads for just these tasks."""
    if list(model.targets) != list(targets):
        raise InvalidInputError(
            f"The model was fitted on the tasks {_described(model.targets)}; y now holds"
            f" {_described(targets)}. Use the same columns in the same order, or a new"
            " estimator (warm_start=False)."
        )
    if model.objectives != tuple(objectives):
        raise InvalidInputError(
            f"The model was fitted with {model.objectives}, and cannot go on with"
            f" {tuple(objectives)}; use a new estimator (warm_start=False)."
        )


def go_on(model, objectives, fitted, X, rows):
    """Give `model` its objectives as they are by now, and return their lessons of X.

    Parameters
    ----------
    model : MultiObjectiveModel
        What is trained on.
    objectives : sequence of Objective
        Those of this call.
    fitted : sequence
        What ``Objective.to_be_fitted`` returned for those of the earlier call.
    X : array-like
        Materials.
    rows : ndarray of int
        Those that are trained on.
    """
    continued = [
        objective.continued(before, parts, X, rows)
        for objective, before, parts in zip(objectives, model.objectives, fitted, strict=True)
    ]
    model.objectives = tuple(objective for objective, _ in continued)
    return [lessons for _, lessons in continued]


def settings_of_steps(estimator, settings):
    """Return what a net must have been built with for its optimizer to go on.

    Parameters
    ----------
    estimator : EncoderEstimator
        With its parameters as they are by now.
    settings : TrainingSettings
        Those of this call.

    Returns
    -------
    TrainingSettings
        Without what no step depends on. In the place of what follows from the rows of a call
        stand the parameters: a net keeps what followed from those of its first.
    """
    weights = settings.task_weights
    if isinstance(estimator.loss_weights, str):
        weights = (estimator.loss_weights, plain(estimator.auxiliary_weight))
    return replace(
        settings,
        batch_size=plain(estimator.batch_size),
        task_weights=weights,
        patience=None,
        seed=0,
        device="",
        verbose=0,
    )


def _described(targets):
    return [
        f"{target.name} ({target.n_classes} classes)" if target.n_classes else target.name
        for target in targets
    ]
