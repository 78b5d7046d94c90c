"""Nearest periodic neighbours of each atom."""

import math
from functools import cache

import numpy as np
from pymatgen.core import Lattice, Structure
from scipy.spatial import cKDTree

from skmat._utils.shells import TIE
from skmat.exceptions import InvalidInputError
from skmat.structure._faults import volume_and_spacings

__all__ = ["BACKENDS", "has_many_pairs", "into_cell", "nearest_neighbors", "within"]

#: In Å. The search goes this far beyond the cutoff, and half of it is kept: a neighbour exactly at
#: the cutoff counts, however its distance is rounded.
_MARGIN = 1e-4

#: In Å. Most atoms have all their nearest neighbours within this radius, and a small sphere is
#: searched much faster. If it is too small, the search is repeated with the cutoff.
_FIRST_RADIUS = 4.5

#: Pairs of atoms, about 100 bytes each. 25,000 atoms have that many within 8 Å.
_MOST_PAIRS = 5_000_000

#: Boxes of a search with vesin, whose limit is 100,000.
_MOST_BOXES = 90_000

BACKENDS = ("auto", "vesin", "pymatgen")


def nearest_neighbors(lattice, frac, n_neighbors, cutoff, backend="auto"):
    """Find the nearest neighbours of each atom of one structure.

    The last shell of neighbours is returned whole: a choice within it would depend on the order
    of the atoms and on the cell. An atom may have fewer neighbours within the cutoff.

    Parameters
    ----------
    lattice : ndarray of shape (3, 3)
        Lattice vectors as rows, in Å.
    frac : ndarray of shape (n_atoms, 3)
        Fractional coordinates from 0 to below 1.
    n_neighbors : int
        Neighbours of each atom.
    cutoff : float
        Largest distance, in Å.
    backend : {"auto", "vesin", "pymatgen"}, default="auto"
        Package that searches. "auto" uses vesin if it is installed. Both find the same.

    Returns
    -------
    receivers, senders : ndarray of shape (n_edges,), int64
        Each atom, and its neighbour. Sorted by receiver, then by distance.
    shifts : ndarray of shape (n_edges, 3), int64
        Cell of the neighbour relative to the atom's, in lattice vectors.
    distances : ndarray of shape (n_edges,), float64
        In Å.

    Raises
    ------
    InvalidInputError
        If the backend is unknown, or if more than 5,000,000 pairs are found.
    """
    for radius in (min(_FIRST_RADIUS, cutoff), cutoff):
        # Search further than is kept: both packages must find all of it.
        receivers, senders, shifts, distances = within(lattice, frac, radius + _MARGIN, backend)
        order = np.lexsort((distances, receivers))
        receivers, distances = receivers[order], distances[order]
        counts = np.bincount(receivers, minlength=len(frac))
        starts = np.cumsum(counts) - counts
        complete = counts >= n_neighbors
        last = np.full(len(frac), np.inf)
        last[complete] = distances[starts[complete] + n_neighbors - 1] + TIE
        if radius == cutoff or (last < radius).all():
            break
    kept = distances < np.minimum(last, cutoff + _MARGIN / 2)[receivers]
    order = order[kept]
    return receivers[kept], senders[order], shifts[order], distances[kept]


def within(lattice, frac, radius, backend="auto"):
    """Return all pairs of atoms up to `radius` apart, unsorted, as `nearest_neighbors` does."""
    if backend not in BACKENDS:
        raise InvalidInputError(f"Unknown backend {backend!r}. Choose one of {BACKENDS}.")
    volume, spacings = volume_and_spacings(lattice)
    if not min(spacings):
        raise InvalidInputError("The lattice vectors lie in one plane. Correct them.")
    _check_pairs(lattice, frac, radius, volume, spacings)
    if backend == "vesin" or (backend == "auto" and _has_vesin()):
        return _with_vesin(lattice, frac, radius, spacings)
    return _with_pymatgen(lattice, frac, radius)


def has_many_pairs(lattice, frac, radius):
    """Tell whether `within` refuses to return the pairs, because there are too many."""
    try:
        _check_pairs(lattice, frac, radius + _MARGIN, *volume_and_spacings(lattice))
    except InvalidInputError:
        return True
    return False


def _check_pairs(lattice, frac, radius, volume, spacings):
    """Raise if the pairs would take too much memory."""
    n_images = math.prod(math.ceil(radius / each) * 2 + 1 for each in spacings)
    if len(frac) ** 2 * n_images <= _MOST_PAIRS:
        return
    n_pairs = len(frac) ** 2 * 4 / 3 * np.pi * radius**3 / volume
    # The atoms may fill only a part of the cell.
    tree = cKDTree(frac @ lattice)
    n_around = math.prod(radius // each * 2 + 1 for each in spacings)
    n_pairs = max(n_pairs, tree.count_neighbors(tree, radius) * n_around)
    if n_pairs > _MOST_PAIRS:
        raise InvalidInputError(
            f"{len(frac):,} atoms have about {n_pairs:,.0f} neighbours within {radius:.3g} Å, more"
            f" than the limit of {_MOST_PAIRS:,}: use a smaller cell or cutoff"
        )


def into_cell(frac):
    """Return fractional coordinates from 0 to below 1."""
    frac = frac - np.floor(frac)
    # A coordinate just below 0 is rounded to 1, which is the same place as 0.
    frac[frac == 1.0] = 0.0
    return frac


@cache
def _has_vesin():
    try:
        import vesin  # noqa: F401
    except ImportError:
        return False
    return True


def _with_vesin(lattice, frac, radius, spacings):
    from vesin import NeighborList

    reach = _reach_of_vesin(spacings, radius)
    i, j, shifts, distances = NeighborList(cutoff=reach, full_list=True).compute(
        points=frac @ lattice, box=lattice, periodic=True, quantities="ijSd"
    )
    if reach > radius:
        near = distances <= radius
        i, j, shifts, distances = i[near], j[near], shifts[near], distances[near]
    return i.astype(np.int64), j.astype(np.int64), shifts.astype(np.int64), distances


def _reach_of_vesin(spacings, radius):
    """Return the radius for vesin to search, in Å, at which it does not crash.

    vesin divides the cell into boxes as wide as the radius. Above 100,000 boxes it makes fewer
    along each vector, in a thin cell 0, and divides by that number.
    """
    while math.prod(max(each // radius, 1) for each in spacings) > _MOST_BOXES:
        radius *= 1.2
    return radius


def _with_pymatgen(lattice, frac, radius):
    structure = Structure(Lattice(lattice), ["H"] * len(frac), frac)
    i, j, shifts, distances = structure.get_neighbor_list(radius, exclude_self=True)
    return i, j, shifts.astype(np.int64), distances
