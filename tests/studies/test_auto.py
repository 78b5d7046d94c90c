"""What the study of Auto estimators measures, with stand-ins for them and for the tasks."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.utils import Bunch

from skmat.benchmark import score_predictions
from skmat.benchmark._calibration import expected_calibration_error
from skmat.datasets._matbench_tasks import MATBENCH_TASKS, resolve_task_name

N_TRAIN, N_TEST = 19, 40


class Task:
    """Rows of one number; the labels are that number, or whether it is above a third."""

    def __init__(self, name, input="formula"):
        self.info = MATBENCH_TASKS[resolve_task_name(name)]
        self.X = np.random.default_rng(0).random(N_TRAIN + N_TEST)
        self.y = self.X if self.info.kind == "regression" else self.X > 1 / 3
        rows = np.arange(N_TRAIN + N_TEST)
        self.folds = [(rows[:N_TRAIN], rows[N_TRAIN:])] * 5


class StandIn(BaseEstimator):
    def __init__(self, preset=None, keep_candidates=False, random_state=None):
        self.preset, self.random_state = preset, random_state
        self.keep_candidates = keep_candidates

    def fit(self, X, y):
        assert len(X) == len(y) == N_TRAIN
        assert self.random_state == 0
        assert self.keep_candidates
        columns = ["candidate", "target", "error", "weight", "seconds_fit", "seconds_predict"]
        rows = [
            ["one", "y", 0.5, 0.75, 2.0, 0.1],
            ["other", "y", 0.6, 0.25, 2.0, 0.1],
            ["broken", "", np.nan, 0.0, np.nan, np.nan],
        ]
        status = ["fitted", "fitted", "ValueError: no"]
        self.leaderboard_ = pd.DataFrame(rows, columns=columns).assign(status=status)
        return self


class AutoRegressor(RegressorMixin, StandIn):
    """Predicts 0.1 too much."""

    def fit(self, X, y):
        # Residuals of 0, 0.1 ... 1.8.
        self.oof_predictions_ = (y - np.arange(N_TRAIN) / 10)[:, None]
        return super().fit(X, y)

    def predict(self, X):
        return X + 0.1

    def predict_interval(self, X, coverage=None):
        return X, X + 0.3

    def predict_candidates(self, X):
        return {"one": X[:, None] + 0.4, "other": np.full(len(X), np.nan)}


class AutoClassifier(ClassifierMixin, StandIn):
    """Gives every probability below a half, and calls more than 0.4 True."""

    def __init__(self, preset=None, decision=None, keep_candidates=False, random_state=None):
        super().__init__(preset, keep_candidates, random_state)
        self.decision = decision

    def fit(self, X, y):
        assert self.decision == "balanced_accuracy"
        self.classes_ = np.array([False, True])
        return super().fit(X, y)

    def predict_proba(self, X):
        return np.column_stack([1 - X / 2, X / 2])

    def predict(self, X):
        return X > 0.4

    def predict_candidates(self, X):
        half = np.full(len(X), 0.5)
        return {"one": np.column_stack([1 - X, X]), "other": np.column_stack([half, half])}


@pytest.fixture
def auto(studies, monkeypatch):
    import auto
    import cells

    monkeypatch.setattr(auto, "MatbenchTask", Task)
    monkeypatch.setattr(cells, "AutoRegressor", AutoRegressor)
    monkeypatch.setattr(cells, "AutoClassifier", AutoClassifier)
    return auto


@pytest.fixture
def measured(auto):
    def measure(task):
        study, _ = auto.STUDIES
        cell = {"model": "auto-medium", "task": task, "fold": 0}
        return study.measure(cell, study.settings, None)

    return measure


def test_small_tasks_have_all_folds_and_models_are_made_when_they_run(auto):
    study, _ = auto.STUDIES
    folds = {info.short_name: [] for info in MATBENCH_TASKS.values()}
    for cell in study.cells:
        folds[cell["task"]].append(cell["fold"])
    sizes = [len(each) for each in folds.values()]
    assert sizes[:3] == [5, 5, 5]
    assert all(each == list(range(len(each))) for each in folds.values())
    assert all(folds.values())
    limited = {cell["task"] for cell in study.cells if cell["model"] == "auto-unseen-45min"}
    assert limited == {"mp_gap", "mp_is_metal", "mp_e_form"}
    assert {cell["model"] for cell in study.cells} == set(study.settings["models"])


def test_structures_are_read_where_a_model_reads_them(auto, monkeypatch):
    read = []

    def task(name, input):
        read.append((name, input))
        return Task(name)

    monkeypatch.setattr(auto, "MatbenchTask", task)
    for study in auto.STUDIES:
        study.measure(study.cells[0], study.settings, None)
    assert read == [("steels", "formula"), ("phonons", "structure")]


def test_a_regression_is_measured_with_its_candidates(measured):
    row = measured("steels")
    json.dumps(row, allow_nan=False)
    assert (row["n_train"], row["n_test"]) == (N_TRAIN, N_TEST)
    assert row["scores"]["mae"] == pytest.approx(0.1)
    assert row["scores"]["coverage_90"] == 1
    assert row["scores"]["width_90"] == pytest.approx(0.3)
    one = row["candidates"]["one"]
    assert one["scores"]["mae"] == pytest.approx(0.4)
    assert (one["error"], one["weight"], one["status"]) == (0.5, 0.75, "fitted")
    assert not {"candidate", "target"} & set(one)
    assert set(row["candidates"]) == {"one", "other", "broken"}
    assert "ece_before" not in row
    assert "skmat" in row["versions"]


def test_candidates_that_fail_or_cannot_be_scored_are_kept_without_scores(measured):
    candidates = measured("steels")["candidates"]
    assert "scores" not in candidates["broken"]
    assert candidates["broken"]["status"] == "ValueError: no"
    assert candidates["broken"]["error"] is None
    assert "scores" not in candidates["other"]
    assert "not a finite number" in candidates["other"]["not_scored"]


def test_intervals_of_one_width_come_from_the_residuals(auto, measured):
    # The 18th of 19 residuals: nine tenths of 20, rounded up.
    row = measured("steels")
    # No label is below 0, and intervals end there.
    expected = np.mean(Task("steels").X[N_TRAIN:] + 0.1 + 1.7)
    assert row["constant"]["width_90"] == pytest.approx(expected)
    assert row["constant"]["coverage_90"] == 1
    fitted, y = Bunch(oof_predictions_=np.zeros(10)), np.arange(10.0) - 1
    interval = auto.constant_interval(fitted, y, np.array([3.0]))
    assert interval.tolist() == [[3 - 8, 3 + 8]]
    # Rows without an out-of-fold prediction give no residual, and eight are too few for 90 %.
    fitted.oof_predictions_[:2] = np.nan
    assert auto.constant_interval(fitted, y, np.array([3.0])) is None
    assert auto.constant_interval(Bunch(), y, np.array([3.0])) is None


def test_a_classification_is_measured_by_its_own_rule(measured):
    row = measured("glass")
    json.dumps(row, allow_nan=False)
    data = Task("glass")
    X, y, prior = data.X[N_TRAIN:], data.y[N_TRAIN:], data.y[:N_TRAIN].mean()
    assert row["scores"]["balanced_accuracy"] == balanced_accuracy_score(y, X > 0.4)
    assert row["scores"]["balanced_accuracy_at_half"] == 0.5
    assert row["scores"]["ece"] == expected_calibration_error(y, X / 2)
    assert "constant" not in row
    one = row["candidates"]["one"]["scores"]
    assert one["roc_auc"] == roc_auc_score(y, X) == 1
    assert one["balanced_accuracy"] == balanced_accuracy_score(y, prior < X)
    half = balanced_accuracy_score(y, X > 0.5)
    assert one["balanced_accuracy_at_half"] == half != one["balanced_accuracy"]


def test_the_calibration_error_before_is_that_of_the_mean_of_the_candidates(measured):
    data = Task("glass")
    X, y = data.X[N_TRAIN:], data.y[N_TRAIN:]
    error = expected_calibration_error(y, 0.75 * X + 0.25 * 0.5)
    row = measured("glass")
    assert row["ece_before"] == pytest.approx(error)
    assert row["ece_before"] != row["scores"]["ece"]


def test_a_run_goes_on_where_it_stopped(auto, tmp_path):
    import runner

    study, _ = auto.STUDIES
    only = {"task": ["steels"], "fold": ["0", "1"]}
    runner.run(study, tmp_path, tmp_path / "work", only={**only, "fold": ["1"]}, say=str)
    said = []
    runner.run(study, tmp_path, tmp_path / "work", only=only, say=said.append)
    assert said == ["[1/1] auto: model auto-medium, task steels, fold 0"]
    rows = json.loads((tmp_path / "auto.json").read_text())["rows"]
    assert [(row["task"], row["fold"]) for row in rows] == [("steels", 0), ("steels", 1)]
    expected = score_predictions(Task("steels").y[N_TRAIN:], AutoRegressor().predict(
        Task("steels").X[N_TRAIN:]
    ))  # fmt: skip
    assert rows[0]["scores"]["mae"] == expected["mae"]
