import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skmat.training import build_net, train
from skmat.training._data import BatchLoader


class Weights(Callback):
    """Remember all weights after each step."""

    def __init__(self, steps=None):
        self.steps = [] if steps is None else steps

    def on_batch_end(self, net, training=None, **kwargs):
        if training:
            self.steps.append(snapshot(net.module_))


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def run(model, settings, data, valid=None, steps=None):
    """Train `model`; return what it held after each step, and the history."""
    net = build_net(model, settings, len(data), valid)
    weights = Weights(steps)
    net.callbacks_.append(("weights", weights))
    torch.manual_seed(5)
    net.partial_fit(data)
    return weights.steps, net.history


def averages(steps, decay):
    """Yield the average after each step, in float64 and by its definition."""
    mean = {name: tensor.double().numpy() for name, tensor in steps[0].items()}
    yield mean
    for n, step in enumerate(steps[1:], start=1):
        kept = min(decay, (1 + n) / (10 + n))
        mean = {
            name: kept * mean[name] + (1 - kept) * tensor.double().numpy()
            for name, tensor in step.items()
        }
        yield mean


def assert_close(state, expected, names):
    for name in names:
        np.testing.assert_allclose(
            state[name].numpy(), expected[name], rtol=1e-5, atol=1e-7, err_msg=name
        )


def names_of_parameters(model):
    return [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("decay", [0.3, 0.999])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_what_is_kept_is_the_average_of_the_steps(
    make_model, make_settings, make_data, decay, validated, precision
):
    model = make_model("joint")
    settings = make_settings(
        ema_decay=decay, max_epochs=4, lr=0.02, task_weights=(1.0, 1.0), precision=precision
    )
    valid = make_data(9, seed=1) if validated else None
    steps, _ = run(model, settings, make_data(30), valid)
    assert len(steps) == 16
    *_, expected = averages(steps, decay)
    assert_close(model.state_dict(), expected, names_of_parameters(model))
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    far = [
        not np.allclose(steps[-1][name].numpy(), expected[name], rtol=1e-3) for name in expected
    ]
    assert any(far)


def test_training_goes_on_from_the_weights_and_not_from_their_average(
    make_model, make_settings, make_data
):
    runs = [
        run(make_model(), make_settings(ema_decay=ema_decay), make_data(30), make_data(9, seed=1))[
            0
        ]
        for ema_decay in (None, 0.9)
    ]
    for plain, averaged in zip(*runs, strict=True):
        for name, tensor in plain.items():
            assert torch.equal(tensor, averaged[name]), name


def valid_loss(model, state, data):
    model.load_state_dict(state)
    model.eval()
    loader = BatchLoader(data, len(data), model.objectives, None)
    with torch.no_grad():
        return model(next(iter(loader))[0]).means.item()


def test_the_average_is_what_is_validated(make_model, make_settings, make_data):
    valid = make_data(12, seed=1)
    settings = make_settings(ema_decay=0.9, max_epochs=5, lr=0.02, batch_size=8)
    steps, history = run(make_model(), settings, make_data(24), valid)
    means = list(averages(steps, 0.9))[2::3]
    other = make_model()
    for row, mean in zip(history, means, strict=True):
        state = {name: torch.from_numpy(array).float() for name, array in mean.items()}
        assert row["valid_loss"] == pytest.approx(valid_loss(other, state, valid), rel=1e-4)
    last = valid_loss(other, steps[-1], valid)
    assert history[-1]["valid_loss"] != pytest.approx(last, rel=1e-4)


def test_early_stopping_keeps_the_average_of_the_best_epoch(make_model, make_settings, make_data):
    valid = make_data(12, seed=1)
    settings = make_settings(
        ema_decay=0.9, max_epochs=80, patience=3, lr=0.03, schedule="constant", batch_size=24
    )
    model = make_model(dropout=0.0)
    steps, history = run(model, settings, make_data(24), valid)
    losses = history[:, "valid_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 4 < 80
    expected = list(averages(steps, 0.9))[best]
    assert_close(model.state_dict(), expected, names_of_parameters(model))


@pytest.mark.parametrize("settings", [{"trainable": "last"}, {"trainable": "head"}])
def test_frozen_parts_stay_to_the_last_bit(make_normed_model, make_settings, make_data, settings):
    model = make_normed_model()
    before = snapshot(model)
    train(model, make_settings(ema_decay=0.9, **settings), make_data(30), make_data(9, seed=1))
    free = ("heads.", "encoder.last.") if settings["trainable"] == "last" else ("heads.",)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]) != name.startswith(free), name


def test_buffers_are_those_of_the_last_step(make_normed_model, make_settings, make_data):
    model = make_normed_model()
    steps, _ = run(model, make_settings(ema_decay=0.9), make_data(30), make_data(9, seed=1))
    for name, buffer in model.named_buffers():
        assert torch.equal(buffer, steps[-1][name]), name


def test_an_interrupt_keeps_the_average_so_far(make_model, make_settings, make_data, monkeypatch):
    passes = []

    def interrupted(loader):
        passes.append(loader)
        for batch in whole(loader):
            if len(passes) == 3:
                raise KeyboardInterrupt
            yield batch

    whole = BatchLoader.__iter__
    monkeypatch.setattr(BatchLoader, "__iter__", interrupted)
    model = make_model()
    steps = []
    with pytest.raises(KeyboardInterrupt):
        run(model, make_settings(ema_decay=0.9, max_epochs=5, lr=0.02), make_data(30), steps=steps)
    assert len(steps) == 8
    *_, expected = averages(steps, 0.9)
    assert_close(model.state_dict(), expected, names_of_parameters(model))


def test_a_trained_net_keeps_no_second_copy(make_model, make_settings, make_data):
    net, _ = train(make_model(), make_settings(ema_decay=0.9), make_data(8), None)
    assert net.callbacks_ == []
