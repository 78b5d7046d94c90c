"""Four properties of the Open Quantum Materials Database."""

from functools import partial

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._crabnet_wheel import ORIGIN, write_table
from skmat.datasets._docs import shared_docs
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


@shared_docs()
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
    """Load four properties of 341,700 compositions of the OQMD, downloading them if necessary.

    Formation energy, total energy, volume and band gap of the Open Quantum Materials Database
    [1]_, as published by the authors of CrabNet [2]_. One row per composition.

    ==================  ==================================================
    Samples             341,614 (``outliers="drop"``) or 341,700
    Features            1 (the formula)
    Targets             4 real
    Missing values      band gap of 92 materials
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return: "e_form", "energy_pa", "volume_pa", "band_gap". A string gives a
        one-dimensional target, a sequence a two-dimensional one, None all four.
    outliers : {"drop", "keep"}, default="drop"
        "drop" leaves out the 86 materials with a formation energy outside -6 to 5 eV/atom (down
        to -199 eV/atom), whatever the `targets`: the calculation failed, so all their labels are
        wrong.
    {exclude}
    {download_with_pip}
    {form}

    Returns
    -------
    {bunch}
        data : ndarray of shape (n,), dtype object, or DataFrame of shape (n, 1)
            Formulas ("Ac1Ag1Al2") of distinct compositions.
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

    Notes
    -----
    The published splits differ between the properties: a material may be in the test set of one
    and in the training set of another. A model of several properties would be tested on materials
    that it has seen. So the splits are not returned. Split by row instead.

    References
    ----------
    .. [1] S. Kirklin et al., "The Open Quantum Materials Database (OQMD): assessing the accuracy
       of DFT formation energies", npj Computational Materials 1, 15010 (2015).
       https://doi.org/10.1038/npjcompumats.2015.10
    {crabnet}
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
