import itertools

import numpy as np
import pytest
import torch
from common.materials import batch_of, bcc_iron, many, rock_salt, rutile, triclinic

from skmat.datasets import fetch_matbench
from skmat.nn import ALIGNN_PRESETS, MASK_ID, ALIGNNNetwork
from skmat.structure._neighbors import TIE

SIZES = {"cutoff": 8.0, "d_model": 6, "n_angle_layers": 2, "n_layers": 1, "d_embedding": 5}


def make_network(seed=0, *, table=True, **settings):
    """Return a network none of whose parameters is at a special value."""
    torch.manual_seed(seed)
    network = ALIGNNNetwork(torch.randn(118, 4) if table else None, **{**SIZES, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.eval()


def silu(x):
    return x / (1 + np.exp(-x))


class NaiveNetwork:
    """ALIGNN as the paper writes it, in float64, one atom, bond and angle at a time."""

    def __init__(self, network):
        self.weights = {name: t.double().numpy() for name, t in network.state_dict().items()}
        self.n_angle_layers, self.n_layers = len(network.atom_layers), len(network.layers)
        self.n_angle_neighbors = network.n_angle_neighbors

    def linear(self, name, x):
        return self.weights[f"{name}.weight"] @ x + self.weights.get(f"{name}.bias", 0.0)

    def norm(self, name, x):
        x = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def expand(self, name, value, lowest, highest, n):
        centers = np.linspace(lowest, highest, n)
        x = np.exp(-((value - centers) ** 2) / (centers[1] - centers[0]))
        for i in (0, 3):
            x = silu(self.norm(f"{name}.mlp.{i + 1}", self.linear(f"{name}.mlp.{i}", x)))
        return x

    def __call__(self, structure):
        w = self.weights
        atoms = [
            self.linear("elements.linear", w["elements.table"][z])
            for z in structure.atomic_numbers
        ]
        # A bond is (atom, neighbour, vector to it, whether it forms angles).
        bonds = []
        n_near = self.n_angle_neighbors or 12
        for i, site in enumerate(structure):
            found = sorted(structure.get_neighbors(site, 8.0), key=lambda each: each.nn_distance)
            last, near = found[11].nn_distance + TIE, found[n_near - 1].nn_distance + TIE
            bonds += [
                (i, each.index, each.coords - site.coords, each.nn_distance < near)
                for each in found
                if each.nn_distance < last
            ]
        pairs, angles = [], []
        for (a, one), (b, other) in itertools.product(enumerate(bonds), repeat=2):
            if one[1] == other[0] and one[3] and other[3]:
                # Atom one[0], its neighbour one[1], and the neighbour's neighbour other[1].
                u, v = -one[2], other[2]
                cosine = u @ v / np.linalg.norm(u) / np.linalg.norm(v)
                pairs.append((a, b))
                angles.append(self.expand("angles", cosine, -1.0, 1.0, 40))
        edges = [self.expand("bonds", np.linalg.norm(v), 0.0, 8.0, 80) for _, _, v, _ in bonds]
        graph = [(i, j) for i, j, _, _ in bonds]
        for k in range(self.n_angle_layers):
            atoms, edges = self.convolve(f"atom_layers.{k}", atoms, edges, graph)
            edges, angles = self.convolve(f"bond_layers.{k}", edges, angles, pairs)
        for k in range(self.n_layers):
            atoms, edges = self.convolve(f"layers.{k}", atoms, edges, graph)
        return np.mean(atoms, axis=0), np.array(atoms)

    def convolve(self, name, nodes, edges, graph):
        sums = np.zeros((2, len(nodes), len(nodes[0])))
        new_edges = []
        for (receiver, sender), edge in zip(graph, edges, strict=True):
            gate = self.linear(f"{name}.gate_receiver", nodes[receiver])
            gate = gate + self.linear(f"{name}.gate_sender", nodes[sender])
            gate = gate + self.linear(f"{name}.gate_edge", edge)
            share = 1 / (1 + np.exp(-gate))
            sums[0, receiver] += share * self.linear(f"{name}.message", nodes[sender])
            sums[1, receiver] += share
            new_edges.append(edge + silu(self.norm(f"{name}.edge_norm", gate)))
        received = sums[0] / (sums[1] + 1e-6)
        nodes = [
            node + silu(self.norm(f"{name}.node_norm", self.linear(f"{name}.own", node) + got))
            for node, got in zip(nodes, received, strict=True)
        ]
        return nodes, new_edges


@pytest.mark.parametrize("n_angle_neighbors", [None, 6])
@pytest.mark.parametrize("structure", [bcc_iron(), rutile(), triclinic(0, 3)])
def test_agrees_with_the_network_written_out(structure, n_angle_neighbors):
    network = make_network(n_angle_neighbors=n_angle_neighbors)
    expected, sites = NaiveNetwork(network)(structure)
    found = network(batch_of(structure), sites=True)
    np.testing.assert_allclose(found.material[0].detach(), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.sites.detach(), sites, rtol=1e-3, atol=1e-4)
    assert np.ptp(expected) > 1e-2


def nearest_edges(batch, n_neighbors):
    """Return the edges from the nearest neighbours, atom by atom."""
    receivers, lengths = batch.receivers.tolist(), batch.vectors.norm(dim=1).tolist()
    found = []
    for atom in set(receivers):
        edges = [edge for edge, receiver in enumerate(receivers) if receiver == atom]
        ordered = sorted(lengths[edge] for edge in edges)
        last = ordered[min(n_neighbors, len(ordered)) - 1] + TIE
        found += [edge for edge in edges if lengths[edge] < last]
    return sorted(found)


@pytest.mark.parametrize("n_neighbors", [None, 1, 6, 12, 200])
@pytest.mark.parametrize("structures", [[rutile()], many(5)])
def test_bond_pairs_are_those_of_a_search_through_all_pairs(structures, n_neighbors):
    batch = batch_of(*structures)
    pairs = batch.bond_pairs(n_neighbors)
    found = set(zip(*(part.tolist() for part in pairs), strict=True))
    receivers, senders = batch.receivers.tolist(), batch.senders.tolist()
    edges = range(len(receivers)) if n_neighbors is None else nearest_edges(batch, n_neighbors)
    expected = {(a, b) for a in edges for b in edges if senders[a] == receivers[b]}
    assert found == expected
    assert len(pairs[0]) == len(expected)
    assert pairs[0].tolist() == sorted(pairs[0].tolist())


def test_as_many_angles_as_bonds_are_all_angles():
    batch = batch_of(*many(5))
    for limited, all_of_them in zip(batch.bond_pairs(12), batch.bond_pairs(), strict=True):
        assert torch.equal(limited, all_of_them)


@pytest.mark.parametrize("n_neighbors", [None, 6])
def test_bond_pairs_of_graphs_without_edges(n_neighbors):
    batch = batch_of(*many(3))
    alone = batch.without_edges(torch.ones(len(batch.receivers), dtype=torch.bool))
    assert [len(part) for part in alone.bond_pairs(n_neighbors)] == [0, 0]
    # The second crystal loses its edges, the others keep theirs.
    lost = batch.site_materials[batch.receivers] == 1
    first, _ = batch.without_edges(lost).bond_pairs(n_neighbors)
    kept = batch.bond_pairs(n_neighbors)[0]
    assert len(first) == (~lost[kept]).sum()


def test_bond_pairs_of_part_of_a_batch():
    batch = batch_of(*many(4))
    alone = batch.take(torch.tensor([2])).bond_pairs()
    expected = batch_of(many(4)[2]).bond_pairs()
    assert all(torch.equal(one, other) for one, other in zip(alone, expected, strict=True))


def angles_of(structure, n_near):
    """Return the cosines of the angles at every second of three atoms, from distances alone."""
    found, bonds = {}, []
    for site in structure:
        near = sorted(structure.get_neighbors(site, 8.0), key=lambda each: each.nn_distance)
        last = near[min(n_near, len(near)) - 1].nn_distance + TIE
        bonds.append([each for each in near if each.nn_distance < last])
    for i, j in itertools.product(range(len(structure)), repeat=2):
        for one in bonds[i]:
            if one.index != j:
                continue
            for other in bonds[j]:
                # `other` starts at atom j in the home cell: move it to the image that `one` is.
                end = other.coords + one.coords - structure[j].coords
                across = np.linalg.norm(end - structure[i].coords)
                a, b = one.nn_distance, other.nn_distance
                found.setdefault((i, j, other.index), []).append(
                    (a**2 + b**2 - across**2) / (2 * a * b)
                )
    return {atoms: np.sort(cosines) for atoms, cosines in found.items()}


@pytest.mark.parametrize("n_angle_neighbors", [None, 6])
def test_angles_of_fifty_real_crystals(data_home, n_angle_neighbors):
    network = make_network(n_angle_neighbors=n_angle_neighbors)
    read = []
    network.angles.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    crystals = fetch_matbench("phonons", input="structure", data_home=data_home).data
    rows = np.random.default_rng(0).choice(np.flatnonzero(crystals.n_atoms <= 12), 50, False)
    n_angles = 0
    for structure in crystals.take(rows):
        batch = batch_of(structure)
        with torch.no_grad():
            network(batch)
        first, second = batch.bond_pairs(n_angle_neighbors)
        ends = batch.receivers[first], batch.senders[first], batch.senders[second]
        found = {}
        for atoms, cosine in zip(torch.stack(ends, 1).tolist(), read.pop().tolist(), strict=True):
            found.setdefault(tuple(atoms), []).append(cosine)
        expected = angles_of(structure, n_angle_neighbors or 12)
        assert found.keys() == expected.keys()
        for atoms, cosines in expected.items():
            np.testing.assert_allclose(np.sort(found[atoms]), cosines, atol=2e-5)
            n_angles += len(cosines)
    assert n_angles > 4_000


def test_angles_count():
    """Neighbours at the same distances, but all of them in one octant."""
    network = make_network()
    batch = batch_of(triclinic())
    turned = batch._replace(vectors=batch.vectors.abs())
    torch.testing.assert_close(turned.vectors.norm(dim=1), batch.vectors.norm(dim=1))
    assert (network(turned).material - network(batch).material).abs().max() > 1e-4


def test_company_changes_nothing():
    network = make_network()
    structures = many(5)
    together = network(batch_of(*structures)).material
    alone = torch.cat([network(batch_of(each)).material for each in structures])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter():
    network = make_network(table=False).train()
    network(batch_of(*many(4))).material.square().sum().backward()
    for name, parameter in network.named_parameters():
        # What the last layer makes of the bonds, and the last but one of the angles, is not read.
        if name.startswith(("layers.0.edge_norm", "bond_layers.1.edge_norm")):
            assert parameter.grad is None
        else:
            assert parameter.grad.abs().sum() > 0, name


def test_depth_groups_hold_every_parameter_once():
    network = make_network()
    found = [
        id(parameter)
        for group in network.depth_groups()
        for module in group
        for parameter in module.parameters()
    ]
    assert sorted(found) == sorted(id(parameter) for parameter in network.parameters())


def test_parts_to_train():
    network = make_network()
    parts = network.trainable_parts()
    ids = {
        name: {id(p) for module in modules for p in module.parameters()}
        for name, modules in parts.items()
    }
    assert set(ids) == {"last", "two_body", "three_body"}
    assert not ids["two_body"] & ids["three_body"]
    assert ids["last"] < ids["two_body"]


@pytest.mark.parametrize("preset", ALIGNN_PRESETS)
def test_presets(preset):
    network = ALIGNNNetwork(torch.randn(118, 3), cutoff=8.0, **ALIGNN_PRESETS[preset]).eval()
    batch = batch_of(bcc_iron(), rock_salt(40.0))  # the second has no bonds
    material = network(batch).material
    assert material.shape == (2, network.out_features)
    assert material.isfinite().all()
    hidden = torch.full_like(batch.atomic_numbers, MASK_ID)
    assert network(batch.with_atomic_numbers(hidden)).material.isfinite().all()
