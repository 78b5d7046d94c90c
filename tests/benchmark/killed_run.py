"""A run of the benchmark that can be told to hang in the middle of a fold.

Usage: killed_run.py RESULTS_DIR. With SKMAT_TEST_HANG set, the third fit makes the file of that
name and does not return.
"""

import json
import os
import sys
import time
from pathlib import Path

from common.matbench import made_up_task
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer
from skmat.benchmark import _task, run_matbench

_N_BEFORE = 2


class HangingForest(RandomForestRegressor):
    """A forest whose parameters are the same whether or not it hangs."""

    def fit(self, X, y):
        marker, results = os.environ.get("SKMAT_TEST_HANG"), Path(sys.argv[1])
        if marker and len(list(results.glob("*_fold*.json"))) >= _N_BEFORE:
            Path(marker).touch()
            time.sleep(600)
        return super().fit(X, y)


def main():
    _task.fetch_matbench = made_up_task
    estimator = make_pipeline(MagpieFeaturizer(), HangingForest(5))
    results = run_matbench(estimator, ["steels"], results_dir=sys.argv[1])
    print(json.dumps([result.predictions for result in results.folds]))


if __name__ == "__main__":
    main()
