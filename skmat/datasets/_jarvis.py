"""Properties of JARVIS-DFT, by composition."""

import warnings

from skmat.datasets._bunch import as_formula_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_table
from skmat.datasets._options import check_targets
from skmat.datasets._sources import JARVIS

__all__ = ["PATH", "UNITS", "fetch_jarvis"]

PATH = "composition/jarvis_comp_multiprop.csv.gz"
_ORIGIN = (
    "It was made from the folder `data` of the GitHub repository NU-CUCIS/CrossPropertyTL. Build"
    " it with skmat.datasets.build_dataset('jarvis', 'CrossPropertyTL/data')."
)

UNITS = {
    "bulk_modulus_kv": "GPa",
    "formation_energy_peratom": "eV/atom",
    "ehull": "eV/atom",
    "encut": "eV",
    "eps_average_sq": "1",
    "et_c11": "GPa",
    "et_c12": "GPa",
    "et_c13": "GPa",
    "et_c22": "GPa",
    "et_c33": "GPa",
    "et_c44": "GPa",
    "et_c55": "GPa",
    "et_c66": "GPa",
    "exfoliation_energy": "meV/atom",
    "kpoints_array_average": "1",
    "kpoint_length_unit": "A",
    "magmom_oszicar": "mu_B",
    "magmom_outcar": "mu_B",
    "max_ir_mode": "1/cm",
    "max_mode": "1/cm",
    "mbj_bandgap": "eV",
    "meps_average_sq": "1",
    "min_ir_mode": "1/cm",
    "min_mode": "1/cm",
    "n_em300k": "m_e",
    "n_powerfact": "uW/(m K^2)",
    "n_Seebeck": "uV/K",
    "optb88vdw_bandgap": "eV",
    "p_em300k": "m_e",
    "dfpt_piezo_max_dielectric": "1",
    "dfpt_piezo_max_dielectric_electronic": "1",
    "dfpt_piezo_max_dielectric_ioonic": "1",
    "dfpt_piezo_max_dij": "pC/N",
    "dfpt_piezo_max_eij": "C/m^2",
    "p_powerfact": "uW/(m K^2)",
    "p_Seebeck": "uV/K",
    "shear_modulus_gv": "GPa",
    "slme": "%",
    "spillage": "1",
}
#: Column of the file that repeats the masses of electrons in place of those of holes.
_COPY, _COPIED = "p_em300k", "n_em300k"


@shared_docs()
def fetch_jarvis(
    *,
    data_home=None,
    targets=None,
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load 38 properties of 26,804 compositions of JARVIS-DFT, from a file that you build.

    The file is not downloaded. :func:`build_dataset` makes it from a public repository.

    One row per composition, with labels averaged over polymorphs. A study of transfer between
    properties [2]_ compiled the data from JARVIS-DFT [1]_.

    ==================  ==================================================
    Samples             26,804, or those with a requested label
    Features            1 (the formula)
    Targets             38 real
    Missing values      in all targets (see ``DESCR`` for counts)
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return, such as "formation_energy_peratom". ``DESCR`` lists them. A string
        gives a one-dimensional target, a sequence a two-dimensional one, None all 38. Materials
        without any of these labels are left out. The file also has "p_em300k", a copy of
        "n_em300k", on request.
    {exclude}
    {no_download}
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
            The formulas: rows are averages over entries, so they have no id.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    Warns
    -----
    OwnBuildWarning
        If you built the file.
    UserWarning
        If `targets` has "p_em300k".

    References
    ----------
    .. [1] K. Choudhary et al., "The joint automated repository for various integrated simulations
       (JARVIS) for data-driven materials design", npj Computational Materials 6, 173 (2020).
       https://doi.org/10.1038/s41524-020-00440-1
    .. [2] V. Gupta et al., "Cross-property deep transfer learning framework for enhanced
       predictive analytics on small materials data", Nature Communications 12, 6595 (2021).
       https://doi.org/10.1038/s41467-021-26921-5
    """
    names = check_targets(targets, UNITS, [name for name in UNITS if name != _COPY])
    if _COPY in names:
        warnings.warn(
            f"{_COPY} is a copy of {_COPIED}: masses of electrons, not of holes. The file has no"
            f" masses of holes. Leave it out, or ask for {_COPIED}.",
            UserWarning,
            stacklevel=2,
        )
    table = read_table(
        PATH,
        dtype={"formula": str},
        data_home=data_home,
        download_if_missing=download_if_missing,
        origin=_ORIGIN,
    )
    return as_formula_dataset(
        table,
        names,
        targets,
        exclude=exclude,
        units=UNITS,
        source=JARVIS,
        description="jarvis",
        return_X_y=return_X_y,
        as_frame=as_frame,
    )
