"""What keeps a structure from being used."""

import numpy as np
from pymatgen.core import DummySpecies, IStructure

from skmat.crystal._mixtures import is_mixed, occupancies_of

__all__ = ["fault_of_cell", "fault_of_structure", "name_of_structure"]


def fault_of_structure(structure, disorder="raise"):
    """Say why a structure cannot be kept, or return None."""
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
    return fault_of_cell(structure.lattice.matrix)


def fault_of_cell(lattice):
    """Say why no crystal has such lattice vectors, or return None."""
    volume = abs(np.linalg.det(lattice))
    if volume < 0.1:
        return f"the cell has a volume of {volume:.3g} Å^3; check the lattice vectors"
    return None


def name_of_structure(structure):
    """Return what an error calls a structure: its formula."""
    return structure.formula if isinstance(structure, IStructure) else structure


def _fault_of_sites(structure, disorder):
    for index, site in enumerate(structure):
        occupancies = occupancies_of(site)
        if not occupancies:
            return f"nothing at site {index} (counted from 0); remove it"
        if disorder == "raise" and is_mixed(occupancies):
            return (
                f"disordered (partial occupancy at site {index}, counted from 0:"
                f" {site.species_string}); order it, or set disorder='average' to take the mean"
                " of the elements at each site"
            )
    return None
