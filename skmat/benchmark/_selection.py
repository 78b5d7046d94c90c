"""Choice of tasks, folds, and the estimator for each task."""

import operator

from sklearn.base import clone, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS, resolve_task_name
from skmat.exceptions import InvalidInputError

__all__ = ["choose_estimator", "choose_folds", "choose_tasks", "class_name", "read_integer"]

_KINDS = ("regression", "classification")


def choose_tasks(tasks, estimator):
    if isinstance(tasks, str):
        if tasks != "all":
            return [resolve_task_name(tasks)]
        if isinstance(estimator, dict):
            _check_keys(estimator)
            return [task for task in MATBENCH_TASKS if _find(estimator, task) is not None]
        _check_estimator(estimator)
        kinds = [
            kind
            for kind, check in zip(_KINDS, (is_regressor, is_classifier), strict=True)
            if check(estimator)
        ]
        if not kinds:
            raise InvalidInputError(
                f"{type(estimator).__name__} is neither a regressor nor a classifier to"
                " scikit-learn. Derive it from RegressorMixin or ClassifierMixin."
            )
        return [name for name, info in MATBENCH_TASKS.items() if info.kind in kinds]
    wanted = {resolve_task_name(task) for task in tasks}
    if not wanted:
        raise InvalidInputError("tasks is empty. Name at least one, or pass 'all'.")
    # Small tasks first, for early results.
    return [task for task in MATBENCH_TASKS if task in wanted]


def _check_keys(estimators):
    known = {*_KINDS, *MATBENCH_TASKS, *(info.short_name for info in MATBENCH_TASKS.values())}
    strange = [key for key in estimators if key not in known]
    if strange or not estimators:
        raise InvalidInputError(
            f"The dict of estimators has the keys {list(estimators)}. Keys must be"
            f" {' or '.join(map(repr, _KINDS))}, or names of tasks."
        )


def _check_estimator(estimator):
    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise InvalidInputError(
            f"estimator must be a scikit-learn estimator or a dict of them, got {estimator!r}."
        )


def choose_folds(folds):
    if folds is None:
        return list(range(N_FOLDS))
    try:
        chosen = sorted({operator.index(fold) for fold in folds})
    except TypeError:
        chosen = []
    if not chosen or not set(chosen) <= set(range(N_FOLDS)):
        raise InvalidInputError(
            f"folds must be a sequence of integers from 0 to {N_FOLDS - 1}, got {folds!r}."
        )
    return chosen


def read_integer(value, name):
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidInputError(
            f"{name} must be an integer, to make folds repeatable, got {value!r}."
        ) from None


def _find(estimators, task):
    info = MATBENCH_TASKS[task]
    for key in (task, info.short_name, info.kind):
        if key in estimators:
            return estimators[key]
    return None


def choose_estimator(estimator, task):
    """Return the clone to run on a task."""
    info = MATBENCH_TASKS[task]
    if isinstance(estimator, dict):
        _check_keys(estimator)
        found = _find(estimator, task)
        if found is None:
            raise InvalidInputError(
                f"The dict of estimators has the keys {list(estimator)}, but lacks one for"
                f" {task}. Add {info.kind!r} or {task!r}, or leave the task out."
            )
        estimator = found
    _check_estimator(estimator)
    fits = is_classifier(estimator) if info.kind == "classification" else is_regressor(estimator)
    if not fits:
        raise InvalidInputError(
            f"{task} is a {info.kind}, but {type(estimator).__name__} does not support it. Choose"
            f' other tasks, or give a dict such as {{"regression": ..., "classification": ...}}.'
        )
    last = _last_step(estimator)
    if isinstance(last, FrozenEstimator):
        raise InvalidInputError(
            f"The estimator for {task} is a FrozenEstimator. It was fitted before the run, perhaps"
            " to the test rows, and cannot be fitted to the training rows. Pass the estimator"
            " inside it."
        )
    return clone(estimator)


def _last_step(estimator):
    return estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator


def class_name(chosen):
    models = map(_last_step, chosen.values())
    return " / ".join(dict.fromkeys(type(model).__name__ for model in models))
