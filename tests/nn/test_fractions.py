import math

import pytest
import torch

from skmat.nn import FractionEncoding


def encode_by_hand(x, d_model):
    """Return the encoding of one fraction in plain Python, at scales of 1."""
    half = d_model // 2
    linear = min(max(x, 1 / 5000), 1.0)
    logarithmic = min(max(0.0025 * math.log2(linear) ** 2, 1 / 5000), 1.0)
    vector = []
    for position in (linear, logarithmic):
        angles = [5000 * position * 50 ** (-2 * k / half) for k in range(half // 2)]
        vector += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
    return torch.tensor(vector, dtype=torch.float64)


@pytest.mark.parametrize("x", [1e-6, 0.001, 0.25, 1 / 3, 0.9, 1.0])
def test_values_are_the_formulas(x):
    # The frequencies themselves are float32: 5,000 rad carry 3e-4 of that.
    encoded = FractionEncoding(32).double()(torch.tensor([x], dtype=torch.float64))[0]
    torch.testing.assert_close(encoded, encode_by_hand(x, 32), atol=2e-3, rtol=0)


def test_dopants_are_told_apart():
    encoded = FractionEncoding(64)(torch.tensor([0.001, 0.002, 0.0011]))
    assert torch.dist(encoded[0], encoded[1]) > 1.0
    assert torch.dist(encoded[0], encoded[2]) > 0.1


def test_each_half_has_its_scale_and_a_gradient():
    encoding = FractionEncoding(16)
    fractions = torch.tensor([0.3, 0.7])
    plain = encoding(fractions).detach()
    with torch.no_grad():
        encoding.log2_scales.copy_(torch.tensor([1.0, -2.0]))
    scaled = encoding(fractions)
    torch.testing.assert_close(scaled[:, :8], 2 * plain[:, :8])
    torch.testing.assert_close(scaled[:, 8:], plain[:, 8:] / 4)
    (scaled**3).sum().backward()
    assert (encoding.log2_scales.grad != 0).all()


def test_half_precision_fractions_and_doubles_keep_their_phases():
    encoding = FractionEncoding(16)
    # 0.5 is exact in every format, so only the arithmetic could lose its phase.
    expected = encoding(torch.tensor([0.5]))
    assert torch.equal(encoding(torch.tensor([0.5], dtype=torch.bfloat16)), expected)
    double = encoding.double()(torch.tensor([1 / 3], dtype=torch.float64))
    rounded = encoding(torch.tensor([1 / 3]).double())
    assert not torch.equal(double, rounded)
