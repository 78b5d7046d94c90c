import numpy as np
import pytest
import torch
from common.materials import batch_of, bcc_iron, many, rock_salt, rutile, triclinic

from skmat.nn import CGCNN_PRESETS, MASK_ID, CGCNNNetwork
from skmat.structure._neighbors import TIE

SIZES = {"cutoff": 8.0, "d_atom": 6, "n_layers": 2, "d_model": 5}


def make_network(seed=0, *, table=True, **settings):
    """Return a network none of whose parameters and buffers is at a special value."""
    torch.manual_seed(seed)
    network = CGCNNNetwork(torch.randn(118, 4) if table else None, **{**SIZES, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for name, buffer in network.named_buffers():
            if "running" in name:
                buffer.copy_(torch.rand_like(buffer) + 0.5)
    return network.eval()


def softplus(x):
    return np.log1p(np.exp(x))


class NaiveNetwork:
    """CGCNN as the paper writes it, in float64, one atom and neighbour at a time."""

    def __init__(self, network):
        self.weights = {name: t.double().numpy() for name, t in network.state_dict().items()}
        self.n_layers = len(network.layers)

    def linear(self, name, x):
        return self.weights[f"{name}.weight"] @ x + self.weights.get(f"{name}.bias", 0.0)

    def norm(self, name, x):
        mean, var, weight, bias = (
            self.weights[f"{name}.{part}"]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / np.sqrt(var + 1e-5) * weight + bias

    def __call__(self, structure):
        w = self.weights
        if "elements.table" in w:
            atoms = [
                self.linear("elements.linear", w["elements.table"][z])
                for z in structure.atomic_numbers
            ]
        else:
            atoms = [w["elements.embedding.weight"][z] for z in structure.atomic_numbers]
        neighbors = [self.neighbors(structure, site) for site in structure]
        for i in range(self.n_layers):
            atoms = [
                self.convolve(f"layers.{i}", atoms, atom, around)
                for atom, around in zip(atoms, neighbors, strict=True)
            ]
        vectors = [softplus(self.linear("out", softplus(atom))) for atom in atoms]
        material = softplus(self.linear("out", softplus(np.mean(atoms, axis=0))))
        return material, np.array(vectors)

    @staticmethod
    def neighbors(structure, site):
        found = sorted(structure.get_neighbors(site, 8.0), key=lambda each: each.nn_distance)
        last = found[11].nn_distance + TIE
        return [(each.index, each.nn_distance) for each in found if each.nn_distance < last]

    def convolve(self, name, atoms, atom, neighbors):
        received = 0.0
        for index, distance in neighbors:
            edge = np.exp(-(((distance - 0.2 * np.arange(41)) / 0.2) ** 2))
            z = self.linear(f"{name}.from_receiver", atom)
            z = z + self.linear(f"{name}.from_sender", atoms[index])
            z = z + self.linear(f"{name}.from_edge", edge)
            gate, message = np.split(self.norm(f"{name}.edge_norm", z), 2)
            received = received + softplus(message) / (1 + np.exp(-gate))
        return softplus(atom + self.norm(f"{name}.atom_norm", received))


@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("structure", [rock_salt(), rutile(), bcc_iron(), triclinic()])
def test_agrees_with_the_network_written_out(table, structure):
    network = make_network(table=table)
    expected, sites = NaiveNetwork(network)(structure)
    found = network(batch_of(structure), sites=True)
    np.testing.assert_allclose(found.material[0].detach(), expected, rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(found.sites.detach(), sites, rtol=2e-4, atol=1e-5)
    assert np.ptp(expected) > 1e-3


def test_every_atom_and_neighbour_counts():
    network = make_network()
    batch = batch_of(rutile())
    before = network(batch).material
    for site in range(6):
        numbers = batch.atomic_numbers.clone()
        numbers[site] = 20
        assert (network(batch.with_atomic_numbers(numbers)).material - before).abs().max() > 1e-4
    # What an atom beyond the cutoff of all others is, no other atom knows.
    lonely = batch_of(rock_salt(40.0))
    numbers = lonely.atomic_numbers.clone()
    numbers[1:] = 26
    before, after = (
        network(each, sites=True).sites for each in (lonely, lonely.with_atomic_numbers(numbers))
    )
    torch.testing.assert_close(before[0], after[0])
    assert (before[1] - after[1]).abs().max() > 1e-4


def test_part_of_a_batch_is_that_part():
    structures = many(5)
    batch = batch_of(*structures)
    rows = torch.tensor([3, 0, 4])
    network = make_network()
    taken = network(batch.take(rows), sites=True)
    whole = network(batch, sites=True)
    torch.testing.assert_close(taken.material, whole.material[rows])
    kept = torch.isin(batch.site_materials, rows)
    torch.testing.assert_close(taken.sites, whole.sites[kept])
    assert batch.take(rows).site_materials.bincount().tolist() == [
        len(structures[row]) for row in rows
    ]


def test_many_atoms_are_averaged_in_bf16(monkeypatch):
    """Also where torch adds one row after another in the dtype of the sum."""

    def one_by_one(sums, _, index, rows):
        for place, row in zip(index.tolist(), rows, strict=True):
            sums[place] += row
        return sums

    monkeypatch.setattr(torch.Tensor, "index_add", one_by_one)
    network = make_network(n_layers=1)
    batch = batch_of(rock_salt(), rock_salt() * (5, 5, 4))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        small, large = network(batch).material.float()
    torch.testing.assert_close(large, small, rtol=0.01, atol=0.0)


def test_gradients_reach_every_parameter():
    network = make_network(table=False).train()
    network(batch_of(*many(4))).material.square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if "elements" not in name:
            assert parameter.grad.abs().sum() > 0, name


def test_one_atom_alone_can_be_trained_on():
    network = make_network().train()
    batch = batch_of(rock_salt(40.0).get_primitive_structure(), bcc_iron())
    lonely = batch.take(torch.tensor([0]))._replace(
        atomic_numbers=torch.tensor([11]),
        site_materials=torch.tensor([0]),
        n_sites=torch.tensor([1]),
    )
    assert network(lonely).material.isfinite().all()


def test_depth_groups_hold_every_parameter_once():
    network = make_network()
    found = [
        id(parameter)
        for group in network.depth_groups()
        for module in group
        for parameter in module.parameters()
    ]
    assert sorted(found) == sorted(id(parameter) for parameter in network.parameters())


@pytest.mark.parametrize("preset", CGCNN_PRESETS)
def test_presets(preset):
    network = CGCNNNetwork(torch.randn(118, 3), cutoff=8.0, **CGCNN_PRESETS[preset]).eval()
    batch = batch_of(rutile())
    assert network(batch).material.shape == (1, network.out_features)
    hidden = torch.full_like(batch.atomic_numbers, MASK_ID)
    assert network(batch.with_atomic_numbers(hidden)).material.isfinite().all()


def test_layers_of_a_task_go_on_where_the_shared_ones_end():
    """Two shared layers and one of a task's own are three layers."""
    deep = make_network(n_layers=3)
    shared = make_network(n_layers=2)
    own = shared.task_layers(1).eval()
    state = deep.state_dict()
    shared.load_state_dict({name: state[name] for name in shared.state_dict()})
    places = {"layers.0.": "layers.2.", "out.": "out."}
    own.load_state_dict(
        {
            name: state[there + name.removeprefix(here)]
            for name in own.state_dict()
            for here, there in places.items()
            if name.startswith(here)
        }
    )
    batch = batch_of(rock_salt(), rutile(), triclinic())
    expected = deep(batch).material
    torch.testing.assert_close(own(shared(batch).graph), expected, atol=0, rtol=0)
    assert not torch.allclose(shared(batch).material, expected)
