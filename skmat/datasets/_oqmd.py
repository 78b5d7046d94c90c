"""Four properties of the Open Quantum Materials Database."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
from skmat.datasets._files import read_table
from skmat.datasets._options import check_choice, check_targets
from skmat.datasets._sources import OQMD

__all__ = ["fetch_oqmd"]

_PATH = "oqmd/oqmd_4prop.csv.gz"
_UNITS = {"e_form": "eV/atom", "energy_pa": "eV/atom", "volume_pa": "A^3/atom", "band_gap": "eV"}
_E_FORM_RANGE = (-6.0, 5.0)

_FOLDERS = {
    "e_form": "OQMD_Formation_Enthalpy",
    "energy_pa": "OQMD_Energy_per_atom",
    "volume_pa": "OQMD_Volume_per_atom",
    "band_gap": "OQMD_Bandgap",
}


def fetch_oqmd(
    *,
    data_home=None,
    targets=None,
    outliers="drop",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load four properties of 341,700 compositions of the OQMD, downloading them if need be.

    Formation energy, total energy, volume and band gap of the Open Quantum Materials Database
    [1]_, one row per composition, as the authors of CrabNet published them [2]_.

    ==================  ==================================================
    Samples             341,614 (``outliers="drop"``) or 341,700
    Features            1 (the formula)
    Targets             4 real
    Missing values      band gap of 92 materials
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "e_form", "energy_pa", "volume_pa", "band_gap". A string gives a
        one-dimensional target, a sequence a two-dimensional one, None all four.
    outliers : {"drop", "keep"}, default="drop"
        What to do with the 86 materials whose formation energy lies outside -6 to 5 eV/atom,
        down to -199: calculations that went wrong, so that none of their labels can be trusted.
        "drop" leaves them out, whichever `targets` are asked for.
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
            Formulas ("Ac1Ag1Al2"); no two are the same composition.
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

    Notes
    -----
    The published splits into training, validation and test sets differ between the properties:
    a material of the test set of one is in the training set of another, so that a model of
    several properties would be tested on what it has seen. They are not returned; split by row.

    References
    ----------
    .. [1] S. Kirklin et al., "The Open Quantum Materials Database (OQMD): assessing the accuracy
       of DFT formation energies", npj Computational Materials 1, 15010 (2015).
       https://doi.org/10.1038/npjcompumats.2015.10
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
        obtain=partial(write_table, path=_PATH, folders=_FOLDERS, with_splits=True),
        origin=ORIGIN,
    )
    if outliers == "drop":
        table = table[table["e_form"].between(*_E_FORM_RANGE) | table["e_form"].isna()]
    return as_formula_dataset(
        table,
        names,
        targets,
        exclude=exclude,
        units=_UNITS,
        source=OQMD,
        description="oqmd",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
