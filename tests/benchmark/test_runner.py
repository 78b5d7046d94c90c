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
from sklearn.cluster import KMeans
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator
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
        # The array that y may be a part of is written too.
        joblib.dump((X, y, y.base), self.path)
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
    X, y, whole = joblib.load(tmp_path / "seen.joblib")
    task = MatbenchTask("steels")
    train, _ = task.folds[0]
    assert X.tolist() == task.X[train].tolist()
    np.testing.assert_array_equal(y, task.y[train])
    assert whole is None or len(whole) <= len(train)


def test_results_do_not_depend_on_n_jobs():
    one = run_matbench(forest(), ["steels", "jdft2d"], folds=[0, 1])
    other = run_matbench(forest(), ["jdft2d", "steels"], folds=[1, 0], n_jobs=2)
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
    assert fold.parameters["(class)"] == "sklearn.pipeline.Pipeline"
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


def test_a_file_in_the_place_of_the_folder(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InvalidInputError, match=r"results_dir='.*a' is a file"):
        run_matbench(forest(), ["steels"], folds=[0], results_dir=tmp_path / "a")


def test_a_folder_of_other_settings_is_refused(tmp_path):
    run_matbench(forest(5), ["steels"], folds=[0], results_dir=tmp_path)
    with pytest.raises(
        InvalidInputError, match=r"n_estimators was 5 and is now 6.*another results_dir"
    ):
        run_matbench(forest(6), ["steels"], folds=[0], results_dir=tmp_path)
    with pytest.raises(InvalidInputError, match="random_state"):
        run_matbench(forest(5), ["steels"], folds=[0], results_dir=tmp_path, random_state=1)
    # Nor may other folds of the task be added, or the folder be renamed.
    with pytest.raises(InvalidInputError, match=r"fold0.json was run with other settings"):
        run_matbench(forest(6), ["steels"], folds=[1], results_dir=tmp_path, name="other")
    assert len(list(tmp_path.glob("*_fold*.json"))) == 1
    assert MatbenchResults.load(tmp_path).name == tmp_path.name


def test_what_changes_no_number_may_change(tmp_path):
    run_matbench(forest(5), ["steels"], folds=[0], results_dir=tmp_path)
    parallel = forest(5).set_params(randomforestregressor__n_jobs=2, verbose=True)
    results = run_matbench(parallel, ["steels"], folds=[0], results_dir=tmp_path)
    assert results.folds[0].parameters["verbose"] is False


@pytest.mark.usefixtures("made_up_folds")
def test_a_folder_holds_one_model(tmp_path):
    run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
    with pytest.raises(InvalidInputError, match=r"steels_fold0.json.*A dict of estimators"):
        run_matbench(forest(5), ["jdft2d"], folds=[0], results_dir=tmp_path)
    # One for each task, or each kind, is one model too.
    both = {"steels": DummyRegressor(), "jdft2d": forest(5)}
    run_matbench(both, ["jdft2d"], folds=[0], results_dir=tmp_path)
    run_matbench(DummyClassifier(), ["glass"], folds=[0], results_dir=tmp_path)
    assert len(MatbenchResults.load(tmp_path).folds) == 3


def test_two_runs_with_other_settings_do_not_mix_in_one_folder(tmp_path):
    """The second one comes while the first is fitting."""

    class Slow(DummyRegressor):
        def fit(self, X, y):
            run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
            return super().fit(X, y)

    with pytest.raises(InvalidInputError, match="was run with other settings"):
        run_matbench(Slow(), ["steels"], folds=[0], results_dir=tmp_path)
    assert len(MatbenchResults.load(tmp_path).folds) == 1


def test_folds_of_other_versions_are_kept_with_a_warning(tmp_path):
    run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
    file = tmp_path / "matbench_steels_fold0.json"
    held = json.loads(file.read_text())
    held["versions"]["scikit-learn"] = "0.1"
    file.write_text(json.dumps(held))
    with pytest.warns(UserWarning, match=r"run with scikit-learn 0\.1 \(now "):
        run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]"])
def test_a_damaged_fold_is_named(tmp_path, text):
    run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
    (tmp_path / "matbench_steels_fold0.json").write_text(text)
    with pytest.raises(InvalidInputError, match=r"steels_fold0.json is damaged .* Delete it"):
        run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)


