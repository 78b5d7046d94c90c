"""The results file of the official benchmark, Matbench v0.1."""

import datetime
import hashlib
import json

from skmat._version import __version__

__all__ = ["to_official"]

_BENCHMARK = "matbench_v0.1"
#: Version of the official package that reads these files.
_VERSION = "0.6"
_SCORES = {
    "regression": {name: name for name in ("mae", "rmse", "mape", "max_error")},
    # The format computes rocauc from labels, so it equals the balanced accuracy.
    "classification": {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced_accuracy",
        "f1": "f1",
        "rocauc": "balanced_accuracy",
    },
}


def to_official(name, folds):
    """Return the content of a results file as JSON values.

    Parameters
    ----------
    name : str
        Name of the estimator.
    folds : iterable of FoldResult
        Every fold of each task, with predictions.

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
        kind = "regression" if "mae" in result.scores else "classification"
        task["results"][f"fold_{result.fold}"] = {
            "data": result.predictions,
            "parameters": {**result.parameters, "fitted with random_state": result.random_state},
            "scores": {theirs: result.scores[ours] for theirs, ours in _SCORES[kind].items()},
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
