"""Crystal graphs: atoms, and edges from their nearest neighbours."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed

from skmat.structure._arrays import StructureArrays
from skmat.structure._faults import fault_of_cell, fault_of_search
from skmat.structure._mixtures import compositions_of, occupancy_of, ranges
from skmat.structure._neighbors import has_many_pairs, into_cell, nearest_neighbors
from skmat.structure._overlaps import fault_of_distances, leave_out, parse_without_overlaps

__all__ = [
    "GRAPHS_VERSION",
    "CrystalGraphs",
    "GraphSettings",
    "build_graphs",
    "parse_for_graphs",
]

#: Raise this when graphs change: graphs cached on disk are then built again.
GRAPHS_VERSION = 2

#: Structures per task of a process.
_CHUNK = 256


class GraphSettings(NamedTuple):
    """Which atoms are joined by edges.

    Attributes
    ----------
    n_neighbors : int
        Nearest neighbours of each atom. The last shell is included whole.
    cutoff : float
        Largest distance, in Å.
    """

    n_neighbors: int = 12
    cutoff: float = 8.0


_DEFAULT = GraphSettings()


@dataclass(frozen=True, eq=False)
class CrystalGraphs:
    """Graphs of many structures as flat arrays. A graph without atoms is an invalid row.

    Attributes
    ----------
    n_sites : ndarray of shape (n,), int64
        Number of atoms of each structure.
    atomic_numbers : ndarray of shape (m,), uint8 or int32
        Atomic numbers of all atoms, structure by structure. 119 and above are rows of `mixtures`.
    n_edges : ndarray of shape (m,), uint16
        Number of neighbours of each atom. `senders` and `vectors` list them atom by atom.
    senders : ndarray of shape (k,), uint16 or uint32
        Index of the neighbour within its structure.
    vectors : ndarray of shape (k, 3), float32
        From the atom to its neighbour, in Å.
    mixtures : ndarray of shape (n_mixtures, 118), float64
        Occupancies of the elements at disordered sites.
    """

    n_sites: np.ndarray
    atomic_numbers: np.ndarray
    n_edges: np.ndarray
    senders: np.ndarray
    vectors: np.ndarray
    mixtures: np.ndarray

    def __len__(self):
        return len(self.n_sites)

    @property
    def nbytes(self):
        """Memory of the arrays, in bytes."""
        arrays = (self.n_sites, self.atomic_numbers, self.n_edges, self.senders, self.vectors)
        return sum(array.nbytes for array in (*arrays, self.mixtures))

    @cached_property
    def site_starts(self):
        """Index of the first atom of each structure, and the number of atoms, shape (n + 1,)."""
        return np.concatenate([[0], np.cumsum(self.n_sites)])

    @cached_property
    def edge_starts(self):
        """Index of the first edge of each atom, and the number of edges, shape (m + 1,)."""
        return np.concatenate([[0], np.cumsum(self.n_edges, dtype=np.int64)])

    def take(self, rows):
        """Return the graphs at `rows` (indices or mask)."""
        rows = np.arange(len(self))[rows]
        sites = ranges(self.site_starts[rows], self.n_sites[rows])
        edges = ranges(self.edge_starts[sites], self.n_edges[sites])
        return CrystalGraphs(
            self.n_sites[rows],
            self.atomic_numbers[sites],
            self.n_edges[sites],
            self.senders[edges],
            self.vectors[edges],
            self.mixtures,
        )

    def scatter(self, valid):
        """Return one graph per entry of `valid`: these where it is True, empty ones elsewhere."""
        n_sites = np.zeros(len(valid), dtype=np.int64)
        n_sites[valid] = self.n_sites
        return replace(self, n_sites=n_sites)

    def compositions(self):
        """Return the compositions as `CompositionArrays`."""
        return compositions_of(self.n_sites, self.atomic_numbers, self.mixtures)

    def group_ids(self):
        """Label graphs of equal composition with equal integers, ndarray of shape (n,)."""
        return self.compositions().group_ids()


def build_graphs(structures: StructureArrays, settings=_DEFAULT, n_jobs=None):
    """Build the graphs of many structures.

    A disordered site is one atom. Sites closer than 0.3 Å are a fault, unless their occupancies
    add up to at most 1: then they are alternative places of one atom.

    Parameters
    ----------
    structures : StructureArrays
        The structures.
    settings : GraphSettings, default=GraphSettings()
        Which atoms are joined. The default is 12 neighbours within 8 Å.
    n_jobs : int, default=None
        Number of processes.

    Returns
    -------
    graphs : CrystalGraphs
        Graphs of the structures without faults.
    problems : list of (int, str)
        Row and fault of each other structure.
    """
    starts = range(0, len(structures), _CHUNK)
    parts = Parallel(n_jobs)(
        delayed(_build)(structures[start : start + _CHUNK], settings, start) for start in starts
    )
    if not parts:
        parts = [_build(structures, settings, 0)]
    columns, problems_of_parts = zip(*parts, strict=True)
    n_edges, senders, vectors = (np.concatenate(arrays) for arrays in zip(*columns, strict=True))
    problems = [problem for part in problems_of_parts for problem in part]
    if problems:
        kept = np.ones(len(structures), dtype=bool)
        kept[[row for row, _ in problems]] = False
        structures = structures.take(kept)
    numbers, mixtures = structures.atomic_number, structures.mixtures
    graphs = CrystalGraphs(structures.n_atoms, numbers, n_edges, senders, vectors, mixtures)
    return graphs, problems


def parse_for_graphs(values, disorder="raise"):
    """Return the same as ``parse_structures``. What has no graph is a problem too.

    No graphs are built, except of structures of so many atoms that it could fail.
    """
    structures, problems, n_rows = parse_without_overlaps(values, disorder)
    places = [
        place
        for place, lattice in enumerate(structures.lattice)
        if has_many_pairs(lattice, into_cell(_sites_of(structures, place)), _DEFAULT.cutoff)
    ]
    faults = build_graphs(structures.take(places))[1] if places else []
    faults = [(places[i], fault) for i, fault in faults]
    return *leave_out(structures, problems, n_rows, faults), n_rows


def _sites_of(structures, row):
    """Return the fractional coordinates of one structure."""
    sites = slice(structures.offsets[row], structures.offsets[row + 1])
    return structures.frac[sites].astype(np.float64)


def _build(structures, settings, first_row):
    n_edges, senders, vectors, problems = [], [], [], []
    occupancy = occupancy_of(structures.atomic_number, structures.mixtures)
    most = structures.n_atoms.max(initial=0)
    for row in range(len(structures)):
        lattice = structures.lattice[row]
        sites = slice(structures.offsets[row], structures.offsets[row + 1])
        frac = _sites_of(structures, row)
        fault = fault_of_cell(lattice, len(frac))
        if not fault:
            frac = into_cell(frac)
            try:
                to, of, shifts, length = nearest_neighbors(lattice, frac, *settings)
            except (MemoryError, ValueError) as error:
                fault = fault_of_search(error)
            else:
                fault = fault_of_distances(to, of, length, occupancy[sites])
        if fault:
            problems.append((first_row + row, fault))
            continue
        n_edges.append(np.bincount(to, minlength=len(frac)))
        senders.append(of)
        vectors.append((frac[of] + shifts - frac[to]) @ lattice)
    return (
        _joined(n_edges, np.uint16),
        _joined(senders, np.uint16 if most <= 2**16 else np.uint32),
        _joined(vectors, np.float32, width=(3,)),
    ), problems


def _joined(parts, dtype, width=()):
    if not parts:
        return np.empty((0, *width), dtype=dtype)
    return np.concatenate(parts).astype(dtype)
