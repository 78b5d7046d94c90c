"""Run an estimator through the tasks of Matbench, fold by fold."""

import json
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier, is_regressor

from skmat._atomic import write_atomically
from skmat._version import __version__
from skmat.benchmark._measure import Stopwatch, peak_memory_mb, reset_peak_memory
from skmat.benchmark._metrics import score_predictions
from skmat.benchmark._parameters import describe_parameters, seed_estimator
from skmat.benchmark._results import RUN_FILE, FoldResult, MatbenchResults, fold_file
from skmat.benchmark._task import MatbenchTask
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS, resolve_task_name
from skmat.exceptions import InvalidInputError

__all__ = ["run_matbench"]

_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "torch", "matminer", "pymatgen")
_KINDS = ("regression", "classification")


def run_matbench(
    estimator,
    tasks="all",
    *,
    folds=None,
    n_jobs=1,
    random_state=0,
    results_dir=None,
    name=None,
    data_home=None,
    download_if_missing=True,
    verbose=0,
):
    """Fit and score an estimator on the official folds of Matbench v0.1.

    Each fold gets a fresh clone that is fitted to the training rows and asked to predict the
    test rows. The labels of the test rows stay in this process, which scores the predictions:
    nothing that is fitted can see them.

    Parameters
    ----------
    estimator : estimator or dict
        A scikit-learn estimator or Pipeline that takes an array of formulas. To run tasks of
        both kinds, or some tasks with other settings, a dict of them by "regression",
        "classification" or the name of a task; the name of a task goes first.
    tasks : "all" or sequence of str, default="all"
        Names of tasks. "all" takes the thirteen, or those of its kind if `estimator` is a single
        regressor or classifier.
    folds : sequence of int, default=None
        Which folds to run, 0 to 4; None runs all five.
    n_jobs : int, default=1
        Number of folds that are run at a time, each in a process of its own; -1 takes all cores.
        The results do not depend on it, but the seconds do.
    random_state : int, default=0
        Given to every part of the estimator whose own ``random_state`` is None, so that a fold
        gives the same numbers whenever it is run.
    results_dir : str or path-like, default=None
        Folder to which each fold is written when it is finished, made if need be. Folds that
        are in it are not run again, so that a run that was killed goes on where it was. None
        writes nothing.
    name : str, default=None
        What to call the estimator in tables; None takes the name of `results_dir` or of the
        class.
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
        If there is no such task or fold, the estimator does not fit the kind of a task, its
        predictions cannot be scored, or `results_dir` holds folds that were run with other
        settings. Finished folds stay in `results_dir`.

    Notes
    -----
    Probabilities come from ``predict_proba``; an estimator without it is scored by its labels and
    has no ROC-AUC.

    References
    ----------
    A. Dunn, Q. Wang, A. Ganose, D. Dopp, A. Jain, npj Comput. Mater. 6, 138 (2020).

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from skmat.benchmark import run_matbench
    >>> results = run_matbench(DummyRegressor(), tasks=["steels"])  # doctest: +SKIP
    >>> results.summary().loc["matbench_steels", "mean"]  # doctest: +SKIP
    229.7...
    """
    names = _check_tasks(tasks, estimator)
    folds = _check_folds(folds)
    chosen = {task: seed_estimator(_choose(estimator, task), random_state) for task in names}
    if name is None:
        name = Path(results_dir).name if results_dir else _class_name(chosen)
    done = {}
    if results_dir is not None:
        done = _finished(Path(results_dir), name, chosen, folds, random_state)
    progress = _Progress(verbose, len(names) * len(folds))
    for result in done.values():
        progress.show(result, "found")

    loaded = {}

    def jobs():
        for task in names:
            missing = [fold for fold in folds if (task, fold) not in done]
            if missing:
                data = loaded[task] = MatbenchTask(
                    task, data_home=data_home, download_if_missing=download_if_missing
                )
            for fold in missing:
                train, test = data.folds[fold]
                yield delayed(_fit_predict)(
                    chosen[task], data.X[train], data.y[train], data.X[test], task, fold
                )

    # Results are written as they come, by this process alone.
    for task, fold, predictions, measured in Parallel(n_jobs, return_as="generator_unordered")(
        jobs()
    ):
        data = loaded[task]
        train, test = data.folds[fold]
        result = FoldResult(
            task=task,
            fold=fold,
            n_train=len(train),
            n_test=len(test),
            scores=_score(data.y[test], predictions, task, fold),
            parameters=describe_parameters(chosen[task]),
            random_state=random_state,
            versions=_versions(),
            predictions=dict(zip(data.ids[test], predictions.tolist(), strict=True)),
            **measured,
        )
        if results_dir is not None:
            write_atomically(fold_file(results_dir, task, fold), result.to_json().encode())
        done[task, fold] = result
        progress.show(result, "done")
    return MatbenchResults(name, done.values())


def _fit_predict(estimator, X_train, y_train, X_test, task, fold):
    """Fit a clone and predict; the labels of the test rows never come here."""
    reset_peak_memory()
    watch = Stopwatch()
    try:
        model = clone(estimator).fit(X_train, y_train)
        seconds_fit = watch.lap()
        predictions = _predict(model, X_test)
    except Exception as error:
        error.add_note(f"This happened in fold {fold} of {task}.")
        raise
    measured = {
        "seconds_fit": seconds_fit,
        "seconds_predict": watch.lap(),
        "peak_memory_mb": peak_memory_mb(),
    }
    return task, fold, predictions, measured


