import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skmat.training import build_net, train


class Steps(Callback):
    """Remember rate, mode and weights of every step."""

    def __init__(self):
        self.rates, self.modes, self.states = [], [], []

    def on_grad_computed(self, net, **kwargs):
        self.rates.append([group["lr"] for group in net.optimizer_.param_groups])
        self.modes.append({name: m.training for name, m in net.module_.named_modules()})

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            state = net.module_.state_dict()
            self.states.append({name: tensor.clone() for name, tensor in state.items()})


def steps_of(model, settings, data, valid=None):
    net = build_net(model, settings, len(data), valid)
    steps = Steps()
    net.callbacks_.append(("steps", steps))
    net.partial_fit(data)
    return steps


@pytest.mark.parametrize("trainable", ["all", "last"])
@pytest.mark.parametrize("kind", ["mtencoder", "normed"])
def test_the_encoder_is_frozen_to_the_last_bit_and_then_learns(
    make_model, make_normed_model, make_settings, make_data, kind, trainable
):
    model = make_model(dropout=0.3) if kind == "mtencoder" else make_normed_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = make_settings(
        freeze_epochs=(2,), max_epochs=5, weight_decay=0.5, trainable=trainable, batch_size=16
    )
    steps = steps_of(model, settings, make_data(32))
    assert len(steps.states) == 10
    last = ("heads.", "encoder.layers.1.", "encoder.last.")
    for step, state in enumerate(steps.states):
        earlier = steps.states[step - 1] if step else before
        for name, tensor in state.items():
            free = name.startswith("heads.")
            if step >= 4:
                free = trainable == "all" or name.startswith(last)
            assert torch.equal(tensor, earlier[name]) != free, (step, name)
    for step, modes in enumerate(steps.modes):
        assert modes["encoder"] == (step >= 4 and trainable == "all")
        inside = [mode for name, mode in modes.items() if name.startswith("encoder.la")]
        assert any(inside) == (step >= 4)
        assert modes["heads"]


@pytest.mark.parametrize(
    ("trainable", "stages", "expected"),
    [
        ("all", (1, 2, 1), ["", "last", "last", "first last", "elements first last"]),
        ("last", (1, 2, 1), ["", "last", "last", "last", "last"]),
        # There are three groups: what comes after them changes nothing.
        ("all", (1, 1, 1, 1), ["", "last", "first last", *["elements first last"] * 2]),
    ],
)
def test_layers_are_freed_from_the_end(
    make_normed_model, make_settings, make_data, trainable, stages, expected
):
    model = make_normed_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = make_settings(
        freeze_epochs=stages, max_epochs=5, batch_size=32, trainable=trainable, weight_decay=0.5
    )
    steps = steps_of(model, settings, make_data(32))
    for epoch, state in enumerate(steps.states):
        earlier = steps.states[epoch - 1] if epoch else before
        # Parameters and moving statistics alike.
        moved = {name for name, tensor in state.items() if not torch.equal(tensor, earlier[name])}
        parts = {name.split(".")[1] for name in moved if name.startswith("encoder.")}
        assert " ".join(sorted(parts)) == expected[epoch], epoch
        assert any(name.startswith("heads.") for name in moved)


def test_each_stage_is_a_cycle_of_its_own(make_model, make_settings, make_data):
    shared = {"lr": 0.01, "encoder_lr_factor": 0.25}
    whole = steps_of(
        make_model(), make_settings(max_epochs=9, freeze_epochs=(4,), **shared), make_data(30)
    ).rates
    first, second = (
        steps_of(make_model(), make_settings(max_epochs=n, **shared), make_data(30)).rates
        for n in (4, 5)
    )
    np.testing.assert_allclose(whole, first + second, rtol=1e-12)
    peaks = np.array([max(rates) for rates in whole])
    assert peaks[:16].max() > 0.009
    assert peaks[16:].max() > 0.009
    assert peaks[15] < 0.05 * peaks.max()
    assert {round(min(rates) / max(rates), 9) for rates in whole} == {0.25}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("stages", "ends"), [((3,), [2, 5]), ((2, 2), [1, 3, 5])])
def test_all_stages_end_at_rest(make_model, make_settings, make_data, stages, ends):
    settings = make_settings(max_epochs=6, freeze_epochs=stages, lr=0.01)
    _, history = train(make_model(), settings, make_data(30), None)
    rates = np.array([row["lr"] for row in history])
    assert [row["epoch"] for row in history] == [1, 2, 3, 4, 5, 6]
    assert np.flatnonzero(rates < 1e-3 * rates.max()).tolist() == ends


def test_a_constant_rate_stays_constant(make_model, make_settings, make_data):
    settings = make_settings(max_epochs=4, freeze_epochs=(2,), lr=0.01, schedule="constant")
    assert np.unique(steps_of(make_model(), settings, make_data(30)).rates).tolist() == [0.01]


def stopped_at(net, losses):
    """Show `losses` to the callbacks that watch them; return the epoch of the stop, and the best.

    Epochs that early stopping does not see are those that it asked not to come.
    """
    callbacks = dict(net.callbacks_)
    callbacks["stop"].on_train_begin(net)
    for epoch, loss in enumerate(losses, start=1):
        net.history.new_epoch()
        net.history.record("epoch", epoch)
        net.history.record("valid_loss", loss)
        try:
            net.notify("on_epoch_end")
        except KeyboardInterrupt:
            return epoch, callbacks["stop"].best_epoch_
    return None, callbacks["stop"].best_epoch_


@pytest.mark.parametrize(
    ("patience", "losses", "expected"),
    [
        (1, [1, 2, 3, 4, 5], (4, 1)),  # three epochs of heads: not before the fourth
        (2, [1, 2, 3, 4, 5], (5, 1)),
        (1, [3, 2, 2, 1, 2], (5, 4)),
        (1, [3, 1, 2, 2, 2], (4, 2)),
        (2, [1, 2, 3, 4, 0], (None, 5)),
    ],
)
@pytest.mark.parametrize("stages", [(3,), (1, 2)])
def test_patience_counts_once_the_encoder_learns(
    make_model, make_settings, make_data, patience, losses, expected, stages
):
    settings = make_settings(patience=patience, freeze_epochs=stages, max_epochs=9)
    net = build_net(make_model(), settings, 8, make_data(5))
    for name in ("epoch_losses", "timer"):
        net.callbacks_ = [each for each in net.callbacks_ if each[0] != name]
    assert stopped_at(net, losses) == expected


def test_with_early_stopping_the_run_goes_through_both_stages(
    make_model, make_settings, make_data
):
    valid = make_data(9, seed=1)
    valid.y[:] = 1e3 * np.sign(np.random.default_rng(0).normal(size=valid.y.shape))
    settings = make_settings(patience=1, freeze_epochs=(4,), max_epochs=30, schedule="constant")
    _, history = train(make_model(dropout=0.0), settings, make_data(16), valid)
    assert 4 < len(history) <= 30


def test_every_parameter_is_free_afterwards(make_model, make_settings, make_data):
    model = make_model()
    train(model, make_settings(freeze_epochs=(1,), max_epochs=2), make_data(8), None)
    assert all(parameter.requires_grad for parameter in model.parameters())
