import random

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skmat.estimators._objectives import resolve_objectives
from skmat.objectives import Properties
from skmat.training import MultiObjectiveModel, build_net, train, untrained_net
from skmat.training._data import BatchLoader
from skmat.training._net import EpochLosses


class Recorder(Callback):
    """Remember what each step did."""

    def __init__(self):
        self.rates, self.norms = [], []

    def on_grad_computed(self, net, **kwargs):
        self.rates.append(net.optimizer_.param_groups[0]["lr"])
        grads = [p.grad for p in net.module_.parameters() if p.grad is not None]
        self.norms.append(torch.cat([grad.flatten() for grad in grads]).norm().item())


def recorded(model, settings, data):
    net = build_net(model, settings, len(data))
    recorder = Recorder()
    net.callbacks_.append(("recorder", recorder))
    net.partial_fit(data)
    return recorder


def snapshot(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def assert_same(first, second):
    assert set(first) == set(second)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


@pytest.mark.parametrize("objectives", ["properties", "masked_elements", "joint"])
def test_one_seed_is_one_result(make_model, make_settings, make_data, objectives):
    n_tasks = {"properties": 1, "masked_elements": 1, "joint": 2}[objectives]
    results, histories = [], []
    for seed in (0, 0, 1):
        model = make_model(objectives)
        settings = make_settings(
            seed=seed, loss_weighting="rlw-mtencoder", task_weights=(1.0,) * n_tasks
        )
        _, history = train(model, settings, make_data(30), make_data(10, seed=1))
        results.append(snapshot(model))
        histories.append([{k: v for k, v in row.items() if k != "dur"} for row in history])
    assert_same(results[0], results[1])
    assert histories[0] == histories[1] != histories[2]
    for name in results[0]:
        # No element of these stands in the data.
        if name != "encoder.elements.weight":
            assert not torch.equal(results[0][name], results[2][name]), name


def test_training_learns_and_leaves_the_world_alone(make_model, make_settings, make_data):
    before = (
        torch.get_rng_state(),
        np.random.get_state()[1].copy(),  # noqa: NPY002
        random.getstate(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )
    model, data = make_model(dropout=0.0), make_data(60)
    state = torch.get_rng_state()
    _, history = train(model, make_settings(max_epochs=20, lr=0.01), data, make_data(20, seed=1))
    assert history[-1]["train_loss"] < 0.6 * history[0]["train_loss"]
    assert [row["epoch"] for row in history] == list(range(1, 21))
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    assert random.getstate() == before[2]
    assert before[3:] == (
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
    )


@pytest.mark.parametrize("trainable", ["head", "last"])
@pytest.mark.parametrize("kind", ["mtencoder", "normed"])
def test_frozen_parts_stay_to_the_last_bit(
    make_model, make_normed_model, make_settings, make_data, kind, trainable
):
    model = make_model() if kind == "mtencoder" else make_normed_model()
    before = snapshot(model)
    train(model, make_settings(trainable=trainable, weight_decay=0.5), make_data(30), None)
    free = ("heads.", "encoder.layers.1.", "encoder.last.") if trainable == "last" else ("heads.",)
    after = model.state_dict()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) != name.startswith(free), name
    assert all(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("loss", ["l1", "robust_l1"])
def test_early_stopping_restores_the_best_epoch(make_model, make_settings, make_data, loss):
    data, valid = make_data(24), make_data(12, seed=1)
    if loss == "robust_l1":
        # Labels that are known exactly: the loss falls far below 0.
        data.y[:], valid.y[:] = 0.01, 0.011
    settings = {"schedule": "constant", "lr": 3e-2, "batch_size": 24, "task_weights": (1.0,)}
    objectives = [Properties(loss=loss)]
    model = make_model(objectives, dropout=0.0)
    _, history = train(model, make_settings(max_epochs=60, patience=4, **settings), data, valid)
    losses = [row["valid_loss"] for row in history]
    best = int(np.argmin(losses))
    assert len(history) == best + 1 + 4 < 60
    if loss == "robust_l1":
        assert losses[best] < 0
    again = make_model(objectives, dropout=0.0)
    train(again, make_settings(max_epochs=best + 1, **settings), data, None)
    assert_same(snapshot(model), snapshot(again))


def test_only_a_lower_loss_is_a_better_one(make_model, make_settings, make_data):
    net = build_net(make_model(), make_settings(patience=9), 8, make_data(5))
    stop = dict(net.callbacks_)["stop"]
    stop.on_train_begin(net)
    best = []
    for epoch, loss in enumerate([1.0, 0.99999, -1.0, -0.99995, -1.0, -1.00001], start=1):
        net.history.new_epoch()
        net.history.record("epoch", epoch)
        net.history.record("valid_loss", loss)
        stop.on_epoch_end(net)
        best.append(stop.best_epoch_)
    assert best == [1, 2, 3, 3, 3, 6]


def test_without_patience_or_validation_the_last_weights_stay(
    make_model, make_settings, make_data
):
    runs = []
    for patience, valid in [(None, make_data(12, seed=1)), (1, None)]:
        model = make_model()
        settings = make_settings(max_epochs=6, lr=0.05, patience=patience)
        _, history = train(model, settings, make_data(24), valid)
        assert len(history) == 6
        runs.append(snapshot(model))
    assert_same(*runs)


def test_an_interrupt_is_raised_once_callbacks_have_heard_of_it(
    make_model, make_settings, make_data, monkeypatch
):
    passes = []

    def interrupted(loader):
        passes.append(loader)
        if len(passes) == 3:
            raise KeyboardInterrupt
        return whole(loader)

    whole = BatchLoader.__iter__
    monkeypatch.setattr(BatchLoader, "__iter__", interrupted)
    model = make_model()
    ended = []
    monkeypatch.setattr(EpochLosses, "on_train_end", lambda *_, **__: ended.append(True))
    with pytest.raises(KeyboardInterrupt):
        train(model, make_settings(max_epochs=5), make_data(8), None)
    assert len(passes) == 3
    assert ended


def test_gradients_are_clipped(make_model, make_settings, make_data):
    data = make_data(16)
    data.y[:] = 1e6
    recorder = recorded(make_model([Properties(loss="mse")]), make_settings(), data)
    # The gradients of the last step are still there, as the optimizer saw them.
    assert max(recorder.norms) <= 1.0 + 1e-4
    assert min(recorder.norms) > 0.99
    data.y[:] = 0.0
    data.sample_weight[:] = 1.0
    gentle = make_model([Properties(loss="mse")])
    assert max(recorded(gentle, make_settings(lr=1e-9), data).norms) < 0.99


@pytest.mark.parametrize("n", [1, 8, 30])
@pytest.mark.parametrize("max_epochs", [1, 5])
def test_one_cycle_rises_to_lr_and_falls_to_nothing(
    make_model, make_settings, make_data, n, max_epochs
):
    settings = make_settings(max_epochs=max_epochs, lr=0.01)
    rates = np.array(recorded(make_model(), settings, make_data(n)).rates)
    assert len(rates) == max_epochs * -(-n // 8)
    assert rates.max() <= 0.01
    # Whatever the number of steps, something is learned.
    assert rates.max() > 0.005
    if len(rates) >= 5:
        peak = int(rates.argmax())
        assert rates[0] == pytest.approx(0.01 / 25)
        assert (np.diff(rates[: peak + 1]) > 0).all()
        assert (np.diff(rates[peak:]) < 0).all()
        assert 0.15 < peak / len(rates) < 0.4
    if len(rates) == 20:
        assert rates[-1] < 0.01 / 50


def test_the_history_ends_at_the_rate_of_the_schedules_end(make_model, make_settings, make_data):
    _, history = train(make_model(), make_settings(max_epochs=5), make_data(30), None)
    assert history[-1]["lr"] < 1e-3 * max(row["lr"] for row in history)


def test_a_constant_rate_is_constant(make_model, make_settings, make_data):
    recorder = recorded(make_model(), make_settings(schedule="constant", lr=0.02), make_data(30))
    assert set(recorder.rates) == {0.02}


def test_bf16_stays_close_and_weights_stay_float32(make_model, make_settings, make_data):
    losses = {}
    for precision in ("float32", "bf16"):
        model = make_model("joint", dropout=0.0)
        settings = make_settings(precision=precision, max_epochs=5, task_weights=(1.0, 1.0))
        _, history = train(model, settings, make_data(40), make_data(10, seed=1))
        losses[precision] = [row["valid_loss"] for row in history]
        assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}
    assert losses["bf16"] != losses["float32"]
    np.testing.assert_allclose(losses["bf16"], losses["float32"], rtol=0.05)


def test_uncertainty_is_learned_with_the_network(make_model, make_settings, make_data):
    settings = make_settings(
        loss_weighting="uncertainty", task_weights=(1.0, 1.0), max_epochs=8, lr=0.01
    )
    _, history = train(make_model("joint"), settings, make_data(30), None)
    weights = [(row["weight_a"], row["weight_masked_elements"]) for row in history]
    assert weights[0] != weights[-1]
    assert abs(weights[-1][0] - 1) > 1e-3


def test_materials_of_weight_zero_teach_nothing(make_model, make_settings, make_data):
    runs = []
    for label in (0.0, 1e4):
        data = make_data(20)
        data.sample_weight[:5] = 0.0
        data.y[:5] = label
        model = make_model()
        train(model, make_settings(), data, None)
        runs.append(snapshot(model))
    assert_same(*runs)


def test_batches_without_labels_do_no_harm(make_model, make_settings, make_data):
    data = make_data(40)
    data.y[1:] = np.nan
    model = make_model()
    _, history = train(model, make_settings(batch_size=4), data, None)
    assert all(tensor.isfinite().all() for tensor in model.parameters())
    assert all(np.isfinite(row["train_loss"]) for row in history)


def test_a_trained_net_keeps_what_prediction_needs(make_model, make_settings, make_data):
    model = make_model()
    net, _ = train(model, make_settings(patience=2), make_data(20), make_data(5))
    assert net.module_ is model
    assert not model.training
    assert net.valid_data is None
    assert net.callbacks == []
    assert not isinstance(net.module, nn.Module)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_an_untrained_net_predicts_with_the_model_it_was_given(make_model):
    model = MultiObjectiveModel(make_model().encoder, resolve_objectives("properties"), [])
    before = snapshot(model)
    net = untrained_net(model, "cpu")
    assert net.module_ is model
    assert not model.training
    assert_same(before, snapshot(model))
