import numpy as np
import pytest
import torch
from common.contract import assert_same, outputs
from common.materials import many
from numpy.testing import assert_array_equal

from skmat import (
    ALIGNNRegressor,
    CGCNNRegressor,
    MTEncoder,
    MTEncoderClassifier,
    MTEncoderRegressor,
    RoostRegressor,
)
from skmat.exceptions import DivergenceError

F = ["TiO2", "ZnO", "NaCl", "GaAs", "Fe2O3", "MgO", "SrTiO3", "CdTe", "Al2O3", "SiO2"]
S = many(10)
Y = np.arange(10.0)
ONE_STEP = {
    "preset": "tiny",
    "pretrained": None,
    "max_epochs": 1,
    "batch_size": 10,
    "random_state": 0,
    "precision": "float32",
    "device": "cpu",
}
LARGE = {"lr": 1e25, "schedule": "constant"}
LAST = "After the last step"


@pytest.mark.parametrize(
    ("model", "X", "settings"),
    [
        (MTEncoderRegressor, F, LARGE),
        (MTEncoderRegressor, F, {**LARGE, "ema_decay": 0.9}),
        (MTEncoderRegressor, F, {**LARGE, "precision": "bf16"}),
        (MTEncoderRegressor, F, {"weight_decay": 1e30}),
        # All weights are finite, and their products are not.
        (MTEncoderRegressor, F, {**LARGE, "lr": 1e13}),
        (MTEncoder, F, LARGE),
        (RoostRegressor, F, LARGE),
        (CGCNNRegressor, S, LARGE),
        (ALIGNNRegressor, S, LARGE),
    ],
)
def test_a_last_step_that_diverges_is_noticed(model, X, settings):
    with pytest.raises(DivergenceError, match=LAST):
        model(**{**ONE_STEP, **settings}).fit(X, Y)


def test_classifiers_too_and_labels_that_come_last():
    with pytest.raises(DivergenceError, match=LAST):
        MTEncoderClassifier(**ONE_STEP, **LARGE).fit(F, Y > 3)
    y = np.r_[np.full(9, np.nan), 1.0]
    with pytest.raises(DivergenceError):
        MTEncoderRegressor(**{**ONE_STEP, "batch_size": 2}, **LARGE).fit(F, y)


def test_the_error_names_what_may_be_the_cause():
    with pytest.raises(DivergenceError, match=r"smaller lr \(now 1e\+25\)\. .*sample_weight"):
        MTEncoderRegressor(**ONE_STEP, **LARGE).fit(F, Y)
    with pytest.raises(DivergenceError, match=r"smaller weight_decay \(now 1e\+30\)"):
        MTEncoderRegressor(**ONE_STEP, weight_decay=1e30).fit(F, Y)
    with pytest.raises(DivergenceError, match="or precision='float32'"):
        MTEncoderRegressor(**{**ONE_STEP, "precision": "bf16"}, **LARGE).fit(F, Y)


@pytest.mark.parametrize("way", ["fit", "warm start", "partial_fit", "partial_fit again"])
@pytest.mark.parametrize("model", [MTEncoderRegressor, CGCNNRegressor])
def test_a_fitted_estimator_stays_as_it_was(model, way):
    X = S if model is CGCNNRegressor else F
    kept = model(**ONE_STEP, n_estimators=2, dropout=0.2) if X is F else model(**ONE_STEP)
    twin = type(kept)(**kept.get_params())
    for each in (kept, twin):
        each.fit(X, Y)
        if way == "partial_fit again":
            each.partial_fit(X, Y)
    before, attributes = kept.predict(X), set(vars(kept))
    history, net = list(kept.history_), kept.net_
    kept.set_params(**LARGE, warm_start=way == "warm start")
    with pytest.raises(DivergenceError):
        (kept.partial_fit if "partial" in way else kept.fit)(X, Y)
    assert_array_equal(kept.predict(X), before)
    assert kept.history_ == history
    assert kept.net_ is net
    assert set(vars(kept)) == attributes
    # And it learns from here what it would have learned.
    kept.set_params(lr=twin.lr, schedule="one_cycle", warm_start=False)
    assert_array_equal(kept.partial_fit(X, Y).predict(X), twin.partial_fit(X, Y).predict(X))


def test_a_first_partial_fit_that_fails_leaves_an_estimator_unfitted():
    model = MTEncoderRegressor(**ONE_STEP, lr=1e25)
    with pytest.raises(DivergenceError):
        model.partial_fit(F, Y)
    assert not hasattr(model, "estimators_")
    assert not hasattr(model, "n_features_in_")


def test_the_folder_keeps_the_last_state_that_is_worth_it(tmp_path):
    settings = {**ONE_STEP, **LARGE, "lr": 1e39, "checkpoint_dir": tmp_path}
    for _ in range(2):
        with pytest.raises(DivergenceError):
            MTEncoder(**settings).fit(F)
        assert not (tmp_path / "training.state").exists()


def test_the_check_draws_and_changes_nothing():
    before = torch.get_rng_state()
    models = [MTEncoderRegressor(**ONE_STEP).fit(F, Y) for _ in range(2)]
    assert_same(outputs(models[0], F), outputs(models[1], F))
    assert torch.equal(torch.get_rng_state(), before)
