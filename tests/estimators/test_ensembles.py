"""Networks of one fit that are trained side by side are those of one after another."""

import numpy as np
import pytest
from common.materials import FORMULAS
from joblib import parallel_config
from matminer.featurizers.composition import ElementFraction
from skorch.callbacks import EpochTimer

from skmat import MatminerFeaturizer, MTEncoderRegressor
from skmat.estimators import _train
from skmat.objectives import Distillation

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = np.random.default_rng(0).normal(size=(len(FORMULAS), 2))


def make(**settings):
    given = {"n_estimators": 3, "max_epochs": 2, "random_state": 0, **settings}
    return MTEncoderRegressor(preset="tiny", pretrained=None, **given)


def assert_equal(found, expected):
    np.testing.assert_array_equal(found.predict(FORMULAS), expected.predict(FORMULAS))
    # Without the seconds of an epoch.
    for one, other in zip(found.estimators_, expected.estimators_, strict=True):
        losses = [[row["train_loss"] for row in each.history] for each in (one, other)]
        assert losses[0] == losses[1]


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_networks_side_by_side_are_those_of_one_after_another(backend):
    expected = make().fit(FORMULAS, LABELS)
    with parallel_config(backend=backend, n_jobs=2):
        found = make().fit(FORMULAS, LABELS)
    assert_equal(found, expected)
    for model in (found, expected):
        model.set_params(warm_start=True)
    with parallel_config(backend=backend, n_jobs=2):
        found.fit(FORMULAS, LABELS)
    assert_equal(found, expected.fit(FORMULAS, LABELS))


def test_teachers_that_use_joblib_are_asked_before():
    features = MatminerFeaturizer(ElementFraction())
    objective = Distillation(features, hidden=(8,))

    def made():
        return make(auxiliary_objective=objective, auxiliary_weight=0.5)

    expected = made().fit(FORMULAS, LABELS)
    with parallel_config(n_jobs=2):
        assert_equal(made().fit(FORMULAS, LABELS), expected)


@pytest.fixture
def asked(monkeypatch):
    """Return the calls of joblib. Networks are not trained in it."""
    calls = []

    def make_parallel(n_jobs):
        calls.append(n_jobs)
        return lambda jobs: (function(*args, **kwargs) for function, args, kwargs in jobs)

    monkeypatch.setattr(_train, "make_parallel", make_parallel)
    return calls


@pytest.mark.parametrize(
    ("settings", "n_calls"),
    [({}, 1), ({"n_estimators": 1}, 0), ({"callbacks": [EpochTimer()]}, 0)],
)
def test_one_network_and_those_with_callbacks_are_trained_here(settings, n_calls, asked):
    with parallel_config(n_jobs=2):
        make(**settings).fit(FORMULAS, LABELS)
    assert len(asked) == n_calls
    make(**settings).fit(FORMULAS, LABELS)
    assert len(asked) == n_calls


@pytest.mark.parametrize(("backend", "n_calls"), [("loky", 2), ("threading", 1)])
def test_networks_that_continue_are_not_trained_in_threads(backend, n_calls, asked):
    model = make(warm_start=True)
    with parallel_config(backend=backend, n_jobs=2):
        model.fit(FORMULAS, LABELS).fit(FORMULAS, LABELS)
    assert len(asked) == n_calls
