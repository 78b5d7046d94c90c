"""Speed of ALIGNN on crystals of at most 20 atoms, as ratios within one run.

``python studies/speed_alignn.py`` with ``SKMAT_DATA`` set. One epoch is fitted to each crystal
with angles between nearest neighbours (the default), with all angles, and by a plain network: the
published layers with BatchNorm, in float32, with all angles and bond graphs that are built
beforehand. Graphs of atoms are built beforehand on all sides. If matgl is installed, its M3GNet is
fitted as well. All have one thread. Writes studies/results/speed_alignn.json and .md.
"""

from importlib.util import find_spec

import numpy as np
import torch
from runner import WORK
from speed_crystals import small_crystals
from timing import Report, options
from torch import nn
from torch.nn import functional as F

from skmat import ALIGNNRegressor, CGCNNRegressor
from skmat.composition import element_table
from skmat.nn import ALIGNN_PRESETS, CrystalBatch
from skmat.structure import build_graphs

BATCH_SIZE = 32
CUTOFF = 8.0
N_BOND_CENTERS, N_ANGLE_CENTERS = 80, 40
GRAPHS = str(WORK / "graphs")


class PlainConvolution(nn.Module):
    """The edge-gated convolution of the paper."""

    def __init__(self, width):
        super().__init__()
        self.gate_of = nn.ModuleDict(
            {name: nn.Linear(width, width) for name in ("sender", "receiver", "edge")}
        )
        self.own, self.message = nn.Linear(width, width), nn.Linear(width, width)
        self.node_norm, self.edge_norm = nn.BatchNorm1d(width), nn.BatchNorm1d(width)

    def forward(self, nodes, edges, receivers, senders):
        """Return new vectors of nodes and edges."""
        gate = self.gate_of
        sums = gate["sender"](nodes[senders]) + gate["receiver"](nodes[receivers])
        sums = sums + gate["edge"](edges)
        shares = torch.sigmoid(sums)
        zeros = torch.zeros_like(nodes)
        received = zeros.index_add(0, receivers, shares * self.message(nodes[senders]))
        received = received / (zeros.index_add(0, receivers, shares) + 1e-6)
        new = F.silu(self.node_norm(self.own(nodes) + received))
        return nodes + new, edges + F.silu(self.edge_norm(sums))


class PlainALIGNN(nn.Module):
    """ALIGNN in the sizes of a preset."""

    def __init__(self, n_element_features, *, d_model, n_angle_layers, n_layers, d_embedding):
        super().__init__()
        self.atoms = self._expand(n_element_features, d_model)
        self.bonds = nn.Sequential(
            self._expand(N_BOND_CENTERS, d_embedding), self._expand(d_embedding, d_model)
        )
        self.angles = nn.Sequential(
            self._expand(N_ANGLE_CENTERS, d_embedding), self._expand(d_embedding, d_model)
        )
        layers = [PlainConvolution(d_model) for _ in range(2 * n_angle_layers + n_layers)]
        self.layers = nn.ModuleList(layers)
        self.n_angle_layers = n_angle_layers
        self.head = nn.Linear(d_model, 1)

    @staticmethod
    def _expand(d_in, d_out):
        return nn.Sequential(nn.Linear(d_in, d_out), nn.BatchNorm1d(d_out), nn.SiLU())

    def forward(self, elements, vectors, graph, line_graph, parts):
        """Return one number per crystal."""
        lengths = vectors.norm(dim=1)
        first, second = line_graph
        dots = -(vectors[first] * vectors[second]).sum(dim=1)
        cosines = dots / (lengths[first] * lengths[second])
        atoms = self.atoms(elements)
        bonds = self.bonds(spread(lengths, 0.0, CUTOFF, N_BOND_CENTERS))
        angles = self.angles(spread(cosines, -1.0, 1.0, N_ANGLE_CENTERS))
        layers = iter(self.layers)
        for _ in range(self.n_angle_layers):
            atoms, bonds = next(layers)(atoms, bonds, *graph)
            bonds, angles = next(layers)(bonds, angles, *line_graph)
        for layer in layers:
            atoms, bonds = layer(atoms, bonds, *graph)
        return self.head(torch.stack([part.mean(dim=0) for part in atoms.split(parts)]))[:, 0]


def spread(values, lowest, highest, n):
    """Return values of Gaussians at even distances."""
    centers = torch.linspace(lowest, highest, n)
    return torch.exp(-((values.unsqueeze(1) - centers) ** 2) / (centers[1] - centers[0]))


