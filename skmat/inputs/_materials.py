"""The materials of X: their column, and which rows have one composition."""

import os
from collections.abc import Mapping
from numbers import Number

import pandas as pd
from pymatgen.core import Composition, IStructure

from skmat.composition import read_amounts, read_compositions
from skmat.composition._columns import check_unique
from skmat.composition._frames import as_list, as_pandas
from skmat.composition._read import is_missing
from skmat.inputs._compositions import as_formulas, held
from skmat.inputs._extra_columns import check_no_amounts, split_extra_columns
from skmat.inputs._structures import as_structures
from skmat.structure import StructureArrays, read_structures
from skmat.structure._read import is_json

__all__ = [
    "are_structures",
    "composition_groups",
    "compositions_of",
    "holds_structures",
    "material_columns",
    "split_materials",
    "text_columns",
]

#: Values of a column that are read to see what it holds.
_N_LOOKED_AT = 200
#: Ends of names of structure files.
_STRUCTURE_FILES = (".cif", ".vasp", ".poscar", ".json")


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

    Raises
    ------
    InvalidInputError
        If several columns could hold the materials, or if the further columns seem to be amounts.
    """
    frame = as_pandas(X)
    if frame is None or frame.shape[1] < 2:
        return split_extra_columns(X)
    found = material_columns(frame) or text_columns(frame)
    if len(found) != 1:
        # Without a name, the error tells which columns could hold the materials.
        return split_extra_columns(X)
    check_no_amounts(frame, found[0])
    return split_extra_columns(X, found[0])


def text_columns(frame):
    """Return the names of the columns of text, or of those of categories if there are none."""
    check_unique(frame.columns)
    text = [name for name in frame if _holds_text(frame[name])]
    return text or [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]


def material_columns(frame):
    """Return the names of the columns of text that could hold the materials."""
    return [name for name in text_columns(frame) if _reads_as_materials(frame[name])]


def are_structures(materials):
    """Tell whether a column holds pymatgen Structures."""
    if isinstance(materials, StructureArrays):
        return True
    column = materials.iloc[:, 0] if hasattr(materials, "columns") else materials
    return len(column) > 0 and isinstance(next(iter(column)), IStructure)


def holds_structures(X):
    """Tell whether `X` holds structures, by its first item that is not missing."""
    if isinstance(X, StructureArrays):
        return True
    frame = as_pandas(X)
    if frame is not None:
        X = frame.iloc[:, 0] if frame.shape[1] == 1 else []
    items = as_list(X)
    X = X if items is None else items
    if hasattr(X, "ndim") and X.ndim > 1:
        X = X[:, 0] if X.shape[1] == 1 else []
    if isinstance(X, str | bytes | Mapping) or not hasattr(X, "__iter__"):
        return False
    first = next(
        (each for each in X if not (each is None or each is pd.NA or _is_nan(each))), None
    )
    if isinstance(first, list | tuple) and len(first) == 1:
        first = first[0]
    if isinstance(first, IStructure | os.PathLike) or hasattr(first, "get_scaled_positions"):
        return True
    if isinstance(first, Mapping) and not isinstance(first, Composition):
        return "lattice" in first or "sites" in first
    if isinstance(first, str):
        text = first.strip()
        return "\n" in text or is_json(text) or text.lower().endswith(_STRUCTURE_FILES)
    return False


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
        Formulas, amounts or structures, or a DataFrame with one column of them and further
        columns.

    Returns
    -------
    CompositionArrays

    Raises
    ------
    InvalidCompositionError, InvalidStructureError
        If rows cannot be read. The error lists all of them.
    """
    materials, _ = split_materials(held(X))
    if holds_structures(materials):
        # Estimators look for overlapping atoms, which takes long for many structures.
        structures, _ = read_structures(as_structures(materials), disorder="average")
        return structures.compositions()
    formulas = as_formulas(materials)
    if formulas is None:
        return read_amounts(materials)
    return read_compositions(formulas)


def _holds_text(column):
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return False
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return False
    return not all(isinstance(each, Number) or is_missing(each) for each in column)


def _reads_as_materials(column):
    """Tell whether most of the first values are formulas, or the first one is a structure."""
    values = [each for each in column.head(_N_LOOKED_AT) if not is_missing(each)]
    if holds_structures(values):
        return True
    if not values:
        return False
    return bool(read_compositions(values, on_invalid="nan").n_elements.astype(bool).mean() > 0.5)


def _is_nan(value):
    return isinstance(value, float) and value != value
