"""Seven properties of AFLOW, by composition."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
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
    """Load seven properties of 27,690 formulas of AFLOW, downloading them if need be.

    Band gap, total energy, elastic moduli and thermal properties of the AFLOW repository [1]_, as
    the authors of CrabNet published them [2]_.

    ==================  ==================================================
    Samples             27,680 (``outliers="drop"``) or 27,690
    Features            1 (the formula)
    Targets             7 real
    Missing values      in all targets; see ``DESCR`` for counts
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "Egap", "ael_bulk_modulus_vrh", "ael_debye_temperature",
        "ael_shear_modulus_vrh", "agl_thermal_conductivity_300K", "agl_thermal_expansion_300K",
        "energy_atom". A string gives a one-dimensional target, a sequence a two-dimensional one,
        None all seven. Materials without any of these labels are left out.
    outliers : {"drop", "keep"}, default="drop"
        What to do with unphysical labels. "drop" makes them missing: energy_atom and Egap, which
        come from the same calculation, unless energy_atom < 0 eV/atom (10 materials, up to 77.7);
        agl_thermal_expansion_300K unless it is > 0 (1 material).
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
            Formulas ("Ac1Br3"). 109 compositions are written in two or three ways, such as
            "B1Na1O2" and "B3Na3O6", nearly always each with part of the labels.
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Labels in the units of `units`; NaN where there is none.
        target_names, feature_names : list of str
            Names of the targets, and ``["formula"]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target.
        groups : ndarray of shape (n,), dtype int64
            Equal for formulas of one composition, ready for ``GroupKFold``.
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
    .. [1] S. Curtarolo et al., "AFLOWLIB.ORG: A distributed materials properties repository from
       high-throughput ab initio calculations", Computational Materials Science 58, 227-235
       (2012). https://doi.org/10.1016/j.commatsci.2012.02.002
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
        source=AFLOW,
        description="aflow",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )


def _blank_outliers(table):
    """Make unphysical labels missing, in place."""
    # Energies are relative to free atoms: no solid has a positive one.
    table.loc[table["energy_atom"] >= 0, ["energy_atom", "Egap"]] = float("nan")
    expansion = "agl_thermal_expansion_300K"
    table.loc[table[expansion] <= 0, expansion] = float("nan")
