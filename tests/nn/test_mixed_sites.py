"""Networks of crystals whose sites are shared by several elements."""

import numpy as np
import pytest
import torch
from common.materials import batch_of, many, mixed_salt, rock_salt, rutile

from skmat.nn import ALIGNN_PRESETS, CGCNN_PRESETS, MASK_ID, ALIGNNNetwork, CGCNNNetwork
from skmat.nn._elements import ElementVectors

SODIUM, CHLORINE, POTASSIUM, FERMIUM = 11, 17, 19, 100


def make_network(kind, table=None):
    torch.manual_seed(0)
    presets = {ALIGNNNetwork: ALIGNN_PRESETS, CGCNNNetwork: CGCNN_PRESETS}[kind]
    network = kind(table, cutoff=8.0, **presets["tiny"])
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


def give_fermium_the_mean(network, table, share):
    """Let an element that no crystal holds be what sodium and potassium are on average."""
    with torch.no_grad():
        rows = table if table is not None else network.elements.embedding.weight[1:MASK_ID]
        rows[FERMIUM - 1] = share * rows[SODIUM - 1] + (1 - share) * rows[POTASSIUM - 1]
        if table is not None:
            network.elements.table[1:MASK_ID] = table


kinds = pytest.mark.parametrize("kind", [CGCNNNetwork, ALIGNNNetwork])
tables = pytest.mark.parametrize("with_table", [True, False])


@kinds
@tables
def test_a_shared_site_is_an_element_of_mean_properties(kind, with_table):
    table = torch.randn(118, 5) if with_table else None
    network = make_network(kind, table)
    give_fermium_the_mean(network, table, 0.7)
    found = network(batch_of(rutile(), mixed_salt(0.7), mixed_salt(0.2)), sites=True)
    expected = network(batch_of(rutile(), rock_salt(cation="Fm"), mixed_salt(0.2)), sites=True)
    torch.testing.assert_close(found.material, expected.material, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found.sites, expected.sites, rtol=1e-4, atol=1e-6)
    assert (found.material[1] - found.material[2]).abs().max() > 1e-3


@tables
def test_vectors_are_means_of_the_vectors_of_the_elements(with_table):
    torch.manual_seed(0)
    elements = ElementVectors(torch.randn(118, 5) if with_table else None, 4)
    mixtures = torch.zeros(2, 118)
    mixtures[0, [SODIUM - 1, POTASSIUM - 1]] = torch.tensor([0.7, 0.3])
    mixtures[1, [7, 25, 60]] = torch.tensor([0.2, 0.3, 0.5])
    numbers = torch.tensor([MASK_ID + 2, SODIUM, MASK_ID + 1, MASK_ID])
    found = elements(numbers, mixtures).detach().numpy()
    alone = elements(torch.arange(1, MASK_ID + 1)).detach().numpy()
    sodium, potassium = alone[SODIUM - 1], alone[POTASSIUM - 1]
    third = 0.2 * alone[7] + 0.3 * alone[25] + 0.5 * alone[60]
    expected = [third, sodium, 0.7 * sodium + 0.3 * potassium, alone[MASK_ID - 1]]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[1], sodium)


@kinds
def test_one_element_given_as_a_mixture_is_that_element(kind):
    network = make_network(kind)
    batch = batch_of(rock_salt())
    mixture = torch.zeros(1, 118)
    mixture[0, SODIUM - 1] = 1.0
    numbers = torch.where(batch.atomic_numbers == SODIUM, MASK_ID + 1, batch.atomic_numbers)
    given = batch.with_atomic_numbers(numbers)._replace(mixtures=mixture)
    torch.testing.assert_close(network(given).material, network(batch).material)


@kinds
def test_ordered_crystals_are_the_same_bits_beside_mixtures(kind):
    network = make_network(kind)
    alone = network.elements(batch_of(rutile()).atomic_numbers)
    batch = batch_of(rutile(), mixed_salt(0.3))
    beside = network.elements(batch.atomic_numbers, batch.mixtures)
    assert torch.equal(beside[:6], alone)


@kinds
def test_part_of_a_batch_keeps_its_mixtures(kind):
    network = make_network(kind)
    batch = batch_of(*many(3), mixed_salt(0.3), mixed_salt(0.8))
    rows = torch.tensor([4, 1])
    found, whole = network(batch.take(rows)).material, network(batch).material
    torch.testing.assert_close(found, whole[rows], rtol=1e-4, atol=1e-6)
    alone = network(batch_of(mixed_salt(0.8))).material
    torch.testing.assert_close(alone, whole[[4]], rtol=1e-4, atol=1e-6)
    assert torch.equal(batch.to("cpu").mixtures, batch.mixtures)


@kinds
def test_a_hidden_site_does_not_tell_what_it_held(kind):
    network = make_network(kind)
    hidden = []
    for structure in (mixed_salt(0.3), mixed_salt(0.8), rock_salt()):
        batch = batch_of(structure)
        is_cation = batch.atomic_numbers != CHLORINE
        numbers = torch.where(is_cation, MASK_ID, batch.atomic_numbers)
        hidden.append(network(batch.with_atomic_numbers(numbers)).material)
    for other in hidden[1:]:
        torch.testing.assert_close(other, hidden[0], rtol=1e-5, atol=1e-6)


@kinds
@tables
def test_half_precision_is_close(kind, with_table):
    network = make_network(kind, torch.randn(118, 5) if with_table else None)
    batch = batch_of(mixed_salt(0.3), rutile())
    expected = network(batch).material
    with torch.autocast("cpu", torch.bfloat16):
        found = network(batch).material.float()
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05)


@kinds
@tables
def test_gradients_reach_the_elements_of_a_mixture(kind, with_table):
    network = make_network(kind, torch.randn(118, 5) if with_table else None).train()
    network(batch_of(mixed_salt(0.3), rutile())).material.square().sum().backward()
    if with_table:
        assert network.elements.linear.weight.grad.abs().sum() > 0
    else:
        reached = network.elements.embedding.weight.grad.abs().sum(dim=1).nonzero()
        assert reached.flatten().tolist() == [8, SODIUM, CHLORINE, POTASSIUM, 22]
