"""Run folds, in processes, and write each as soon as it is there."""

import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
from joblib import delayed

from skmat._utils.parallel import make_parallel
from skmat._version import __version__
from skmat.benchmark._fit_fold import fit_predict
from skmat.benchmark._fold_result import FoldResult
from skmat.benchmark._metrics import main_metric, score_predictions
from skmat.benchmark._task import MatbenchTask
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError

__all__ = ["Job", "Progress", "package_versions", "run_jobs"]

_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "torch", "matminer", "pymatgen")


class Job(NamedTuple):
    """A fold to run: an estimator, a task, and its training and test rows."""

    estimator: object
    task: MatbenchTask
    fold: int
    train: np.ndarray
    test: np.ndarray


def run_jobs(jobs, parameters, random_state, *, n_jobs, folder, progress):
    """Run folds and yield their results as they come.

    Parameters
    ----------
    jobs : list of Job
        The folds.
    parameters : dict of str to dict
        Parameters of the estimator of each task, for the results.
    random_state : int
        Seed of the run, for the results.
    n_jobs : int
        Number of folds to run at a time.
    folder : RunFolder or None
        Where each result is written.
    progress : Progress
        Told of each result.

    Yields
    ------
    FoldResult
    """
    versions = package_versions()
    by_key = {(job.task.name, job.fold): job for job in jobs}
    # Only this process scores and writes results, as they arrive.
    for task, fold, predicted, measured in make_parallel(n_jobs, in_order=False)(
        map(_delayed, jobs)
    ):
        _, data, _, train, test = by_key[task, fold]
        ids = data.ids[test]
        result = FoldResult(
            task=task,
            fold=fold,
            n_train=len(train),
            n_test=len(test),
            scores=_score(data.y[test], predicted, task, fold),
            parameters=parameters[task],
            random_state=random_state,
            versions=versions,
            predictions=_by_id(ids, predicted["predictions"]),
            labels=_by_id(ids, predicted["labels"]) if "labels" in predicted else {},
            **measured,
        )
        if folder is not None:
            folder.add(result)
        progress.show(result, "done")
        yield result


def _delayed(job):
    X, y = job.task.X, job.task.y
    return delayed(fit_predict)(
        job.estimator, X[job.train], y[job.train], X[job.test], job.task.name, job.fold
    )


def _by_id(ids, predictions):
    return dict(zip(ids, predictions.tolist(), strict=True))


def _score(y, predicted, task, fold):
    try:
        return score_predictions(y, **predicted)
    except InvalidInputError as error:
        raise InvalidInputError(f"Fold {fold} of {task}: {error}") from None


def package_versions():
    """Return the versions of Python and of the packages, by name."""
    versions = {"python": platform.python_version(), "skmat": __version__}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


class Progress:
    """A line per fold."""

    def __init__(self, verbose, total):
        self._verbose, self._total, self._shown = verbose, total, 0

    def show(self, result, what):
        self._shown += 1
        if not self._verbose:
            return
        info = MATBENCH_TASKS[result.task]
        metric = main_metric(result.scores)
        seconds = result.seconds_fit + result.seconds_predict
        print(
            f"[{self._shown}/{self._total}] {result.task} fold {result.fold}: {metric}"
            f" {result.scores[metric]:.4g} {info.unit} ({seconds:.0f} s, {what})",
            file=sys.stderr,
            flush=True,
        )
