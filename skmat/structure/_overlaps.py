"""Atoms that overlap."""

import numpy as np

from skmat.structure._faults import fault_of_cell, fault_of_search
from skmat.structure._mixtures import occupancy_of
from skmat.structure._neighbors import into_cell, within
from skmat.structure._read import parse_structures

__all__ = ["fault_of_distances", "find_overlaps", "leave_out", "parse_without_overlaps"]

#: In Å. Atoms closer than this are one atom written twice, or a mistake.
_OVERLAP = 0.3
#: In Å. A search within 0.3 Å takes vesin twenty times as long, because its boxes are as small.
_SEARCHED = 2.0

#: Occupancies that add up to 1 may miss it by this: files give about three digits.
_ROUNDING = 1e-3


def fault_of_distances(receivers, senders, distances, occupancy):
    """Return which atoms overlap, from the distances of neighbours, or None.

    Sites whose occupancies add up to at most 1 may overlap: they are alternative places of one
    atom.
    """
    close = np.flatnonzero(distances < _OVERLAP)
    first, second = receivers[close], senders[close]
    alternative = (occupancy[first] + occupancy[second] <= 1 + _ROUNDING) & (first != second)
    close = close[~alternative]
    if not len(close):
        return None
    worst = close[distances[close].argmin()]
    pair = f"{receivers[worst]} and {senders[worst]}"
    return f"atoms {pair} (counted from 0) are {distances[worst]:.3g} Å apart: remove one of them"


def find_overlaps(structures):
    """Return (row, fault) of each structure with overlapping atoms, without building graphs."""
    occupancy = occupancy_of(structures.atomic_number, structures.mixtures)
    found = []
    for row, lattice in enumerate(structures.lattice):
        sites = slice(structures.offsets[row], structures.offsets[row + 1])
        frac = into_cell(structures.frac[sites].astype(np.float64))
        fault = fault_of_cell(lattice, len(frac))
        if not fault:
            try:
                to, of, _, length = within(lattice, frac, _SEARCHED)
            except (MemoryError, ValueError) as error:
                fault = fault_of_search(error)
            else:
                fault = fault_of_distances(to, of, length, occupancy[sites])
        if fault:
            found.append((row, fault))
    return found


def parse_without_overlaps(values, disorder="raise"):
    """Return the same as ``parse_structures``. Overlapping atoms are a problem too."""
    structures, problems, n_rows = parse_structures(values, disorder)
    return *leave_out(structures, problems, n_rows, find_overlaps(structures)), n_rows


def leave_out(structures, problems, n_rows, faults):
    """Return the structures without those of `faults`, and the problems of all rows."""
    if not faults:
        return structures, problems
    rows = np.setdiff1d(np.arange(n_rows), [row for row, _, _ in problems])
    found = [(int(rows[i]), structures[i].formula, fault) for i, fault in faults]
    places = np.delete(np.arange(len(structures)), [i for i, _ in faults])
    return structures.take(places), sorted(problems + found, key=lambda problem: problem[0])
