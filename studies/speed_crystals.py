"""Speed of graphs and networks of crystals, as ratios within one run.

``python studies/speed_crystals.py`` with ``SKMAT_DATA`` set. The package is compared with what one
writes first: pymatgen's neighbours of each structure, and CGCNN in float32 as its authors have it.
Its layers join the vectors of both atoms and of the edge before one linear map, and its crystals
are pooled in a Python loop. It is fitted to batches of crystals, as theirs is, and to one crystal
after the other. All networks have the same sizes. Writes studies/results/speed_crystals.json and
.md.
"""

import numpy as np
import torch
from runner import WORK
from timing import Report, options
from torch import nn
from torch.nn import functional as F

from skmat import ALIGNNRegressor, CGCNNRegressor
from skmat.composition import element_table
from skmat.datasets import fetch_mp
from skmat.nn import CGCNN_PRESETS, CrystalBatch
from skmat.structure import build_graphs
from skmat.training import resolve_precision

N_NEIGHBORS, CUTOFF, STEP = 12, 8.0, 0.2
BATCH_SIZE = 128
SIZES = CGCNN_PRESETS["base"]
GRAPHS = str(WORK / "graphs")


def pymatgen_graph(structure):
    """Return neighbours and distances of each atom, arrays of shape (n_atoms, 12) if all have."""
    found = structure.get_all_neighbors(CUTOFF, include_index=True)
    nearest = [sorted(each, key=lambda one: one.nn_distance)[:N_NEIGHBORS] for each in found]
    if min(map(len, nearest)) < N_NEIGHBORS:
        return None
    indices = np.array([[neighbor.index for neighbor in each] for each in nearest])
    return indices, np.array([[neighbor.nn_distance for neighbor in each] for each in nearest])


class FirstConvolution(nn.Module):
    """A convolution on the joined vectors of atom, neighbour and edge."""

    def __init__(self, d_atom, n_edge_features):
        super().__init__()
        self.full = nn.Linear(2 * d_atom + n_edge_features, 2 * d_atom)
        self.edge_norm = nn.BatchNorm1d(2 * d_atom)
        self.atom_norm = nn.BatchNorm1d(d_atom)

    def forward(self, atoms, edges, indices):
        """Return new vectors of the atoms."""
        n, m = indices.shape
        own = atoms.unsqueeze(1).expand(n, m, atoms.shape[1])
        gated = self.full(torch.cat([own, atoms[indices], edges], dim=2))
        gated = self.edge_norm(gated.view(n * m, -1)).view(n, m, -1)
        gate, message = gated.chunk(2, dim=2)
        summed = (torch.sigmoid(gate) * F.softplus(message)).sum(dim=1)
        return F.softplus(atoms + self.atom_norm(summed))


