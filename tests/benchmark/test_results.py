import gzip
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor

from skmat.benchmark import (
    FoldResult,
    MatbenchResults,
    _results,
    run_matbench,
    score_predictions,
)
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


def test_results_are_a_table_in_a_notebook(results):
    text = MatbenchResults("a < b", results.folds[:6])._repr_html_()
    assert "MatbenchResults of a &lt; b" in text
    steels = results.summary().loc["matbench_steels"]
    assert f"mae {steels['mean']:.4g} ± {steels['std']:.2g} MPa, 5 folds<" in text
    assert "meV/atom, 1 fold<" in text


@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_scores_survive_a_file(results, tmp_path, ending):
    results.save_scores(tmp_path / f"scores{ending}")
    loaded = MatbenchResults.load(tmp_path / f"scores{ending}")
    assert loaded.name == "mean"
    pd.testing.assert_frame_equal(loaded.scores, results.scores)
    assert loaded.folds[0].parameters == results.folds[0].parameters
    with pytest.raises(InvalidInputError, match="without predictions"):
        loaded.save(tmp_path / "official.json")


def test_the_official_format_wants_all_folds(made_up_tasks, tmp_path):
    some = run_matbench(DummyRegressor(), ["steels"], folds=[0, 1])
    with pytest.raises(InvalidInputError, match=r"steels has the folds \[0, 1\]"):
        some.save(tmp_path / "official.json")


def test_a_fold_may_be_there_once(results):
    with pytest.raises(InvalidInputError, match="Fold 2 of matbench_jdft2d occurs twice"):
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


def older(scores):
    """Return a fold with the scores that files had before `predict` was scored."""
    values = dict.fromkeys(("seconds_fit", "seconds_predict", "peak_memory_mb"), 1.0)
    values |= {"task": "matbench_glass", "fold": 0, "n_train": 80, "n_test": 20}
    values |= {"parameters": {}, "random_state": 0, "versions": {}}
    return values | {"scores": dict(zip(LABEL_SCORES, scores, strict=True))}


LABEL_SCORES = ("roc_auc", "balanced_accuracy", "accuracy", "f1")


def test_older_files_hold_scores_of_labels_at_one_half(tmp_path):
    probabilities = FoldResult.from_dict(older([0.9, 0.8, 0.7, 0.6]))
    assert probabilities.scores["roc_auc"] == 0.9
    half = [probabilities.scores[f"{name}_at_half"] for name in LABEL_SCORES[1:]]
    assert half == [0.8, 0.7, 0.6]
    assert all(np.isnan(probabilities.scores[name]) for name in LABEL_SCORES[1:])
    labels = FoldResult.from_dict(older([None, 0.8, 0.7, 0.6]))
    assert [labels.scores[name] for name in LABEL_SCORES[1:]] == [0.8, 0.7, 0.6]
    assert all(np.isnan(labels.scores[f"{name}_at_half"]) for name in LABEL_SCORES[1:])
    # What was read is written in the newer form, and read again as it is.
    MatbenchResults("older", [probabilities]).save_scores(tmp_path / "scores.json")
    (again,) = MatbenchResults.load(tmp_path / "scores.json").folds
    assert json.loads(again.to_json()) == json.loads(probabilities.to_json())


def test_a_submission_has_probabilities_or_predicted_labels(tmp_path):
    probabilities, labels = {"a": 0.4, "b": 0.3}, {"a": True, "b": False}
    scores = score_predictions(
        np.array([True, False]), np.array([0.4, 0.3]), labels=np.array([True, False])
    )
    held = older([0.0] * 4) | {"scores": scores, "predictions": probabilities, "labels": labels}
    results = MatbenchResults(
        "rule", [FoldResult.from_dict(held | {"fold": fold}) for fold in range(5)]
    )
    for wanted, data, score in ((False, probabilities, 0.5), (True, labels, 1.0)):
        results.save(tmp_path / "official.json", labels=wanted)
        task = json.loads((tmp_path / "official.json").read_text())["tasks"]["matbench_glass"]
        fold = task["results"]["fold_3"]
        assert fold["data"] == data
        assert fold["scores"]["balanced_accuracy"] == fold["scores"]["rocauc"] == score
        assert fold["scores"]["accuracy"] == score


def test_labels_that_are_not_stored_are_missed(tmp_path):
    held = older([0.9, 0.8, 0.7, 0.6]) | {"predictions": {"a": 0.4}}
    results = MatbenchResults(
        "older", [FoldResult.from_dict(held | {"fold": fold}) for fold in range(5)]
    )
    results.save(tmp_path / "official.json")
    with pytest.raises(InvalidInputError, match="Fold 0 of matbench_glass has probabilities"):
        results.save(tmp_path / "official.json", labels=True)


