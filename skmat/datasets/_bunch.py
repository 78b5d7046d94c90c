"""What every loader returns, and in which of the usual forms."""

from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

from skmat.crystal import StructureArrays

__all__ = ["as_dataset", "read_description"]


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
    """Return a data set in the form that the user asked for.

    Parameters
    ----------
    materials : ndarray of shape (n,), dtype object, or StructureArrays
        Formulas or structures. `StructureArrays` stay what they are with `as_frame`, and the
        frame has their formulas: as a column of objects they would take gigabytes.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels; one-dimensional for a single target; None where there are none.
    material_name : str
        Name of the column that `materials` becomes in a DataFrame: "formula" or "structure".
    target_names : list of str
        Name of each target.
    description : str
        File name in ``skmat/datasets/descr`` without its ending; becomes ``DESCR``.
    return_X_y, as_frame : bool
        As the loaders document them.
    formulas : ndarray of shape (n,), dtype object, default=None
        What stands in the DataFrame for structures, which would take gigabytes there.
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


def read_description(name):
    """Return the text that describes a data set."""
    folder = resources.files("skmat.datasets") / "descr"
    return (folder / f"{name}.rst").read_text(encoding="utf-8")
