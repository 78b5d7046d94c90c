"""The results file of the official benchmark, Matbench v0.1."""

import datetime
import hashlib
import json

from skmat._version import __version__
from skmat.benchmark._metrics import AT_HALF

__all__ = ["to_official"]

_BENCHMARK = "matbench_v0.1"
#: Version of the official package that reads these files.
_VERSION = "0.6"
_REGRESSION = ("mae", "rmse", "mape", "max_error")


def to_official(name, folds, labels):
    """Return the content of a results file as JSON values.

    Parameters
    ----------
    name : str
        Name of the estimator.
    folds : iterable of FoldResult
        Every fold of each task, with predictions.
    labels : bool
        Whether to give predicted labels in place of probabilities, where both are known.

    Returns
    -------
    dict
    """
    tasks: dict = {}
    for result in folds:
        task = tasks.setdefault(
            result.task,
            {
                "@module": "matbench.task",
                "@class": "MatbenchTask",
                "benchmark_name": _BENCHMARK,
                "dataset_name": result.task,
                "results": {},
            },
        )
        data = result.labels if labels and result.labels else result.predictions
        task["results"][f"fold_{result.fold}"] = {
            "data": data,
            "parameters": {**result.parameters, "fitted with random_state": result.random_state},
            "scores": _official_scores(result.scores, data),
        }
    content = {
        "@module": "matbench.bench",
        "@class": "MatbenchBenchmark",
        "version": _VERSION,
        "tasks": tasks,
        "user_metadata": {"algorithm": name, "skmat_version": __version__},
        "benchmark_name": _BENCHMARK,
        "datestamp": datetime.datetime.now(datetime.UTC).strftime("%Y.%m.%d %H:%M.%S"),
    }
    # The official package verifies the hash of the content with keys sorted at every level.
    content = json.loads(json.dumps(content, sort_keys=True))
    content["hash"] = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return content


def _official_scores(scores, data):
    """Return the scores that the official package computes from the data of a fold."""
    if "mae" in scores:
        return {name: scores[name] for name in _REGRESSION}
    are_labels = isinstance(next(iter(data.values())), bool)
    found = {name: scores[name if are_labels else AT_HALF[name]] for name in AT_HALF}
    # The format computes rocauc from labels, so it equals the balanced accuracy.
    return {**found, "rocauc": found["balanced_accuracy"]}