def test_missing_data_of_a_later_task_are_missed_before_anything_is_fitted(tmp_path, monkeypatch):
    from skmat.benchmark import _task
    from skmat.exceptions import DatasetNotFoundError

    available = _task.fetch_matbench

    def fetch(task, **settings):
        if "jdft2d" in task:
            raise DatasetNotFoundError("no file")
        return available(task, **settings)

    monkeypatch.setattr(_task, "fetch_matbench", fetch)
    with pytest.raises(DatasetNotFoundError):
        run_matbench(Spy(tmp_path / "seen.joblib"), ["steels", "jdft2d"])
    assert not (tmp_path / "seen.joblib").exists()


def test_a_bad_row_in_another_process_names_the_fold():
    class Reader(DummyRegressor):
        def fit(self, X, y):
            MagpieFeaturizer().fit([*X, "no formula"])

    with pytest.raises(InvalidInputError, match="no formula") as raised:
        run_matbench(Reader(), ["steels"], folds=[1, 2], n_jobs=2)
    assert "of matbench_steels" in raised.value.__notes__[0]


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
    for _ in range(2000):
        if marker.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    assert marker.exists()
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


# What estimators return


class Returns(RegressorMixin, BaseEstimator):
    def __init__(self, shape=None):
        self.shape = shape

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros([len(X) if size == "n" else size for size in self.shape])


@pytest.mark.parametrize("shape", [("n", 2), (5,), (2, "n")])
def test_one_value_per_material_is_wanted(shape):
    with pytest.raises(InvalidInputError, match="needs one value for each") as raised:
        run_matbench(Returns(shape), ["steels"], folds=[0])
    assert "fold 0" in raised.value.__notes__[0]


def test_a_column_is_as_good():
    (fold,) = run_matbench(Returns(("n", 1)), ["steels"], folds=[0]).folds
    assert set(fold.predictions.values()) == {0.0}


class Classes(ClassifierMixin, BaseEstimator):
    """Predicts its second class, with a rounding error."""

    def __init__(self, classes=None):
        self.classes = classes

    def fit(self, X, y):
        self.classes_ = np.array(self.classes)
        return self

    def predict_proba(self, X):
        return np.tile([-2e-16, 1 + 2e-16], (len(X), 1))

    def predict(self, X):
        return np.full(len(X), self.classes_[1])


@pytest.mark.usefixtures("made_up_folds")
def test_classes_of_zero_and_one_are_false_and_true():
    (fold,) = run_matbench(Classes([0, 1]), ["glass"], folds=[0]).folds
    assert set(fold.predictions.values()) == {1.0}


@pytest.mark.usefixtures("made_up_folds")
def test_other_classes_are_refused():
    with pytest.raises(InvalidInputError, match=r"predicts the classes .*'metal'"):
        run_matbench(Classes(["metal", "no"]), ["glass"], folds=[0])


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

        def predict(self, X):
            return np.full(len(X), True)

    (fold,) = run_matbench(Sure(), ["glass"], folds=[0]).folds
    assert set(fold.predictions.values()) == {0.75}
    assert fold.scores["accuracy"] == pytest.approx(0.5, abs=0.01)
    assert fold.scores["roc_auc"] == 0.5


class OwnRule(ClassifierMixin, BaseEstimator):
    """Gives every probability of 0.5 or less, and calls a third of the rows True."""

    def fit(self, X, y):
        self.classes_ = np.array([False, True])
        return self

    def predict_proba(self, X):
        true = 0.1 + 0.4 * np.arange(len(X)) / len(X)
        return np.column_stack([1 - true, true])

    def predict(self, X):
        return np.arange(len(X)) >= 2 * len(X) / 3


@pytest.mark.usefixtures("made_up_folds")
def test_the_decision_rule_of_an_estimator_is_scored(tmp_path):
    (fold,) = run_matbench(OwnRule(), ["glass"], folds=[0], results_dir=tmp_path).folds
    task = MatbenchTask("glass")
    y = task.y[task.folds[0][1]]
    labels = OwnRule().predict(y)
    assert list(fold.labels.values()) == labels.tolist()
    assert fold.scores["accuracy"] == np.mean(labels == y)
    assert fold.scores["accuracy_at_half"] == np.mean(~y)
    assert fold.scores["balanced_accuracy_at_half"] == 0.5 != fold.scores["balanced_accuracy"]
    # Ten bins of equal count, here of neighbouring rows.
    true = OwnRule().fit(None, None).predict_proba(y)[:, 1]
    bins = 10 * np.arange(len(y)) // len(y)
    gaps = [abs((true - y)[bins == number].sum()) for number in range(10)]
    assert fold.scores["ece"] == pytest.approx(sum(gaps) / len(y))
    assert MatbenchResults.load(tmp_path).folds == [fold]