def plain_fit(graphs, y, sizes):
    """Return the number of crystals, and a function that trains a plain network on each once."""
    table = torch.from_numpy(element_table("magpie").copy()).float()
    crystals = []
    for row in range(len(graphs)):
        batch = CrystalBatch.from_graphs(graphs, [row])
        graph = torch.stack([batch.receivers, batch.senders])
        pairs = torch.stack(batch.bond_pairs())
        crystals.append((table[batch.atomic_numbers - 1], batch.vectors, graph, pairs))
    labels = torch.from_numpy((y - y.mean()) / y.std()).float()

    def collate(rows):
        elements, vectors, graph, pairs = zip(*(crystals[row] for row in rows), strict=True)
        parts = [len(each) for each in elements]
        return (
            torch.cat(elements),
            torch.cat(vectors),
            shifted(graph, parts),
            shifted(pairs, [len(each) for each in vectors]),
            parts,
        )

    def run():
        torch.manual_seed(0)
        network = PlainALIGNN(table.shape[1], **sizes)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
        for rows in torch.randperm(len(crystals)).split(BATCH_SIZE):
            loss = (network(*collate(rows.tolist())) - labels[rows]).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return len(y), run


def shifted(indices, sizes):
    """Join indices into parts of the given sizes to indices into the whole."""
    starts = np.cumsum([0, *sizes[:-1]])
    return torch.cat([each + start for each, start in zip(indices, starts, strict=True)], dim=1)


def measure(report, X, y, preset):
    """Add the rows of a preset."""
    graphs, _ = build_graphs(X)
    settings = {"preset": preset, "pretrained": None, "max_epochs": 1, "random_state": 0}
    settings |= {"memory": GRAPHS, "batch_size": BATCH_SIZE}
    model = ALIGNNRegressor(**settings)
    all_angles = ALIGNNRegressor(n_angle_neighbors=None, **settings)
    others = {
        "all angles": (len(X), lambda: all_angles.fit(X, y)),
        "a plain network": plain_fit(graphs, y, ALIGNN_PRESETS[preset]),
    }
    report.time(f"ALIGNN {preset} fit", "crystals/s", (len(X), lambda: model.fit(X, y)), others)
    predict = {"all angles": (len(X), lambda: all_angles.predict(X))}
    ours = len(X), lambda: model.predict(X)
    report.time(f"ALIGNN {preset} predict", "crystals/s", ours, predict)


def matgl_fit(structures, y):
    """Return the number of crystals, and a function that trains M3GNet on each once."""
    from matgl.config import DEFAULT_ELEMENTS
    from matgl.ext.pymatgen import Structure2Graph
    from matgl.models import M3GNet
    from torch_geometric.data import Batch

    network = M3GNet()
    converter = Structure2Graph(DEFAULT_ELEMENTS, cutoff=network.cutoff)
    graphs = []
    for structure in structures:
        graph, lattice, _ = converter.get_graph(structure)
        graph.pos = graph.frac_coords @ lattice[0]
        graph.pbc_offshift = graph.pbc_offset @ lattice[0]
        graphs.append(graph)
    labels = torch.from_numpy((y - y.mean()) / y.std()).float()

    def run():
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
        for rows in torch.randperm(len(graphs)).split(BATCH_SIZE):
            batch = Batch.from_data_list([graphs[row] for row in rows.tolist()])
            loss = (network(batch) - labels[rows]).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return len(y), run


def measure_others(report, X, y):
    """Add CGCNN, and matgl if it is installed."""
    settings = {"pretrained": None, "max_epochs": 1, "random_state": 0, "memory": GRAPHS}
    cgcnn = CGCNNRegressor(batch_size=BATCH_SIZE, **settings)
    alignn = ALIGNNRegressor(batch_size=BATCH_SIZE, **settings)
    fit = len(X), lambda: cgcnn.fit(X, y)
    report.time(
        "CGCNN fit", "crystals/s", fit, {"ALIGNN small": (len(X), lambda: alignn.fit(X, y))}
    )
    if find_spec("matgl"):
        theirs = matgl_fit([X[row] for row in range(len(X))], y)
        fit = len(X), lambda: alignn.fit(X, y)
        report.time("ALIGNN small fit", "crystals/s", fit, {"M3GNet of matgl": theirs})


def main():
    chosen = options(__doc__, repeats=3, n=512)
    torch.set_num_threads(1)
    report = Report(chosen.repeats)
    X, y = small_crystals(chosen.n)
    measure(report, X, y, "small")
    measure_others(report, X, y)
    measure(report, X.take(np.arange(64)), y[:64], "paper")
    report.save("speed_alignn")


if __name__ == "__main__":
    main()
