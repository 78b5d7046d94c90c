"""Five properties of the Materials Project, by composition."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
from skmat.datasets._docs import shared_docs
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


@shared_docs()
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
    Materials Project [1]_, as published by the authors of CrabNet [2]_. One row per composition.
    The data are downloaded if necessary. :func:`fetch_mp` has structures, and labels of later
    versions.

    ==================  ==================================================
    Samples             56,662, or those with a requested label
    Features            1 (the formula)
    Targets             5 real
    Missing values      elastic properties of nine materials in ten
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return: "bulk_modulus", "e_hull", "elastic_anisotropy", "mu_b",
        "shear_modulus". A string gives a one-dimensional target, a sequence a two-dimensional
        one, None all five. Materials without any of these labels are left out.
    outliers : {"drop", "keep"}, default="drop"
        "drop" makes unphysical labels missing. An elastic tensor keeps its three labels only if
        all are known, 0 < bulk_modulus < 600 GPa, 0 < shear_modulus < 550 GPa (as in
        :func:`fetch_mp`) and elastic_anisotropy >= 0. 429 of 6,335 tensors lose them, 376 of
        these for a negative anisotropy. mu_b must be at least -0.1 mu_B/cell (916 of 56,662 are
        below).
    {exclude}
    {download_with_pip}
    {form}

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas ("Ac2AgIr") of distinct compositions.
        {labels}
        groups : ndarray of shape (n,), dtype int64
            Number of the composition.
        ids : ndarray of shape (n,), dtype object
            The formulas: the source has no other names.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    {materials_project}
    {crabnet}
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
    """Make unphysical labels missing, in place. One bad label of a tensor removes all of them."""
    # The compilers removed negative moduli, but not the rest of the tensor.
    sound = table["elastic_anisotropy"] >= 0
    for name, limits in (("bulk_modulus", "K_VRH"), ("shear_modulus", "G_VRH")):
        sound &= table[name].between(*ELASTIC_LIMITS[limits], inclusive="neither")
    table.loc[~sound, _ELASTIC] = float("nan")
    # The sign depends on which spin the calculation called up. Small values are noise.
    table.loc[table["mu_b"] < _LOWEST_MOMENT, "mu_b"] = float("nan")
