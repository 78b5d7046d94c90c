"""Convert ASE Atoms, with their partial occupancies."""

from collections.abc import Mapping

import numpy as np
from pymatgen.core import Element, Lattice, Structure

from skmat.exceptions import InvalidInputError

__all__ = ["has_occupancies", "species_from_ase", "structure_from_ase"]

_REMEDY = "read the file with pymatgen, or delete atoms.info['occupancy'] if all sites are full"


def structure_from_ase(atoms):
    """Convert ASE Atoms to a pymatgen Structure.

    Partial occupancies come from ``atoms.info["occupancy"]`` and the array
    ``"spacegroup_kinds"``, which ASE reads from a CIF, or from an array ``"occupancy"`` with one
    number per atom.

    Raises
    ------
    InvalidInputError
        If the cell is not periodic in all three directions, or if the occupancies do not match
        the atoms.
    """
    if not np.all(atoms.pbc):
        raise InvalidInputError("not periodic in all three directions")
    cell = Lattice(np.asarray(atoms.cell))
    return Structure(cell, species_from_ase(atoms), atoms.get_scaled_positions(wrap=False))


def has_occupancies(atoms):
    """Tell whether ASE Atoms have occupancies, which may all be full."""
    return "occupancy" in getattr(atoms, "info", {}) or "occupancy" in getattr(atoms, "arrays", {})


def species_from_ase(atoms):
    """Return an element, or a dict of occupancies, for each atom of ASE Atoms.

    Raises
    ------
    InvalidInputError
        If the occupancies do not match the atoms.
    """
    elements = [Element.from_Z(int(number)) for number in atoms.get_atomic_numbers()]
    occupancy = getattr(atoms, "info", {}).get("occupancy")
    arrays = getattr(atoms, "arrays", {})
    if occupancy is None:
        shares = arrays.get("occupancy")
        if shares is None:
            return elements
        shares = np.asarray(shares, dtype=float).tolist()
        return [
            element if share == 1 else {element: share}
            for element, share in zip(elements, shares, strict=True)
        ]
    by_kind = _by_kind(occupancy)
    kinds = arrays.get("spacegroup_kinds")
    if kinds is None:
        if all(list(each.values()) == [1.0] for each in by_kind.values()):
            return elements
        raise InvalidInputError(
            "its info has partial occupancies, but lacks the array 'spacegroup_kinds', which"
            f" assigns them to atoms: {_REMEDY}"
        )
    return [
        _of_kind(index, element, by_kind, int(kind))
        for index, (element, kind) in enumerate(zip(elements, kinds, strict=True))
    ]


def _by_kind(occupancy):
    """Return occupancies by kind. JSON turns the numbers of kinds into strings."""
    try:
        return {
            int(kind): {str(symbol): float(share) for symbol, share in shares.items()}
            for kind, shares in occupancy.items()
        }
    except (AttributeError, TypeError, ValueError):
        shown = dict(occupancy) if isinstance(occupancy, Mapping) else occupancy
        raise InvalidInputError(
            f"the occupancies in its info are not listed by kind and element ({shown!r:.60}):"
            f" {_REMEDY}"
        ) from None


def _of_kind(index, element, by_kind, kind):
    shares = by_kind.get(kind)
    if shares is None or element.symbol not in shares:
        held = "nothing" if shares is None else ", ".join(shares)
        raise InvalidInputError(
            f"atom {index} (counted from 0) is {element.symbol}, but the occupancies of its kind,"
            f" {kind}, are of {held}: {_REMEDY}"
        )
    return element if shares == {element.symbol: 1.0} else shares
