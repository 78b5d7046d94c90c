"""Speed of graphs and networks of crystals, as ratios within one run.

``python studies/speed_crystals.py`` with ``SKMAT_DATA`` set. Beside the package stands what one
writes first: pymatgen's neighbours of each structure, and CGCNN in float32 as its authors have it,
whose layers join the vectors of both atoms and of the edge before one linear map, and whose
crystals are pooled in a Python loop; once with crystals collated to batches, as theirs are, and
once with one crystal after the other. The networks have the same sizes, the compared functions
take turns, and ratios are taken within a turn. Writes studies/results/speed_crystals.json and
.md.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch
from speed import Report, compare, rate
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


def first_fit(structures, graphs, y, epochs, *, collated):
    """Return a function that trains the first network."""
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
        start, indices, parts = 0, [], []
        for row in rows:
            n_atoms = len(crystals[row][0])
            indices.append(crystals[row][2] + start)
            parts.append(torch.arange(start, start + n_atoms))
            start += n_atoms
        elements, edges = (torch.cat([crystals[row][i] for row in rows]) for i in (0, 1))
        return elements, edges, torch.cat(indices), parts

    def one_by_one(network, rows):
        outputs = []
        for row in rows:
            elements, edges, indices = crystals[row]
            outputs.append(network(elements, edges, indices, [torch.arange(len(elements))]))
        return torch.cat(outputs)

    def run():
        torch.manual_seed(0)
        network = FirstNetwork(table)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
        for _ in range(epochs):
            order = torch.randperm(len(crystals))
            for start in range(0, len(order), BATCH_SIZE):
                rows = order[start : start + BATCH_SIZE].tolist()
                outputs = network(*collate(rows)) if collated else one_by_one(network, rows)
                loss = (outputs - labels[rows]).abs().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return run


def turns(repeats, *pairs):
    """Return the rates of functions that read so many items each; they take turns."""
    found = [[rate(*pair) for pair in pairs] for _ in range(repeats)]
    return zip(*found, strict=True)


def largest_line_graph(graphs, batch_size=32):
    """Return the largest memory of the pairs of bonds of one batch, in MB."""
    starts = range(0, len(graphs), batch_size)
    batches = (
        CrystalBatch.from_graphs(graphs, np.arange(start, min(start + batch_size, len(graphs))))
        for start in starts
    )
    return max(sum(part.nbytes for part in batch.bond_pairs()) for batch in batches) / 1e6


def computed_in(precision):
    """Return the number format that `precision` stands for, and whether it is the default."""
    chosen = resolve_precision(precision, "cpu")
    return f"{chosen}, the default here" if precision == "auto" else chosen


def measure_graphs(report, repeats, structures):
    n, mean = len(structures), structures.n_atoms.mean()
    few = [structures[i] for i in range(max(1, n // 10))]
    rates = compare(
        repeats,
        n,
        one=lambda: build_graphs(structures),
        two=lambda: build_graphs(structures, n_jobs=2),
    )
    ours, theirs = turns(
        repeats,
        (n, lambda: build_graphs(structures)),
        (len(few), lambda: [pymatgen_graph(each) for each in few]),
    )
    name = f"graphs, {mean:.0f} atoms on average"
    report.add(name, "structures/s", ours, "pymatgen", theirs)
    report.add("graphs, two processes", "structures/s", rates["two"], "one", rates["one"])
    graphs, _ = build_graphs(structures)
    report.add("memory of graphs", "bytes/structure", [graphs.nbytes / n])
    report.add("memory of structures", "bytes/structure", [structures.nbytes / n])
    report.add("pairs of bonds of 32 crystals, at most", "MB", [largest_line_graph(graphs)])


def measure_networks(report, repeats, X, y, folder):
    structures = [X[i] for i in range(len(X))]
    found = [pymatgen_graph(each) for each in structures]
    # Theirs needs twelve neighbours of every atom.
    kept = [i for i, graph in enumerate(found) if graph is not None]
    structures, found = [structures[i] for i in kept], [found[i] for i in kept]
    X, y = X.take(kept), y[kept]
    size = f"{X.n_atoms.mean():.0f} atoms on average"
    # Graphs are built beforehand on both sides.
    settings = {"pretrained": None, "max_epochs": 1, "random_state": 0, "memory": str(folder)}
    # The loops compute in float32. The package by default in what is fastest on this machine.
    models = {
        precision: CGCNNRegressor(batch_size=BATCH_SIZE, precision=precision, **settings)
        for precision in ("float32", "auto")
    }
    some = slice(0, 512)
    one_by_one = first_fit(structures[some], found[some], y[some], 1, collated=False)
    collated = first_fit(structures, found, y, 1, collated=True)
    for precision, model in models.items():
        model.fit(X, y)
        ours, loops, batches = turns(
            repeats,
            (len(X), lambda model=model: model.fit(X, y)),
            (len(y[some]), one_by_one),
            (len(X), collated),
        )
        name = f"CGCNN fit, {size}, {computed_in(precision)}"
        report.add(name, "crystals/s", ours, "one crystal after the other", loops)
        report.add(name, "crystals/s", ours, "as its authors wrote it", batches)
    rates = compare(repeats, len(X), predict=lambda: models["float32"].predict(X))
    report.add(f"CGCNN predict, {size}", "crystals/s", rates["predict"])
    X, y = X.take(np.arange(len(X))[:256]), y[:256]
    alignn = {
        preset: ALIGNNRegressor(preset=preset, batch_size=32, **settings)
        for preset in ("small", "paper")
    }
    rates = compare(
        1, len(X), small=lambda: alignn["small"].fit(X, y), paper=lambda: alignn["paper"].fit(X, y)
    )
    for preset in alignn:
        report.add(f"ALIGNN {preset} fit, {size}", "crystals/s", rates[preset])


def small_crystals(n):
    """Return crystals of at most 20 atoms, and their gaps."""
    data = fetch_mp(targets="gap")
    rows = np.random.default_rng(0).choice(np.flatnonzero(data.n_atoms <= 20), n, replace=False)
    return data.data.take(rows), data.target[rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="keeps graphs")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--n", type=int, default=2000, help="crystals, 256 at least")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    data = fetch_mp(targets="gap")
    report = Report()
    any_size = np.random.default_rng(0).choice(len(data.data), arguments.n, replace=False)
    measure_graphs(report, arguments.repeats, data.data.take(any_size))
    X, y = small_crystals(arguments.n)
    measure_networks(report, arguments.repeats, X, y, arguments.folder)
    report.save("speed_crystals")


if __name__ == "__main__":
    main()
