"""Checks of a ``fit`` or ``partial_fit`` that continues an earlier call."""

import numpy as np

from skmat.exceptions import InvalidInputError

__all__ = ["check_same_tasks"]


def check_same_tasks(models, targets, objectives, n_networks):
    """Raise an error unless fitted models have heads for exactly these tasks."""
    model = models[0].model
    if [each.name for each in model.targets] == targets.names:
        _check_same_classes(models[0].classes, targets)
    if list(model.targets) != targets.targets:
        raise InvalidInputError(
            f"The model was fitted on the tasks {_described(model.targets)}, but y holds"
            f" {_described(targets.targets)}. Use the same columns in the same order, or a new"
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


def _check_same_classes(known, targets):
    for name, before, now in zip(targets.names, known, targets.classes, strict=True):
        if before is None or now is None or np.array_equal(before, now):
            continue
        raise InvalidInputError(
            f"warm_start=True continues with the classes of the last fit, which for {name!r} were"
            f" {list(before)}. y now holds {list(now)}. Use warm_start=False."
        )


def _described(targets):
    return [
        f"{target.name} ({target.n_classes} classes)" if target.n_classes else target.name
        for target in targets
    ]
