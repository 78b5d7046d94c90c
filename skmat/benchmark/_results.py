"""Results of a benchmark run, and their files."""

import gzip
import json
import zlib
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import pandas as pd

from skmat._utils.atomic import write_atomically
from skmat._utils.json_files import parse_json
from skmat._utils.record_text import to_html
from skmat.benchmark._calibration import CALIBRATION_SCORES
from skmat.benchmark._fold_result import FoldResult, without_nan
from skmat.benchmark._metrics import METRICS, main_metric
from skmat.benchmark._official import to_official
from skmat.benchmark._run_folder import read_folder
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, N_FOLDS
from skmat.exceptions import InvalidInputError

__all__ = ["MatbenchResults"]


class MatbenchResults:
    """Results of one estimator on some tasks and folds.

    Parameters
    ----------
    name : str
        Name of the estimator in tables.
    folds : iterable of FoldResult
        One per task and fold, in any order.

    Attributes
    ----------
    name : str
        Name of the estimator.
    folds : list of FoldResult
        Sorted by task, from the smallest to the largest, and by fold.
    tasks : list of str
        Official names of the tasks, from the smallest to the largest.
    scores : DataFrame
        One row per task and fold. Columns are "task", "fold", "n_train", "n_test", all scores of
        :func:`score_predictions`, "seconds" (fit and predict) and "peak_memory_mb". Scores that a
        fold lacks are NaN, as are those of the other kind of task.

        "balanced_accuracy", "accuracy" and "f1" are of the labels that ``predict`` gives. Older
        files and folders have scores of labels at a probability of 0.5 alone:
        "balanced_accuracy_at_half", "accuracy_at_half" and "f1_at_half".
    """

    def __init__(self, name, folds):
        order = list(MATBENCH_TASKS)
        self.name = name
        self.folds = sorted(folds, key=lambda result: (order.index(result.task), result.fold))
        for one, other in pairwise(self.folds):
            if (one.task, one.fold) == (other.task, other.fold):
                raise InvalidInputError(f"Fold {one.fold} of {one.task} occurs twice.")

    def __repr__(self):
        return f"MatbenchResults({self.name!r}, {len(self.folds)} folds of {self.tasks})"

    def _repr_html_(self):
        rows = []
        for task, row in self.summary().iterrows():
            unit = f" {row['unit']}" if row["unit"] != "1" else ""
            spread = f"{row['mean']:.4g} ± {row['std']:.2g}{unit}"
            folds = f"{row['n_folds']} fold" + "s" * (row["n_folds"] != 1)
            rows.append((task, f"{row['metric']} {spread}, {folds}"))
        return to_html(f"MatbenchResults of {self.name}", rows)

    @property
    def tasks(self):
        return list(dict.fromkeys(result.task for result in self.folds))

    @property
    def scores(self):
        scores = (*METRICS, *CALIBRATION_SCORES)
        columns = ("task", "fold", "n_train", "n_test", *scores, "seconds", "peak_memory_mb")
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
        """Return mean and standard deviation over folds of each task's main metric.

        Returns
        -------
        DataFrame
            Indexed by task. Columns are "metric", "unit", "mean", "std", "n_folds" and "seconds"
            (mean per fold). The metric is "mae", "roc_auc", or "balanced_accuracy" for predicted
            labels. "std" is the population standard deviation over folds, as in the official
            benchmark.
        """
        rows = []
        for task, scores in self.scores.groupby("task", sort=False):
            info = MATBENCH_TASKS[task]
            first = next(result for result in self.folds if result.task == task)
            metric = main_metric(first.scores)
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
        columns = ["task", "metric", "unit", "mean", "std", "n_folds", "seconds"]
        return pd.DataFrame(rows, columns=columns).set_index("task")

    def save(self, path, *, labels=False):
        """Write the predictions in the file format of the official benchmark (v0.1).

        A submission to the public leaderboard contains this file, compressed, and a description
        of the algorithm. ``MatbenchBenchmark.from_file`` of the package ``matbench`` 0.6 reads
        the uncompressed file.

        Parameters
        ----------
        path : str or path-like
            File to write. Use "results.json.gz" for a submission and "results.json" for
            ``matbench``.
        labels : bool, default=False
            Whether to write the labels that ``predict`` gives in place of probabilities. The
            official package scores labels as they are, and probabilities by the labels at 0.5.
            :func:`leaderboard` ranks by the former. Use True for an estimator with a decision
            rule of its own.

        Raises
        ------
        InvalidInputError
            If the results are empty, a task lacks one of its five folds, or predictions are not
            stored. With ``labels=True``, if predicted labels are not stored.
        """
        if not self.folds:
            raise InvalidInputError("The results have no folds to write.")
        for task in self.tasks:
            held = [result.fold for result in self.folds if result.task == task]
            if len(held) < N_FOLDS:
                raise InvalidInputError(
                    f"{task} has the folds {held}, but the official format needs all {N_FOLDS}."
                    " Run the others, or leave the task out."
                )
        if not all(result.predictions for result in self.folds):
            raise InvalidInputError(
                "These results come from a file of scores, without predictions. Load them from"
                " the folder of run_matbench."
            )
        for result in self.folds:
            if labels and "roc_auc" in result.scores and not _holds_labels(result):
                raise InvalidInputError(
                    f"Fold {result.fold} of {result.task} has probabilities, but no predicted"
                    " labels, as in older files. Use labels=False, or run it again in another"
                    " results_dir."
                )
        _write_text(path, json.dumps(to_official(self.name, self.folds, labels)))

    def save_scores(self, path):
        """Write scores, parameters, seconds and versions without the predictions (JSON).

        Parameters
        ----------
        path : str or path-like
            File to write, compressed if it ends in ".gz".
        """
        # Write the settings that folds share only once.
        settings, folds = [], []
        for result in self.folds:
            values = without_nan(asdict(result))
            del values["predictions"], values["labels"]
            shared = {name: values.pop(name) for name in _SETTINGS}
            if shared not in settings:
                settings.append(shared)
            folds.append({**values, "settings": settings.index(shared)})
        content = {"name": self.name, "settings": settings, "folds": folds}
        _write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path):
        """Read a folder of :func:`run_matbench` or a file of `save_scores`.

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
            If the path holds no readable results.
        """
        path = Path(path)
        try:
            if path.is_dir():
                name, folds = read_folder(path)
            else:
                with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
                    content = stream.read(_MOST_BYTES + 1)
                if len(content) > _MOST_BYTES:
                    raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
                held = parse_json(content)
                name, settings = held["name"], held["settings"]
                folds = [{**settings[fold.pop("settings")], **fold} for fold in held["folds"]]
                folds = [FoldResult.from_dict(values) for values in folds]
            if not isinstance(name, str):
                raise TypeError("its name is not text")
            results = cls(name, folds)
        except InvalidInputError:
            raise
        except (
            *(OSError, EOFError, zlib.error, IndexError, KeyError, TypeError, ValueError),
            AttributeError,
        ) as error:
            raise InvalidInputError(
                f"{path} cannot be read as results ({type(error).__name__}: {error}). Give the"
                " results_dir of run_matbench or a file of MatbenchResults.save_scores."
            ) from error
        if not folds:
            raise InvalidInputError(f"The folder {path} holds no results.")
        return results


#: Largest file to read. All tasks with all predictions take a sixth of it.
_MOST_BYTES = 256 * 2**20

#: Fields that are usually equal for all folds of a task.
_SETTINGS = ("parameters", "random_state", "versions")


def _holds_labels(result):
    return result.labels or isinstance(next(iter(result.predictions.values())), bool)


def _write_text(path, text):
    content = text.encode()
    if str(path).endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    write_atomically(path, content)
