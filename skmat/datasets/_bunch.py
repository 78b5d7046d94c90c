"""Return data sets in the forms that all loaders offer."""

from functools import cache, partial
from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

from skmat.composition import read_compositions
from skmat.datasets._options import rows_to_keep, select_labels
from skmat.structure import StructureArrays

__all__ = ["as_dataset", "as_formula_dataset", "read_description"]


def as_dataset(
    materials,
    y,
    *,
    material_name,
    target_names,
    description,
    return_X_y,
    as_frame,
    formulas=None,
    **extra,
):
    """Return a data set in the requested form.

    Parameters
    ----------
    materials : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas or structures. With `as_frame`, `StructureArrays` stay as they are.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels, one-dimensional for a single target. None without labels.
    material_name : str
        Name of the feature, and of its column in a DataFrame: "formula" or "structure". With
        `as_frame`, that of `StructureArrays` is "formula".
    target_names : list of str
        Name of each target.
    description : str
        Name of the file in ``skmat/datasets/descr``, without suffix, for ``DESCR``.
    return_X_y, as_frame : bool
        Parameters of the loader.
    formulas : ndarray of shape (n,), dtype object, default=None
        Formulas of `StructureArrays` for the DataFrame: structures would take gigabytes there.
    **extra
        Further entries of the Bunch.

    Returns
    -------
    Bunch or tuple (X, y)
    """
    frame = None
    if as_frame:
        if isinstance(materials, StructureArrays):
            material_name = "formula"
            columns = [pd.DataFrame({material_name: formulas})]
        else:
            materials = pd.DataFrame({material_name: materials})
            columns = [materials]
        if y is not None:
            if y.ndim == 1:
                y = pd.Series(y, name=target_names[0])
            else:
                y = pd.DataFrame(y, columns=target_names)
            columns.append(y)
        frame = pd.concat(columns, axis=1)
    if return_X_y:
        return materials, y
    return Bunch(
        data=materials,
        target=y,
        frame=frame,
        feature_names=[material_name],
        target_names=list(target_names),
        DESCR=read_description(description),
        **extra,
    )


def as_formula_dataset(table, names, targets, *, exclude, units, source, return_X_y, **form):
    """Return a table of formulas and labels in the requested form.

    Parameters
    ----------
    table : DataFrame
        The column "formula" and the columns of the labels. Rows without any label in `names` are
        left out.
    names : list of str
        Names of the targets.
    targets : str, sequence of str or None
        Parameter of the loader. A string makes y one-dimensional.
    exclude : iterable of str, DataFrame of one column, StructureArrays or None
        Materials whose compositions are left out.
    units : dict of str to str
        Unit of each known target.
    source : Source
        Origin of the data.
    return_X_y : bool
        Parameter of the loader.
    **form
        `description` and `as_frame`, for :func:`as_dataset`.

    Returns
    -------
    Bunch or tuple (X, y)
    """
    table = table[table[names].notna().any(axis=1)]
    compositions = cache(partial(read_compositions, table["formula"]))
    kept = rows_to_keep(compositions, exclude, len(table))
    formulas = table["formula"].to_numpy(dtype=object)[kept]
    return as_dataset(
        formulas,
        select_labels(table.iloc[kept], names, targets),
        material_name="formula",
        target_names=names,
        return_X_y=return_X_y,
        units={name: units[name] for name in names},
        groups=None if return_X_y else compositions().take(kept).group_ids(),
        ids=formulas.copy(),
        **form,
        **source.entries(),
    )


def read_description(name):
    """Return the description of a data set."""
    folder = resources.files("skmat.datasets") / "descr"
    return (folder / f"{name}.rst").read_text(encoding="utf-8")
