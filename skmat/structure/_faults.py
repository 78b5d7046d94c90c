"""Faults that make a structure unusable."""

import math

import numpy as np
from pymatgen.core import DummySpecies, IStructure, Lattice

from skmat.structure._mixtures import is_mixed, occupancies_of

__all__ = [
    "fault_of_cell",
    "fault_of_search",
    "fault_of_structure",
    "name_of_structure",
    "volume_and_spacings",
]

#: Å^3 per atom. Structures of the Materials Project have 4.4 to 3,730. The range is wider because
#: alternative places of one atom count as atoms, and molecules come in cells of up to 30 Å.
_LEAST_PER_ATOM = 0.1
_MOST_PER_ATOM = 100_000.0

#: In Å^3. The memory for a neighbour search grows with the volume.
_MOST_VOLUME = 1e7

#: Length of lattice vectors, in Å. The longest in the Materials Project has 276 Å.
_SHORTEST = 0.1
_LONGEST = 5000.0


def fault_of_structure(structure, disorder="raise"):
    """Return why a structure cannot be used, or None."""
    if not isinstance(structure, IStructure):
        return f"{type(structure).__name__} is not a pymatgen Structure"
    if not len(structure):
        return "no atoms"
    if not all(structure.lattice.pbc):
        return "not periodic in all three directions"
    if any(isinstance(each, DummySpecies) for site in structure for each in site.species):
        return "holds a dummy species"
    if not structure.is_ordered:
        fault = _fault_of_sites(structure, disorder)
        if fault:
            return fault
    numbers = (structure.frac_coords, structure.lattice.matrix)
    if not all(np.isfinite(each).all() for each in numbers):
        return "coordinates or lattice vectors that are not finite"
    return fault_of_cell(structure.lattice.matrix, len(structure))


def fault_of_cell(lattice, n_atoms):
    """Return why lattice vectors are impossible for so many atoms, or None."""
    longest = np.abs(lattice).max()
    if longest > _LONGEST:
        return (
            f"a lattice vector is {longest:.3g} Å long, more than {_LONGEST:,.0f} Å: check the"
            " lattice vectors (unit Å)"
        )
    volume, spacings = volume_and_spacings(lattice)
    if not _LEAST_PER_ATOM * n_atoms <= volume <= _MOST_PER_ATOM * n_atoms:
        return (
            f"the cell has a volume of {volume:.3g} Å^3 for {n_atoms} atoms, which is not between"
            f" {_LEAST_PER_ATOM:g} and {_MOST_PER_ATOM:,.0f} Å^3 per atom: check the lattice"
            " vectors (unit Å)"
        )
    if volume > _MOST_VOLUME:
        return (
            f"the cell has a volume of {volume:.3g} Å^3, more than {_MOST_VOLUME:,.0f} Å^3: use a"
            " smaller cell"
        )
    if min(spacings) < _SHORTEST:
        shortest = min(Lattice(lattice).get_lll_reduced_lattice().abc)
        if shortest < _SHORTEST:
            return (
                f"every atom is {shortest:.3g} Å from its own image in the next cell: check the"
                " lattice vectors (unit Å)"
            )
    return None


def volume_and_spacings(lattice):
    """Return the volume of a cell in Å^3, and the distances of its opposite faces in Å.

    Called several times per structure. numpy is ten times slower for three vectors.
    """
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = lattice.tolist()
    faces = (
        (by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx),
        (cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax),
        (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx),
    )
    volume = abs(ax * faces[0][0] + ay * faces[0][1] + az * faces[0][2])
    return volume, [volume / area if (area := math.hypot(*face)) else 0.0 for face in faces]


def fault_of_search(error):
    """Return why the neighbours were not found, from the error of the search."""
    if isinstance(error, MemoryError):
        return "the memory is too small for its neighbours: use a smaller cell"
    return f"its neighbours cannot be found: {error}"


def name_of_structure(structure):
    """Return the name of a structure in errors: its formula."""
    return structure.formula if isinstance(structure, IStructure) else structure


def _fault_of_sites(structure, disorder):
    for index, site in enumerate(structure):
        occupancies = occupancies_of(site)
        if not occupancies:
            return f"site {index} (counted from 0) is empty: remove it"
        if disorder == "raise" and is_mixed(occupancies):
            return (
                f"disordered (partial occupancy at site {index}, counted from 0:"
                f" {site.species_string}): order it, or set disorder='average' to average the"
                " elements at each site"
            )
    return None
