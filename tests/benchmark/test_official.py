import gzip
import json

import joblib
import pytest
from common.matbench import each_task
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline

from skmat import MagpieFeaturizer
from skmat.benchmark import MatbenchTask, make_baseline, run_matbench, score_predictions

VALIDATE = """
import json, sys
from matbench.bench import MatbenchBenchmark
benchmark = MatbenchBenchmark.from_file(sys.argv[1])
errors = benchmark.validate()
scores = {task.dataset_name: task.scores for task in benchmark.tasks}
print(json.dumps([errors, benchmark.is_recorded, scores]))
"""

#: Scores predictions with the functions of the official package alone.
RESCORE = """
import json, sys
import joblib
from matbench.data_ops import score_array
held, labels = json.load(open(sys.argv[1])), joblib.load(sys.argv[2])
scores = {}
for name, task in held["tasks"].items():
    for fold, result in task["results"].items():
        truth = [labels[name][id_] for id_ in result["data"]]
        kind = "classification" if isinstance(truth[0], bool) else "regression"
        scores[f"{name} {fold}"] = score_array(truth, list(result["data"].values()), kind)
print(json.dumps(scores))
"""


def forests(n_trees=10):
    return {
        "regression": make_pipeline(MagpieFeaturizer(), RandomForestRegressor(n_trees)),
        "classification": make_pipeline(MagpieFeaturizer(), RandomForestClassifier(n_trees)),
    }


@pytest.mark.parametrize("compressed", [False, True])
def test_the_official_package_validates_our_file(
    made_up_tasks, official_package, tmp_path, compressed
):
    results = run_matbench(forests(2), ["steels", "jdft2d"], name="forest")
    results.save(tmp_path / ("results.json.gz" if compressed else "results.json"))
    if compressed:  # which a submission is, but the package does not read
        content = gzip.decompress((tmp_path / "results.json.gz").read_bytes())
        (tmp_path / "results.json").write_bytes(content)
    errors, recorded, scores = official_package.json(VALIDATE, tmp_path / "results.json")
    assert errors == {}
    assert recorded
    ours = results.summary()["mean"]
    for name in ours.index:
        assert scores[name]["mae"]["mean"] == pytest.approx(ours[name], rel=1e-12)


def test_a_file_that_was_altered_is_refused_by_the_official_package(
    made_up_tasks, official_package, tmp_path
):
    results = run_matbench(forests(1)["regression"], ["steels"])
    results.save(tmp_path / "results.json")
    text = (tmp_path / "results.json").read_text()
    held = json.loads(text)
    held["user_metadata"]["algorithm"] = "better forest"
    (tmp_path / "altered.json").write_text(json.dumps(held))
    code = VALIDATE.replace("benchmark = ", "import contextlib\ntry:\n    benchmark = ", 1)
    code = (
        code.split("errors = ")[0]
        + "except ValueError as error:\n    print(json.dumps(str(error)))"
    )
    assert "Hash" in official_package.json(code, tmp_path / "altered.json")


@pytest.mark.parametrize("predicted_labels", [False, True])
def test_the_official_package_recomputes_our_scores(
    data_home, official_package, tmp_path, predicted_labels
):
    models = forests()
    with_rule = FixedThresholdClassifier(RandomForestClassifier(10), threshold=0.7)
    models["classification"] = make_pipeline(MagpieFeaturizer(), with_rule)
    tasks = ["steels", "expt_is_metal"]
    results = run_matbench(models, tasks, data_home=data_home, name="forest")
    results.save(tmp_path / "results.json", labels=predicted_labels)
    assert official_package.json(VALIDATE, tmp_path / "results.json")[0] == {}
    labels = {}
    for name in results.tasks:
        task = MatbenchTask(name, data_home=data_home)
        labels[name] = dict(zip(task.ids, task.y.tolist(), strict=True))
    joblib.dump(labels, tmp_path / "labels.joblib")
    recomputed = official_package.json(
        RESCORE, tmp_path / "results.json", tmp_path / "labels.joblib"
    )
    assert len(recomputed) == 10
    for result in results.folds:
        scores = recomputed[f"{result.task} fold_{result.fold}"]
        for name in ("mae", "rmse", "mape", "max_error"):
            if name in scores:
                assert result.scores[name] == pytest.approx(scores[name], rel=1e-12), name
        if "rocauc" in scores:
            rule = "" if predicted_labels else "_at_half"
            for name in ("accuracy", "f1", "balanced_accuracy"):
                ours = result.scores[f"{name}{rule}"]
                assert ours == pytest.approx(scores[name], rel=1e-12), name
            # This one is of labels too.
            assert result.scores[f"balanced_accuracy{rule}"] == pytest.approx(scores["rocauc"])
            assert result.scores["accuracy"] != result.scores["accuracy_at_half"]


@each_task()
def test_our_scores_of_a_published_file_are_the_published_ones(
    name, data_home, official_package, published_random
):
    """The official package holds one full set of predictions, with the scores it gave them."""
    task = MatbenchTask(name, data_home=data_home)
    for fold, (_, test) in enumerate(task.folds):
        result = published_random[name]["results"][f"fold_{fold}"]
        assert set(result["data"]) == set(task.ids[test])
        predictions = [result["data"][id_] for id_ in task.ids[test]]
        scores = score_predictions(task.y[test], predictions)
        for metric, score in result["scores"].items():
            if metric == "mape":  # the file is older than the package's rule for zeros
                continue
            ours = "balanced_accuracy" if metric == "rocauc" else metric
            assert scores[ours] == pytest.approx(score, rel=1e-12), (fold, metric)


@pytest.fixture(scope="module")
def published_random(official_package):
    path = official_package.folder / "matbench" / "tests" / "mb_all_tasks_random.json"
    return json.loads(path.read_text())["tasks"]


#: Mean over folds of the entry "dummy" of the public leaderboard, to six digits.
PUBLISHED_DUMMY = {
    "steels": 229.744530,
    "jdft2d": 67.285087,
    "phonons": 323.982226,
    "expt_gap": 1.143527,
    "dielectric": 0.808820,
    "log_gvrh": 0.293148,
    "log_kvrh": 0.289694,
    "perovskites": 0.565999,
    "mp_gap": 1.327156,
    "mp_e_form": 1.005927,
}


@each_task(PUBLISHED_DUMMY)
def test_predicting_the_mean_gives_the_published_score(name, data_home):
    results = run_matbench(make_baseline("dummy"), [name], data_home=data_home)
    assert results.summary()["mean"].item() == pytest.approx(PUBLISHED_DUMMY[name], abs=5e-7)
