"""Crystals of the Materials Project and their labels."""

from functools import cache

import numpy as np

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._files import read_arrays, read_table
from skmat.datasets._mp_properties import (
    LABEL_VERSIONS,
    blank_outliers,
    columns_of,
    default_targets,
    known_targets,
    units_of,
)
from skmat.datasets._options import check_choice, check_targets, rows_to_keep, select_labels
from skmat.datasets._sources import MP
from skmat.exceptions import DatasetCorruptedError
from skmat.structure import StructureArrays

__all__ = ["fetch_mp"]

_LABELS = "labels/mp_labels.csv.gz"
_STRUCTURES = "structures/mp_structures_2025.npz"
#: Columns that say which materials a subset has.
_SUBSETS = {"mt-cgcnn": "in_mtcgcnn_46744"}
_ORIGIN = (
    "It was compiled from GitHub repositories that hold data of the Materials Project: structures"
    " from fxcoudert/topology_databases, labels from CompRhys/roost, usnistgov/jarvis_leaderboard"
    " and others."
)


def fetch_mp(
    *,
    data_home=None,
    targets=None,
    version="2020",
    subset=None,
    input="structure",
    outliers="drop",
    exclude=None,
    download_if_missing=True,
    return_X_y=False,
    as_frame=False,
):
    """Load crystals of the Materials Project with labels for part of them.

    Structures of database version 2025.02.12 [1]_, and labels of up to 105,000 of them from
    several older versions of the database.

    ==================  ==================================================
    Samples             those with a label that was asked for
    Features            1 (the structure, or its formula)
    Targets             25 real; see ``DESCR`` for the list and counts
    Missing values      in all targets
    ==================  ==================================================

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder of the data sets; None as :func:`get_data_home` says.
    targets : str or sequence of str, default=None
        Which targets to return: "e_form", "gap", "energy_pa", "efermi", "K_VRH", "G_VRH",
        "poisson_ratio", "n_index", "poly_electronic", "poly_total", "eij_max", "Cv", "U",
        "volume_pa", "CLscore_icsd", and "transport_sigma_p" with the other nine of
        :func:`load_transport`, untransformed. A string gives a one-dimensional target, a sequence
        a two-dimensional one, None those from "e_form" to "eij_max" that `version` has. Materials
        without any of these labels are left out.
    version : {"2018", "2020", "2024"}, default="2020"
        Version of the database that "e_form", "gap", "energy_pa" and "efermi" come from. The
        Materials Project recomputed and recorrected its energies from time to time; a column that
        mixed versions would hold two different quantities, so one call returns one version. 2024
        alone has "energy_pa" and "efermi", and labels 3,202 materials. The other targets exist in
        one version only.
    subset : {"mt-cgcnn"}, default=None
        Materials to choose from: those of the 46,744 that MT-CGCNN learned [2]_ which the database
        still has, 36,387; None is all. Of them 36,126 have "e_form" and "gap" of 2018, 25,625 of
        2020, and 3,202, which are all, of 2024.
    input : {"structure", "formula"}, default="structure"
        What ``data`` holds. With "formula" the file of structures need not be there.
    outliers : {"drop", "keep"}, default="drop"
        What to do with unphysical labels. "drop" makes all labels of such a tensor missing:
        moduli and Poisson ratio unless 0 < K_VRH < 600 GPa, 0 < G_VRH < 550 GPa and
        -1 < poisson_ratio < 0.5 (801 of 12,987 elastic tensors); dielectric constants and
        refractive index if one of them is below 1 (4 of 7,018 dielectric tensors).
    exclude : sequence of str, DataFrame or StructureArrays, default=None
        Materials whose compositions are left out, for example those of a test set that a
        pretrained encoder must not have seen.
    download_if_missing : bool, default=True
        Without effect: there is no address to download the files from. It is there because every
        fetcher has it.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return pandas objects instead of arrays; `StructureArrays` stay what they are, because a
        column of 150,000 Structures takes gigabytes, and ``frame`` holds their formulas.

    Returns
    -------
    data : Bunch
        Dictionary-like object with the attributes:

        data : StructureArrays of length n; ndarray of shape (n,), dtype object; or DataFrame
            Structures (``data[0]`` is a pymatgen Structure), or formulas ("Al2O3").
        target : ndarray of shape (n, n_targets) or (n,), dtype float64, DataFrame or Series
            Labels in the units of `units`; NaN where there is none.
        target_names, feature_names : list of str
            Names of the targets, and ``[input]``.
        frame : DataFrame of shape (n, 1 + n_targets) or None
            Formulas and targets side by side; None without `as_frame`.
        units : dict of str to str
            Unit of each target.
        groups : ndarray of shape (n,), dtype int64
            Equal for entries of one composition, ready for ``GroupKFold``. Nearly half of
            all entries share their composition with another one.
        ids : ndarray of shape (n,), dtype object
            Materials Project ids ("mp-149").
        n_atoms : ndarray of shape (n,), dtype int64
            Number of sites of each structure, 1 to 688.
        version : str
            The parameter.
        DESCR, licence, citation : str
            Full description, licence, and what to cite.

    (data, target) : tuple
        If `return_X_y` is True.

    Raises
    ------
    InvalidInputError
        If a target, version, subset, input or way to treat outliers is unknown, or `version` does
        not have a target.
    DatasetNotFoundError
        If a file is missing.
    DatasetCorruptedError
        If a file is truncated or was altered.

    References
    ----------
    .. [1] A. Jain et al., "Commentary: The Materials Project: A materials genome approach to
       accelerating materials innovation", APL Materials 1, 011002 (2013).
       https://doi.org/10.1063/1.4812323
    .. [2] S. Sanyal et al., "MT-CGCNN: Integrating crystal graph convolutional neural network with
       multitask learning for material property prediction", arXiv:1811.05660 (2018).
    """
    check_choice("version", version, LABEL_VERSIONS)
    check_choice("subset", subset, (None, *_SUBSETS))
    check_choice("input", input, ("structure", "formula"))
    check_choice("outliers", outliers, ("drop", "keep"))
    names = check_targets(targets, known_targets(), default_targets(version))
    columns = columns_of(names, version)
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "origin": _ORIGIN,
    }
    table = read_table(_LABELS, dtype={"material_id": str, "formula": str}, **where)
    structures = None
    if input == "structure":
        structures = StructureArrays.from_npz(read_arrays(_STRUCTURES, **where))
        if not np.array_equal(structures.ids, table["material_id"]):
            raise DatasetCorruptedError(
                f"{_LABELS} and {_STRUCTURES} do not list the same materials; restore both."
            )
    if outliers == "drop":
        blank_outliers(table)
    table = table.rename(columns={column: name for name, column in columns.items()})
    is_kept = table[names].notna().any(axis=1)
    if subset is not None:
        is_kept &= table[_SUBSETS[subset]].eq(True)
    kept = np.flatnonzero(is_kept)
    compositions = cache(lambda: read_compositions(table["formula"].iloc[kept]))
    left = rows_to_keep(compositions, exclude, len(kept))
    groups = None if return_X_y else compositions().take(left).group_ids()
    table = table.iloc[kept[left]]
    formulas = table["formula"].to_numpy(dtype=object)
    return as_dataset(
        formulas if structures is None else structures[kept[left]],
        select_labels(table, names, targets),
        material_name=input,
        target_names=names,
        description="mp",
        return_X_y=return_X_y,
        as_frame=as_frame,
        formulas=formulas,
        units=units_of(names),
        groups=groups,
        ids=table["material_id"].to_numpy(dtype=object),
        n_atoms=table["nsites"].to_numpy(dtype=np.int64, copy=True),
        version=version,
        **MP.entries(),
    )
