import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from skmat.exceptions import SkmatError
from skmat.objectives import LossWeighting
from skmat.training import build_net
from skmat.training._freeze import freeze
from skmat.training._optimizer import parameter_groups

FACTOR, DECAY = 0.3, 0.5


def rate_of(name):
    """Return the rate of a parameter of a network of three layers, as a multiple of the heads'."""
    if name.startswith("heads."):
        return 1.0
    if name.startswith(("encoder.layers.2.", "encoder.final_norm.")):
        return FACTOR
    if name.startswith("encoder.layers.1."):
        return FACTOR * DECAY
    if name.startswith("encoder.layers.0."):
        return FACTOR * DECAY**2
    return FACTOR * DECAY**3


def decays(name):
    kept = ("bias", "norm.weight", "cpd", "elements.weight", "log2_scales")
    return not name.endswith(kept)


def grouped(model, criterion=None, **settings):
    """Return the groups, and the group of each parameter by name."""
    settings = {"lr": 0.01, "weight_decay": 0.1, **settings}
    groups = parameter_groups(model, criterion or nn.Identity(), **settings)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    listed = [names.get(id(each), "criterion") for group in groups for each in group["params"]]
    assert len(listed) == len(set(listed))
    by_name = {
        names.get(id(each), "criterion"): group for group in groups for each in group["params"]
    }
    return groups, by_name


class Rates(Callback):
    """Remember the rate of every parameter at every step."""

    def __init__(self):
        self.rates = []

    def on_grad_computed(self, net, **kwargs):
        names = {id(each): name for name, each in net.module_.named_parameters()}
        self.rates.append(
            {
                names.get(id(each), "criterion"): group["lr"]
                for group in net.optimizer_.param_groups
                for each in group["params"]
            }
        )


def rates_of(model, settings, data):
    net = build_net(model, settings, len(data))
    rates = Rates()
    net.callbacks_.append(("rates", rates))
    net.partial_fit(data)
    return rates.rates


@pytest.mark.parametrize("norm_first", [False, True])
def test_every_parameter_has_the_rate_of_its_depth(make_model, norm_first):
    model = make_model("joint", n_targets=2, n_layers=3, norm_first=norm_first)
    groups, by_name = grouped(model, encoder_lr_factor=FACTOR, layer_decay=DECAY)
    assert set(by_name) == {name for name, _ in model.named_parameters()}
    for name, group in by_name.items():
        assert group["lr_scale"] == pytest.approx(rate_of(name)), name
        assert group["lr"] == pytest.approx(0.01 * rate_of(name)), name
    assert groups[0]["lr"] == 0.01


def test_matrices_alone_decay(make_model):
    torch.manual_seed(0)
    model = make_model("joint", norm_first=True)
    model.encoder.properties = nn.Linear(5, 16, bias=False)
    _, by_name = grouped(model)
    assert {name: group["weight_decay"] for name, group in by_name.items()} == {
        name: 0.1 if decays(name) else 0.0 for name in by_name
    }
    for name in ("encoder.properties.weight", "encoder.layers.0.query.weight"):
        assert by_name[name]["weight_decay"] == 0.1


def test_by_default_there_are_two_groups(make_model):
    groups, _ = grouped(make_model())
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [(0.01, 0.1), (0.01, 0.0)]


@pytest.mark.parametrize("trainable", ["head", "last"])
def test_what_is_frozen_stands_in_no_group(make_model, trainable):
    model = make_model(n_layers=3, norm_first=True)
    freeze(model.encoder, trainable)
    _, by_name = grouped(model, encoder_lr_factor=FACTOR, layer_decay=DECAY)
    free = ("heads.", "encoder.layers.2.", "encoder.final_norm.")
    assert set(by_name) == {
        name
        for name, _ in model.named_parameters()
        if name.startswith(free if trainable == "last" else "heads.")
    }


def test_learned_weights_of_losses_have_the_rate_of_the_heads_and_do_not_decay(make_model):
    model = make_model()
    learned = LossWeighting("uncertainty", (1.0,), (1.0,), 0)
    _, by_name = grouped(model, learned, encoder_lr_factor=FACTOR)
    group = by_name["criterion"]
    assert (group["lr"], group["weight_decay"]) == (0.01, 0.0)
    _, by_name = grouped(model, LossWeighting("equal", (1.0,), (1.0,), 0))
    assert "criterion" not in by_name


@pytest.mark.parametrize("fault", ["left out", "twice"])
def test_an_encoder_that_forgets_or_repeats_a_parameter_is_refused(make_model, fault, monkeypatch):
    model = make_model()
    groups = model.encoder.depth_groups()
    wrong = groups[1:] if fault == "left out" else [*groups, groups[0]]
    monkeypatch.setattr(model.encoder, "depth_groups", lambda: wrong)
    with pytest.raises(SkmatError, match=r"depth_groups\(\).*once") as caught:
        grouped(model)
    assert ("elements.weight" in str(caught.value)) == (fault == "left out")


@pytest.mark.parametrize("schedule", ["one_cycle", "constant"])
def test_at_every_step_every_group_has_its_share_of_the_heads_rate(
    make_model, make_settings, make_data, schedule
):
    settings = {"schedule": schedule, "lr": 0.01, "max_epochs": 4}
    plain = rates_of(make_model(n_layers=3), make_settings(**settings), make_data(30))
    found = rates_of(
        make_model(n_layers=3),
        make_settings(encoder_lr_factor=FACTOR, layer_decay=DECAY, **settings),
        make_data(30),
    )
    assert len(found) == len(plain) == 16
    for before, after in zip(plain, found, strict=True):
        for name, rate in after.items():
            assert rate == pytest.approx(rate_of(name) * before[name], rel=1e-9), name
    heads = [rates["heads.properties.0.mlp.0.weight"] for rates in found]
    assert (len(set(heads)) > 10) == (schedule == "one_cycle")


def test_parts_move_at_their_rates(make_model, make_settings, make_data):
    """The first step of Adam is as long as the learning rate, wherever there is a gradient."""
    model = make_model(n_layers=3, dropout=0.0)
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    settings = make_settings(
        lr=1e-3, weight_decay=0.0, schedule="constant", max_epochs=1, batch_size=30,
        encoder_lr_factor=FACTOR, layer_decay=DECAY,
    )  # fmt: skip
    build_net(model, settings, 30).partial_fit(make_data(30))
    for name, parameter in model.named_parameters():
        moved = (parameter - before[name]).abs().max().item()
        assert moved == pytest.approx(1e-3 * rate_of(name), rel=0.05), name


def test_without_gradients_matrices_shrink_and_nothing_else_changes(
    make_model, make_settings, make_data
):
    model, data = make_model(norm_first=True), make_data(16)
    data.sample_weight[:] = 0.0
    before = {name: each.detach().clone() for name, each in model.named_parameters()}
    settings = make_settings(lr=0.1, weight_decay=0.5, schedule="constant", encoder_lr_factor=0.2)
    build_net(model, settings, 16).partial_fit(data)
    for name, parameter in model.named_parameters():
        if decays(name):
            rate = 0.1 if name.startswith("heads.") else 0.02
            expected = before[name] * (1 - rate * 0.5) ** 6
            torch.testing.assert_close(parameter.detach(), expected)
        else:
            assert torch.equal(parameter, before[name]), name


def test_the_history_shows_the_rate_of_the_heads(make_model, make_settings, make_data):
    net = build_net(
        make_model(), make_settings(schedule="constant", lr=0.02, encoder_lr_factor=0.1), 16
    )
    net.partial_fit(make_data(16))
    np.testing.assert_array_equal(net.history[:, "lr"], 0.02)
