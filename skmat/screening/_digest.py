"""What tells materials from others whose cells in a table are equal."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pymatgen.core import Element

from skmat.structure._ase import has_occupancies, species_from_ase
from skmat.structure._read import is_path

__all__ = ["digest_of"]


def digest_of(materials):
    """Return a digest of structures and structure files, or None if all cells hold the materials.

    A part holds the formula of a structure or the name of a file, which another one may share.

    Parameters
    ----------
    materials : iterable
        Paths, text or objects, for a model of structures.
    """
    digest, found = hashlib.sha256(), False
    for each in materials:
        content = _content_of(each)
        found = found or content is not None
        digest.update(content or b"")
        digest.update(b"\0")
    return digest.hexdigest() if found else None


def _content_of(material):
    if is_path(material):
        try:
            return Path(material).read_bytes()
        except (OSError, ValueError):
            return b"no file"
    if isinstance(material, Mapping):
        return json.dumps(material, sort_keys=True, default=str).encode()
    if hasattr(material, "frac_coords"):  # a Structure
        sites = [str(each) for each in material.species_and_occu]
        content = _bytes_of(material.lattice.matrix, material.frac_coords)
        return content + " ".join(sites).encode() + _open_directions(material.lattice)
    if hasattr(material, "get_scaled_positions"):  # ASE Atoms
        arrays = material.get_cell().array, material.get_positions(), material.numbers
        return _bytes_of(*arrays) + _occupancies_of(material) + _open_directions(material)
    return None


def _open_directions(cell):
    """Return the directions in which a cell is periodic, empty if these are all three."""
    pbc = [bool(each) for each in cell.pbc]
    return b"" if all(pbc) else f" periodic {pbc}".encode()


def _occupancies_of(atoms):
    """Return the occupancies of ASE Atoms, empty if each site is full and of one element."""
    if not has_occupancies(atoms):
        return b""
    try:
        species = species_from_ase(atoms)
    except (TypeError, ValueError):
        return b" occupied by something else"
    if all(isinstance(each, Element) for each in species):
        return b""
    return f" occupied by {species}".encode()


def _bytes_of(*arrays):
    return b"".join(each.tobytes() for each in arrays)
