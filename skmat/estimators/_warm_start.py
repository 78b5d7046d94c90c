"""Checks and settings of a training that continues an earlier one."""

from dataclasses import replace

from skmat._utils.parameters import plain
from skmat.exceptions import InvalidInputError

__all__ = ["check_same_tasks", "optimizer_settings"]


def check_same_tasks(models, targets, objectives, n_networks):
    """Raise an error unless fitted models have heads for exactly these tasks."""
    model = models[0].model
    if list(model.targets) != list(targets):
        raise InvalidInputError(
            f"The model was fitted on the tasks {_described(model.targets)}, but y holds"
            f" {_described(targets)}. Use the same columns in the same order, or a new"
            " estimator (warm_start=False)."
        )
    if model.objectives != tuple(objectives):
        raise InvalidInputError(
            f"The model was fitted with {model.objectives} and cannot continue with"
            f" {tuple(objectives)}. Use a new estimator (warm_start=False)."
        )
    if n_networks is not None and len(models) != n_networks:
        raise InvalidInputError(
            f"warm_start=True continues the {len(models)} networks of the last fit, but"
            f" n_estimators is now {n_networks}. Use warm_start=False to change it."
        )


def optimizer_settings(estimator, settings):
    """Return the settings that affect optimizer steps.

    An optimizer continues while these are equal. Parameters replace the numbers that are computed
    from them and from the rows of a call.
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
