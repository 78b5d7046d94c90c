"""Structures of the Materials Project and their labels."""

import warnings
from functools import cache

import numpy as np

from skmat.composition import read_compositions
from skmat.datasets._bunch import as_dataset
from skmat.datasets._docs import shared_docs
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
from skmat.datasets._sources import MP, MP_BUILD
from skmat.exceptions import DatasetCorruptedError, InvalidInputError
from skmat.structure import StructureArrays

__all__ = ["LABELS", "STRUCTURES", "fetch_mp"]

LABELS = "labels/mp_labels.csv.gz"
STRUCTURES = "structures/mp_structures_2025.npz"
#: Column that marks the materials of each subset.
_SUBSETS = {"mt-cgcnn": "in_mtcgcnn_46744"}
_ORIGIN = (
    "It was compiled from GitHub repositories with data of the Materials Project: structures from"
    " fxcoudert/topology_databases, labels from CompRhys/roost, usnistgov/jarvis_leaderboard and"
    " others. Or build one of today's database with skmat.datasets.build_dataset('mp', FILE)."
)


@shared_docs(features="[input]")
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
    """Load structures and labels of the Materials Project, from files that you build.

    The files are not downloaded. :func:`build_dataset` makes them from what you download with your
    key of the Materials Project. The rest of this page describes a compilation of older versions,
    which has no public address.

    The structures are of database version 2025.02.12 [1]_. Up to 105,000 of them have labels, from
    several older versions.

    ==================  ==================================================
    Samples             those with a requested label
    Features            1 (the structure, or its formula)
    Targets             25 real (see ``DESCR`` for the list and counts)
    Missing values      in all targets
    ==================  ==================================================

    Parameters
    ----------
    {data_home}
    targets : str or sequence of str, default=None
        Targets to return: "e_form", "gap", "efermi", "K_VRH", "G_VRH", "poisson_ratio",
        "n_index", "poly_electronic", "poly_total", "eij_max", "energy_pa", "Cv", "U",
        "volume_pa", "CLscore_icsd", and "transport_sigma_p" with the other nine of
        :func:`load_transport`, untransformed. A string gives a one-dimensional target, a sequence
        a two-dimensional one. None gives those from "e_form" to "eij_max" that `version` has.
        Materials without any of these labels are left out. "energy_pa" mixes total energies of
        two functionals, which no model of materials can tell apart. Use "e_form".
    version : {"2018", "2020", "2024", "own"}, default="2020"
        Database version of "e_form", "gap", "energy_pa" and "efermi". The Materials Project
        recomputed and corrected its energies between versions, so one call returns one version.
        Only 2024 has "energy_pa" and "efermi", and it labels 3,202 materials. All other targets
        have a single version. "own" means the version that you built the file from with
        :func:`build_dataset`. Such a file has no other, whatever the targets.
    subset : {"mt-cgcnn"}, default=None
        Materials to choose from. None means all. "mt-cgcnn" means the 36,387 materials of MT-CGCNN
        [2]_ that the database still has (of 46,744). Of these, "e_form" and "gap" are known for
        36,126 in version 2018, for 25,625 in 2020 and for 3,202 in 2024.
    input : {"structure", "formula"}, default="structure"
        What ``data`` holds. "formula" does not need the file of the structures.
    outliers : {"drop", "keep"}, default="drop"
        "drop" makes all labels of an unphysical tensor missing. Elastic tensors need
        0 < K_VRH < 600 GPa, 0 < G_VRH < 550 GPa and -1 < poisson_ratio < 0.5 (801 of 12,987 do
        not fit). Dielectric tensors need dielectric constants and a refractive index of at least
        1 (4 of 7,018 do not fit). "Cv" and "U" need U of at least 3 R T per mole of atoms at
        300 K (73 of 1,503 do not fit).
    {exclude}
    {no_download}
    {form_of_structures}

    Returns
    -------
    {bunch}
        data : StructureArrays of length n, ndarray of shape (n,), dtype object, or DataFrame
            Structures (``data[0]`` is a pymatgen Structure), or formulas ("Al2O3").
        {labels}
        groups : ndarray of shape (n,), dtype int64
            Equal for entries of one composition, for ``GroupKFold``. Nearly half of all entries
            share their composition with another one.
        ids : ndarray of shape (n,), dtype object
            Materials Project ids ("mp-149").
        n_atoms : ndarray of shape (n,), dtype int64
            Number of sites of each structure, 1 to 688.
        version : str
            The parameter.
        {source}

    {tuple}

    Raises
    ------
    {raises}

    Warns
    -----
    OwnBuildWarning
        If you built the files.
    UserWarning
        If `targets` has "energy_pa".

    References
    ----------
    {materials_project}
    .. [2] S. Sanyal et al., "MT-CGCNN: Integrating crystal graph convolutional neural network with
       multitask learning for material property prediction", arXiv:1811.05660 (2018).
    """
    check_choice("version", version, LABEL_VERSIONS)
    check_choice("subset", subset, (None, *_SUBSETS))
    check_choice("input", input, ("structure", "formula"))
    check_choice("outliers", outliers, ("drop", "keep"))
    names = check_targets(targets, known_targets(), default_targets(version))
    columns = columns_of(names, version)
    if "energy_pa" in names:
        warnings.warn(
            "energy_pa mixes total energies of two functionals, GGA and r2SCAN, which differ by up"
            " to tens of eV/atom. The file does not tell which is which. Use e_form instead.",
            UserWarning,
            stacklevel=2,
        )
    where = {
        "data_home": data_home,
        "download_if_missing": download_if_missing,
        "origin": _ORIGIN,
    }
    table = read_table(LABELS, dtype={"material_id": str, "formula": str}, **where)
    structures = None
    if input == "structure":
        structures = StructureArrays.from_npz(read_arrays(STRUCTURES, **where))
        if not np.array_equal(structures.ids, table["material_id"]):
            raise DatasetCorruptedError(
                f"{LABELS} and {STRUCTURES} do not list the same materials. Restore both."
            )
    _check_version(table, columns, subset, version)
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
        **(MP_BUILD if version == "own" else MP).entries(),
    )


def _check_version(table, columns, subset, version):
    """Raise an error if a file does not have what only the known file or an own build has."""
    # Every version has formation energies. Without them, other labels are of another version.
    needed = [f"e_form_mp{version}", *columns.values(), *([_SUBSETS[subset]] if subset else [])]
    missing = [column for column in dict.fromkeys(needed) if column not in table]
    if missing:
        has = [each for each in LABEL_VERSIONS if f"e_form_mp{each}" in table]
        raise InvalidInputError(
            f"{LABELS} has no columns {missing}, which version={version!r} with these targets and"
            f" subset={subset!r} needs. Its versions are {has}. A file of build_dataset has only"
            " 'own' and no subset."
        )
