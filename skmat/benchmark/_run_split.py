"""Scores of an estimator on other splits than the official ones."""

import copy
import hashlib

import numpy as np
import pandas as pd

from skmat._utils.paths import read_path
from skmat.benchmark._parameters import describe_parameters, seed_estimator
from skmat.benchmark._pretraining import warn_of_pretraining
from skmat.benchmark._run_folder import SPLIT, RunFolder
from skmat.benchmark._run_jobs import Job, Progress, package_versions, run_jobs
from skmat.benchmark._selection import choose_estimator, read_integer
from skmat.benchmark._task import MatbenchTask
from skmat.exceptions import InvalidInputError

__all__ = ["run_benchmark"]


def run_benchmark(
    estimator,
    task,
    split,
    *,
    n_jobs=1,
    random_state=0,
    input="formula",
    results_dir=None,
    data_home=None,
    download_if_missing=True,
    verbose=0,
):
    """Fit and score an estimator on a Matbench task with splits of your own.

    Use it to ask how an estimator does on materials unlike those that it has learned from. Such
    scores do not compare with the public leaderboard; :func:`run_matbench` gives those.

    Parameters
    ----------
    estimator : estimator
        A scikit-learn estimator or Pipeline, or a dict of them, as for :func:`run_matbench`.
    task : str or MatbenchTask
        The task, such as "expt_gap".
    split : splitter
        A splitter, such as :class:`skmat.model_selection.LeaveOneElementOut`, or an iterable of
        pairs of training and test rows (indices or masks).
    n_jobs : int, default=1
        Number of splits to run at a time, each in its own process. -1 uses all cores.
    random_state : int, default=0
        Seed of the splitter and of every part of the estimator whose ``random_state`` is None.
    input : {"formula", "structure"}, default="formula"
        Input of the estimator, if `task` is a name.
    results_dir : str or path-like, default=None
        Folder for finished splits, created if missing. Splits in it are not run again. None writes
        nothing.
    data_home : str or path-like, default=None
        Folder of the data sets, if `task` is a name.
    download_if_missing : bool, default=True
        Download data that are not in `data_home`, if `task` is a name.
    verbose : int, default=0
        1 prints a line per split to standard error.

    Returns
    -------
    DataFrame
        One row per split. "n_train" and "n_test" are numbers of materials, and "left_out" is what
        the split leaves out, if the splitter tells it. Then the scores of
        :func:`score_predictions`, and "seconds_fit".

    Raises
    ------
    InvalidInputError
        If the estimator does not fit the kind of the task, a split lacks training or test rows or
        has one on both sides, predictions cannot be scored, or `results_dir` holds splits with
        other settings.
    DatasetNotFoundError
        If the data of the task are missing.

    Warns
    -----
    PretrainingOverlapWarning
        If the card of an encoder that the estimator may start from does not say that the task was
        left out of pretraining.

    Examples
    --------
    >>> from skmat import AutoRegressor
    >>> from skmat.benchmark import run_benchmark
    >>> from skmat.model_selection import LeaveOneElementOut
    >>> splitter = LeaveOneElementOut(min_test_size=20)
    >>> scores = run_benchmark(
    ...     AutoRegressor(), "steels", splitter
    ... )  # doctest: +SKIP
    """
    if isinstance(task, str):
        task = MatbenchTask(
            task, input=input, data_home=data_home, download_if_missing=download_if_missing
        )
    random_state = read_integer(random_state, "random_state")
    model = seed_estimator(choose_estimator(estimator, task.name), random_state)
    split = _seeded(split, random_state)
    pairs = split.split(task.X, task.y) if hasattr(split, "split") else split
    pairs = [tuple(_rows(part, len(task.X)) for part in pair) for pair in pairs]
    _check(pairs, task.name)
    parameters = describe_parameters(model) | {"input": task.input, SPLIT: _hash(pairs)}
    warn_of_pretraining(model, task.name, task.input, len(task.X))
    folder, done = None, {}
    if results_dir is not None:
        path = read_path(results_dir, "results_dir", InvalidInputError)
        folder = RunFolder(
            path, {task.name: parameters}, random_state, package_versions(), n_folds=len(pairs)
        )
        done = {fold: result for (_, fold), result in folder.open(path.name).items()}
    progress = Progress(verbose, len(pairs))
    for result in done.values():
        progress.show(result, "found")
    jobs = [Job(model, task, i, *pair) for i, pair in enumerate(pairs) if i not in done]
    for result in run_jobs(
        jobs,
        {task.name: parameters},
        random_state,
        n_jobs=n_jobs,
        folder=folder,
        progress=progress,
    ):
        done[result.fold] = result
    scores = pd.DataFrame([_row(done[i]) for i in range(len(pairs))])
    if hasattr(split, "left_out"):
        scores.insert(0, "left_out", split.left_out(task.X))
    return scores


def _seeded(split, random_state):
    """Return a splitter that makes the same splits each time it is asked."""
    if not hasattr(split, "split"):
        return split
    split = copy.copy(split)
    own = getattr(split, "random_state", None)
    if isinstance(own, np.random.RandomState):
        split.random_state = own.randint(np.iinfo(np.int32).max)
    return seed_estimator(split, random_state)


def _rows(part, n_rows):
    """Return the indices of a part from 0, also if it is a mask or counts from the end."""
    part = np.asarray(part)
    try:
        return np.arange(n_rows)[part] if part.size else np.empty(0, dtype=np.int64)
    except IndexError as error:
        raise InvalidInputError(
            f"A part of a split does not fit {n_rows} rows: {error}. Give rows from 0 to"
            f" {n_rows - 1}, or a mask of all rows."
        ) from error


def _check(pairs, task):
    if not pairs:
        raise InvalidInputError(f"The splitter makes no split of {task}.")
    for i, pair in enumerate(pairs):
        if not all(len(rows) for rows in pair):
            raise InvalidInputError(f"Split {i} of {task} lacks training or test rows.")
        both = np.intersect1d(*pair)
        if len(both):
            raise InvalidInputError(
                f"Split {i} of {task} has rows on both sides: {len(both)}, the first is row"
                f" {both[0]}. Test on rows that are not trained on."
            )


def _hash(pairs):
    """Return a text that is equal for equal splits."""
    rows = [np.asarray(part, dtype=np.int64).tobytes() for pair in pairs for part in pair]
    return hashlib.sha256(b"/".join(rows)).hexdigest()[:16]


def _row(result):
    sizes = {"n_train": result.n_train, "n_test": result.n_test}
    return sizes | result.scores | {"seconds_fit": result.seconds_fit}