def test_values_and_labels_alone_are_the_same_in_both_submissions(results, tmp_path):
    files = [tmp_path / "official.json", tmp_path / "labels.json"]
    for path, labels in zip(files, (False, True), strict=True):
        results.save(path, labels=labels)
    one, other = (json.loads(path.read_text())["tasks"] for path in files)
    assert one == other


def test_what_is_no_result_is_named(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    for path in ("absent.json", "other.json", "."):
        with pytest.raises(InvalidInputError, match="cannot be read as results"):
            MatbenchResults.load(tmp_path / path)
    (tmp_path / "run.json").write_text(json.dumps({"name": "x"}))
    with pytest.raises(InvalidInputError, match="holds no results"):
        MatbenchResults.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[" * 100_000, b"[]", b"3", b'{"name": "x"}', b"\xff", b'{"a":' * 5000),
        b'{"name": "x", "settings": [], "folds": [3]}',
        b'{"name": "x", "settings": [], "folds": {"a": 1}}',
        b'{"name": "x", "settings": [{}], "folds": [{"settings": 0}]}',
        b'{"name": [1], "settings": [], "folds": []}',
    ],
    ids=range(11),
)
@pytest.mark.parametrize("ending", [".json", ".json.gz"])
def test_files_of_other_content_are_refused(tmp_path, content, ending):
    path = tmp_path / f"scores{ending}"
    path.write_bytes(gzip.compress(content) if ending == ".json.gz" else content)
    with pytest.raises(InvalidInputError, match="cannot be read as results"):
        MatbenchResults.load(path)
    if ending == ".json.gz":
        for damaged in (b"no gzip", path.read_bytes()[:-9], path.read_bytes()[:12] + b"x" * 40):
            path.write_bytes(damaged)
            with pytest.raises(InvalidInputError, match="cannot be read as results"):
                MatbenchResults.load(path)


def test_no_more_is_decompressed_than_results_have(tmp_path, monkeypatch):
    (tmp_path / "scores.json.gz").write_bytes(gzip.compress(b" " * 2**24))
    monkeypatch.setattr(_results, "_MOST_BYTES", 2**20)
    with pytest.raises(InvalidInputError, match="more than 1,048,576 bytes"):
        MatbenchResults.load(tmp_path / "scores.json.gz")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("task", 3), ("task", "no_task"), ("fold", "0"), ("fold", True), ("scores", [1])),
        *(("scores", {"mae": "low"}), ("scores", None), ("predictions", {"a": [1]})),
        *(("labels", {"a": 1}), ("labels", [True])),
        *(("n_train", 1.5), ("seconds_fit", "long"), ("versions", "1"), ("parameters", None)),
    ],
)
def test_fields_of_other_types_are_refused(results, tmp_path, field, value):
    results.save_scores(tmp_path / "scores.json")
    held = json.loads((tmp_path / "scores.json").read_text())
    part = held["folds"][0]
    is_of_fold = field in part or field in ("predictions", "labels")
    (part if is_of_fold else held["settings"][0])[field] = value
    (tmp_path / "scores.json").write_text(json.dumps(held))
    with pytest.raises(InvalidInputError, match="cannot be read as results"):
        MatbenchResults.load(tmp_path / "scores.json")


def test_files_of_folds_under_other_names_are_refused(made_up_tasks, tmp_path):
    run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
    file = tmp_path / "matbench_steels_fold0.json"
    for name in ("matbench_steels_fold3.json", "matbench_jdft2d_fold0.json"):
        (tmp_path / name).write_bytes(file.read_bytes())
        with pytest.raises(InvalidInputError, match=f"{name} is damaged .* holds fold 0 of"):
            MatbenchResults.load(tmp_path)
        (tmp_path / name).unlink()
    for content in (b"[" * 100_000, b"{", b"[]"):
        file.write_bytes(content)
        with pytest.raises(InvalidInputError, match="is damaged"):
            MatbenchResults.load(tmp_path)


@pytest.mark.parametrize("path", ["x" * 300, "a\0b"])
def test_paths_that_no_file_system_has_are_refused(made_up_tasks, path):
    with pytest.raises(InvalidInputError, match=r"results_dir=.* is not a valid path"):
        run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=path)
    with pytest.raises(InvalidInputError, match="cannot be read as results"):
        MatbenchResults.load(path)


def test_what_killed_writers_left_in_a_folder_is_removed(made_up_tasks, tmp_path):
    for name in (".matbench_steels_fold0.json.0123456789abcdef", ".run.json.0123456789abcdef"):
        (tmp_path / name).write_text("half")
    run_matbench(DummyRegressor(), ["steels"], folds=[0], results_dir=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "matbench_steels_fold0.json",
        "run.json",
    ]
