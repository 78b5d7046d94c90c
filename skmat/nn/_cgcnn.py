"""CGCNN: gated convolutions on crystal graphs (Xie and Grossman 2018)."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._batch_norm import BatchNorm1d
from skmat.nn._crystal_batch import CrystalBatch
from skmat.nn._elements import ElementVectors
from skmat.nn._encoder import Encoder, Representation
from skmat.nn._gaussians import gaussians

__all__ = ["CGCNN_PRESETS", "CGCNNNetwork", "GaussianBasis"]

#: Sizes by name.
CGCNN_PRESETS: dict[str, dict] = {
    "tiny": {"d_atom": 16, "n_layers": 1, "d_model": 32},
    "base": {"d_atom": 64, "n_layers": 3, "d_model": 128},
    "large": {"d_atom": 128, "n_layers": 4, "d_model": 256},
}

#: Width and spacing of the Gaussians of distances, in Å.
_STEP = 0.2


class CGCNNNetwork(Encoder):
    """Gated graph convolutions, followed by the mean over the atoms.

    The vector of an atom starts from the properties of its element. Each convolution adds gated
    messages from the neighbours. Gate and message depend on both atoms and their distance.

    Parameters
    ----------
    element_table : Tensor of shape (118, n_properties) or None
        Properties of the elements. None learns one vector per element instead.
    cutoff : float
        Longest edge, in Å.
    d_atom : int
        Length of an atom's vector.
    n_layers : int
        Number of convolutions.
    d_model : int
        Length of a material's vector.

    References
    ----------
    T. Xie and J. C. Grossman, Phys. Rev. Lett. 120, 145301 (2018).
    """

    def __init__(
        self,
        element_table: Tensor | None,
        *,
        cutoff: float,
        d_atom: int,
        n_layers: int,
        d_model: int,
    ):
        super().__init__()
        self.out_features = d_model
        self.elements = ElementVectors(element_table, d_atom)
        self.basis = GaussianBasis(cutoff)
        self.layers = nn.ModuleList(_Convolution(d_atom, len(self.basis)) for _ in range(n_layers))
        self.out = nn.Linear(d_atom, d_model)

    def forward(self, batch: CrystalBatch, sites: bool = False) -> Representation:
        """Encode `batch`. With `sites`, also return the vector of each atom."""
        atoms = self.elements(batch.atomic_numbers, batch.mixtures)
        edges = self.basis(batch.vectors.norm(dim=1)).to(atoms.dtype)
        for layer in self.layers:
            atoms = layer(atoms, edges, batch.receivers, batch.senders)
        material = _pooled(self.out, atoms, batch)
        vectors = F.softplus(self.out(F.softplus(atoms))) if sites else None
        return Representation(material, vectors, _AtomGraph(atoms, edges, batch))

    def task_layers(self, n_layers: int) -> nn.Module:
        return _TaskLayers(
            self.out.in_features, len(self.basis), n_layers=n_layers, d_model=self.out_features
        )

    def last_modules(self) -> list[nn.Module]:
        return [self.layers[-1], self.out]

    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        between: list[list[nn.Module | nn.Parameter]] = [[layer] for layer in self.layers[:-1]]
        return [[self.elements], *between, [*self.last_modules()]]


class _AtomGraph(NamedTuple):
    """Vectors of atoms and edges, and their batch."""

    atoms: Tensor
    edges: Tensor
    batch: CrystalBatch


class _TaskLayers(nn.Module):
    """Convolutions of one task after the shared ones, and the mean over the atoms."""

    def __init__(self, d_atom: int, n_edge_features: int, *, n_layers: int, d_model: int):
        super().__init__()
        self.layers = nn.ModuleList(_Convolution(d_atom, n_edge_features) for _ in range(n_layers))
        self.out = nn.Linear(d_atom, d_model)

    def forward(self, graph: _AtomGraph) -> Tensor:
        atoms, edges, batch = graph
        for layer in self.layers:
            atoms = layer(atoms, edges, batch.receivers, batch.senders)
        return _pooled(self.out, atoms, batch)


class GaussianBasis(nn.Module):
    """Expand distances in Gaussians, centred every 0.2 Å from 0 to the cutoff.

    Parameters
    ----------
    cutoff : float
        Longest distance, in Å.
    """

    centers: Tensor

    def __init__(self, cutoff: float):
        super().__init__()
        n_centers = round(cutoff / _STEP) + 1
        centers = torch.arange(n_centers, dtype=torch.float32) * _STEP
        self.register_buffer("centers", centers, persistent=False)

    def __len__(self):
        return len(self.centers)

    def forward(self, distances: Tensor) -> Tensor:
        """Expand `distances` of shape (n,) to a Tensor of shape (n, n_centers)."""
        return gaussians(((distances.unsqueeze(1) - self.centers) / _STEP) ** 2)


class _Convolution(nn.Module):
    """Sum of gated messages from the neighbours.

    Gate and message are linear in receiver, sender and edge. So the first two maps run once per
    atom instead of once per edge.
    """

    def __init__(self, d_atom: int, n_edge_features: int):
        super().__init__()
        self.from_receiver = nn.Linear(d_atom, 2 * d_atom)
        self.from_sender = nn.Linear(d_atom, 2 * d_atom, bias=False)
        self.from_edge = nn.Linear(n_edge_features, 2 * d_atom, bias=False)
        self.edge_norm = BatchNorm1d(2 * d_atom)
        self.atom_norm = BatchNorm1d(d_atom)

    def forward(self, atoms: Tensor, edges: Tensor, receivers: Tensor, senders: Tensor) -> Tensor:
        inputs = self.from_receiver(atoms).index_select(0, receivers)
        inputs = inputs + self.from_sender(atoms).index_select(0, senders)
        # addmm saves one pass over the edges.
        inputs = torch.addmm(inputs, edges, self.from_edge.weight.t())
        gate, message = self.edge_norm(inputs).chunk(2, dim=1)
        messages = torch.sigmoid(gate) * F.softplus(message)
        # In float32: the sums have many terms.
        zeros = atoms.new_zeros(atoms.shape, dtype=torch.float32)
        received = zeros.index_add(0, receivers, messages.float()).to(atoms.dtype)
        return F.softplus(atoms + self.atom_norm(received))


def _pooled(out: nn.Linear, atoms: Tensor, batch: CrystalBatch) -> Tensor:
    return F.softplus(out(F.softplus(batch.mean_by_material(atoms))))
