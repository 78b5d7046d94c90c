"""What keeps a structure from being used."""

import numpy as np
from pymatgen.core import DummySpecies, IStructure

__all__ = ["fault_of_structure", "name_of_structure"]


def fault_of_structure(structure):
    """Say why a structure cannot be kept, or return None."""
    if not isinstance(structure, IStructure):
        return f"{type(structure).__name__} is not a pymatgen Structure"
    if not len(structure):
        return "no atoms"
    if not all(structure.lattice.pbc):
        return "not periodic in all three directions"
    if not structure.is_ordered:
        return "disordered (sites with partial occupancy)"
    numbers = (structure.frac_coords, structure.lattice.matrix)
    if not all(np.isfinite(each).all() for each in numbers):
        return "coordinates or lattice vectors that are not finite"
    if any(isinstance(site.specie, DummySpecies) for site in structure):
        return "holds a dummy species"
    return None


def name_of_structure(structure):
    """Return what an error calls a structure: its formula."""
    return structure.formula if isinstance(structure, IStructure) else structure
