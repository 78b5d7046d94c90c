import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from skmat.exceptions import InvalidInputError
from skmat.nn import Representation
from skmat.objectives import REGRESSION_LOSSES, Properties, Target, View
from skmat.objectives._properties import (
    PropertyHead,
    losses_head_by_head,
    losses_of_all_heads,
)

NAN = float("nan")
ENCODER, EIGHT_WIDE = SimpleNamespace(out_features=4), SimpleNamespace(out_features=8)
NUMBER, BINARY, CLASSES = Target("gap"), Target("metal", 2), Target("system", 3)


def head_of(target, loss="l1"):
    return PropertyHead(4, (), target, loss, 0.0)


def losses_of(objective, heads, material, y, sample_weight=None):
    weights = torch.ones(len(y)) if sample_weight is None else sample_weight
    return objective.losses(heads, [Representation(material)], [], None, y, weights)


def test_losses_by_hand():
    labels = torch.tensor([1.0, -2.0])
    output = torch.tensor([[0.5], [1.0]])
    assert head_of(NUMBER).loss(output, labels).tolist() == [0.5, 3.0]
    assert head_of(NUMBER, "mse").loss(output, labels).tolist() == [0.25, 9.0]
    robust = head_of(NUMBER, "robust_l1").loss(torch.tensor([[0.5, 0.7], [1.0, -0.2]]), labels)
    expected = [math.sqrt(2) * 0.5 * math.exp(-0.7) + 0.7, math.sqrt(2) * 3 * math.exp(0.2) - 0.2]
    assert robust.tolist() == pytest.approx(expected)


def test_cross_entropies_by_hand():
    binary = head_of(BINARY).loss(torch.tensor([[0.3], [0.3]]), torch.tensor([1.0, 0.0]))
    p = 1 / (1 + math.exp(-0.3))
    assert binary.tolist() == pytest.approx([-math.log(p), -math.log(1 - p)])
    several = head_of(CLASSES).loss(torch.tensor([[0.1, 0.2, -0.4]]), torch.tensor([2.0]))
    total = math.exp(0.1) + math.exp(0.2) + math.exp(-0.4)
    assert several.tolist() == pytest.approx([math.log(total) + 0.4])


@pytest.mark.parametrize(
    ("target", "loss", "width"),
    [
        (NUMBER, "l1", 1),
        (NUMBER, "mse", 1),
        (NUMBER, "robust_l1", 2),
        (BINARY, "robust_l1", 1),
        (CLASSES, "l1", 3),
    ],
)
def test_widths_of_the_outputs(target, loss, width):
    assert head_of(target, loss)(torch.randn(5, 4)).shape == (5, width)


def test_predictions():
    number = head_of(NUMBER).predict(torch.tensor([[0.5], [1.0]]))
    assert number.tolist() == [[0.5, 0.0], [1.0, 0.0]]
    robust = head_of(NUMBER, "robust_l1").predict(torch.tensor([[0.5, math.log(2.0)]]))
    assert robust[0].tolist() == pytest.approx([0.5, 2.0])
    binary = head_of(BINARY).predict(torch.tensor([[math.log(3.0)]]))
    assert binary[0].tolist() == pytest.approx([0.25, 0.75])
    several = head_of(CLASSES).predict(torch.tensor([[0.0, math.log(2.0), 0.0]]))
    assert several[0].tolist() == pytest.approx([0.25, 0.5, 0.25])


def test_extreme_scales_stay_finite():
    head = head_of(NUMBER, "robust_l1")
    for scale in (-1e6, 1e6):
        output = torch.tensor([[0.0, scale]], requires_grad=True)
        loss = head.loss(output, torch.tensor([3.0]))
        loss.sum().backward()
        assert loss.isfinite().all()
        assert output.grad.isfinite().all()
        assert head.predict(output).isfinite().all()


