import numpy as np
import pytest
from common.matbench import each_task

from skmat.benchmark import MatbenchTask, _folds
from skmat.benchmark._folds import hash_folds, official_folds
from skmat.datasets._matbench_tasks import MATBENCH_TASKS
from skmat.exceptions import InvalidInputError

REGRESSIONS = [name for name, info in MATBENCH_TASKS.items() if info.kind == "regression"]


def official_ids(info):
    return np.array([info.id_format.format(i) for i in range(1, info.n_samples + 1)], dtype=object)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_folds_of_regression_tasks_are_official(name):
    info = MATBENCH_TASKS[name]
    folds = official_folds(info, official_ids(info), np.zeros(info.n_samples))
    assert len(folds) == 5
    rows = np.concatenate([test for _, test in folds])
    assert sorted(rows) == list(range(info.n_samples))


@each_task()
def test_folds_of_all_tasks_are_official(name, data_home):
    task = MatbenchTask(name, data_home=data_home)
    for train, test in task.folds:
        assert len(train) + len(test) == len(task.y) == task.info.n_samples
        assert not set(train) & set(test)


@pytest.mark.parametrize("change", ["one id", "the order of two ids"])
def test_other_folds_are_refused(change):
    info = MATBENCH_TASKS["matbench_steels"]
    ids = official_ids(info)
    if change == "one id":
        ids[7] = "mb-steels-999"
    else:
        ids[[7, 8]] = ids[[8, 7]]
    with pytest.raises(InvalidInputError, match="matbench_steels differ from the official ones"):
        official_folds(info, ids, np.zeros(info.n_samples))


def test_hash_sees_training_and_test_rows():
    folds = [(["a", "b"], ["c"]), (["c"], ["a", "b"])]
    swapped = [folds[1], folds[0]]
    moved = [(["a"], ["b", "c"]), folds[1]]
    assert len({hash_folds(folds), hash_folds(swapped), hash_folds(moved)}) == 3


def test_hashes_are_those_of_the_official_package(official_package):
    """Reads the validation file of matbench 0.6 itself, where that can be installed."""
    code = (
        "import json, sys; from matbench.constants import MBV01_VALIDATION_DATA_PATH as path;"
        "print(json.dumps(json.load(open(path))['splits']))"
    )
    splits = official_package.json(code)
    assert set(splits) == set(_folds._HASHES)
    for name, folds in splits.items():
        pairs = [(folds[f"fold_{k}"]["train"], folds[f"fold_{k}"]["test"]) for k in range(5)]
        assert hash_folds(pairs) == _folds._HASHES[name], name
