import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from common import materials
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict

from skmat import MTEncoderRegressor, load_model
from skmat.estimators._fitted_model import FittedModel
from skmat.exceptions import DivergenceError, InvalidInputError

FORMULAS = materials.FORMULAS * 3
FAST = {"preset": "tiny", "max_epochs": 3, "random_state": 0}


@pytest.fixture
def y():
    y = np.random.default_rng(0).normal(size=(30, 2)) * [1.0, 1e4] + [5.0, -3e5]
    y[::3, 1] = np.nan
    return y


def model(**parameters):
    return MTEncoderRegressor(**{**FAST, **parameters})


def test_predictions_have_the_shape_of_y(y):
    assert model().fit(FORMULAS, y).predict(FORMULAS[:4]).shape == (4, 2)
    assert model().fit(FORMULAS, y[:, :1]).predict(FORMULAS[:4]).shape == (4, 1)
    assert model().fit(FORMULAS, y[:, 0]).predict(FORMULAS[:4]).shape == (4,)


def test_task_names_come_from_the_frame(y):
    fitted = model(loss_weights={"volume": 2}).fit(
        FORMULAS, pd.DataFrame(y, columns=["gap", "volume"])
    )
    assert fitted.target_names_ == ["gap", "volume"]
    assert {"train_loss_gap", "train_loss_volume", "weight_volume"} <= fitted.history_[0].keys()
    assert_allclose(fitted.history_[0]["weight_volume"] / fitted.history_[0]["weight_gap"], 2)


def test_predictions_are_in_the_units_of_y(y):
    fitted = model(max_epochs=30).fit(FORMULAS, y)
    means = np.nanmean(y, axis=0)
    assert_allclose(fitted.predict(FORMULAS).mean(axis=0), means, rtol=0.2)


def test_a_change_of_unit_changes_predictions_by_that_unit(y):
    first = model().fit(FORMULAS, y).predict(FORMULAS)
    second = model().fit(FORMULAS, y * 1000).predict(FORMULAS)
    assert_allclose(second, first * 1000, rtol=1e-4)


def test_validation_rows_are_not_learned_from(y, monkeypatch):
    """The normaliser of MT-CGCNN sees test rows; ours sees not even those for validation."""
    held_back = np.arange(30) % 10 == 4
    monkeypatch.setattr(
        "skmat.estimators._plan.split_by_group",
        lambda *arguments: (np.flatnonzero(~held_back), np.flatnonzero(held_back)),
    )
    changed = y.copy()
    changed[held_back] += 1e6
    settings = {"patience": 100, "max_epochs": 3, "schedule": "constant", "lr": 1e-4}
    first, second = (model(**settings).fit(FORMULAS, values) for values in (y, changed))
    assert_allclose(first.estimators_[0].scaling.mean, np.nanmean(y[~held_back], axis=0))
    for key in ("train_loss", "train_loss_y0", "train_loss_y1"):
        assert [row[key] for row in first.history_] == [row[key] for row in second.history_]


def test_rows_without_any_label_teach_nothing(y):
    y[5] = np.nan
    without = np.delete(np.arange(30), 5)
    settings = {"batch_size": 64, "dropout": 0.0, "max_epochs": 1}
    scaling = model(**settings).fit(FORMULAS, y).estimators_[0].scaling
    again = (
        model(**settings).fit([FORMULAS[i] for i in without], y[without]).estimators_[0].scaling
    )
    assert_allclose(scaling.mean, again.mean)
    assert_allclose(scaling.scale, again.scale)


def test_zero_weight_rows_teach_nothing(y):
    y = np.nan_to_num(y)
    changed = y.copy()
    changed[7] += 1e6
    weights = np.ones(30)
    weights[7] = 0
    first, second = (
        model().fit(FORMULAS, values, sample_weight=weights) for values in (y, changed)
    )
    assert_array_equal(first.predict(FORMULAS), second.predict(FORMULAS))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda y: np.full_like(y, np.nan), "no label at all"),
        (lambda y: np.where(np.isnan(y), np.inf, y), "row 0, target 'y1'"),
        (lambda y: np.column_stack([y[:, 0], np.full(30, np.nan)]), "'y1'"),
        (lambda y: None, "target y is None"),
        (lambda y: y[:-1], "inconsistent"),
    ],
)
def test_bad_y_is_refused(y, bad, message):
    with pytest.raises(ValueError, match=message):
        model().fit(FORMULAS, bad(y))


