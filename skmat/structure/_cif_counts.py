"""Compare the number of atoms that a CIF states with the atoms that are read."""

import re

import numpy as np
from pymatgen.core import Composition
from pymatgen.io.cif import str2float

from skmat.exceptions import InvalidInputError

__all__ = ["SAME_PLACE", "Evidence"]

_MULTIPLICITIES = (
    "_atom_site_symmetry_multiplicity",
    "_atom_site_site_symmetry_multiplicity",
    "_atom_site_site_symmetry_order",
)

#: Relative difference with which atoms and formula units still agree: occupancies are refined.
_TOLERANCE = 0.05

#: In fractions of the cell. Images of a site that are closer are one atom.
SAME_PLACE = 1e-3


class Evidence:
    """The numbers of atoms that a file states."""

    def __init__(self, named, same_place=SAME_PLACE):
        self._named = named
        self._same_place = same_place
        self._formula = _composition(named.get("_chemical_formula_sum"))
        self._structural = _composition(named.get("_chemical_formula_structural"))
        self._n_units = _positive(named.get("_cell_formula_units_z"))
        self.has_counts = bool(self._formula and self._n_units)

    def confirms(self, structure):
        """Tell whether the file states formula and formula units, and the atoms agree."""
        return self.has_counts and self._fault_of_counts(structure) is None

    def check(self, structure, operations):
        """Return the structure. Raise InvalidInputError if it disagrees with the file."""
        fault = self._fault_of_counts(structure) if self.has_counts else None
        if fault:
            raise InvalidInputError(fault)
        if not self.has_counts and operations and not self.agrees_with_multiplicities(operations):
            raise InvalidInputError(
                "its sites do not have the multiplicities that it states: check the symmetry"
                " operations and the coordinates"
            )
        return structure

    def _fault_of_counts(self, structure):
        amounts = _amounts(structure.composition)
        if set(amounts) != set(self._formula):
            return None  # another check reports this
        per_unit = [amounts[each] / self._formula[each] for each in amounts]
        n_units = sorted(per_unit)[len(per_unit) // 2]
        expected = [self._n_units, *([1.0] if self._is_of_the_cell() else [])]
        if any(abs(n_units / each - 1) <= _TOLERANCE for each in expected):
            return None
        return (
            f"its cell has {n_units:.4g} times the formula that it states, but it states"
            f" {self._n_units:g} formula units: check the space group, the symmetry operations"
            " and _cell_formula_units_Z"
        )

    def _is_of_the_cell(self):
        """Tell whether the formula counts the whole cell, as in files of pymatgen and ASE."""
        if self._structural:
            if set(self._structural) != set(self._formula):
                return False
            units = [n / self._structural[each] for each, n in self._formula.items()]
            # pymatgen rounds units down: 5 atoms of hydrogen are 2 units of H2.
            return max(units) - min(units) <= 1e-3 * max(units) and any(
                abs(n - self._n_units) <= 1e-3 * n for n in (units[0], np.floor(units[0]))
            )
        units = [amount / self._n_units for amount in self._formula.values()]
        return all(abs(each - round(each)) < 1e-3 and round(each) for each in units)

    def agrees_with_multiplicities(self, operations):
        """Tell whether sites have the stated numbers of images.

        Some files state the order of the site symmetry instead.
        """
        labels = self._named["_atom_site_label"]
        n_images = None
        for tag in _MULTIPLICITIES:
            column = self._named.get(tag)
            if not isinstance(column, list) or len(column) != len(labels):
                continue
            stated = [_positive(each) for each in column]
            if None in stated:
                continue
            if n_images is None:
                n_images = _n_images(self._named, operations, self._same_place)
            orders = len(operations) / n_images
            if np.allclose(stated, n_images) or np.allclose(stated, orders, atol=0.1):
                continue
            return False
        return True


def _n_images(named, operations, same_place):
    """Count the places to which the operations move each site."""
    if len(operations) == 1:
        return np.ones(len(named["_atom_site_label"]))
    columns = [named[f"_atom_site_fract_{axis}"] for axis in "xyz"]
    places = np.array([[str2float(each) for each in column] for column in columns]).T
    counts = []
    for place in places:
        images = np.array([each.operate(place) for each in operations])
        apart = np.abs((images[:, None] - images + 0.5) % 1 - 0.5).max(axis=2)
        # Images at the same place count as one.
        counts.append(np.sum(1 / np.sum(apart < same_place, axis=1)))
    return np.rint(counts)


def _composition(text):
    """Return the amounts of a formula by element, or None if it cannot be read."""
    text = text if isinstance(text, str) else ""
    text = re.sub(r"(?<=\s)\d*[+-]\d*$", "", text.strip(" '\""))
    try:
        return _amounts(Composition(text)) or None
    except Exception:  # pymatgen raises errors of many types
        return None


def _amounts(composition):
    amounts: dict[str, float] = {}
    for species, amount in composition.items():
        symbol = getattr(species, "symbol", str(species))
        amounts[symbol] = amounts.get(symbol, 0.0) + amount
    return amounts


def _positive(text):
    """Return a number above 0, or None."""
    try:
        value = str2float(text)
    except (TypeError, ValueError, AttributeError):
        return None
    return value if np.isfinite(value) and value > 0 else None
