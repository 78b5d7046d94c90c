import pytest
import torch
from torch import nn

from skmat.nn import Dropout, build_mlp, run_side_by_side


def kinds(module):
    return [type(layer) for layer in module]


def test_two_hidden_layers():
    mlp = build_mlp(8, (6, 4), 3)
    assert kinds(mlp) == [nn.Linear, nn.LeakyReLU, nn.Linear, nn.LeakyReLU, nn.Linear]
    shapes = [tuple(layer.weight.shape) for layer in mlp if isinstance(layer, nn.Linear)]
    assert shapes == [(6, 8), (4, 6), (3, 4)]


def test_no_hidden_layer_is_a_linear_map():
    assert kinds(build_mlp(8, (), 3)) == [nn.Linear]


@pytest.mark.parametrize("dropout", [0.5])
def test_dropout_follows_each_hidden_layer_while_training(dropout):
    mlp = build_mlp(8, (64, 64), 1, dropout)
    assert kinds(mlp).count(Dropout) == 2
    x = torch.randn(4, 8)
    assert not torch.equal(mlp(x), mlp(x))
    mlp.eval()
    assert torch.equal(mlp(x), mlp(x))


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5)])
def test_side_by_side_is_one_after_the_other(hidden):
    mlps = [build_mlp(8, hidden, 2, dropout=0.3).eval() for _ in range(3)]
    x = torch.randn(7, 8)
    together = run_side_by_side(mlps, x)
    assert together.shape == (3, 7, 2)
    torch.testing.assert_close(together, torch.stack([mlp(x) for mlp in mlps]))


def test_side_by_side_drops_out_too():
    mlps = [build_mlp(8, (64,), 1, dropout=0.5) for _ in range(2)]
    x = torch.randn(4, 8)
    assert not torch.equal(run_side_by_side(mlps, x), run_side_by_side(mlps, x))
