"""Reading results to compare: one table of scores for each."""

from collections.abc import Mapping

import pandas as pd

from skmat.benchmark._metrics import CLASSIFICATION_METRICS, METRICS, REGRESSION_METRICS
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, resolve_task_name
from skmat.exceptions import InvalidInputError

__all__ = [
    "BOARD_METRICS",
    "DEFAULT_METRICS",
    "is_defined",
    "is_error",
    "read_many",
    "read_scores",
    "select_tasks",
]

#: Main metrics. The leaderboard lacks ROC-AUC from probabilities.
DEFAULT_METRICS = {"regression": "mae", "classification": "roc_auc"}
BOARD_METRICS = {"regression": "mae", "classification": "balanced_accuracy"}

_BY_KIND = {"regression": REGRESSION_METRICS, "classification": CLASSIFICATION_METRICS}
_REQUIRED = ["task", "fold", "n_train", "n_test"]
_ERRORS = ("mae", "rmse", "max_error", "mape")


def is_error(metric):
    """Tell whether lower is better."""
    return metric in _ERRORS


def is_defined(metric, task):
    """Tell whether a metric can be computed for a task.

    Raises
    ------
    InvalidInputError
        If the metric is unknown.
    """
    if metric not in METRICS:
        raise InvalidInputError(f"Unknown metric {metric!r}. Choose one of {list(METRICS)}.")
    return metric in _BY_KIND[MATBENCH_TASKS[task].kind]


def read_scores(results, name):
    """Return the name and the scores of one result.

    Parameters
    ----------
    results : MatbenchResults or DataFrame
        Results, or their table of scores.
    name : str
        Name for a table, which has none itself.

    Returns
    -------
    name : str
    scores : DataFrame
        Indexed by official task name and fold, in the order of the tasks. Metrics missing from
        the table are NaN.

    Raises
    ------
    InvalidInputError
        If this is not a table of scores, or a fold occurs twice.
    """
    if isinstance(results, pd.DataFrame):
        scores = results
    else:
        scores = getattr(results, "scores", None)
        name = getattr(results, "name", name)
    if not isinstance(scores, pd.DataFrame) or not set(_REQUIRED) <= set(scores.columns):
        raise InvalidInputError(
            f"Expected MatbenchResults or a table like their `scores`, with the columns"
            f" {_REQUIRED}, got {type(results).__name__}. Pass what `run_matbench` returns."
        )
    scores = scores.reindex(columns=[*_REQUIRED, *METRICS])
    scores["task"] = [resolve_task_name(task) for task in scores["task"]]
    scores = scores.set_index(["task", "fold"])
    repeated = scores.index[scores.index.duplicated()]
    if len(repeated):
        task, fold = repeated[0]
        raise InvalidInputError(
            f"Fold {fold} of {task} occurs twice in the scores of {name!r}. Keep one row per task"
            " and fold."
        )
    order = {task: position for position, task in enumerate(MATBENCH_TASKS)}
    return name, scores.sort_index(key=lambda key: key.map(order) if key.name == "task" else key)


def read_many(results):
    """Return the scores of one or several results as {name: scores}.

    Parameters
    ----------
    results : MatbenchResults, DataFrame, sequence or dict of them, or None
        The keys of a dict are the names.

    Raises
    ------
    InvalidInputError
        As in `read_scores`, or if two results have the same name.
    """
    if results is None:
        return {}
    if isinstance(results, Mapping):
        return {name: read_scores(one, name)[1] for name, one in results.items()}
    if isinstance(results, list | tuple):
        pairs = [read_scores(one, f"ours {i}") for i, one in enumerate(results)]
    else:
        pairs = [read_scores(results, "ours")]
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise InvalidInputError(
            f"Results have the same name: {names}. Pass a dict {{name: results}} instead."
        )
    return dict(pairs)


def select_tasks(tasks, available, where):
    """Return the official names of `tasks`.

    Parameters
    ----------
    tasks : str, sequence of str or None
        Requested tasks. None takes all of `available`.
    available : collection of str
        Official names to choose from.
    where : str
        Name of the collection in errors.

    Raises
    ------
    InvalidInputError
        If a task is unknown or not available.
    """
    if tasks is None:
        return [task for task in MATBENCH_TASKS if task in available]
    asked = [resolve_task_name(task) for task in ([tasks] if isinstance(tasks, str) else tasks)]
    missing = [task for task in asked if task not in available]
    if missing:
        raise InvalidInputError(
            f"{missing} are not in {where}, which has"
            f" {[task for task in MATBENCH_TASKS if task in available]}."
        )
    return list(dict.fromkeys(asked))