@pytest.mark.parametrize(
    ("weights", "weighting", "message"),
    [
        ([1, 2, 3], "equal", "3 entries for 2 tasks"),
        ({"gap": 1}, "equal", "gap"),
        ([0, 0], "equal", "not all zero"),
        ([-1, 2], "equal", "non-negative"),
    ],
)
def test_bad_loss_weights_are_refused(y, weights, weighting, message):
    with pytest.raises(InvalidInputError, match=message):
        model(loss_weights=weights, loss_weighting=weighting).fit(FORMULAS, y)


def test_loss_weights_are_ratios(y):
    first, second, other = (
        model(loss_weights=weights).fit(FORMULAS, y).predict(FORMULAS)
        for weights in ([1, 3], [10, 30], [3, 1])
    )
    assert_array_equal(first, second)
    assert not np.allclose(first, other)


def test_random_loss_weights_are_in_the_history(y):
    rows = model(loss_weighting="rlw-one-hot", batch_size=64).fit(FORMULAS, y).history_
    assert {(row["weight_y0"], row["weight_y1"]) for row in rows} <= {(2.0, 0.0), (0.0, 2.0)}


def test_uncertainty_comes_from_the_ensemble_and_from_the_loss(y):
    with pytest.raises(InvalidInputError, match="n_estimators > 1"):
        model().fit(FORMULAS, y).predict(FORMULAS, return_std=True)
    ensemble = model(n_estimators=3).fit(FORMULAS, y)
    mean, std = ensemble.predict(FORMULAS, return_std=True)
    single = [
        member.scaling.inverse_transform(each)
        for member, each in zip(ensemble.estimators_, _member_means(ensemble), strict=True)
    ]
    assert_allclose(mean, np.mean(single, axis=0), rtol=1e-6)
    assert_allclose(std, np.std(single, axis=0), rtol=1e-6)
    assert ensemble.transform(FORMULAS).shape == (30, 3 * 64)
    assert {row["estimator"] for row in ensemble.history_} == {0, 1, 2}
    robust = model(loss="robust_l1").fit(FORMULAS, y)
    mean, std = robust.predict(FORMULAS, return_std=True)
    assert mean.shape == std.shape == (30, 2)
    assert (std > 0).all()


def _member_means(ensemble):
    from skmat.composition import read_compositions
    from skmat.training import run_heads

    materials = read_compositions(FORMULAS)
    for member in ensemble.estimators_:
        outputs = run_heads(member.model, materials, ensemble._make_batch, "cpu", "float32")
        yield np.stack(outputs, axis=1)[..., 0].astype(float)


def test_warm_start_goes_on(y):
    cold = model(warm_start=True).fit(FORMULAS, y)
    before = cold.transform(FORMULAS)
    scaling = cold.estimators_[0].scaling
    cold.fit(FORMULAS, y)
    assert not np.allclose(before, cold.transform(FORMULAS))
    assert cold.estimators_[0].scaling is scaling
    with pytest.raises(InvalidInputError, match="same columns"):
        cold.fit(FORMULAS, y[:, 0])
    with pytest.raises(InvalidInputError, match=r"2\. Use warm_start=False"):
        model(warm_start=True, n_estimators=1).fit(FORMULAS, y).set_params(n_estimators=2).fit(
            FORMULAS, y
        )


def test_partial_fit_learns_step_by_step(y):
    values = y[:, 0]
    stepwise = model(lr=3e-3).partial_fit(FORMULAS, values)
    errors = [np.abs(stepwise.predict(FORMULAS) - values).mean()]
    for _ in range(40):
        stepwise.partial_fit(FORMULAS, values)
    errors.append(np.abs(stepwise.predict(FORMULAS) - values).mean())
    assert errors[1] < 0.9 * errors[0]
    assert len(stepwise.history_) == 41


def test_partial_fit_goes_on_after_fit_and_after_pickling(y):
    fitted = model().fit(FORMULAS, y)
    fitted.partial_fit(FORMULAS, y)
    again = pickle.loads(pickle.dumps(fitted))
    for each in (fitted, again):
        each.partial_fit(FORMULAS, y)
    assert_array_equal(fitted.predict(FORMULAS), again.predict(FORMULAS))
    with pytest.raises(ValueError, match="features"):
        fitted.partial_fit(np.eye(118)[:30], y)


@pytest.mark.parametrize("trainable", ["head", "last"])
def test_frozen_parts_keep_every_bit(y, trainable):
    """ALIGNN-TL's "frozen" layers were trained, and their buffers moved."""
    source = model().fit(FORMULAS, y)
    before = source.estimators_[0].model.encoder.state_dict()
    tuned = model(pretrained=source, trainable=trainable).fit(FORMULAS, y)
    after = tuned.estimators_[0].model.encoder.state_dict()
    last = f"layers.{len(source.estimators_[0].model.encoder.layers) - 1}."
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert all(name.startswith((last, "final_norm.")) for name in changed)
    assert bool(changed) == (trainable == "last")


