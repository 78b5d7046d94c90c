import pytest
import torch
from torch import nn

from skmat.nn import ALIGNN_PRESETS, ALIGNNNetwork, MTEncoderNetwork
from skmat.training._freeze import freeze, set_training_mode

SIZES = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_feedforward": 16}


class WithStatistics(nn.Module):
    """An encoder whose first and last parts keep moving statistics."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.BatchNorm1d(4), nn.BatchNorm1d(4)

    def forward(self, x):
        return self.last(self.first(x))

    def trainable_parts(self):
        return {"last": [self.last]}


def trainable_names(module):
    return {name for name, parameter in module.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("norm_first", [False, True])
def test_what_is_left_free(norm_first):
    encoder = MTEncoderNetwork(None, norm_first=norm_first, **SIZES)
    everything = {name for name, _ in encoder.named_parameters()}
    last = {name for name in everything if name.startswith(("layers.1.", "final_norm."))}
    expected = {"all": everything, "last": last, "head": set()}
    assert set(expected) == {"all", "head", *encoder.trainable_parts()}
    # Also from any one state to any other.
    for trainable in ("head", "all", "last", "head", "last", "all"):
        freeze(encoder, trainable)
        assert trainable_names(encoder) == expected[trainable]


@pytest.mark.parametrize(
    ("trainable", "training"),
    [("all", (True, True)), ("last", (False, True)), ("head", (False, False))],
)
def test_frozen_parts_are_in_evaluation_mode(trainable, training):
    encoder = WithStatistics()
    freeze(encoder, trainable)
    encoder.train()
    set_training_mode(encoder)
    assert (encoder.first.training, encoder.last.training) == training
    before = {name: tensor.clone() for name, tensor in encoder.named_buffers()}
    encoder(torch.randn(8, 4))
    for part, moves in zip(("first", "last"), training, strict=True):
        same = torch.equal(
            encoder.get_buffer(f"{part}.running_mean"), before[f"{part}.running_mean"]
        )
        assert same != moves


def test_parts_of_alignn():
    encoder = ALIGNNNetwork(None, cutoff=8.0, **ALIGNN_PRESETS["tiny"])
    starts = {
        "two_body": ("atom_layers.", "layers."),
        "three_body": ("bond_layers.",),
        "last": ("layers.0.",),
    }
    assert {"all", "head", *starts} == {"all", "head", *encoder.trainable_parts()}
    for trainable, prefixes in starts.items():
        freeze(encoder, trainable)
        everything = {name for name, _ in encoder.named_parameters()}
        assert trainable_names(encoder) == {n for n in everything if n.startswith(prefixes)}
