"""Formulas and tables of amounts, read into arrays of elements and fractions."""

from skmat.composition._arrays import MAX_ATOMIC_NUMBER, CompositionArrays
from skmat.composition._columns import amounts_from_weight
from skmat.composition._element_tables import ELEMENT_TABLES, element_table
from skmat.composition._pymatgen import to_pymatgen
from skmat.composition._read import read_amounts, read_compositions

__all__ = [
    "ELEMENT_TABLES",
    "MAX_ATOMIC_NUMBER",
    "CompositionArrays",
    "amounts_from_weight",
    "element_table",
    "read_amounts",
    "read_compositions",
    "to_pymatgen",
]