def _predict(model, X):
    if is_classifier(model) and hasattr(model, "predict_proba"):
        column = np.flatnonzero(np.asarray(model.classes_) == True)  # noqa: E712
        probabilities = np.asarray(model.predict_proba(X), dtype=np.float64)
        # A training fold of one class leaves no column for the other.
        return probabilities[:, column[0]] if len(column) else np.zeros(len(probabilities))
    predictions = np.asarray(model.predict(X))
    kind = bool if is_classifier(model) else np.float64
    return predictions.reshape(len(predictions), -1)[:, 0].astype(kind)


def _score(y, predictions, task, fold):
    try:
        return score_predictions(y, predictions)
    except InvalidInputError as error:
        raise InvalidInputError(f"Fold {fold} of {task}: {error}") from None


def _check_tasks(tasks, estimator):
    if isinstance(tasks, str):
        if tasks != "all":
            return [resolve_task_name(tasks)]
        if isinstance(estimator, dict):
            return [task for task in MATBENCH_TASKS if _find(estimator, task) is not None]
        _check_estimator(estimator)
        kinds = [
            kind
            for kind, check in zip(_KINDS, (is_regressor, is_classifier), strict=True)
            if check(estimator)
        ]
        return [name for name, info in MATBENCH_TASKS.items() if info.kind in kinds]
    # In the order of sizes, so that first results come soon.
    wanted = {resolve_task_name(task) for task in tasks}
    return [task for task in MATBENCH_TASKS if task in wanted]


def _check_estimator(estimator):
    if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
        raise InvalidInputError(
            f"estimator must be a scikit-learn estimator or a dict of them, got {estimator!r}."
        )


def _check_folds(folds):
    if folds is None:
        return list(range(N_FOLDS))
    chosen = sorted(set(folds))
    if not chosen or not set(chosen) <= set(range(N_FOLDS)):
        raise InvalidInputError(f"folds must be some of 0 to {N_FOLDS - 1}, got {folds!r}.")
    return chosen


def _find(estimators, task):
    info = MATBENCH_TASKS[task]
    for key in (task, info.short_name, info.kind):
        if key in estimators:
            return estimators[key]
    return None


def _choose(estimator, task):
    """Return the clone that is to be run on a task."""
    info = MATBENCH_TASKS[task]
    if isinstance(estimator, dict):
        found = _find(estimator, task)
        if found is None:
            raise InvalidInputError(
                f"The dict of estimators has the keys {list(estimator)}, none of which is for"
                f" {task}: add {info.kind!r} or {task!r}, or leave the task out."
            )
        estimator = found
    _check_estimator(estimator)
    fits = is_classifier(estimator) if info.kind == "classification" else is_regressor(estimator)
    if not fits:
        raise InvalidInputError(
            f"{task} is a {info.kind}, for which {type(estimator).__name__} is not made. Choose"
            f' other tasks, or give a dict such as {{"regression": ..., "classification": ...}}.'
        )
    return clone(estimator)


def _class_name(chosen):
    return " / ".join(dict.fromkeys(type(estimator).__name__ for estimator in chosen.values()))


def _finished(folder, name, chosen, folds, random_state):
    """Return the folds that are in the folder, by task and fold; make the folder if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / RUN_FILE, (json.dumps({"name": name}) + "\n").encode())
    done = {}
    for task, estimator in chosen.items():
        settings = {**describe_parameters(estimator), "(random_state)": random_state}
        # As it is after a way through JSON, which has no tuples.
        settings = json.loads(json.dumps(settings))
        for fold in folds:
            file = fold_file(folder, task, fold)
            if file.exists():
                result = FoldResult.from_dict(json.loads(file.read_text(encoding="utf-8")))
                _check_same(result, settings, file)
                done[task, fold] = result
    return done


def _check_same(result, settings, file):
    then = {**result.parameters, "(random_state)": result.random_state}
    changed = [
        key
        for key in sorted({*then, *settings})
        if then.get(key, "(absent)") != settings.get(key, "(absent)")
    ]
    if changed:
        differences = "; ".join(
            f"{key} was {then.get(key, '(absent)')!r}, is {settings.get(key, '(absent)')!r}"
            for key in changed[:5]
        )
        raise InvalidInputError(
            f"{file} was run with other settings: {differences}. Choose another results_dir, or"
            " delete the files of the folds that are to be run again."
        )


def _versions():
    versions = {"python": platform.python_version(), "skmat": __version__}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


class _Progress:
    """A line per fold."""

    def __init__(self, verbose, total):
        self._verbose, self._total, self._shown = verbose, total, 0

    def show(self, result, what):
        self._shown += 1
        if not self._verbose:
            return
        info = MATBENCH_TASKS[result.task]
        metric = "mae" if info.kind == "regression" else "roc_auc"
        seconds = result.seconds_fit + result.seconds_predict
        print(
            f"[{self._shown}/{self._total}] {result.task} fold {result.fold}: {metric}"
            f" {result.scores[metric]:.4g} {info.unit} ({seconds:.0f} s, {what})",
            file=sys.stderr,
            flush=True,
        )
