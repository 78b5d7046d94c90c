"""Searches, averages and predictions on Dask and on Ray give what one process gives."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skmat import AutoClassifier, AutoRegressor, MTEncoderRegressor
from skmat.screening import Predictor, predict_stream

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


@pytest.fixture(scope="module")
def dask_cluster():
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        yield "dask"


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield "ray"
    ray.shutdown()


@pytest.fixture(params=["dask_cluster", "ray_cluster"])
def backend(request):
    return request.getfixturevalue(request.param)


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
