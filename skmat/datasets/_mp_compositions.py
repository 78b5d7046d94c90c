"""Five properties of the Materials Project, by composition."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
from skmat.datasets._files import read_table
from skmat.datasets._mp_properties import ELASTIC_LIMITS
from skmat.datasets._options import check_choice, check_targets
from skmat.datasets._sources import MP_COMPOSITIONS

__all__ = ["fetch_mp_compositions"]

_PATH = "composition/mp_comp_5prop.csv.gz"
_UNITS = {
    "bulk_modulus": "GPa",
    "e_hull": "eV/atom",
    "elastic_anisotropy": "1",
    "mu_b": "mu_B/cell",
    "shear_modulus": "GPa",
}
_FOLDERS = {name: f"mp_{name}" for name in _UNITS}
_ELASTIC = ["bulk_modulus", "elastic_anisotropy", "shear_modulus"]
_LOWEST_MOMENT = -0.1


def fetch_mp_compositions(
    *,
    data_home=None,
    targets=None,
    outliers="drop",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load five properties of 56,662 compositions of the Materials Project.

    Energy above the convex hull, magnetization and elastic properties of an early version of the
    Materials Project [1]_, one row per composition, as the authors of CrabNet published them
    [2]_; downloaded if need be. :func:`fetch_mp` has crystals, and labels of later versions.

    ==================  ==================================================
    Samples             56,662, or those with a label that was asked for
    Features            1 (the formula)
    Targets             5 real
    Missing values      elastic properties of nine materials in ten
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "bulk_modulus", "e_hull", "elastic_anisotropy", "mu_b",
        "shear_modulus". A string gives a one-dimensional target, a sequence a two-dimensional
        one, None all five. Materials without any of these labels are left out.
    outliers : {"drop", "keep"}, default="drop"
        What to do with unphysical labels. "drop" makes them missing: all three of an elastic
        tensor unless 0 < bulk_modulus < 600 GPa, 0 < shear_modulus < 550 GPa (the limits of
        :func:`fetch_mp`) and elastic_anisotropy >= 0, all of them being there (429 of 6,335
        tensors, of which 376 have a negative anisotropy); mu_b below -0.1 mu_B/cell (916 of
        56,662).
    exclude : sequence of str, DataFrame or StructureArrays, default=None
        Materials whose compositions are left out, for example those of a test set that a
        pretrained encoder must not have seen.
    download_if_missing : bool, default=True
        Download the data with pip (a package of 35 MB, which is not installed) if they are not
        there.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects instead of arrays.

    Returns
    -------
    data : Bunch
        Dictionary-like object with the attributes:

        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas ("Ac2AgIr"); no two are the same composition.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Labels in the units of `units`; NaN where there is none.
        target_names, feature_names : list of str
            Names of the targets, and ``["formula"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target.
        groups : ndarray of shape (n,), dtype int64
            Number of the composition.
        ids : ndarray of shape (n,), dtype object
            The formulas: the source has no other names.
        DESCR, licence, citation : str
            Full description, licence, and what to cite.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InvalidInputError
        If a target or a way to treat outliers is unknown.
    DatasetNotFoundError
        If the file is missing and is not, or cannot be, downloaded.
    DatasetCorruptedError
        If the file is truncated or was altered.

    References
    ----------
    .. [1] A. Jain et al., "Commentary: The Materials Project: A materials genome approach to
       accelerating materials innovation", APL Materials 1, 011002 (2013).
       https://doi.org/10.1063/1.4812323
    .. [2] A. Y.-T. Wang et al., "Compositionally restricted attention-based network for materials
       property predictions", npj Computational Materials 7, 77 (2021).
       https://doi.org/10.1038/s41524-021-00545-1
    """
    names = check_targets(targets, _UNITS)
    check_choice("outliers", outliers, ("drop", "keep"))
    table = read_table(
        _PATH,
        dtype={"formula": str},
        data_home=data_home,
        download_if_missing=download_if_missing,
        obtain=partial(write_table, path=_PATH, folders=_FOLDERS),
        origin=ORIGIN,
    )
    if outliers == "drop":
        _blank_outliers(table)
    return as_formula_dataset(
        table,
        names,
        targets,
        exclude=exclude,
        units=_UNITS,
        source=MP_COMPOSITIONS,
        description="mp_compositions",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _blank_outliers(table):
    """Make unphysical labels missing, in place; those of one tensor stand and fall together."""
    # The compilers removed negative moduli alone: a tensor that lacks one was unsound.
    sound = table["elastic_anisotropy"] >= 0
    for name, limits in (("bulk_modulus", "K_VRH"), ("shear_modulus", "G_VRH")):
        sound &= table[name].between(*ELASTIC_LIMITS[limits], inclusive="neither")
    table.loc[~sound, _ELASTIC] = float("nan")
    # Which spin is up is a convention that calculations do not share; below the limit is noise.
    table.loc[table["mu_b"] < _LOWEST_MOMENT, "mu_b"] = float("nan")
