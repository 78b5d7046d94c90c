"""Four small sets of structures with elastic, dielectric, piezoelectric or energy labels."""

from functools import partial

import numpy as np

from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
from skmat.datasets._files import read_arrays, read_table
from skmat.datasets._matminer_download import (
    is_structures,
    labels_path,
    structures_path,
    write_set,
)
from skmat.datasets._options import check_choice, check_targets, rows_to_keep, select_labels
from skmat.datasets._sources import matminer_source
from skmat.exceptions import DatasetCorruptedError
from skmat.structure import StructureArrays

__all__ = ["fetch_matminer"]

_ORIGIN = "Its contents are part of the Python package matminer==0.4.2."
_FILES = {
    "elastic": "elastic_tensor",
    "dielectric": "dielectric_constant",
    "piezoelectric": "piezoelectric_tensor",
    "flla": "flla_2015",
}
_UNITS = {
    "elastic": {
        "K_VRH": "GPa",
        "G_VRH": "GPa",
        "K_Voigt": "GPa",
        "K_Reuss": "GPa",
        "G_Voigt": "GPa",
        "G_Reuss": "GPa",
        "elastic_anisotropy": "1",
        "poisson_ratio": "1",
    },
    "dielectric": {"band_gap": "eV", "n": "1", "poly_electronic": "1", "poly_total": "1"},
    "piezoelectric": {"eij_max": "C/m^2"},
    "flla": {"e_form": "eV/atom", "e_hull": "eV/atom"},
}
_RENAMED = {"formation_energy_per_atom": "e_form", "e_above_hull": "e_hull"}


@shared_docs(features="[input]")
def fetch_matminer(
    name,
    *,
    data_home=None,
    targets=None,
    input="structure",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load one of four sets of structures of matminer 0.4.2, downloading it if necessary.

    Structures of the Materials Project with published elastic [1]_, dielectric [2]_ or
    piezoelectric [3]_ properties, or formation energies [4]_. The labels were calculated for
    exactly these structures.

    ==================  ==================================================
    Samples             1,181 ("elastic"), 1,056 ("dielectric"), 941
                        ("piezoelectric"), 3,938 ("flla")
    Features            1 (the structure, or its formula)
    Targets             8, 4, 1, 2 real
    Missing values      none
    ==================  ==================================================

    Parameters
    ----------
    name : {"elastic", "dielectric", "piezoelectric", "flla"}
        Name of the set.
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return. A string gives a one-dimensional target, a sequence a two-dimensional
        one, None all of the set:

        - "elastic": "K_VRH", "G_VRH", "K_Voigt", "K_Reuss", "G_Voigt", "G_Reuss",
          "elastic_anisotropy", "poisson_ratio"
        - "dielectric": "band_gap", "n", "poly_electronic", "poly_total"
        - "piezoelectric": "eij_max"
        - "flla": "e_form", "e_hull"
    input : {"structure", "formula"}, default="structure"
        What ``data`` holds. Both need the file of the structures.
    {exclude}
    download_if_missing : bool, default=True
        If a file is missing, download a package of 8 MB with pip, without installing it.
    {form_of_structures}

    Returns
    -------
    {bunch}
        data : StructureArrays of length n, ndarray of shape (n,), dtype object, or DataFrame
            Structures (``data[0]`` is a pymatgen Structure), or reduced formulas ("Al2O3").
        {labels}
        groups : ndarray of shape (n,), dtype int64
            Equal for structures of one composition, for ``GroupKFold``.
        ids : ndarray of shape (n,), dtype object
            Materials Project ids ("mp-149").
        n_atoms : ndarray of shape (n,), dtype int64
            Number of sites of each structure.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    References
    ----------
    .. [1] M. de Jong et al., "Charting the complete elastic properties of inorganic crystalline
       compounds", Scientific Data 2, 150009 (2015). https://doi.org/10.1038/sdata.2015.9
    .. [2] I. Petousis et al., "High-throughput screening of inorganic compounds for the discovery
       of novel dielectric and optical materials", Scientific Data 4, 160134 (2017).
       https://doi.org/10.1038/sdata.2016.134
    .. [3] M. de Jong, W. Chen, H. Geerlings, M. Asta, K. A. Persson, "A database to enable
       discovery and design of piezoelectric materials", Scientific Data 2, 150053 (2015).
       https://doi.org/10.1038/sdata.2015.53
    .. [4] F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, "Crystal structure
       representations for machine learning models of formation energies", International Journal
       of Quantum Chemistry 115, 1094-1101 (2015). https://doi.org/10.1002/qua.24917
    """
    check_choice("name", name, list(_FILES))
    check_choice("input", input, ("structure", "formula"))
    names = check_targets(targets, _UNITS[name])
    file = _FILES[name]
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "obtain": partial(write_set, file),
        "origin": _ORIGIN,
    }
    table = read_table(labels_path(file), dtype={"material_id": str}, **where)
    table = table.rename(columns=_RENAMED)
    arrays = read_arrays(structures_path(file), is_same=partial(is_structures, file), **where)
    structures = StructureArrays.from_npz(arrays)
    if not np.array_equal(structures.ids, table["material_id"]):
        raise DatasetCorruptedError(
            f"{labels_path(file)} and {structures_path(file)} do not list the same materials."
            " Delete both and fetch them again."
        )
    kept = rows_to_keep(structures.compositions, exclude, len(table))
    table, structures = table.iloc[kept], structures[kept]
    formulas = structures.formulas()
    return as_dataset(
        structures if input == "structure" else formulas,
        select_labels(table, names, targets),
        material_name=input,
        target_names=names,
        description="matminer",
        return_X_y=return_X_y,
        as_frame=as_frame,
        formulas=formulas,
        units={target: _UNITS[name][target] for target in names},
        groups=None if return_X_y else structures.group_ids(),
        ids=structures.ids.copy(),
        n_atoms=structures.n_atoms.copy(),
        **matminer_source(name).entries(),
    )
