"""Run an estimator on the tasks of Matbench, fold by fold."""

from itertools import product
from pathlib import Path

from skmat._utils.paths import read_path
from skmat.benchmark._parameters import describe_parameters, seed_estimator
from skmat.benchmark._pretraining import warn_of_pretraining
from skmat.benchmark._results import MatbenchResults
from skmat.benchmark._run_folder import RunFolder, has_folds
from skmat.benchmark._run_jobs import Job, Progress, package_versions, run_jobs
from skmat.benchmark._selection import (
    choose_estimator,
    choose_folds,
    choose_tasks,
    class_name,
    read_integer,
)
from skmat.benchmark._task import MatbenchTask
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS
from skmat.exceptions import InvalidInputError

__all__ = ["run_matbench"]


def run_matbench(
    estimator,
    tasks="all",
    *,
    folds=None,
    n_jobs=1,
    random_state=0,
    input="formula",
    results_dir=None,
    name=None,
    data_home=None,
    download_if_missing=True,
    verbose=0,
):
    """Fit and score an estimator on the official folds of Matbench v0.1.

    Each fold fits a new clone to the training rows and predicts the test rows. The clone never
    gets the labels of the test rows. Parts fitted before the run, such as an encoder given as
    ``pretrained=``, are not fitted again. Check with :func:`overlap_report` how many test
    materials such a part has seen.

    Parameters
    ----------
    estimator : estimator or dict
        A scikit-learn estimator or Pipeline. It takes a one-dimensional array of formulas, or
        with ``input="structure"`` a :class:`skmat.structure.StructureArrays`. For tasks of both
        kinds or with different settings, give a dict. Its keys are "regression",
        "classification" or names of tasks. The name of a task takes precedence.
    tasks : "all" or sequence of str, default="all"
        Names of tasks. "all" takes all thirteen. For a single regressor or classifier it takes
        those of its kind.
    folds : sequence of int, default=None
        Folds to run, 0 to 4. None runs all five.
    n_jobs : int, default=1
        Number of folds to run at a time, each in its own process. -1 uses all cores. It affects
        the seconds but not the predictions.
    random_state : int, default=0
        Seed of every part of the estimator whose ``random_state`` is None, including splitters
        and estimators in grids.
    input : {"formula", "structure"}, default="formula"
        Input of the estimator. "structure" gives the official structures. Nine tasks have them,
        and "all" then takes these nine.
    results_dir : str or path-like, default=None
        Folder for finished folds, created if missing. Folds in it are not run again, so the same
        call resumes a stopped run, also with other ``n_jobs``, ``verbose`` and ``memory``. None
        writes nothing.
    name : str, default=None
        Name of the estimator in tables. None takes the name of `results_dir`, or the class of the
        estimator (of the last step of a Pipeline).
    data_home : str or path-like, default=None
        Folder of the data sets, as in :func:`skmat.datasets.fetch_matbench`.
    download_if_missing : bool, default=True
        Download data that are not in `data_home`.
    verbose : int, default=0
        1 prints a line per fold to standard error.

    Returns
    -------
    MatbenchResults

    Raises
    ------
    InvalidInputError
        If a task or fold is unknown, or the estimator does not fit the kind of a task. If its
        predictions cannot be scored, or `results_dir` holds folds with other settings. Finished
        folds stay in `results_dir`.
    DatasetNotFoundError
        If the data of a task are missing. This is checked before the first fit.

    Warns
    -----
    PretrainingOverlapWarning
        If the card of an encoder that the estimator may start from does not say that a task was
        left out of pretraining.
    UserWarning
        If folds in `results_dir` were run with other versions of the packages.

    Notes
    -----
    Classifiers are scored in three ways:

    - "roc_auc" and "ece" come from the probabilities of ``predict_proba``.
    - "balanced_accuracy", "accuracy" and "f1" come from the labels of ``predict``. A decision rule
      that the estimator learned on training rows is part of the model.
      :func:`leaderboard` ranks by this balanced accuracy.
    - "balanced_accuracy_at_half", "accuracy_at_half" and "f1_at_half" come from the labels at a
      probability of 0.5: True above it. The official benchmark scores a submission of
      probabilities by these labels, and a submission of labels by the labels in it.

    Without ``predict_proba``, only the labels of ``predict`` are scored. "ece" is then absent, and
    the others are NaN.

    If a regressor has ``predict_interval(X, coverage=0.9)``, the scores include "coverage_90" and
    "width_90". The method returns a pair of arrays of shape (n,): the lower and the upper ends.
    :func:`score_predictions` defines all scores.

    The seconds of predict are those of values or probabilities. They leave out labels and
    intervals.

    References
    ----------
    A. Dunn, Q. Wang, A. Ganose, D. Dopp, A. Jain, npj Comput. Mater. 6, 138 (2020).

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from skmat.benchmark import run_matbench
    >>> results = run_matbench(
    ...     DummyRegressor(), tasks=["steels"]
    ... )  # doctest: +SKIP
    >>> results.summary().loc["matbench_steels", "mean"]  # doctest: +SKIP
    229.7...
    """
    names = choose_tasks(tasks, estimator)
    if input == "structure" and isinstance(tasks, str) and tasks == "all":
        names = [name for name in names if MATBENCH_TASKS[name].has_structure]
    folds = choose_folds(folds)
    random_state = read_integer(random_state, "random_state")
    chosen = {
        task: seed_estimator(choose_estimator(estimator, task), random_state) for task in names
    }
    given = {"input": input} if input != "formula" else {}
    parameters = {task: describe_parameters(model) | given for task, model in chosen.items()}
    versions = package_versions()
    if name is None:
        name = Path(results_dir).name if results_dir else class_name(chosen)
    for task, model in chosen.items():
        n_rows = MATBENCH_TASKS[task].n_samples * (N_FOLDS - 1) // N_FOLDS
        warn_of_pretraining(model, task, input, n_rows)
    folder, done = None, {}
    if results_dir is not None:
        path = read_path(results_dir, "results_dir", InvalidInputError)
        others = {
            task: describe_parameters(
                seed_estimator(choose_estimator(estimator, task), random_state)
            )
            | given
            for task in choose_tasks("all", estimator)
            if task not in names and has_folds(path, task)
        }
        folder = RunFolder(path, parameters, random_state, versions, others=others)
        found = folder.open(name)
        done = {key: found[key] for key in product(names, folds) if key in found}
    missing = [key for key in product(names, folds) if key not in done]
    # Load all data before the first fit, to raise early if some are missing.
    data = {}
    for task in dict.fromkeys(task for task, _ in missing):
        data[task] = MatbenchTask(
            task, input=input, data_home=data_home, download_if_missing=download_if_missing
        )
        data[task].folds  # noqa: B018

    progress = Progress(verbose, len(names) * len(folds))
    for result in done.values():
        progress.show(result, "found")
    jobs = [Job(chosen[task], data[task], fold, *data[task].folds[fold]) for task, fold in missing]
    for result in run_jobs(
        jobs, parameters, random_state, n_jobs=n_jobs, folder=folder, progress=progress
    ):
        done[result.task, result.fold] = result
    return MatbenchResults(name, done.values())
