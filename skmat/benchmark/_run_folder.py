"""The folder of finished folds, from which a stopped run resumes."""

import json
import warnings
from pathlib import Path

from skmat._utils.atomic import write_atomically
from skmat._utils.json_files import read_json
from skmat._utils.paths import make_folder
from skmat.benchmark._fold_result import FoldResult
from skmat.benchmark._parameters import changed_parameters
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS
from skmat.exceptions import InvalidInputError

__all__ = ["SPLIT", "RunFolder", "has_folds", "read_folder"]

#: Key of splits that are not official. It is kept with the parameters, but no parameter can have
#: this name.
SPLIT = "(split)"

_RUN_FILE = "run.json"
#: Packages whose version may change predictions.
_COMPARED_VERSIONS = ("skmat", "scikit-learn", "torch")


class RunFolder:
    """The folder where a run keeps its folds.

    Parameters
    ----------
    path : pathlib.Path
        The folder.
    parameters : dict of str to dict
        Parameters of the estimator of each task to run.
    random_state : int
        Seed of the run.
    versions : dict of str to str
        Versions of the packages.
    n_folds : int, default=5
        Number of folds of a task.
    others : dict of str to dict, default=None
        Parameters that the estimator has on other tasks. Their folds must agree, because a folder
        holds one model.
    """

    def __init__(self, path, parameters, random_state, versions, *, n_folds=N_FOLDS, others=None):
        self.path = path
        self._n_folds = n_folds
        self._parameters = parameters
        self._others = others or {}
        self._random_state = random_state
        self._versions = versions

    def open(self, name):
        """Return the finished folds, by task and fold. Create the folder if it is missing.

        Parameters
        ----------
        name : str
            Name of the estimator.

        Raises
        ------
        InvalidInputError
            If a fold has other settings or a damaged file. The folder is then unchanged. Also if
            the path is a file.
        """
        found = {}
        for task in self._parameters:
            for fold in range(self._n_folds):
                result = self._read(task, fold)
                if result is not None:
                    found[task, fold] = result
        for task in self._others:
            for fold in range(self._n_folds):
                self._read(task, fold)
        self._warn_of_versions(found.values())
        make_folder(self.path, "results_dir")
        write_atomically(self.path / _RUN_FILE, (json.dumps({"name": name}) + "\n").encode())
        return found

    def add(self, result):
        """Write a fold. If another run has written it meanwhile, its settings must be equal."""
        self._read(result.task, result.fold)
        write_atomically(
            _fold_file(self.path, result.task, result.fold), result.to_json().encode()
        )

    def _read(self, task, fold):
        file = _fold_file(self.path, task, fold)
        if not file.exists():
            return None
        result = _read_fold(file, task, fold)
        then = {**result.parameters, "(random_state)": result.random_state}
        now = {**(self._parameters | self._others)[task], "(random_state)": self._random_state}
        changed = changed_parameters(then, now)
        if changed:
            differences = ", ".join(
                f"{key} was {_shorten(then.get(key, '(absent)'))} and is now"
                f" {_shorten(now.get(key, '(absent)'))}"
                for key in changed[:5]
            )
            hint = " A dict of estimators has other settings on some tasks."
            raise InvalidInputError(
                f"{file} was run with other settings: {differences}. Choose another results_dir,"
                " or delete the files of these folds to run them again."
                f"{hint if task in self._others else ''}"
            )
        return result

    def _warn_of_versions(self, results):
        changed = {
            f"{package} {result.versions.get(package)} (now {self._versions.get(package)})"
            for result in results
            for package in _COMPARED_VERSIONS
            if result.versions.get(package) != self._versions.get(package)
        }
        if changed:
            warnings.warn(
                f"Folds in {self.path} were run with {', '.join(sorted(changed))}. They are kept."
                " Choose another results_dir for a run with one set of versions.",
                stacklevel=4,
            )


def has_folds(path, task):
    """Tell whether a folder holds a fold of a task."""
    return any(_fold_file(path, task, fold).exists() for fold in range(N_FOLDS))


def read_folder(path):
    """Return the name of the estimator and all folds in a folder.

    Raises
    ------
    InvalidInputError
        If a file is damaged, folds of one task have different settings, or splits are not the
        official ones.
    OSError, ValueError, KeyError
        If the folder does not belong to a run.
    """
    name = read_json(path / _RUN_FILE)["name"]
    if not isinstance(name, str):
        raise ValueError(f"the name in {_RUN_FILE} is {_shorten(name)}")
    results = []
    for task in MATBENCH_TASKS:
        files = {fold: _fold_file(path, task, fold) for fold in range(N_FOLDS)}
        folds = [_read_fold(file, task, fold) for fold, file in files.items() if file.exists()]
        if any(SPLIT in result.parameters for result in folds):
            raise InvalidInputError(
                f"{path} holds splits of run_benchmark, which are not the official folds of"
                f" {task}. Give a folder of run_matbench."
            )
        for result in folds[1:]:
            same = not changed_parameters(folds[0].parameters, result.parameters)
            if not same or result.random_state != folds[0].random_state:
                raise InvalidInputError(
                    f"The folds of {task} in {path} were run with different settings. Delete the"
                    " unwanted ones and run them again."
                )
        results += folds
    return name, results


def _fold_file(folder, task, fold):
    return Path(folder) / f"{task}_fold{fold}.json"


def _read_fold(file, task, fold):
    try:
        result = FoldResult.from_dict(read_json(file))
        if (result.task, result.fold) != (task, fold):
            raise ValueError(f"it holds fold {result.fold} of {result.task}")
        return result
    except (KeyError, TypeError, ValueError, AttributeError, IsADirectoryError) as error:
        raise InvalidInputError(
            f"{file} is damaged ({type(error).__name__}: {error}). Delete it to run its fold"
            " again."
        ) from error


def _shorten(value, width=80):
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
