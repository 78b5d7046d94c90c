"""Seven properties of AFLOW, by composition."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_table
from skmat.datasets._options import check_choice, check_targets
from skmat.datasets._sources import AFLOW

__all__ = ["fetch_aflow"]

_PATH = "composition/aflow_7prop.csv.gz"
_UNITS = {
    "Egap": "eV",
    "ael_bulk_modulus_vrh": "GPa",
    "ael_debye_temperature": "K",
    "ael_shear_modulus_vrh": "GPa",
    "agl_thermal_conductivity_300K": "W/(m K)",
    "agl_thermal_expansion_300K": "1/K",
    "energy_atom": "eV/atom",
}
_FOLDERS = {name: f"aflow__{name}" for name in _UNITS}


@shared_docs()
def fetch_aflow(
    *,
    data_home=None,
    targets=None,
    outliers="drop",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load seven properties of 27,690 formulas of AFLOW, downloading them if necessary.

    Band gap, total energy, elastic moduli and thermal properties of the AFLOW repository [1]_, as
    published by the authors of CrabNet [2]_.

    ==================  ==================================================
    Samples             27,680 (``outliers="drop"``) or 27,690
    Features            1 (the formula)
    Targets             7 real
    Missing values      in all targets (see ``DESCR`` for counts)
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return: "Egap", "ael_bulk_modulus_vrh", "ael_debye_temperature",
        "ael_shear_modulus_vrh", "agl_thermal_conductivity_300K", "agl_thermal_expansion_300K",
        "energy_atom". A string gives a one-dimensional target, a sequence a two-dimensional one,
        None all seven. Materials without any of these labels are left out.
    outliers : {"drop", "keep"}, default="drop"
        "drop" makes unphysical labels missing: energy_atom and Egap (from the same calculation)
        unless energy_atom < 0 eV/atom (10 materials, up to 77.7 eV/atom), and
        agl_thermal_expansion_300K unless it is > 0 (1 material).
    {exclude}
    {download_with_pip}
    {form}

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas ("Ac1Br3"). 109 compositions occur in two or three spellings, such as
            "B1Na1O2" and "B3Na3O6". Nearly always, each spelling has a part of the labels.
        {labels}
        groups : ndarray of shape (n,), dtype int64
            Equal for formulas of one composition, for ``GroupKFold``.
        ids : ndarray of shape (n,), dtype object
            The formulas: the source has no other names.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] S. Curtarolo et al., "AFLOWLIB.ORG: A distributed materials properties repository from
       high-throughput ab initio calculations", Computational Materials Science 58, 227-235
       (2012). https://doi.org/10.1016/j.commatsci.2012.02.002
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
        source=AFLOW,
        description="aflow",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _blank_outliers(table):
    """Make unphysical labels missing, in place."""
    # Energies are relative to free atoms: solids have negative ones.
    table.loc[table["energy_atom"] >= 0, ["energy_atom", "Egap"]] = float("nan")
    expansion = "agl_thermal_expansion_300K"
    table.loc[table[expansion] <= 0, expansion] = float("nan")
