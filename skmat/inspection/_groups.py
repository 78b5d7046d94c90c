"""Rows of one composition."""

from pymatgen.core import IStructure

from skmat.composition import read_amounts, read_compositions
from skmat.inputs import as_formulas, as_structures, held, split_extra_columns
from skmat.structure import StructureArrays, read_structures

__all__ = ["composition_groups"]


def composition_groups(X):
    """Label rows of equal composition with equal integers.

    Parameters
    ----------
    X : array-like of length n
        Formulas, amounts or pymatgen Structures, or a DataFrame with one column of them and
        further columns.

    Returns
    -------
    ndarray of shape (n,)
    """
    materials, _ = split_extra_columns(held(X))
    if isinstance(materials, StructureArrays):
        return materials.group_ids()
    if _first_of(materials, IStructure):
        structures, _ = read_structures(as_structures(materials), disorder="average")
        return structures.group_ids()
    formulas = as_formulas(materials)
    if formulas is None:
        return read_amounts(materials).group_ids()
    return read_compositions(formulas).group_ids()


def _first_of(materials, kind):
    column = materials.iloc[:, 0] if hasattr(materials, "columns") else materials
    return len(column) > 0 and isinstance(next(iter(column)), kind)
