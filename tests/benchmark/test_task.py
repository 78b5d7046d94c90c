import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import cross_val_score

from skmat.benchmark import MatbenchTask
from skmat.exceptions import InvalidInputError


def test_a_task_has_what_scikit_learn_takes(made_up_tasks):
    task = MatbenchTask("steels")
    assert task.name == "matbench_steels"
    assert repr(task) == "MatbenchTask('matbench_steels')"
    assert len(task.X) == len(task.y) == len(task.ids) == task.info.n_samples == 312
    assert task.ids[0] == "mb-steels-001"
    scores = cross_val_score(DummyRegressor(), task.X, task.y, cv=task.folds)
    assert scores.shape == (5,)


def test_an_unknown_task_is_refused():
    with pytest.raises(InvalidInputError, match=r"task 'steal'\. Choose one of"):
        MatbenchTask("steal")


def test_data_are_read_when_first_used(tmp_path):
    task = MatbenchTask("steels", data_home=tmp_path, download_if_missing=False)
    with pytest.raises(FileNotFoundError, match="matbench_steels"):
        task.y  # noqa: B018


def test_real_labels(data_home):
    steels = MatbenchTask("matbench_steels", data_home=data_home)
    assert steels.y[0] == 2411.5
    glass = MatbenchTask("glass", data_home=data_home)
    assert glass.y.dtype == bool
    gap = MatbenchTask("mp_gap", data_home=data_home)
    assert np.isfinite(gap.y).all()
    assert len(gap.X) == 106113


def test_real_structures(data_home):
    task = MatbenchTask("phonons", input="structure", data_home=data_home)
    assert len(task.X) == len(task.y) == 1265
    formulas = MatbenchTask("phonons", data_home=data_home)
    assert task.ids.tolist() == formulas.ids.tolist()
    training, test = task.folds[0]
    assert len(task.X[training]) + len(task.X[test]) == 1265


def test_structures_of_a_task_without_are_refused(tmp_path):
    task = MatbenchTask("steels", input="structure", data_home=tmp_path)
    with pytest.raises(InvalidInputError, match="no structures"):
        task.X  # noqa: B018
