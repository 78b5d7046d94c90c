"""What a run of the benchmark gives, and its files."""

import gzip
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from skmat._atomic import write_atomically
from skmat.benchmark._metrics import METRICS
from skmat.benchmark._official import to_official
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS
from skmat.exceptions import InvalidInputError

__all__ = ["FoldResult", "MatbenchResults"]


@dataclass(frozen=True)
class FoldResult:
    """What came of one fold of one task.

    Attributes
    ----------
    task : str
        Official name of the task.
    fold : int
        Number of the fold, 0 to 4.
    n_train, n_test : int
        Number of materials.
    scores : dict of str to float
        As :func:`~skmat.benchmark.score_predictions` returns them.
    parameters : dict
        Parameters of the estimator, as plain values that JSON can hold.
    random_state : int
        Seed of every part of the estimator that had none.
    seconds_fit, seconds_predict : float
        Wall-clock time.
    peak_memory_mb : float
        Largest resident memory of the process during the fold, in 1e6 bytes; processes that the
        estimator starts itself are not counted.
    versions : dict of str to str
        Versions of Python and of the packages.
    predictions : dict of str to float or bool
        By official id; empty if they were not stored.
    """

    task: str
    fold: int
    n_train: int
    n_test: int
    scores: dict
    parameters: dict
    random_state: int
    seconds_fit: float
    seconds_predict: float
    peak_memory_mb: float
    versions: dict
    predictions: dict = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, values):
        """Build from what ``dataclasses.asdict`` returned."""
        # JSON has no NaN of its own; it is written as null.
        scores = {
            name: float("nan") if score is None else score
            for name, score in values["scores"].items()
        }
        return cls(**{**values, "scores": scores})

    def to_json(self):
        """Return the text of a file that holds this fold."""
        return json.dumps(_without_nan(asdict(self)), allow_nan=False)


