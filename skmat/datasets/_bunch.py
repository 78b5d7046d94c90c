"""What every loader returns, and in which of the usual forms."""

from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

__all__ = ["as_dataset", "read_description"]


def as_dataset(
    materials, y, *, material_name, target_names, description, return_X_y, as_frame, **extra
):
    """Return a data set in the form that the user asked for.

    Parameters
    ----------
    materials : ndarray of shape (n,), dtype object
        Formulas or structures.
    y : ndarray of shape (n,) or (n, n_targets)
        Labels; one-dimensional for a single target.
    material_name : str
        Name of the column that `materials` becomes in a DataFrame: "formula" or "structure".
    target_names : list of str
        Name of each target.
    description : str
        File name in ``skmat/datasets/descr`` without its ending; becomes ``DESCR``.
    return_X_y, as_frame : bool
        As the loaders document them.
    **extra
        Further entries of the Bunch.

    Returns
    -------
    Bunch or tuple (X, y)
    """
    frame = None
    if as_frame:
        materials = pd.DataFrame({material_name: materials})
        if y.ndim == 1:
            y = pd.Series(y, name=target_names[0])
        else:
            y = pd.DataFrame(y, columns=target_names)
        frame = pd.concat([materials, y], axis=1)
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
