"""Comparisons of two results on the same folds."""

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from skmat.benchmark._scores import (
    DEFAULT_METRICS,
    is_defined,
    is_error,
    read_scores,
    select_tasks,
)
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError

__all__ = ["compare_results", "performance_gain"]


def compare_results(a, b, *, metric=None, tasks=None, confidence=0.95):
    """Compare two results by the differences of their scores on the same folds.

    A positive difference means that `a` is better, for errors and for scores.

    The training sets of a cross-validation share most of their rows. Differences on its folds
    therefore vary less than differences on fresh data. The t interval corrects its variance for
    this, as Nadeau and Bengio propose [1]_. It uses ``(1 / k + n_test / n_train) * s**2`` instead
    of ``s**2 / k``. Here `s` is the standard deviation of the `k` differences (divisor `k` - 1).
    For five folds the interval is 1.5 times as wide as the uncorrected one. An interval from five
    numbers is a rough guide.

    Parameters
    ----------
    a, b : MatbenchResults or DataFrame
        Results of :func:`run_matbench`, or tables like their ``scores``. Only tasks and folds in
        both are compared.
    metric : str, default=None
        Metric to compare, on the tasks that have it. None takes "mae" for regression and
        "roc_auc" (from probabilities) for classification.
    tasks : str or sequence of str, default=None
        Tasks to compare, by official or short name. None takes every task in both.
    confidence : float, default=0.95
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    DataFrame
        One row per task, indexed by its official name, with the columns:

        metric : str
            Metric compared.
        a, b : float
            Mean over the shared folds, in the unit of the task.
        difference : float
            Mean difference per fold. It is ``b - a`` for errors and ``a - b`` for scores.
        low, high : float
            Ends of the interval around `difference`. NaN for a single fold.
        relative : float
            `difference` divided by the magnitude of `b`, dimensionless.
        a_wins : int
            Number of folds on which `a` is better, without ties.
        n_folds : int
            Number of folds.

    Raises
    ------
    InvalidInputError
        If the metric is unknown or `confidence` is not between 0 and 1. If the results share no
        fold, or one of them lacks a requested task. If a fold has no score, or its split differs
        between the two.

    See Also
    --------
    performance_gain : Relative improvement over a baseline, averaged over tasks.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning
       52, 239-281 (2003). https://doi.org/10.1023/A:1024068626366

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.benchmark import compare_results
    >>> folds = {"task": "steels", "fold": range(5), "n_train": 250, "n_test": 62}
    >>> forest = pd.DataFrame({**folds, "mae": [102.0, 95.0, 118.0, 90.0, 112.0]})
    >>> network = pd.DataFrame({**folds, "mae": [95.0, 91.0, 107.0, 91.0, 104.0]})
    >>> table = compare_results(network, forest)[["difference", "low", "high"]]
    >>> table.loc["matbench_steels"].round(1)
    difference     5.8
    low           -2.7
    high          14.3
    Name: matbench_steels, dtype: float64
    """
    if not 0 < confidence < 1:
        raise InvalidInputError(f"confidence must be between 0 and 1, got {confidence!r}.")
    rows = {}
    pairs = _Pairs(a, b)
    for task in (tasks := select_tasks(tasks, pairs.tasks, "both results")):
        chosen = metric or DEFAULT_METRICS[MATBENCH_TASKS[task].kind]
        if is_defined(chosen, task):
            scores_a, scores_b = pairs.folds(task, chosen)
            rows[task] = _compare_task(scores_a, scores_b, chosen, confidence)
    if not rows:
        raise InvalidInputError(
            f"None of the tasks {tasks} has the metric {metric!r}. Use metric=None or a metric of"
            " their kind."
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("task")


def performance_gain(results, baseline, *, tasks=None):
    """Return by how many percent results improve on a baseline, per task and on average.

    This is the performance gain of Prein et al. [1]_ (section 2.1). The gain of a task is
    ``(l_BL - l_MD) / l_BL``, with the loss `l` of the baseline and of the model. The loss is the
    mean absolute error for regression and ``1 - ROC-AUC`` (from probabilities) for
    classification. The paper does not define the latter. Halving either loss is a gain of 50 %.
    Losses are means over the folds.

    Read the gain of each task before the mean. Small tasks, whose folds scatter by tens of
    percent, and tasks near a perfect score dominate the mean. The median is more robust.

    Parameters
    ----------
    results, baseline : MatbenchResults or DataFrame
        Results of :func:`run_matbench`, or tables like their ``scores``. Only folds in both are
        used.
    tasks : str or sequence of str, default=None
        Tasks to average over, by official or short name. None takes every task in both. The paper
        averages over all thirteen.

    Returns
    -------
    DataFrame
        One row per task, indexed by its official name, then the rows "mean" and "median" of the
        gains. Columns:

        loss : str
            "mae" or "1 - roc_auc".
        baseline, model : float
            Mean loss over the shared folds, in the unit of the task.
        gain : float
            Improvement in percent of the baseline's loss. Negative if the model is worse.
        n_folds : int
            Number of folds (missing in the last two rows).

    Raises
    ------
    InvalidInputError
        If the results share no fold, or one of them lacks a requested task. If a fold has no
        score, or its split differs between the two. If the baseline's loss is zero.

    See Also
    --------
    compare_results : Differences with intervals, to tell a gain from chance.

    References
    ----------
    .. [1] T. Prein, E. Pan, T. Doerr, E. Olivetti and J. L. M. Rupp, "MTENCODER: a multi-task
       pretrained transformer encoder for materials representation learning", AI for Accelerated
       Materials Design, NeurIPS workshop (2023).

    Examples
    --------
    >>> import pandas as pd
    >>> from skmat.benchmark import performance_gain
    >>> folds = {"fold": range(2), "n_train": 80, "n_test": 20}
    >>> scratch = pd.concat(
    ...     [
    ...         pd.DataFrame({"task": "steels", "mae": [100.0, 120.0], **folds}),
    ...         pd.DataFrame({"task": "glass", "roc_auc": [0.90, 0.92], **folds}),
    ...     ]
    ... )
    >>> pretrained = scratch.assign(mae=scratch["mae"] * 0.9, roc_auc=0.93)
    >>> performance_gain(pretrained, scratch)["gain"].round(1)
    task
    matbench_steels    10.0
    matbench_glass     22.2
    mean               16.1
    median             16.1
    Name: gain, dtype: float64
    """
    pairs = _Pairs(results, baseline)
    rows = {}
    for task in select_tasks(tasks, pairs.tasks, "both results"):
        metric = DEFAULT_METRICS[MATBENCH_TASKS[task].kind]
        model, reference = (scores[metric] for scores in pairs.folds(task, metric))
        if not is_error(metric):
            model, reference = 1 - model, 1 - reference
        if reference.mean() == 0:
            raise InvalidInputError(
                f"The baseline {pairs.names[1]!r} is perfect on {task}, so the gain is undefined."
                " Leave this task out with `tasks`."
            )
        rows[task] = {
            "loss": metric if is_error(metric) else f"1 - {metric}",
            "baseline": reference.mean(),
            "model": model.mean(),
            "gain": 100 * (1 - model.mean() / reference.mean()),
            "n_folds": len(model),
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("task")
    table["n_folds"] = table["n_folds"].astype("Int64")
    gains = table["gain"].to_numpy()
    table.loc["mean", "gain"] = gains.mean()
    table.loc["median", "gain"] = np.median(gains)
    return table


class _Pairs:
    """The folds that two results share.

    Attributes
    ----------
    names : tuple (str, str)
        Names of the two.
    tasks : list of str
        Tasks with a shared fold.
    """

    def __init__(self, a, b):
        (name_a, a), (name_b, b) = read_scores(a, "a"), read_scores(b, "b")
        self.names = name_a, name_b
        self._index = a.index.intersection(b.index, sort=False)
        self._scores = a, b
        if not len(self._index):
            raise InvalidInputError(
                f"The results share no fold: {name_a!r} has {_describe(a)} and {name_b!r} has"
                f" {_describe(b)}. Run both on the same tasks and folds."
            )
        self.tasks = list(self._index.unique("task"))

    def folds(self, task, metric):
        """Return the paired scores on the folds of a task, after checking them."""
        index = self._index[self._index.get_level_values("task") == task]
        a, b = (scores.loc[index] for scores in self._scores)
        sizes = ["n_train", "n_test"]
        if (a[sizes].to_numpy() != b[sizes].to_numpy()).any():
            raise InvalidInputError(
                f"The folds of {task} in {self.names[0]!r} and {self.names[1]!r} have different"
                " numbers of rows. Run both on the official folds."
            )
        for name, scores in zip(self.names, (a, b), strict=True):
            if scores[metric].isna().any():
                raise InvalidInputError(
                    f"The results {name!r} lack the {metric} of some folds of {task}. Choose"
                    " another metric, or leave the task out with `tasks`. An estimator without"
                    " predict_proba has balanced_accuracy but no roc_auc. Older files have"
                    " balanced_accuracy_at_half in place of balanced_accuracy."
                )
        return a, b


def _describe(scores):
    folds = scores.reset_index().groupby("task", sort=False)["fold"].agg(list)
    return ", ".join(f"folds {held} of {task}" for task, held in folds.items())


def _compare_task(a, b, metric, confidence):
    n_folds = len(a)
    differences = (b[metric] - a[metric]) if is_error(metric) else (a[metric] - b[metric])
    mean, margin = differences.mean(), np.nan
    if n_folds > 1:
        overlap = (a["n_test"] / a["n_train"]).mean()
        error = np.sqrt((1 / n_folds + overlap) * differences.var(ddof=1))
        margin = error * student_t.ppf((1 + confidence) / 2, n_folds - 1)
    magnitude = abs(b[metric].mean())
    return {
        "metric": metric,
        "a": a[metric].mean(),
        "b": b[metric].mean(),
        "difference": mean,
        "low": mean - margin,
        "high": mean + margin,
        "relative": mean / magnitude if magnitude else np.nan,
        "a_wins": int((differences > 0).sum()),
        "n_folds": n_folds,
    }
