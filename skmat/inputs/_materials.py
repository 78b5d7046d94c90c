"""The materials of X: their column, and which rows have one composition."""

import pandas as pd
from pymatgen.core import IStructure

from skmat.composition import read_amounts, read_compositions
from skmat.composition._frames import as_pandas
from skmat.inputs._compositions import as_formulas, held
from skmat.inputs._extra_columns import split_extra_columns
from skmat.inputs._structures import as_structures
from skmat.structure import StructureArrays, read_structures

__all__ = ["are_structures", "composition_groups", "compositions_of", "split_materials"]

#: Values of a column that are read to see whether they are formulas.
_N_LOOKED_AT = 200


def split_materials(X):
    """Split a table into its column of materials and its further columns.

    Parameters
    ----------
    X : array-like
        Materials, or a table of them and further columns of numbers or categories.

    Returns
    -------
    materials : array-like or DataFrame of shape (n, 1)
    extra : DataFrame or None
    """
    frame = as_pandas(X)
    if frame is None or frame.shape[1] < 2:
        return split_extra_columns(X)
    text = [name for name in frame if _holds_text(frame[name])]
    if len(text) > 1:
        text = [name for name in text if _holds_formulas(frame[name])]
    # Without a name, the error tells which columns could hold the materials.
    return split_extra_columns(X, text[0] if len(text) == 1 else None)


def are_structures(materials):
    """Tell whether a column holds pymatgen Structures."""
    if isinstance(materials, StructureArrays):
        return True
    column = materials.iloc[:, 0] if hasattr(materials, "columns") else materials
    return len(column) > 0 and isinstance(next(iter(column)), IStructure)


def composition_groups(X):
    """Label rows of equal composition with equal integers, for X of `compositions_of`.

    Returns
    -------
    ndarray of shape (n,)
    """
    return compositions_of(X).group_ids()


def compositions_of(X):
    """Return the compositions of materials.

    Parameters
    ----------
    X : array-like of length n
        Formulas, amounts or pymatgen Structures, or a DataFrame with one column of them and
        further columns.

    Returns
    -------
    CompositionArrays
    """
    materials, _ = split_materials(held(X))
    if are_structures(materials):
        structures, _ = read_structures(as_structures(materials), disorder="average")
        return structures.compositions()
    formulas = as_formulas(materials)
    if formulas is None:
        return read_amounts(materials)
    return read_compositions(formulas)


def _holds_text(column):
    dtype = column.dtype
    return not (
        pd.api.types.is_numeric_dtype(dtype)
        or pd.api.types.is_datetime64_any_dtype(dtype)
        or isinstance(dtype, pd.CategoricalDtype)
    )


def _holds_formulas(column):
    values = column.dropna().head(_N_LOOKED_AT)
    if not len(values):
        return False
    return bool((read_compositions(values, on_invalid="nan").n_elements > 0).mean() > 0.5)
