"""Networks of one fit that are trained side by side are those of one after another."""

import numpy as np
import pytest
import torch
from common.materials import FORMULAS
from joblib import parallel_config
from skorch.callbacks import EpochTimer

from skmat import MTEncoderRegressor
from skmat.estimators import _train

LABELS = np.random.default_rng(0).normal(size=(len(FORMULAS), 2))


@pytest.fixture(autouse=True)
def one_thread():
    """Compare with one thread, as workers have: sums of several threads have other bits."""
    known = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(known)


def make(**settings):
    return MTEncoderRegressor(
        preset="tiny", pretrained=None, n_estimators=3, max_epochs=2, random_state=0, **settings
    )


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


@pytest.mark.parametrize("settings", [{"callbacks": [EpochTimer()]}, {}])
def test_networks_that_share_callbacks_follow_one_another(settings, monkeypatch):
    asked = []

    def make_parallel(n_jobs):
        asked.append(n_jobs)
        raise ZeroDivisionError

    monkeypatch.setattr(_train, "make_parallel", make_parallel)
    with parallel_config(n_jobs=2), pytest.raises(ZeroDivisionError):
        make(**settings).fit(FORMULAS, LABELS)
    assert asked == [1 if settings else None]
