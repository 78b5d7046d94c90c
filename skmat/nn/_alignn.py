"""ALIGNN: message passing between atoms, bonds and angles (Choudhary and DeCost 2021)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from skmat.nn._crystal_batch import CrystalBatch
from skmat.nn._elements import ElementVectors
from skmat.nn._encoder import Encoder, Representation
from skmat.nn._gaussians import gaussians

__all__ = ["ALIGNN_PRESETS", "ALIGNNNetwork"]

#: Sizes by name. "paper" is the published configuration.
ALIGNN_PRESETS: dict[str, dict] = {
    "tiny": {"d_model": 16, "n_angle_layers": 1, "n_layers": 1, "d_embedding": 16},
    "small": {"d_model": 64, "n_angle_layers": 2, "n_layers": 2, "d_embedding": 32},
    "paper": {"d_model": 256, "n_angle_layers": 4, "n_layers": 4, "d_embedding": 64},
}

_N_BOND_CENTERS, _N_ANGLE_CENTERS = 80, 40


class ALIGNNNetwork(Encoder):
    """Edge-gated convolutions, alternating between the atom graph and the bond graph.

    Atoms exchange messages along bonds. Bonds that share an atom exchange messages along the
    angle between them. The embedding of a material is the mean over its atoms. LayerNorm replaces
    the paper's BatchNorm: batches are small, and frozen layers must not change.

    Parameters
    ----------
    element_table : Tensor of shape (118, n_properties) or None
        Properties of the elements. None learns one vector per element instead.
    cutoff : float
        Longest edge, in Å.
    d_model : int
        Length of all vectors.
    n_angle_layers : int
        Layers of two convolutions each: on atoms and bonds, and on bonds and angles.
    n_layers : int
        Further layers, on atoms and bonds only.
    d_embedding : int
        Width of the hidden layer between Gaussians and vectors.
    n_angle_neighbors : int, default=None
        Number of nearest neighbours of each atom, the bonds to which form angles. All at the
        distance of the last one count. None takes all bonds.

    References
    ----------
    K. Choudhary and B. DeCost, npj Comput. Mater. 7, 185 (2021).
    """

    def __init__(
        self,
        element_table: Tensor | None,
        *,
        cutoff: float,
        d_model: int,
        n_angle_layers: int,
        n_layers: int,
        d_embedding: int,
        n_angle_neighbors: int | None = None,
    ):
        super().__init__()
        self.n_angle_neighbors = n_angle_neighbors
        self.out_features = d_model
        self.elements = ElementVectors(element_table, d_model)
        self.bonds = _Expansion(0.0, cutoff, _N_BOND_CENTERS, d_embedding, d_model)
        self.angles = _Expansion(-1.0, 1.0, _N_ANGLE_CENTERS, d_embedding, d_model)
        self.atom_layers = nn.ModuleList(_EdgeGated(d_model) for _ in range(n_angle_layers))
        self.bond_layers = nn.ModuleList(_EdgeGated(d_model) for _ in range(n_angle_layers))
        self.layers = nn.ModuleList(_EdgeGated(d_model) for _ in range(n_layers))

    def forward(self, batch: CrystalBatch, sites: bool = False) -> Representation:
        """Encode `batch`. With `sites`, also return the vector of each atom."""
        graph = batch.receivers, batch.senders
        lengths = batch.vectors.norm(dim=1)
        atoms, bonds = self.elements(batch.atomic_numbers, batch.mixtures), self.bonds(lengths)
        line_graph = batch.bond_pairs(self.n_angle_neighbors)
        first, second = line_graph
        # The minus sign: the angle is between the bonds as seen from the shared atom.
        dots = -(batch.vectors[first] * batch.vectors[second]).sum(dim=1)
        angles = self.angles(dots / (lengths[first] * lengths[second]).clamp_min(1e-6))
        for on_atoms, on_bonds in zip(self.atom_layers, self.bond_layers, strict=True):
            atoms, bonds = on_atoms(atoms, bonds, *graph)
            # Nothing reads the last angles and the last bonds.
            is_last = on_bonds is self.bond_layers[-1]
            bonds, angles = on_bonds(bonds, angles, *line_graph, nodes_only=is_last)
        for layer in self.layers:
            is_last = layer is self.layers[-1]
            atoms, bonds = layer(atoms, bonds, *graph, nodes_only=is_last)
        return Representation(batch.mean_by_material(atoms), atoms if sites else None)

    def last_modules(self) -> list[nn.Module]:
        return [self.layers[-1]]

    def trainable_parts(self) -> dict[str, list[nn.Module]]:
        return {
            **super().trainable_parts(),
            "two_body": [self.atom_layers, self.layers],
            "three_body": [self.bond_layers],
        }

    def depth_groups(self) -> list[list[nn.Module | nn.Parameter]]:
        pairs = zip(self.atom_layers, self.bond_layers, strict=True)
        angular: list[list[nn.Module | nn.Parameter]] = [list(pair) for pair in pairs]
        plain: list[list[nn.Module | nn.Parameter]] = [[layer] for layer in self.layers]
        return [[self.elements, self.bonds, self.angles], *angular, *plain]


class _Expansion(nn.Module):
    """Expand numbers in evenly spaced Gaussians, and map these to vectors."""

    centers: Tensor

    def __init__(self, lowest, highest, n_centers, d_hidden, d_model):
        super().__init__()
        centers = torch.linspace(lowest, highest, n_centers, dtype=torch.float32)
        self.register_buffer("centers", centers, persistent=False)
        self.spacing = (highest - lowest) / (n_centers - 1)
        self.mlp = nn.Sequential(
            *(nn.Linear(n_centers, d_hidden), nn.LayerNorm(d_hidden), nn.SiLU()),
            *(nn.Linear(d_hidden, d_model), nn.LayerNorm(d_model), nn.SiLU()),
        )

    def forward(self, values: Tensor) -> Tensor:
        return self.mlp(gaussians((values.unsqueeze(1) - self.centers) ** 2 / self.spacing))


class _EdgeGated(nn.Module):
    """Edge-gated graph convolution: edges act as gates, and are updated by them."""

    def __init__(self, d_model: int):
        super().__init__()
        self.gate_receiver = nn.Linear(d_model, d_model)
        self.gate_sender = nn.Linear(d_model, d_model, bias=False)
        self.gate_edge = nn.Linear(d_model, d_model, bias=False)
        self.own = nn.Linear(d_model, d_model)
        self.message = nn.Linear(d_model, d_model, bias=False)
        self.node_norm = nn.LayerNorm(d_model)
        self.edge_norm = nn.LayerNorm(d_model)

    def forward(
        self,
        nodes: Tensor,
        edges: Tensor,
        receivers: Tensor,
        senders: Tensor,
        *,
        nodes_only: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return the new vectors of nodes and of edges. With `nodes_only`, edges stay."""
        gates = self.gate_edge(edges)
        gates = gates + self.gate_receiver(nodes).index_select(0, receivers)
        gates = gates + self.gate_sender(nodes).index_select(0, senders)
        shares = torch.sigmoid(gates)
        messages = shares * self.message(nodes).index_select(0, senders)
        # In float32: the sums have many terms. Two sums take half the time of a joint one.
        zeros = nodes.new_zeros(nodes.shape, dtype=torch.float32)
        received = zeros.index_add(0, receivers, messages.float())
        total = zeros.index_add(0, receivers, shares.float())
        received = (received / (total + 1e-6)).to(nodes.dtype)
        nodes = nodes + F.silu(self.node_norm(self.own(nodes) + received))
        return nodes, edges if nodes_only else edges + F.silu(self.edge_norm(gates))