class MatbenchResults:
    """Results of one estimator on some tasks and folds.

    Parameters
    ----------
    name : str
        What to call the estimator in tables.
    folds : iterable of FoldResult
        One per task and fold, in any order.

    Attributes
    ----------
    name : str
        As above.
    folds : list of FoldResult
        From the smallest task to the largest, by fold.
    tasks : list of str
        Official names of the tasks, from the smallest to the largest.
    scores : DataFrame
        One row per task and fold with the columns "task", "fold", "n_train", "n_test", every
        metric ("mae", "rmse", "r2", "max_error", "mape", "roc_auc", "balanced_accuracy",
        "accuracy", "f1"; NaN where it does not apply), "seconds" (fit and predict) and
        "peak_memory_mb".
    """

    def __init__(self, name, folds):
        order = list(MATBENCH_TASKS)
        self.name = name
        self.folds = sorted(folds, key=lambda result: (order.index(result.task), result.fold))

    def __repr__(self):
        return f"MatbenchResults({self.name!r}, {len(self.folds)} folds of {self.tasks})"

    @property
    def tasks(self):
        return list(dict.fromkeys(result.task for result in self.folds))

    @property
    def scores(self):
        columns = ("task", "fold", "n_train", "n_test", *METRICS, "seconds", "peak_memory_mb")
        rows = [
            {
                **asdict(result),
                **result.scores,
                "seconds": result.seconds_fit + result.seconds_predict,
            }
            for result in self.folds
        ]
        return pd.DataFrame(rows, columns=list(columns))

    def summary(self):
        """Return the mean and the deviation over folds of the main metric of each task.

        Returns
        -------
        DataFrame
            Indexed by task, with the columns "metric" ("mae" or "roc_auc"; "balanced_accuracy"
            where only labels were predicted), "unit", "mean", "std" (population standard
            deviation over folds, as the official benchmark gives it), "n_folds" and "seconds"
            (mean per fold).
        """
        rows = []
        for task, scores in self.scores.groupby("task", sort=False):
            info = MATBENCH_TASKS[task]
            metric = "mae"
            if info.kind == "classification":
                metric = "balanced_accuracy" if scores["roc_auc"].isna().any() else "roc_auc"
            values = scores[metric]
            rows.append(
                {
                    "task": task,
                    "metric": metric,
                    "unit": info.unit,
                    "mean": values.mean(),
                    "std": values.std(ddof=0),
                    "n_folds": len(values),
                    "seconds": scores["seconds"].mean(),
                }
            )
        return pd.DataFrame(rows).set_index("task")

    def save(self, path):
        """Write the predictions in the file format of the official benchmark (v0.1).

        The file can be read by the package ``matbench`` and submitted to the public leaderboard.

        Parameters
        ----------
        path : str or path-like
            File to write, ``results.json.gz`` for a submission; compressed if it ends in ".gz".

        Raises
        ------
        InvalidInputError
            If a task lacks one of its five folds, or predictions were not stored.
        """
        for task in self.tasks:
            held = [result.fold for result in self.folds if result.task == task]
            if len(held) < N_FOLDS:
                raise InvalidInputError(
                    f"{task} has the folds {held}, but the official format wants all {N_FOLDS}:"
                    " run the others, or leave the task out."
                )
        if not all(result.predictions for result in self.folds):
            raise InvalidInputError(
                "These results were loaded from a file of scores, which holds no predictions:"
                " load them from the folder that run_matbench wrote."
            )
        _write_text(path, json.dumps(to_official(self.name, self.folds)))

    def save_scores(self, path):
        """Write scores, parameters, seconds and versions without the predictions (JSON).

        Parameters
        ----------
        path : str or path-like
            File to write; compressed if it ends in ".gz".
        """
        # What the folds have in common, mostly all of it, is written once.
        settings, folds = [], []
        for result in self.folds:
            values = _without_nan(asdict(result))
            del values["predictions"]
            shared = {name: values.pop(name) for name in _SETTINGS}
            if shared not in settings:
                settings.append(shared)
            folds.append({**values, "settings": settings.index(shared)})
        content = {"name": self.name, "settings": settings, "folds": folds}
        _write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path):
        """Read the folder that :func:`run_matbench` wrote, or a file of `save_scores`.

        Parameters
        ----------
        path : str or path-like
            Folder, or file ending in ".json" or ".json.gz".

        Returns
        -------
        MatbenchResults

        Raises
        ------
        InvalidInputError
            If there are no results.
        """
        path = Path(path)
        try:
            if path.is_dir():
                name, folds = _read_folder(path)
            else:
                content = path.read_bytes()
                if path.suffix == ".gz":
                    content = gzip.decompress(content)
                held = json.loads(content)
                name, settings = held["name"], held["settings"]
                folds = [{**settings[fold.pop("settings")], **fold} for fold in held["folds"]]
            results = cls(name, [FoldResult.from_dict(values) for values in folds])
        except (OSError, IndexError, KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"{path} cannot be read as results ({type(error).__name__}: {error}). Give the"
                " results_dir of run_matbench or a file of MatbenchResults.save_scores."
            ) from error
        if not results.folds:
            raise InvalidInputError(f"The folder {path} holds no results.")
        return results


#: What is usually the same for all folds of a task.
_SETTINGS = ("parameters", "random_state", "versions")

#: Name of the file in a folder of results that says whose they are.
RUN_FILE = "run.json"


def fold_file(folder, task, fold):
    """Return the path of the file of one fold in a folder of results."""
    return Path(folder) / f"{task}_fold{fold}.json"


def _read_folder(folder):
    name = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["name"]
    files = [fold_file(folder, task, fold) for task in MATBENCH_TASKS for fold in range(N_FOLDS)]
    return name, [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def _without_nan(values):
    scores = {name: None if score != score else score for name, score in values["scores"].items()}
    return {**values, "scores": scores}


def _write_text(path, text):
    content = text.encode()
    write_atomically(
        path, gzip.compress(content, mtime=0) if str(path).endswith(".gz") else content
    )
