"""Batches of crystal graphs for encoders."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from skmat._utils.shells import TIE
from skmat.nn._batch import MASK_ID

__all__ = ["CrystalBatch"]


class CrystalBatch(NamedTuple):
    """A batch of crystal graphs, one after the other.

    Attributes
    ----------
    atomic_numbers : Tensor of shape (n_sites,), int64
        Atomic numbers from 1 to 118, `MASK_ID` for a hidden atom. Higher numbers are the rows of
        `mixtures`, in order.
    site_materials : Tensor of shape (n_sites,), int64
        Row of the graph of each atom.
    receivers, senders : Tensor of shape (n_edges,), int64
        Atom and neighbour of each edge, sorted by receiver.
    vectors : Tensor of shape (n_edges, 3), float32
        From the atom to its neighbour, in Å.
    n_sites : Tensor of shape (n_materials,), int64
        Number of atoms of each graph.
    mixtures : Tensor of shape (n_mixtures, 118), float32
        Weights of the elements at shared sites. Each row adds up to 1.
    """

    atomic_numbers: Tensor
    site_materials: Tensor
    receivers: Tensor
    senders: Tensor
    vectors: Tensor
    n_sites: Tensor
    mixtures: Tensor

    @property
    def n_materials(self) -> int:
        return self.n_sites.shape[0]

    @property
    def site_mask(self) -> Tensor:
        """True for every atom: graphs have no padding."""
        return torch.ones_like(self.atomic_numbers, dtype=torch.bool)

    def with_atomic_numbers(self, atomic_numbers: Tensor) -> "CrystalBatch":
        """Return the same graphs with other elements."""
        return self._replace(atomic_numbers=atomic_numbers)

    def without_edges(self, left_out: Tensor) -> "CrystalBatch":
        """Return the same graphs without the edges of a mask of shape (n_edges,)."""
        kept = ~left_out.to(self.senders.device)
        return self._replace(
            receivers=self.receivers[kept], senders=self.senders[kept], vectors=self.vectors[kept]
        )

    def take(self, rows: Tensor) -> "CrystalBatch":
        """Return some of the graphs, by row number, without repetition."""
        place = torch.full_like(self.n_sites, -1)
        place[rows] = torch.arange(len(rows), device=rows.device)
        site_materials = place[self.site_materials]
        kept = site_materials >= 0
        number = kept.cumsum(0) - 1
        edges = kept[self.receivers]
        return CrystalBatch(
            self.atomic_numbers[kept],
            site_materials[kept],
            number[self.receivers[edges]],
            number[self.senders[edges]],
            self.vectors[edges],
            self.n_sites[rows],
            self.mixtures,
        )

    def mean_by_material(self, vectors: Tensor) -> Tensor:
        """Return the mean over the atoms of each graph, zeros for a graph without atoms."""
        # In float32: the sums have many terms.
        sums = vectors.new_zeros((self.n_materials, vectors.shape[1]), dtype=torch.float32)
        sums = sums.index_add(0, self.site_materials, vectors.float())
        return (sums / self.n_sites.clamp_min(1).unsqueeze(1)).to(vectors.dtype)

    def bond_pairs(self, n_neighbors: int | None = None) -> tuple[Tensor, Tensor]:
        """Return the pairs of edges that share an atom: the edges of the line graph.

        The shared atom sends along `first` and receives along `second`: ``senders[first]`` equals
        ``receivers[second]``. An edge and its reverse also form a pair if both are taken.

        Parameters
        ----------
        n_neighbors : int, default=None
            Edges from this many nearest neighbours of each atom are taken, at least 1, and those
            from all neighbours at the distance of the last one. None takes all edges.

        Returns
        -------
        first, second : Tensor of shape (n_pairs,), int64
            Indices of edges, sorted by `first`.
        """
        n_atoms = len(self.atomic_numbers)
        receivers, senders = self.receivers, self.senders
        near = None if n_neighbors is None else self._edges_from_nearest(n_neighbors)
        if near is not None:
            receivers, senders = receivers[near], senders[near]
        counts = receivers.bincount(minlength=n_atoms)
        # Edges are sorted by receiver.
        starts = counts.cumsum(0) - counts
        n_pairs = counts[senders]
        first = torch.repeat_interleave(n_pairs)
        offsets = n_pairs.cumsum(0) - n_pairs
        place = torch.arange(len(first), device=first.device) - offsets[first]
        second = starts[senders[first]] + place
        return (first, second) if near is None else (near[first], near[second])

    def _edges_from_nearest(self, n_neighbors: int) -> Tensor:
        """Return the edges from the nearest neighbours of each atom, the last shell whole."""
        if not len(self.receivers):
            return self.receivers
        lengths = self.vectors.norm(dim=1)
        # The edges of an atom may have any order.
        by_length = lengths.argsort(stable=True)
        order = by_length[self.receivers[by_length].argsort(stable=True)]
        counts = self.receivers.bincount(minlength=len(self.atomic_numbers))
        last = counts.cumsum(0) - counts + counts.clamp_max(n_neighbors) - 1
        limits = lengths[order[last.clamp_min(0)]] + TIE
        return (lengths < limits[self.receivers]).nonzero()[:, 0]

    def to(self, device) -> "CrystalBatch":
        return CrystalBatch(*(tensor.to(device, non_blocking=True) for tensor in self))

    @classmethod
    def from_graphs(cls, graphs, rows) -> "CrystalBatch":
        """Take `rows` of ``CrystalGraphs``."""
        taken = graphs.take(rows)
        n_sites, n_edges = taken.n_sites, taken.n_edges.astype(np.int64)
        # Index of the first atom of the graph of each atom.
        first = np.repeat(taken.site_starts[:-1], n_sites)
        numbers, mixtures = _weighted(taken.atomic_numbers.astype(np.int64), taken.mixtures)
        return cls(
            torch.from_numpy(numbers),
            torch.from_numpy(np.repeat(np.arange(len(n_sites)), n_sites)),
            torch.from_numpy(np.repeat(np.arange(len(n_edges)), n_edges)),
            torch.from_numpy(taken.senders.astype(np.int64) + np.repeat(first, n_edges)),
            torch.from_numpy(taken.vectors.astype(np.float32)),
            torch.from_numpy(n_sites.astype(np.int64)),
            torch.from_numpy(mixtures.astype(np.float32)),
        )


def _weighted(numbers, mixtures):
    """Return atomic numbers and weights of mixtures for a batch.

    `mixtures` are occupancies, and 119 is the number of row 0. The batch keeps only the mixtures
    that occur in it. A partially occupied site of one element becomes that element.
    """
    if not len(mixtures):
        return numbers, mixtures
    sites = np.flatnonzero(numbers >= MASK_ID)
    used, place = np.unique(numbers[sites], return_inverse=True)
    weights = mixtures[used - MASK_ID]
    weights /= weights.sum(axis=1, keepdims=True)
    shared = np.count_nonzero(weights, axis=1) > 1
    number = np.where(shared, MASK_ID + np.cumsum(shared), weights.argmax(axis=1) + 1)
    numbers[sites] = number[place]
    return numbers, weights[shared]
