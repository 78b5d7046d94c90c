import json

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from skmat.benchmark import MatbenchResults, run_matbench
from skmat.exceptions import InvalidInputError


@pytest.fixture
def results(made_up_tasks):
    return run_matbench(DummyRegressor(), ["steels", "jdft2d"], name="mean")


def test_scores_and_summary(results):
    scores = results.scores
    assert len(scores) == 10
    assert scores[["roc_auc", "f1"]].isna().all(axis=None)
    summary = results.summary()
    steels = scores.loc[scores["task"] == "matbench_steels", "mae"]
    assert summary.loc["matbench_steels", "mean"] == pytest.approx(steels.mean())
    assert summary.loc["matbench_steels", "std"] == pytest.approx(np.std(steels))
    assert summary["unit"].tolist() == ["MPa", "meV/atom"]
    assert repr(results).startswith("MatbenchResults('mean', 10 folds")


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_scores_survive_a_file(results, tmp_path, ending):
    results.save_scores(tmp_path / f"scores{ending}")
    loaded = MatbenchResults.load(tmp_path / f"scores{ending}")
    assert loaded.name == "mean"
    pd.testing.assert_frame_equal(loaded.scores, results.scores)
    assert loaded.folds[0].parameters == results.folds[0].parameters
    with pytest.raises(InvalidInputError, match="holds no predictions"):
        loaded.save(tmp_path / "official.json")


def test_the_official_format_wants_all_folds(made_up_tasks, tmp_path):
    some = run_matbench(DummyRegressor(), ["steels"], folds=[0, 1])
    with pytest.raises(InvalidInputError, match=r"steels has the folds \[0, 1\]"):
        some.save(tmp_path / "official.json")


def test_a_fold_may_be_there_once(results):
    with pytest.raises(InvalidInputError, match="Fold 2 of matbench_jdft2d is there twice"):
        MatbenchResults("twice", [*results.folds, results.folds[7]])


def test_no_folds_have_an_empty_summary(tmp_path):
    empty = MatbenchResults("nothing", [])
    assert len(empty.summary()) == len(empty.scores) == 0
    with pytest.raises(InvalidInputError, match="no folds to write"):
        empty.save(tmp_path / "results.json")


def test_folds_of_different_settings_are_not_read_as_one(made_up_tasks, tmp_path):
    for strategy, fold in (("mean", 0), ("median", 1)):
        folder = tmp_path / strategy
        run_matbench(
            DummyRegressor(strategy=strategy), ["steels"], folds=[fold], results_dir=folder
        )
    stray = tmp_path / "median" / "matbench_steels_fold1.json"
    stray.rename(tmp_path / "mean" / stray.name)
    with pytest.raises(InvalidInputError, match=r"steels in .* were run with different settings"):
        MatbenchResults.load(tmp_path / "mean")


def test_what_is_no_result_is_named(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    for path in ("absent.json", "other.json", "."):
        with pytest.raises(InvalidInputError, match="cannot be read as results"):
            MatbenchResults.load(tmp_path / path)
    (tmp_path / "run.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(InvalidInputError, match="holds no results"):
        MatbenchResults.load(tmp_path)