@pytest.mark.filterwarnings("ignore::skorch.exceptions.DeviceWarning")
def test_a_model_from_another_device_loads_on_the_cpu(y, monkeypatch):
    """Stand-in for a GPU: the net says it is elsewhere, so its snapshot is taken."""
    fitted = model().fit(FORMULAS, y)
    live = fitted.net_
    live.device = "cuda"
    moved = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: moved.append(device) or self)
    loaded = pickle.loads(pickle.dumps(fitted))
    monkeypatch.undo()
    assert moved == ["cpu"]
    assert loaded.net_.device == "cpu"
    assert fitted.net_ is live
    assert live.device == "cuda"
    live.device = "cpu"
    assert_array_equal(loaded.predict(FORMULAS), fitted.predict(FORMULAS))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_fit_on_a_gpu_predict_on_the_cpu(y):
    fitted = model(device="cuda").fit(FORMULAS, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.net_.device == "cpu"
    assert next(fitted.estimators_[0].model.parameters()).is_cuda
    on_cpu = loaded.set_params(device="cpu").predict(FORMULAS)
    assert_allclose(on_cpu, fitted.predict(FORMULAS), rtol=1e-3)
    there = loaded.set_params(device="auto").predict(FORMULAS)
    assert_array_equal(there, fitted.predict(FORMULAS))
    assert loaded.net_.device == "cuda"
    assert next(loaded.estimators_[0].model.parameters()).is_cuda


def test_predictions_run_where_the_parameter_says(y, monkeypatch, tmp_path):
    fitted = model(device="auto").fit(FORMULAS, y)
    loaded = load_model(fitted.save_model(tmp_path / "m"))
    assert_array_equal(loaded.predict(FORMULAS), fitted.predict(FORMULAS))

    def moved(self, device):
        raise OSError(device)

    monkeypatch.setattr(FittedModel, "move_to", moved)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    # A machine with two GPUs has no third one.
    expected = {"auto": "cuda", "cuda:1": "cuda:1", "cuda:2": "cpu", "cpu": "cpu"}
    for device, where in expected.items():
        with pytest.raises(OSError, match=f"^{where}$"):
            loaded.set_params(device=device).predict(FORMULAS)
    with pytest.raises(InvalidInputError, match="not a device of torch"):
        loaded.set_params(device="gpu").predict(FORMULAS)


def test_a_network_moves_and_training_begins_anew(y):
    fitted = model().partial_fit(FORMULAS, y).estimators_[0]
    assert fitted.optimizer_settings is not None
    fitted.move_to("meta")  # a device without data, on which nothing can run
    tensors = [*fitted.model.parameters(), *fitted.model.buffers()]
    assert {each.device.type for each in tensors} == {"meta"}
    assert fitted.net.device == "meta"
    assert fitted.optimizer_settings is None


def test_a_network_that_cannot_move_stays(y, monkeypatch):
    fitted = model().fit(FORMULAS, y)
    expected, network = fitted.predict(FORMULAS), fitted.estimators_[0]
    to = torch.nn.Module.to

    def full(module, device):
        if device != "cpu":
            raise RuntimeError("out of memory")
        return to(module, device)

    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(RuntimeError, match="out of memory"):
        network.move_to("cuda")
    assert network.net.device == "cpu"
    assert_array_equal(fitted.predict(FORMULAS), expected)


def test_a_network_that_moved_in_inference_mode_can_be_trained(y):
    fitted = model().partial_fit(FORMULAS, y)
    with torch.inference_mode():
        fitted.estimators_[0].move_to("cpu:0")
    fitted.partial_fit(FORMULAS, y)
    assert np.isfinite(fitted.predict(FORMULAS)).all()


def test_score_skips_missing_labels(y):
    fitted = model().fit(FORMULAS, y)
    assert np.isfinite(fitted.score(FORMULAS, y))
    weighted = fitted.score(FORMULAS, y, sample_weight=np.arange(30) + 1.0)
    assert weighted != fitted.score(FORMULAS, y)


def test_a_constant_target_is_predicted():
    predicted = model(max_epochs=20).fit(FORMULAS, np.full(30, 7.0)).predict(FORMULAS)
    assert_allclose(predicted, 7.0, atol=0.5)


def test_patience_holds_rows_back_and_keeps_the_best_epoch(y):
    settings = {"max_epochs": 40, "lr": 1e-2, "validation_fraction": 0.3, "schedule": "constant"}
    history = model(patience=2, **settings).fit(FORMULAS, y).history_
    losses = [row["valid_loss"] for row in history]
    assert len(losses) == np.argmin(losses) + 3 < 40
    history = model(patience=None, **settings).fit(FORMULAS, y).history_
    assert len(history) == 40
    assert "valid_loss" not in history[0]


def test_clone_keeps_output_and_routing(y):
    with sklearn.config_context(enable_metadata_routing=True):
        cloned = clone(model().set_output(transform="pandas").set_fit_request(sample_weight=True))
        assert cloned.get_metadata_routing().fit.requests["sample_weight"] is True
    assert isinstance(cloned.fit(FORMULAS, y).transform(FORMULAS), pd.DataFrame)


def test_labels_that_all_fall_into_training():
    y = np.full(30, np.nan)
    y[:2] = [1.0, 2.0]
    for seed in range(5):
        fitted = model(random_state=seed, validation_fraction=0.5, patience=2).fit(FORMULAS, y)
        assert np.isfinite(fitted.predict(FORMULAS)).all()


def test_divergence_is_said(y):
    with pytest.raises(DivergenceError, match="smaller lr"):
        model(lr=1e30, dropout=0.0, schedule="constant").fit(FORMULAS, y)


def test_partial_fit_keeps_to_its_tasks(y):
    fitted = model().partial_fit(FORMULAS, pd.DataFrame(y, columns=["a", "b"]))
    with pytest.raises(InvalidInputError, match=r"\['a', 'b'\], but y holds \['b', 'a'\]"):
        fitted.partial_fit(FORMULAS, pd.DataFrame(y, columns=["b", "a"]))
    with pytest.raises(InvalidInputError, match="same columns"):
        fitted.partial_fit(FORMULAS, y[:, 0])
    # A later chunk may lack all labels of a task.
    fitted.partial_fit(FORMULAS, pd.DataFrame(y, columns=["a", "b"]).assign(b=np.nan))
    assert [row["epoch"] for row in fitted.history_] == [1, 2]


def test_a_task_is_learned_after_a_call_without_its_labels(y):
    fitted = model(loss_weights="sqrt_labels").fit(FORMULAS, y)
    fitted.partial_fit(FORMULAS, np.column_stack([y[:, 0], np.full(30, np.nan)]))
    assert fitted.partial_fit(FORMULAS, y).history_[-1]["weight_y1"] > 0
    alone = model(loss_weights="sqrt_labels").fit(FORMULAS, y[:, 0])
    alone.partial_fit(FORMULAS, np.full(30, np.nan))


def test_score_needs_the_columns_in_the_order_of_the_fit(y):
    frame = pd.DataFrame(y, columns=["gap", "density"])
    fitted = model().fit(FORMULAS, frame)
    with pytest.raises(InvalidInputError, match=r"\['gap', 'density'\], but y holds \['density'"):
        fitted.score(FORMULAS, frame[["density", "gap"]])
    # Other names are read by position.
    expected = fitted.score(FORMULAS, frame)
    assert fitted.score(FORMULAS, y) == fitted.score(FORMULAS, frame.add_suffix("_2")) == expected


def test_score_of_a_fold_without_labels_of_a_task(y):
    fitted = model(on_invalid="nan").fit(FORMULAS, y)
    unlabelled = np.column_stack([y[:, 0], np.full(30, np.nan)])
    alone = r2_score(y[:, 0], fitted.predict(FORMULAS)[:, 0])
    assert fitted.score(FORMULAS, unlabelled) == pytest.approx(alone)
    assert np.isfinite(fitted.score(["Xy", *FORMULAS[1:]], y))


@pytest.mark.filterwarnings("ignore::skmat.exceptions.EmptyCompositionWarning")
def test_rows_of_zeros_teach_nothing():
    X, y = np.eye(10), np.arange(10.0)
    X[3] = 0
    first = model().fit(X, y)
    y[3] = 1e6
    assert_array_equal(first.predict(X), model().fit(X, y).predict(X))
    assert np.isnan(first.predict(X)[3])


def test_threads_take_turns(y):
    values = np.nan_to_num(y)
    with joblib.parallel_backend("threading"):
        threaded = cross_val_predict(model(), FORMULAS, values, cv=4, n_jobs=4)
    assert_array_equal(threaded, cross_val_predict(model(), FORMULAS, values, cv=4))


def test_pickles_hold_no_training_rows(y):
    small = model().fit(FORMULAS, y)
    large = model().fit(FORMULAS * 30, np.tile(y, (30, 1)))
    assert abs(len(pickle.dumps(small)) - len(pickle.dumps(large))) < 1000


def test_a_loss_that_was_set_after_the_fit_gives_no_deviations(y):
    fitted = model(max_epochs=1).fit(FORMULAS, y).set_params(loss="robust_l1")
    with pytest.raises(InvalidInputError, match="the fit had n_estimators=1 and loss='l1'"):
        fitted.predict(FORMULAS, return_std=True)