def test_the_mean_is_over_observed_labels_alone():
    objective = Properties(hidden=())
    heads = objective.build_heads(ENCODER, [NUMBER, BINARY])
    material = torch.randn(3, 4)
    y = torch.tensor([[1.0, NAN], [NAN, 1.0], [2.0, NAN]])
    weights = torch.tensor([1.0, 2.0, 3.0])
    losses = losses_of(objective, heads, material, y, weights)
    errors = (heads[0](material)[:, 0] - torch.tensor([1.0, 0.0, 2.0])).abs()
    assert losses.counts.tolist() == [4.0, 2.0]
    assert losses.means[0].item() == pytest.approx(((errors[0] + 3 * errors[2]) / 4).item())
    expected = nn.functional.softplus(-heads[1](material)[1, 0])
    assert losses.means[1].item() == pytest.approx(expected.item())


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_rows_without_a_label_leave_no_trace(loss):
    objective = Properties(loss)
    targets = [NUMBER, BINARY, CLASSES]
    heads = objective.build_heads(ENCODER, targets)
    material = torch.randn(6, 4)
    y = torch.tensor([[0.3, 1.0, 2.0], [0.1, 0.0, 0.0], [-1.0, 1.0, 1.0]])
    padded = torch.cat([y, torch.full((3, 3), NAN)])

    def gradients(material, y):
        heads.zero_grad()
        losses_of(objective, heads, material, y).means.sum().backward()
        return [parameter.grad.clone() for parameter in heads.parameters()]

    for with_nan, without in zip(
        gradients(material, padded), gradients(material[:3], y), strict=True
    ):
        torch.testing.assert_close(with_nan, without)
        assert with_nan.abs().sum() > 0


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("empty", [0, 1, 2])
def test_a_task_without_labels_has_a_finite_loss_and_no_gradient(loss, empty):
    objective = Properties(loss)
    heads = objective.build_heads(ENCODER, [NUMBER, BINARY, CLASSES])
    material = torch.randn(4, 4, requires_grad=True)
    y = torch.ones(4, 3)
    y[:, empty] = NAN
    losses = losses_of(objective, heads, material, y)
    assert losses.means.isfinite().all()
    assert losses.counts.tolist() == [0.0 if i == empty else 4.0 for i in range(3)]
    losses.means.sum().backward()
    assert material.grad.isfinite().all()
    for i, head in enumerate(heads):
        taught = [bool((parameter.grad != 0).any()) for parameter in head.parameters()]
        assert any(taught) == (i != empty)


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("empty", [None, 0, 2])
def test_all_heads_at_once_as_on_a_gpu_learn_what_one_after_the_other_do(loss, empty):
    targets = [NUMBER, BINARY, Target("volume"), CLASSES, Target("stable", 2)]
    heads = Properties(loss, hidden=(6,)).build_heads(ENCODER, targets)
    generator = torch.Generator().manual_seed(0)
    material = torch.randn(20, 4, generator=generator, requires_grad=True)
    labels = [torch.randn(20, generator=generator) for _ in range(2)]
    classes = [torch.randint(n, (20,), generator=generator).float() for n in (2, 3, 2)]
    y = torch.stack([labels[0], classes[0], labels[1], classes[1], classes[2]], dim=1)
    y[torch.rand(y.shape, generator=generator) < 0.4] = NAN
    if empty is not None:
        y[:, empty] = NAN
    weights = torch.rand(20, generator=generator)

    def learned(compute):
        heads.zero_grad()
        material.grad = None
        losses = compute(heads, Representation(material), y, weights)
        losses.means.sum().backward()
        return [
            *losses,
            material.grad,
            *(parameter.grad.clone() for parameter in heads.parameters()),
        ]

    for at_once, in_turn in zip(
        learned(losses_of_all_heads), learned(losses_head_by_head), strict=True
    ):
        torch.testing.assert_close(at_once, in_turn)


def test_heads_are_two_layers_of_the_encoders_width_unless_told():
    def widths(heads):
        return [layer.out_features for layer in heads[0].mlp if isinstance(layer, nn.Linear)]

    assert widths(Properties().build_heads(EIGHT_WIDE, [NUMBER])) == [8, 4, 1]
    assert widths(Properties(hidden=(5,)).build_heads(EIGHT_WIDE, [NUMBER])) == [5, 1]
    assert widths(Properties(hidden=()).build_heads(EIGHT_WIDE, [NUMBER])) == [1]


class WithOwnLayers:
    """An encoder whose tasks go on from three numbers."""

    out_features = 4

    def task_layers(self, n_layers):
        return nn.Sequential(*(nn.Linear(3, 3) for _ in range(n_layers - 1)), nn.Linear(3, 4))


def test_heads_read_their_own_layers_beside_the_shared_vector():
    objective = Properties(hidden=(), n_task_layers=2)
    heads = objective.build_heads(WithOwnLayers(), [NUMBER, BINARY])
    assert [len(head.layers) for head in heads] == [2, 2]
    encoded = Representation(torch.randn(5, 4), graph=torch.randn(5, 3))
    own = heads[0].layers(encoded.graph)
    expected = heads[0].mlp(torch.cat([encoded.material, own], dim=1))
    torch.testing.assert_close(heads[0](heads[0].read(encoded)), expected)
    # What one property learns moves nothing of the other's.
    y = torch.tensor([[0.5, NAN]] * 5)
    objective.losses(heads, [encoded], [], None, y, torch.ones(5)).means.sum().backward()
    assert all((parameter.grad != 0).any() for parameter in heads[0].parameters())
    assert not any((parameter.grad != 0).any() for parameter in heads[1].layers.parameters())
    for at_once, in_turn in zip(
        losses_of_all_heads(heads, encoded, y, torch.ones(5)),
        losses_head_by_head(heads, encoded, y, torch.ones(5)),
        strict=True,
    ):
        torch.testing.assert_close(at_once, in_turn)


def test_tasks_are_the_targets():
    assert Properties().task_names([NUMBER, BINARY]) == ["gap", "metal"]
    assert Properties().views(None, None) == [View(None)]


def test_unknown_losses_are_answered_with_the_known():
    with pytest.raises(InvalidInputError, match="robust_l1"):
        Properties(loss="huber")
    with pytest.raises(InvalidInputError, match="hidden must be a tuple"):
        Properties(hidden=64)
    for layers in (-1, 1.5, "one"):
        with pytest.raises(InvalidInputError, match="n_task_layers must be a number of layers"):
            Properties(n_task_layers=layers)
