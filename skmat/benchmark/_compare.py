"""Which of two results is better: fold by fold, since folds differ more than models do."""

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

    A difference is positive where `a` is better, whether the metric is an error or a score.
    The five training sets of a cross-validation share most of their rows, so that differences on
    its folds vary less than those on fresh data would. The interval is a t interval whose
    variance is corrected for this as Nadeau and Bengio propose [1]_:
    ``(1 / k + n_test / n_train) * s**2`` in place of ``s**2 / k``, with `s` the standard
    deviation of the `k` differences (divisor `k` - 1). It is half again as wide as the naive one
    for five folds, and, like any interval from five numbers, a rough guide.

    Parameters
    ----------
    a, b : MatbenchResults or DataFrame
        Results of :func:`run_matbench`, or tables like their ``scores``. Tasks and folds that
        one of them lacks are left out.
    metric : str, default=None
        Metric to compare by, for the tasks that have it; None is "mae" for regressions and
        "roc_auc" (from probabilities) for classifications.
    tasks : str or sequence of str, default=None
        Tasks to compare on, by their official or short names; None is every task that both hold.
    confidence : float, default=0.95
        Probability that the interval is made for, between 0 and 1.

    Returns
    -------
    DataFrame
        One row per task that both hold, indexed by its official name, with the columns:

        metric : str
            Metric that was compared.
        a, b : float
            Mean over the folds that both hold, in the unit of the task.
        difference : float
            Mean of the differences per fold, positive where `a` is better: ``b - a`` of an
            error, ``a - b`` of any other metric.
        low, high : float
            Ends of the interval around `difference`; NaN with a single fold.
        relative : float
            `difference` over the magnitude of `b`, dimensionless.
        a_wins : int
            Number of folds on which `a` is better; a tie counts for neither.
        n_folds : int
            Number of folds.

    Raises
    ------
    InvalidInputError
        If there is no such metric or no fold that both hold, if a task is held by one of them
        only, if a fold has no score or was split differently in the two, or if `confidence` is
        not between 0 and 1.

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
            f"None of the tasks {tasks} has the metric {metric!r}. Leave it to the default, or"
            " choose one for their kind."
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("task")


def performance_gain(results, baseline, *, tasks=None):
    """Return by how many percent results improve on a baseline, per task and on average.

    The performance gain of Prein et al. [1]_ (section 2.1): ``(l_BL - l_MD) / l_BL`` per task,
    with `l` the loss of the baseline and of the model, and its mean over the tasks. The loss of
    a regression is its mean absolute error. The paper does not say how it treats classification;
    here the loss is ``1 - ROC-AUC``, from probabilities, so that halving the distance to a
    perfect ranking is a gain of 50 %, as halving an error is. Losses are averaged over the folds
    before they are compared.

    Read the gains of the tasks before their mean: it is dominated by small tasks, whose folds
    scatter by tens of percent, and by tasks near a perfect score. The median is less so.

    Parameters
    ----------
    results, baseline : MatbenchResults or DataFrame
        Results of :func:`run_matbench`, or tables like their ``scores``. Folds that one of them
        lacks are left out.
    tasks : str or sequence of str, default=None
        Tasks to average over, by their official or short names; None is every task that both
        hold. The paper averages over all thirteen.

    Returns
    -------
    DataFrame
        One row per task, indexed by its official name, then the rows "mean" and "median" of the
        gains. Columns:

        loss : str
            "mae" or "1 - roc_auc".
        baseline, model : float
            Mean loss over the folds that both hold, in the unit of the task.
        gain : float
            Improvement in percent of the baseline's loss; negative where the model is worse.
        n_folds : int
            Number of folds (missing in the last two rows).

    Raises
    ------
    InvalidInputError
        If a task or a fold is held by one of them only or by neither, if a fold has no score or
        was split differently in the two, or if the baseline's loss is zero.

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
                f"The baseline {pairs.names[1]!r} is perfect on {task}: there is nothing to gain."
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
    """The folds that two results both hold.

    Attributes
    ----------
    names : tuple (str, str)
        Names of the two.
    tasks : list of str
        Tasks of which both hold a fold.
    """

    def __init__(self, a, b):
        (name_a, a), (name_b, b) = read_scores(a, "a"), read_scores(b, "b")
        self.names = name_a, name_b
        self._index = a.index.intersection(b.index, sort=False)
        self._scores = a, b
        if not len(self._index):
            raise InvalidInputError(
                f"There is no fold that both results hold: {name_a!r} has {_describe(a)},"
                f" {name_b!r} has {_describe(b)}. Run both on the same tasks and folds."
            )
        self.tasks = list(self._index.unique("task"))

    def folds(self, task, metric):
        """Return the scores of both on the folds of a task, paired and checked."""
        index = self._index[self._index.get_level_values("task") == task]
        a, b = (scores.loc[index] for scores in self._scores)
        sizes = ["n_train", "n_test"]
        if (a[sizes].to_numpy() != b[sizes].to_numpy()).any():
            raise InvalidInputError(
                f"The folds of {task} in {self.names[0]!r} and {self.names[1]!r} have different"
                " numbers of rows, so they are not the same folds. Run both on the official ones."
            )
        for name, scores in zip(self.names, (a, b), strict=True):
            if scores[metric].isna().any():
                raise InvalidInputError(
                    f"The results {name!r} have no {metric} for every fold of {task}. Choose"
                    " another metric (an estimator without predict_proba has no roc_auc, but a"
                    " balanced_accuracy), or leave the task out with `tasks`."
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