class FirstNetwork(nn.Module):
    """CGCNN as one writes it first."""

    def __init__(self, table):
        super().__init__()
        d_atom, width = SIZES["d_atom"], SIZES["d_model"]
        n_edge_features = round(CUTOFF / STEP) + 1
        self.embed = nn.Linear(table.shape[1], d_atom)
        self.layers = nn.ModuleList(
            FirstConvolution(d_atom, n_edge_features) for _ in range(SIZES["n_layers"])
        )
        self.out = nn.Linear(d_atom, width)
        self.head = nn.Sequential(
            *(nn.Linear(width, width), nn.Softplus(), nn.Linear(width, width // 2), nn.Softplus()),
            nn.Linear(width // 2, 1),
        )

    def forward(self, elements, edges, indices, parts):
        """Return one number per crystal."""
        atoms = self.embed(elements)
        for layer in self.layers:
            atoms = layer(atoms, edges, indices)
        pooled = torch.stack([atoms[part].mean(dim=0) for part in parts])
        return self.head(F.softplus(self.out(F.softplus(pooled))))[:, 0]


def first_fit(structures, graphs, y, *, collated):
    """Return crystals, and a function that trains the first network on each once."""
    table = torch.from_numpy(element_table("magpie"))
    centers = torch.arange(round(CUTOFF / STEP) + 1) * STEP
    crystals = []
    for structure, (indices, distances) in zip(structures, graphs, strict=True):
        elements = table[torch.tensor([site.specie.Z - 1 for site in structure])]
        spread = torch.from_numpy(distances).float().unsqueeze(2) - centers
        edges = torch.exp(-((spread / STEP) ** 2))
        crystals.append((elements.float(), edges, torch.from_numpy(indices)))
    labels = torch.from_numpy((y - y.mean()) / y.std()).float()

    def collate(rows):
        elements, edges, indices = zip(*(crystals[row] for row in rows), strict=True)
        parts = torch.arange(sum(map(len, elements))).split([len(each) for each in elements])
        indices = [each + part[0] for each, part in zip(indices, parts, strict=True)]
        return torch.cat(elements), torch.cat(edges), torch.cat(indices), parts

    def one_by_one(network, rows):
        found = (crystals[row] for row in rows)
        return torch.cat([network(*each, [torch.arange(len(each[0]))]) for each in found])

    def run():
        torch.manual_seed(0)
        network = FirstNetwork(table)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
        for rows in torch.randperm(len(crystals)).split(BATCH_SIZE):
            rows = rows.tolist()
            outputs = network(*collate(rows)) if collated else one_by_one(network, rows)
            loss = (outputs - labels[rows]).abs().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return len(y), run


def largest_line_graph(graphs, batch_size=32):
    """Return the largest memory of the pairs of bonds of one batch of ALIGNN, in MB."""
    parts = np.split(np.arange(len(graphs)), np.arange(batch_size, len(graphs), batch_size))
    batches = (CrystalBatch.from_graphs(graphs, rows) for rows in parts)
    n_neighbors = ALIGNNRegressor().n_angle_neighbors
    pairs = (batch.bond_pairs(n_neighbors) for batch in batches)
    return max(sum(part.nbytes for part in pair) for pair in pairs) / 1e6


def measure_graphs(report, structures):
    n = len(structures)
    few = [structures[i] for i in range(max(1, n // 10))]
    ours = n, lambda: build_graphs(structures)
    theirs = len(few), lambda: [pymatgen_graph(each) for each in few]
    two = n, lambda: build_graphs(structures, n_jobs=2)
    what = f"graphs, {structures.n_atoms.mean():.0f} atoms on average"
    report.time(what, "structures/s", ours, {"pymatgen": theirs})
    report.time("graphs, two processes", "structures/s", two, {"one": ours})
    measure_arrays(report, structures)


def measure_arrays(report, structures):
    """Add the memory of structures, of graphs and of the pairs of bonds of a batch."""
    graphs, _ = build_graphs(structures)
    name = f"{len(structures):,} crystals, {structures.n_atoms.mean():.0f} atoms on average"
    report.add(f"structures of {name}", "MB", [structures.nbytes / 1e6])
    report.add(f"graphs of {name}", "MB", [graphs.nbytes / 1e6])
    report.add("pairs of bonds of 32 of them, at most", "MB", [largest_line_graph(graphs)])


def measure_networks(report, X, y):
    structures = [X[i] for i in range(len(X))]
    found = [pymatgen_graph(each) for each in structures]
    # Theirs needs twelve neighbours of every atom.
    kept = [i for i, graph in enumerate(found) if graph is not None]
    structures, found = [structures[i] for i in kept], [found[i] for i in kept]
    X, y = X.take(kept), y[kept]
    size = f"{X.n_atoms.mean():.0f} atoms on average"
    # Graphs are built beforehand on both sides.
    settings = {"pretrained": None, "max_epochs": 1, "random_state": 0, "memory": GRAPHS}
    one_by_one = first_fit(structures[:512], found[:512], y[:512], collated=False)
    batches = first_fit(structures, found, y, collated=True)
    loops = {"one crystal after the other": one_by_one, "as its authors wrote it": batches}
    # The loops compute in float32. The package by default in what is fastest on this machine.
    for precision in ("auto", "float32"):
        model = CGCNNRegressor(batch_size=BATCH_SIZE, precision=precision, **settings)
        default = f"{resolve_precision('auto', 'cpu')}, the default here"
        what = f"CGCNN fit, {size}, {default if precision == 'auto' else precision}"
        report.time(what, "crystals/s", (len(X), lambda model=model: model.fit(X, y)), loops)
    report.time(f"CGCNN predict, {size}", "crystals/s", (len(X), lambda: model.predict(X)))


def small_crystals(n):
    """Return crystals of at most 20 atoms, and their gaps."""
    data = fetch_mp(targets="gap")
    rows = np.random.default_rng(0).choice(np.flatnonzero(data.n_atoms <= 20), n, replace=False)
    return data.data.take(rows), data.target[rows]


def main():
    chosen = options(__doc__, repeats=5, n=2000)
    report = Report(chosen.repeats)
    data = fetch_mp(targets="gap").data
    rows = np.random.default_rng(0).choice(len(data), chosen.n, replace=False)
    measure_graphs(report, data.take(rows))
    measure_networks(report, *small_crystals(chosen.n))
    report.save("speed_crystals")


if __name__ == "__main__":
    main()
