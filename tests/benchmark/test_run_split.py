import numpy as np
import pandas as pd
import pytest
from pymatgen.core import Composition
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer
from skmat.benchmark import MatbenchResults, MatbenchTask, run_benchmark
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
    with pytest.raises(InvalidInputError, match=r"\(split\) was"):
        run_benchmark(model, "steels", [([0, 1], [2, 3])], results_dir=tmp_path / "run")


def deals(**settings):
    return LeaveOneElementOut(3, min_test_size=2, max_test_size=0.4, **settings)


@pytest.mark.parametrize("seed", [None, np.random.RandomState(1)], ids=["none", "generator"])
def test_what_is_left_out_is_that_of_the_split(seed):
    task = MatbenchTask("steels")
    scores = run_benchmark(DummyRegressor(), task, deals(random_state=seed))
    for row in scores.itertuples():
        elements = row.left_out.split(", ")
        holds = [any(symbol in Composition(formula) for symbol in elements) for formula in task.X]
        assert row.n_test == sum(holds)


def test_a_splitter_without_a_seed_is_given_that_of_the_run(tmp_path):
    splitter = deals()
    first = run_benchmark(DummyRegressor(), "steels", splitter, results_dir=tmp_path)
    again = run_benchmark(DummyRegressor(), "steels", splitter, results_dir=tmp_path)
    pd.testing.assert_frame_equal(first, again)
    assert splitter.random_state is None
    other = run_benchmark(DummyRegressor(), "steels", splitter, random_state=1)
    assert other["left_out"].tolist() != first["left_out"].tolist()


def test_masks_are_rows():
    mask = np.arange(len(MatbenchTask("steels").X)) < 10
    (masks,) = run_benchmark(DummyRegressor(), "steels", [(~mask, mask)]).itertuples()
    pair = (np.flatnonzero(~mask), np.flatnonzero(mask))
    (rows,) = run_benchmark(DummyRegressor(), "steels", [pair]).itertuples()
    assert (masks.n_train, masks.n_test, masks.mae) == (rows.n_train, rows.n_test, rows.mae)


def test_rows_that_count_from_the_end():
    n_rows = len(MatbenchTask("steels").X)
    with pytest.raises(InvalidInputError, match=f"the first is row {n_rows - 1}"):
        run_benchmark(DummyRegressor(), "steels", [(np.arange(n_rows), [-1])])


def test_splits_are_not_official_folds(tmp_path):
    split = KFold(5, shuffle=True, random_state=1)
    run_benchmark(DummyRegressor(), "steels", split, results_dir=tmp_path)
    with pytest.raises(InvalidInputError, match="holds splits of run_benchmark"):
        MatbenchResults.load(tmp_path)


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
        (DummyRegressor(), [([0, 1, 2], [1, 2])], "rows on both sides: 2, the first is row 1"),
        (DummyRegressor(), [([0, 1], [10**6])], "does not fit"),
    ],
)
def test_wrong_use(estimator, split, message):
    with pytest.raises(InvalidInputError, match=message):
        run_benchmark(estimator, "steels", split)
