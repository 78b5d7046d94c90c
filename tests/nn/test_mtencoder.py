import math

import numpy as np
import pytest
import torch

from skmat.composition import read_compositions
from skmat.nn import MASK_ID, MTENCODER_PRESETS, CompositionBatch, MTEncoderNetwork, _mtencoder
from skmat.nn._mtencoder import _attention

UNARY, BINARY = "Fe", "TiO2"
ALLOY = "Li0.31Mg1.2Al2Si0.7Ti0.05V0.9Cr1.1Mn0.4Fe3Co1Ni2.2Cu0.13Zn0.6"
SIZES = {"d_model": 32, "n_layers": 3, "n_heads": 4, "d_feedforward": 48}


def make_network(seed=0, *, table=True, **settings):
    """Return a network none of whose parameters is at a special value."""
    torch.manual_seed(seed)
    elements = torch.randn(118, 7) if table else None
    network = MTEncoderNetwork(elements, **{**SIZES, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


def batch_of(*formulas):
    arrays = read_compositions(list(formulas))
    return CompositionBatch.from_arrays(arrays, np.arange(len(formulas)))


def doubled(batch):
    return batch._replace(fractions=batch.fractions.double())


class NaiveNetwork:
    """The same encoder in float64, one material and one head at a time, nothing padded."""

    def __init__(self, network):
        # Parameters alone: the frequencies are no part of the state.
        self.weights = {name: t.double().numpy() for name, t in network.state_dict().items()}
        self.frequencies = network.fraction_encoding.frequencies.double().numpy()
        self.n_layers, self.n_heads = len(network.layers), network.layers[0].n_heads
        self.norm_first, self.readout = network.layers[0].norm_first, network.readout

    def __call__(self, atomic_numbers, fractions):
        tokens = [self.weights["cpd"]]
        for number, fraction in zip(atomic_numbers, fractions, strict=True):
            tokens.append(self.site(number, fraction))
        tokens = np.array(tokens)
        for i in range(self.n_layers):
            tokens = self.layer(f"layers.{i}.", tokens)
        if self.norm_first:
            tokens = self.norm("final_norm", tokens)
        material = tokens[0] if self.readout == "cpd" else tokens[1:].mean(axis=0)
        return material, tokens[1:]

    def site(self, number, fraction):
        vector = self.weights["elements.weight"][number].copy()
        if "properties.weight" in self.weights and 1 <= number <= 118:
            vector += self.weights["properties.weight"] @ self.weights["element_table"][number]
        linear = max(fraction, 1 / 5000)
        logarithmic = min(max(0.0025 * math.log2(linear) ** 2, 1 / 5000), 1.0)
        scales = 2.0 ** self.weights["fraction_encoding.log2_scales"]
        parts = []
        for scale, position in zip(scales, (linear, logarithmic), strict=True):
            angles = position * self.frequencies
            parts += [scale * np.sin(angles), scale * np.cos(angles)]
        return vector + np.concatenate(parts)

    def layer(self, prefix, tokens):
        if self.norm_first:
            tokens = tokens + self.attention(prefix, self.norm(prefix + "attention_norm", tokens))
            normed = self.norm(prefix + "feedforward_norm", tokens)
            return tokens + self.feedforward(prefix, normed)
        tokens = self.norm(prefix + "attention_norm", tokens + self.attention(prefix, tokens))
        return self.norm(prefix + "feedforward_norm", tokens + self.feedforward(prefix, tokens))

    def attention(self, prefix, tokens):
        d_model = tokens.shape[1]
        width = d_model // self.n_heads
        query = self.linear(prefix + "query", tokens)
        key_value = self.linear(prefix + "key_value", tokens)
        key, value = key_value[:, :d_model], key_value[:, d_model:]
        attended = np.empty_like(tokens)
        for head in range(self.n_heads):
            own = slice(head * width, (head + 1) * width)
            for i in range(len(tokens)):
                scores = np.array([query[i, own] @ k for k in key[:, own]]) / math.sqrt(width)
                shares = np.exp(scores - scores.max())
                attended[i, own] = (shares / shares.sum()) @ value[:, own]
        return self.linear(prefix + "attention_out", attended)

    def feedforward(self, prefix, tokens):
        return self.linear(
            prefix + "contract", np.maximum(self.linear(prefix + "expand", tokens), 0)
        )

    def linear(self, name, tokens):
        return tokens @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, name, tokens):
        centred = tokens - tokens.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        return scaled * self.weights[name + ".weight"] + self.weights[name + ".bias"]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("readout", ["cpd", "mean"])
@pytest.mark.parametrize("table", [True, False])
def test_equals_a_naive_float64_implementation(readout, norm_first, table):
    network = make_network(readout=readout, norm_first=norm_first, table=table).double()
    naive = NaiveNetwork(network)
    batch = doubled(batch_of(UNARY, ALLOY, BINARY))
    numbers = batch.atomic_numbers.clone()
    numbers[2, 0] = MASK_ID
    batch = batch.with_atomic_numbers(numbers)
    with torch.no_grad():
        short = network(batch)
        full = network(batch, sites=True)
    assert short.sites is None
    expected_sites = []
    for row in range(3):
        n = int(batch.site_mask[row].sum())
        material, sites = naive(
            batch.atomic_numbers[row, :n].tolist(), batch.fractions[row, :n].tolist()
        )
        expected_sites.append(sites)
        np.testing.assert_allclose(full.material[row].numpy(), material, rtol=0, atol=1e-10)
        np.testing.assert_allclose(short.material[row].numpy(), material, rtol=0, atol=1e-10)
    np.testing.assert_allclose(
        full.sites.numpy(), np.concatenate(expected_sites), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("readout", ["cpd", "mean"])
def test_float32_does_not_depend_on_sites_padding_or_batch_mates(readout, n_layers):
    network = make_network(readout=readout, n_layers=n_layers)
    formulas = [UNARY, BINARY, ALLOY]
    with torch.no_grad():
        together = network(batch_of(*formulas), sites=True)
        torch.testing.assert_close(
            network(batch_of(*formulas)).material, together.material, atol=1e-5, rtol=0
        )
        for row, formula in enumerate(formulas):
            alone = network(batch_of(formula)).material[0]
            torch.testing.assert_close(alone, together.material[row], atol=1e-5, rtol=0)


def test_what_stands_at_padding_does_not_matter():
    network = make_network()
    batch = batch_of(BINARY, ALLOY)
    polluted = batch._replace(fractions=batch.fractions.masked_fill(~batch.site_mask, 0.7))
    with torch.no_grad():
        expected = network(batch, sites=True)
        found = network(polluted, sites=True)
    assert torch.equal(found.material, expected.material)
    assert torch.equal(found.sites, expected.sites)


@pytest.mark.parametrize("readout", ["cpd", "mean"])
def test_the_order_of_elements_does_not_matter(readout):
    network = make_network(readout=readout).double()
    batch = doubled(batch_of(ALLOY))
    order = torch.randperm(13, generator=torch.Generator().manual_seed(3))
    shuffled = CompositionBatch(*(tensor[:, order] for tensor in batch))
    with torch.no_grad():
        expected, found = network(batch, sites=True), network(shuffled, sites=True)
    torch.testing.assert_close(found.material, expected.material, atol=1e-10, rtol=0)
    torch.testing.assert_close(found.sites, expected.sites[order], atol=1e-10, rtol=0)


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("readout", ["cpd", "mean"])
def test_a_gradient_reaches_every_parameter(readout, norm_first):
    network = make_network(readout=readout, norm_first=norm_first).train()
    batch = batch_of(UNARY, BINARY, ALLOY)
    numbers = batch.atomic_numbers.clone()
    numbers[1, 0] = MASK_ID
    found = network(batch.with_atomic_numbers(numbers), sites=True)
    weights = torch.randn(found.material.shape[1])
    (found.material @ weights).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
        assert parameter.grad.isfinite().all(), name
    used = set(numbers.unique().tolist()) - {0}
    taught = set(network.elements.weight.grad.abs().sum(dim=1).nonzero().flatten().tolist())
    assert taught == used
    assert MASK_ID in taught
    assert (network.cpd.grad != 0).any()


@pytest.mark.parametrize("readout", ["cpd", "mean"])
@pytest.mark.parametrize("training", [False, True])
def test_an_empty_row_is_finite_and_changes_no_other(readout, training):
    network = make_network(readout=readout, dropout=0.0, fraction_jitter=0.0).train(training)
    batch = batch_of(BINARY, UNARY)
    with_empty = CompositionBatch(
        *(torch.cat([tensor, torch.zeros_like(tensor[:1])]) for tensor in batch)
    )
    found = network(with_empty, sites=True)
    assert found.material.isfinite().all()
    torch.testing.assert_close(found.material[:2], network(batch).material, atol=1e-5, rtol=0)
    found.material.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    only_empty = network(CompositionBatch(*(tensor[2:] for tensor in with_empty)))
    assert only_empty.material.isfinite().all()


def test_jitter_and_dropout_act_in_training_alone():
    batch = batch_of(BINARY, ALLOY)
    for settings in ({"dropout": 0.0}, {"fraction_jitter": 0.0}):
        network = make_network(**settings).train()
        with torch.no_grad():
            assert not torch.equal(network(batch).material, network(batch).material)
            network.eval()
            assert torch.equal(network(batch).material, network(batch).material)
    still = make_network(dropout=0.0, fraction_jitter=0.0).train()
    with torch.no_grad():
        assert torch.equal(still(batch).material, still(batch).material)


def test_jitter_keeps_a_pure_element_pure():
    network = make_network(dropout=0.0, fraction_jitter=0.5).train()
    with torch.no_grad():
        noisy = network(batch_of(UNARY, UNARY)).material
        torch.testing.assert_close(noisy, network.eval()(batch_of(UNARY, UNARY)).material)


@pytest.mark.parametrize(
    ("preset", "millions"), [("tiny", 0.09), ("base", 2.5), ("paper", 9.6), ("large", 19.1)]
)
def test_sizes_of_the_presets(preset, millions):
    with torch.device("meta"):
        network = MTEncoderNetwork(torch.zeros(118, 200), **MTENCODER_PRESETS[preset])
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    assert n_parameters / 1e6 == pytest.approx(millions, rel=0.03)
    assert network.out_features == MTENCODER_PRESETS[preset]["d_model"]


def test_layers_differ_at_their_start():
    network = MTEncoderNetwork(None, **SIZES)
    assert not torch.equal(network.layers[0].query.weight, network.layers[1].query.weight)


@pytest.mark.parametrize("norm_first", [False, True])
def test_last_modules_are_what_comes_after_the_last_but_one_layer(norm_first):
    network = make_network(norm_first=norm_first)
    names = {
        name
        for name, parameter in network.named_parameters()
        if any(parameter is p for module in network.last_modules() for p in module.parameters())
    }
    assert names == {
        name for name in network.state_dict() if name.startswith(("layers.2.", "final_norm."))
    }


def named_by_depth(network):
    """Return the names of the parameters of each depth group."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return [
        [
            names[id(parameter)]
            for item in group
            for parameter in (
                [item] if isinstance(item, torch.nn.Parameter) else item.parameters()
            )
        ]
        for group in network.depth_groups()
    ]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("n_layers", [1, 3])
def test_depth_groups_hold_every_parameter_once_from_input_to_output(norm_first, table, n_layers):
    network = make_network(norm_first=norm_first, table=table, n_layers=n_layers)
    groups = named_by_depth(network)
    listed = [name for group in groups for name in group]
    assert sorted(listed) == sorted(name for name, _ in network.named_parameters())
    assert len(groups) == n_layers + 1
    assert not any(name.startswith(("layers", "final")) for name in groups[0])
    for depth, group in enumerate(groups[1:]):
        assert {name.split(".")[1] for name in group if name.startswith("layers")} == {str(depth)}
    last = {id(p) for module in network.last_modules() for p in module.parameters()}
    parameters = dict(network.named_parameters())
    assert {id(parameters[name]) for name in groups[-1]} == last


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_attention_is_that_of_torch(masked, dtype):
    generator = torch.Generator().manual_seed(0)
    shape = (5, 2, 7, 8)
    queries, keys, values = torch.randn(3, *shape, generator=generator).to(dtype)
    mask = None
    if masked:
        mask = torch.arange(7) < torch.tensor([7, 1, 3, 2, 7])[:, None, None, None]
    results = []
    for function in (_attention, torch.nn.functional.scaled_dot_product_attention):
        inputs = [tensor.clone().requires_grad_() for tensor in (queries, keys, values)]
        attended = function(*inputs, mask)
        assert attended.dtype == dtype
        attended.float().square().sum().backward()
        results.append([attended.detach(), *(tensor.grad for tensor in inputs)])
    tolerance = 1e-5 if dtype == torch.float32 else 6e-2
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("readout", ["cpd", "mean"])
def test_added_tokens_of_bf16_change_nothing(readout, monkeypatch):
    network, batch = make_network(readout=readout), batch_of(ALLOY, BINARY, UNARY)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        found = network(batch, sites=True)
        monkeypatch.setattr(_mtencoder, "_n_added_tokens", lambda *_: 0)
        expected = network(batch, sites=True)
    for one, other in zip(found[:2], expected[:2], strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one.float(), other.float(), atol=0.05, rtol=0.02)


def test_batches_of_bf16_have_few_shapes():
    network, shapes = make_network(), set()
    network.layers[0].expand.register_forward_hook(
        lambda _, inputs, __: shapes.add(inputs[0].shape)
    )
    batches = [batch_of(*[ALLOY] * 9, *[BINARY] * n) for n in range(1, 11)]
    with torch.inference_mode():
        for batch in batches:
            network(batch)
        assert len(shapes) == 10
        shapes.clear()
        with torch.autocast("cpu", torch.bfloat16):
            for batch in batches:
                network(batch)
    assert len(shapes) <= 3
