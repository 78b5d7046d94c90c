"""What tells materials from others whose cells in a table are equal."""

import hashlib
import json
import os
from collections.abc import Mapping

__all__ = ["digest_of"]


def digest_of(materials):
    """Return a digest of structures and structure files, or None if all materials are text.

    A part holds the formula or the name of such a material, which another one may share. Files are
    told apart by size and time of change, so that they are not read for it.

    Parameters
    ----------
    materials : iterable
        Text, paths, or objects.
    """
    digest, found = hashlib.sha256(), False
    for each in materials:
        content = _content_of(each)
        found = found or content is not None
        digest.update(content or b"")
        digest.update(b"\0")
    return digest.hexdigest() if found else None


def _content_of(material):
    if isinstance(material, os.PathLike):
        try:
            status = os.stat(material)
        except OSError:
            return b"no file"
        return f"{status.st_size} {int(status.st_mtime)}".encode()
    if isinstance(material, Mapping):
        return json.dumps(material, sort_keys=True, default=str).encode()
    if hasattr(material, "frac_coords"):  # a Structure
        sites = [str(each) for each in material.species_and_occu]
        return _bytes_of(material.lattice.matrix, material.frac_coords) + " ".join(sites).encode()
    if hasattr(material, "get_scaled_positions"):  # ASE Atoms
        arrays = material.get_cell().array, material.get_positions(), material.numbers
        return _bytes_of(*arrays)
    return None


def _bytes_of(*arrays):
    return b"".join(each.tobytes() for each in arrays)
