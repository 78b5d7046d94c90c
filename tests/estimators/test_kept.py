"""Fits that Ctrl-C ends, and what files keep of a source of weights."""

import pickle

import numpy as np
import pytest
from common.contract import assert_same, outputs
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

from skmat import MTEncoder, MTEncoderClassifier, MTEncoderRegressor
from skmat.exceptions import InvalidInputError
from skmat.training._data import BatchLoader

F = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe", "Al2O3", "SiO2"]
Y = np.arange(10.0)
FAST = {
    "preset": "tiny",
    "pretrained": None,
    "max_epochs": 3,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


@pytest.fixture
def ctrl_c(monkeypatch):
    """Return a function that lets the n-th epoch from now on be interrupted."""
    whole, left = BatchLoader.__iter__, [None]

    def iterate(loader):
        if loader.generator is not None and left[0] is not None:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return whole(loader)

    monkeypatch.setattr(BatchLoader, "__iter__", iterate)
    return lambda n: left.__setitem__(0, n)


@pytest.mark.parametrize(
    "settings", [{}, {"n_estimators": 3}, {"patience": 2}, {"ema_decay": 0.9}]
)
@pytest.mark.parametrize("way", ["fit", "warm start", "partial_fit"])
def test_an_interrupted_fit_raises_and_keeps_what_was_there(ctrl_c, way, settings):
    model = MTEncoderRegressor(**FAST, **settings).fit(F, Y)
    before = outputs(model, F)
    history, attributes = list(model.history_), set(vars(model))
    model.set_params(warm_start=way == "warm start", lr=1e-2)
    ctrl_c(1 if way == "partial_fit" else 2)
    with pytest.raises(KeyboardInterrupt):
        (model.partial_fit if way == "partial_fit" else model.fit)(F[::-1], Y + 1)
    assert_same(outputs(model, F), before)
    assert model.history_ == history
    assert set(vars(model)) == attributes


def test_members_that_were_trained_are_not_kept(ctrl_c):
    model = MTEncoderClassifier(**FAST, n_estimators=3)
    ctrl_c(8)
    with pytest.raises(KeyboardInterrupt):
        model.fit(F, Y > 4)
    assert not hasattr(model, "estimators_")
    assert not hasattr(model, "n_features_in_")


def test_searches_can_be_stopped(ctrl_c):
    search = GridSearchCV(MTEncoderRegressor(**FAST), {"lr": [1e-3, 1e-4]}, cv=2)
    for run in (lambda: search.fit(F, Y), lambda: cross_val_score(search.estimator, F, Y, cv=2)):
        ctrl_c(5)
        with pytest.raises(KeyboardInterrupt):
            run()


def test_early_stopping_is_no_interrupt():
    model = MTEncoderRegressor(
        **{**FAST, "max_epochs": 60}, patience=1, validation_fraction=0.3, lr=0.05
    ).fit(F, Y)
    assert len(model.history_) < 60


@pytest.mark.parametrize("frozen", [False, True])
def test_a_file_keeps_no_optimizer_of_the_source(frozen):
    source = MTEncoderRegressor(**FAST, n_estimators=2, dropout=0.2).partial_fit(F, Y)
    given = FrozenEstimator(source) if frozen else source
    model = MTEncoderRegressor(**{**FAST, "pretrained": given}).fit(F, Y)
    content = pickle.dumps(model)
    own = len(pickle.dumps(model.set_params(pretrained=None)))
    model.set_params(pretrained=given)
    # The moments of the optimizer are two thirds of it.
    assert len(content) - own < 0.5 * len(pickle.dumps(source))
    assert model.get_params()["pretrained"] is given
    # The source itself can be trained further, and so can it after a file of its own.
    assert source.net_.optimizer_ is not None
    loaded = pickle.loads(content)
    assert_array_equal(loaded.predict(F), model.predict(F))
    assert_array_equal(clone(loaded).fit(F, Y).predict(F), model.predict(F))
    kept = loaded.pretrained.estimator if frozen else loaded.pretrained
    assert type(kept) is MTEncoderRegressor
    assert_array_equal(kept.predict(F), source.predict(F))
    assert all(member.net.optimizer_ is None for member in kept.estimators_)
    copy = pickle.loads(pickle.dumps(source))
    expected = source.partial_fit(F, Y).predict(F)
    assert_array_equal(copy.partial_fit(F, Y).predict(F), expected)
    kept.partial_fit(F, Y)


def test_what_checkpoint_dir_may_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(InvalidInputError, match="it is empty"):
        MTEncoder(**FAST, checkpoint_dir="").fit(F)
    with pytest.raises(InvalidInputError, match="no home folder"):
        MTEncoder(**FAST, checkpoint_dir="~nobody_of_this_name/run").fit(F)
    MTEncoder(**FAST, checkpoint_dir=None).fit(F)
    assert not list(tmp_path.iterdir())
    MTEncoder(**FAST, checkpoint_dir="~/run").fit(F)
    assert (tmp_path / "home" / "run" / "run.json").exists()
