"""Ranking among the public leaderboard of Matbench v0.1."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

import pandas as pd

from skmat.benchmark._metrics import AT_HALF
from skmat.benchmark._scores import BOARD_METRICS, is_error, read_many, select_tasks
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError

__all__ = ["leaderboard"]

_COLUMNS = [
    "task",
    "algorithm",
    "metric",
    "mean",
    "std",
    "n_folds",
    "roc_auc",
    "uses_structure",
    "source",
    "is_ours",
    "suspect",
    "note",
]


def leaderboard(results=None, tasks=None, *, composition_only=False):
    """Rank results among the public entries of Matbench v0.1.

    The package contains the public entries of the leaderboard [1]_ as of January 2024, when the
    last entry was added.

    Parameters
    ----------
    results : MatbenchResults, DataFrame, or sequence or dict of them, default=None
        Results of :func:`run_matbench`, or tables like their ``scores``. The keys of a dict are
        the names to list. None lists only the public entries.
    tasks : str or sequence of str, default=None
        Tasks to list in this order, by official or short name. None takes every task in
        `results`, or all thirteen without results, from the smallest to the largest.
    composition_only : bool, default=False
        Leave out the entries that use structures, of `results` too. On the four tasks without
        structures this has no effect. Tables of scores stay: they do not tell what was read.

    Returns
    -------
    DataFrame
        One row per task and algorithm, best first within a task, with the columns:

        task : str
            Official name.
        algorithm : str
            Name on the leaderboard, or of the results.
        metric : str
            "mae", in the unit of the task, or "balanced_accuracy" for classes. The leaderboard
            computes its ROC-AUC from labels, not from probabilities. For two classes this equals
            the balanced accuracy. The labels are those that a submission holds or, if it holds
            probabilities, those at 0.5. Those of `results` are what ``predict`` gives.
        mean, std : float
            Mean and population standard deviation over the folds, as in the official package.
            `std` is NaN if the public source does not give it.
        n_folds : int
            Number of folds. Public entries have all five.
        roc_auc : float
            ROC-AUC from probabilities, mean over the folds. Only for classes in `results`, NaN
            otherwise. Do not compare it with the leaderboard.
        uses_structure : bool or NA
            Whether the entry read the structures of this task. Random forest ("rf"), Automatminer
            and MODNet read them if the task has them. For `results`, whether `run_matbench` gave
            the structures. NA for a table of scores, if the task has structures. The dtype is
            pandas' "boolean".
        source : str
            "skmat" for `results`. Public entries have "results file" (recomputed from the stored
            scores of the folds) or "documentation" (read from the leaderboard's pages).
        is_ours : bool
            Whether the row comes from `results`.
        suspect : bool
            Whether the score is probably wrong. `note` says why.
        note : str
            Remark about the entry. Usually empty. For `results`, it says if the labels are those
            at a probability of 0.5. They are if a fold comes from an older file, which lacks the
            score of predicted labels.

    Raises
    ------
    InvalidInputError
        If a task is unknown or missing from all results. If results have another form, a missing
        score or the same name.

    References
    ----------
    .. [1] A. Dunn et al., "Benchmarking materials property prediction methods: the Matbench test
       set and Automatminer reference algorithm", npj Comput. Mater. 6, 138 (2020).
       https://doi.org/10.1038/s41524-020-00406-3

    Examples
    --------
    >>> from skmat.benchmark import leaderboard
    >>> table = leaderboard(tasks="steels")
    >>> table[["algorithm", "mean", "std"]].head(3)
            algorithm       mean        std
    0            TPOT  79.946811  13.588281
    1    Auto-sklearn  82.304262   8.856497
    2  MODNet_v0.1.12  87.760000        NaN
    """
    ours = read_many(results)
    held = {task for scores in ours.values() for task in scores.index.unique("task")}
    if results is None:
        tasks = select_tasks(tasks, MATBENCH_TASKS, "Matbench")
    else:
        tasks = select_tasks(tasks, held, "the results")
    rows = [entry for entry in _public_entries() if entry["task"] in tasks]
    for (name, scores), one in zip(ours.items(), _each(results), strict=True):
        rows += [
            {**_our_entry(name, task, scores), "uses_structure": _uses_structure(one, task)}
            for task in tasks
            if task in scores.index
        ]
    table = pd.DataFrame(rows, columns=_COLUMNS).astype({"uses_structure": "boolean"})
    if composition_only:
        table = table[~table["uses_structure"].fillna(False)]
    # Rank regressions by lowest error and classifications by highest accuracy.
    badness = table["mean"].where(table["metric"].map(is_error), -table["mean"])
    place = table["task"].map({task: position for position, task in enumerate(tasks)})
    order = pd.DataFrame({"place": place, "badness": badness}).sort_values(["place", "badness"])
    return table.loc[order.index].reset_index(drop=True)


def _each(results):
    """Return the results one by one, in the order of `read_many`."""
    if results is None:
        return []
    if isinstance(results, Mapping):
        return list(results.values())
    return results if isinstance(results, list | tuple) else [results]


def _uses_structure(results, task):
    """Tell whether results of a task come from structures. NA if they do not tell."""
    if not MATBENCH_TASKS[task].has_structure:
        return False
    if isinstance(results, pd.DataFrame) or not hasattr(results, "folds"):
        return pd.NA
    folds = [fold for fold in results.folds if fold.task == task]
    return any(fold.parameters.get("input") == "structure" for fold in folds)


def _our_entry(name, task, scores):
    kind = MATBENCH_TASKS[task].kind
    metric, note = BOARD_METRICS[kind], ""
    scores = scores.loc[[task]]
    values = scores[metric]
    if values.isna().any() and metric in AT_HALF and scores[AT_HALF[metric]].notna().all():
        values, note = scores[AT_HALF[metric]], "Labels at a probability of 0.5."
    if values.isna().any():
        fold = values.index[values.isna()][0][1]
        raise InvalidInputError(
            f"The results {name!r} lack the {metric} of fold {fold} of {task}. Run this fold"
            " again, or leave the task out with `tasks`."
        )
    return {
        "task": task,
        "algorithm": name,
        "metric": metric,
        "mean": float(values.mean()),
        "std": float(values.std(ddof=0)),
        "n_folds": len(values),
        "roc_auc": float(scores["roc_auc"].mean()) if kind == "classification" else float("nan"),
        "source": "skmat",
        "is_ours": True,
        "suspect": False,
        "note": note,
    }


@cache
def _public_entries():
    path = resources.files("skmat.benchmark") / "leaderboard.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    extra = {"roc_auc": float("nan"), "is_ours": False}
    return [
        entry | extra | {"std": float("nan") if entry["std"] is None else entry["std"]}
        for entry in entries
    ]
