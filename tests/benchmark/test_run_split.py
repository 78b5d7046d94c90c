import numpy as np
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer
from skmat.benchmark import MatbenchTask, run_benchmark
from skmat.exceptions import InvalidInputError
from skmat.model_selection import LeaveOneElementOut, TargetExtrapolationSplit

pytestmark = pytest.mark.usefixtures("made_up_tasks")
FOREST = make_pipeline(MagpieFeaturizer(), RandomForestRegressor(5))


def test_each_split_is_fitted_and_scored():
    task = MatbenchTask("steels")
    splitter = LeaveOneElementOut(min_test_size=0.1, max_test_size=0.5)
    scores = run_benchmark(FOREST, task, splitter, random_state=7)
    assert scores["left_out"].tolist() == splitter.left_out(task.X)
    model = clone(FOREST).set_params(randomforestregressor__random_state=7)
    for row, (train, test) in zip(scores.itertuples(), splitter.split(task.X), strict=True):
        predicted = model.fit(task.X[train], task.y[train]).predict(task.X[test])
        assert row.mae == mean_absolute_error(task.y[test], predicted)
        assert (row.n_train, row.n_test) == (len(train), len(test))


def test_splits_that_are_done_are_not_run_again(tmp_path, capsys):
    model, splitter = DummyRegressor(), TargetExtrapolationSplit(tail="both")
    whole = run_benchmark(model, "steels", splitter)
    (tmp_path / "run").mkdir()
    run_benchmark(model, "steels", splitter, results_dir=tmp_path / "run")
    (tmp_path / "run" / "matbench_steels_fold1.json").unlink()
    found = run_benchmark(model, "steels", splitter, results_dir=tmp_path / "run", verbose=1)
    assert [line.count("found") for line in capsys.readouterr().err.splitlines()] == [1, 0]
    assert found.drop(columns="seconds_fit").equals(whole.drop(columns="seconds_fit"))
    with pytest.raises(InvalidInputError, match="split was"):
        run_benchmark(model, "steels", [([0, 1], [2, 3])], results_dir=tmp_path / "run")


def test_classes_and_pairs_of_rows():
    rows = np.arange(40)
    pairs = [(rows[:30], rows[30:]), (rows[10:], rows[:10])]
    scores = run_benchmark(DummyClassifier(), "glass", pairs, n_jobs=2)
    assert scores["n_test"].tolist() == [10, 10]
    assert "left_out" not in scores
    assert scores["accuracy"].between(0, 1).all()


@pytest.mark.parametrize(
    ("estimator", "split", "message"),
    [
        (DummyClassifier(), [([0], [1])], "does not support it"),
        (DummyRegressor(), [([0], [])], "Split 0 of matbench_steels lacks"),
        (DummyRegressor(), [], "makes no split"),
    ],
)
def test_wrong_use(estimator, split, message):
    with pytest.raises(InvalidInputError, match=message):
        run_benchmark(estimator, "steels", split)
