import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skmat import MagpieFeaturizer, MTEncoderRegressor
from skmat.benchmark import MatbenchResults, MatbenchTask, run_matbench
from skmat.exceptions import InvalidInputError

pytestmark = pytest.mark.usefixtures("made_up_tasks")


def forest(n_trees=5):
    return make_pipeline(MagpieFeaturizer(), RandomForestRegressor(n_trees))


class Spy(RegressorMixin, BaseEstimator):
    """Writes down what it is given."""

    def __init__(self, path=None):
        self.path = path

    def fit(self, X, y):
        joblib.dump((X, y), self.path)
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Broken(RegressorMixin, BaseEstimator):
    def __init__(self, after=None):
        self.after = after

    def fit(self, X, y):
        if len(list(Path(self.after).glob("*_fold*.json"))) >= 2:
            raise RuntimeError("no more memory")
        return self

    def predict(self, X):
        return np.zeros(len(X))


class HalfMissing(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.where(np.arange(len(X)) < 3, np.nan, 0.0)


def test_each_fold_is_fitted_to_its_training_rows_and_scored_on_the_others():
    results = run_matbench(forest(), ["steels"], folds=[1, 3], random_state=7)
    task = MatbenchTask("steels")
    scores = results.scores
    assert scores["fold"].tolist() == [1, 3]
    for row in scores.itertuples():
        train, test = task.folds[row.fold]
        model = forest().set_params(randomforestregressor__random_state=7)
        expected = model.fit(task.X[train], task.y[train]).predict(task.X[test])
        assert row.mae == mean_absolute_error(task.y[test], expected)
        assert (row.n_train, row.n_test) == (len(train), len(test))
        assert row.seconds > 0
        assert row.peak_memory_mb > 10
    predictions = results.folds[0].predictions
    assert list(predictions) == task.ids[task.folds[1][1]].tolist()


def test_labels_of_test_rows_do_not_reach_fit(tmp_path):
    run_matbench(Spy(tmp_path / "seen.joblib"), ["steels"], folds=[0])
    X, y = joblib.load(tmp_path / "seen.joblib")
    task = MatbenchTask("steels")
    train, _ = task.folds[0]
    assert X.tolist() == task.X[train].tolist()
    # Copies of the training rows alone: no array whose memory holds the others.
    np.testing.assert_array_equal(y, task.y[train])
    assert y.base is None or y.base.size == len(train)


@pytest.mark.parametrize("n_jobs", [2])
def test_results_do_not_depend_on_n_jobs(n_jobs):
    one = run_matbench(forest(), ["steels", "jdft2d"], folds=[0, 1])
    other = run_matbench(forest(), ["jdft2d", "steels"], folds=[1, 0], n_jobs=n_jobs)
    assert [r.predictions for r in one.folds] == [r.predictions for r in other.folds]
    assert one.tasks == other.tasks == ["matbench_steels", "matbench_jdft2d"]


def test_an_encoder_gives_the_same_numbers_twice():
    model = MTEncoderRegressor(preset="tiny", max_epochs=1, device="cpu")
    runs = [run_matbench(model, ["steels"], folds=[0]) for _ in range(2)]
    assert runs[0].folds[0].predictions == runs[1].folds[0].predictions
    assert runs[0].folds[0].parameters["max_epochs"] == 1


def test_seeds_are_set_where_there_are_none_and_matter():
    results = [
        run_matbench(forest(), ["steels"], folds=[0], random_state=seed) for seed in (0, 0, 1)
    ]
    predictions = [result.folds[0].predictions for result in results]
    assert predictions[0] == predictions[1] != predictions[2]
    parameters = results[2].folds[0].parameters
    assert parameters["randomforestregressor__random_state"] == 1
    own = forest().set_params(randomforestregressor__random_state=5)
    (kept,) = run_matbench(own, ["steels"], folds=[0], random_state=1).folds
    assert kept.parameters["randomforestregressor__random_state"] == 5


def test_the_estimator_that_was_given_stays_as_it_is():
    model = forest()
    run_matbench(model, ["steels"], folds=[0])
    assert model[-1].random_state is None
    assert not hasattr(model[-1], "estimators_")


def test_versions_and_parameters_are_recorded():
    (fold,) = run_matbench(forest(3), ["steels"], folds=[0]).folds
    assert fold.parameters["estimator"] == "sklearn.pipeline.Pipeline"
    assert fold.parameters["randomforestregressor__n_estimators"] == 3
    assert fold.versions["scikit-learn"]
    assert fold.versions["skmat"]
    json.loads(fold.to_json())


def test_finished_folds_are_not_run_again(tmp_path, monkeypatch):
    first = run_matbench(forest(), ["steels"], folds=[0, 1], results_dir=tmp_path)
    file = tmp_path / "matbench_steels_fold0.json"
    written = file.stat().st_mtime_ns
    again = run_matbench(forest(), ["steels"], results_dir=tmp_path)
    assert file.stat().st_mtime_ns == written
    assert again.folds[:2] == first.folds
    assert again.scores["fold"].tolist() == [0, 1, 2, 3, 4]
    assert MatbenchResults.load(tmp_path).folds == again.folds


def test_a_folder_of_other_settings_is_refused(tmp_path):
    run_matbench(forest(5), ["steels"], folds=[0], results_dir=tmp_path)
    with pytest.raises(InvalidInputError, match=r"n_estimators was 5, is 6.*another results_dir"):
        run_matbench(forest(6), ["steels"], folds=[0], results_dir=tmp_path)
    with pytest.raises(InvalidInputError, match="random_state"):
        run_matbench(forest(5), ["steels"], folds=[0], results_dir=tmp_path, random_state=1)
    # Folds that are not in the folder yet may come from nowhere else either.
    assert len(list(tmp_path.glob("*_fold*.json"))) == 1


def test_an_error_in_a_fold_names_it_and_keeps_the_others(tmp_path):
    with pytest.raises(RuntimeError, match="no more memory") as raised:
        run_matbench(Broken(tmp_path), ["steels"], results_dir=tmp_path)
    assert "fold 2 of matbench_steels" in raised.value.__notes__[0]
    assert len(MatbenchResults.load(tmp_path).folds) == 2


def test_predictions_that_cannot_be_scored_name_the_fold():
    with pytest.raises(InvalidInputError, match=r"Fold 4 of matbench_steels: 3 of 62 predictions"):
        run_matbench(HalfMissing(), ["steels"], folds=[4])


def run_in_process(results, **environment):
    script = Path(__file__).with_name("killed_run.py")
    return subprocess.Popen(
        [sys.executable, script, results],
        env={**os.environ, "PYTHONPATH": str(script.parents[1]), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_run_goes_on_to_the_numbers_of_an_unbroken_one(tmp_path):
    whole, broken, marker = tmp_path / "whole", tmp_path / "broken", tmp_path / "marker"
    unbroken, _ = run_in_process(whole).communicate()
    process = run_in_process(broken, SKMAT_TEST_HANG=str(marker))
    while not marker.exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert sorted(file.name for file in broken.iterdir()) == [
        "matbench_steels_fold0.json",
        "matbench_steels_fold1.json",
        "run.json",
    ]
    kept = [file.stat().st_mtime_ns for file in sorted(broken.glob("*_fold*.json"))]
    resumed, _ = run_in_process(broken).communicate()
    assert json.loads(resumed) == json.loads(unbroken)
    assert len(json.loads(resumed)) == 5
    assert [file.stat().st_mtime_ns for file in sorted(broken.glob("*_fold*.json"))][:2] == kept


# Choosing tasks and estimators


@pytest.fixture
def made_up_folds(monkeypatch):
    """Let classification tasks pass too: their folds depend on labels."""
    from skmat.benchmark import _folds

    class Any:
        def __getitem__(self, name):
            return self

        def __eq__(self, other):
            return True

        __hash__ = None

    monkeypatch.setattr(_folds, "_HASHES", Any())


@pytest.mark.usefixtures("made_up_folds")
def test_probabilities_are_of_the_class_true():
    class Sure(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.array([False, True])
            return self

        def predict_proba(self, X):
            return np.column_stack([np.full(len(X), 0.25), np.full(len(X), 0.75)])

    (fold,) = run_matbench(Sure(), ["glass"], folds=[0]).folds
    assert set(fold.predictions.values()) == {0.75}
    assert fold.scores["accuracy"] == pytest.approx(0.5, abs=0.01)
    assert fold.scores["roc_auc"] == 0.5


@pytest.mark.usefixtures("made_up_folds")
def test_labels_are_scored_without_roc_auc():
    model = make_pipeline(MagpieFeaturizer(), LinearSVC(max_iter=10))
    results = run_matbench(model, ["expt_is_metal"], folds=[0])
    (fold,) = results.folds
    assert set(map(type, fold.predictions.values())) == {bool}
    assert np.isnan(fold.scores["roc_auc"])
    assert results.summary()["metric"].tolist() == ["balanced_accuracy"]
    again = MatbenchResults("again", [type(fold).from_dict(json.loads(fold.to_json()))])
    assert np.isnan(again.folds[0].scores["roc_auc"])


@pytest.mark.usefixtures("made_up_folds")
def test_a_dict_is_looked_up_by_task_and_then_by_kind():
    estimators = {
        "steels": DummyRegressor(strategy="median"),
        "regression": DummyRegressor(),
        "classification": DummyClassifier(),
    }
    results = run_matbench(estimators, ["steels", "jdft2d", "glass"], folds=[0])
    strategies = [fold.parameters["strategy"] for fold in results.folds]
    assert strategies == ["median", "mean", "prior"]
    assert results.name == "DummyRegressor / DummyClassifier"


def test_all_are_the_tasks_that_an_estimator_can_do():
    from skmat.benchmark._runner import _check_tasks

    assert len(_check_tasks("all", DummyRegressor())) == 10
    assert len(_check_tasks("all", make_pipeline(MagpieFeaturizer(), LinearSVC()))) == 3
    both = {"regression": DummyRegressor(), "classification": DummyClassifier()}
    assert len(_check_tasks("all", both)) == 13
    assert _check_tasks("steels", DummyRegressor()) == ["matbench_steels"]


@pytest.mark.parametrize(
    ("estimator", "tasks", "settings", "message"),
    [
        (DummyRegressor(), ["glass"], {}, "glass is a classification, for which DummyRegressor"),
        (DummyClassifier(), ["steels"], {}, "steels is a regression, for which DummyClassifier"),
        ({"regression": DummyRegressor()}, ["glass"], {}, r"none of which is for matbench_glass"),
        ("forest", "all", {}, "must be a scikit-learn estimator .* got 'forest'"),
        (DummyRegressor(), ["steel"], {}, "no Matbench task 'steel'"),
        (DummyRegressor(), ["steels"], {"folds": [5]}, r"folds must be some of 0 to 4, got \[5\]"),
        (DummyRegressor(), ["steels"], {"folds": []}, "folds must be some of"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_fitted(
    estimator, tasks, settings, message
):
    with pytest.raises(InvalidInputError, match=message):
        run_matbench(estimator, tasks, **settings)


def test_a_line_per_fold(capsys, tmp_path):
    settings = {"folds": [0, 2], "results_dir": tmp_path, "verbose": 1}
    run_matbench(DummyRegressor(), ["steels"], **settings)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/2] matbench_steels fold 0: mae ")
    assert lines[0].endswith("done)")
    assert " MPa (" in lines[1]
    run_matbench(DummyRegressor(), ["steels"], **settings)
    assert capsys.readouterr().err.count("found)") == 2
