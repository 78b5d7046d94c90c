"""Searches, averages and predictions on Dask and on Ray give what one process gives."""

import re
import shutil
import textwrap
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmat import AutoClassifier, AutoRegressor, MTEncoderRegressor
from skmat.screening import Predictor, merge_parts, predict_stream

# On one worker of pytest-xdist, so that each cluster starts once.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("clusters"),
    pytest.mark.usefixtures("one_thread"),
]

FORMULAS = [
    f"{metal}{halide}" for metal in ("Li", "Na", "K", "Rb") for halide in ("F", "Cl", "Br")
]
GAPS = np.random.default_rng(0).uniform(5, 13, (len(FORMULAS), 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    model = AutoRegressor(preset=["trees"], random_state=0).fit(FORMULAS, GAPS[:, 0])
    return model.save_model(tmp_path_factory.mktemp("models") / "gap")


@pytest.fixture(params=["dask", "ray"])
def backend(request):
    request.getfixturevalue(f"{request.param}_cluster")
    return request.param


def searched():
    model = MTEncoderRegressor(max_epochs=1, random_state=0, precision="float32")
    grid = {"loss_weights": [None, [1.0, 3.0]], "pretrained": [None, "mtencoder-multi"]}
    return GridSearchCV(model, grid, cv=2, n_jobs=2).fit(FORMULAS, GAPS)


def averaged():
    tiny = MTEncoderRegressor(preset="tiny", max_epochs=2)
    model = AutoRegressor(
        preset=["trees"], candidates=[("tiny", tiny)], cv=2, random_state=0, n_jobs=2
    )
    return model.fit(FORMULAS, GAPS[:, 0])


def test_searches_are_equal(backend):
    with parallel_config(backend=backend):
        found = searched()
    expected = searched()
    for name in ("mean_test_score", "std_test_score"):
        np.testing.assert_array_equal(found.cv_results_[name], expected.cv_results_[name])


def test_averages_are_equal(backend):
    with parallel_config(backend=backend):
        found = averaged()
    expected = averaged()
    np.testing.assert_array_equal(found.oof_predictions_, expected.oof_predictions_)
    np.testing.assert_array_equal(found.predict(FORMULAS), expected.predict(FORMULAS))


def test_networks_of_an_ensemble_are_equal(backend):
    model = MTEncoderRegressor(preset="tiny", max_epochs=2, n_estimators=3, random_state=0)
    with parallel_config(backend=backend, n_jobs=2):
        found = clone(model).fit(FORMULAS, GAPS).predict(FORMULAS)
    np.testing.assert_array_equal(found, model.fit(FORMULAS, GAPS).predict(FORMULAS))


def test_averages_of_classifiers_are_equal(backend):
    def fitted():
        model = AutoClassifier(preset=["trees", "svm"], cv=2, random_state=0, n_jobs=2)
        return model.fit(FORMULAS * 3, GAPS[:, 0].repeat(3) > 9).predict_proba(FORMULAS)

    with parallel_config(backend=backend):
        found = fitted()
    np.testing.assert_array_equal(found, fitted())


def test_streams_are_equal(backend, folder, tmp_path):
    with parallel_config(backend=backend, n_jobs=2):
        predict_stream(folder, FORMULAS, tmp_path / "many", chunk_size=3, verbose=0)
    predict_stream(folder, FORMULAS, tmp_path / "one", chunk_size=3, verbose=0)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "many" / path.name).read_bytes()


def test_partitions_of_dask_are_batches(dask_cluster, folder):
    dataframe = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame({"formula": [*FORMULAS, "what?"]})
    predictor = Predictor(folder)
    expected = predictor(frame)
    found = dataframe.from_pandas(frame, npartitions=3).map_partitions(
        predictor, meta=predictor(frame.head(1))
    )
    found = found.compute()
    np.testing.assert_array_equal(found["y_predicted"], expected["y_predicted"])
    assert found["problem"].tolist() == expected["problem"].tolist()


def test_batches_of_ray_are_batches(ray_cluster, folder):
    data = pytest.importorskip("ray.data")
    frame = pd.DataFrame({"formula": [*FORMULAS, "what?"]})
    predictor = Predictor(folder)
    expected = predictor(frame)
    found = data.from_pandas(frame).map_batches(predictor, batch_size=5).to_pandas()
    found = found.set_index("formula").loc[frame["formula"]]
    np.testing.assert_array_equal(found["y_predicted"], expected["y_predicted"])
    assert found["problem"].tolist() == expected["problem"].tolist()


@pytest.fixture
def names(folder, tmp_path, monkeypatch):
    """What the recipes of the guide take for granted: names, and files in the working folder."""
    shutil.copytree(folder, tmp_path / "seebeck")
    (tmp_path / "candidates").mkdir()
    frame = pd.DataFrame({"formula": FORMULAS})
    frame.to_csv(tmp_path / "candidates" / "a.csv", index=False)
    monkeypatch.chdir(tmp_path)
    search = GridSearchCV(MTEncoderRegressor(preset="tiny", max_epochs=1), {"lr": [1e-3]}, cv=2)
    return {
        "AutoRegressor": partial(AutoRegressor, preset=["trees"]),
        "predict_stream": predict_stream,
        "search": search,
        "frame": frame,
        "X": FORMULAS,
        "y": GAPS[:, 0],
    }


def recipe(*words):
    """Return the code of the guide that holds all words."""
    page = Path(__file__).parents[2] / "docs" / "user_guide" / "screening.rst"
    blocks = page.read_text(encoding="utf-8").split(".. code-block:: python\n")[1:]
    codes = [re.match(r"(\n| {3}.*\n)+", block)[0] for block in blocks]
    (code,) = [textwrap.dedent(code) for code in codes if all(word in code for word in words)]
    return code


def test_the_recipe_for_dask(dask_cluster, names):
    code = recipe("Client(").replace("scheduler:8786", dask_cluster.scheduler_address)
    exec(code, names)
    assert names["search"].best_params_ == {"lr": 1e-3}
    names["client"].close()
    merge_parts("out", "merged.csv")
    assert len(pd.read_csv("merged.csv")) == len(FORMULAS)


def test_the_recipe_for_ray(ray_cluster, names):
    code = recipe("register_ray()", "AutoRegressor")
    joins = 'ray.init("auto")'
    assert joins in code
    # The process that starts a cluster has joined it.
    exec(code.replace(joins, "assert ray.is_initialized()"), names)


def test_the_recipe_for_tables(dask_cluster, ray_cluster, names):
    """Spark is not installed. Its table hands frames to a function."""
    dataframe = pytest.importorskip("dask.dataframe")
    frame, found = names["frame"], {}

    class Spark:
        def mapInPandas(self, function, schema):
            found["spark"] = pd.concat(function(iter([frame[:5], frame[5:]])))

    names |= {
        "frame": dataframe.from_pandas(frame, npartitions=2),
        "dataset": ray_cluster.data.from_pandas(frame),
        "table": Spark(),
        "schema": None,
    }
    code = recipe("Predictor(", "map_partitions", "map_batches")
    # The lines of the recipe drop what they return.
    for engine in ("frame.map_p", "dataset.map_b"):
        assert f"\n{engine}" in code
        code = code.replace(f"\n{engine}", f"\nfound_by_{engine[:5]} = {engine}")
    exec(code, names)
    expected = names["predictor"](frame)["y_low"]
    by_ray = names["found_by_datas"].to_pandas().set_index("formula").loc[frame["formula"]]
    for each in (names["found_by_frame"].compute(), by_ray, found["spark"]):
        np.testing.assert_array_equal(each["y_low"], expected)
