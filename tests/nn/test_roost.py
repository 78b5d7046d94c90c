import numpy as np
import pytest
import torch

from skmat.composition import read_compositions
from skmat.nn import MASK_ID, ROOST_PRESETS, CompositionBatch, RoostNetwork

UNARY, BINARY = "Fe", "TiO2"
ALLOY = "Li0.31Mg1.2Al2Si0.7Ti0.05V0.9Cr1.1Mn0.4Fe3Co1Ni2.2Cu0.13Zn0.6"
FORMULAS = [UNARY, ALLOY, BINARY, "BaTiO3"]
SIZES = {
    "d_element": 9,
    "n_layers": 2,
    "n_heads": 3,
    "d_hidden": 7,
    "trunk": (11, 9),
    "d_model": 6,
}


def make_network(seed=0, *, table=True, **settings):
    """Return a network none of whose parameters is at a special value."""
    torch.manual_seed(seed)
    elements = torch.randn(118, 5) if table else None
    network = RoostNetwork(elements, **{**SIZES, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


def batch_of(*formulas):
    arrays = read_compositions(list(formulas))
    return CompositionBatch.from_arrays(arrays, np.arange(len(formulas)))


def leaky(x):
    return np.where(x > 0, x, 0.01 * x)


class NaiveNetwork:
    """Roost as the paper writes it, in float64, one material, head and pair at a time."""

    def __init__(self, network):
        self.weights = {name: t.double().numpy() for name, t in network.state_dict().items()}
        self.n_layers, self.n_heads = len(network.layers), network.pool.n_heads
        self.n_trunk = len(network.trunk.layers)

    def __call__(self, atomic_numbers, fractions):
        w = self.weights
        nodes = []
        for number, fraction in zip(atomic_numbers, fractions, strict=True):
            if "elements.table" in w:
                properties = w["elements.table"][number]
                vector = w["elements.linear.weight"] @ properties + w["elements.linear.bias"]
            else:
                vector = w["elements.embedding.weight"][number]
            nodes.append(np.append(vector, fraction))
        for i in range(self.n_layers):
            nodes = [
                node
                + self.attend(
                    f"layers.{i}.", [np.append(node, other) for other in nodes], fractions
                )
                for node in nodes
            ]
        material = self.trunk(self.attend("pool.", nodes, fractions))
        return material, np.array([self.trunk(node) for node in nodes])

    def attend(self, prefix, inputs, fractions):
        w = {k[len(prefix) :]: v for k, v in self.weights.items() if k.startswith(prefix)}
        first = w["from_sender.weight"]
        if "from_receiver.weight" in w:
            first = np.hstack([w["from_receiver.weight"], first])
        n_hidden = w["gate"].shape[1]
        heads = []
        for head in range(self.n_heads):
            gates, messages = [], []
            for x, fraction in zip(inputs, fractions, strict=True):
                hidden = leaky(first @ x + w["from_sender.bias"])
                hidden = hidden.reshape(2, self.n_heads, n_hidden)[:, head]
                gates.append(fraction ** w["power"][head] * np.exp(w["gate"][head] @ hidden[0]))
                messages.append(hidden[1] @ w["message"][head] + w["message_bias"])
            heads.append(np.average(messages, axis=0, weights=gates))
        return np.mean(heads, axis=0)

    def trunk(self, x):
        w = self.weights
        for i in range(self.n_trunk):
            new = w[f"trunk.layers.{i}.weight"] @ x + w[f"trunk.layers.{i}.bias"]
            shortcut = w.get(f"trunk.shortcuts.{i}.weight")
            x = np.maximum(new, 0) + (x if shortcut is None else shortcut @ x)
        return np.maximum(w["trunk.last.weight"] @ x + w["trunk.last.bias"], 0)


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("formula", [UNARY, BINARY, ALLOY])
def test_agrees_with_the_network_written_out(table, formula):
    network = make_network(table=table)
    batch = batch_of(formula)
    expected, sites = NaiveNetwork(network)(batch.atomic_numbers[0], batch.fractions[0].numpy())
    found = network(batch, sites=True)
    np.testing.assert_allclose(found.material[0].detach(), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.sites.detach(), sites, rtol=1e-4, atol=1e-5)
    assert expected.any()


def test_company_changes_nothing():
    network = make_network()
    together = network(batch_of(*FORMULAS), sites=True)
    alone = [network(batch_of(formula), sites=True) for formula in FORMULAS]
    torch.testing.assert_close(together.material, torch.cat([each.material for each in alone]))
    torch.testing.assert_close(together.sites, torch.cat([each.sites for each in alone]))


def test_traces_below_the_range_of_float32():
    """They are 0 in the batch, and are elements all the same."""
    network = make_network()
    # Made by hand: formulas are read without elements of less than 1e-8.
    read = batch_of("FeNi", BINARY)
    fractions = read.fractions.clone()
    fractions[0] = torch.tensor([1.0, 0.0])
    batch = CompositionBatch(read.atomic_numbers, fractions)
    found = network(batch, sites=True)
    assert torch.isfinite(found.material).all()
    assert torch.isfinite(found.sites).all()
    # The least that float32 can say is a trace as well.
    least = CompositionBatch(
        batch.atomic_numbers, batch.fractions.clamp_min(torch.finfo(torch.float32).tiny)
    )
    torch.testing.assert_close(network(least).material, found.material)


def test_the_order_of_elements_does_not_matter():
    network = make_network()
    batch = batch_of(ALLOY)
    order = torch.randperm(13, generator=torch.Generator().manual_seed(0))
    turned = CompositionBatch(batch.atomic_numbers[:, order], batch.fractions[:, order])
    found, expected = network(turned, sites=True), network(batch, sites=True)
    torch.testing.assert_close(found.material, expected.material, rtol=0, atol=1e-6)
    torch.testing.assert_close(found.sites, expected.sites[order], rtol=0, atol=1e-6)


def test_messages_pass_between_elements():
    """The published pretraining joined every element of its second view to itself alone."""
    network = make_network()
    first, second = batch_of("TiO2"), batch_of("ZrO2")
    sites = [network(batch, sites=True).sites for batch in (first, second)]
    oxygen = [list(batch.atomic_numbers[0]).index(8) for batch in (first, second)]
    difference = sites[0][oxygen[0]] - sites[1][oxygen[1]]
    assert difference.abs().max() > 1e-3


def test_a_hidden_element_has_no_properties():
    network = make_network()
    batch = batch_of(BINARY)
    numbers = torch.full_like(batch.atomic_numbers, MASK_ID)
    hidden = network(batch.with_atomic_numbers(numbers), sites=True)
    other = batch_of("NaCl2").with_atomic_numbers(numbers)
    torch.testing.assert_close(hidden.material, network(other).material)
    embedded = network.elements(torch.tensor([MASK_ID]))
    torch.testing.assert_close(embedded[0], network.elements.linear.bias)


def test_gradients_reach_every_parameter():
    network = make_network(table=False).train()
    network(batch_of(*FORMULAS)).material.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_bfloat16_is_near_to_float32():
    network = make_network()
    expected = network(batch_of(*FORMULAS)).material
    with torch.autocast("cpu", torch.bfloat16):
        found = network(batch_of(*FORMULAS)).material
    assert (found.float() - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize("preset", ROOST_PRESETS)
def test_presets_and_depth_groups(preset):
    network = RoostNetwork(torch.randn(118, 5), **ROOST_PRESETS[preset])
    assert network(batch_of(*FORMULAS)).material.shape == (4, network.out_features)
    grouped = [p for group in network.depth_groups() for item in group for p in item.parameters()]
    assert {id(p) for p in grouped} == {id(p) for p in network.parameters()}
    assert len(grouped) == len(list(network.parameters()))