class WithIntervals(DummyRegressor):
    def predict_interval(self, X, coverage=None):
        assert coverage == 0.9
        return np.zeros(len(X)), np.full(len(X), 500.0)


def test_intervals_are_scored_where_there_are_any():
    settings = {"tasks": ["steels"], "folds": [0]}
    results = run_matbench(WithIntervals(), **settings)
    task = MatbenchTask("steels")
    y = task.y[task.folds[0][1]]
    assert results.folds[0].scores["coverage_90"] == np.mean((y >= 0) & (y <= 500))
    assert results.scores["width_90"].tolist() == [500]
    without = run_matbench(DummyRegressor(), **settings)
    assert not {"coverage_90", "width_90", "ece"} & set(without.folds[0].scores)
    assert without.scores["coverage_90"].isna().all()


def test_bad_intervals_name_the_fold():
    class Reversed(DummyRegressor):
        def predict_interval(self, X, coverage=None):
            return np.ones(len(X)), np.zeros(len(X))

    class Rows(DummyRegressor):
        def predict_interval(self, X, coverage=None):
            return np.zeros((len(X), 2))

    with pytest.raises(InvalidInputError, match="Fold 1 of matbench_steels: 63 of 63 intervals"):
        run_matbench(Reversed(), ["steels"], folds=[1])
    with pytest.raises(InvalidInputError, match=r"shape \(63, 2\) .* a pair of arrays") as raised:
        run_matbench(Rows(), ["steels"], folds=[1])
    assert "fold 1" in raised.value.__notes__[0]


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
    from skmat.benchmark._selection import choose_tasks

    assert len(choose_tasks("all", DummyRegressor())) == 10
    assert len(choose_tasks("all", make_pipeline(MagpieFeaturizer(), LinearSVC()))) == 3
    both = {"regression": DummyRegressor(), "classification": DummyClassifier()}
    assert len(choose_tasks("all", both)) == 13
    assert choose_tasks("steels", DummyRegressor()) == ["matbench_steels"]


@pytest.mark.parametrize(
    ("estimator", "tasks", "settings", "message"),
    [
        (DummyRegressor(), ["glass"], {}, "glass is a classification, but DummyRegressor"),
        (DummyClassifier(), ["steels"], {}, "steels is a regression, but DummyClassifier"),
        ({"regression": DummyRegressor()}, ["glass"], {}, r"but lacks one for matbench_glass"),
        ("forest", "all", {}, "must be a scikit-learn estimator .* got 'forest'"),
        (DummyRegressor(), ["steel"], {}, "Unknown Matbench task 'steel'"),
        (DummyRegressor(), ["steels"], {"folds": [5]}, r"integers from 0 to 4, got \[5\]"),
        (DummyRegressor(), ["steels"], {"folds": []}, "folds must be a sequence of integers"),
        (DummyRegressor(), ["steels"], {"folds": 0}, "folds must be a sequence of integers"),
        (DummyRegressor(), ["steels"], {"random_state": None}, "random_state must be an integer"),
        (DummyRegressor(), [], {}, "tasks is empty"),
        (KMeans(), "all", {}, "KMeans is neither a regressor nor a classifier"),
        ({"regressor": DummyRegressor()}, "all", {}, "keys .'regressor'.[.] Keys must be"),
        (FrozenEstimator(DummyRegressor()), ["steels"], {}, "steels is a FrozenEstimator"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_fitted(
    estimator, tasks, settings, message
):
    with pytest.raises(InvalidInputError, match=message):
        run_matbench(estimator, tasks, **settings)


def test_integers_of_numpy_are_integers(tmp_path):
    settings = {"folds": np.arange(1), "random_state": np.int64(3), "results_dir": tmp_path}
    (fold,) = run_matbench(DummyRegressor(), ["steels"], **settings).folds
    assert (fold.fold, fold.random_state) == (0, 3)


def test_a_pipeline_is_called_by_its_last_step():
    assert run_matbench(forest(1), ["steels"], folds=[0]).name == "RandomForestRegressor"


def test_a_line_per_fold(capsys, tmp_path):
    settings = {"folds": [0, 2], "results_dir": tmp_path, "verbose": 1}
    run_matbench(DummyRegressor(), ["steels"], **settings)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/2] matbench_steels fold 0: mae ")
    assert lines[0].endswith("done)")
    assert " MPa (" in lines[1]
    run_matbench(DummyRegressor(), ["steels"], **settings)
    assert capsys.readouterr().err.count("found)") == 2
